//! What programs call: the payment provider's webhook, the fault reports of browsers, the health check.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use latchkey_platform::fulfil::{FulfilError, ReceiveError};
use latchkey_platform::payments::webhook::WebhookError;
use latchkey_platform::rate;
use serde::{Deserialize, Serialize};

use crate::forms::Raw;
use crate::guard::client::Client;
use crate::limits::{FAULT_FIELD_CHARS, WEBHOOK_BYTES};
use crate::refusal::Refusal;
use crate::site::Site;
use crate::view;

/// The figure of events that were answered with anything but 2xx.
const EVENT_FAILED: &str = "PaymentEventFailures";

#[derive(Serialize)]
struct Received {
    received: bool,
}

/// `POST /webhooks/payments`: an event of the payment provider's. Any answer but 2xx makes the provider send it again, so an
/// event that only a person can mend is taken, loudly: sending it again would change nothing.
pub(crate) async fn payment_event(
    State(site): State<Site>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, Refusal> {
    let signature = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match site.platform.fulfilment.receive(signature, &body).await {
        Ok(_) => Ok(view::json(StatusCode::OK, &Received { received: true })),
        Err(ReceiveError::Webhook(WebhookError::TooLarge)) => Err(Refusal::TooLarge {
            limit: WEBHOOK_BYTES,
        }),
        Err(ReceiveError::Webhook(error)) => {
            tracing::warn!(figure = EVENT_FAILED, %error, "a payment event was refused");
            Err(Refusal::bad(format_args!("{error}.")))
        }
        Err(ReceiveError::Fulfil(error)) if error.needs_a_person() => {
            tracing::error!(figure = "PaymentsForPeople", %error, "a payment needs a person");
            Ok(view::json(StatusCode::OK, &Received { received: true }))
        }
        Err(ReceiveError::Fulfil(error)) => {
            tracing::warn!(figure = EVENT_FAILED, %error, "a payment event was not taken");
            Err(match error {
                FulfilError::Store(_) | FulfilError::Payments(_) => Refusal::busy(error),
                _ => Refusal::fault(error),
            })
        }
    }
}

/// What a browser reports when a game or the sdk fails in it.
#[derive(Debug, Deserialize)]
struct FaultReport {
    sdk: String,
    browser: String,
    what: String,
    message: String,
    #[serde(default, rename = "where")]
    place: String,
}

/// `POST /faults`: writes a report of a browser's into the log.
pub(crate) async fn fault(
    State(site): State<Site>,
    client: Client,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Response, Refusal> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Refusal::Media {
            wanted: "JSON (application/json)",
        });
    }
    site.allow(rate::FAULTS, &client.0).await?;
    let report: FaultReport = serde_json::from_slice(&body).map_err(|_| {
        Refusal::bad("A fault report is JSON with the texts sdk, browser, what, message and where.")
    })?;
    tracing::warn!(
        sdk = scrubbed(&report.sdk),
        browser = scrubbed(&report.browser),
        what = scrubbed(&report.what),
        message = scrubbed(&report.message),
        place = scrubbed(&report.place),
        "a fault in a browser"
    );
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A text of a browser's without what may name a person or open a game: the sdk takes it out as well, but a report can come
/// from anybody. Words with an `@`, long runs without a space that look like secrets, and control characters go.
fn scrubbed(text: &str) -> String {
    const SECRET: usize = 20;
    let secret = |word: &str| {
        let mut runs = word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        runs.any(|run| run.len() >= SECRET)
    };
    let clean = |word: &str| {
        if word.contains('@') || secret(word) {
            "…".to_owned()
        } else {
            word.to_owned()
        }
    };
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .map(clean)
        .collect();
    words.join(" ").chars().take(FAULT_FIELD_CHARS).collect()
}

/// `GET /healthz`: the process answers. It asks no store, so that a store's trouble takes no site down.
pub(crate) async fn health() -> Response {
    (
        [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        "ok\n",
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::scrubbed;

    #[test]
    fn reports_are_logged_without_addresses_tokens_and_line_breaks() {
        assert_eq!(
            scrubbed(
                "TypeError: x is null\nat ada@example.org main.js:3:7 /l/0123456789abcdefghjkmnpqrstvwxyz0"
            ),
            "TypeError: x is null at … main.js:3:7 …"
        );
        assert_eq!(
            scrubbed(&"a ".repeat(1000)).chars().count(),
            crate::limits::FAULT_FIELD_CHARS
        );
    }
}
