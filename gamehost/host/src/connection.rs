//! A joined connection, from its welcome to its end: one task, one loop over what can happen to it. What its client sends
//! it gives to the room at once, which writes the consequences to everybody. What the room has for it is mostly written
//! by others; its own task goes on where a socket was full, fetches what only the archive has, and watches the time.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::{CloseCode, Seq, limits};
use tokio::time::{Sleep, sleep_until, timeout};

use crate::frames::{self, Item};
use crate::host::Shared;
use crate::join::{Joined, Seat};
use crate::limits::{FRAMES_AT_ONCE, PAGE};
use crate::live::{Delivered, Ended, LiveRoom, Outcome};
use crate::upgrade;
use crate::wire::{Ending, Ready, Wire};

/// What can happen to a connection.
enum Event {
    /// Bytes came in, or the socket takes bytes again, or it ended.
    Ready(Result<Ready, Ending>),
    /// Frames that came in earlier have their turn.
    Held,
    /// The room has something to tell.
    Rung,
    /// One of the waits may be over.
    Due,
}

/// A joined connection.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    wire: Wire,
    seat: Seat,
    welcome: Outcome,
    /// When something came from the client, in elapsed time.
    heard: Duration,
    /// Whether frames came that wait for their turn.
    held: bool,
    /// When the room has something it holds back, in elapsed time.
    read: Option<Duration>,
    flood: Flood,
}

impl Connection {
    /// A connection that was welcomed.
    pub(crate) fn new(shared: Arc<Shared>, wire: Wire, joined: Joined) -> Self {
        let Joined { seat, outcome } = joined;
        let now = shared.time.elapsed();
        Self {
            shared,
            wire,
            seat,
            welcome: outcome,
            heard: now,
            // They may have come together with the join.
            held: true,
            read: None,
            flood: Flood::new(now),
        }
    }

    /// Serves the connection until it ends, and ends it.
    pub(crate) async fn run(mut self: Box<Self>) {
        let ending = match self.serve().await {
            Err(ending) => ending,
            Ok(never) => match never {},
        };
        let (shared, live) = (&self.shared, self.seat.live.clone());
        // Before the close handshake, which may take its time.
        drop(self.seat);
        if let (Ending::Close(CloseCode::Moved), Some(url)) = (ending, live.moved_to()) {
            self.wire.send(ServerFrame::Moved { url }.encode());
        }
        tracing::debug!(room = %live.id, ?ending, "a connection ended");
        // Boxed, as is paging: what happens rarely is not to be kept in every connection's memory.
        Box::pin(upgrade::end(shared, self.wire, ending)).await;
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Ending> {
        self.settle_welcome()?;
        self.deliver().await?;
        let mut alarm = pin!(sleep_until(self.shared.time.instant(self.due())));
        loop {
            self.set(alarm.as_mut());
            let event = self.next(alarm.as_mut()).await;
            if self.answer(event)? {
                self.deliver().await?;
            }
        }
    }

    fn settle_welcome(&mut self) -> Result<(), Ending> {
        let welcome = std::mem::take(&mut self.welcome);
        settle(&self.shared, &self.seat.live, &welcome)
    }

    /// Does what an event asks for. Whether the room may have something for this connection.
    fn answer(&mut self, event: Event) -> Result<bool, Ending> {
        match event {
            Event::Ready(ready) => match ready? {
                Ready::Read(mut chunk) => self.incoming(&mut chunk).map(|()| false),
                Ready::Write => Ok(self.write_on()),
            },
            Event::Held => self.incoming(&mut []).map(|()| false),
            Event::Rung => Ok(true),
            Event::Due => self.look_at_the_time(),
        }
    }

    /// What happens next. Polled by hand, because the futures of what it waits for would take more of every idle
    /// connection's memory than all the rest of its task.
    async fn next(&mut self, mut alarm: Pin<&mut Sleep>) -> Event {
        let mut waited = false;
        poll_fn(|cx| self.poll_next(alarm.as_mut(), &mut waited, cx)).await
    }

    fn poll_next(
        &mut self,
        alarm: Pin<&mut Sleep>,
        waited: &mut bool,
        cx: &mut Context<'_>,
    ) -> Poll<Event> {
        let Wire { reader, line, .. } = &mut self.wire;
        if line.poll_rung(cx).is_ready() {
            return Poll::Ready(Event::Rung);
        }
        // Who does not take what is sent is not read either, so that answers do not pile up.
        let full = line.lock().is_full();
        if self.held && !full {
            if *waited {
                return Poll::Ready(Event::Held);
            }
            // After the turn of others that are ready.
            *waited = true;
            cx.waker().wake_by_ref();
        } else if let Poll::Ready(ready) = reader.poll_ready(full, cx) {
            return Poll::Ready(Event::Ready(ready));
        }
        alarm.poll(cx).map(|()| Event::Due)
    }

    /// Sees to it that the alarm rings when something is due. What is due later than before needs no new alarm: the old
    /// one rings for nothing, once. One that went off while something else happened rings on until it is heard, because
    /// the room relies on it for what became due since.
    fn set(&self, alarm: Pin<&mut Sleep>) {
        let due = self.due();
        let due_ms = u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
        if self.wire.line.looks_by(due_ms) {
            alarm.reset(self.shared.time.instant(due));
        }
    }

    /// Gives the room what the client sent. A part of it waits when it is much, or when the answers do not go out.
    fn incoming(&mut self, mut bytes: &mut [u8]) -> Result<(), Ending> {
        for _ in 0..FRAMES_AT_ONCE {
            if self.wire.line.lock().is_full() {
                break;
            }
            let Some(item) = self.wire.decoder.next(&mut bytes)? else {
                self.held = false;
                return Ok(());
            };
            let (now, begun) = (self.shared.time.now(), self.shared.time.elapsed());
            self.heard = Duration::from_millis(now.elapsed_ms);
            self.flood.count(self.heard)?;
            self.shared.desk.metrics.frames_received.up();
            match item {
                Item::Text(text) => {
                    let frame =
                        ClientFrame::parse(text).map_err(|_| Ending::Close(CloseCode::BadFrame))?;
                    let outcome = self
                        .seat
                        .live
                        .frame(&self.shared.desk, now, self.seat.id, frame);
                    settle(&self.shared, &self.seat.live, &outcome.map_err(ending_of)?)?;
                    let written = self.shared.time.elapsed();
                    self.shared.desk.metrics.delivered(begun, written);
                }
                Item::Ping(payload) => {
                    let pong = Bytes::copy_from_slice(payload);
                    let mut out = self.wire.line.lock();
                    out.send_one(frames::PONG, pong, now.elapsed_ms);
                }
                Item::Nothing => {}
                Item::Close(code) => return Err(Ending::Left(code)),
            }
        }
        self.held = true;
        self.wire.decoder.hold(bytes);
        Ok(())
    }

    /// Writes everything the room has for this connection, as far as the socket takes it.
    async fn deliver(&mut self) -> Result<(), Ending> {
        loop {
            self.go_on()?;
            let now = self.shared.time.now();
            let delivered = self.seat.live.deliver(&self.shared.desk, now, self.seat.id);
            match delivered.map_err(ending_of)? {
                Delivered::All(due) => {
                    // What is due in the past would be asked for without rest.
                    let due = due.map(|due| due.max(now.elapsed_ms + 1));
                    self.read = due.map(Duration::from_millis);
                    return Ok(());
                }
                Delivered::Full => return self.go_on(),
                Delivered::More => tokio::task::yield_now().await,
                Delivered::FromArchive { after, through } => {
                    Box::pin(self.page(after, through)).await?;
                }
                // The room forgot this connection, and its line says why.
                Delivered::Gone => {
                    self.go_on()?;
                    return Err(Ending::Close(CloseCode::RoomFailed));
                }
            }
        }
    }

    /// Writes what the socket did not take. Whether nothing of it is left.
    fn write_on(&mut self) -> bool {
        let now_ms = self.shared.time.now().elapsed_ms;
        let full = {
            let mut out = self.wire.line.lock();
            out.flush(now_ms);
            out.is_full()
        };
        if !full {
            // While it was full nothing was read from it, so it was not silent.
            self.heard = Duration::from_millis(now_ms);
        }
        !full
    }

    /// Sends one page of records that memory no longer holds.
    async fn page(&mut self, after: Seq, through: Seq) -> Result<(), Ending> {
        let records = tokio::select! {
            biased;
            () = self.to_be_closed() => return self.go_on(),
            // The turn is waited for as long as a blocked socket, so that a dead archive holds nobody (P8.3).
            records = timeout(
                self.shared.config.limits.slow_after,
                read_page(&self.shared, &self.seat.live, after),
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
        let (desk, now) = (&self.shared.desk, self.shared.time.now());
        let delivered = self
            .seat
            .live
            .deliver_page(desk, now, self.seat.id, (&frames, last));
        delivered.map_err(ending_of)
    }

    /// Resolves when the line says how the connection is to end. Other rings on the way need no answer: a delivery
    /// follows.
    async fn to_be_closed(&self) {
        while self.wire.line.closed().is_none() {
            self.wire.line.rung().await;
        }
    }

    /// Whether the connection may live on.
    fn go_on(&self) -> Result<(), Ending> {
        match self.wire.line.closed() {
            Some(code) => Err(Ending::Close(code)),
            None if self.wire.line.lock().has_failed() => Err(Ending::Gone),
            None => Ok(()),
        }
    }

    /// Ends who was slow or silent for too long, and lets others know that the line is alive. Whether what the room held
    /// back may be due.
    fn look_at_the_time(&mut self) -> Result<bool, Ending> {
        self.wire.line.looks();
        let (now, limits) = (self.shared.time.now(), &self.shared.config.limits);
        let elapsed = Duration::from_millis(now.elapsed_ms);
        {
            let mut out = self.wire.line.lock();
            let quiet = elapsed.saturating_sub(Duration::from_millis(out.moved_ms()));
            if out.is_full() {
                return match quiet >= limits.slow_after {
                    true => Err(Ending::Close(CloseCode::Slow)),
                    false => Ok(false),
                };
            }
            if elapsed >= self.heard + limits.silent_after {
                return Err(Ending::Close(CloseCode::Silent));
            }
            if quiet >= limits.beat_after {
                let (t, wall) = (None, now.wall);
                let beat = ServerFrame::Beat { t, now: wall }.encode();
                out.send(&[beat], now.elapsed_ms);
                self.shared.desk.metrics.deliveries.up();
            }
        }
        Ok(true)
    }

    /// When something is due that nobody rings for, in elapsed time: a socket full for too long (P8.3), or else a client
    /// silent for too long (P3.9), a beat (P4.11), what the room holds back.
    fn due(&self) -> Duration {
        let limits = &self.shared.config.limits;
        let out = self.wire.line.lock();
        let moved = Duration::from_millis(out.moved_ms());
        if out.is_full() {
            return moved + limits.slow_after;
        }
        let reading = self.read.unwrap_or(Duration::MAX);
        let silent = self.heard + limits.silent_after;
        reading.min(silent).min(moved + limits.beat_after)
    }
}

/// Passes on what an input leaves to be done.
fn settle(shared: &Shared, live: &Arc<LiveRoom>, outcome: &Outcome) -> Result<(), Ending> {
    shared.migration.watch(live, outcome.pending, &shared.time);
    match outcome.close {
        Some(code) => Err(Ending::Close(code)),
        None => Ok(()),
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
    let read = shared.archive(read).await;
    read.inspect_err(|error| tracing::warn!(room = %live.id, %after, %error, "a page was not read; its reader is told to come back"))
        .ok()
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
