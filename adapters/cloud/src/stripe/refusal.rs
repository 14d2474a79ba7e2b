//! What Stripe says when it does not do what was asked, and what that means for whoever asked. Its messages quote what was
//! sent to it, addresses among it, so they are not passed on: the number of the request finds them in Stripe's dashboard.

use std::time::Duration;

use latchkey_platform::payments::PaymentsError;
use serde::Deserialize;

/// A call led to no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Nothing came, or half of it.
    #[error("Stripe is not to be reached: {0}")]
    Unreachable(String),
    /// What came is no answer.
    #[error("the answer of Stripe cannot be read: {0}")]
    Unreadable(String),
    /// What came is of the other mode, or of a currency that is not known; or nothing can be asked from this machine.
    #[error("{0}")]
    Unexpected(String),
    /// Stripe refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
}

/// Stripe refused a call.
#[derive(Debug, thiserror::Error)]
#[error("Stripe answered {status} ({error}); look request {request} up in its dashboard")]
pub(super) struct Refusal {
    /// The status of the answer.
    pub(super) status: u16,
    /// Stripe's number of the request.
    pub(super) request: String,
    /// Whether the same request may be taken later.
    pub(super) may_pass: bool,
    /// How long Stripe asks to wait.
    pub(super) retry_after: Duration,
    /// What it says.
    pub(super) error: ErrorBody,
}

/// The parts of an error that programs read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ErrorBody {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    param: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
}

#[derive(Deserialize)]
struct Wrapped {
    error: ErrorBody,
}

impl Refusal {
    /// What the body of a refusal says; nothing if it says nothing that can be read.
    pub(super) fn read(body: &[u8]) -> ErrorBody {
        serde_json::from_slice::<Wrapped>(body).map_or_else(|_| ErrorBody::default(), |it| it.error)
    }
}

impl std::fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.kind.is_empty() {
            "no reason that can be read"
        } else {
            &self.kind
        })?;
        let more = [
            ("code", &self.code),
            ("decline code", &self.decline_code),
            ("field", &self.param),
        ];
        for (name, word) in more {
            if let Some(word) = word {
                write!(f, ", {name} {word}")?;
            }
        }
        Ok(())
    }
}

impl Failure {
    /// Whether the same call may succeed in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Unreadable(_) => true,
            Self::Unexpected(_) => false,
            Self::Refused(refusal) => refusal.may_pass,
        }
    }

    pub(super) fn retry_after(&self) -> Duration {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => Duration::ZERO,
        }
    }

    fn error(&self) -> Option<&ErrorBody> {
        match self {
            Self::Refused(refusal) => Some(&refusal.error),
            _ => None,
        }
    }

    /// Whether what was asked for does not exist.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == 404)
    }

    /// Whether Stripe refused because of this field.
    pub(super) fn is_about(&self, field: &str) -> bool {
        self.error().and_then(|error| error.param.as_deref()) == Some(field)
    }

    pub(super) fn has_code(&self, code: &str) -> bool {
        self.error().and_then(|error| error.code.as_deref()) == Some(code)
    }
}

impl From<Failure> for PaymentsError {
    fn from(failure: Failure) -> Self {
        let words = failure.to_string();
        match failure {
            Failure::Unreachable(_) | Failure::Unreadable(_) => Self::Unavailable(words),
            Failure::Unexpected(_) => Self::Misconfigured(words),
            Failure::Refused(refusal) => match refusal.status {
                401 | 403 => Self::Misconfigured(format!(
                    "{words}; give a key that may make checkouts and refunds as stripe_key of the secret `site`"
                )),
                _ if refusal.may_pass => Self::Unavailable(words),
                _ => Self::Refused(words),
            },
        }
    }
}
