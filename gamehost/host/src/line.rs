//! The sending half of a connection, shared by its own task and its room: whoever orders a record writes it straight to
//! the sockets of those that are caught up, and a connection's own task writes on when its socket was full.
//!
//! Bytes of two frames never mix and frames leave in the order they are given, because every write happens under the
//! line's lock. What a joined connection is given out of its room's log is taken and written under the room's lock too,
//! so it cannot be overtaken on the way. Nothing here waits: a full socket keeps what is left of one write, which is
//! bounded because nothing more is taken for it, and nothing more read from it, until that is gone.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use futures_util::task::AtomicWaker;
use latchkey_protocol::CloseCode;
use tokio::net::tcp::OwnedWriteHalf;

use crate::frames::{self, Head};
use crate::limits::{FRAMES_PER_WRITE, GATHERED};

/// The sending half of one connection.
#[derive(Debug)]
pub(crate) struct Line {
    out: Mutex<Out>,
    /// Whether the connection's task has something to look at. A ring before it listens is kept.
    rung: AtomicBool,
    /// The connection's task, which alone listens.
    listener: AtomicWaker,
    /// The close code, or 0 while the connection may live.
    code: AtomicU16,
    /// When the connection's task looks at its room again without being rung for, in elapsed milliseconds. Who rings
    /// relies on it, so nothing but a look puts it off.
    alarm: AtomicU64,
}

/// What a line's lock guards.
#[derive(Debug)]
pub(crate) struct Out {
    /// Where bytes go; gone when a write has failed, after which nothing is sent any more.
    sink: Option<Sink>,
    /// Headers and payloads that the socket did not take, of which the first may be begun.
    rest: VecDeque<Bytes>,
    /// When the socket last took something, or became full, in elapsed milliseconds.
    moved_ms: u64,
}

/// Where a line's bytes go. Dropping it ends the sending direction.
#[derive(Debug)]
pub(crate) enum Sink {
    /// A client's socket.
    Tcp(OwnedWriteHalf),
    /// One that a test plays.
    #[cfg(test)]
    Played(std::sync::Arc<tests::Played>),
}

impl Sink {
    fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => match slices {
                [whole] => socket.try_write(whole),
                pieces => socket.try_write_vectored(pieces),
            },
            #[cfg(test)]
            Self::Played(socket) => socket.write(slices),
        }
    }
}

impl Line {
    /// A line over `sink`, on which nothing was sent.
    pub(crate) fn new(sink: Sink, now_ms: u64) -> Self {
        Self {
            out: Mutex::new(Out {
                sink: Some(sink),
                rest: VecDeque::new(),
                moved_ms: now_ms,
            }),
            rung: AtomicBool::new(false),
            listener: AtomicWaker::new(),
            code: AtomicU16::new(0),
            alarm: AtomicU64::new(u64::MAX),
        }
    }

    /// Takes the lock. A panic while it was held may have left half a frame on the way, so nothing follows it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut out = poisoned.into_inner();
            out.fail();
            out
        })
    }

    /// Rings for the connection's task.
    pub(crate) fn ring(&self) {
        // Not a plain store: whoever hears one of several rings sees what was said before each of them.
        self.rung.swap(true, Ordering::AcqRel);
        self.listener.wake();
    }

    /// Rings if `due` (elapsed milliseconds) is before the task would look by itself.
    pub(crate) fn ring_by(&self, due: u64) {
        if due < self.alarm.load(Ordering::Relaxed) {
            self.ring();
        }
    }

    /// The task looks by itself at `due` (elapsed milliseconds) at the latest. Whether that is sooner than it was going
    /// to.
    pub(crate) fn looks_by(&self, due: u64) -> bool {
        due < self.alarm.fetch_min(due, Ordering::Relaxed)
    }

    /// The task looks now, and until it says when it does so next it is to be rung for.
    pub(crate) fn looks(&self) {
        self.alarm.store(u64::MAX, Ordering::Relaxed);
    }

    /// Ready when it was rung since this was ready last.
    pub(crate) fn poll_rung(&self, cx: &Context<'_>) -> Poll<()> {
        let heard = || self.rung.swap(false, Ordering::AcqRel);
        if heard() {
            return Poll::Ready(());
        }
        self.listener.register(cx.waker());
        // It may have been rung before there was anybody to wake.
        match heard() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Resolves at the next ring.
    pub(crate) async fn rung(&self) {
        std::future::poll_fn(|cx| self.poll_rung(cx)).await;
    }

    /// The connection is to end with `code`. The first code given stands.
    pub(crate) fn close(&self, code: CloseCode) {
        let first =
            self.code
                .compare_exchange(0, code.as_u16(), Ordering::AcqRel, Ordering::Acquire);
        if first.is_ok() {
            self.ring();
        }
    }

    /// What the connection is to end with.
    pub(crate) fn closed(&self) -> Option<CloseCode> {
        let code = self.code.load(Ordering::Acquire);
        let known = || CloseCode::ALL.iter().find(|known| known.as_u16() == code);
        (code != 0).then(known).flatten().copied()
    }
}

impl Out {
    /// Whether the socket is full: what it did not take waits for it.
    pub(crate) fn is_full(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Whether a write has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.sink.is_none()
    }

    /// When the socket last took something, or became full, in elapsed milliseconds.
    pub(crate) fn moved_ms(&self) -> u64 {
        self.moved_ms
    }

    /// Bytes that wait for the socket.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.rest.iter().map(Bytes::len).sum()
    }

    /// Ends the sending direction.
    pub(crate) fn end(&mut self) {
        self.fail();
    }

    fn fail(&mut self) {
        self.sink = None;
        self.rest = VecDeque::new();
    }

    /// Sends text frames behind everything before them.
    pub(crate) fn send(&mut self, texts: &[Bytes], now_ms: u64) {
        for texts in texts.chunks(FRAMES_PER_WRITE) {
            self.send_some(frames::TEXT, texts, now_ms);
        }
    }

    /// Sends one frame that begins with `first`.
    pub(crate) fn send_one(&mut self, first: u8, payload: Bytes, now_ms: u64) {
        self.send_some(first, &[payload], now_ms);
    }

    /// Writes as much as the socket takes and keeps the rest.
    fn send_some(&mut self, first: u8, payloads: &[Bytes], now_ms: u64) {
        let mut heads = [Head::new(first, 0); FRAMES_PER_WRITE];
        for (head, payload) in heads.iter_mut().zip(payloads) {
            *head = Head::new(first, payload.len());
        }
        let frames = || heads.iter().map(Head::as_bytes).zip(payloads);
        let mut taken = 0;
        if !self.is_full() {
            self.moved_ms = now_ms;
            let size = frames().map(|(head, payload)| head.len() + payload.len());
            let offered = if size.sum::<usize>() <= GATHERED {
                offer_gathered(self.sink.as_ref(), frames())
            } else {
                offer_pieces(self.sink.as_ref(), frames())
            };
            match offered {
                Some(some) => taken = some,
                None => return self.fail(),
            }
        }
        for (head, payload) in frames() {
            let size = head.len() + payload.len();
            if taken < size {
                self.keep(Bytes::copy_from_slice(head), &mut taken);
                self.keep(payload.clone(), &mut taken);
            } else {
                taken -= size;
            }
        }
    }

    /// Keeps `bytes`, but for those of them that were taken.
    fn keep(&mut self, mut bytes: Bytes, taken: &mut usize) {
        let gone = bytes.len().min(*taken);
        *taken -= gone;
        bytes.advance(gone);
        if !bytes.is_empty() {
            self.rest.push_back(bytes);
        }
    }

    /// Writes what is left, as far as the socket takes it.
    pub(crate) fn flush(&mut self, now_ms: u64) {
        while self.is_full() {
            let mut slices = [IoSlice::new(&[]); 2 * FRAMES_PER_WRITE];
            let count = self.rest.len().min(slices.len());
            for (slice, rest) in slices.iter_mut().zip(&self.rest) {
                *slice = IoSlice::new(rest);
            }
            let mut taken = match offer(self.sink.as_ref(), &slices[..count]) {
                None => return self.fail(),
                Some(0) => return,
                Some(some) => some,
            };
            self.moved_ms = now_ms;
            while let Some(first) = self.rest.front_mut() {
                if taken < first.len() {
                    first.advance(taken);
                    break;
                }
                taken -= first.len();
                self.rest.pop_front();
            }
        }
        self.rest = VecDeque::new();
    }
}

/// Offers small frames in one piece. Copying them costs less than telling the kernel of pieces.
fn offer_gathered<'f>(
    sink: Option<&Sink>,
    frames: impl Iterator<Item = (&'f [u8], &'f Bytes)>,
) -> Option<usize> {
    let mut gathered = [0; GATHERED];
    let mut end = 0;
    for (head, payload) in frames {
        for part in [head, payload] {
            gathered[end..end + part.len()].copy_from_slice(part);
            end += part.len();
        }
    }
    offer(sink, &[IoSlice::new(&gathered[..end])])
}

/// Offers frames where they lie.
fn offer_pieces<'f>(
    sink: Option<&Sink>,
    frames: impl Iterator<Item = (&'f [u8], &'f Bytes)>,
) -> Option<usize> {
    let mut slices = [IoSlice::new(&[]); 2 * FRAMES_PER_WRITE];
    let mut count = 0;
    for (head, payload) in frames {
        slices[count] = IoSlice::new(head);
        slices[count + 1] = IoSlice::new(payload);
        count += 2;
    }
    offer(sink, &slices[..count])
}

/// How many bytes the socket takes now; `None` when it takes none any more.
fn offer(sink: Option<&Sink>, slices: &[IoSlice<'_>]) -> Option<usize> {
    match sink?.write(slices) {
        Ok(0) => None,
        Ok(taken) => Some(taken),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
