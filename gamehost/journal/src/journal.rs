//! The journal as its users see it.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use latchkey_protocol::{Record, RoomId, Seq, UnixMs, limits};

use crate::aside;
use crate::books::Books;
use crate::disk::Disk;
use crate::error::{AppendError, OpenError, SyncError, TailError};
use crate::fold::RoomLog;
use crate::format::{HEADER, Number, Piece, Scan, Seal};
use crate::recovery::{Reading, Recovered, read_all};
use crate::writer::Writer;

/// Bytes below which a segment would hold next to nothing.
const SMALLEST_SEGMENT: u64 = 1024;

/// How large the journal may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all segments; beyond, appends are refused as [`AppendError::Full`].
    pub bytes: u64,
    /// Bytes at which a segment is closed and the next one begun.
    pub segment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: limits::JOURNAL_BYTES,
            segment: limits::JOURNAL_SEGMENT,
        }
    }
}

/// What the metrics show of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of all segments.
    pub bytes: u64,
    /// The limit of them.
    pub limit: u64,
    /// Number of segments.
    pub segments: usize,
    /// Rooms that have records here which are not stored.
    pub rooms: usize,
    /// No record that is not stored is older than this; `None` when everything is stored.
    pub oldest_unstored: Option<UnixMs>,
    /// Whether a sync has failed, after which nothing is appended (J4.3).
    pub failed: bool,
}

/// The write-ahead log of one host, shared by its rooms and by as many threads as like.
pub struct Journal {
    disk: Arc<dyn Disk>,
    limits: Limits,
    writer: Mutex<Writer>,
    /// How many appends are durable. Locked by whoever syncs, so that there is one sync at a time.
    synced: Mutex<u64>,
}

impl Journal {
    /// Reads what is there and prepares to go on. Changes nothing on disk: the first append begins a new segment (J3).
    ///
    /// Afterwards, for every room of [`Recovered`], [`Journal::stored`] must be told how far the archive is, or the
    /// room's segments are kept for ever.
    ///
    /// # Errors
    /// When the disk cannot be read or holds segments of another format. Damage is not an error but a finding.
    pub fn open(disk: Arc<dyn Disk>, limits: Limits) -> Result<(Self, Recovered), OpenError> {
        let Limits { bytes, segment } = limits;
        if segment < SMALLEST_SEGMENT || segment > bytes / 2 {
            return Err(OpenError::Limits { bytes, segment });
        }
        let Reading {
            recovered,
            segments,
            highest,
        } = read_all(&*disk)?;
        let mut books = Books::default();
        // What a killed process wrote may be in the system's memory only, until this one syncs it.
        let mut unsynced = Vec::new();
        for found in &segments {
            let file = found.number.file();
            let handle = disk.open(&file).map_err(|source| OpenError::Io {
                doing: format!("open journal segment {file}"),
                source,
            })?;
            unsynced.push(handle);
            books.open_segment(found.number, found.bytes, found.end, found.damaged);
            for (room, last) in &found.rooms {
                let first = recovered.rooms.get(room).and_then(RoomLog::first);
                books.hold(
                    found.number,
                    *room,
                    *last,
                    first.map_or(UnixMs::ZERO, |first| first.at),
                );
            }
        }
        for (room, log) in &recovered.rooms {
            books.recovered(*room, log.spans());
        }
        let newest = segments.iter().rev().find(|found| found.end > 0);
        let previous = newest.map(|found| Seal {
            segment: found.number,
            end: found.end,
        });
        let torn = newest.is_some_and(|found| found.bytes > found.end);
        let mut writer = Writer::new(limits, books, unsynced, (previous, torn), highest + 1);
        for (room, log) in &recovered.rooms {
            if let Some(end) = log.end() {
                writer.resume(*room, end);
            }
        }
        let journal = Self {
            disk,
            limits,
            writer: Mutex::new(writer),
            synced: Mutex::new(0),
        };
        Ok((journal, recovered))
    }

    /// Writes one record, so that it survives the death of the process. Returns before it is durable: see [`Journal::sync`].
    ///
    /// Call it before anybody sees the record, in the order of the room's seqs. A seq at or below the room's last one
    /// means that the room's owner has another history from there on: it replaces what was written (J2.4).
    ///
    /// # Errors
    /// When the record was not written. It may then be given again, or another one with the same seq.
    pub fn append(&self, room: RoomId, record: &Record) -> Result<(), AppendError> {
        self.write().append(&*self.disk, room, &[record])
    }

    /// Writes several records of a room at once. All of them are appended, or none.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn append_all<'a>(
        &self,
        room: RoomId,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Result<(), AppendError> {
        let records: Vec<&Record> = records.into_iter().collect();
        self.write().append(&*self.disk, room, &records)
    }

    /// Makes everything appended before the call survive power loss; then removes segments that are no longer needed.
    ///
    /// Blocks on the disk: call it on a thread that may, every 50 ms or so. Appends go on meanwhile, and calls that
    /// come together share one sync.
    ///
    /// # Errors
    /// When it is not known what is durable; the journal then takes no more records (J4.3).
    pub fn sync(&self) -> Result<(), SyncError> {
        let appends = self.write().appends;
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        let done = self
            .sync_appends(appends, &mut synced)
            .and_then(|()| self.remove_freed());
        if done.is_err() {
            self.write().failed = true;
        }
        done
    }

    /// Makes at least so many appends durable.
    fn sync_appends(&self, appends: u64, synced: &mut u64) -> Result<(), SyncError> {
        let work = {
            let mut writer = self.write();
            if writer.failed {
                return Err(SyncError::Failed);
            }
            if *synced >= appends {
                return Ok(());
            }
            writer.take_unsynced()
        };
        for file in work.files {
            file.sync()?;
        }
        if work.names {
            self.disk.sync_names()?;
        }
        *synced = work.appends;
        Ok(())
    }

    /// Removes segments from the oldest on, as long as they are free. Each is gone for good before the next one goes,
    /// because a later segment may say what of an earlier one does not count (J5.2).
    fn remove_freed(&self) -> Result<(), SyncError> {
        loop {
            let Some((number, keep)) = self.write().removable() else {
                return Ok(());
            };
            let file = number.file();
            let removed = if keep {
                self.disk.rename(&file, &number.aside())
            } else {
                self.disk.remove(&file)
            };
            match removed {
                // Somebody else removed it, which is as good.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                // It stays on the books, and the next sync tries again.
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
            self.disk.sync_names()?;
            self.write().books.close_segment(number);
        }
    }

    /// Notes that the records of `room` up to `seq` are in the archive. Touches no file: the next [`Journal::sync`]
    /// removes what this freed. `Seq(u64::MAX)` gives up all that is here of a room that lives elsewhere now (J5.3).
    pub fn stored(&self, room: RoomId, seq: Seq) {
        self.write().stored(room, seq);
    }

    /// The records of `room` that are not stored, from `after + 1` on without a gap; `after` is what the archive holds.
    ///
    /// # Errors
    /// When the records cannot be read back as far as they were appended.
    pub fn tail(&self, room: RoomId, after: Seq) -> Result<Vec<Record>, TailError> {
        loop {
            let (stored, segments, last) = {
                let writer = self.write();
                let Some((stored, segments)) = writer.books.unstored(room) else {
                    return Ok(Vec::new());
                };
                (stored, segments, writer.books.last(room))
            };
            let read = self.read_tail(room, after.max(stored), &segments, last);
            // Segments may have been removed meanwhile, but only if more of the room was stored.
            let now = self.write().books.unstored(room).map(|(stored, _)| stored);
            if read.is_ok() || now == Some(stored) {
                return read;
            }
        }
    }

    /// The rooms of which records are here that are not known to be stored.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.write().books.unstored_rooms().collect()
    }

    /// Whether there are records of `room` that are not known to be stored.
    #[must_use]
    pub fn holds(&self, room: RoomId) -> bool {
        self.write().books.unstored(room).is_some()
    }

    /// Every record of `room` that is not known to be stored, whether or not others are missing between them; also some
    /// that are stored, as long as the same segments hold them.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn held(&self, room: RoomId) -> Result<Vec<Record>, TailError> {
        let Some((stored, segments)) = self.write().books.unstored(room) else {
            return Ok(Vec::new());
        };
        let mut records = self.read_room(room, &segments)?.all();
        records.retain(|record| record.seq > stored);
        Ok(records)
    }

    /// Writes `records` of `room` to a file of their own beside the segments (J5.4), durable when this returns. The
    /// journal goes on holding them until it is told that they are stored. Returns the file's name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put_aside(&self, room: RoomId, records: &[Record]) -> io::Result<String> {
        aside::put(&*self.disk, room, records)
    }

    /// Lets a journal that has failed go on (J4.4), if nothing it holds is needed any more: everything is stored.
    /// Whether it takes records now.
    pub fn renew(&self) -> bool {
        // Nobody syncs what was lost, and no sync that began before counts for what comes after.
        let _synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        self.write().renew()
    }

    /// Reads what `segments` hold of `room` after `after`, as far as `last` if that is known.
    fn read_tail(
        &self,
        room: RoomId,
        after: Seq,
        segments: &[(Number, u64)],
        last: Option<Seq>,
    ) -> Result<Vec<Record>, TailError> {
        let log = self.read_room(room, segments)?;
        let records = log.following(after);
        let found = records.last().map_or(after, |record| record.seq);
        match last {
            Some(expected) if found < expected => Err(TailError::Damaged {
                room,
                expected,
                found,
            }),
            _ => Ok(records),
        }
    }

    fn read_room(&self, room: RoomId, segments: &[(Number, u64)]) -> io::Result<RoomLog> {
        let mut log = RoomLog::default();
        for (number, end) in segments {
            let bytes = self.disk.read(&number.file())?;
            let end = usize::try_from(*end).unwrap_or(usize::MAX).min(bytes.len());
            for piece in Scan::new(*number, &bytes[..end], HEADER.min(end)) {
                if let Piece::Entry { entry, .. } = piece
                    && entry.room == room
                {
                    log.add(entry);
                }
            }
        }
        Ok(log)
    }

    /// What the metrics show.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let writer = self.write();
        Figures {
            bytes: writer.books.bytes(),
            limit: self.limits.bytes,
            segments: writer.books.segments(),
            rooms: writer.books.rooms(),
            oldest_unstored: writer.books.since(),
            failed: writer.failed,
        }
    }

    /// Whoever panicked while writing may have left the books wrong, so nothing is appended after that.
    fn write(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            let mut writer = poisoned.into_inner();
            writer.failed = true;
            writer.poisoned = true;
            writer
        })
    }
}
