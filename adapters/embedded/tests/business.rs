//! The business over the embedded adapters: purchases at the test till, many at once and across restarts.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test stops it as the test itself would"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey_embedded::Embedded;
use latchkey_platform::checkout::{OrderForm, Placed};
use latchkey_platform::fakes::{FakePlacement, ManualClock, samples};
use latchkey_platform::games::Games as _;
use latchkey_platform::ledger::Ledger as _;
use latchkey_platform::orders::{Effect, Order, OrderState, Orders as _};
use latchkey_platform::payments::PaymentId;
use latchkey_platform::queue::{Job, Pulled as _, Queue as _, QueueName};
use latchkey_platform::store::Swap;
use latchkey_platform::till::{TestTill as _, TillAction, TillDelivery};
use latchkey_platform::{Platform, titles};

/// One start of the platform on a folder.
struct Start {
    embedded: Embedded,
    platform: Platform,
    clock: Arc<ManualClock>,
}

fn start(folder: &Path) -> Start {
    let clock = Arc::new(ManualClock::default());
    let entropy = Arc::new(latchkey_embedded::machine::OsEntropy);
    let site = "http://site.test".parse().unwrap();
    let embedded = Embedded::open_with(folder, site, clock.clone(), entropy).unwrap();
    let platform = embedded.platform(Arc::new(FakePlacement));
    Start {
        embedded,
        platform,
        clock,
    }
}

impl Start {
    async fn place(&self) -> (Placed, PaymentId) {
        titles::publish(&*self.embedded.titles, &samples::bundle("1"), samples::NOW)
            .await
            .unwrap();
        let form = OrderForm {
            email: "ada@example.org".into(),
            country: "JP".into(),
            terms: true,
        };
        let placed = self
            .platform
            .checkouts
            .place(&samples::small_game(1).slug, &form)
            .await;
        let placed = placed.unwrap();
        let payment = placed.pay_at.rsplit('/').next().unwrap();
        let payment = PaymentId::parse(payment).unwrap();
        (placed, payment)
    }

    /// Posts what the till has to say, as the wiring does.
    async fn post_events(&self) -> usize {
        let events = self.embedded.till.due(10).await.unwrap();
        for event in &events {
            let taken = self
                .platform
                .fulfilment
                .receive(&event.signature, &event.body)
                .await;
            self.embedded
                .till
                .posted(&event.id, taken.is_ok())
                .await
                .unwrap();
        }
        events.len()
    }

    /// Asserts that the order led to one game, one entry and one job, and gives the order.
    async fn assert_fulfilled_once(&self, placed: &Placed) -> Order {
        let order = self
            .embedded
            .orders
            .get(&placed.order)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((order.state(), order.effects.len()), (OrderState::Paid, 0));
        let game = self
            .embedded
            .games
            .get(order.game.unwrap())
            .await
            .unwrap()
            .unwrap();
        let link = self.platform.launch.link_token(&game).unwrap();
        assert_eq!(self.platform.launch.open(&link).await.unwrap(), game);
        assert_eq!(
            self.embedded
                .ledger
                .of_order(&order.id)
                .await
                .unwrap()
                .len(),
            1
        );
        let receive = || {
            self.embedded
                .queue
                .receive(QueueName::Mail, Duration::from_secs(60))
        };
        let delivery = receive().await.unwrap().expect("one job is queued");
        assert_eq!(
            delivery.job,
            Job::Confirm {
                order: order.id.clone()
            }
        );
        assert_eq!(receive().await.unwrap(), None);
        let back = self
            .embedded
            .queue
            .retry(&delivery, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(back, Swap::Swapped);
        order
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn webhooks_that_come_twice_and_a_buyer_who_asks_meanwhile_get_one_game() {
    let folder = tempfile::tempdir().unwrap();
    let start = Arc::new(start(folder.path()));
    let (placed, payment) = start.place().await;
    let twice = TillDelivery {
        twice: true,
        late: false,
    };
    start
        .embedded
        .till
        .act(&payment, TillAction::Pay, twice)
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..9 {
        let (start, placed) = (start.clone(), placed.clone());
        tasks.spawn(async move {
            match task % 3 {
                0 => drop(start.post_events().await),
                1 => drop(
                    start
                        .platform
                        .fulfilment
                        .confirm(&placed.key)
                        .await
                        .unwrap(),
                ),
                _ => drop(start.platform.fulfilment.effects.sweep().await.unwrap()),
            }
        });
    }
    tasks.join_all().await;
    start.assert_fulfilled_once(&placed).await;
    assert_eq!(start.post_events().await, 0);
}

#[tokio::test]
async fn effects_a_stopped_process_left_are_carried_out_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (placed, game) = {
        let first = start(folder.path());
        let (placed, payment) = first.place().await;
        first
            .embedded
            .till
            .act(&payment, TillAction::Pay, TillDelivery::default())
            .await
            .unwrap();
        first.platform.fulfilment.fulfil(&payment).await.unwrap();
        let order = first.assert_fulfilled_once(&placed).await;
        // As it stands when the process stops after carrying out an effect and before removing it.
        let mut stopped = order.clone();
        let game = order.game.unwrap();
        stopped.effects = vec![
            Effect::CreateGame { game },
            Effect::PostSale,
            Effect::Confirm,
        ];
        assert_eq!(
            first.embedded.orders.swap(&stopped).await.unwrap(),
            Swap::Swapped
        );
        (placed, game)
    };
    let second = start(folder.path());
    second.clock.advance(Duration::from_secs(60));
    let swept = second.platform.fulfilment.effects.sweep().await.unwrap();
    assert_eq!((swept.finished, swept.failed.len()), (1, 0));
    assert_eq!(second.assert_fulfilled_once(&placed).await.game, Some(game));
}

#[tokio::test]
async fn an_event_the_site_could_not_take_comes_again_and_a_late_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let start = start(folder.path());
    let (placed, payment) = start.place().await;
    let late = TillDelivery {
        twice: false,
        late: true,
    };
    start
        .embedded
        .till
        .act(&payment, TillAction::Pay, late)
        .await
        .unwrap();
    assert_eq!(start.post_events().await, 0);
    start
        .platform
        .fulfilment
        .confirm(&placed.key)
        .await
        .unwrap();
    start.assert_fulfilled_once(&placed).await;
    start.clock.advance(Duration::from_secs(60));
    let [event] = start
        .embedded
        .till
        .due(10)
        .await
        .unwrap()
        .try_into()
        .expect("one event");
    start.embedded.till.posted(&event.id, false).await.unwrap();
    start.clock.advance(Duration::from_secs(60));
    assert_eq!(start.post_events().await, 1);
    assert_eq!(start.post_events().await, 0);
    start.assert_fulfilled_once(&placed).await;
}

#[tokio::test]
async fn a_queued_job_of_another_version_does_not_block_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let start = start(folder.path());
    let job = Job::Confirm {
        order: samples::order_id(1),
    };
    let odd = "INSERT INTO jobs (key, queue, body, due, attempt) VALUES ('x', 'mail', '{}', 0, 0)";
    let write = start
        .embedded
        .database
        .write(move |transaction| Ok(transaction.execute(odd, [])?));
    assert_eq!(write.await.unwrap(), 1);
    start.embedded.queue.send(&job).await.unwrap();
    let hidden = Duration::from_secs(60);
    let delivery = start
        .embedded
        .queue
        .receive(QueueName::Mail, hidden)
        .await
        .unwrap();
    assert_eq!(delivery.unwrap().job, job);
    assert_eq!(
        start
            .embedded
            .queue
            .receive(QueueName::Mail, hidden)
            .await
            .unwrap(),
        None
    );
}
