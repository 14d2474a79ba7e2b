//! How a room reaches a connection: it can wake it and close it, and nothing else. Nothing is queued here; a woken
//! connection takes what it has to send out of the room's shared log.

use std::sync::atomic::{AtomicU16, Ordering};

use latchkey_protocol::CloseCode;
use tokio::sync::Notify;

/// The two bells of one connection. Each has one listener, and a ring before it listens is kept.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    wake: Notify,
    closing: Notify,
    /// The close code, or 0 while the connection may live.
    code: AtomicU16,
}

impl Mailbox {
    /// The room may have something to read.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// The connection is to end with `code`. The first code given stands.
    pub(crate) fn close(&self, code: CloseCode) {
        let first =
            self.code
                .compare_exchange(0, code.as_u16(), Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.closing.notify_one();
        }
    }

    /// Resolves at the next wake.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Resolves when the connection is to end.
    pub(crate) async fn closed(&self) -> CloseCode {
        loop {
            if let Some(code) = self.code() {
                return code;
            }
            self.closing.notified().await;
        }
    }

    fn code(&self) -> Option<CloseCode> {
        let code = self.code.load(Ordering::Acquire);
        CloseCode::ALL
            .iter()
            .copied()
            .find(|known| known.as_u16() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_before_listening_is_kept_and_the_first_close_stands() {
        let mailbox = Mailbox::default();
        mailbox.wake();
        mailbox.woken().await;
        mailbox.close(CloseCode::TakenOver);
        mailbox.close(CloseCode::GoingAway);
        assert_eq!(mailbox.closed().await, CloseCode::TakenOver);
        assert_eq!(mailbox.closed().await, CloseCode::TakenOver);
    }
}
