//! The bytes below the WebSocket: the TCP stream taken back from hyper, with two rules of its own. Before the join it
//! gives out only as many bytes as a join may have (P1.3); and a write that makes no progress for too long fails,
//! which is how a slow reader is noticed wherever the writing happens (P8.3).

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Where the bytes come from.
pub(crate) enum Io {
    /// The bare socket; hyper's buffers are gone.
    Raw(TcpStream),
    /// A connection that some other server holds, with whatever it keeps for it.
    Upgraded(TokioIo<Upgraded>),
}

/// A connection's bytes.
pub(crate) struct Socket {
    io: Io,
    /// Bytes that may still be read before the join; `None` after it.
    allowance: Option<usize>,
    slow_after: Duration,
    /// Runs while a write is blocked.
    blocked: Option<Pin<Box<Sleep>>>,
}

impl Socket {
    /// Wraps `io`; `allowance` bytes may be read until [`Socket::joined`].
    pub(crate) fn new(io: Io, allowance: usize, slow_after: Duration) -> Self {
        Self {
            io,
            allowance: Some(allowance),
            slow_after,
            blocked: None,
        }
    }

    /// Lifts the bound on reading.
    pub(crate) fn joined(&mut self) {
        self.allowance = None;
    }

    /// Judges the outcome of a write: progress stops the watch, a blocked write starts it.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.blocked = None;
            return outcome;
        }
        let slow_after = self.slow_after;
        let sleep = self
            .blocked
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(slow_after)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let allowed = self.allowance.unwrap_or(usize::MAX).min(buffer.remaining());
        if allowed == 0 && buffer.remaining() > 0 {
            return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into()));
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(allowed));
        ready!(match &mut self.io {
            Io::Raw(io) => Pin::new(io).poll_read(cx, &mut part),
            Io::Upgraded(io) => Pin::new(io).poll_read(cx, &mut part),
        })?;
        let count = part.filled().len();
        buffer.advance(count);
        if let Some(allowance) = &mut self.allowance {
            *allowance -= count;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.io {
            Io::Raw(io) => Pin::new(io).poll_write(cx, bytes),
            Io::Upgraded(io) => Pin::new(io).poll_write(cx, bytes),
        };
        self.watch(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.io {
            Io::Raw(io) => Pin::new(io).poll_write_vectored(cx, slices),
            Io::Upgraded(io) => Pin::new(io).poll_write_vectored(cx, slices),
        };
        self.watch(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Raw(io) => io.is_write_vectored(),
            Io::Upgraded(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Raw(io) => Pin::new(io).poll_flush(cx),
            Io::Upgraded(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Raw(io) => Pin::new(io).poll_shutdown(cx),
            Io::Upgraded(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
