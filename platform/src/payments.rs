//! Payments: the port to whoever takes the money. What the provider tells by itself comes in through
//! `payments::webhook`.

pub mod webhook;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::money::Money;
use crate::orders::OrderId;

/// An id of the provider's: of a checkout, or of the payment behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PaymentId(String);

/// The text is no id of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a payment has 1 to 120 characters of A-Z, a-z, 0-9, _ and -")]
pub struct PaymentIdError;

impl PaymentId {
    /// Reads an id.
    ///
    /// # Errors
    /// [`PaymentIdError`] for anything that is not safe in a path.
    pub fn parse(text: &str) -> Result<Self, PaymentIdError> {
        let plain = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if plain && (1..=120).contains(&text.len()) {
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
    /// The buyer has not paid yet; attempts may have been declined.
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
}

/// Whoever takes the money.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Makes a checkout; the same order gives the same checkout again.
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError>;
    /// The payment known by this id, be it of the checkout or of the payment behind it.
    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError>;
}
