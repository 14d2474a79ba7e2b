//! A purchase from the form to the game: whatever the events' order, and however often each comes, there is at most one game,
//! one letter and one set of entries, and the order ends where the money is.

use std::collections::BTreeSet;

use latchkey_emulators::stripe::Action;
use latchkey_platform::checkout::Placed;
use latchkey_platform::clock::{Clock as _, Moment as _};
use latchkey_platform::fulfil::ReceiveError;
use latchkey_platform::ledger::{Entry, Ledger as _};
use latchkey_platform::limits::{WEBHOOK_BYTES, WEBHOOK_TOLERANCE};
use latchkey_platform::orders::{OrderState, Orders as _};
use latchkey_platform::payments::webhook::WebhookError;

use crate::shop::Shop;

/// What buyers and banks do, and where the order ends. A game is owed when the last is true; otherwise one may have been given
/// before the money went away.
const STORIES: [(&[Action], OrderState, bool); 10] = [
    (
        &[Action::Decline, Action::Expire],
        OrderState::Pending,
        false,
    ),
    (
        &[Action::PayLater, Action::BankFails],
        OrderState::Pending,
        false,
    ),
    (&[Action::Pay], OrderState::Paid, true),
    (
        &[Action::Decline, Action::Decline, Action::Pay],
        OrderState::Paid,
        true,
    ),
    (
        &[Action::PayLater, Action::BankPays],
        OrderState::Paid,
        true,
    ),
    (&[Action::Pay, Action::RefundHalf], OrderState::Paid, true),
    (&[Action::Pay, Action::Refund], OrderState::Refunded, false),
    (
        &[Action::Pay, Action::RefundHalf, Action::Refund],
        OrderState::Refunded,
        false,
    ),
    (
        &[Action::Pay, Action::Dispute, Action::CloseDispute],
        OrderState::Disputed,
        false,
    ),
    (
        &[Action::Pay, Action::Refund, Action::Dispute],
        OrderState::Disputed,
        false,
    ),
];
/// Orders of events tried for each story.
const SEEDS: u64 = 12;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).expect("24 bits") % limit
    }
}

/// Plays a story. Events are kept back, repeated and mixed, as the dice fall; at the end the last ones come.
async fn play(actions: &[Action], seed: u64) -> (Shop, Placed) {
    let shop = Shop::open().await;
    let (placed, _) = shop.world.place().await;
    let [session] = &shop.provider.sessions()[..] else {
        panic!("one order makes one checkout")
    };
    let mut dice = Dice(seed);
    let (mut told, mut due) = (0, Vec::new());
    for action in actions {
        shop.provider.act(session, *action).unwrap();
        for event in &shop.provider.events()[told..] {
            told += 1;
            for _ in 0..=dice.below(3) {
                due.push(event.body.clone());
            }
        }
        if dice.below(3) == 0 {
            let fulfilment = &shop.world.platform.fulfilment;
            fulfilment.confirm(&placed.key).await.unwrap();
        }
        for _ in 0..dice.below(4) {
            if !due.is_empty() {
                let body = due.swap_remove(dice.below(due.len()));
                shop.receive(&body).await;
            }
        }
    }
    while !due.is_empty() {
        let body = due.swap_remove(dice.below(due.len()));
        shop.receive(&body).await;
    }
    (shop, placed)
}

#[tokio::test]
async fn any_order_of_events_leads_to_where_the_money_is_and_to_one_game_at_most() {
    for (actions, state, owed) in STORIES {
        for seed in 0..SEEDS {
            let (shop, placed) = play(actions, seed).await;
            let story = format!("{actions:?} with seed {seed}");
            let order = shop.world.orders.get(&placed.order).await.unwrap().unwrap();
            assert_eq!((order.state(), order.effects.len()), (state, 0), "{story}");
            let (games, jobs) = (shop.world.games.all().len(), shop.world.queue.jobs().len());
            assert_eq!(games, jobs, "{story}: a game has its letter");
            assert!(
                games <= 1 && (games == 1 || !owed),
                "{story}: {games} games"
            );
            if state == OrderState::Pending {
                assert_eq!(games, 0, "{story}");
            }
            let entries = shop.world.ledger.of_order(&placed.order).await.unwrap();
            let keys: BTreeSet<&str> = entries.iter().map(Entry::key).collect();
            let sale = usize::from(state != OrderState::Pending);
            let refund = usize::from(actions.contains(&Action::Refund));
            assert_eq!(
                (entries.len(), keys.len()),
                (sale + refund, sale + refund),
                "{story}"
            );
        }
    }
}

#[tokio::test]
async fn events_that_are_forged_old_or_garbled_lead_to_nothing() {
    let shop = Shop::open().await;
    let (placed, _) = shop.world.place().await;
    let session = shop.provider.sessions().remove(0);
    shop.provider.act(&session, Action::Pay).unwrap();
    let completed = shop.provider.events().pop().expect("it is paid").body;
    let now = shop.world.clock.now().seconds();
    let late = now - WEBHOOK_TOLERANCE.as_secs() - 1;
    let zeros = format!("t={now},v1={}", "0".repeat(64));
    let many = [
        shop.provider.sign(&completed, now).as_str(),
        &",v1=00".repeat(9),
    ]
    .concat();
    let live = completed.replace("\"livemode\":false", "\"livemode\":true");
    let large = " ".repeat(WEBHOOK_BYTES + 1);
    for (name, header, body) in [
        ("nothing", String::new(), completed.as_str()),
        ("forged", zeros, &completed),
        ("old", shop.provider.sign(&completed, late), &completed),
        ("too many", many, &completed),
        ("of another body", shop.provider.sign("{}", now), &completed),
        ("no event", shop.provider.sign("[1]", now), "[1]"),
        ("too large", shop.provider.sign(&large, now), &large),
        ("of the live mode", shop.provider.sign(&live, now), &live),
    ] {
        let fulfilment = &shop.world.platform.fulfilment;
        let refused = fulfilment.receive(&header, body.as_bytes()).await;
        assert!(
            matches!(refused, Err(ReceiveError::Webhook(_))),
            "{name}: {refused:?}"
        );
        if name == "of the live mode" {
            let said = refused.unwrap_err();
            assert!(
                matches!(said, ReceiveError::Webhook(WebhookError::Mode { .. })),
                "{said}"
            );
        }
    }
    let order = shop.world.orders.get(&placed.order).await.unwrap().unwrap();
    assert_eq!(order.state(), OrderState::Pending);
    shop.receive(&completed).await;
    assert_eq!(shop.world.games.all().len(), 1);
}

#[tokio::test]
async fn what_an_event_says_is_not_believed_before_stripe_was_asked() {
    let shop = Shop::open().await;
    let (placed, _) = shop.world.place().await;
    let session = shop.provider.sessions().remove(0);
    shop.provider.act(&session, Action::Pay).unwrap();
    let paid = shop.provider.events().pop().expect("it is paid").body;
    // The same event about a checkout that nobody paid.
    let (other, _) = shop.world.place().await;
    let open = shop.provider.sessions().remove(1);
    let lie = paid
        .replace(&session, &open)
        .replace(placed.order.as_str(), other.order.as_str());
    shop.receive(&lie).await;
    let order = shop.world.orders.get(&other.order).await.unwrap().unwrap();
    assert_eq!(order.state(), OrderState::Pending);
    assert!(shop.world.games.all().is_empty());
}
