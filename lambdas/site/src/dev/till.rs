//! The page of the test till: it behaves like a payment provider's hosted checkout.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use latchkey_platform::payments::{PaymentId, PaymentStatus};
use latchkey_platform::till::{TillAction, TillDelivery, TillPage};
use serde::Deserialize;

use super::dev;
use crate::forms::{Fields, Part};
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::view::{self, Shell};

#[derive(Template)]
#[template(path = "dev/till.html")]
struct Page {
    shell: Shell,
    payment: String,
    what: String,
    amount: String,
    email: String,
    state: &'static str,
    declined: u32,
    open: bool,
    paid: bool,
    back: String,
}

impl Page {
    fn new(page: TillPage) -> Self {
        let paid = page.status == PaymentStatus::Paid;
        Self {
            shell: Shell::private(true),
            payment: page.payment.to_string(),
            what: page.what,
            amount: page.amount.shown(),
            email: page.email.to_string(),
            state: match page.status {
                PaymentStatus::Open => "open",
                PaymentStatus::Paid => "paid",
                PaymentStatus::Expired => "given up",
            },
            declined: page.declined,
            open: page.status == PaymentStatus::Open,
            paid,
            back: if paid {
                page.success_url
            } else {
                page.cancel_url
            },
        }
    }
}

/// What the buyer pressed and ticked.
#[derive(Debug, Deserialize)]
pub(crate) struct Pressed {
    action: String,
    twice: Option<String>,
    late: Option<String>,
}

/// `GET /dev/till/{payment}`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(payment): Part<String>,
) -> Result<Response, Refusal> {
    let payment = PaymentId::parse(&payment).map_err(|_| Refusal::NotFound)?;
    let page = dev(&site)?
        .till
        .page(&payment)
        .await
        .map_err(Refusal::busy)?;
    Ok(view::private(
        &Page::new(page.ok_or(Refusal::NotFound)?),
        Allow::nothing(),
    ))
}

/// `POST /dev/till/{payment}`.
pub(crate) async fn act(
    State(site): State<Site>,
    Part(payment): Part<String>,
    Fields(pressed): Fields<Pressed>,
) -> Result<Response, Refusal> {
    let payment = PaymentId::parse(&payment).map_err(|_| Refusal::NotFound)?;
    let action = match pressed.action.as_str() {
        "pay" => TillAction::Pay,
        "decline" => TillAction::Decline,
        "abandon" => TillAction::Abandon,
        "refund" => TillAction::Refund,
        "dispute" => TillAction::Dispute,
        _ => {
            return Err(Refusal::bad(
                "The action is one of pay, decline, abandon, refund and dispute.",
            ));
        }
    };
    let delivery = TillDelivery {
        twice: pressed.twice.is_some(),
        late: pressed.late.is_some(),
    };
    let page = dev(&site)?
        .till
        .act(&payment, action, delivery)
        .await
        .map_err(Refusal::busy)?;
    let page = page.ok_or(Refusal::NotFound)?;
    // Somebody who presses "decline" in a second tab after paying in the first has paid.
    Ok(view::see_other(&match action {
        _ if page.status == PaymentStatus::Paid => page.success_url,
        TillAction::Decline => format!("{}?declined=1", page.cancel_url),
        _ => page.cancel_url,
    }))
}
