//! The table, cell by cell, and what must hold for any sequence of facts.

use proptest::prelude::*;

use super::*;
use crate::fakes::samples;

const EVENTS: [Event; 5] = [
    Event::Paid,
    Event::Failed,
    Event::Expired,
    Event::Refunded,
    Event::Disputed,
];

fn pins() -> Pins {
    Pins {
        version: 3,
        game: samples::game_id(1),
    }
}

fn after(events: &[Event]) -> Order {
    let mut order = samples::order(1);
    for (at, event) in events.iter().enumerate() {
        let _ = order.apply(*event, pins(), UnixMs(at as u64));
    }
    order
}

/// What an order has done or still does: whether it gave a game, and its ledger entries.
fn consequences(order: &Order) -> (OrderState, bool, bool) {
    let has = |effect: &Effect| order.effects.contains(effect);
    (
        order.state(),
        has(&Effect::PostSale),
        has(&Effect::PostRefund),
    )
}

#[test]
fn the_table_holds_cell_by_cell() {
    use Event::{Disputed, Expired, Failed, Paid, Refunded};
    use OrderState as S;
    let cells: &[(&[Event], S, &str)] = &[
        (&[], S::Pending, ""),
        (&[Failed], S::Pending, ""),
        (&[Expired], S::Pending, ""),
        (&[Paid], S::Paid, "game sale confirm"),
        (&[Expired, Failed, Paid], S::Paid, "game sale confirm"),
        (&[Paid, Paid, Failed, Expired], S::Paid, "game sale confirm"),
        (&[Refunded], S::Refunded, "sale refund"),
        (&[Refunded, Paid], S::Refunded, "sale refund"),
        (&[Disputed], S::Disputed, "sale"),
        (&[Disputed, Paid], S::Disputed, "sale"),
        (&[Paid, Refunded], S::Refunded, "game sale confirm refund"),
        (
            &[Paid, Refunded, Refunded],
            S::Refunded,
            "game sale confirm refund",
        ),
        (&[Paid, Disputed], S::Disputed, "game sale confirm"),
        (
            &[Paid, Refunded, Disputed],
            S::Disputed,
            "game sale confirm refund",
        ),
        (
            &[Paid, Disputed, Refunded, Refunded],
            S::Disputed,
            "game sale confirm refund",
        ),
    ];
    for (events, state, effects) in cells {
        let order = after(events);
        let name = |effect: &Effect| effect.key(&order.id).split(':').next().unwrap().to_owned();
        let named: Vec<String> = order.effects.iter().map(name).collect();
        assert_eq!(
            (order.state(), named.join(" ").as_str()),
            (*state, *effects),
            "{events:?}"
        );
    }
}

#[test]
fn what_is_pinned_is_pinned_once() {
    let mut order = after(&[Event::Paid]);
    let later = Pins {
        version: 9,
        game: samples::game_id(9),
    };
    assert_eq!(order.apply(Event::Paid, later, UnixMs(9)), Applied::Nothing);
    assert_eq!(
        (order.version, order.game),
        (Some(3), Some(samples::game_id(1)))
    );
}

#[test]
fn an_order_number_is_read_aloud_in_groups() {
    assert_eq!(samples::order_id(1).shown(), "LK-1000-0000-0000-0000");
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(prop::sample::select(EVENTS.to_vec()), 0..8)
}

proptest! {
    #[test]
    fn the_end_does_not_depend_on_the_order_or_number_of_deliveries(
        (events, shuffled) in events().prop_flat_map(|events| {
            (Just(events.clone()), Just(events).prop_shuffle())
        }),
        again in 0..8_usize,
    ) {
        let mut repeated = shuffled.clone();
        repeated.extend(shuffled.iter().take(again));
        prop_assert_eq!(consequences(&after(&events)), consequences(&after(&repeated)));
    }

    #[test]
    fn no_effect_ever_comes_twice_and_a_change_is_told(events in events()) {
        let order = after(&events);
        for effect in &order.effects {
            prop_assert_eq!(order.effects.iter().filter(|other| *other == effect).count(), 1);
        }
        for event in EVENTS {
            let mut next = order.clone();
            let applied = next.apply(event, pins(), order.changed_at);
            prop_assert_eq!(applied == Applied::Nothing, next == order);
        }
    }
}
