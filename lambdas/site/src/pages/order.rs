//! The pages of an order: thank you, and nothing was charged.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use latchkey_platform::clock::Moment as _;
use latchkey_platform::fulfil::FulfilError;
use latchkey_platform::launch::LaunchError;
use latchkey_platform::mail::{AddressHash, MailKind};
use latchkey_platform::orders::{Order, OrderState};
use latchkey_platform::payments::PaymentsError;
use latchkey_platform::rate;
use latchkey_platform::tokens::Token;
use serde::{Deserialize, Serialize};

use crate::forms::{Params, Part, to_script, token};
use crate::guard::client::Client;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::text::fill;
use crate::view::{self, Shell};

/// How an order looks to its buyer.
#[derive(Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
enum Standing {
    /// The money is not known to have come, or what follows from it is not yet done.
    Confirming,
    /// The game is there. The link stays out of JSON; the page shows it.
    Ready {
        #[serde(skip)]
        link: String,
        /// Whether the e-mail with it can reach the buyer.
        #[serde(skip)]
        reached: bool,
    },
    /// The game is there, but its link was taken away.
    Withdrawn,
    /// The money went back.
    Returned,
}

#[derive(Template)]
#[template(path = "thanks.html")]
struct ThanksPage {
    shell: Shell,
    key: String,
    standing: Standing,
    asked: bool,
    receipt: Vec<(String, String)>,
    total: String,
}

/// What the address says besides the key.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    asked: Option<String>,
    declined: Option<String>,
}

/// `GET /orders/{key}`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(key): Part<String>,
    client: Client,
    Params(asked): Params<Asked>,
) -> Result<Response, Refusal> {
    let order = find(&site, &client, &token(&key)?).await?;
    let standing = standing(&site, &order).await?;
    let shell = Shell::private(site.is_dev());
    let receipt = receipt(&site, &shell, &order).await?;
    let total = order.price.shown();
    let page = ThanksPage {
        shell,
        key,
        standing,
        asked: asked.asked.is_some(),
        receipt,
        total,
    };
    Ok(view::private(&page, Allow::scripts()))
}

async fn find(site: &Site, client: &Client, key: &Token) -> Result<Order, Refusal> {
    match site
        .platform
        .orders
        .by_key(&key.hash())
        .await
        .map_err(Refusal::busy)?
    {
        Some(order) => Ok(order),
        None => {
            site.allow(rate::MISSES, &client.0).await?;
            Err(Refusal::NotFound)
        }
    }
}

async fn standing(site: &Site, order: &Order) -> Result<Standing, Refusal> {
    match (order.state(), order.game) {
        (OrderState::Refunded | OrderState::Disputed, _) => Ok(Standing::Returned),
        (OrderState::Paid, Some(id)) => match site.platform.launch.game(id).await {
            Ok(game) => {
                let Some(link) = site.platform.launch.link(&game) else {
                    return Ok(Standing::Withdrawn);
                };
                let reached = reached(site, order).await;
                Ok(Standing::Ready { link, reached })
            }
            // Paid, and the game is about to be created.
            Err(LaunchError::UnknownGame) => Ok(Standing::Confirming),
            Err(error) => Err(Refusal::busy(error)),
        },
        (OrderState::Pending | OrderState::Paid, _) => Ok(Standing::Confirming),
    }
}

/// Whether the e-mail that answers the payment can reach the buyer. The page shows the link in any case, so a list that
/// does not answer must not close it.
async fn reached(site: &Site, order: &Order) -> bool {
    match site
        .platform
        .stops
        .stopped(&AddressHash::of(&order.email))
        .await
    {
        Ok(stop) => !stop.is_some_and(|stop| stop.holds(MailKind::Purchase)),
        Err(error) => {
            tracing::warn!(%error, "nobody knows whether mail to a buyer is stopped");
            true
        }
    }
}

async fn receipt(
    site: &Site,
    shell: &Shell,
    order: &Order,
) -> Result<Vec<(String, String)>, Refusal> {
    let t = &shell.t.thanks;
    let title = site
        .platform
        .titles
        .newest(&order.title)
        .await
        .map_err(Refusal::busy)?;
    let name = title.map_or_else(|| order.title.to_string(), |title| title.manifest.name);
    let mut rows = vec![
        (t.order.to_owned(), order.id.shown()),
        (t.game.to_owned(), name),
        (
            t.date.to_owned(),
            order.paid_at.unwrap_or(order.created_at).date().to_string(),
        ),
        (t.country.to_owned(), order.country.name().to_owned()),
    ];
    if !order.tax.is_zero() {
        let label = fill(t.tax, &[("rate", &order.tax.to_string())]);
        rows.push((label, order.tax.inside(order.price).shown()));
    }
    Ok(rows)
}

/// `POST /orders/{key}/confirm`: asks the payment provider, and fulfils the order if the money came.
pub(crate) async fn confirm(
    State(site): State<Site>,
    Part(key): Part<String>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let token = token(&key)?;
    // Only orders that exist are counted for: made-up keys would fill the counter's memory at everybody's cost.
    let order = find(&site, &client, &token).await?;
    site.allow(rate::CONFIRMS, order.id.as_str()).await?;
    let confirmed = site.platform.fulfilment.confirm(&token).await;
    let order = confirmed.map_err(refused)?.ok_or(Refusal::NotFound)?;
    let standing = standing(&site, &order).await?;
    if to_script(&headers) {
        return Ok(view::json(StatusCode::OK, &standing));
    }
    let asked = if matches!(standing, Standing::Confirming) {
        "?asked=1"
    } else {
        ""
    };
    Ok(view::see_other(&format!("/orders/{key}{asked}")))
}

fn refused(error: FulfilError) -> Refusal {
    match error {
        FulfilError::Payments(PaymentsError::Unavailable(_)) | FulfilError::Store(_) => {
            Refusal::busy(error)
        }
        _ => Refusal::fault(error),
    }
}

#[derive(Template)]
#[template(path = "cancelled.html")]
struct CancelledPage {
    shell: Shell,
    key: String,
    slug: String,
    declined: bool,
}

/// `GET /orders/{key}/cancelled`.
pub(crate) async fn cancelled(
    State(site): State<Site>,
    Part(key): Part<String>,
    client: Client,
    Params(asked): Params<Asked>,
) -> Result<Response, Refusal> {
    let order = find(&site, &client, &token(&key)?).await?;
    if order.state() != OrderState::Pending {
        // Paid after all, perhaps in another tab: the truth is on the order's page.
        return Ok(view::see_other(&format!("/orders/{key}")));
    }
    let shell = Shell::private(site.is_dev());
    let page = CancelledPage {
        shell,
        key,
        slug: order.title.to_string(),
        declined: asked.declined.is_some(),
    };
    Ok(view::private(&page, Allow::nothing()))
}
