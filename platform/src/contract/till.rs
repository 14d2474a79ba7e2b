//! The rules of [`TestTill`], which is a payment provider at the same time.

use std::time::Duration;

use super::{Subject, payments::request};
use crate::clock::UnixMs;
use crate::fakes::ManualClock;
use crate::payments::webhook::{EventKind, WebhookSecret};
use crate::payments::{PaymentId, PaymentStatus, Payments, Refunded};
use crate::till::{TestTill, TillAction, TillDelivery, TillEvent};

/// A till, the same till as a payment provider, and what it signs with.
pub struct Till {
    /// The till.
    pub till: std::sync::Arc<dyn TestTill>,
    /// The same as a provider.
    pub payments: std::sync::Arc<dyn Payments>,
    /// What it signs with.
    pub secret: WebhookSecret,
    /// The time it goes by.
    pub clock: std::sync::Arc<ManualClock>,
}

type Till_ = Subject<Till>;

/// Makes the tests.
#[macro_export]
macro_rules! till_contract {
    ($subject:expr) => {
        $crate::contract!(
            till,
            $subject,
            [
                paying_moves_the_payment_and_posts_a_signed_event,
                an_event_can_come_twice_and_late,
                an_event_the_site_did_not_take_is_posted_again_later,
                a_declined_payment_can_still_be_made_and_an_abandoned_one_not,
                money_goes_back_only_after_it_came,
                the_provider_gives_money_back_once,
            ]
        );
    };
}

const AT_ONCE: TillDelivery = TillDelivery {
    twice: false,
    late: false,
};

async fn payment(subject: &Till_) -> PaymentId {
    subject
        .port
        .payments
        .create(&request(1))
        .await
        .unwrap()
        .payment
}

async fn act(subject: &Till_, payment: &PaymentId, action: TillAction) -> PaymentStatus {
    let page = subject
        .port
        .till
        .act(payment, action, AT_ONCE)
        .await
        .unwrap();
    page.expect("the payment exists").status
}

async fn due(subject: &Till_) -> Vec<TillEvent> {
    subject.port.till.due(10).await.unwrap()
}

async fn taken(subject: &Till_, events: &[TillEvent]) {
    for event in events {
        subject.port.till.posted(&event.id, true).await.unwrap();
    }
}

fn now(subject: &Till_) -> UnixMs {
    crate::clock::Clock::now(&*subject.port.clock)
}

fn kind(subject: &Till_, event: &TillEvent) -> EventKind {
    subject
        .port
        .secret
        .open(&event.signature, &event.body, now(subject))
        .unwrap()
        .kind
}

pub async fn paying_moves_the_payment_and_posts_a_signed_event(subject: &Till_) {
    let id = payment(subject).await;
    let page = subject.port.till.page(&id).await.unwrap().unwrap();
    assert_eq!(
        (page.status, page.what.as_str()),
        (PaymentStatus::Open, "Small Game")
    );
    assert_eq!(due(subject).await, []);
    assert_eq!(
        act(subject, &id, TillAction::Pay).await,
        PaymentStatus::Paid
    );
    let stored = subject.port.payments.retrieve(&id).await.unwrap().unwrap();
    assert_eq!(stored.status, PaymentStatus::Paid);
    let intent = stored
        .intent
        .clone()
        .expect("a paid checkout has a payment behind it");
    assert_eq!(
        subject.port.payments.retrieve(&intent).await.unwrap(),
        Some(stored)
    );
    let events = due(subject).await;
    let [event] = events.as_slice() else {
        panic!("{} events", events.len())
    };
    assert_eq!(kind(subject, event), EventKind::Completed);
    let read = subject
        .port
        .secret
        .open(&event.signature, &event.body, now(subject))
        .unwrap();
    assert_eq!(
        (read.payment, read.order),
        (Some(id.clone()), Some(page_order()))
    );
    taken(subject, &events).await;
    assert_eq!(due(subject).await, []);
    assert_eq!(
        act(subject, &id, TillAction::Pay).await,
        PaymentStatus::Paid
    );
    assert_eq!(due(subject).await, [], "paying twice is paying once");
}

fn page_order() -> crate::orders::OrderId {
    crate::fakes::samples::order_id(1)
}

pub async fn an_event_can_come_twice_and_late(subject: &Till_) {
    let id = payment(subject).await;
    let delivery = TillDelivery {
        twice: true,
        late: true,
    };
    subject
        .port
        .till
        .act(&id, TillAction::Pay, delivery)
        .await
        .unwrap();
    assert_eq!(due(subject).await, []);
    subject.time.pass(Duration::from_secs(60)).await;
    let events = due(subject).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].body, events[1].body);
    assert_ne!(events[0].id, events[1].id);
    assert_eq!(
        kind(subject, &events[0]),
        EventKind::Completed,
        "it is signed when it is posted"
    );
}

pub async fn an_event_the_site_did_not_take_is_posted_again_later(subject: &Till_) {
    let id = payment(subject).await;
    act(subject, &id, TillAction::Pay).await;
    for _ in 0..3 {
        let events = due(subject).await;
        assert_eq!(events.len(), 1);
        assert_eq!(kind(subject, &events[0]), EventKind::Completed);
        subject
            .port
            .till
            .posted(&events[0].id, false)
            .await
            .unwrap();
        assert_eq!(due(subject).await, [], "not at once");
        subject.time.pass(Duration::from_secs(3600)).await;
    }
}

pub async fn a_declined_payment_can_still_be_made_and_an_abandoned_one_not(subject: &Till_) {
    let id = payment(subject).await;
    assert_eq!(
        act(subject, &id, TillAction::Decline).await,
        PaymentStatus::Open
    );
    assert_eq!(
        subject.port.till.page(&id).await.unwrap().unwrap().declined,
        1
    );
    assert_eq!(kind(subject, &due(subject).await[0]), EventKind::Failed);
    assert_eq!(
        act(subject, &id, TillAction::Abandon).await,
        PaymentStatus::Expired
    );
    let kinds: Vec<_> = due(subject)
        .await
        .iter()
        .map(|event| kind(subject, event))
        .collect();
    assert_eq!(kinds, [EventKind::Failed, EventKind::Expired]);
    assert_eq!(
        act(subject, &id, TillAction::Pay).await,
        PaymentStatus::Expired
    );
    assert_eq!(due(subject).await.len(), 2);
    let unknown = PaymentId::parse("cs_unknown").unwrap();
    let acted = subject
        .port
        .till
        .act(&unknown, TillAction::Pay, AT_ONCE)
        .await
        .unwrap();
    assert_eq!(acted, None);
}

pub async fn money_goes_back_only_after_it_came(subject: &Till_) {
    let id = payment(subject).await;
    act(subject, &id, TillAction::Refund).await;
    assert_eq!(due(subject).await, []);
    act(subject, &id, TillAction::Pay).await;
    act(subject, &id, TillAction::Refund).await;
    act(subject, &id, TillAction::Dispute).await;
    let payment = subject.port.payments.retrieve(&id).await.unwrap().unwrap();
    assert!(payment.refunded && payment.disputed);
    let kinds: Vec<_> = due(subject)
        .await
        .iter()
        .map(|event| kind(subject, event))
        .collect();
    assert_eq!(
        kinds,
        [
            EventKind::Completed,
            EventKind::Refunded,
            EventKind::Disputed
        ]
    );
}

pub async fn the_provider_gives_money_back_once(subject: &Till_) {
    let id = payment(subject).await;
    act(subject, &id, TillAction::Pay).await;
    for _ in 0..2 {
        let paid = subject.port.payments.retrieve(&id).await.unwrap().unwrap();
        let refunded = subject.port.payments.refund(&paid).await.unwrap();
        assert_eq!(refunded, Refunded::All);
    }
    let paid = subject.port.payments.retrieve(&id).await.unwrap().unwrap();
    assert!(paid.refunded);
    let kinds: Vec<_> = due(subject)
        .await
        .iter()
        .map(|event| kind(subject, event))
        .collect();
    assert_eq!(kinds, [EventKind::Completed, EventKind::Refunded]);
}
