//! The test till: the port behind the page on which a buyer pays with nothing, under `latchkey up` only. It
//! behaves like a hosted checkout: it knows its payments, moves them, and tells the site by signed events.

use async_trait::async_trait;

use crate::email::EmailAddress;
use crate::money::Money;
use crate::payments::{PaymentId, PaymentStatus};
use crate::store::StoreError;

/// What the till's page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillPage {
    /// The payment.
    pub payment: PaymentId,
    /// How it stands.
    pub status: PaymentStatus,
    /// Attempts that were declined.
    pub declined: u32,
    /// What is to be paid.
    pub amount: Money,
    /// What for.
    pub what: String,
    /// Who buys.
    pub email: EmailAddress,
    /// Where the buyer goes after paying.
    pub success_url: String,
    /// Where the buyer goes without having paid.
    pub cancel_url: String,
}

/// What the buyer does on the till's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TillAction {
    /// Pays.
    Pay,
    /// Tries a card that is declined.
    Decline,
    /// Walks away.
    Abandon,
    /// Gets all money back (after paying).
    Refund,
    /// Has the bank claim the money back (after paying).
    Dispute,
}

/// How the event about it reaches the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TillDelivery {
    /// The event comes twice.
    pub twice: bool,
    /// The buyer is back before the event comes.
    pub late: bool,
}

/// A signed event to be posted to the site now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TillEvent {
    /// Names this posting.
    pub id: String,
    /// The value of the signature header.
    pub signature: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The test till.
#[async_trait]
pub trait TestTill: Send + Sync {
    /// What the page of a payment shows.
    async fn page(&self, payment: &PaymentId) -> Result<Option<TillPage>, StoreError>;
    /// The buyer does something; the events about it are queued in the same write. Gives the page after it,
    /// nothing if there is no such payment. What is not possible any more changes nothing.
    async fn act(
        &self,
        payment: &PaymentId,
        action: TillAction,
        delivery: TillDelivery,
    ) -> Result<Option<TillPage>, StoreError>;
    /// Events that are due, signed now, at most `limit`. They stay due until [`TestTill::posted`].
    async fn due(&self, limit: usize) -> Result<Vec<TillEvent>, StoreError>;
    /// What became of posting an event: taken by the site, or to be tried again later with backoff.
    async fn posted(&self, id: &str, taken: bool) -> Result<(), StoreError>;
}
