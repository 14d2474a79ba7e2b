//! How an order changes: the table of what each fact about its payment does in each state. Facts may come
//! twice, late and in any order; the state they lead to is the same.

use latchkey_protocol::GameId;

use super::{Effect, Order, OrderState};
use crate::clock::UnixMs;

/// A fact about the payment of an order, verified with the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The money came.
    Paid,
    /// An attempt to pay was declined.
    Failed,
    /// The checkout was abandoned.
    Expired,
    /// All the money went back.
    Refunded,
    /// The buyer's bank claims the money back.
    Disputed,
}

/// What is fixed in the write that fulfils an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    /// The version of the title the game will play for its whole life.
    pub version: u32,
    /// The id of the game.
    pub game: GameId,
}

/// Whether a fact changed the order.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The order is different and must be written.
    Changed,
    /// It was known, or it means nothing in this state.
    Nothing,
}

impl Order {
    /// Applies a fact.
    ///
    /// | state | paid | failed, expired | refunded | disputed |
    /// |---|---|---|---|---|
    /// | pending | paid: game, sale, e-mail | nothing: the buyer may try again | refunded: sale and refund, no game | disputed: sale, no game |
    /// | paid | nothing | nothing | refunded: refund | disputed |
    /// | refunded | nothing | nothing | nothing | disputed |
    /// | disputed | nothing | nothing | refund, once; stays disputed | nothing |
    ///
    /// A refund or dispute proves that the money had come, even if that is learned only later; no game is
    /// given for money that is already gone.
    pub fn apply(&mut self, event: Event, pins: Pins, now: UnixMs) -> Applied {
        use OrderState::{Disputed, Paid, Pending, Refunded};
        match (self.state(), event) {
            (Pending, Event::Paid) => {
                self.receive_money(now);
                self.version = Some(pins.version);
                self.game = Some(pins.game);
                self.effects
                    .insert(0, Effect::CreateGame { game: pins.game });
                self.effects.push(Effect::Confirm);
            }
            (Pending, Event::Refunded) => {
                self.receive_money(now);
                self.give_back(now);
            }
            (Pending, Event::Disputed) => {
                self.receive_money(now);
                self.disputed_at = Some(now);
            }
            (Paid, Event::Refunded) => self.give_back(now),
            (Disputed, Event::Refunded) if self.refunded_at.is_none() => self.give_back(now),
            (Paid | Refunded, Event::Disputed) => self.disputed_at = Some(now),
            (Paid | Refunded | Disputed, Event::Paid)
            | (_, Event::Failed | Event::Expired)
            | (Refunded | Disputed, Event::Refunded)
            | (Disputed, Event::Disputed) => return Applied::Nothing,
        }
        self.changed_at = now;
        Applied::Changed
    }

    fn receive_money(&mut self, now: UnixMs) {
        self.paid_at = Some(now);
        self.effects.push(Effect::PostSale);
    }

    fn give_back(&mut self, now: UnixMs) {
        self.refunded_at = Some(now);
        self.effects.push(Effect::PostRefund);
    }
}

#[cfg(test)]
mod tests;
