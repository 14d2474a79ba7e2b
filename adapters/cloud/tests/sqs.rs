//! The queues on SQS, against a server that speaks its protocol: they keep to the rules of the port, an order is kept where
//! it must be, and failures are told as what they are.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use latchkey_cloud::aws;
use latchkey_cloud::sqs::{OneQueue, QueueUrl, QueuedStats, SqsQueue, attempts};
use latchkey_emulators::ElasticMq;
use latchkey_host::ports::Finishes as _;
use latchkey_platform::contract::{Passing, Subject, queue::Whole};
use latchkey_platform::fakes::samples;
use latchkey_platform::queue::{
    DeadLetter, DeadLetters, Delivery, Job, Pulled, Queue, QueueName, Receipt,
};
use latchkey_platform::store::{StoreError, Swap};
use latchkey_protocol::Seq;

/// Time as it passes.
struct RealTime;

#[async_trait]
impl Passing for RealTime {
    async fn pass(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }
}

fn client(url: &str) -> Client {
    let config = aws_sdk_sqs::config::Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "x", None, None, "test"))
        .timeout_config(
            aws_config::timeout::TimeoutConfig::builder()
                .operation_attempt_timeout(aws::USUAL.attempt)
                .operation_timeout(aws::USUAL.operation)
                .build(),
        )
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// Queues of one test, with a worker's calls as an event source mapping makes them.
struct Polled {
    client: Client,
    queue: SqsQueue,
    mail: OneQueue,
    stats: OneQueue,
}

impl Polled {
    async fn new() -> Self {
        static TESTS: AtomicUsize = AtomicUsize::new(0);
        let server = ElasticMq::shared().await.unwrap();
        let client = client(&server.url());
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let mail = made(&client, &format!("t{test}-confirm"), "").await;
        let stats = made(&client, &format!("t{test}-stats"), ".fifo").await;
        let urls = [
            (QueueName::Mail, mail.clone()),
            (QueueName::Stats, stats.clone()),
        ];
        Self {
            queue: SqsQueue::new(&client, urls),
            mail: OneQueue::new(client.clone(), mail),
            stats: OneQueue::new(client.clone(), stats),
            client,
        }
    }

    fn one(&self, name: QueueName) -> &OneQueue {
        match name {
            QueueName::Mail => &self.mail,
            QueueName::Stats => &self.stats,
        }
    }
}

/// Makes a queue and the one of its dead letters, to which it moves what is delivered too often.
async fn made(client: &Client, name: &str, end: &str) -> QueueUrl {
    let make = async |name: String, redrive: Option<String>| {
        let mut call = client.create_queue().queue_name(name);
        if !end.is_empty() {
            call = call.attributes(QueueAttributeName::FifoQueue, "true");
        }
        if let Some(redrive) = redrive {
            call = call.attributes(QueueAttributeName::RedrivePolicy, redrive);
        }
        let made = call.send().await.unwrap();
        made.queue_url().unwrap().parse::<QueueUrl>().unwrap()
    };
    let dead = make(format!("{name}-dead{end}"), None).await;
    let most = attempts(QueueName::Stats);
    let arn = format!("arn:aws:sqs:elasticmq:000000000000:{}", dead.name());
    let redrive = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{most}}}"#);
    let queue = make(format!("{name}{end}"), Some(redrive)).await;
    assert_eq!(queue.dead(), dead);
    queue
}

#[async_trait]
impl Queue for Polled {
    async fn send(&self, job: &Job) -> Result<(), StoreError> {
        self.queue.send(job).await
    }
}

#[async_trait]
impl DeadLetters for Polled {
    async fn dead_letters(&self, queue: QueueName) -> Result<Vec<DeadLetter>, StoreError> {
        self.queue.dead_letters(queue).await
    }

    async fn revive(&self, queue: QueueName, key: &str) -> Result<Swap, StoreError> {
        self.queue.revive(queue, key).await
    }
}

#[async_trait]
impl Pulled for Polled {
    async fn receive(
        &self,
        queue: QueueName,
        visibility: Duration,
    ) -> Result<Option<Delivery>, StoreError> {
        let received = self
            .client
            .receive_message()
            .queue_url(self.one(queue).url().as_str())
            .visibility_timeout(visibility.as_secs().try_into().unwrap())
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .send()
            .await
            .unwrap();
        let message = received.messages.unwrap_or_default().pop();
        Ok(message.map(|message| Delivery {
            receipt: Receipt(message.receipt_handle.unwrap()),
            job: serde_json::from_str(&message.body.unwrap()).unwrap(),
            attempt: message.attributes.unwrap()
                [&MessageSystemAttributeName::ApproximateReceiveCount]
                .parse()
                .unwrap(),
        }))
    }

    async fn extend(&self, delivery: &Delivery, visibility: Duration) -> Result<Swap, StoreError> {
        self.retry(delivery, visibility).await
    }

    async fn delete(&self, delivery: &Delivery) -> Result<Swap, StoreError> {
        let queue = self.one(delivery.job.queue());
        queue.take_off(&delivery.receipt.0).await
    }

    async fn retry(&self, delivery: &Delivery, delay: Duration) -> Result<Swap, StoreError> {
        let queue = self.one(delivery.job.queue());
        queue.hide(&delivery.receipt.0, delay).await
    }

    async fn bury(&self, delivery: &Delivery, why: &str) -> Result<Swap, StoreError> {
        let queue = self.one(delivery.job.queue());
        let body = serde_json::to_string(&delivery.job).unwrap();
        // SQS gives each message an id; each delivery's receipt does as well here.
        let receipt = &delivery.receipt.0;
        let id: String = receipt.chars().filter(|c| c.is_alphanumeric()).collect();
        let id = &id[..id.len().min(80)];
        queue.bury(receipt, id, &body, delivery.attempt, why).await
    }
}

latchkey_platform::queue_contract!(Subject::<dyn Whole>::of(
    Arc::new(Polled::new().await),
    Arc::new(RealTime)
));

/// The next delivery of the queue of stats; within 20 s.
async fn next_stats(polled: &Polled, visibility: Duration) -> Delivery {
    for _ in 0..200 {
        if let Some(delivery) = polled.receive(QueueName::Stats, visibility).await.unwrap() {
            return delivery;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no stats were delivered")
}

#[tokio::test]
async fn what_ends_its_function_each_time_is_moved_to_the_dead_letters_and_can_be_revived() {
    let polled = Polled::new().await;
    let job = Job::Stats {
        game: samples::game_id(1),
        seq: Seq(7),
    };
    polled.send(&job).await.unwrap();
    for attempt in 1..=attempts(QueueName::Stats) {
        let delivery = next_stats(&polled, Duration::ZERO).await;
        assert_eq!(delivery.attempt, attempt);
    }
    let mut dead = Vec::new();
    for _ in 0..100 {
        let none = polled
            .receive(QueueName::Stats, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(none, None);
        dead = polled.dead_letters(QueueName::Stats).await.unwrap();
        if !dead.is_empty() {
            break;
        }
    }
    let [letter] = &dead[..] else {
        panic!("{dead:?}")
    };
    assert!(letter.why.contains("never came to an end"), "{letter:?}");
    let revived = polled.revive(QueueName::Stats, &letter.key).await.unwrap();
    assert_eq!(revived, Swap::Swapped);
    let again = next_stats(&polled, Duration::ZERO).await;
    assert_eq!((again.job, again.attempt), (job, 1));
}

#[tokio::test]
async fn a_job_of_stats_that_waits_holds_up_those_behind_it_and_order_is_kept() {
    let polled = Polled::new().await;
    let job = |number| Job::Stats {
        game: samples::game_id(number),
        seq: Seq(7),
    };
    for number in [1, 2] {
        polled.send(&job(number)).await.unwrap();
    }
    let minute = Duration::from_secs(60);
    let first = next_stats(&polled, minute).await;
    let back = polled.retry(&first, Duration::from_secs(2)).await.unwrap();
    assert_eq!(back, Swap::Swapped);
    let again = next_stats(&polled, minute).await;
    assert_eq!((&again.job, again.attempt), (&job(1), 2));
    assert_eq!(polled.delete(&again).await.unwrap(), Swap::Swapped);
    assert_eq!(next_stats(&polled, minute).await.job, job(2));
}

#[tokio::test]
async fn what_cannot_be_read_is_buried_and_hides_no_other_letter() {
    let polled = Polled::new().await;
    let mail = polled.mail.url().as_str();
    let sent = polled.client.send_message().queue_url(mail);
    sent.message_body("no job").send().await.unwrap();
    let taken = polled.client.receive_message().queue_url(mail);
    let message = taken.send().await.unwrap().messages.unwrap().remove(0);
    let (receipt, id) = (message.receipt_handle.unwrap(), message.message_id.unwrap());
    let buried = polled.mail.bury(&receipt, &id, "no job", 1, "\u{7}").await;
    assert_eq!(buried.unwrap(), Swap::Swapped);
    let order = samples::order_id(1);
    let unreachable = Job::Confirm { order };
    polled.send(&unreachable).await.unwrap();
    let delivery = polled
        .receive(QueueName::Mail, Duration::from_secs(60))
        .await;
    let _buried = polled.bury(&delivery.unwrap().unwrap(), "why").await;
    let dead = polled.dead_letters(QueueName::Mail).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((&dead[0].job, dead[0].why.as_str()), (&unreachable, "why"));
}

#[tokio::test]
async fn a_finished_game_is_queued_once_however_often_it_is_told() {
    let polled = Arc::new(Polled::new().await);
    let finishes = QueuedStats(polled.clone());
    for _ in 0..3 {
        let told = finishes.finished(samples::game_id(3), Seq(9)).await;
        told.unwrap();
    }
    let minute = Duration::from_secs(60);
    let delivery = next_stats(&polled, minute).await;
    let told = Job::Stats {
        game: samples::game_id(3),
        seq: Seq(9),
    };
    assert_eq!(delivery.job, told);
    assert_eq!(polled.delete(&delivery).await.unwrap(), Swap::Swapped);
    let more = polled.receive(QueueName::Stats, minute).await;
    assert_eq!(more.unwrap(), None);
}

#[tokio::test]
async fn a_queue_that_is_not_there_a_paused_and_a_dead_server_are_failures_that_say_so() {
    let server = ElasticMq::start().await.unwrap();
    let client = client(&server.url());
    let url = made(&client, "gone-confirm", "").await;
    let queue = SqsQueue::new(&client, [(QueueName::Mail, url.clone())]);
    let order = samples::order_id(1);
    let job = Job::Confirm { order };
    queue.send(&job).await.unwrap();

    let stats = Job::Stats {
        game: samples::game_id(1),
        seq: Seq(1),
    };
    let none = queue.send(&stats).await.unwrap_err().to_string();
    assert!(none.contains("no address of the queue stats"), "{none}");

    let delete = client.delete_queue().queue_url(url.as_str());
    delete.send().await.unwrap();
    let refused = queue.send(&job).await.unwrap_err().to_string();
    assert!(refused.contains("refused the call"), "{refused}");

    server.pause().unwrap();
    let late = queue.send(&job).await.unwrap_err().to_string();
    assert!(late.contains("did not answer in time"), "{late}");
    server.resume().unwrap();
    server.kill().unwrap();
    let cut = queue.send(&job).await.unwrap_err().to_string();
    assert!(cut.contains("could not be reached"), "{cut}");
}
