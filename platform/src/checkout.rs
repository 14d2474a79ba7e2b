//! Placing an order: from the form on a title's page to the payment provider's page.

use std::sync::Arc;

use crate::clock::{Clock, Moment as _};
use crate::email::{EmailAddress, EmailError};
use crate::entropy::Entropy;
use crate::limits::{CHECKOUT_OPEN, SWAP_TRIES};
use crate::links::SiteUrl;
use crate::orders::{Order, OrderId, Orders};
use crate::payments::{CheckoutRequest, PaymentId, Payments, PaymentsError};
use crate::places::{Country, CountryUnknown};
use crate::store::{Insert, StoreError, Swap};
use crate::titles::{Slug, Titles};
use crate::tokens::Token;

/// The form as the buyer filled it in.
#[derive(Debug, Clone)]
pub struct OrderForm {
    /// The e-mail address.
    pub email: String,
    /// The code of the country.
    pub country: String,
    /// Whether the terms were accepted.
    pub terms: bool,
}

/// An order that was placed, and where the buyer goes now.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The order's number.
    pub order: OrderId,
    /// The key of the order's page. Only the buyer's browser keeps it.
    pub key: Token,
    /// The payment page.
    pub pay_at: String,
}

/// The order was not placed.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The address.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// The country.
    #[error(transparent)]
    Country(#[from] CountryUnknown),
    /// The terms were not accepted.
    #[error("tick the box to accept the terms; without them nothing can be sold")]
    Terms,
    /// There is no such title.
    #[error("there is no title {0} (any more); choose one from the catalogue")]
    NoTitle(Slug),
    /// The payment provider failed.
    #[error(transparent)]
    Payments(#[from] PaymentsError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CheckoutError {
    /// Whether the buyer can mend it in the form.
    #[must_use]
    pub fn is_buyers(&self) -> bool {
        matches!(self, Self::Email(_) | Self::Country(_) | Self::Terms)
    }
}

/// Places orders.
#[derive(Clone)]
pub struct Checkouts {
    /// The catalogue.
    pub titles: Arc<dyn Titles>,
    /// The orders.
    pub orders: Arc<dyn Orders>,
    /// The payment provider.
    pub payments: Arc<dyn Payments>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for numbers and keys.
    pub entropy: Arc<dyn Entropy>,
    /// Where buyers come back to.
    pub site: SiteUrl,
}

impl Checkouts {
    /// Places an order for the newest version's price. The order is written before the provider hears of it,
    /// so that every payment finds its order.
    ///
    /// # Errors
    /// [`CheckoutError`].
    pub async fn place(&self, slug: &Slug, form: &OrderForm) -> Result<Placed, CheckoutError> {
        let email: EmailAddress = form.email.parse()?;
        let country = Country::parse(&form.country)?;
        if !form.terms {
            return Err(CheckoutError::Terms);
        }
        let title = self.titles.newest(slug).await?;
        let title = title.ok_or_else(|| CheckoutError::NoTitle(slug.clone()))?;
        let key = Token::random(&*self.entropy);
        let now = self.clock.now();
        let order = Order {
            id: OrderId::random(&*self.entropy),
            key_hash: key.hash(),
            revision: 1,
            email: email.clone(),
            country,
            title: slug.clone(),
            version: None,
            price: title.manifest.price_in(country),
            tax: country.tax(),
            payments: Vec::new(),
            game: None,
            effects: Vec::new(),
            created_at: now,
            changed_at: now,
            paid_at: None,
            refunded_at: None,
            disputed_at: None,
        };
        if self.orders.insert(&order).await? == Insert::Exists {
            return Err(StoreError::Contended(format!("order {}", order.id)).into());
        }
        let request = CheckoutRequest {
            order: order.id.clone(),
            amount: order.price,
            what: title.manifest.name,
            email,
            success_url: self.site.order(&key),
            cancel_url: self.site.cancelled(&key),
            expires_at: order.created_at.plus(CHECKOUT_OPEN),
        };
        let checkout = match self.payments.create(&request).await {
            Err(PaymentsError::Address) => return Err(EmailError.into()),
            created => created?,
        };
        note_payment(&*self.orders, order.clone(), &checkout.payment).await?;
        Ok(Placed {
            order: order.id,
            key,
            pay_at: checkout.url,
        })
    }
}

/// Notes in the order that the provider knows its payment by `payment`.
async fn note_payment(
    orders: &dyn Orders,
    mut order: Order,
    payment: &PaymentId,
) -> Result<(), StoreError> {
    for _ in 0..SWAP_TRIES {
        if order.payments.contains(payment) {
            return Ok(());
        }
        order.payments.push(payment.clone());
        if orders.swap(&order).await? == Swap::Swapped {
            return Ok(());
        }
        let stored = orders.get(&order.id).await?;
        order = stored.ok_or_else(|| StoreError::Corrupt(format!("order {} is gone", order.id)))?;
    }
    Err(StoreError::Contended(format!("order {}", order.id)))
}

#[cfg(test)]
mod tests;
