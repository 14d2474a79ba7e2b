//! Moving records to the archive: a room has its turn when its oldest unstored record is some seconds old, and at once
//! when its game is over, when much has gathered, or when the room or the host is to go. Rooms whose time has come
//! together share one sync of the journal. While the archive is away play goes on, and all rooms wait together before it
//! is tried again. Also the group sync of the journal. What is done in a turn is in `turn`, in what order rooms come in
//! `due`.

mod due;
mod turn;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_journal::{Journal, SyncError};
use latchkey_protocol::RoomId;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use self::due::Due;
pub(crate) use self::due::Standing;
use self::turn::{Ending, Turn};
use crate::backoff::Backoff;
use crate::host::Shared;
use crate::limits::{MIGRATE_EVERY, SYNC_EVERY, TURNS_AT_ONCE};
use crate::live::{LiveRoom, Pending};
use crate::metrics::Metrics;
use crate::time::Time;
use crate::waits::{self, Waits};

/// Which rooms are due, and what must be known of them between their turns.
pub(crate) struct Migration {
    due: Mutex<Due>,
    /// How old a record gets at most before its room has a turn.
    after: Duration,
    kick: Notify,
    /// Counts the turns that have ended.
    settled: watch::Sender<u64>,
    /// Whether the journal may have segments to remove.
    freed: AtomicBool,
    /// Whether the journal has lost a sync: what memory holds is then the only copy that is sure.
    journal_lost: AtomicBool,
    /// Rooms of which the archive cannot read its own copy, and finishes that could not be passed on.
    stuck: Waits,
    unannounced: Waits,
    seed: u64,
}

impl Migration {
    /// Nothing to do yet; a record waits for `after` at most.
    pub(crate) fn new(seed: u64, after: Duration) -> Self {
        Self {
            due: Mutex::default(),
            after,
            kick: Notify::new(),
            settled: watch::Sender::new(0),
            freed: AtomicBool::new(false),
            journal_lost: AtomicBool::new(false),
            stuck: Waits::new(seed),
            unannounced: Waits::new(seed),
            seed,
        }
    }

    /// Notes what `live` has for the archive.
    pub(crate) fn watch(&self, live: &Arc<LiveRoom>, pending: Pending, time: &Time) {
        let when = match pending {
            Pending::Nothing => return,
            // Nearly always it waits already, and its time does not come sooner for one more record.
            Pending::Since(_) if *live.standing() != Standing::Nowhere => return,
            Pending::Since(since_ms) => Duration::from_millis(since_ms) + self.wait(live.id),
            Pending::Gathered => time.elapsed(),
            Pending::Unannounced => self.unannounced.until(live.id).max(time.elapsed()),
            Pending::Over => Duration::ZERO,
        };
        self.put(live, when);
        if pending == Pending::Over {
            self.hurry();
        }
    }

    /// How long a record of `room` waits: between half of the time there is and all of it, so that rooms which began
    /// together, as after a restart, do not come together for ever.
    fn wait(&self, room: RoomId) -> Duration {
        let half = self.after / 2;
        let part = waits::spread(self.seed, room).to_le_bytes()[0];
        half + half * u32::from(part) / 256
    }

    fn put(&self, live: &Arc<LiveRoom>, when: Duration) {
        let when = when.max(self.stuck.until(live.id));
        self.due().put(live, when);
    }

    /// Notes that the journal was told of stored records.
    pub(crate) fn freed(&self) {
        self.freed.store(true, Ordering::Release);
    }

    /// Gives the rooms whose time has come their turns now.
    pub(crate) fn hurry(&self) {
        self.kick.notify_one();
    }

    /// Changes whenever a room's turn has ended.
    pub(crate) fn settled(&self) -> watch::Receiver<u64> {
        self.settled.subscribe()
    }

    /// Gives `live` the next turn, before all that wait. The others' time does not come sooner for it.
    pub(crate) fn hasten(&self, live: &Arc<LiveRoom>) {
        self.put(live, Duration::ZERO);
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
        self.due().drop_lost();
    }

    /// A room's turn has ended. It has another one if it has more.
    fn end_turn(&self, live: &Arc<LiveRoom>, time: &Time) {
        self.due().end_turn(live);
        self.watch(live, live.pending(), time);
        self.settled.send_modify(|turns| *turns += 1);
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rooms have their turns whose time is not after this: now, but a host that stops, or whose journal may have lost what
    /// it took, waits for no record to get older.
    fn until(&self, shared: &Shared) -> Duration {
        let pressed = shared.is_stopping() || self.journal_lost.load(Ordering::Acquire);
        match pressed {
            true => Duration::MAX,
            false => shared.time.elapsed(),
        }
    }

    /// Takes out at most so many rooms for their turns.
    fn turns(&self, shared: &Arc<Shared>, most: usize) -> Vec<Turn> {
        let (now, until) = (shared.time.elapsed(), self.until(shared));
        let (mut turns, mut held) = (Vec::new(), Vec::new());
        while turns.len() < most {
            let next = self.due().take(until);
            match next {
                None => break,
                Some(live) if self.stuck.holds(live.id, now) => held.push(live),
                Some(live) => turns.extend(Turn::begin(shared, live)),
            }
        }
        for live in held {
            let when = self.stuck.until(live.id);
            self.due().put_back(&live, when);
        }
        turns
    }
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
    let renewed = shared.on_journal(Journal::renew).await;
    if renewed.unwrap_or(false) {
        shared
            .migration
            .journal_lost
            .store(false, Ordering::Release);
        tracing::warn!("everything is stored, and the journal goes on in a new segment");
    }
}

/// Syncs the journal; whether that worked. After a failure it takes no records (the rooms refuse their frames), but
/// what memory holds goes on to the archive, which then has the only durable copy.
pub(crate) async fn sync(shared: &Arc<Shared>) -> bool {
    let failed = match shared.on_journal(Journal::sync).await {
        Ok(Ok(())) => return true,
        // What was lost was said when it was lost.
        Ok(Err(SyncError::Failed)) => return false,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    shared.migration.journal_lost.store(true, Ordering::Release);
    shared.migration.hurry();
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
            Some(ended) = turns.running.join_next(), if !turns.running.is_empty() => {
                turns.ended(&shared, ended.unwrap_or(Ending::ArchiveAway));
            }
            _ = tick.tick() => turns.begin(&shared).await,
            () = shared.migration.kick.notified() => turns.begin(&shared).await,
        }
    }
}

/// The rooms whose records are on their way.
struct Turns {
    running: JoinSet<Ending>,
    backoff: Backoff,
    /// When the archive may be tried again, in elapsed time.
    not_before: Duration,
}

impl Turns {
    /// Gives every room whose time has come its turn, as far as there is place.
    async fn begin(&mut self, shared: &Arc<Shared>) {
        if shared.time.elapsed() < self.not_before {
            return;
        }
        let place = TURNS_AT_ONCE - self.running.len();
        let turns = shared.migration.turns(shared, place);
        if turns.is_empty() {
            return;
        }
        // Nothing reaches the archive that the journal could still lose: stored <= journaled.
        sync(shared).await;
        for turn in turns {
            turn.journaled();
            self.running.spawn(turn.carry());
        }
    }

    fn ended(&mut self, shared: &Shared, ending: Ending) {
        let now = shared.time.elapsed();
        match ending {
            Ending::Done => self.backoff.worked(),
            Ending::ArchiveAway => {
                if now >= self.not_before {
                    self.not_before = now + self.backoff.failed();
                }
            }
        }
        // Those that found no place share the next sync of the journal too, so they wait for half of the places.
        let migration = &shared.migration;
        if self.running.len() == TURNS_AT_ONCE / 2 && migration.due().any(migration.until(shared)) {
            migration.hurry();
        }
    }
}
