//! The effects of orders: what one document write left to be done is carried out here, one after the other, each
//! idempotent by its key; and the sweep, which finishes what a crash or a failing store left behind.

use std::sync::Arc;

use crate::clock::{Clock, Moment as _};
use crate::games::{Game, Games};
use crate::ledger::{self, Ledger};
use crate::limits::{SWAP_TRIES, SWEEP_AFTER, SWEEP_ORDERS};
use crate::links::Links;
use crate::orders::{Effect, Order, OrderId, Orders};
use crate::queue::{Job, Queue};
use crate::store::{StoreError, Swap};

/// Carries out the effects of orders.
#[derive(Clone)]
pub struct Effects {
    /// The orders.
    pub orders: Arc<dyn Orders>,
    /// The games.
    pub games: Arc<dyn Games>,
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// The queue of jobs.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes the links of games.
    pub links: Links,
}

/// What a run of the sweep came to.
#[derive(Debug, Default)]
pub struct Swept {
    /// Orders whose effects are all carried out now.
    pub finished: usize,
    /// Orders that failed again, and why. They go to the back of the line.
    pub failed: Vec<(OrderId, StoreError)>,
}

impl Effects {
    /// Carries out what is pending of an order, one effect after the other, each idempotent by its key and
    /// removed by compare-and-set when done. Gives the order as it is afterwards.
    ///
    /// # Errors
    /// [`StoreError`]; what is left stays in the order.
    pub async fn carry_out(&self, id: &OrderId) -> Result<Order, StoreError> {
        let gone = || StoreError::Corrupt(format!("order {id} is gone"));
        let mut order = self.orders.get(id).await?.ok_or_else(gone)?;
        let mut lost = 0;
        while let Some(effect) = order.effects.first().cloned() {
            self.carry_out_one(&order, &effect).await?;
            order.effects.retain(|other| *other != effect);
            order.changed_at = self.clock.now();
            match self.orders.swap(&order).await? {
                Swap::Swapped => order.revision += 1,
                Swap::Stale if lost < SWAP_TRIES => {
                    lost += 1;
                    order = self.orders.get(id).await?.ok_or_else(gone)?;
                }
                Swap::Stale => return Err(StoreError::Contended(format!("order {id}"))),
            }
        }
        Ok(order)
    }

    /// Does one effect. That it was done before is as good as doing it.
    async fn carry_out_one(&self, order: &Order, effect: &Effect) -> Result<(), StoreError> {
        let _inserted_or_there = match effect {
            Effect::CreateGame { game } => {
                let title = order.pinned().ok_or_else(|| {
                    StoreError::Corrupt(format!("order {} has a game but no version", order.id))
                })?;
                let link = 1;
                let game = Game {
                    id: *game,
                    order: order.id.clone(),
                    revision: 1,
                    title,
                    link,
                    link_hash: Some(self.links.token(*game, link).hash()),
                    created_at: order.paid_at.unwrap_or(order.created_at),
                    begun_at: None,
                    finished: None,
                    seats: Vec::new(),
                };
                self.games.insert(&game).await?
            }
            Effect::PostSale => self.ledger.post(&ledger::sale(order)).await?,
            Effect::PostRefund => self.ledger.post(&ledger::refund(order)).await?,
            Effect::Confirm => {
                let order = order.id.clone();
                return self.queue.send(&Job::Confirm { order }).await;
            }
        };
        Ok(())
    }

    /// Carries out what a crash or a failing store left behind. Run it at start and every few seconds.
    ///
    /// # Errors
    /// [`StoreError`] if the orders cannot be listed; what fails with a single order is in the answer.
    pub async fn sweep(&self) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        let before = self.clock.now().minus(SWEEP_AFTER);
        for mut order in self.orders.with_effects(before, SWEEP_ORDERS).await? {
            match self.carry_out(&order.id).await {
                Ok(_) => swept.finished += 1,
                Err(error) => {
                    // To the back of the line, so that orders that always fail cannot starve the others. If
                    // this write fails too, the order is simply seen first again.
                    order.changed_at = self.clock.now();
                    let _ = self.orders.swap(&order).await;
                    swept.failed.push((order.id, error));
                }
            }
        }
        Ok(swept)
    }
}
