//! One room in memory: the state machine behind its lock, the lines to its connections, and how far its records have
//! come. A panic in it ends this room and nothing else. Writing to the connections is in `delivery`; opening the
//! room, and moving its records to the archive, happen elsewhere. The lock is never held over an await.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{Chunk, CloseCode, Epoch, Position, RoomId, Seq, Ticket};
use latchkey_room::{Checkpoint, ConnectionId, Input, Now, Room, Summary, WhyNot};

use crate::backlog::{Backlog, Share};
use crate::desk::Desk;
use crate::lease::Lease;
use crate::line::Line;
use crate::membership::Term;
use crate::migration::Standing;
use crate::ports::HostId;

mod delivery;

pub(crate) use delivery::Delivered;

/// A room that takes no more input, and what its connections are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It left memory because nobody was in it.
    Evicted,
    /// It was stopped.
    Stopped(CloseCode),
    /// It stands still while it is handed over: who wants to join waits for how that ends.
    Moving,
}

/// How far a room's records have come: `stored <= journaled <= tail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    stored: Seq,
    journaled: Seq,
    tail: Seq,
}

impl Marks {
    fn check(self) {
        assert!(
            self.stored <= self.journaled && self.journaled <= self.tail,
            "stored <= journaled <= tail must hold, found {self:?}"
        );
    }
}

/// What a room has for the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Pending {
    /// Nothing.
    #[default]
    Nothing,
    /// Records, the oldest of which waits since then (elapsed milliseconds).
    Since(u64),
    /// What need not wait for more: records that fill half a chunk, or a checkpoint whose records are stored.
    Gathered,
    /// Nothing but a finish that could not be passed on.
    Unannounced,
    /// What must not wait: the game is over.
    Over,
}

/// What an input leaves for the connection that brought it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Set when it is to be closed after what it was sent.
    pub(crate) close: Option<CloseCode>,
    /// What the room now has for the archive.
    pub(crate) pending: Pending,
    /// Why it was not done, if it was the operator's and could not be.
    not_done: Option<WhyNot>,
}

/// Records on their way to the archive.
pub(crate) struct Batch {
    /// The records, if any are unstored.
    pub(crate) chunk: Option<(Chunk, Summary)>,
    /// The checkpoint to keep; the records it stands on are stored.
    pub(crate) keep: Option<Checkpoint>,
    /// The `finished` record to announce, if it is stored.
    pub(crate) finish: Option<Seq>,
}

/// What follows from records being in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The `finished` record that may now be announced.
    pub(crate) finish: Option<Seq>,
    /// How far the journal may forget: a finish that is not announced stays in it, so that a restart announces it.
    pub(crate) forget: Seq,
}

/// One room in memory.
pub(crate) struct LiveRoom {
    /// Whose room.
    pub(crate) id: RoomId,
    /// The host that claimed it, in the enlisting it did so under.
    pub(crate) owner: HostId,
    /// The epoch this host claimed it with.
    pub(crate) epoch: Epoch,
    /// Where it stands on its way to the archive.
    standing: Mutex<Standing>,
    ended: AtomicBool,
    /// Where it lives now, once it was handed over.
    moved_to: OnceLock<String>,
    /// When it came into memory, in elapsed time.
    opened: Duration,
    core: Mutex<Core>,
}

struct Core {
    room: Room,
    /// The right to order records, of the enlisting under which the room was claimed.
    lease: Arc<Lease>,
    /// Few, so a list is the smallest and fastest map.
    lines: Vec<(ConnectionId, Arc<Line>)>,
    marks: Marks,
    /// What it holds that the archive does not have.
    share: Share,
    keep: Option<Checkpoint>,
    /// A chunk that the archive may have taken although it did not say so. It is given again as it is. Boxed, because few
    /// rooms ever have one.
    in_doubt: Option<Box<(Chunk, Summary)>>,
    /// The `finished` record that is still to be announced.
    finish: Option<Seq>,
    urgent: bool,
    ended: Option<Ended>,
    /// Whether it failed or another epoch writes it: its memory does not count any more.
    lost: bool,
    /// Whether it stands still: nothing is ordered, and nobody joins.
    frozen: bool,
    idle_since: Duration,
}

impl LiveRoom {
    /// Puts an opened room into service. Its `finished` record, if it has one, is announced (again): whether the
    /// earlier announcement arrived is not known, and telling it twice does nothing.
    pub(crate) fn new(room: Room, elapsed: Duration, term: Term, backlog: &Arc<Backlog>) -> Self {
        let mut share = Share::new(backlog);
        share.set(room.unstored_cost());
        let marks = Marks {
            stored: room.stored(),
            journaled: room.stored(),
            tail: room.tail(),
        };
        Self {
            id: room.id(),
            owner: term.me,
            epoch: room.epoch(),
            standing: Mutex::default(),
            ended: AtomicBool::new(false),
            moved_to: OnceLock::new(),
            opened: elapsed,
            core: Mutex::new(Core {
                lease: term.lease,
                lines: Vec::new(),
                marks,
                share,
                keep: None,
                in_doubt: None,
                finish: room.finished(),
                urgent: false,
                ended: None,
                lost: false,
                frozen: false,
                idle_since: elapsed,
                room,
            }),
        }
    }

    /// Where it stands on its way to the archive. Held for a moment only.
    pub(crate) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it waits for the archive or is on its way there.
    fn is_on_its_way(&self) -> bool {
        *self.standing() != Standing::Nowhere
    }

    /// Whether it takes no more input.
    pub(crate) fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// A connection takes a seat.
    pub(crate) fn join(
        &self,
        desk: &Desk,
        now: Now,
        (connection, line): (ConnectionId, Arc<Line>),
        ticket: Ticket,
        have: Option<Position>,
    ) -> Result<Outcome, Ended> {
        self.with(|core| {
            if !core.lease.holds(now.elapsed_ms) {
                return Err(Ended::Stopped(CloseCode::NotReady));
            }
            if core.frozen {
                return Err(Ended::Moving);
            }
            core.lines.push((connection, line));
            let input = Input::Join {
                connection,
                ticket,
                have,
            };
            Ok(core.handle(desk, now, Some(connection), input))
        })
        .and_then(|joined| joined)
    }

    /// A joined connection sent a frame.
    pub(crate) fn frame(
        &self,
        desk: &Desk,
        now: Now,
        connection: ConnectionId,
        frame: ClientFrame<'_>,
    ) -> Result<Outcome, Ended> {
        self.with(|core| {
            core.handle(
                desk,
                now,
                Some(connection),
                Input::Frame { connection, frame },
            )
        })
    }

    /// A connection ended. Harmless when the room has forgotten it already.
    pub(crate) fn gone(&self, desk: &Desk, now: Now, elapsed: Duration, connection: ConnectionId) {
        let _ = self.with(|core| {
            core.take_line(connection);
            core.idle_since = elapsed;
            core.handle(desk, now, None, Input::Gone(connection));
        });
    }

    /// Writes to `connection` what the room has for it.
    pub(crate) fn deliver(
        &self,
        desk: &Desk,
        now: Now,
        connection: ConnectionId,
    ) -> Result<Delivered, Ended> {
        self.with(|core| core.deliver(desk, now, connection))
    }

    /// Writes records of the archive to `connection`, up to `last`.
    pub(crate) fn deliver_page(
        &self,
        desk: &Desk,
        now: Now,
        connection: ConnectionId,
        (frames, last): (&[Bytes], Seq),
    ) -> Result<(), Ended> {
        self.with(|core| core.deliver_page(desk, now, connection, (frames, last)))
    }

    /// What waits to be moved to the archive. A room that lost its right or its mind has nothing to give any more.
    pub(crate) fn pending(&self) -> Pending {
        let pending = self.even_ended(|core| {
            if core.lost {
                return Pending::Nothing;
            }
            core.pending()
        });
        pending.unwrap_or_default()
    }

    /// Whether records of it may be in the journal alone. Of a room that panicked it is not known: the panic may have
    /// come between the journal and the books.
    pub(crate) fn owes(&self) -> bool {
        let panicked = self.core.is_poisoned();
        let core = self.lock();
        panicked || core.marks.stored < core.marks.tail || core.finish.is_some()
    }

    /// Takes what is to be moved to the archive now. Works on a room that was told to go, but not on one that another
    /// epoch writes or that failed: its memory is not to be trusted, and the journal has its records.
    pub(crate) fn batch(&self) -> Option<Batch> {
        let taken = self.even_ended(|core| {
            if core.lost {
                return None;
            }
            core.urgent = false;
            let chunk = core.in_doubt.take().map(|boxed| *boxed);
            let chunk = chunk.or_else(|| core.next_chunk());
            let stored = core.marks.stored;
            let keep = core.keep.take();
            let finish = core.finish.filter(|finish| *finish <= stored);
            let batch = Batch {
                chunk,
                keep,
                finish,
            };
            batch.is_some().then_some(batch)
        });
        taken.ok().flatten()
    }

    /// Records to `seq` are durable in the journal.
    pub(crate) fn journaled(&self, seq: Seq) {
        let _ = self.even_ended(|core| {
            core.marks.journaled = core.marks.journaled.max(seq);
            core.marks.check();
        });
    }

    /// Records to `seq` are in the archive. `None` when the room has failed.
    pub(crate) fn stored(&self, desk: &Desk, now: Now, seq: Seq) -> Option<Stored> {
        self.even_ended(|core| {
            core.marks.stored = core.marks.stored.max(seq);
            core.marks.check();
            core.handle(desk, now, None, Input::Stored(seq));
            let stored = core.marks.stored;
            let finish = core.finish.filter(|finish| *finish <= stored);
            let forget = finish.map_or(stored, |finish| Seq(finish.0 - 1));
            Stored { finish, forget }
        })
        .ok()
    }

    /// The finish was announced. Returns how far the journal may forget.
    pub(crate) fn announced(&self) -> Seq {
        let mut core = self.lock();
        core.finish = None;
        core.marks.stored
    }

    /// The archive did not say whether it took this chunk.
    pub(crate) fn not_stored(&self, chunk: Chunk, summary: Summary) {
        self.lock().in_doubt = Some(Box::new((chunk, summary)));
    }

    /// Puts a checkpoint back that the archive did not take, unless a newer one has come.
    pub(crate) fn not_kept(&self, checkpoint: Checkpoint) {
        let mut core = self.lock();
        if core
            .keep
            .as_ref()
            .is_none_or(|newer| newer.seq < checkpoint.seq)
        {
            core.keep = Some(checkpoint);
        }
    }

    /// Stops the room: no more input, and every connection is closed with `code`. The first reason stands; but
    /// unless it is only told to go, the room has nothing more for the archive.
    pub(crate) fn stop(&self, code: CloseCode) {
        let mut core = self.lock();
        core.ended.get_or_insert(Ended::Stopped(code));
        core.lost |= code != CloseCode::GoingAway;
        // Only now may the room be opened anew: nothing is added to its journal any more.
        self.ended.store(true, Ordering::Release);
        for (_, line) in core.lines.drain(..) {
            line.close(code);
        }
    }

    /// Whether its memory does not count any more, because it failed or another epoch writes it.
    pub(crate) fn is_lost(&self) -> bool {
        self.lock().lost
    }

    /// Takes the room out of service if nobody is in it, nothing of it waits, and it has been so for `idle`.
    pub(crate) fn evict(&self, elapsed: Duration, idle: Duration) -> bool {
        let evicted = self.with(|core| {
            // What is on its way to the archive may come back, and the journal is told only at the end of that way.
            let quiet = core.lines.is_empty()
                && core.pending() == Pending::Nothing
                && !core.frozen
                && !self.is_on_its_way();
            if !quiet || elapsed.saturating_sub(core.idle_since) < idle {
                return false;
            }
            core.ended = Some(Ended::Evicted);
            self.ended.store(true, Ordering::Release);
            true
        });
        evicted.unwrap_or(false)
    }

    /// How many of its records the archive does not have.
    pub(crate) fn unstored(&self) -> u64 {
        let marks = self.lock().marks;
        marks.tail.0 - marks.stored.0
    }

    /// Connections in the room.
    pub(crate) fn connections(&self) -> usize {
        self.lock().lines.len()
    }

    /// Runs `work` on a room in service.
    fn with<T>(&self, work: impl FnOnce(&mut Core) -> T) -> Result<T, Ended> {
        self.even_ended(|core| match core.ended {
            Some(ended) => Err(ended),
            None => Ok(work(core)),
        })
        .and_then(|result| result)
    }

    /// Runs `work` on a room that has not failed. A panic in it poisons the lock and ends the room.
    fn even_ended<T>(&self, work: impl FnOnce(&mut Core) -> T) -> Result<T, Ended> {
        let failed = Ended::Stopped(CloseCode::RoomFailed);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut core = self.core.lock().map_err(|_| failed)?;
            Ok(work(&mut core))
        }));
        result.unwrap_or_else(|_| {
            tracing::error!(room = %self.id, epoch = %self.epoch, "the room failed and is taken out");
            self.stop(CloseCode::RoomFailed);
            Err(failed)
        })
    }

    /// The bookkeeping beside the state machine, which a panic in the state machine does not harm.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn is_some(&self) -> bool {
        self.chunk.is_some() || self.keep.is_some() || self.finish.is_some()
    }
}

impl Core {
    fn pending(&self) -> Pending {
        // Stored records lie before every checkpoint that is to be kept.
        let gathered = self.keep.is_some() || self.room.fills_half_a_chunk();
        match self.room.unstored_since() {
            _ if self.urgent => Pending::Over,
            _ if gathered => Pending::Gathered,
            Some(since_ms) => Pending::Since(since_ms),
            None if self.finish.is_some() => Pending::Unannounced,
            None => Pending::Nothing,
        }
    }

    fn next_chunk(&self) -> Option<(Chunk, Summary)> {
        let records = self.room.unstored();
        let last = records.last()?.seq;
        let summary = self.room.summary_at(last);
        let chunk = Chunk {
            room: self.room.id(),
            epoch: self.room.epoch(),
            records,
        };
        Some((
            chunk,
            summary.expect("an unstored record lies between stored and tail"),
        ))
    }
}

mod glance;
mod moving;
mod operating;
#[cfg(test)]
pub(crate) mod tests;
