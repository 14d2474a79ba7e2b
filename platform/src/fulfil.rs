//! Fulfilment: what follows from a payment. One document write makes an order paid and carries the effects that
//! are still to be done; `effects` carries them out. Every part may run any number of times, also at the same time.

use std::sync::Arc;

use latchkey_protocol::GameId;

use crate::clock::Clock;
use crate::effects::Effects;
use crate::entropy::{self, Entropy};
use crate::limits::SWAP_TRIES;
use crate::money::Money;
use crate::orders::{Applied, Event, Order, OrderId, OrderState, Orders, Pins};
use crate::payments::webhook::{self, EventKind, WebhookError, WebhookSecret};
use crate::payments::{Payment, PaymentId, PaymentStatus, Payments, PaymentsError};
use crate::store::{StoreError, Swap};
use crate::titles::{Slug, Titles};
use crate::tokens::Token;

/// Fulfils orders.
#[derive(Clone)]
pub struct Fulfilment {
    /// The catalogue, for the version to pin.
    pub titles: Arc<dyn Titles>,
    /// The orders.
    pub orders: Arc<dyn Orders>,
    /// The payment provider.
    pub payments: Arc<dyn Payments>,
    /// Carries out what follows.
    pub effects: Effects,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids of games.
    pub entropy: Arc<dyn Entropy>,
    /// What the provider signs its events with.
    pub webhook: WebhookSecret,
}

/// Why a payment was not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum FulfilError {
    /// The provider does not know the payment.
    #[error("the payment provider knows no payment {0}")]
    UnknownPayment(PaymentId),
    /// There is no such order. A real payment without an order needs a person.
    #[error("payment {payment} is for order {order}, which does not exist")]
    UnknownOrder {
        /// The payment.
        payment: PaymentId,
        /// What it names.
        order: OrderId,
    },
    /// The provider took another amount or currency than the order says. Nothing is fulfilled; a person must
    /// look.
    #[error(
        "payment {payment} is of {paid}, but order {order} costs {price}: not fulfilled, look into it"
    )]
    Mismatch {
        /// The payment.
        payment: PaymentId,
        /// Its order.
        order: OrderId,
        /// What the provider took.
        paid: Money,
        /// What the order costs.
        price: Money,
    },
    /// The order's title is not in the catalogue.
    #[error("title {0} is bought but not in the catalogue; publish it again")]
    NoTitle(Slug),
    /// The payment provider failed.
    #[error(transparent)]
    Payments(#[from] PaymentsError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FulfilError {
    /// Whether only a person can mend it. Such an error must be loud, and the provider need not tell again.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        matches!(self, Self::Mismatch { .. } | Self::UnknownOrder { .. })
    }
}

/// An event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// It is not believed or understood.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// It is, but fulfilment failed.
    #[error(transparent)]
    Fulfil(#[from] FulfilError),
}

impl Fulfilment {
    /// Takes an event the provider posted. Nothing in it is believed beyond which payment to ask about.
    /// `None` for an event that concerns no order, which may be one of another shop with the same provider.
    ///
    /// # Errors
    /// [`ReceiveError`]. The provider will tell again, unless the event itself is wrong.
    pub async fn receive(
        &self,
        signature: &str,
        body: &[u8],
    ) -> Result<Option<Order>, ReceiveError> {
        let event = self.webhook.open(signature, body, self.clock.now())?;
        if event.kind == EventKind::Other {
            return Ok(None);
        }
        let order = self.order_of(&event).await.map_err(FulfilError::from)?;
        let foreign = order.is_none() && event.order.is_none();
        let known = order.and_then(|order| order.payments.into_iter().next());
        let Some(payment) = known.or(event.payment) else {
            return Ok(None);
        };
        match self.fulfil(&payment).await {
            Err(FulfilError::UnknownPayment(_)) if foreign => Ok(None),
            fulfilled => Ok(Some(fulfilled?)),
        }
    }

    /// The order an event is about, if it is one of ours: by the provider's note of it, else by the payment. Events about
    /// disputes have no note.
    async fn order_of(&self, event: &webhook::Event) -> Result<Option<Order>, StoreError> {
        match (&event.order, &event.payment) {
            (Some(order), _) => self.orders.get(order).await,
            (None, Some(payment)) => self.orders.by_payment(payment).await,
            (None, None) => Ok(None),
        }
    }

    /// Asks the provider about the payment of the order whose page this key opens, and fulfils it if the
    /// money came. `None` if no order has this key.
    ///
    /// # Errors
    /// [`FulfilError`].
    pub async fn confirm(&self, key: &Token) -> Result<Option<Order>, FulfilError> {
        let Some(order) = self.orders.by_key(&key.hash()).await? else {
            return Ok(None);
        };
        match order.payments.first() {
            Some(payment) => self.fulfil(payment).await.map(Some),
            None => Ok(Some(order)),
        }
    }

    /// Brings the order of a payment to where the provider says the payment is, and carries out what follows.
    /// Gives the order as it is afterwards.
    ///
    /// # Errors
    /// [`FulfilError`]. Calling again is safe and finishes what was begun.
    pub async fn fulfil(&self, payment: &PaymentId) -> Result<Order, FulfilError> {
        let found = self.payments.retrieve(payment).await?;
        let payment = found.ok_or_else(|| FulfilError::UnknownPayment(payment.clone()))?;
        for _ in 0..SWAP_TRIES {
            let stored = self.orders.get(&payment.order).await?;
            let mut order = stored.ok_or_else(|| FulfilError::UnknownOrder {
                payment: payment.id.clone(),
                order: payment.order.clone(),
            })?;
            let before = order.state();
            if self.bring_forward(&mut order, &payment).await? == Applied::Nothing {
                return Ok(self.effects.carry_out(&order.id).await?);
            }
            if self.orders.swap(&order).await? == Swap::Swapped {
                if order.state() == OrderState::Paid && before != OrderState::Paid {
                    tracing::info!(figure = "OrdersPaid", order = %order.id, "an order is paid");
                }
                return Ok(self.effects.carry_out(&order.id).await?);
            }
        }
        Err(StoreError::Contended(format!("order {}", payment.order)).into())
    }

    /// Applies to the order what the provider says about its payment.
    async fn bring_forward(
        &self,
        order: &mut Order,
        payment: &Payment,
    ) -> Result<Applied, FulfilError> {
        let events = facts(payment);
        if events.iter().any(|event| *event != Event::Expired) && payment.amount != order.price {
            return Err(FulfilError::Mismatch {
                payment: payment.id.clone(),
                order: order.id.clone(),
                paid: payment.amount,
                price: order.price,
            });
        }
        let title = self.titles.newest(&order.title).await?;
        let title = title.ok_or_else(|| FulfilError::NoTitle(order.title.clone()))?;
        let game = GameId::from_random(entropy::bytes(&*self.entropy));
        let pins = Pins {
            version: title.number,
            game,
        };
        let now = self.clock.now();
        let mut applied = Applied::Nothing;
        for id in std::iter::once(&payment.id).chain(&payment.intent) {
            if !order.payments.contains(id) {
                order.payments.push(id.clone());
                applied = Applied::Changed;
            }
        }
        for event in events {
            if order.apply(event, pins, now) == Applied::Changed {
                applied = Applied::Changed;
            }
        }
        Ok(applied)
    }
}

/// What a payment proves, in the order in which it must have happened.
fn facts(payment: &Payment) -> Vec<Event> {
    let mut facts = Vec::new();
    match payment.status {
        PaymentStatus::Paid if payment.refunded || payment.disputed => {}
        PaymentStatus::Paid => facts.push(Event::Paid),
        PaymentStatus::Expired => facts.push(Event::Expired),
        PaymentStatus::Open => {}
    }
    if payment.refunded {
        facts.push(Event::Refunded);
    }
    if payment.disputed {
        facts.push(Event::Disputed);
    }
    facts
}

#[cfg(test)]
mod tests;
