//! Exactly one game, one e-mail job and one set of ledger entries, whatever is repeated, late or cut off.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::checkout::Placed;
use crate::fakes::{World, samples};
use crate::games::Game;
use crate::ledger::{self, Ledger as _};
use crate::limits::SWEEP_AFTER;
use crate::money::Currency;
use crate::orders::Effect;
use crate::orders::OrderState;
use crate::payments::Mode;
use crate::queue::Job;
use crate::store::Insert;

/// A world in which somebody has paid and nobody has been told.
async fn paid() -> (World, Placed, PaymentId) {
    let world = World::default();
    let (placed, payment) = world.place().await;
    world.payments.pay(&payment);
    (world, placed, payment)
}

/// Asserts that the order has led to exactly what it must, and gives its game.
async fn assert_fulfilled_once(world: &World, order: &OrderId) -> Game {
    let order = world.orders.get(order).await.unwrap().unwrap();
    assert_eq!(order.effects, []);
    let [game] = world.games.all().try_into().expect("exactly one game");
    assert_eq!(Some(game.id), order.game);
    assert_eq!(order.pinned().as_ref(), Some(&game.title));
    let entries = world.ledger.of_order(&order.id).await.unwrap();
    let keys: BTreeSet<&str> = entries.iter().map(ledger::Entry::key).collect();
    assert_eq!((entries.len(), keys.len()), (1, 1));
    assert_eq!(world.queue.jobs(), [Job::Confirm { order: order.id }]);
    game
}

#[tokio::test]
async fn webhook_and_thank_you_page_lead_to_one_game_in_either_order() {
    for webhook_first in [true, false] {
        let (world, placed, payment) = paid().await;
        let fulfilment = &world.platform.fulfilment;
        let (signature, body) = world.event("checkout.session.completed", &payment);
        if webhook_first {
            fulfilment.receive(&signature, &body).await.unwrap();
        }
        let order = fulfilment.confirm(&placed.key).await.unwrap().unwrap();
        assert_eq!(order.state(), OrderState::Paid);
        fulfilment.receive(&signature, &body).await.unwrap();
        fulfilment.receive(&signature, &body).await.unwrap();
        let game = assert_fulfilled_once(&world, &placed.order).await;
        let opened = world.platform.launch.link_token(&game).unwrap();
        assert_eq!(
            world.platform.launch.open(&opened).await.unwrap().id,
            game.id
        );
    }
}

#[tokio::test]
async fn an_unpaid_order_stays_pending_and_may_still_be_paid() {
    let world = World::default();
    let (placed, payment) = world.place().await;
    let order = world
        .platform
        .fulfilment
        .confirm(&placed.key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((order.state(), order.game), (OrderState::Pending, None));
    world
        .payments
        .change(&payment, |payment| payment.status = PaymentStatus::Expired);
    let order = world.platform.fulfilment.fulfil(&payment).await.unwrap();
    assert_eq!(order.state(), OrderState::Pending);
    world.payments.pay(&payment);
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    assert_fulfilled_once(&world, &placed.order).await;
}

#[tokio::test]
async fn a_crash_at_any_step_is_finished_by_the_sweep_alone_once_the_order_is_paid() {
    let mut died = 0;
    for k in 0.. {
        let (world, placed, payment) = paid().await;
        world.faults.die_at(k);
        let result = world.platform.fulfilment.fulfil(&payment).await;
        if !world.faults.revive() {
            assert!(result.is_ok(), "{result:?}");
            assert_fulfilled_once(&world, &placed.order).await;
            break;
        }
        died += 1;
        world.clock.advance(SWEEP_AFTER * 2);
        let order = world.orders.get(&placed.order).await.unwrap().unwrap();
        if order.state() == OrderState::Pending {
            // Nothing is written yet: the provider tells again, because the webhook failed.
            assert!(world.games.all().is_empty());
            world.platform.fulfilment.fulfil(&payment).await.unwrap();
        } else {
            let swept = world.platform.fulfilment.effects.sweep().await.unwrap();
            assert!(swept.failed.is_empty(), "step {k}: {swept:?}");
        }
        assert_fulfilled_once(&world, &placed.order).await;
    }
    assert!(died > 20, "only {died} steps were tried");
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_repair_is_repaired_too() {
    for first in [9, 13, 17, 21] {
        for k in 0.. {
            let (world, placed, payment) = paid().await;
            world.faults.die_at(first);
            let _ = world.platform.fulfilment.fulfil(&payment).await;
            assert!(world.faults.revive());
            world.clock.advance(SWEEP_AFTER * 2);
            world.faults.die_at(k);
            let _ = world.platform.fulfilment.effects.sweep().await;
            let _ = world.platform.fulfilment.fulfil(&payment).await;
            let done = !world.faults.revive();
            world.clock.advance(SWEEP_AFTER * 2);
            world.platform.fulfilment.fulfil(&payment).await.unwrap();
            world.platform.fulfilment.effects.sweep().await.unwrap();
            assert_fulfilled_once(&world, &placed.order).await;
            if done {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_the_same_time_lead_to_one_game() {
    for _ in 0..20 {
        let (world, placed, payment) = paid().await;
        let world = Arc::new(world);
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let (world, payment, key) = (world.clone(), payment.clone(), placed.key.clone());
            tasks.spawn(async move {
                let fulfilment = &world.platform.fulfilment;
                match task % 4 {
                    0 => fulfilment.confirm(&key).await.map(|_| ()).unwrap(),
                    1 => {
                        world.clock.advance(SWEEP_AFTER);
                        fulfilment.effects.sweep().await.map(|_| ()).unwrap();
                    }
                    _ => fulfilment.fulfil(&payment).await.map(|_| ()).unwrap(),
                }
            });
        }
        tasks.join_all().await;
        assert_fulfilled_once(&world, &placed.order).await;
    }
}

#[tokio::test]
async fn another_amount_or_currency_is_never_fulfilled_and_says_so() {
    let yen = Currency::parse("JPY").unwrap();
    let wrong = [
        (1989, Currency::EUR),
        (1991, Currency::EUR),
        (0, Currency::EUR),
        (1990, yen),
    ];
    for (minor, currency) in wrong {
        let (world, placed, payment) = paid().await;
        let amount = Money::new(minor, currency).unwrap();
        world
            .payments
            .change(&payment, |payment| payment.amount = amount);
        let error = world
            .platform
            .fulfilment
            .fulfil(&payment)
            .await
            .unwrap_err();
        assert!(error.needs_a_person(), "{error}");
        assert!(error.to_string().contains(&amount.to_string()), "{error}");
        let order = world.orders.get(&placed.order).await.unwrap().unwrap();
        assert_eq!((order.state(), order.revision), (OrderState::Pending, 2));
        assert!(world.games.all().is_empty() && world.queue.jobs().is_empty());
    }
}

#[tokio::test]
async fn events_without_the_right_signature_do_nothing() {
    let (world, placed, payment) = paid().await;
    let (_, body) = world.event("checkout.session.completed", &payment);
    let forged = WebhookSecret::new("guess", Mode::Test).sign(&body, world.clock.now());
    let refused = world.platform.fulfilment.receive(&forged, &body).await;
    assert!(
        matches!(refused, Err(ReceiveError::Webhook(WebhookError::Forged))),
        "{refused:?}"
    );
    let order = world.orders.get(&placed.order).await.unwrap().unwrap();
    assert_eq!(order.state(), OrderState::Pending);
}

#[tokio::test]
async fn a_signed_event_cannot_claim_what_the_provider_does_not_confirm() {
    let world = World::default();
    let (placed, payment) = world.place().await;
    let (signature, body) = world.event("checkout.session.completed", &payment);
    let order = world
        .platform
        .fulfilment
        .receive(&signature, &body)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((order.id, order.game), (placed.order, None));
}

#[tokio::test]
async fn a_refund_before_the_payment_was_heard_of_gives_no_game() {
    let (world, placed, payment) = paid().await;
    world
        .payments
        .change(&payment, |payment| payment.refunded = true);
    let order = world.platform.fulfilment.fulfil(&payment).await.unwrap();
    assert_eq!((order.state(), order.game), (OrderState::Refunded, None));
    let entries = world.ledger.of_order(&placed.order).await.unwrap();
    assert_eq!(entries.len(), 2);
    let receivable: i64 = entries
        .iter()
        .map(|entry| entry.lines()[0].amount.minor())
        .sum();
    assert_eq!(receivable, 0);
    assert!(world.games.all().is_empty() && world.queue.jobs().is_empty());
}

#[tokio::test]
async fn a_refund_and_a_dispute_after_the_sale_are_found_by_the_payment_behind_the_checkout() {
    let (world, placed, payment) = paid().await;
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    world
        .payments
        .change(&payment, |payment| payment.refunded = true);
    let intent = PaymentId::parse(&format!("pi_{}", placed.order)).unwrap();
    let (signature, body) = world.event("charge.refunded", &intent);
    let order = world
        .platform
        .fulfilment
        .receive(&signature, &body)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(order.state(), OrderState::Refunded);
    assert_eq!(
        world.orders.by_payment(&intent).await.unwrap().unwrap().id,
        placed.order
    );
    world
        .payments
        .change(&payment, |payment| payment.disputed = true);
    let order = world.platform.fulfilment.fulfil(&intent).await.unwrap();
    assert_eq!(order.state(), OrderState::Disputed);
    assert_eq!(world.ledger.of_order(&placed.order).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_version_is_the_newest_when_the_money_comes_and_stays_when_a_newer_one_does() {
    let (world, placed, payment) = paid().await;
    world.publish("2").await;
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    world.publish("3").await;
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    let game = assert_fulfilled_once(&world, &placed.order).await;
    assert_eq!(game.title, samples::small_game(2));
}

#[tokio::test]
async fn orders_that_always_fail_do_not_keep_the_sweep_from_the_others() {
    let (world, placed, payment) = paid().await;
    let mut broken = samples::order(9);
    (broken.changed_at, broken.effects) = (
        crate::clock::UnixMs(0),
        vec![Effect::CreateGame {
            game: samples::game_id(9),
        }],
    );
    assert_eq!(
        world.orders.insert(&broken).await.unwrap(),
        Insert::Inserted
    );
    world.faults.die_at(9);
    let _ = world.platform.fulfilment.fulfil(&payment).await;
    assert!(world.faults.revive());
    world.clock.advance(SWEEP_AFTER * 2);
    let swept = world.platform.fulfilment.effects.sweep().await.unwrap();
    assert_eq!((swept.finished, swept.failed.len()), (1, 1));
    assert_fulfilled_once(&world, &placed.order).await;
    // The broken one waits its turn instead of being first for ever.
    assert!(
        world
            .platform
            .fulfilment
            .effects
            .sweep()
            .await
            .unwrap()
            .failed
            .is_empty()
    );
}

#[tokio::test]
async fn a_sale_in_the_ledger_is_price_revenue_and_tax() {
    let (world, placed, payment) = paid().await;
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    let entries = world.ledger.of_order(&placed.order).await.unwrap();
    let amounts: Vec<i64> = entries[0]
        .lines()
        .iter()
        .map(|line| line.amount.minor())
        .collect();
    assert_eq!(amounts, [1990, -1672, -318]);
}

#[tokio::test]
async fn an_event_of_another_shop_with_the_same_provider_is_left_alone() {
    let world = World::default();
    let foreign = PaymentId::parse("pi_of_another_shop").unwrap();
    let (signature, body) = world.event("charge.refunded", &foreign);
    let received = world.platform.fulfilment.receive(&signature, &body).await;
    assert_eq!(received.unwrap(), None);
}
