//! The rules of [`Queue`] and [`DeadLetters`], whatever carries the jobs, and those of [`Pulled`] for queues of ours.

use std::time::Duration;

use latchkey_protocol::Seq;

use super::Subject;
use crate::fakes::samples;
use crate::queue::{DeadLetters, Delivery, Job, Pulled, Queue, QueueName, Receipt};
use crate::store::Swap;

/// A queue with all its sides. Where nothing of ours asks a service for work, the tests do.
pub trait Whole: Queue + Pulled + DeadLetters {}
impl<Q: Queue + Pulled + DeadLetters> Whole for Q {}

type Queue_ = Subject<dyn Whole>;

/// Makes the tests of what every queue keeps to.
#[macro_export]
macro_rules! queue_contract {
    ($subject:expr) => {
        $crate::contract!(
            queue,
            $subject,
            [
                every_job_that_is_sent_is_delivered,
                a_job_that_is_sent_twice_is_delivered,
                a_retried_job_comes_again_and_its_attempts_are_counted,
                stats_are_never_out_two_at_a_time,
                a_buried_job_is_kept_and_can_be_revived,
                a_job_that_was_revived_and_buried_again_can_be_revived_again,
            ]
        );
    };
}

/// Makes the tests of what queues of ours keep to besides.
#[macro_export]
macro_rules! pulled_contract {
    ($subject:expr) => {
        mod pulled {
            #[allow(unused_imports)]
            use super::*;
            $crate::contract!(
                queue,
                $subject,
                [
                    jobs_come_out_in_the_order_they_went_in,
                    a_job_is_queued_once_at_a_time,
                    a_received_job_is_hidden_until_its_time_is_over,
                    extending_hides_a_job_longer,
                    a_retried_job_comes_after_its_delay,
                    a_replaced_delivery_can_do_nothing,
                    a_job_that_waits_for_its_next_try_holds_up_no_other,
                    of_many_receivers_one_gets_the_job,
                ]
            );
        }
    };
}

const HIDDEN: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);
/// Looks for a job that is due, and the wait between two: a service may take a while to deliver.
const LOOKS: usize = 200;
const LOOK: Duration = Duration::from_millis(100);

fn confirm(number: u8) -> Job {
    Job::Confirm {
        order: samples::order_id(number),
    }
}

fn stats(number: u8) -> Job {
    Job::Stats {
        game: samples::game_id(number),
        seq: Seq(u64::from(number)),
    }
}

async fn send(subject: &Queue_, job: &Job) {
    subject.port.send(job).await.unwrap();
}

async fn receive(subject: &Queue_, queue: QueueName) -> Option<Delivery> {
    subject.port.receive(queue, HIDDEN).await.unwrap()
}

/// The next delivery, which must come soon.
async fn next(subject: &Queue_, queue: QueueName) -> Delivery {
    for _ in 0..LOOKS {
        if let Some(delivery) = receive(subject, queue).await {
            return delivery;
        }
        subject.time.pass(LOOK).await;
    }
    panic!("no job of the queue {queue} was delivered")
}

async fn mail(subject: &Queue_) -> Delivery {
    receive(subject, QueueName::Mail)
        .await
        .expect("a job is due")
}

/// The only dead letter of a queue, as soon as it is listed.
async fn dead(subject: &Queue_, queue: QueueName) -> crate::queue::DeadLetter {
    for _ in 0..LOOKS {
        let mut listed = subject.port.dead_letters(queue).await.unwrap();
        if let (Some(letter), 0) = (listed.pop(), listed.len()) {
            return letter;
        }
        subject.time.pass(LOOK).await;
    }
    panic!("no dead letter of the queue {queue} was listed")
}

async fn done(subject: &Queue_, delivery: &Delivery) {
    let deleted = subject.port.delete(delivery).await.unwrap();
    assert_eq!(deleted, Swap::Swapped);
}

async fn bury(subject: &Queue_, delivery: &Delivery, why: &str) {
    let buried = subject.port.bury(delivery, why).await.unwrap();
    assert_eq!(buried, Swap::Swapped);
}

pub async fn every_job_that_is_sent_is_delivered(subject: &Queue_) {
    let mut sent = vec![confirm(1), confirm(2), confirm(3)];
    sent.push(Job::Resend {
        request: "r1".into(),
        email: "ada@example.org".parse().unwrap(),
    });
    for job in &sent {
        send(subject, job).await;
    }
    while !sent.is_empty() {
        let delivery = next(subject, QueueName::Mail).await;
        assert_eq!(delivery.attempt, 1);
        done(subject, &delivery).await;
        let at = sent.iter().position(|job| *job == delivery.job);
        sent.remove(at.expect("only what was sent is delivered, and once"));
    }
    assert_eq!(receive(subject, QueueName::Mail).await, None);
}

pub async fn a_job_that_is_sent_twice_is_delivered(subject: &Queue_) {
    for job in [stats(1), confirm(1)] {
        send(subject, &job).await;
        send(subject, &job).await;
        let delivery = next(subject, job.queue()).await;
        assert_eq!(delivery.job, job);
        done(subject, &delivery).await;
    }
}

pub async fn a_retried_job_comes_again_and_its_attempts_are_counted(subject: &Queue_) {
    for job in [stats(1), confirm(1)] {
        send(subject, &job).await;
        for attempt in 1..=3 {
            let delivery = next(subject, job.queue()).await;
            assert_eq!((&delivery.job, delivery.attempt), (&job, attempt));
            let back = subject.port.retry(&delivery, SECOND).await.unwrap();
            assert_eq!(back, Swap::Swapped);
        }
    }
}

pub async fn stats_are_never_out_two_at_a_time(subject: &Queue_) {
    send(subject, &stats(1)).await;
    send(subject, &stats(2)).await;
    send(subject, &confirm(1)).await;
    let first = next(subject, QueueName::Stats).await;
    assert_eq!(first.job, stats(1));
    assert_eq!(receive(subject, QueueName::Stats).await, None);
    let other = next(subject, QueueName::Mail).await;
    assert_eq!(other.job, confirm(1), "another queue does not wait");
    done(subject, &first).await;
    assert_eq!(next(subject, QueueName::Stats).await.job, stats(2));
}

pub async fn a_buried_job_is_kept_and_can_be_revived(subject: &Queue_) {
    for (job, other) in [(confirm(1), QueueName::Stats), (stats(1), QueueName::Mail)] {
        let queue = job.queue();
        send(subject, &job).await;
        let delivery = next(subject, queue).await;
        bury(subject, &delivery, "no such order: Zürich “1”").await;
        let letter = dead(subject, queue).await;
        assert_eq!(receive(subject, queue).await, None);
        assert_eq!(subject.port.dead_letters(other).await.unwrap(), []);
        assert_eq!(
            (&letter.job, letter.attempts, letter.why.as_str()),
            (&job, 1, "no such order: Zürich “1”")
        );
        let none = subject.port.revive(queue, "none").await.unwrap();
        assert_eq!(none, Swap::Stale);
        assert_eq!(dead(subject, queue).await, letter, "looking takes nothing");
        let revived = subject.port.revive(queue, &letter.key).await.unwrap();
        assert_eq!(revived, Swap::Swapped);
        assert_eq!(subject.port.dead_letters(queue).await.unwrap(), []);
        let again = next(subject, queue).await;
        assert_eq!((&again.job, again.attempt), (&job, 1));
        done(subject, &again).await;
    }
}

pub async fn a_job_that_was_revived_and_buried_again_can_be_revived_again(subject: &Queue_) {
    for job in [confirm(1), stats(1)] {
        send(subject, &job).await;
        for _ in 0..2 {
            let delivery = next(subject, job.queue()).await;
            bury(subject, &delivery, "not yet").await;
            let letter = dead(subject, job.queue()).await;
            let revived = subject.port.revive(job.queue(), &letter.key).await;
            assert_eq!(revived.unwrap(), Swap::Swapped);
        }
        assert_eq!(next(subject, job.queue()).await.job, job);
    }
}

pub async fn jobs_come_out_in_the_order_they_went_in(subject: &Queue_) {
    for number in 1..=3 {
        send(subject, &confirm(number)).await;
        subject.time.pass(SECOND).await;
    }
    for number in 1..=3 {
        let delivery = mail(subject).await;
        assert_eq!((&delivery.job, delivery.attempt), (&confirm(number), 1));
        done(subject, &delivery).await;
    }
    assert_eq!(receive(subject, QueueName::Mail).await, None);
}

pub async fn a_job_is_queued_once_at_a_time(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    send(subject, &confirm(1)).await;
    let delivery = mail(subject).await;
    send(subject, &confirm(1)).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    done(subject, &delivery).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    send(subject, &confirm(1)).await;
    assert_eq!(mail(subject).await.attempt, 1);
}

pub async fn a_received_job_is_hidden_until_its_time_is_over(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let first = mail(subject).await;
    subject.time.pass(HIDDEN - SECOND).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    subject.time.pass(SECOND).await;
    let second = mail(subject).await;
    assert_eq!((second.job, second.attempt), (first.job, 2));
    assert_ne!(second.receipt, first.receipt);
}

pub async fn extending_hides_a_job_longer(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let delivery = mail(subject).await;
    subject.time.pass(HIDDEN - SECOND).await;
    assert_eq!(
        subject.port.extend(&delivery, HIDDEN).await.unwrap(),
        Swap::Swapped
    );
    subject.time.pass(HIDDEN - SECOND).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    done(subject, &delivery).await;
    subject.time.pass(HIDDEN).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
}

pub async fn a_retried_job_comes_after_its_delay(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let delivery = mail(subject).await;
    assert_eq!(
        subject.port.retry(&delivery, SECOND * 9).await.unwrap(),
        Swap::Swapped
    );
    subject.time.pass(SECOND * 8).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    subject.time.pass(SECOND).await;
    assert_eq!(mail(subject).await.attempt, 2);
}

pub async fn a_replaced_delivery_can_do_nothing(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let lost = mail(subject).await;
    subject.time.pass(HIDDEN).await;
    let held = mail(subject).await;
    let nonsense = Delivery {
        receipt: Receipt("nonsense".into()),
        ..held.clone()
    };
    for old in [&lost, &nonsense] {
        let port = &subject.port;
        assert_eq!(port.extend(old, HIDDEN).await.unwrap(), Swap::Stale);
        assert_eq!(port.retry(old, SECOND).await.unwrap(), Swap::Stale);
        assert_eq!(port.bury(old, "lost").await.unwrap(), Swap::Stale);
        assert_eq!(port.delete(old).await.unwrap(), Swap::Stale);
    }
    done(subject, &held).await;
    assert_eq!(subject.port.delete(&held).await.unwrap(), Swap::Stale);
}

pub async fn a_job_that_waits_for_its_next_try_holds_up_no_other(subject: &Queue_) {
    send(subject, &stats(1)).await;
    let first = receive(subject, QueueName::Stats).await.unwrap();
    let back = subject.port.retry(&first, HIDDEN).await.unwrap();
    assert_eq!(back, Swap::Swapped);
    send(subject, &stats(2)).await;
    let second = receive(subject, QueueName::Stats).await.unwrap();
    assert_eq!(second.job, stats(2));
    // While one is held longer, the other stays where it is.
    subject.time.pass(HIDDEN - SECOND).await;
    let held = subject.port.extend(&second, HIDDEN).await.unwrap();
    assert_eq!(held, Swap::Swapped);
    subject.time.pass(SECOND * 2).await;
    assert_eq!(receive(subject, QueueName::Stats).await, None);
}

pub async fn of_many_receivers_one_gets_the_job(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let port = subject.port.clone();
        tasks.spawn(async move { port.receive(QueueName::Mail, HIDDEN).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().flatten().count(), 1);
}
