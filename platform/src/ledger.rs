//! The ledger: balanced double-entry rows, unique by the event they record. What a sale and a refund look like
//! in it is decided here and nowhere else.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::money::{Money, MoneyError};
use crate::orders::{Effect, Order, OrderId};
use crate::store::{Insert, StoreError};

/// Where money is or is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What the payment provider owes us.
    ProviderReceivable,
    /// What we earned, without tax.
    Revenue,
    /// What we owe to the tax office.
    TaxPayable,
}

/// One side of an entry: above zero is a debit, below zero a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The account.
    pub account: Account,
    /// The amount.
    pub amount: Money,
}

/// A fact in the ledger. Its lines add up to nothing, and it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawEntry")]
pub struct Entry {
    key: String,
    order: OrderId,
    at: UnixMs,
    lines: Vec<Line>,
}

#[derive(Deserialize)]
struct RawEntry {
    key: String,
    order: OrderId,
    at: UnixMs,
    lines: Vec<Line>,
}

/// The lines are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// There are none.
    #[error("an entry has at least two lines")]
    Empty,
    /// Debits and credits differ.
    #[error("the lines of {key} add up to {sum} instead of nothing")]
    Unbalanced {
        /// The entry.
        key: String,
        /// What they add up to.
        sum: Money,
    },
    /// They cannot be added up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Entry {
    /// An entry for the event with this key.
    ///
    /// # Errors
    /// [`EntryError`] if the lines do not balance.
    pub fn new(
        key: String,
        order: OrderId,
        at: UnixMs,
        lines: Vec<Line>,
    ) -> Result<Self, EntryError> {
        let (first, rest) = lines.split_first().ok_or(EntryError::Empty)?;
        if rest.is_empty() {
            return Err(EntryError::Empty);
        }
        let sum = rest
            .iter()
            .try_fold(first.amount, |sum, line| sum.plus(line.amount))?;
        if sum.minor() != 0 {
            return Err(EntryError::Unbalanced { key, sum });
        }
        Ok(Self {
            key,
            order,
            at,
            lines,
        })
    }

    /// The key of the event, unique in the ledger.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The order it belongs to.
    #[must_use]
    pub fn order(&self) -> &OrderId {
        &self.order
    }

    /// When the event happened.
    #[must_use]
    pub fn at(&self) -> UnixMs {
        self.at
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

impl TryFrom<RawEntry> for Entry {
    type Error = EntryError;
    fn try_from(raw: RawEntry) -> Result<Self, EntryError> {
        Self::new(raw.key, raw.order, raw.at, raw.lines)
    }
}

/// The sale of an order: the provider owes us the price, of which a part is tax.
#[must_use]
pub fn sale(order: &Order) -> Entry {
    let at = order.paid_at.unwrap_or(order.created_at);
    priced(order, Effect::PostSale.key(&order.id), at, order.price)
}

/// The refund of an order: the sale the other way round.
#[must_use]
pub fn refund(order: &Order) -> Entry {
    let at = order.refunded_at.unwrap_or(order.changed_at);
    priced(
        order,
        Effect::PostRefund.key(&order.id),
        at,
        order.price.negated(),
    )
}

fn priced(order: &Order, key: String, at: UnixMs, price: Money) -> Entry {
    let tax = order.tax.inside(price);
    let revenue = price
        .minus(tax)
        .expect("the tax inside a price is smaller and in its currency");
    let mut lines = vec![
        Line {
            account: Account::ProviderReceivable,
            amount: price,
        },
        Line {
            account: Account::Revenue,
            amount: revenue.negated(),
        },
    ];
    if tax.minor() != 0 {
        lines.push(Line {
            account: Account::TaxPayable,
            amount: tax.negated(),
        });
    }
    Entry::new(key, order.id.clone(), at, lines).expect("revenue and tax add up to the price")
}

/// The ledger. Rows are only ever added.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Adds an entry; its key is unique.
    async fn post(&self, entry: &Entry) -> Result<Insert, StoreError>;
    /// The entries of an order, by key.
    async fn of_order(&self, order: &OrderId) -> Result<Vec<Entry>, StoreError>;
}
