//! A double of the payment provider.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::Faults;
use crate::payments::{
    Checkout, CheckoutRequest, Payment, PaymentId, PaymentStatus, Payments, PaymentsError, Refunded,
};
use crate::store::StoreError;

/// Payments in memory, moved by tests.
pub struct FakePayments {
    faults: Arc<Faults>,
    payments: Mutex<BTreeMap<PaymentId, Payment>>,
}

impl FakePayments {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: faults.clone(),
            payments: Mutex::default(),
        }
    }

    /// Changes a payment, as its buyer or bank would.
    pub fn change(&self, id: &PaymentId, change: impl FnOnce(&mut Payment)) {
        change(self.lock().get_mut(id).expect("the test made this payment"));
    }

    /// The buyer pays.
    pub fn pay(&self, id: &PaymentId) {
        self.change(id, |payment| {
            payment.status = PaymentStatus::Paid;
            let intent = format!("pi_{}", payment.order);
            payment.intent = PaymentId::parse(&intent).ok();
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PaymentId, Payment>> {
        self.payments
            .lock()
            .expect("no test panics while it holds payments")
    }
}

fn unavailable(error: StoreError) -> PaymentsError {
    PaymentsError::Unavailable(error.to_string())
}

#[async_trait]
impl Payments for FakePayments {
    async fn create(&self, request: &CheckoutRequest) -> Result<Checkout, PaymentsError> {
        let create = || {
            let id = PaymentId::parse(&format!("cs_{}", request.order)).expect("plain");
            self.lock().entry(id.clone()).or_insert_with(|| Payment {
                id: id.clone(),
                intent: None,
                order: request.order.clone(),
                status: PaymentStatus::Open,
                amount: request.amount,
                refunded: false,
                disputed: false,
            });
            Checkout {
                url: format!("https://till.test/{id}"),
                payment: id,
            }
        };
        self.faults.around(create).map_err(unavailable)
    }

    async fn retrieve(&self, id: &PaymentId) -> Result<Option<Payment>, PaymentsError> {
        let retrieve = || {
            let known =
                |payment: &&Payment| payment.id == *id || payment.intent.as_ref() == Some(id);
            self.lock().values().find(known).cloned()
        };
        self.faults.around(retrieve).map_err(unavailable)
    }

    async fn refund(&self, payment: &Payment) -> Result<Refunded, PaymentsError> {
        let refund = || match self.lock().get_mut(&payment.id) {
            Some(held) if held.status == PaymentStatus::Paid => {
                held.refunded = true;
                Refunded::All
            }
            _ => Refunded::NotPaid,
        };
        self.faults.around(refund).map_err(unavailable)
    }
}
