//! The rules of [`Payments`].

use super::Subject;
use crate::clock::Moment as _;
use crate::fakes::samples;
use crate::limits::CHECKOUT_OPEN;
use crate::payments::{CheckoutRequest, PaymentId, PaymentStatus, Payments, Refunded};

type Payments_ = Subject<dyn Payments>;

/// Makes the tests.
#[macro_export]
macro_rules! payments_contract {
    ($subject:expr) => {
        $crate::contract!(
            payments,
            $subject,
            [
                a_checkout_is_open_and_for_its_order,
                the_same_order_gives_the_same_checkout,
                money_that_never_came_cannot_go_back
            ]
        );
    };
}

/// A request for the sample order with this number.
#[must_use]
pub fn request(number: u8) -> CheckoutRequest {
    let order = samples::order(number);
    CheckoutRequest {
        order: order.id,
        amount: order.price,
        what: "Small Game".into(),
        email: order.email,
        success_url: "http://site.test/orders/key".into(),
        cancel_url: "http://site.test/orders/key/cancelled".into(),
        expires_at: order.created_at.plus(CHECKOUT_OPEN),
    }
}

pub async fn a_checkout_is_open_and_for_its_order(subject: &Payments_) {
    let checkout = subject.port.create(&request(1)).await.unwrap();
    assert!(checkout.url.contains(checkout.payment.as_str()));
    let payment = subject
        .port
        .retrieve(&checkout.payment)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (payment.id, payment.order),
        (checkout.payment, samples::order_id(1))
    );
    assert_eq!(
        (payment.status, payment.amount),
        (PaymentStatus::Open, samples::order(1).price)
    );
    assert!(!payment.refunded && !payment.disputed);
    let unknown = PaymentId::parse("cs_unknown").unwrap();
    assert_eq!(subject.port.retrieve(&unknown).await.unwrap(), None);
}

pub async fn the_same_order_gives_the_same_checkout(subject: &Payments_) {
    let first = subject.port.create(&request(1)).await.unwrap();
    let again = subject.port.create(&request(1)).await.unwrap();
    let other = subject.port.create(&request(2)).await.unwrap();
    assert_eq!(first, again);
    assert_ne!(first.payment, other.payment);
}

pub async fn money_that_never_came_cannot_go_back(subject: &Payments_) {
    let checkout = subject.port.create(&request(1)).await.unwrap();
    let payment = subject.port.retrieve(&checkout.payment).await.unwrap();
    let payment = payment.unwrap();
    assert_eq!(
        subject.port.refund(&payment).await.unwrap(),
        Refunded::NotPaid
    );
    let after = subject.port.retrieve(&payment.id).await.unwrap();
    assert_eq!(after, Some(payment));
}
