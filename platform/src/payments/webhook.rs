//! Events a payment provider posts: verifying their signature and reading them, in Stripe's scheme and words.
//! An event is only a hint that something happened; what happened is asked of the provider by `fulfil`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use super::{Mode, PaymentId};
use crate::clock::{Moment as _, UnixMs};
use crate::hex::hex;
use crate::limits::{WEBHOOK_BYTES, WEBHOOK_SIGNATURES, WEBHOOK_TOLERANCE};
use crate::orders::OrderId;

/// The secret shared with the provider, with which it signs its events, and the mode they must be of.
#[derive(Clone)]
pub struct WebhookSecret {
    secret: Vec<u8>,
    mode: Mode,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(hidden)")
    }
}

/// Why an event is not believed or understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header is missing, unreadable or holds no usable signature.
    #[error("the signature header must be t=<unix seconds>,v1=<64 hexadecimal digits>")]
    Header,
    /// The event is larger than any real one.
    #[error("an event has at most {WEBHOOK_BYTES} bytes")]
    TooLarge,
    /// Signed too long ago, or in the future.
    #[error("the event was signed {0} s away from now; at most {most} s are believed", most = WEBHOOK_TOLERANCE.as_secs())]
    Stale(u64),
    /// No signature is the one the secret gives.
    #[error("no signature of the event matches; check that both sides have the same secret")]
    Forged,
    /// It is of the other mode: somebody gave the secret of one mode and the key of the other.
    #[error(
        "the event is of the {told} mode, but the key of the payment provider is of the {wanted} mode; \
         give the key and the webhook's secret of the same mode"
    )]
    Mode {
        /// The event's.
        told: Mode,
        /// The key's.
        wanted: Mode,
    },
    /// The signature is right, but the event cannot be read.
    #[error("the event cannot be read: {0}")]
    Malformed(String),
}

impl WebhookSecret {
    /// The secret as the provider shows it, and the mode of the key it goes with.
    #[must_use]
    pub fn new(secret: impl Into<Vec<u8>>, mode: Mode) -> Self {
        let secret = secret.into();
        Self { secret, mode }
    }

    fn mac(&self, timestamp: &str, body: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().into()
    }

    /// The header a provider sends with `body`, signed at `now`. Used by the test till.
    #[must_use]
    pub fn sign(&self, body: &[u8], now: UnixMs) -> String {
        let timestamp = now.seconds().to_string();
        let digits = hex(&self.mac(&timestamp, body));
        format!("t={timestamp},v1={digits}")
    }

    /// Checks that `body` was signed with this secret not longer than the tolerance ago. Several `v1` are
    /// allowed, because a provider signs with the old and the new secret while one is being changed.
    ///
    /// # Errors
    /// [`WebhookError`], and never success, for anything that is not exactly so.
    pub fn verify(&self, header: &str, body: &[u8], now: UnixMs) -> Result<(), WebhookError> {
        if body.len() > WEBHOOK_BYTES {
            return Err(WebhookError::TooLarge);
        }
        let Header {
            timestamp,
            seconds,
            signatures,
        } = Header::parse(header)?;
        let expected = self.mac(timestamp, body);
        let matched = signatures
            .iter()
            .fold(Choice::from(0), |matched, signature| {
                matched | signature.ct_eq(&expected)
            });
        if !bool::from(matched) {
            return Err(WebhookError::Forged);
        }
        let away = seconds.abs_diff(now.seconds());
        if away > WEBHOOK_TOLERANCE.as_secs() {
            return Err(WebhookError::Stale(away));
        }
        Ok(())
    }

    /// Verifies and reads an event.
    ///
    /// # Errors
    /// [`WebhookError`].
    pub fn open(&self, header: &str, body: &[u8], now: UnixMs) -> Result<Event, WebhookError> {
        self.verify(header, body, now)?;
        let event = Event::parse(body)?;
        if event.mode != self.mode {
            return Err(WebhookError::Mode {
                told: event.mode,
                wanted: self.mode,
            });
        }
        Ok(event)
    }
}

struct Header<'a> {
    timestamp: &'a str,
    seconds: u64,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    /// Reads `t=…,v1=…`. Items with other names are the provider's affair; `t` twice is nobody's.
    fn parse(header: &'a str) -> Result<Self, WebhookError> {
        let mut timestamp = None;
        let mut signatures = Vec::new();
        for item in header.split(',') {
            let (name, value) = item.trim().split_once('=').ok_or(WebhookError::Header)?;
            match name {
                "t" if timestamp.is_some() => return Err(WebhookError::Header),
                "t" => timestamp = Some(value),
                "v1" if signatures.len() >= WEBHOOK_SIGNATURES => return Err(WebhookError::Header),
                "v1" => signatures.push(hexadecimal(value).ok_or(WebhookError::Header)?),
                _ => {}
            }
        }
        let timestamp = timestamp.ok_or(WebhookError::Header)?;
        let plain = timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = timestamp
            .parse()
            .ok()
            .filter(|_| plain)
            .ok_or(WebhookError::Header)?;
        if signatures.is_empty() {
            return Err(WebhookError::Header);
        }
        Ok(Self {
            timestamp,
            seconds,
            signatures,
        })
    }
}

fn hexadecimal(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

/// What happened, by the provider's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// `checkout.session.completed` and `checkout.session.async_payment_succeeded`.
    Completed,
    /// `checkout.session.async_payment_failed` and `payment_intent.payment_failed`.
    Failed,
    /// `checkout.session.expired`.
    Expired,
    /// `charge.refunded`.
    Refunded,
    /// `charge.dispute.created` and `charge.dispute.closed`.
    Disputed,
    /// Anything else; it is acknowledged and left alone.
    Other,
}

/// A verified event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The provider's id of the event.
    pub id: String,
    /// What happened.
    pub kind: EventKind,
    /// Whether it is about real money.
    pub mode: Mode,
    /// The payment it happened to: the checkout, or the payment behind it.
    pub payment: Option<PaymentId>,
    /// The order, where the provider kept our note of it. A note that is no order number is somebody else's: one account
    /// of a provider may serve several shops.
    pub order: Option<OrderId>,
}

#[derive(Deserialize)]
struct RawEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    data: RawData,
}

#[derive(Deserialize)]
struct RawData {
    object: RawObject,
}

#[derive(Deserialize)]
struct RawObject {
    id: Option<String>,
    payment_intent: Option<String>,
    client_reference_id: Option<String>,
    #[serde(default)]
    metadata: Option<RawMetadata>,
}

#[derive(Deserialize)]
struct RawMetadata {
    order: Option<String>,
}

impl Event {
    /// Reads an event whose signature has been verified.
    ///
    /// # Errors
    /// [`WebhookError::Malformed`].
    pub fn parse(body: &[u8]) -> Result<Self, WebhookError> {
        let malformed = |text: &dyn ToString| WebhookError::Malformed(text.to_string());
        let raw: RawEvent = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        let kind = match raw.kind.as_str() {
            "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
                EventKind::Completed
            }
            "checkout.session.async_payment_failed" | "payment_intent.payment_failed" => {
                EventKind::Failed
            }
            "checkout.session.expired" => EventKind::Expired,
            "charge.refunded" => EventKind::Refunded,
            "charge.dispute.created" | "charge.dispute.closed" => EventKind::Disputed,
            _ => EventKind::Other,
        };
        let mode = Mode::of(raw.livemode);
        if kind == EventKind::Other {
            return Ok(Self {
                id: raw.id,
                kind,
                mode,
                payment: None,
                order: None,
            });
        }
        let object = raw.data.object;
        // A charge or dispute has an id of its own, but is found by the payment it belongs to.
        let payment = match kind {
            EventKind::Refunded | EventKind::Disputed => object.payment_intent,
            _ => object.id,
        };
        let payment = payment.map(|id| PaymentId::parse(&id)).transpose();
        let note = object
            .client_reference_id
            .or(object.metadata.and_then(|data| data.order));
        Ok(Self {
            id: raw.id,
            kind,
            mode,
            payment: payment.map_err(|error| malformed(&error))?,
            order: note.and_then(|id| id.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests;
