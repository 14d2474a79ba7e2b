//! Payments: the port to whoever takes the money. What the provider tells by itself comes in through
//! `payments::webhook`.

pub mod webhook;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::email::EmailAddress;
use crate::money::Money;
use crate::orders::OrderId;

/// An id of the provider's: of a checkout, or of the payment behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PaymentId(String);

/// The text is no id of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a payment has 1 to 255 characters of A-Z, a-z, 0-9, _ and -")]
pub struct PaymentIdError;

/// Whether the money is real. What one mode knows, the other does not, and an event of one proves nothing in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Real money.
    Live,
    /// The provider only pretends.
    Test,
}

impl Mode {
    /// The mode by the provider's mark on everything it tells.
    #[must_use]
    pub fn of(livemode: bool) -> Self {
        if livemode { Self::Live } else { Self::Test }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Test => "test",
        })
    }
}

impl PaymentId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`PaymentIdError`] for anything that is not safe in a path.
    pub fn parse(text: &str) -> Result<Self, PaymentIdError> {
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if plain && (1..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PaymentIdError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PaymentId {
    type Error = PaymentIdError;
    fn try_from(text: String) -> Result<Self, PaymentIdError> {
        Self::parse(&text)
    }
}

impl From<PaymentId> for String {
    fn from(id: PaymentId) -> Self {
        id.0
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a checkout is to be made for.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// The order; also the key that makes a repeated request give the same checkout.
    pub order: OrderId,
    /// What is to be paid, tax included.
    pub amount: Money,
    /// The name of what is bought, as the payment page shows it.
    pub what: String,
    /// Who buys.
    pub email: EmailAddress,
    /// Where the buyer comes back to after paying.
    pub success_url: String,
    /// Where the buyer comes back to without having paid.
    pub cancel_url: String,
    /// When the checkout can no longer be paid. It follows from the order and not from the moment of asking, so that a
    /// repeated request is the same request.
    pub expires_at: UnixMs,
}

/// A checkout the provider made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its id.
    pub payment: PaymentId,
    /// The provider's page, where the buyer pays.
    pub url: String,
}

/// How a checkout stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The money has not come yet: attempts may have been declined, or the buyer's bank takes its time.
    Open,
    /// The money came.
    Paid,
    /// It was abandoned and can no longer be paid.
    Expired,
}

/// A payment as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The checkout.
    pub id: PaymentId,
    /// The payment behind the checkout, once there is one. Refunds and disputes name this.
    pub intent: Option<PaymentId>,
    /// The order it was made for.
    pub order: OrderId,
    /// How it stands.
    pub status: PaymentStatus,
    /// What was, or is to be, paid.
    pub amount: Money,
    /// Whether all of it went back.
    pub refunded: bool,
    /// Whether the buyer's bank claims it back.
    pub disputed: bool,
}

/// The provider did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PaymentsError {
    /// It cannot be reached just now; trying again may help.
    #[error("the payment provider is unavailable: {0}")]
    Unavailable(String),
    /// It refused; trying again does not help.
    #[error("the payment provider refused: {0}")]
    Refused(String),
    /// It does not take the buyer's e-mail address; the buyer can mend it.
    #[error("the payment provider does not take the buyer's e-mail address")]
    Address,
    /// It does not accept whoever asks, or knows another mode than the key's: the operator must mend the settings.
    #[error("the payment provider does not accept the settings: {0}")]
    Misconfigured(String),
}

/// What asking for money to be given back came to.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunded {
    /// All of it goes back, since now or since before.
    All,
    /// None came, so none can go back.
    NotPaid,
}

/// Whoever takes the money.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Makes a checkout; the same order gives the same checkout again.
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError>;
    /// The payment known by this id, be it of the checkout or of the payment behind it.
    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError>;
    /// Gives all the money of a payment back to whoever paid; asking again changes nothing. That it went back is told by
    /// an event like any other, and only then counts.
    async fn refund(&self, payment: &Payment) -> Result<Refunded, PaymentsError>;
}
