//! One queue, as a function answers for the messages it was given: a message waits for its next try, or goes to the dead
//! letters.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::delete_message::DeleteMessageError;
use aws_sdk_sqs::types::MessageAttributeValue;
use latchkey_platform::store::{StoreError, Swap};

use super::QueueUrl;
use crate::failure::Failure;

/// Who is said to have failed.
pub(super) const SERVICE: &str = "the queue";
/// The attribute of a dead letter that says why it was given up.
pub(super) const WHY: &str = "why";
/// The attribute of a dead letter that says how often it was tried.
pub(super) const ATTEMPTS: &str = "attempts";
/// Longest reason that is kept, in characters.
const WHY_CHARS: usize = 1_000;
/// Longest wait that SQS takes.
const LONGEST_WAIT: Duration = Duration::from_secs(12 * 60 * 60);

/// A queue and its dead letters. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct OneQueue {
    pub(super) client: Client,
    pub(super) url: QueueUrl,
}

/// What says in which order a message is delivered, where the queue is one that keeps an order.
pub(super) struct Line<'a> {
    /// Messages of one group follow each other.
    pub(super) group: &'a str,
    /// A message with the same is dropped for five minutes.
    pub(super) once: &'a str,
}

impl OneQueue {
    /// The queue at this address.
    #[must_use]
    pub fn new(client: Client, url: QueueUrl) -> Self {
        Self { client, url }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &QueueUrl {
        &self.url
    }

    /// Hides a message that is out for delivery for this long from now on; then it is delivered again. `Stale` if it is
    /// not out with this receipt.
    ///
    /// # Errors
    /// [`StoreError`]. The message then comes when the queue's own time is over.
    pub async fn hide(&self, receipt: &str, wait: Duration) -> Result<Swap, StoreError> {
        let seconds = wait.min(LONGEST_WAIT).as_secs();
        let hidden = self
            .client
            .change_message_visibility()
            .queue_url(self.url.as_str())
            .receipt_handle(receipt)
            .visibility_timeout(i32::try_from(seconds).unwrap_or(i32::MAX))
            .send()
            .await;
        settled(hidden, |refusal| {
            refusal.is_message_not_inflight() || refusal.is_receipt_handle_is_invalid()
        })
    }

    /// Takes a message off the queue. `Stale` if it is not out with this receipt.
    ///
    /// # Errors
    /// [`StoreError`]. The message then comes again.
    pub async fn take_off(&self, receipt: &str) -> Result<Swap, StoreError> {
        let deleted = self
            .client
            .delete_message()
            .queue_url(self.url.as_str())
            .receipt_handle(receipt)
            .send()
            .await;
        settled(deleted, DeleteMessageError::is_receipt_handle_is_invalid)
    }

    /// Puts a message among the dead letters and takes it off. `id` names the message, so that burying it again after an
    /// answer that was lost leaves one letter where the queue keeps an order; elsewhere it may leave two.
    ///
    /// # Errors
    /// [`StoreError`]. The message then comes again.
    pub async fn bury(
        &self,
        receipt: &str,
        id: &str,
        body: &str,
        attempt: u32,
        why: &str,
    ) -> Result<Swap, StoreError> {
        let dead = Self::new(self.client.clone(), self.url.dead());
        let attributes = [(WHY, text(why)), (ATTEMPTS, number(attempt))];
        // Each in a group of its own: looking at one dead letter then hides no other.
        let line = Line {
            group: id,
            once: id,
        };
        dead.put(body, Some(line), &attributes).await?;
        self.take_off(receipt).await
    }

    /// Adds a message.
    pub(super) async fn put(
        &self,
        body: &str,
        line: Option<Line<'_>>,
        attributes: &[(&str, MessageAttributeValue)],
    ) -> Result<(), StoreError> {
        let mut call = self
            .client
            .send_message()
            .queue_url(self.url.as_str())
            .message_body(body);
        if let Some(line) = line.filter(|_| self.url.is_fifo()) {
            call = call
                .message_group_id(line.group)
                .message_deduplication_id(line.once);
        }
        for (name, value) in attributes {
            call = call.message_attributes(*name, value.clone());
        }
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(SERVICE, &error).into()),
        }
    }
}

/// The answer of a call that SQS refuses when the message is not out with the receipt.
fn settled<T, E: aws_sdk_sqs::error::ProvideErrorMetadata>(
    answer: Result<T, aws_sdk_sqs::error::SdkError<E, aws_sdk_sqs::config::http::HttpResponse>>,
    is_stale: impl Fn(&E) -> bool,
) -> Result<Swap, StoreError> {
    match answer {
        Ok(_) => Ok(Swap::Swapped),
        Err(error) if error.as_service_error().is_some_and(is_stale) => Ok(Swap::Stale),
        Err(error) => Err(Failure::of(SERVICE, &error).into()),
    }
}

fn text(value: &str) -> MessageAttributeValue {
    // SQS takes no empty value and no control characters.
    let plain = value.chars().filter(|letter| !letter.is_control());
    let plain: String = plain.take(WHY_CHARS).collect();
    let plain = if plain.is_empty() { "unknown" } else { &plain };
    attribute("String", plain)
}

fn number(value: u32) -> MessageAttributeValue {
    attribute("Number", &value.to_string())
}

fn attribute(kind: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type(kind)
        .string_value(value)
        .build()
        .expect("an attribute needs a type alone, which is given")
}
