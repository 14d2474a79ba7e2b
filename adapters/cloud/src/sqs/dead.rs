//! Looking at dead letters. SQS shows a message only by handing it out, so each is held for as long as one look takes and
//! then given back.

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use latchkey_platform::clock::UnixMs;
use latchkey_platform::limits::DEAD_LETTERS;
use latchkey_platform::queue::{DeadLetter, Job};
use latchkey_platform::store::StoreError;

use super::attempts;
use super::one::{ATTEMPTS, OneQueue, SERVICE, WHY};
use crate::failure::Failure;

/// How long a letter is held, in seconds: longer than looking at all of them takes. Should the look die, they are back after
/// that.
const HELD: i32 = 60;
/// How long SQS looks for letters, in seconds. Without it asks a part of its machines alone, and some letters are not found.
const LOOKS_FOR: i32 = 1;
/// Letters handed out at once: as many as SQS gives.
const AT_ONCE: i32 = 10;
/// What is said of letters that SQS moved by itself.
const MOVED: &str = "it was begun as often as it may be, and never came to an end";

/// A letter that is held.
pub(super) struct Held {
    pub(super) letter: DeadLetter,
    pub(super) receipt: String,
    /// SQS's name for the message.
    pub(super) id: String,
}

/// Dead letters of a queue that were handed out together. Whoever has them gives them back.
#[derive(Default)]
pub(super) struct Handful {
    pub(super) letters: Vec<Held>,
    /// Receipts of what cannot be read.
    strange: Vec<String>,
}

impl Handful {
    /// Takes dead letters in hand, at most [`DEAD_LETTERS`].
    pub(super) async fn take(dead: &OneQueue) -> Result<Self, StoreError> {
        let mut hand = Self::default();
        loop {
            let messages = match receive(dead).await {
                Ok(messages) => messages,
                Err(error) => {
                    hand.give_back(dead).await;
                    return Err(error);
                }
            };
            let none = messages.is_empty();
            for message in messages {
                hand.add(message);
            }
            if none || hand.letters.len() + hand.strange.len() >= DEAD_LETTERS {
                return Ok(hand);
            }
        }
    }

    fn add(&mut self, message: Message) {
        let receipt = message.receipt_handle().unwrap_or_default().to_owned();
        match read(&message) {
            Some(letter) => self.letters.push(Held {
                letter,
                receipt,
                id: message.message_id().unwrap_or_default().to_owned(),
            }),
            None => {
                let id = message.message_id();
                tracing::warn!(id, "a dead letter cannot be read");
                self.strange.push(receipt);
            }
        }
    }

    /// Gives back what is in hand.
    pub(super) async fn give_back(self, dead: &OneQueue) {
        let read = self.letters.into_iter().map(|held| held.receipt);
        for receipt in read.chain(self.strange) {
            // One that is not given back comes back by itself, a little later.
            let _ = dead.hide(&receipt, std::time::Duration::ZERO).await;
        }
    }
}

async fn receive(dead: &OneQueue) -> Result<Vec<Message>, StoreError> {
    let received = dead
        .client
        .receive_message()
        .queue_url(dead.url.as_str())
        .max_number_of_messages(AT_ONCE)
        .visibility_timeout(HELD)
        .wait_time_seconds(LOOKS_FOR)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .send()
        .await;
    match received {
        Ok(received) => Ok(received.messages.unwrap_or_default()),
        Err(error) => Err(Failure::of(SERVICE, &error).into()),
    }
}

fn read(message: &Message) -> Option<DeadLetter> {
    let job: Job = serde_json::from_str(message.body()?).ok()?;
    let said = |name: &str| message.message_attributes()?.get(name)?.string_value();
    let sent = message.attributes();
    let sent = sent.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    Some(DeadLetter {
        key: job.key(),
        attempts: said(ATTEMPTS)
            .and_then(|text| text.parse().ok())
            .unwrap_or(attempts(job.queue())),
        job,
        why: said(WHY).unwrap_or(MOVED).to_owned(),
        at: UnixMs(sent.and_then(|at| at.parse().ok()).unwrap_or(0)),
    })
}
