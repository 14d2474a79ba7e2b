//! Payments by Stripe: the port [`Payments`] on the few calls it needs. What Stripe tells by itself is read by
//! `latchkey_platform::payments::webhook`, and believed only after it was asked here.

mod client;
mod key;
mod refusal;
mod shapes;

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_platform::clock::Moment as _;
use latchkey_platform::entropy::Entropy;
use latchkey_platform::money::Money;
use latchkey_platform::payments::{
    Checkout, CheckoutRequest, Payment, PaymentId, PaymentStatus, Payments, PaymentsError, Refunded,
};

pub use key::{ApiKey, ApiKeyError};

use client::{Call, Client};
use refusal::Failure;
use shapes::{List, Session};

/// Where Stripe is.
pub const API: &str = "https://api.stripe.com";
/// The version of Stripe's interface that [`shapes`] reads. Stripe keeps every version as it was; going to a newer one is a
/// change of this line, checked against the description of that version.
pub const VERSION: &str = "2026-08-26.dahlia";

/// A payment provider that is Stripe. Cloning is cheap.
#[derive(Clone)]
pub struct Stripe {
    client: Client,
}

impl Stripe {
    /// Stripe at `url`, which is [`API`] unless a stand-in is meant. The randomness spreads repeated requests in time.
    ///
    /// # Errors
    /// [`PaymentsError::Misconfigured`] when the key would go over an open line. That this machine has no certificates to know
    /// Stripe by is told at the first call.
    pub fn open(url: &str, key: ApiKey, entropy: Arc<dyn Entropy>) -> Result<Self, PaymentsError> {
        let client = Client::new(url, key, entropy)?;
        Ok(Self { client })
    }

    /// The payment a session tells of; nothing if another shop with the same account made it.
    fn payment(&self, session: Session) -> Result<Option<Payment>, PaymentsError> {
        let mode = self.client.mode();
        session.check_mode(mode)?;
        Ok(session.into_payment()?)
    }
}

#[async_trait]
impl Payments for Stripe {
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError> {
        let key = format!("checkout-{}", request.order);
        let call = Call::post("/v1/checkout/sessions", checkout_form(request)?, key);
        let session: Session = match self.client.ask(&call).await {
            Err(failure) if failure.is_about("customer_email") => {
                return Err(PaymentsError::Address);
            }
            answer => answer?,
        };
        session.check_mode(self.client.mode())?;
        Ok(session.into_checkout()?)
    }

    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError> {
        // A checkout is found by its own id, and by that of the payment behind it; Stripe tells them apart by their beginning.
        let session = if id.as_str().starts_with("pi_") {
            let path = format!(
                "/v1/checkout/sessions?payment_intent={id}&limit=1&expand[]=data.payment_intent.latest_charge"
            );
            let found = self.client.find::<List<Session>>(&Call::get(path)).await?;
            found.and_then(|list| list.data.into_iter().next())
        } else {
            let path = format!("/v1/checkout/sessions/{id}?expand[]=payment_intent.latest_charge");
            self.client.find(&Call::get(path)).await?
        };
        match session {
            Some(session) => self.payment(session),
            None => Ok(None),
        }
    }

    async fn refund(&self, payment: &Payment) -> Result<Refunded, PaymentsError> {
        let Some(intent) = payment
            .intent
            .as_ref()
            .filter(|_| payment.status == PaymentStatus::Paid)
        else {
            return Ok(Refunded::NotPaid);
        };
        let form = vec![
            ("payment_intent", intent.to_string()),
            ("reason", "requested_by_customer".to_owned()),
            ("metadata[order]", payment.order.to_string()),
        ];
        let key = format!("refund-{}", payment.order);
        let asked: Result<shapes::Refund, Failure> =
            self.client.ask(&Call::post("/v1/refunds", form, key)).await;
        match asked {
            Ok(_) => Ok(Refunded::All),
            Err(failure) if failure.has_code("charge_already_refunded") => Ok(Refunded::All),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The fields of a checkout. The price holds its tax already, worked out by our own table, so Stripe is to add none; and it is
/// to be paid in the order's currency, because what was taken is compared with the order.
fn checkout_form(request: &CheckoutRequest) -> Result<Vec<(&'static str, String)>, PaymentsError> {
    let order = request.order.to_string();
    let mut form = vec![
        ("mode", "payment".to_owned()),
        ("submit_type", "pay".to_owned()),
        ("client_reference_id", order.clone()),
        ("metadata[order]", order.clone()),
        ("payment_intent_data[metadata][order]", order),
        (
            "payment_intent_data[description]",
            format!("{}, order {}", request.what, request.order.shown()),
        ),
        ("success_url", request.success_url.clone()),
        ("cancel_url", request.cancel_url.clone()),
        ("expires_at", request.expires_at.seconds().to_string()),
        ("adaptive_pricing[enabled]", "false".to_owned()),
        ("line_items[0][quantity]", "1".to_owned()),
        (
            "line_items[0][price_data][currency]",
            request.amount.currency().code().to_ascii_lowercase(),
        ),
        (
            "line_items[0][price_data][unit_amount]",
            minor_units(request.amount)?.to_string(),
        ),
        (
            "line_items[0][price_data][product_data][name]",
            request.what.clone(),
        ),
    ];
    // Stripe takes ASCII only; anybody else enters the address on Stripe's page, and gets our mail all the same.
    if request.email.as_str().is_ascii() {
        form.push(("customer_email", request.email.to_string()));
    }
    Ok(form)
}

/// The amount as Stripe counts it. Its minor units are those of ISO 4217 for every currency that prices can have; only
/// amounts with three decimals must end in a zero.
fn minor_units(amount: Money) -> Result<i64, PaymentsError> {
    if amount.minor() <= 0 {
        return Err(PaymentsError::Refused(format!(
            "{amount} cannot be charged; an amount is above zero"
        )));
    }
    if amount.currency().exponent() == 3 && amount.minor() % 10 != 0 {
        return Err(PaymentsError::Refused(format!(
            "{amount} cannot be charged; amounts with three decimals must end in 0: change the title's price"
        )));
    }
    Ok(amount.minor())
}

#[cfg(test)]
mod tests;
