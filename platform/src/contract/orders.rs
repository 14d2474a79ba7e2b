//! The rules of [`Orders`].

use super::{Subject, documents};
use crate::clock::UnixMs;
use crate::fakes::samples;
use crate::orders::{Effect, Orders};
use crate::payments::PaymentId;
use crate::store::{Insert, Swap};

type Orders_ = Subject<dyn Orders>;

/// Makes the tests.
#[macro_export]
macro_rules! orders_contract {
    ($subject:expr) => {
        $crate::contract!(
            orders,
            $subject,
            [
                an_order_comes_back_as_it_was_written,
                number_and_key_are_unique,
                only_the_expected_revision_is_replaced,
                of_many_writers_one_wins,
                an_order_is_found_by_every_id_of_its_payment,
                orders_with_effects_come_longest_untouched_first,
                bought_orders_of_an_address_come_newest_first_in_any_case,
            ]
        );
    };
}

fn payment(text: &str) -> PaymentId {
    PaymentId::parse(text).expect("plain")
}

pub async fn an_order_comes_back_as_it_was_written(subject: &Orders_) {
    let mut order = samples::order(1);
    order.payments = vec![payment("cs_1")];
    order.effects = vec![
        Effect::CreateGame {
            game: samples::game_id(1),
        },
        Effect::Confirm,
    ];
    order.paid_at = Some(samples::NOW);
    assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    assert_eq!(
        subject.port.get(&order.id).await.unwrap().as_ref(),
        Some(&order)
    );
    assert_eq!(
        subject.port.by_key(&order.key_hash).await.unwrap().as_ref(),
        Some(&order)
    );
    assert_eq!(subject.port.get(&samples::order_id(2)).await.unwrap(), None);
    assert_eq!(
        subject
            .port
            .by_key(&samples::order(2).key_hash)
            .await
            .unwrap(),
        None
    );
}

pub async fn number_and_key_are_unique(subject: &Orders_) {
    let order = samples::order(1);
    let mut same_number = samples::order(2);
    same_number.id = order.id.clone();
    let mut same_key = samples::order(3);
    same_key.key_hash = order.key_hash;
    assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    for other in [&order, &same_number, &same_key] {
        assert_eq!(subject.port.insert(other).await.unwrap(), Insert::Exists);
    }
    assert_eq!(subject.port.get(&order.id).await.unwrap(), Some(order));
    assert_eq!(subject.port.get(&same_key.id).await.unwrap(), None);
}

pub async fn only_the_expected_revision_is_replaced(subject: &Orders_) {
    let mut order = samples::order(1);
    assert_eq!(
        subject.port.swap(&order).await.unwrap(),
        Swap::Stale,
        "it is not there yet"
    );
    assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    order.version = Some(1);
    assert_eq!(subject.port.swap(&order).await.unwrap(), Swap::Swapped);
    assert_eq!(subject.port.swap(&order).await.unwrap(), Swap::Stale);
    let stored = subject.port.get(&order.id).await.unwrap().unwrap();
    assert_eq!((stored.revision, stored.version), (2, Some(1)));
    assert_eq!(subject.port.swap(&stored).await.unwrap(), Swap::Swapped);
}

pub async fn of_many_writers_one_wins(subject: &Orders_) {
    let order = samples::order(1);
    assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    documents::one_winner((1..=16).map(|version| {
        let (port, mut order) = (subject.port.clone(), order.clone());
        order.version = Some(version);
        async move { port.swap(&order).await.unwrap() }
    }))
    .await;
    assert_eq!(
        subject.port.get(&order.id).await.unwrap().unwrap().revision,
        2
    );
}

pub async fn an_order_is_found_by_every_id_of_its_payment(subject: &Orders_) {
    let mut order = samples::order(1);
    order.payments = vec![payment("cs_1")];
    assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    assert_eq!(
        subject.port.insert(&samples::order(2)).await.unwrap(),
        Insert::Inserted
    );
    order.payments.push(payment("pi_1"));
    assert_eq!(subject.port.swap(&order).await.unwrap(), Swap::Swapped);
    for id in ["cs_1", "pi_1"] {
        let found = subject.port.by_payment(&payment(id)).await.unwrap();
        assert_eq!(found.map(|order| order.id), Some(order.id.clone()), "{id}");
    }
    assert_eq!(
        subject.port.by_payment(&payment("cs_2")).await.unwrap(),
        None
    );
}

pub async fn orders_with_effects_come_longest_untouched_first(subject: &Orders_) {
    for (number, changed_at, pending) in
        [(1, 30, true), (2, 10, true), (3, 20, false), (4, 90, true)]
    {
        let mut order = samples::order(number);
        order.changed_at = UnixMs(changed_at);
        order.effects = if pending {
            vec![Effect::Confirm]
        } else {
            Vec::new()
        };
        assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    }
    let numbers = async |before, limit| {
        let found = subject
            .port
            .with_effects(UnixMs(before), limit)
            .await
            .unwrap();
        found
            .into_iter()
            .map(|order| order.changed_at.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(90, 9).await, [10, 30]);
    assert_eq!(numbers(91, 2).await, [10, 30]);
    assert_eq!(numbers(91, 9).await, [10, 30, 90]);
    let mut done = subject
        .port
        .get(&samples::order_id(2))
        .await
        .unwrap()
        .unwrap();
    done.effects.clear();
    assert_eq!(subject.port.swap(&done).await.unwrap(), Swap::Swapped);
    assert_eq!(numbers(91, 9).await, [30, 90]);
}

pub async fn bought_orders_of_an_address_come_newest_first_in_any_case(subject: &Orders_) {
    for number in 1..=6 {
        let mut order = samples::order(number);
        if number < 6 {
            order.email = "Ada@Example.org".parse().unwrap();
        }
        // Later orders that nobody paid leave their places to those that were.
        if number != 4 && number != 5 {
            order.game = Some(samples::game_id(number));
        }
        assert_eq!(subject.port.insert(&order).await.unwrap(), Insert::Inserted);
    }
    let email = "aDA@example.ORG".parse().unwrap();
    let found = subject.port.bought_by(&email, 2).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|order| order.id).collect();
    assert_eq!(ids, [samples::order_id(3), samples::order_id(2)]);
}
