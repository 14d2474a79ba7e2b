//! E-mail: what is sent, the port that sends it, the claim that keeps a queue which delivers more than once
//! from sending more than once, and the addresses that get no more. What the messages say is the jobs' affair.

mod claim;
mod stops;

use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use claim::{SendOnce, SendOnceError, Sent};
pub use stops::{AddressHash, AddressHashError, Fate, Feedback, Stop, Stops, take_feedback};

use crate::clock::UnixMs;
use crate::email::EmailAddress;
use crate::store::{Insert, StoreError, Swap};

/// Names one message for ever: its cause and the order or request it answers. Safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageKey(String);

/// The text is no message key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message key has 1 to 100 characters of a-z, 0-9 and -")]
pub struct MessageKeyError;

impl MessageKey {
    /// Reads a key.
    ///
    /// # Errors
    /// [`MessageKeyError`] for anything that would not be safe as a file name.
    pub fn parse(text: &str) -> Result<Self, MessageKeyError> {
        let plain = text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if plain && (1..=100).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MessageKeyError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MessageKey {
    type Error = MessageKeyError;
    fn try_from(text: String) -> Result<Self, MessageKeyError> {
        Self::parse(&text)
    }
}

impl From<MessageKey> for String {
    fn from(key: MessageKey) -> Self {
        key.0
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a message is for. It decides whether somebody who complained still gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// It answers a payment: the link and the receipt.
    #[default]
    Purchase,
    /// It repeats links because somebody asked for them.
    Resend,
}

impl MailKind {
    /// The name as text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Resend => "resend",
        }
    }
}

/// A message to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Its key.
    pub key: MessageKey,
    /// What it is for. Messages kept before there were kinds count as the default one.
    #[serde(default)]
    pub kind: MailKind,
    /// To whom.
    pub to: EmailAddress,
    /// The subject, in one line.
    pub subject: String,
    /// The text, for those who read no HTML.
    pub text: String,
    /// The same as HTML that needs nothing from the network.
    pub html: String,
    /// Further headers, such as `Auto-Submitted`.
    pub headers: Vec<(String, String)>,
}

/// A message was not sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MailError {
    /// The mailer cannot be reached or is overloaded. Whether the message went out is unknown.
    #[error("the mailer is unavailable: {0}")]
    Unavailable(String),
    /// The mailer did not take the message now and may later; it did not go out.
    #[error("the mailer takes no message just now: {0}")]
    Later(String),
    /// The mailer will never take this message; it did not go out.
    #[error("the mailer refused the message: {0}")]
    Refused(String),
}

/// What a mailer remembers of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traced {
    /// It went out.
    Sent,
    /// It did not, and will not unless it is sent again. Also the answer of a mailer where sending the same
    /// key again changes nothing.
    NotSent,
    /// The mailer cannot tell.
    Unknown,
}

/// Whoever sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends a message.
    async fn send(&self, email: &Email) -> Result<(), MailError>;
    /// What became of the message with this key.
    async fn trace(&self, key: &MessageKey) -> Result<Traced, MailError>;
}

/// How far the sending of a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    /// Nobody is sending it: an attempt was refused or known to have failed.
    Pending,
    /// Somebody claimed it and is sending it.
    Sending,
    /// It went out.
    Sent,
}

/// The claim on one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendClaim {
    /// The message.
    pub key: MessageKey,
    /// Counts the writes of this document, from 1. Stores set it.
    pub revision: u64,
    /// How far it has come.
    pub state: SendState,
    /// When it came that far.
    pub at: UnixMs,
}

/// The claims on messages.
#[async_trait]
pub trait Sends: Send + Sync {
    /// Adds a claim with revision 1; its key is unique.
    async fn insert(&self, claim: &SendClaim) -> Result<Insert, StoreError>;
    /// The claim on a message.
    async fn get(&self, key: &MessageKey) -> Result<Option<SendClaim>, StoreError>;
    /// Replaces the claim if the stored revision is still `claim.revision`; it is stored with the next one.
    async fn swap(&self, claim: &SendClaim) -> Result<Swap, StoreError>;
}

/// A line of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxLine {
    /// The message.
    pub key: MessageKey,
    /// To whom.
    pub to: EmailAddress,
    /// Its subject.
    pub subject: String,
    /// When it was sent.
    pub at: UnixMs,
}

/// A message in the outbox, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxMessage {
    /// The message.
    pub email: Email,
    /// When it was sent.
    pub at: UnixMs,
    /// The whole message as it would go over the wire.
    pub eml: Vec<u8>,
}

/// The mail that would have gone out, kept on this machine. Only the one-machine wiring has it.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// The newest messages.
    async fn list(&self, limit: usize) -> Result<Vec<OutboxLine>, StoreError>;
    /// One message.
    async fn get(&self, key: &MessageKey) -> Result<Option<OutboxMessage>, StoreError>;
}
