//! Orders: one purchase is one document, which also carries the effects of its payment that are still to be
//! carried out. The port, and what an order is; how it changes is in `orders::machine`.

mod machine;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use latchkey_protocol::GameId;
use latchkey_protocol::ids::ALPHABET;
use serde::{Deserialize, Serialize};

pub use machine::{Applied, Event, Pins};

use crate::clock::UnixMs;
use crate::email::EmailAddress;
use crate::entropy::{self, Entropy};
use crate::money::Money;
use crate::payments::PaymentId;
use crate::places::{Country, TaxRate};
use crate::store::{Insert, StoreError, Swap};
use crate::titles::{Slug, VersionRef};
use crate::tokens::TokenHash;

/// The number of an order: 16 characters of the alphabet of ids. It names an order and opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrderId(String);

/// The text is no order number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order number has 16 characters of 0-9 and a-z without i, l, o, u")]
pub struct OrderIdError;

impl OrderId {
    const LENGTH: usize = 16;

    /// A new number.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let bytes: [u8; Self::LENGTH] = entropy::bytes(entropy);
        Self(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
                .collect(),
        )
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As receipts show it, in groups that can be read aloud: `LK-7G4K-2M9Q-…`.
    #[must_use]
    pub fn shown(&self) -> String {
        let upper = self.0.to_ascii_uppercase();
        let groups: Vec<&str> = (0..upper.len() / 4)
            .map(|at| &upper[at * 4..at * 4 + 4])
            .collect();
        format!("LK-{}", groups.join("-"))
    }
}

impl FromStr for OrderId {
    type Err = OrderIdError;
    fn from_str(text: &str) -> Result<Self, OrderIdError> {
        if text.len() == Self::LENGTH && text.bytes().all(|byte| ALPHABET.contains(&byte)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OrderIdError)
        }
    }
}

impl TryFrom<String> for OrderId {
    type Error = OrderIdError;
    fn try_from(text: String) -> Result<Self, OrderIdError> {
        text.parse()
    }
}

impl From<OrderId> for String {
    fn from(id: OrderId) -> Self {
        id.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an order stands. It follows from the facts known about its payment, in whatever order they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// No money has come.
    Pending,
    /// The money is here.
    Paid,
    /// The money went back.
    Refunded,
    /// The buyer's bank claims the money back.
    Disputed,
}

/// Something that follows from a payment and is still to be done. Each has a key that is unique for ever, so
/// that doing it twice is doing it once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Create the game.
    CreateGame {
        /// Its id, drawn in the write that made the order paid.
        game: GameId,
    },
    /// Write the sale into the ledger.
    PostSale,
    /// Write the refund into the ledger.
    PostRefund,
    /// Queue the purchase e-mail.
    Confirm,
}

impl Effect {
    /// The unique key.
    #[must_use]
    pub fn key(&self, order: &OrderId) -> String {
        match self {
            Self::CreateGame { game } => format!("game:{order}:{game}"),
            Self::PostSale => format!("sale:{order}"),
            Self::PostRefund => format!("refund:{order}"),
            Self::Confirm => format!("confirm:{order}"),
        }
    }
}

/// One purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// The hash of the key that opens its page.
    pub key_hash: TokenHash,
    /// Counts the writes of this document, from 1. Stores set it.
    pub revision: u64,
    /// Who buys.
    pub email: EmailAddress,
    /// Where the buyer is.
    pub country: Country,
    /// What is bought.
    pub title: Slug,
    /// The version of it, fixed when the order is fulfilled.
    pub version: Option<u32>,
    /// What is to be paid, tax included.
    pub price: Money,
    /// The rate of the tax inside the price.
    pub tax: TaxRate,
    /// Every id the provider knows the payment by; the checkout's first.
    pub payments: Vec<PaymentId>,
    /// The game, once it is fulfilled.
    pub game: Option<GameId>,
    /// What is still to be done, in order.
    pub effects: Vec<Effect>,
    /// When it was placed.
    pub created_at: UnixMs,
    /// When the document was last written.
    pub changed_at: UnixMs,
    /// When the money was known to have come.
    pub paid_at: Option<UnixMs>,
    /// When the money was known to have gone back.
    pub refunded_at: Option<UnixMs>,
    /// When the dispute was known.
    pub disputed_at: Option<UnixMs>,
}

impl Order {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> OrderState {
        if self.disputed_at.is_some() {
            OrderState::Disputed
        } else if self.refunded_at.is_some() {
            OrderState::Refunded
        } else if self.paid_at.is_some() {
            OrderState::Paid
        } else {
            OrderState::Pending
        }
    }

    /// The title version the game plays, once it is fixed.
    #[must_use]
    pub fn pinned(&self) -> Option<VersionRef> {
        Some(VersionRef {
            slug: self.title.clone(),
            number: self.version?,
        })
    }
}

/// The orders. Every write is one document.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Adds an order with revision 1; its id and its key hash are unique.
    async fn insert(&self, order: &Order) -> Result<Insert, StoreError>;
    /// The order with this number.
    async fn get(&self, id: &OrderId) -> Result<Option<Order>, StoreError>;
    /// The order whose page this key opens.
    async fn by_key(&self, key: &TokenHash) -> Result<Option<Order>, StoreError>;
    /// The order that knows its payment by this id, among others.
    async fn by_payment(&self, payment: &PaymentId) -> Result<Option<Order>, StoreError>;
    /// Replaces the order if the stored revision is still `order.revision`; it is stored with the next one.
    async fn swap(&self, order: &Order) -> Result<Swap, StoreError>;
    /// Orders with pending effects last written before `before`, the longest untouched first.
    async fn with_effects(&self, before: UnixMs, limit: usize) -> Result<Vec<Order>, StoreError>;
    /// Orders of an address, in whatever case it was written, that have a game, the newest first. Others are left out:
    /// anybody may place orders for any address, and must not push out of the limit what was paid for.
    async fn bought_by(&self, email: &EmailAddress, limit: usize)
    -> Result<Vec<Order>, StoreError>;
}
