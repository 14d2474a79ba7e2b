//! Why a frame is not done: refusals with their words (P8), and closes.

use bytes::Bytes;
use latchkey_protocol::frame::ServerFrame;
use latchkey_protocol::{CloseCode, RefusalCode, Seq, limits};

use crate::{Command, Unavailable};

/// Milliseconds after which it is worth trying again when no record could be ordered.
const RETRY_UNAVAILABLE_MS: u64 = 1_000;

/// What is answered to a frame that was not done.
#[derive(Debug)]
pub(crate) enum Denied {
    Refused(Refusal),
    Close(CloseCode),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One refused frame (P4.10).
#[derive(Debug)]
pub(crate) struct Refusal {
    n: Option<u64>,
    code: RefusalCode,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(n: Option<u64>, code: RefusalCode, message: String) -> Self {
        Self {
            n,
            code,
            message,
            retry_after: None,
        }
    }

    pub(crate) fn too_large(n: Option<u64>, bytes: usize) -> Self {
        let most = limits::BODY_SOFT;
        let message = format!("the body has {bytes} bytes and {most} fit; send less, or in parts");
        Self::new(n, RefusalCode::TooLarge, message)
    }

    pub(crate) fn rate(n: u64, wait_ms: u64) -> Self {
        let (rate, burst) = (limits::SAYS_PER_SECOND, limits::SAYS_BURST);
        let message = format!(
            "more than {rate} frames a second, or {burst} at once, that add to the log; send it again in {wait_ms} ms"
        );
        Self {
            retry_after: Some(wait_ms),
            ..Self::new(Some(n), RefusalCode::Rate, message)
        }
    }

    pub(crate) fn gap(n: u64, last: u64) -> Self {
        let next = last + 1;
        let message =
            format!("frame {n} came where {next} was expected; send again from {next} on");
        Self::new(Some(n), RefusalCode::Gap, message)
    }

    pub(crate) fn profile(n: u64, why: &dyn std::error::Error) -> Self {
        Self::new(Some(n), RefusalCode::Profile, why.to_string())
    }

    pub(crate) fn signal_key() -> Self {
        let most = limits::SIGNAL_KEY;
        let message = format!("a signal's key is 1 to {most} characters of a-z, 0-9, _ and -");
        Self::new(None, RefusalCode::Signal, message)
    }

    pub(crate) fn signal_body(bytes: usize) -> Self {
        let most = limits::SIGNAL_BODY;
        let message = format!(
            "the signal's body has {bytes} bytes and {most} fit; send less, or say it instead"
        );
        Self::new(None, RefusalCode::Signal, message)
    }

    pub(crate) fn signal_keys() -> Self {
        let most = limits::SIGNAL_KEYS;
        let message =
            format!("a member has at most {most} signals at once; use one of the keys in use");
        Self::new(None, RefusalCode::Signal, message)
    }

    pub(crate) fn checkpoint_too_large(bytes: usize) -> Self {
        let most = limits::CHECKPOINT;
        let message =
            format!("the state has {bytes} bytes and {most} fit; keep the game's state smaller");
        Self::new(None, RefusalCode::CheckpointTooLarge, message)
    }

    pub(crate) fn checkpoint_early(seq: Seq, first: Seq, tail: Seq) -> Self {
        let message = format!(
            "a checkpoint of record {seq} is not taken: the next one must be of record {first} or later and not beyond the tail, which is {tail}"
        );
        Self::new(None, RefusalCode::CheckpointEarly, message)
    }

    pub(crate) fn finished(n: u64, by: Seq) -> Self {
        let message = format!(
            "record {by} has finished the game already; a game is finished once, and saying goes on being possible"
        );
        Self::new(Some(n), RefusalCode::Finished, message)
    }

    pub(crate) fn unknown_op(n: Option<u64>, op: &str) -> Self {
        let op: String = op.chars().take(32).collect();
        let message = format!("this host does not know the op {op:?}; update the sdk");
        Self::new(n, RefusalCode::UnknownOp, message)
    }

    pub(crate) fn unavailable(n: u64, why: Unavailable) -> Self {
        let message =
            format!("{why}, and nothing was ordered; send it again in {RETRY_UNAVAILABLE_MS} ms");
        Self {
            retry_after: Some(RETRY_UNAVAILABLE_MS),
            ..Self::new(Some(n), RefusalCode::Unavailable, message)
        }
    }

    /// Whether the client is to blame: a host in trouble must not shut its members out as a flood.
    pub(crate) fn counts_as_flood(&self) -> bool {
        self.code != RefusalCode::Unavailable
    }

    /// What is to be done about it.
    pub(crate) fn command(&self) -> Command {
        Command::Refuse(self.code, self.encode())
    }

    fn encode(&self) -> Bytes {
        ServerFrame::Refused {
            n: self.n,
            code: self.code,
            message: &self.message,
            retry_after: self.retry_after,
        }
        .encode()
    }
}
