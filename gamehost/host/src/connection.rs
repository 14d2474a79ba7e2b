//! A joined connection, from its welcome to its end: one task, one loop over what can happen to it. It holds a position
//! in the room's log and nothing else; what it sends, it takes out of the room when the socket has room for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::{CloseCode, Seq, limits};
use latchkey_room::{ConnectionId, Read};
use tokio::time::{sleep_until, timeout};

use crate::host::Shared;
use crate::join::{Joined, Seat};
use crate::limits::{CLOSING_WITHIN, PAGE, PORT_WITHIN};
use crate::live::{Ended, LiveRoom, Outcome};
use crate::mailbox::Mailbox;
use crate::upgrade;
use crate::wire::{Ending, Incoming, Wire};

/// What can happen to a connection.
enum Event {
    /// A frame came in, or the socket ended.
    Incoming(Result<Incoming, Ending>),
    /// The room may have something to read.
    Woken,
    /// One of the waits is over.
    Due,
    /// It is to end.
    Closed(CloseCode),
}

/// A joined connection.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    wire: Wire,
    seat: Seat,
    id: ConnectionId,
    live: Arc<LiveRoom>,
    mailbox: Arc<Mailbox>,
    welcome: Option<Outcome>,
    timers: Timers,
    flood: Flood,
}

/// When something is due that nobody rings for, in elapsed time.
struct Timers {
    /// The client was silent for too long (P3.9).
    silent: Duration,
    /// The host was silent for too long (P4.11).
    beat: Duration,
    /// The room holds something back until then.
    read: Option<Duration>,
}

impl Timers {
    fn next(&self) -> Duration {
        self.read
            .unwrap_or(Duration::MAX)
            .min(self.beat)
            .min(self.silent)
    }
}

impl Connection {
    /// A connection whose welcome is still to be sent.
    pub(crate) fn new(shared: Arc<Shared>, wire: Wire, joined: Joined) -> Self {
        let Joined {
            seat,
            mailbox,
            outcome,
        } = joined;
        let now = shared.time.elapsed();
        let timers = Timers {
            silent: now + shared.config.limits.silent_after,
            beat: now + shared.config.limits.beat_after,
            read: None,
        };
        let flood = Flood::new(now);
        Self {
            shared,
            wire,
            id: seat.id,
            live: seat.live.clone(),
            seat,
            mailbox,
            welcome: Some(outcome),
            timers,
            flood,
        }
    }

    /// Serves the connection until it ends, and ends it.
    pub(crate) async fn run(mut self) {
        let ending = match self.serve().await {
            Err(ending) => ending,
            Ok(never) => match never {},
        };
        let (shared, live) = (&self.shared, &self.live);
        // Before the close handshake, which may take its time.
        drop(self.seat);
        if let (Ending::Close(CloseCode::Moved), Some(url)) = (ending, live.moved_to()) {
            let moved = ServerFrame::Moved { url }.encode();
            // A connection that cannot take the address asks the site for it.
            let _ = timeout(CLOSING_WITHIN, self.wire.feed(moved)).await;
        }
        tracing::debug!(room = %live.id, ?ending, "a connection ended");
        // Boxed, as is paging: what happens rarely is not to be kept in every connection's memory.
        Box::pin(upgrade::end(shared, self.wire, ending)).await;
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Ending> {
        if let Some(welcome) = self.welcome.take() {
            self.settle(welcome).await?;
        }
        loop {
            match self.next().await {
                Event::Incoming(incoming) => self.incoming(incoming?).await?,
                Event::Woken => self.pump().await?,
                Event::Due => self.due().await?,
                Event::Closed(code) => return Err(Ending::Close(code)),
            }
        }
    }

    async fn next(&mut self) -> Event {
        let due = self.shared.time.instant(self.timers.next());
        tokio::select! {
            biased;
            code = self.mailbox.closed() => Event::Closed(code),
            () = self.mailbox.woken() => Event::Woken,
            incoming = self.wire.next() => Event::Incoming(incoming),
            () = sleep_until(due) => Event::Due,
        }
    }

    async fn incoming(&mut self, incoming: Incoming) -> Result<(), Ending> {
        let now = self.shared.time.now();
        let elapsed = self.shared.time.elapsed();
        self.timers.silent = elapsed + self.shared.config.limits.silent_after;
        self.shared.desk.metrics.frames_received.up();
        self.flood.count(elapsed)?;
        let Incoming::Text(text) = incoming else {
            return Ok(());
        };
        let frame = ClientFrame::parse(&text).map_err(|_| Ending::Close(CloseCode::BadFrame))?;
        let outcome = self
            .live
            .frame(&self.shared.desk, now, self.id, frame)
            .map_err(ending_of)?;
        self.settle(outcome).await?;
        let written = self.shared.time.elapsed();
        self.shared.desk.metrics.delivered(elapsed, written);
        Ok(())
    }

    /// Sends what the room answered and what is to be read after it, in one flush.
    async fn settle(&mut self, outcome: Outcome) -> Result<(), Ending> {
        self.shared.migration.watch(&self.live, outcome.pending);
        let close = outcome.close;
        self.feed(outcome.replies).await?;
        match close {
            // Closing flushes.
            Some(code) => Err(Ending::Close(code)),
            None => self.pump().await,
        }
    }

    /// Sends everything the room has for this connection.
    async fn pump(&mut self) -> Result<(), Ending> {
        let mut frames = Vec::new();
        loop {
            let now = self.shared.time.now();
            let (read, due) = self
                .live
                .read(now, self.id, &mut frames)
                .map_err(ending_of)?;
            // What is due in the past would be asked for without rest.
            let due = due.map(|due| due.max(now.elapsed_ms + 1));
            self.timers.read = due.map(Duration::from_millis);
            self.feed(std::mem::take(&mut frames)).await?;
            self.flush().await?;
            match read {
                Read::CaughtUp => return Ok(()),
                Read::More => {}
                Read::FromArchive { after, through } => Box::pin(self.page(after, through)).await?,
                // The room forgot this connection and told its mailbox why.
                Read::Gone => return Err(Ending::Close(self.told_to_close().await)),
            }
        }
    }

    /// Sends one page of records that memory no longer holds.
    async fn page(&mut self, after: Seq, through: Seq) -> Result<(), Ending> {
        let records = tokio::select! {
            biased;
            code = self.mailbox.closed() => return Err(Ending::Close(code)),
            // The turn is waited for as long as a blocked socket, so that a dead archive holds nobody (P8.3).
            records = timeout(
                self.shared.config.limits.slow_after,
                read_page(&self.shared, &self.live, after),
            ) => records.ok().flatten(),
        };
        let mut last = after;
        let mut frames = Vec::new();
        for record in records.unwrap_or_default() {
            // A page that does not continue where the last one ended must not be shown.
            if record.seq != last.next() || record.seq > through {
                break;
            }
            last = record.seq;
            frames.push(record.to_frame());
        }
        if last == after {
            return Err(Ending::Close(CloseCode::Slow));
        }
        self.feed(frames).await?;
        self.flush().await?;
        self.live.caught_up_to(self.id, last).map_err(ending_of)
    }

    async fn due(&mut self) -> Result<(), Ending> {
        let elapsed = self.shared.time.elapsed();
        if elapsed >= self.timers.silent {
            return Err(Ending::Close(CloseCode::Silent));
        }
        if elapsed >= self.timers.beat {
            let beat = ServerFrame::Beat {
                t: None,
                now: self.shared.time.wall(),
            }
            .encode();
            self.feed(vec![beat]).await?;
        }
        self.pump().await
    }

    async fn feed(&mut self, frames: Vec<Bytes>) -> Result<(), Ending> {
        if frames.is_empty() {
            return Ok(());
        }
        self.shared.desk.metrics.deliveries.add(frames.len() as u64);
        let limits = &self.shared.config.limits;
        self.timers.beat = self.shared.time.elapsed() + limits.beat_after;
        for frame in frames {
            tokio::select! {
                biased;
                fed = self.wire.feed(frame) => fed?,
                code = self.mailbox.closed() => return Err(Ending::Close(code)),
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Ending> {
        tokio::select! {
            biased;
            flushed = self.wire.flush() => flushed,
            code = self.mailbox.closed() => Err(Ending::Close(code)),
        }
    }

    async fn told_to_close(&mut self) -> CloseCode {
        let told = timeout(PORT_WITHIN, self.mailbox.closed()).await;
        told.unwrap_or(CloseCode::RoomFailed)
    }
}

/// A page of the archive, when it is this connection's turn. `None` when the archive cannot give it.
async fn read_page(
    shared: &Shared,
    live: &LiveRoom,
    after: Seq,
) -> Option<Vec<latchkey_protocol::Record>> {
    let _turn = shared.pages.acquire().await.ok()?;
    let read = shared.ports.archive.read(live.id, after, PAGE);
    shared.desk.metrics.pages_read.up();
    match timeout(PORT_WITHIN, read).await {
        Ok(Ok(records)) => return Some(records),
        Ok(Err(error)) => tracing::warn!(room = %live.id, %after, %error, "a page was not read"),
        Err(_) => tracing::warn!(room = %live.id, %after, "reading a page took too long"),
    }
    shared.desk.metrics.archive_failures.up();
    None
}

/// How a connection ends whose room has.
fn ending_of(ended: Ended) -> Ending {
    match ended {
        // Rooms with connections are not evicted; if one were, its connections could come back at once.
        Ended::Evicted | Ended::Moving => Ending::Close(CloseCode::RoomFailed),
        Ended::Stopped(code) => Ending::Close(code),
    }
}

/// Counts every frame, the library's own control frames too: the room sees only those it is given (P8).
struct Flood {
    since: Duration,
    frames: u32,
}

impl Flood {
    const WINDOW: Duration = Duration::from_secs(1);

    fn new(now: Duration) -> Self {
        Self {
            since: now,
            frames: 0,
        }
    }

    fn count(&mut self, now: Duration) -> Result<(), Ending> {
        if now.saturating_sub(self.since) >= Self::WINDOW {
            *self = Self::new(now);
        }
        self.frames += 1;
        if self.frames > limits::FRAMES_PER_SECOND {
            return Err(Ending::Close(CloseCode::Flood));
        }
        Ok(())
    }
}
