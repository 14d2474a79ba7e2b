//! Addresses of queues, and what follows from them: whether it is a FIFO queue, and where its dead letters are.

use std::fmt;
use std::str::FromStr;

/// What the name of a FIFO queue ends in.
const FIFO: &str = ".fifo";
/// What the name of a queue of dead letters ends in, before that.
const DEAD: &str = "-dead";

/// The address of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueueUrl(String);

/// The text is no address of a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the address of a queue; it looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
)]
pub struct BadQueueUrl(String);

impl FromStr for QueueUrl {
    type Err = BadQueueUrl;

    fn from_str(text: &str) -> Result<Self, BadQueueUrl> {
        let path = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let parts: Vec<_> = path.unwrap_or_default().split('/').collect();
        let is_whole = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_whole && is_plain {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadQueueUrl(text.to_owned()))
        }
    }
}

impl QueueUrl {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it delivers in order.
    #[must_use]
    pub fn is_fifo(&self) -> bool {
        self.0.ends_with(FIFO)
    }

    /// Where its dead letters are: beside it, by name.
    #[must_use]
    pub fn dead(&self) -> Self {
        let (name, end) = match self.0.strip_suffix(FIFO) {
            Some(name) => (name, FIFO),
            None => (self.as_str(), ""),
        };
        Self(format!("{name}{DEAD}{end}"))
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> QueueUrl {
        text.parse().expect("an address")
    }

    #[test]
    fn dead_letters_are_beside_their_queue() {
        let confirm = url("https://sqs.us-east-1.amazonaws.com/1234/latchkey-dev-confirm");
        let stats = url("http://127.0.0.1:9324/000000000000/latchkey-dev-stats.fifo");
        assert_eq!(
            confirm.dead(),
            url("https://sqs.us-east-1.amazonaws.com/1234/latchkey-dev-confirm-dead")
        );
        assert_eq!(
            stats.dead(),
            url("http://127.0.0.1:9324/000000000000/latchkey-dev-stats-dead.fifo")
        );
        assert!(!confirm.is_fifo() && stats.is_fifo() && stats.dead().is_fifo());
        assert_eq!(confirm.name(), "latchkey-dev-confirm");
    }

    #[test]
    fn what_is_no_address_of_a_queue_is_refused() {
        for text in [
            "",
            "confirm",
            "https://sqs.us-east-1.amazonaws.com",
            "https://sqs.us-east-1.amazonaws.com/1234/",
            "https://sqs.us-east-1.amazonaws.com/1234/a b",
            "https://h/1/a/b",
            "ftp://h/1/a",
        ] {
            assert!(text.parse::<QueueUrl>().is_err(), "{text}");
        }
    }
}
