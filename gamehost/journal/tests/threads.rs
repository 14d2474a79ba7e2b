//! Many threads append while others sync, release and read: every room's history stays whole, and what a sync covered
//! survives the loss of power (J4, J5).

mod sim;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use latchkey_journal::{AppendError, Journal, Limits};
use latchkey_protocol::Seq;
use sim::world::{record, room_id};
use sim::{Accident, Plan, Rng, SimDisk};

const ROOMS: usize = 6;
const RECORDS: u64 = 400;
/// Holds all that the rooms say.
const WIDE: Limits = Limits {
    bytes: 1024 * 1024,
    segment: 2048,
};
/// Is full again and again.
const NARROW: Limits = Limits {
    bytes: 96 * 1024,
    segment: 2048,
};

/// What the threads know of one room.
#[derive(Default)]
struct Room {
    appended: AtomicU64,
    synced: AtomicU64,
    stored: AtomicU64,
}

/// Appends all records of a room. `stored` follows some way behind, and catches up whenever the journal is full.
fn play(journal: &Journal, n: usize, room: &Room, seed: u64) {
    let mut rng = Rng::new(seed ^ n as u64);
    let mut next = 1;
    while next <= RECORDS {
        let count = (1 + rng.below(4) as u64).min(RECORDS - next + 1);
        let records: Vec<_> = (next..next + count)
            .map(|seq| record(seq, 1, seq, rng.below(60)))
            .collect();
        match journal.append_all(room_id(n), &records) {
            Ok(()) => {
                next += count;
                room.appended.store(next - 1, Ordering::SeqCst);
            }
            Err(AppendError::Full { .. }) => {
                store(journal, n, room, next - 1);
                thread::yield_now();
            }
            Err(error) => panic!("{error}"),
        }
        if rng.one_in(40) {
            let stored = (next - 1).saturating_sub(rng.below(10) as u64);
            let stored = stored.max(room.stored.load(Ordering::SeqCst));
            store(journal, n, room, stored);
            let tail = journal.tail(room_id(n), Seq(stored)).expect("read");
            let seqs: Vec<u64> = tail.iter().map(|record| record.seq.0).collect();
            assert_eq!(
                seqs,
                (stored + 1..next).collect::<Vec<_>>(),
                "seed {seed}, room {n}"
            );
        }
    }
}

fn store(journal: &Journal, n: usize, room: &Room, seq: u64) {
    room.stored.store(seq, Ordering::SeqCst);
    journal.stored(room_id(n), Seq(seq));
}

/// Syncs until told to stop, and notes what was appended before each sync.
fn keep_syncing(journal: &Journal, rooms: &[Room], done: &AtomicBool) {
    while !done.load(Ordering::SeqCst) {
        let before: Vec<u64> = rooms
            .iter()
            .map(|room| room.appended.load(Ordering::SeqCst))
            .collect();
        journal.sync().expect("the disk is sound");
        for (room, appended) in rooms.iter().zip(before) {
            room.synced.fetch_max(appended, Ordering::SeqCst);
        }
        thread::yield_now();
    }
}

#[test]
fn rooms_syncs_releases_and_reads_race_without_losing_a_record() {
    for seed in 0..6 {
        race(seed, WIDE);
    }
}

#[test]
fn rooms_that_fill_the_journal_make_room_for_each_other() {
    for seed in 0..6 {
        race(seed, NARROW);
    }
}

fn race(seed: u64, limits: Limits) {
    let disk = SimDisk::new(seed, Plan::default());
    let (journal, _) = Journal::open(disk.arc(), limits).expect("an empty disk opens");
    let journal = Arc::new(journal);
    let rooms: Vec<Room> = (0..ROOMS).map(|_| Room::default()).collect();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| keep_syncing(&journal, &rooms, &done));
        }
        let players: Vec<_> = rooms
            .iter()
            .enumerate()
            .map(|(n, room)| {
                let journal = &journal;
                scope.spawn(move || {
                    play(journal, n, room, seed);
                    // A room that has nothing more to say would keep the others' segments for ever.
                    if limits == NARROW {
                        store(journal, n, room, RECORDS);
                    }
                })
            })
            .collect();
        let played = players
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .filter(Result::is_err);
        let failed = played.count();
        done.store(true, Ordering::SeqCst);
        assert_eq!(failed, 0, "seed {seed}");
    });
    let figures = journal.figures();
    assert!(figures.bytes <= figures.limit, "seed {seed}: {figures:?}");
    disk.restart(Accident::PowerLoss, Plan::default());
    let (_, mut recovered) = Journal::open(disk.arc(), limits).expect("recovery succeeds");
    for (n, room) in rooms.iter().enumerate() {
        let stored = room.stored.load(Ordering::SeqCst);
        let records = recovered.take(room_id(n), Seq(stored));
        let last = records.last().map_or(stored, |record| record.seq.0);
        let synced = room.synced.load(Ordering::SeqCst);
        assert!(
            last >= synced,
            "seed {seed}, room {n}: {last} of {synced} synced"
        );
    }
}

#[test]
fn a_write_succeeds_while_a_sync_is_under_way() {
    use std::io;
    use std::sync::Barrier;

    use latchkey_journal::{Disk, DiskFile};

    /// A disk whose syncs wait until the test has appended meanwhile.
    struct Slow(SimDisk, Arc<Barrier>);
    struct SlowFile(Arc<dyn DiskFile>, Arc<Barrier>);

    impl Disk for Slow {
        fn list(&self) -> io::Result<Vec<String>> {
            self.0.list()
        }
        fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
            Ok(Arc::new(SlowFile(self.0.create(name)?, self.1.clone())))
        }
        fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
            self.0.open(name)
        }
        fn read(&self, name: &str) -> io::Result<Vec<u8>> {
            self.0.read(name)
        }
        fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            self.0.rename(from, to)
        }
        fn remove(&self, name: &str) -> io::Result<()> {
            self.0.remove(name)
        }
        fn sync_names(&self) -> io::Result<()> {
            self.0.sync_names()
        }
    }

    impl DiskFile for SlowFile {
        fn append(&self, bytes: &[u8]) -> io::Result<()> {
            self.0.append(bytes)
        }
        fn sync(&self) -> io::Result<()> {
            self.1.wait();
            self.1.wait();
            self.0.sync()
        }
    }

    let barrier = Arc::new(Barrier::new(2));
    let disk = SimDisk::new(0, Plan::default());
    let slow = Arc::new(Slow(disk, barrier.clone()));
    let (journal, _) = Journal::open(slow, WIDE).expect("an empty disk opens");
    journal
        .append(room_id(0), &record(1, 1, 1, 1))
        .expect("appended");
    thread::scope(|scope| {
        let sync = scope.spawn(|| journal.sync());
        barrier.wait();
        journal
            .append(room_id(0), &record(2, 1, 2, 1))
            .expect("the sync holds no lock");
        barrier.wait();
        sync.join().expect("no panic").expect("synced");
    });
}
