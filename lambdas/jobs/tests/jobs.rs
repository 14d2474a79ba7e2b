//! The jobs over the platform's doubles: each mail once whatever dies when, stats from the archive alone, and what the
//! worker makes of failures.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::Arc;
use std::time::Duration;

use latchkey_jobs::worker::{Step, Worker};
use latchkey_jobs::{Handlers, Letters, Results, feedback};
use latchkey_platform::clock::Clock as _;
use latchkey_platform::fakes::{World, samples};
use latchkey_platform::games::Games as _;
use latchkey_platform::limits::{JOB_ATTEMPTS, JOB_BACKOFF_MAX, JOB_VISIBILITY};
use latchkey_platform::links::Links;
use latchkey_platform::mail::{
    AddressHash, Fate, Feedback, MailError, MessageKey, SendOnce, Stops as _,
};
use latchkey_platform::orders::{Order, Orders as _};
use latchkey_platform::queue::{DeadLetters as _, Job, Pulled as _, Queue as _, QueueName};
use latchkey_platform::stats::{Outcome, StatsStore as _};
use latchkey_platform::tokens::DerivingKey;
use latchkey_protocol::{GameId, Kind, Record, Seq};
use serde_json::json;

fn worker(world: &World, name: QueueName) -> Worker {
    let results = Results {
        games: world.games.clone(),
        history: world.history.clone(),
        stats: world.stats.clone(),
        clock: world.clock.clone(),
    };
    let letters = Letters {
        orders: world.orders.clone(),
        games: world.games.clone(),
        titles: world.titles.clone(),
        mail: SendOnce {
            sends: world.sends.clone(),
            stops: world.stops.clone(),
            mailer: world.mailer.clone(),
            clock: world.clock.clone(),
            alone_since: latchkey_protocol::UnixMs(0),
        },
        links: Links::new(DerivingKey::new([3; 32]), world.platform.site.clone()),
    };
    Worker {
        queue: world.queue.clone(),
        name,
        handlers: Handlers {
            letters: Some(letters),
            results: Some(results),
        },
    }
}

/// A bought game, whose purchase e-mail is queued and not sent.
async fn bought(world: &World) -> Order {
    let (placed, payment) = world.place().await;
    world.payments.pay(&payment);
    world.platform.fulfilment.fulfil(&payment).await.unwrap();
    world.orders.get(&placed.order).await.unwrap().unwrap()
}

/// Works until nothing is left to do, however long the waits are. Bounded.
async fn drain(world: &World, name: QueueName) -> Vec<Step> {
    let worker = worker(world, name);
    let mut steps = Vec::new();
    for _ in 0..4 * JOB_ATTEMPTS {
        match worker.step().await.unwrap() {
            Step::Idle => world
                .clock
                .advance(JOB_VISIBILITY + Duration::from_secs(61)),
            step => steps.push(step),
        }
    }
    steps
}

#[tokio::test]
async fn the_purchase_e_mail_holds_the_link_and_the_receipt_in_text_and_html() {
    let world = World::default();
    let order = bought(&world).await;
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    let [email] = &world.mailer.sent()[..] else {
        panic!("{:?}", world.mailer.sent())
    };
    let link = world.platform.launch.link(&world.games.all()[0]).unwrap();
    assert_eq!(email.to, order.email);
    for part in [
        link,
        order.id.shown(),
        order.price.shown(),
        order.tax.inside(order.price).shown(),
    ] {
        assert!(
            email.text.contains(&part) && email.html.contains(&part),
            "{part} is missing in {}",
            email.text
        );
    }
    assert!(!email.subject.contains(['\n', '{']) && !email.html.contains("{t"));
}

#[tokio::test]
async fn a_crash_at_any_step_of_sending_ends_in_one_e_mail() {
    let mut died = 0;
    for k in 0.. {
        let world = World::default();
        bought(&world).await;
        world.faults.die_at(k);
        let step = worker(&world, QueueName::Mail).step().await;
        let dead = world.faults.revive();
        drain(&world, QueueName::Mail).await;
        assert_eq!(world.mailer.sent().len(), 1, "died at {k}: {step:?}");
        assert_eq!(
            world.queue.dead_letters(QueueName::Mail).await.unwrap(),
            [],
            "died at {k}"
        );
        if !dead {
            break;
        }
        died += 1;
    }
    assert!(died > 15, "only {died} steps were tried");
}

#[tokio::test]
async fn a_job_delivered_again_sends_nothing_again() {
    let world = World::default();
    let order = bought(&world).await;
    drain(&world, QueueName::Mail).await;
    world
        .queue
        .send(&Job::Confirm { order: order.id })
        .await
        .unwrap();
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert_eq!(world.mailer.sent().len(), 1);
}

/// What a mailer tells of a letter to this order's buyer.
async fn told(world: &World, order: &Order, fate: Fate) {
    let told = Feedback {
        fate,
        to: vec![AddressHash::of(&order.email)],
        message: None,
    };
    feedback::take(&*world.stops, &told).await.unwrap();
}

#[tokio::test]
async fn an_address_that_mail_comes_back_from_gets_no_letter_and_no_dead_letter_either() {
    let world = World::default();
    let order = bought(&world).await;
    told(&world, &order, Fate::Bounced).await;
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert!(world.mailer.sent().is_empty());
    let address = AddressHash::of(&order.email);
    assert!(world.stops.stopped(&address).await.unwrap().is_some());
}

#[tokio::test]
async fn who_complained_still_gets_what_was_paid_for_and_nothing_else() {
    let world = World::default();
    let order = bought(&world).await;
    told(&world, &order, Fate::Complained).await;
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert_eq!(world.mailer.sent().len(), 1);
    let job = Job::Resend {
        request: "r1".into(),
        email: order.email.clone(),
    };
    world.queue.send(&job).await.unwrap();
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_letter_that_came_back_this_once_stops_nothing() {
    let world = World::default();
    let order = bought(&world).await;
    told(&world, &order, Fate::Delayed).await;
    drain(&world, QueueName::Mail).await;
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_purchase_that_was_refunded_before_its_e_mail_gets_none() {
    let world = World::default();
    let mut order = bought(&world).await;
    order.refunded_at = Some(world.clock.now());
    let _swapped = world.orders.swap(&order).await.unwrap();
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert!(world.mailer.sent().is_empty());
}

#[tokio::test]
async fn a_refused_e_mail_goes_to_the_dead_letters_with_its_reason_and_can_be_revived() {
    let world = World::default();
    let order = bought(&world).await;
    let key = MessageKey::parse(&format!("confirm-{}", order.id)).unwrap();
    world
        .mailer
        .refuse_once(&key, MailError::Refused("no such mailbox".into()));
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Buried]);
    let [dead] = &world.queue.dead_letters(QueueName::Mail).await.unwrap()[..] else {
        panic!("no dead letter")
    };
    assert!(dead.why.contains("no such mailbox"), "{}", dead.why);
    let _revived = world
        .queue
        .revive(QueueName::Mail, &dead.key)
        .await
        .unwrap();
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Done]);
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn links_are_sent_again_to_who_bought_and_nothing_to_anybody_else() {
    let world = World::default();
    let order = bought(&world).await;
    drain(&world, QueueName::Mail).await;
    world
        .platform
        .resends
        .request(&"ADA@example.org".parse().unwrap())
        .await
        .unwrap();
    world
        .platform
        .resends
        .request(&"eve@example.org".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        drain(&world, QueueName::Mail).await,
        [Step::Done, Step::Done]
    );
    let [_, again] = &world.mailer.sent()[..] else {
        panic!("{:?}", world.mailer.sent())
    };
    let link = world.platform.launch.link(&world.games.all()[0]).unwrap();
    assert_eq!(again.to, order.email);
    assert!(
        again.text.contains(&link) && again.text.contains(&order.id.shown()),
        "{}",
        again.text
    );
}

fn history() -> Vec<Record> {
    let profile =
        |name: &str, number| serde_json::to_value(samples::profile(name, number)).unwrap();
    vec![
        samples::record(1, 0, 1, Kind::Joined, &profile("Ada", 0)),
        samples::record(2, 10, 2, Kind::Joined, &profile("Bob", 1)),
        samples::record(3, 1_000, 1, Kind::Said, &json!({"type": "begin"})),
        samples::record(
            4,
            5_000,
            2,
            Kind::Said,
            &json!({"type": "chat", "text": "hi"}),
        ),
        samples::record(5, 9_000, 1, Kind::Said, &json!({"type": "hint"})),
        samples::record(
            6,
            11_000,
            2,
            Kind::Said,
            &json!({"type": "turn", "milestone": "desk"}),
        ),
        samples::record(7, 61_000, 2, Kind::Finished, &json!({"outcome": "escaped"})),
        samples::record(
            8,
            99_000,
            2,
            Kind::Said,
            &json!({"type": "chat", "text": "after the end"}),
        ),
    ]
}

/// A game whose stats are queued.
async fn finished(world: &World, records: Vec<Record>) -> GameId {
    let game = bought(world).await.game.unwrap();
    world.history.extend(game, records);
    let job = Job::Stats { game, seq: Seq(7) };
    world.queue.send(&job).await.unwrap();
    game
}

#[tokio::test]
async fn stats_are_made_of_the_archive_up_to_the_finished_record() {
    let world = World::default();
    let game = finished(&world, history()).await;
    assert_eq!(drain(&world, QueueName::Stats).await, [Step::Done]);
    let noted = world.games.get(game).await.unwrap().unwrap();
    assert_eq!(noted.finished.unwrap().seq, Seq(7));
    let report = world.stats.get(game).await.unwrap().unwrap();
    let stats = &report.stats;
    assert_eq!(
        (stats.outcome, stats.duration_ms, stats.seq),
        (Outcome::Escaped, 60_000, Seq(7))
    );
    assert_eq!(
        (stats.messages, stats.hints, stats.milestones.len()),
        (1, 1, 1)
    );
    assert_eq!(
        (report.comparison.games, report.comparison.rank),
        (1, Some(1))
    );
}

#[tokio::test]
async fn an_archive_that_is_behind_is_waited_for_and_one_that_stays_behind_is_a_dead_letter() {
    let world = World::default();
    let game = finished(&world, history()[..5].to_vec()).await;
    assert_eq!(
        worker(&world, QueueName::Stats).step().await.unwrap(),
        Step::Failed
    );
    world.history.extend(game, history()[5..].to_vec());
    assert_eq!(drain(&world, QueueName::Stats).await, [Step::Done]);

    let world = World::default();
    let game = finished(&world, history()[..5].to_vec()).await;
    for _ in 1..JOB_ATTEMPTS {
        assert_eq!(
            worker(&world, QueueName::Stats).step().await.unwrap(),
            Step::Failed
        );
        world.clock.advance(JOB_BACKOFF_MAX);
    }
    assert_eq!(
        worker(&world, QueueName::Stats).step().await.unwrap(),
        Step::Buried
    );
    assert_eq!(world.stats.get(game).await.unwrap(), None);
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_stats_ends_in_one_report() {
    for k in 0.. {
        let world = World::default();
        let game = finished(&world, history()).await;
        world.faults.die_at(k);
        let _ = worker(&world, QueueName::Stats).step().await;
        let dead = world.faults.revive();
        drain(&world, QueueName::Stats).await;
        assert_eq!(
            world
                .stats
                .get(game)
                .await
                .unwrap()
                .unwrap()
                .comparison
                .games,
            1,
            "died at {k}"
        );
        if !dead {
            assert!(k > 10, "only {k} steps were tried");
            break;
        }
    }
}

#[tokio::test]
async fn a_job_for_an_order_that_does_not_exist_is_given_up_at_once() {
    let world = World::default();
    world
        .queue
        .send(&Job::Confirm {
            order: samples::order_id(7),
        })
        .await
        .unwrap();
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Buried]);
}

#[tokio::test]
async fn a_job_that_stops_its_worker_every_time_is_given_up_without_another_try() {
    let world = World::default();
    bought(&world).await;
    for attempt in 1..=JOB_ATTEMPTS {
        let lost = world
            .queue
            .receive(QueueName::Mail, JOB_VISIBILITY)
            .await
            .unwrap();
        assert_eq!(lost.unwrap().attempt, attempt);
        world.clock.advance(JOB_VISIBILITY);
    }
    assert_eq!(drain(&world, QueueName::Mail).await, [Step::Buried]);
    assert_eq!(world.mailer.sent(), []);
    let dead = world.queue.dead_letters(QueueName::Mail).await.unwrap();
    assert!(
        dead[0].why.contains("never came to an end"),
        "{}",
        dead[0].why
    );
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_stops() {
    let world = World::default();
    bought(&world).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(worker(&world, QueueName::Mail).run(stopped));
    let world = Arc::new(world);
    let sent = tokio::time::timeout(Duration::from_secs(10), async {
        while world.mailer.sent().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    sent.await.expect("the worker sends the queued e-mail");
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), running)
        .await
        .expect("the worker stops")
        .unwrap();
}
