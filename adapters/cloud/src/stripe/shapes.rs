//! What Stripe answers, as far as it is read, and what that means in our words.

use latchkey_platform::money::{Currency, Money};
use latchkey_platform::orders::OrderId;
use latchkey_platform::payments::{Checkout, Mode, Payment, PaymentId, PaymentStatus};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::refusal::Failure;

/// A list, of which only the first page is read.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

/// A refund. That there is one is all that counts; whether the money went back says the payment.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    #[serde(rename = "id")]
    _id: String,
}

/// A checkout session.
#[derive(Debug, Deserialize)]
pub(super) struct Session {
    id: String,
    livemode: bool,
    url: Option<String>,
    status: Option<String>,
    payment_status: String,
    amount_total: Option<i64>,
    currency: Option<String>,
    client_reference_id: Option<String>,
    payment_intent: Option<Expandable<Intent>>,
}

/// Something that is told of by its id alone unless more was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Whole(T),
    Id(IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Intent {
    id: String,
    latest_charge: Option<Expandable<Charge>>,
}

#[derive(Debug, Deserialize)]
struct Charge {
    /// Whether all of it went back; part of it does not count.
    refunded: bool,
    disputed: bool,
}

fn unreadable(what: &str) -> Failure {
    Failure::Unreadable(what.to_owned())
}

fn id(text: &str) -> Result<PaymentId, Failure> {
    PaymentId::parse(text).map_err(|error| unreadable(&error.to_string()))
}

impl Session {
    /// Whether the money is as real as the key says.
    pub(super) fn check_mode(&self, mode: Mode) -> Result<(), Failure> {
        let told = Mode::of(self.livemode);
        if told == mode {
            return Ok(());
        }
        Err(Failure::Unexpected(format!(
            "Stripe answered of the {told} mode to a key of the {mode} mode"
        )))
    }

    /// The checkout that was just made.
    pub(super) fn into_checkout(self) -> Result<Checkout, Failure> {
        let url = self
            .url
            .ok_or_else(|| unreadable("a checkout without a page"))?;
        Ok(Checkout {
            payment: id(&self.id)?,
            url,
        })
    }

    /// The payment; nothing if the session was made for no order of ours.
    pub(super) fn into_payment(self) -> Result<Option<Payment>, Failure> {
        let order = self.client_reference_id.as_deref();
        let Some(order) = order.and_then(|note| note.parse::<OrderId>().ok()) else {
            return Ok(None);
        };
        let (intent, refunded, disputed) = match &self.payment_intent {
            None => (None, false, false),
            Some(Expandable::Id(_)) => return Err(unreadable("a payment that is not whole")),
            Some(Expandable::Whole(intent)) => {
                let (refunded, disputed) = intent.standing()?;
                (Some(id(&intent.id)?), refunded, disputed)
            }
        };
        Ok(Some(Payment {
            id: id(&self.id)?,
            intent,
            order,
            status: self.standing(),
            amount: self.amount()?,
            refunded,
            disputed,
        }))
    }

    /// A session is complete when the buyer has done what there is to do; the money may still be on its way, and may never
    /// come. Only `paid` says that it is there.
    fn standing(&self) -> PaymentStatus {
        match (self.payment_status.as_str(), self.status.as_deref()) {
            ("paid" | "no_payment_required", _) => PaymentStatus::Paid,
            (_, Some("expired")) => PaymentStatus::Expired,
            _ => PaymentStatus::Open,
        }
    }

    fn amount(&self) -> Result<Money, Failure> {
        let (Some(minor), Some(code)) = (self.amount_total, &self.currency) else {
            return Err(unreadable("a session without an amount"));
        };
        let currency = Currency::parse(&code.to_ascii_uppercase());
        currency
            .and_then(|currency| Money::new(minor, currency))
            .map_err(|error| {
                Failure::Unexpected(format!("Stripe took what no order costs: {error}"))
            })
    }
}

impl Intent {
    /// Whether all of it went back, and whether the buyer's bank claims it back.
    fn standing(&self) -> Result<(bool, bool), Failure> {
        match &self.latest_charge {
            None => Ok((false, false)),
            Some(Expandable::Id(_)) => Err(unreadable("a charge that is not whole")),
            Some(Expandable::Whole(charge)) => Ok((charge.refunded, charge.disputed)),
        }
    }
}
