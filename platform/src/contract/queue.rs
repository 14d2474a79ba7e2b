//! The rules of [`Queue`].

use std::time::Duration;

use latchkey_protocol::Seq;

use super::Subject;
use crate::fakes::samples;
use crate::queue::{Delivery, Job, Queue, QueueName, Receipt};
use crate::store::{Insert, Swap};

type Queue_ = Subject<dyn Queue>;

/// Makes the tests.
#[macro_export]
macro_rules! queue_contract {
    ($subject:expr) => {
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
                stats_are_never_out_two_at_a_time,
                a_buried_job_is_kept_and_can_be_revived,
                of_many_receivers_one_gets_the_job,
            ]
        );
    };
}

const HIDDEN: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

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
    assert_eq!(subject.port.send(job).await.unwrap(), Insert::Inserted);
}

async fn receive(subject: &Queue_, queue: QueueName) -> Option<Delivery> {
    subject.port.receive(queue, HIDDEN).await.unwrap()
}

async fn mail(subject: &Queue_) -> Delivery {
    receive(subject, QueueName::Mail)
        .await
        .expect("a job is due")
}

pub async fn jobs_come_out_in_the_order_they_went_in(subject: &Queue_) {
    for number in 1..=3 {
        send(subject, &confirm(number)).await;
        subject.time.pass(SECOND).await;
    }
    for number in 1..=3 {
        let delivery = mail(subject).await;
        assert_eq!((delivery.job, delivery.attempt), (confirm(number), 1));
        assert_eq!(
            subject.port.delete(&delivery.receipt).await.unwrap(),
            Swap::Swapped
        );
    }
    assert_eq!(receive(subject, QueueName::Mail).await, None);
}

pub async fn a_job_is_queued_once_at_a_time(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    assert_eq!(
        subject.port.send(&confirm(1)).await.unwrap(),
        Insert::Exists
    );
    let delivery = mail(subject).await;
    assert_eq!(
        subject.port.send(&confirm(1)).await.unwrap(),
        Insert::Exists
    );
    assert_eq!(
        subject.port.delete(&delivery.receipt).await.unwrap(),
        Swap::Swapped
    );
    send(subject, &confirm(1)).await;
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
        subject
            .port
            .extend(&delivery.receipt, HIDDEN)
            .await
            .unwrap(),
        Swap::Swapped
    );
    subject.time.pass(HIDDEN - SECOND).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    assert_eq!(
        subject.port.delete(&delivery.receipt).await.unwrap(),
        Swap::Swapped
    );
    subject.time.pass(HIDDEN).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
}

pub async fn a_retried_job_comes_after_its_delay(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let delivery = mail(subject).await;
    assert_eq!(
        subject
            .port
            .retry(&delivery.receipt, SECOND * 9)
            .await
            .unwrap(),
        Swap::Swapped
    );
    subject.time.pass(SECOND * 8).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    subject.time.pass(SECOND).await;
    assert_eq!(mail(subject).await.attempt, 2);
}

pub async fn a_replaced_delivery_can_do_nothing(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let lost = mail(subject).await.receipt;
    subject.time.pass(HIDDEN).await;
    let held = mail(subject).await.receipt;
    for receipt in [&lost, &Receipt("nonsense".into())] {
        assert_eq!(
            subject.port.extend(receipt, HIDDEN).await.unwrap(),
            Swap::Stale
        );
        assert_eq!(
            subject.port.retry(receipt, SECOND).await.unwrap(),
            Swap::Stale
        );
        assert_eq!(
            subject.port.bury(receipt, "lost").await.unwrap(),
            Swap::Stale
        );
        assert_eq!(subject.port.delete(receipt).await.unwrap(), Swap::Stale);
    }
    assert_eq!(subject.port.delete(&held).await.unwrap(), Swap::Swapped);
    assert_eq!(subject.port.delete(&held).await.unwrap(), Swap::Stale);
}

pub async fn stats_are_never_out_two_at_a_time(subject: &Queue_) {
    send(subject, &stats(1)).await;
    send(subject, &stats(2)).await;
    send(subject, &confirm(1)).await;
    let first = receive(subject, QueueName::Stats).await.unwrap();
    assert_eq!(receive(subject, QueueName::Stats).await, None);
    assert_eq!(
        mail(subject).await.job,
        confirm(1),
        "another queue does not wait"
    );
    subject.time.pass(HIDDEN - SECOND).await;
    assert_eq!(
        subject.port.extend(&first.receipt, HIDDEN).await.unwrap(),
        Swap::Swapped
    );
    subject.time.pass(SECOND * 2).await;
    assert_eq!(receive(subject, QueueName::Stats).await, None);
    assert_eq!(
        subject.port.delete(&first.receipt).await.unwrap(),
        Swap::Swapped
    );
    let second = receive(subject, QueueName::Stats).await.unwrap();
    assert_eq!(second.job, stats(2));
    // One that waits for its next attempt does not keep the group from going on.
    assert_eq!(
        subject.port.retry(&second.receipt, HIDDEN).await.unwrap(),
        Swap::Swapped
    );
    send(subject, &stats(3)).await;
    assert_eq!(
        receive(subject, QueueName::Stats).await.unwrap().job,
        stats(3)
    );
}

pub async fn a_buried_job_is_kept_and_can_be_revived(subject: &Queue_) {
    send(subject, &confirm(1)).await;
    let receipt = mail(subject).await.receipt;
    assert_eq!(
        subject.port.bury(&receipt, "no such order").await.unwrap(),
        Swap::Swapped
    );
    subject.time.pass(HIDDEN * 2).await;
    assert_eq!(receive(subject, QueueName::Mail).await, None);
    assert_eq!(
        subject.port.dead_letters(QueueName::Stats).await.unwrap(),
        []
    );
    let dead = subject.port.dead_letters(QueueName::Mail).await.unwrap();
    let [dead] = dead.as_slice() else {
        panic!("{} dead letters", dead.len())
    };
    assert_eq!(
        (dead.job.clone(), dead.attempts, dead.why.as_str()),
        (confirm(1), 1, "no such order")
    );
    assert_eq!(
        subject.port.revive(QueueName::Mail, "none").await.unwrap(),
        Swap::Stale
    );
    let revived = subject
        .port
        .revive(QueueName::Mail, &dead.key)
        .await
        .unwrap();
    assert_eq!(revived, Swap::Swapped);
    assert_eq!(
        subject.port.dead_letters(QueueName::Mail).await.unwrap(),
        []
    );
    assert_eq!(mail(subject).await.attempt, 1);
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
