//! Moving records to the archive, about once a second and at once when a game is over: sync the journal, store each
//! room's chunk, tell the room, announce its finish, and only then let the journal forget. Also the group sync of the
//! journal. While the archive is away play goes on, and all rooms wait together before it is tried again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use latchkey_journal::SyncError;
use latchkey_protocol::{Chunk, CloseCode, RoomId, Seq};
use latchkey_room::{Checkpoint, Summary};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::backoff::Backoff;
use crate::host::Shared;
use crate::limits::{MIGRATE_EVERY, MIGRATIONS_AT_ONCE, PORT_WITHIN, SYNC_EVERY};
use crate::live::{Batch, LiveRoom, Pending};
use crate::metrics::Metrics;
use crate::ports::ArchiveError;
use crate::waits::Waits;

/// The rooms that have something for the archive. Each is here at most once, so there are never more than rooms.
pub(crate) struct Migration {
    due: Mutex<VecDeque<Arc<LiveRoom>>>,
    kick: Notify,
    /// Counts the turns that have ended.
    settled: watch::Sender<u64>,
    /// Whether the journal may have segments to remove.
    freed: AtomicBool,
    /// Rooms of which the archive cannot read its own copy, and finishes that could not be passed on.
    stuck: Waits,
    unannounced: Waits,
    seed: u64,
}

impl Migration {
    /// Nothing to do yet.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            due: Mutex::new(VecDeque::new()),
            kick: Notify::new(),
            settled: watch::Sender::new(0),
            freed: AtomicBool::new(false),
            stuck: Waits::new(seed),
            unannounced: Waits::new(seed),
            seed,
        }
    }

    /// Notes what `live` has for the archive.
    pub(crate) fn watch(&self, live: &Arc<LiveRoom>, pending: Pending) {
        if pending == Pending::Nothing {
            return;
        }
        if !live.queued.swap(true, Ordering::AcqRel) {
            self.due().push_back(live.clone());
        }
        if pending == Pending::Urgent {
            self.kick.notify_one();
        }
    }

    /// Notes that the journal was told of stored records.
    pub(crate) fn freed(&self) {
        self.freed.store(true, Ordering::Release);
    }

    /// Begins a round now.
    pub(crate) fn hurry(&self) {
        self.kick.notify_one();
    }

    /// Changes whenever a room's turn has ended.
    pub(crate) fn settled(&self) -> watch::Receiver<u64> {
        self.settled.subscribe()
    }

    /// Gives `live` the next turn, before all that wait.
    pub(crate) fn hasten(&self, live: &Arc<LiveRoom>) {
        {
            let mut due = self.due();
            if !live.queued.swap(true, Ordering::AcqRel) {
                due.push_front(live.clone());
            } else if let Some(at) = due.iter().position(|other| Arc::ptr_eq(other, live))
                && let Some(live) = due.remove(at)
            {
                due.push_front(live);
            }
        }
        self.hurry();
    }

    /// Notes that a room has left memory: nothing of it is tried here any more.
    pub(crate) fn left(&self, room: RoomId, metrics: &Metrics) {
        self.unannounced.over(room);
        self.unstick(room, metrics);
    }

    /// Notes that the room can be stored, or is not tried any more.
    fn unstick(&self, room: RoomId, metrics: &Metrics) {
        if self.stuck.over(room) {
            metrics.rooms_stuck.down();
        }
    }

    /// Lets go of rooms that have nothing to give any more. While the archive is away no turn comes that would do so,
    /// and what they hold in memory may be opened anew meanwhile.
    pub(crate) fn drop_lost(&self) {
        self.due().retain(|live| !live.is_lost());
    }

    fn due(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<LiveRoom>>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out up to `most` rooms that need not wait.
    fn take(&self, most: usize, now: Duration) -> Vec<Arc<LiveRoom>> {
        let mut due = self.due();
        let mut taken = Vec::new();
        for _ in 0..due.len() {
            if taken.len() == most {
                break;
            }
            match due.pop_front() {
                Some(live) if self.stuck.holds(live.id, now) => due.push_back(live),
                live => taken.extend(live),
            }
        }
        taken
    }
}

/// How a room's turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Everything asked of the archive was done.
    Done,
    /// The same, and the room has more that does not wait.
    More,
    /// The archive is away.
    ArchiveFailed,
}

/// Syncs the journal every [`SYNC_EVERY`] if anything was appended, or stored, which may free segments: nothing a member
/// sees waits for it. A journal that lost a sync goes on when everything in it is stored (J4.4).
pub(crate) async fn sync_in_groups(shared: Arc<Shared>) {
    let mut tick = interval(SYNC_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut synced = 0;
    let mut backoff = Backoff::new(shared.migration.seed);
    loop {
        tick.tick().await;
        let at = shared.time.elapsed();
        let records = shared.desk.metrics.records.get();
        let freed = shared.migration.freed.swap(false, Ordering::AcqRel);
        if records == synced && !freed {
            shared.desk.metrics.synced.note(records, at);
            continue;
        }
        if sync(&shared).await {
            shared.desk.metrics.synced.note(records, at);
            backoff.worked();
            synced = records;
        } else {
            // To be tried again although nothing may happen until then.
            synced = u64::MAX;
            sleep(backoff.failed()).await;
            renew(&shared).await;
        }
    }
}

/// Lets a failed journal go on if nothing in it is needed any more.
async fn renew(shared: &Arc<Shared>) {
    let desk = shared.clone();
    let renewed = tokio::task::spawn_blocking(move || desk.desk.journal.renew()).await;
    if renewed.unwrap_or(false) {
        tracing::warn!("everything is stored, and the journal goes on in a new segment");
    }
}

/// Syncs the journal; whether that worked. After a failure it takes no records (the rooms refuse their frames), but
/// what memory holds goes on to the archive, which then has the only durable copy.
pub(crate) async fn sync(shared: &Arc<Shared>) -> bool {
    let desk = shared.clone();
    let synced = tokio::task::spawn_blocking(move || desk.desk.journal.sync()).await;
    let failed = match synced {
        Ok(Ok(())) => return true,
        // What was lost was said when it was lost.
        Ok(Err(SyncError::Failed)) => return false,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    shared.desk.metrics.sync_failures.up();
    tracing::error!(error = failed, "the journal could not be synced");
    false
}

/// Runs until its task is dropped.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut tick = interval(MIGRATE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut turns = Turns {
        running: JoinSet::new(),
        backoff: Backoff::new(shared.migration.seed),
        not_before: Duration::ZERO,
    };
    loop {
        tokio::select! {
            Some(turn) = turns.running.join_next(), if !turns.running.is_empty() => {
                turns.ended(&shared, turn.unwrap_or(Turn::ArchiveFailed));
            }
            _ = tick.tick() => turns.round(&shared).await,
            () = shared.migration.kick.notified() => turns.round(&shared).await,
        }
    }
}

/// The rooms whose records are on their way.
struct Turns {
    running: JoinSet<Turn>,
    backoff: Backoff,
    /// When the archive may be tried again, in elapsed time.
    not_before: Duration,
}

impl Turns {
    /// Gives every due room its turn, as far as there is place; a turn that ends makes place for the next.
    async fn round(&mut self, shared: &Arc<Shared>) {
        let now = shared.time.elapsed();
        if now < self.not_before {
            return;
        }
        let rooms = shared
            .migration
            .take(MIGRATIONS_AT_ONCE.saturating_sub(self.running.len()), now);
        let batches: Vec<_> = rooms
            .into_iter()
            .filter_map(|live| match live.batch() {
                Some(batch) => Some((live, batch)),
                None => {
                    end_turn(shared, &live);
                    None
                }
            })
            .collect();
        if batches.is_empty() {
            return;
        }
        // Nothing reaches the archive that the journal could still lose: stored <= journaled.
        sync(shared).await;
        for (live, batch) in batches {
            if let Some(last) = batch.last() {
                live.journaled(last);
            }
            let shared = shared.clone();
            self.running.spawn(async move {
                let guard = EndTurn {
                    shared: &shared,
                    live: &live,
                };
                let turn = carry(&shared, &live, batch).await;
                drop(guard);
                turn
            });
        }
    }

    fn ended(&mut self, shared: &Shared, turn: Turn) {
        match turn {
            Turn::Done => self.backoff.worked(),
            Turn::More => {
                self.backoff.worked();
                shared.migration.hurry();
            }
            Turn::ArchiveFailed => {
                if shared.time.elapsed() >= self.not_before {
                    let wait = self.backoff.failed();
                    self.not_before = shared.time.elapsed() + wait;
                }
            }
        }
        if !shared.migration.due().is_empty() && self.running.len() + 1 == MIGRATIONS_AT_ONCE {
            shared.migration.hurry();
        }
    }
}

/// Ends a turn also when a port panics in it, or the room would never have another one.
struct EndTurn<'t> {
    shared: &'t Shared,
    live: &'t Arc<LiveRoom>,
}

impl Drop for EndTurn<'_> {
    fn drop(&mut self) {
        end_turn(self.shared, self.live);
    }
}

/// The room may be queued again, and is if it has more.
fn end_turn(shared: &Shared, live: &Arc<LiveRoom>) {
    live.queued.store(false, Ordering::Release);
    shared.migration.watch(live, live.pending());
    shared.migration.settled.send_modify(|turns| *turns += 1);
}

async fn carry(shared: &Arc<Shared>, live: &Arc<LiveRoom>, batch: Batch) -> Turn {
    let Batch {
        chunk,
        keep,
        mut finish,
        more,
    } = batch;
    if let Some((chunk, summary)) = chunk {
        match store(shared, live, chunk, summary).await {
            // At once: what follows may fail, and the next turn may have no chunk.
            Ok(Some((announce, upto))) => {
                shared.forget(live.id, upto);
                finish = announce;
            }
            Ok(None) => return Turn::Done,
            Err(turn) => {
                keep.into_iter()
                    .for_each(|checkpoint| live.not_kept(checkpoint));
                return turn;
            }
        }
    }
    if let Some(checkpoint) = keep
        && let Err(turn) = keep_checkpoint(shared, live, checkpoint).await
    {
        return turn;
    }
    if let Some(seq) = finish
        && announce(shared, live, seq).await
    {
        shared.forget(live.id, live.announced());
    }
    if more { Turn::More } else { Turn::Done }
}

/// Stores a chunk and tells the room; then the `finished` record that may be announced, and how far the journal may
/// forget. `None` when the room failed meanwhile.
async fn store(
    shared: &Arc<Shared>,
    live: &Arc<LiveRoom>,
    chunk: Chunk,
    summary: Summary,
) -> Result<Option<(Option<Seq>, Seq)>, Turn> {
    let (last, records) = (chunk.last(), chunk.records.len() as u64);
    let appended = shared.ports.archive.append(chunk.clone(), summary.encode());
    if let Err(turn) = judge(shared, live, shared.archive(appended).await) {
        live.not_stored(chunk, summary);
        return Err(turn);
    }
    shared.desk.metrics.chunks_stored.up();
    shared.desk.metrics.records_stored.add(records);
    Ok(live.stored(&shared.desk, shared.time.now(), last))
}

async fn keep_checkpoint(
    shared: &Arc<Shared>,
    live: &Arc<LiveRoom>,
    checkpoint: Checkpoint,
) -> Result<(), Turn> {
    let Checkpoint { seq, state } = checkpoint.clone();
    let kept = shared.ports.archive.keep(live.id, live.epoch, seq, state);
    let judged = judge(shared, live, shared.archive(kept).await);
    match judged {
        Ok(()) => shared.desk.metrics.checkpoints_kept.up(),
        Err(_) => live.not_kept(checkpoint),
    }
    judged
}

/// Passes the finish on; whether that worked. If not, a later turn of the room tries again.
async fn announce(shared: &Arc<Shared>, live: &Arc<LiveRoom>, seq: Seq) -> bool {
    let room = live.id;
    let unannounced = &shared.migration.unannounced;
    if unannounced.holds(room, shared.time.elapsed()) {
        return false;
    }
    let error = match timeout(PORT_WITHIN, shared.ports.finishes.finished(room, seq)).await {
        Ok(Ok(())) => {
            unannounced.over(room);
            shared.desk.metrics.finishes_announced.up();
            tracing::info!(%room, %seq, "the finished game is announced");
            return true;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    if unannounced.failed(room, shared.time.elapsed()) {
        tracing::warn!(%room, %seq, error, "the finished game could not be announced; it is tried again");
    }
    false
}

/// What an answer of the archive means: a room that is fenced or disagrees with it is stopped, anything else is tried
/// again after a wait.
fn judge(shared: &Shared, live: &LiveRoom, answer: Result<(), ArchiveError>) -> Result<(), Turn> {
    let (room, epoch) = (live.id, live.epoch);
    match answer {
        Ok(()) => {
            shared.migration.unstick(room, &shared.desk.metrics);
            Ok(())
        }
        Err(ArchiveError::Fenced(writer)) => {
            tracing::warn!(%room, %epoch, %writer, "another epoch writes the room; it is stopped here");
            live.stop(CloseCode::NotReady);
            Err(Turn::Done)
        }
        Err(error @ ArchiveError::Gap { .. }) => {
            // Memory and archive disagree: rebuilt from the archive and the journal, the room knows what is true.
            tracing::error!(%room, %epoch, %error, "the room is taken out");
            live.stop(CloseCode::RoomFailed);
            Err(Turn::Done)
        }
        Err(error @ ArchiveError::Corrupt(_)) => {
            // It concerns this room alone, so only this room waits.
            if shared.migration.stuck.failed(room, shared.time.elapsed()) {
                shared.desk.metrics.rooms_stuck.up();
                tracing::error!(%room, %epoch, %error, "the room cannot be stored; play goes on, and the journal keeps its records");
            }
            Err(Turn::Done)
        }
        Err(error @ ArchiveError::Unavailable(_)) => {
            tracing::debug!(%room, %epoch, %error, "the archive did not take it");
            Err(Turn::ArchiveFailed)
        }
    }
}
