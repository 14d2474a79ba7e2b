//! In-memory ports for tests, with switches that make them fail. They keep the contracts in [`crate::contracts`].

mod directory;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
pub use directory::MemoryDirectory;
use latchkey_protocol::{Body, Chunk, Epoch, Record, RoomId, Seq, UnixMs};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::ports::{Archive, ArchiveError, Clock, Finishes, FinishesError, Head};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, Default)]
struct Kept {
    epoch: Epoch,
    head: Head,
    chunks: Vec<Chunk>,
}

/// An archive in memory.
#[derive(Debug)]
pub struct MemoryArchive {
    rooms: Mutex<BTreeMap<RoomId, Kept>>,
    /// Answers nothing while true.
    pub refusing: AtomicBool,
    /// Takes the next chunk, and fails to say so.
    pub forgets_to_answer: AtomicBool,
    /// Takes no chunk while true.
    pub refusing_chunks: AtomicBool,
    /// Keeps no checkpoint while true.
    pub refusing_checkpoints: AtomicBool,
    /// Panics at the next chunk.
    pub panics: AtomicBool,
    /// Rooms of which it cannot read its own copy.
    corrupt: Mutex<BTreeSet<RoomId>>,
    /// Milliseconds that every call takes.
    pub slow_ms: AtomicU64,
    /// Answers only while false.
    held: watch::Sender<bool>,
    reads: AtomicU64,
}

impl Default for MemoryArchive {
    fn default() -> Self {
        Self {
            rooms: Mutex::default(),
            refusing: AtomicBool::new(false),
            forgets_to_answer: AtomicBool::new(false),
            refusing_chunks: AtomicBool::new(false),
            refusing_checkpoints: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            corrupt: Mutex::default(),
            slow_ms: AtomicU64::new(0),
            held: watch::Sender::new(false),
            reads: AtomicU64::new(0),
        }
    }
}

impl MemoryArchive {
    /// Makes every call wait until it is let go again.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Makes its copy of `room` unreadable, or readable again.
    pub fn corrupt(&self, room: RoomId, corrupt: bool) {
        let mut rooms = lock(&self.corrupt);
        if corrupt {
            rooms.insert(room);
        } else {
            rooms.remove(&room);
        }
    }

    fn readable(&self, room: RoomId) -> Result<(), ArchiveError> {
        if lock(&self.corrupt).contains(&room) {
            return Err(ArchiveError::Corrupt("the test spoiled it".to_owned()));
        }
        Ok(())
    }

    /// Pages read so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Acquire)
    }

    /// Every record stored of `room`.
    #[must_use]
    pub fn records(&self, room: RoomId) -> Vec<Record> {
        let rooms = lock(&self.rooms);
        let chunks = rooms.get(&room).map_or(&[][..], |kept| &kept.chunks);
        chunks
            .iter()
            .flat_map(|chunk| chunk.records.clone())
            .collect()
    }

    /// What is stored of `room` beside its records.
    #[must_use]
    pub fn head(&self, room: RoomId) -> Head {
        lock(&self.rooms)
            .get(&room)
            .map(|kept| kept.head.clone())
            .unwrap_or_default()
    }

    async fn answer(&self) -> Result<(), ArchiveError> {
        let mut held = self.held.subscribe();
        let _ = held.wait_for(|held| !held).await;
        sleep(Duration::from_millis(self.slow_ms.load(Ordering::Acquire))).await;
        if self.refusing.load(Ordering::Acquire) {
            return Err(ArchiveError::Unavailable(
                "the test switched it off".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Kept {
    fn writer(&self, epoch: Epoch) -> Result<(), ArchiveError> {
        if epoch == self.epoch {
            Ok(())
        } else {
            Err(ArchiveError::Fenced(self.epoch))
        }
    }
}

#[async_trait]
impl Archive for MemoryArchive {
    async fn open(&self, room: RoomId, epoch: Epoch) -> Result<Head, ArchiveError> {
        self.answer().await?;
        self.readable(room)?;
        let mut rooms = lock(&self.rooms);
        let kept = rooms.entry(room).or_default();
        if kept.epoch >= epoch {
            return Err(ArchiveError::Fenced(kept.epoch));
        }
        kept.epoch = epoch;
        Ok(kept.head.clone())
    }

    async fn append(&self, chunk: Chunk, summary: Bytes) -> Result<(), ArchiveError> {
        self.answer().await?;
        self.readable(chunk.room)?;
        if self.refusing_chunks.load(Ordering::Acquire) {
            return Err(ArchiveError::Unavailable("no chunks".to_owned()));
        }
        assert!(
            !self.panics.swap(false, Ordering::AcqRel),
            "a test asked the archive to panic"
        );
        {
            let mut rooms = lock(&self.rooms);
            let kept = rooms.entry(chunk.room).or_default();
            kept.writer(chunk.epoch)?;
            let (stored, first) = (kept.head.stored, chunk.first());
            if chunk.last() <= stored {
                return Ok(());
            }
            if first != stored.next() {
                return Err(ArchiveError::Gap { stored, first });
            }
            kept.head.stored = chunk.last();
            kept.head.summary = summary;
            kept.chunks.push(chunk);
        }
        if self.forgets_to_answer.swap(false, Ordering::AcqRel) {
            return Err(ArchiveError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(())
    }

    async fn keep(
        &self,
        room: RoomId,
        epoch: Epoch,
        seq: Seq,
        state: Body,
    ) -> Result<(), ArchiveError> {
        self.answer().await?;
        if self.refusing_checkpoints.load(Ordering::Acquire) {
            return Err(ArchiveError::Unavailable("no checkpoints".to_owned()));
        }
        let mut rooms = lock(&self.rooms);
        let kept = rooms.entry(room).or_default();
        kept.writer(epoch)?;
        if kept
            .head
            .checkpoint
            .as_ref()
            .is_none_or(|(held, _)| *held < seq)
        {
            kept.head.checkpoint = Some((seq, state));
        }
        Ok(())
    }

    async fn read(
        &self,
        room: RoomId,
        after: Seq,
        bytes: usize,
    ) -> Result<Vec<Record>, ArchiveError> {
        self.answer().await?;
        self.reads.fetch_add(1, Ordering::AcqRel);
        let mut page = Vec::new();
        let mut size = 0;
        for record in self
            .records(room)
            .into_iter()
            .filter(|record| record.seq > after)
        {
            size += record.encoded_len();
            if size > bytes && !page.is_empty() {
                break;
            }
            page.push(record);
        }
        Ok(page)
    }
}

/// Remembers which games were announced.
#[derive(Debug, Default)]
pub struct MemoryFinishes {
    told: Mutex<BTreeSet<(RoomId, Seq)>>,
    calls: AtomicU64,
    /// Answers nothing while true.
    pub refusing: AtomicBool,
}

impl MemoryFinishes {
    /// The jobs there are: what was told twice is here once.
    #[must_use]
    pub fn jobs(&self) -> Vec<(RoomId, Seq)> {
        lock(&self.told).iter().copied().collect()
    }

    /// How often it was told, refused calls included.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Acquire)
    }
}

#[async_trait]
impl Finishes for MemoryFinishes {
    async fn finished(&self, room: RoomId, seq: Seq) -> Result<(), FinishesError> {
        self.calls.fetch_add(1, Ordering::AcqRel);
        if self.refusing.load(Ordering::Acquire) {
            return Err(FinishesError("the test switched it off".to_owned()));
        }
        lock(&self.told).insert((room, seq));
        Ok(())
    }
}

/// A wall clock that stands until a test moves it.
#[derive(Debug)]
pub struct SetClock(AtomicU64);

impl SetClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: UnixMs) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Moves it on.
    pub fn advance(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds, Ordering::AcqRel);
    }
}

impl Clock for SetClock {
    fn wall(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::Acquire))
    }
}
