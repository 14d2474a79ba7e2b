//! The site over the platform's doubles, with a test till and outbox in memory. Tests talk to it as a browser would; the
//! preview serves it to real ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use latchkey_platform::fakes::{FakePayments, World};
use latchkey_platform::mail::{Email, MessageKey, Outbox, OutboxLine, OutboxMessage};
use latchkey_platform::payments::{
    Checkout, CheckoutRequest, Payment, PaymentId, PaymentStatus, Payments, PaymentsError, Refunded,
};
use latchkey_platform::store::StoreError;
use latchkey_platform::till::{TestTill, TillAction, TillDelivery, TillEvent, TillPage};
use latchkey_site::{Dev, Site, SiteConfig, router};

/// A till over the double of the payment provider. It delivers no events; tests post their own.
pub(crate) struct FakeTill {
    payments: Arc<FakePayments>,
    asked: Mutex<BTreeMap<String, (CheckoutRequest, u32)>>,
}

#[async_trait]
impl Payments for FakeTill {
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError> {
        let made = self.payments.create(request).await?;
        let mut asked = self.asked.lock().expect("no test panics with the lock");
        asked.insert(made.payment.to_string(), (request.clone(), 0));
        Ok(Checkout {
            url: format!("/dev/till/{}", made.payment),
            payment: made.payment,
        })
    }

    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError> {
        self.payments.retrieve(id).await
    }

    async fn refund(&self, payment: &Payment) -> Result<Refunded, PaymentsError> {
        self.payments.refund(payment).await
    }
}

#[async_trait]
impl TestTill for FakeTill {
    async fn page(&self, id: &PaymentId) -> Result<Option<TillPage>, StoreError> {
        let found = self
            .payments
            .retrieve(id)
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let asked = self.asked.lock().expect("no test panics with the lock");
        let Some((payment, (request, declined))) = found.zip(asked.get(id.as_str())) else {
            return Ok(None);
        };
        Ok(Some(TillPage {
            payment: payment.id,
            status: payment.status,
            declined: *declined,
            amount: request.amount,
            what: request.what.clone(),
            email: request.email.clone(),
            success_url: request.success_url.clone(),
            cancel_url: request.cancel_url.clone(),
        }))
    }

    async fn act(
        &self,
        id: &PaymentId,
        action: TillAction,
        _delivery: TillDelivery,
    ) -> Result<Option<TillPage>, StoreError> {
        let open = self
            .page(id)
            .await?
            .is_some_and(|page| page.status == PaymentStatus::Open);
        match action {
            TillAction::Pay if open => self.payments.pay(id),
            TillAction::Abandon if open => self
                .payments
                .change(id, |payment| payment.status = PaymentStatus::Expired),
            TillAction::Decline if open => {
                let mut asked = self.asked.lock().expect("no test panics with the lock");
                asked.entry(id.to_string()).and_modify(|entry| entry.1 += 1);
            }
            TillAction::Refund if !open => {
                self.payments.change(id, |payment| payment.refunded = true);
            }
            TillAction::Dispute if !open => {
                self.payments.change(id, |payment| payment.disputed = true);
            }
            _ => {}
        }
        self.page(id).await
    }

    async fn due(&self, _limit: usize) -> Result<Vec<TillEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn posted(&self, _id: &str, _taken: bool) -> Result<(), StoreError> {
        Ok(())
    }
}

/// An outbox that tests put messages into.
#[derive(Default)]
pub(crate) struct FakeOutbox(pub(crate) Mutex<Vec<Email>>);

const SENT_AT: latchkey_platform::clock::UnixMs = latchkey_platform::fakes::samples::NOW;

#[async_trait]
impl Outbox for FakeOutbox {
    async fn list(&self, limit: usize) -> Result<Vec<OutboxLine>, StoreError> {
        let mails = self.0.lock().expect("no test panics with the lock");
        let line = |email: &Email| OutboxLine {
            key: email.key.clone(),
            to: email.to.clone(),
            subject: email.subject.clone(),
            at: SENT_AT,
        };
        Ok(mails.iter().rev().take(limit).map(line).collect())
    }

    async fn get(&self, key: &MessageKey) -> Result<Option<OutboxMessage>, StoreError> {
        let mails = self.0.lock().expect("no test panics with the lock");
        let found = mails.iter().find(|email| email.key == *key);
        Ok(found.map(|email| OutboxMessage {
            email: email.clone(),
            at: SENT_AT,
            eml: b"Subject: x\r\n\r\n".to_vec(),
        }))
    }
}

/// The site and the world under it.
pub(crate) struct App {
    pub(crate) world: World,
    pub(crate) outbox: Arc<FakeOutbox>,
    pub(crate) router: Router,
}

impl App {
    /// A site with the test till and outbox.
    pub(crate) fn new() -> Self {
        Self::with(|_, _| {}, true)
    }

    /// A site changed before it opens.
    pub(crate) fn with(change: impl FnOnce(&mut World, &mut SiteConfig), dev: bool) -> Self {
        let mut world = World::default();
        let till = Arc::new(FakeTill {
            payments: world.payments.clone(),
            asked: Mutex::default(),
        });
        let outbox = Arc::new(FakeOutbox::default());
        world.platform.checkouts.payments = till.clone();
        let pretended = Dev {
            till,
            outbox: outbox.clone(),
        };
        let mut config = SiteConfig {
            dev: dev.then_some(pretended),
            ..SiteConfig::default()
        };
        change(&mut world, &mut config);
        let router = router(&Site::new(world.platform.clone(), config));
        Self {
            world,
            outbox,
            router,
        }
    }
}
