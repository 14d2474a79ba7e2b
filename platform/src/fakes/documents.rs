//! Doubles of the ports that keep documents.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use latchkey_protocol::{GameId, Record, Seq};

use super::Faults;
use crate::clock::UnixMs;
use crate::email::EmailAddress;
use crate::games::{Game, Games};
use crate::ledger::{Entry, Ledger};
use crate::mail::{MessageKey, SendClaim, Sends};
use crate::orders::{Order, OrderId, Orders};
use crate::payments::PaymentId;
use crate::stats::{History, StatsReport, StatsStore, Summary};
use crate::store::{Insert, StoreError, Swap};
use crate::titles::VersionRef;
use crate::tokens::TokenHash;

/// Documents by key, with faults around every access.
struct Shelf<K, T> {
    faults: Arc<Faults>,
    documents: Mutex<BTreeMap<K, T>>,
}

impl<K: Ord + Clone, T: Clone> Shelf<K, T> {
    fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: faults.clone(),
            documents: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, T>> {
        self.documents
            .lock()
            .expect("no test panics while it holds documents")
    }

    fn read<A>(&self, read: impl FnOnce(&BTreeMap<K, T>) -> A) -> Result<A, StoreError> {
        self.faults.around(|| read(&self.lock()))
    }

    fn get(&self, key: &K) -> Result<Option<T>, StoreError> {
        self.read(|documents| documents.get(key).cloned())
    }

    /// Adds a document unless its key is taken or `clashes` with one that is there.
    fn insert(
        &self,
        key: K,
        document: &T,
        clashes: impl Fn(&T) -> bool,
    ) -> Result<Insert, StoreError> {
        self.faults.around(|| {
            let mut documents = self.lock();
            if documents.contains_key(&key) || documents.values().any(clashes) {
                return Insert::Exists;
            }
            documents.insert(key, document.clone());
            Insert::Inserted
        })
    }

    fn swap(
        &self,
        key: &K,
        document: &T,
        revision: impl Fn(&mut T) -> &mut u64,
    ) -> Result<Swap, StoreError> {
        self.faults.around(|| {
            let mut documents = self.lock();
            let mut next = document.clone();
            let Some(stored) = documents.get_mut(key) else {
                return Swap::Stale;
            };
            if *revision(stored) != *revision(&mut next) {
                return Swap::Stale;
            }
            *revision(&mut next) += 1;
            *stored = next;
            Swap::Swapped
        })
    }
}

/// Orders in memory.
pub struct FakeOrders(Shelf<OrderId, Order>);

impl FakeOrders {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }

    /// All orders, by number.
    #[must_use]
    pub fn all(&self) -> Vec<Order> {
        self.0.lock().values().cloned().collect()
    }

    fn select(
        &self,
        which: impl Fn(&Order) -> bool,
        by: impl Fn(&Order) -> i128,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        self.0.read(|documents| {
            let mut found: Vec<Order> = documents
                .values()
                .filter(|order| which(order))
                .cloned()
                .collect();
            found.sort_by_key(|order| by(order));
            found.truncate(limit);
            found
        })
    }
}

#[async_trait]
impl Orders for FakeOrders {
    async fn insert(&self, order: &Order) -> Result<Insert, StoreError> {
        self.0.insert(order.id.clone(), order, |other| {
            other.key_hash == order.key_hash
        })
    }

    async fn get(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.0.get(id)
    }

    async fn by_key(&self, key: &TokenHash) -> Result<Option<Order>, StoreError> {
        self.0
            .read(|all| all.values().find(|order| order.key_hash == *key).cloned())
    }

    async fn by_payment(&self, payment: &PaymentId) -> Result<Option<Order>, StoreError> {
        self.0.read(|all| {
            all.values()
                .find(|order| order.payments.contains(payment))
                .cloned()
        })
    }

    async fn swap(&self, order: &Order) -> Result<Swap, StoreError> {
        self.0.swap(&order.id, order, |order| &mut order.revision)
    }

    async fn with_effects(&self, before: UnixMs, limit: usize) -> Result<Vec<Order>, StoreError> {
        let pending = |order: &Order| !order.effects.is_empty() && order.changed_at < before;
        self.select(pending, |order| order.changed_at.0.into(), limit)
    }

    async fn bought_by(
        &self,
        email: &EmailAddress,
        limit: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let theirs = |order: &Order| order.email.folded() == email.folded() && order.game.is_some();
        self.select(theirs, |order| -i128::from(order.created_at.0), limit)
    }
}

/// Games in memory.
pub struct FakeGames(Shelf<GameId, Game>);

impl FakeGames {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }

    /// All games, for tests that count them.
    #[must_use]
    pub fn all(&self) -> Vec<Game> {
        self.0.lock().values().cloned().collect()
    }
}

#[async_trait]
impl Games for FakeGames {
    async fn insert(&self, game: &Game) -> Result<Insert, StoreError> {
        self.0.insert(game.id, game, |other| {
            other.link_hash.is_some() && other.link_hash == game.link_hash
        })
    }

    async fn get(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        self.0.get(&id)
    }

    async fn by_link(&self, link: &TokenHash) -> Result<Option<Game>, StoreError> {
        self.0.read(|all| {
            all.values()
                .find(|game| game.link_hash == Some(*link))
                .cloned()
        })
    }

    async fn swap(&self, game: &Game) -> Result<Swap, StoreError> {
        self.0.swap(&game.id, game, |game| &mut game.revision)
    }
}

/// The ledger in memory.
pub struct FakeLedger(Shelf<String, Entry>);

impl FakeLedger {
    /// Empty.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }
}

#[async_trait]
impl Ledger for FakeLedger {
    async fn post(&self, entry: &Entry) -> Result<Insert, StoreError> {
        self.0.insert(entry.key().to_owned(), entry, |_| false)
    }

    async fn of_order(&self, order: &OrderId) -> Result<Vec<Entry>, StoreError> {
        self.0.read(|all| {
            all.values()
                .filter(|entry| entry.order() == order)
                .cloned()
                .collect()
        })
    }
}

/// Claims on messages in memory.
pub struct FakeSends(Shelf<MessageKey, SendClaim>);

impl FakeSends {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }
}

#[async_trait]
impl Sends for FakeSends {
    async fn insert(&self, claim: &SendClaim) -> Result<Insert, StoreError> {
        self.0.insert(claim.key.clone(), claim, |_| false)
    }

    async fn get(&self, key: &MessageKey) -> Result<Option<SendClaim>, StoreError> {
        self.0.get(key)
    }

    async fn swap(&self, claim: &SendClaim) -> Result<Swap, StoreError> {
        self.0.swap(&claim.key, claim, |claim| &mut claim.revision)
    }
}

/// Results of finished games in memory.
pub struct FakeStats(Shelf<GameId, StatsReport>);

impl FakeStats {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }
}

#[async_trait]
impl StatsStore for FakeStats {
    async fn insert(&self, report: &StatsReport) -> Result<Insert, StoreError> {
        self.0.insert(report.stats.game, report, |_| false)
    }

    async fn get(&self, game: GameId) -> Result<Option<StatsReport>, StoreError> {
        self.0.get(&game)
    }

    async fn summaries(
        &self,
        title: &VersionRef,
        limit: usize,
    ) -> Result<Vec<Summary>, StoreError> {
        self.0.read(|all| {
            let mut found: Vec<&StatsReport> = all
                .values()
                .filter(|report| report.stats.title == *title)
                .collect();
            found.sort_by_key(|report| std::cmp::Reverse(report.computed_at));
            found.truncate(limit);
            found
                .into_iter()
                .map(|report| report.stats.summary())
                .collect()
        })
    }
}

/// Histories of rooms in memory.
pub struct FakeHistory(Shelf<GameId, Vec<Record>>);

impl FakeHistory {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self(Shelf::new(faults))
    }

    /// Adds to what the archive has of a room.
    pub fn extend(&self, room: GameId, records: impl IntoIterator<Item = Record>) {
        self.0.lock().entry(room).or_default().extend(records);
    }
}

#[async_trait]
impl History for FakeHistory {
    async fn read(
        &self,
        room: GameId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.0.read(|all| {
            let records = all.get(&room).into_iter().flatten();
            records
                .filter(|record| record.seq > after)
                .take(limit)
                .cloned()
                .collect()
        })
    }
}
