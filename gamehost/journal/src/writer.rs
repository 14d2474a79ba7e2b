//! Appending (J4): the segment being written, and what becomes of it when a write fails.
//!
//! All of it happens under the journal's lock, so that entries of one room stand in the order of its seqs.

use std::collections::HashMap;
use std::sync::Arc;

use latchkey_protocol::{Record, RoomId, Seq, limits};

use crate::books::Books;
use crate::disk::{Disk, DiskFile};
use crate::error::AppendError;
use crate::format::{HEADER, Header, Number, Run, Seal, encode_entry, entry_len};
use crate::journal::Limits;

/// Bytes of the buffer for entries that are kept between appends.
const BUFFER: usize = 256 * 1024;

/// The segment that is appended to.
struct Active {
    number: Number,
    file: Arc<dyn DiskFile>,
    end: u64,
    /// Runs begun in it.
    runs: u32,
}

/// The run a room's next record continues.
#[derive(Clone, Copy)]
struct Continued {
    run: Run,
    from: Seq,
    last: Seq,
}

/// What a sync has to do.
pub(crate) struct Unsynced {
    pub(crate) files: Vec<Arc<dyn DiskFile>>,
    /// Whether segments were created.
    pub(crate) names: bool,
    /// How many appends it covers.
    pub(crate) appends: u64,
}

/// The journal's state.
pub(crate) struct Writer {
    pub(crate) books: Books,
    pub(crate) failed: bool,
    /// Whether somebody panicked while writing: the books may be wrong then, for good.
    pub(crate) poisoned: bool,
    /// Counts appends from 1, so that a sync can tell whether another one has done its work.
    pub(crate) appends: u64,
    limits: Limits,
    active: Option<Active>,
    /// Closed segments whose entries may not be durable.
    unsynced: Vec<Arc<dyn DiskFile>>,
    /// Whether the coming of a segment's name may not be durable.
    names: bool,
    runs: HashMap<RoomId, Continued>,
    /// Where the segment before the next one ends.
    previous: Option<Seal>,
    /// Whether the previous segment's file goes on after its end (J4.2).
    torn: bool,
    next: u32,
    buffer: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(
        limits: Limits,
        books: Books,
        unsynced: Vec<Arc<dyn DiskFile>>,
        (previous, torn): (Option<Seal>, bool),
        next: u32,
    ) -> Self {
        Self {
            books,
            failed: false,
            poisoned: false,
            appends: 1,
            limits,
            active: None,
            names: !unsynced.is_empty(),
            unsynced,
            runs: HashMap::new(),
            previous,
            torn,
            next,
            buffer: Vec::new(),
        }
    }

    /// Goes on with a run that was recovered. Were it a new one, and this one's records lost with the power before they
    /// are synced, the records to come might seem to follow those that this run had replaced.
    pub(crate) fn resume(&mut self, room: RoomId, (last, run, from): (Seq, Run, Seq)) {
        self.runs.insert(room, Continued { run, from, last });
    }

    /// Writes all of `records` or none.
    pub(crate) fn append(
        &mut self,
        disk: &dyn Disk,
        room: RoomId,
        records: &[&Record],
    ) -> Result<(), AppendError> {
        let length = check_bodies(records)?;
        if self.failed {
            return Err(AppendError::Failed);
        }
        if length == 0 {
            return Ok(());
        }
        self.make_room(disk, length)?;
        let Some(active) = &mut self.active else {
            return Err(AppendError::Failed);
        };
        self.buffer.clear();
        let mut continued = self.runs.get(&room).copied();
        let mut runs = active.runs;
        for record in records {
            let run = match continued {
                Some(run) if run.last.next() == record.seq => Continued {
                    last: record.seq,
                    ..run
                },
                _ => {
                    runs += 1;
                    Continued {
                        run: Run::new(active.number, runs),
                        from: record.seq,
                        last: record.seq,
                    }
                }
            };
            let at = active.end + self.buffer.len() as u64;
            let place = (active.number, at);
            encode_entry(&mut self.buffer, place, (room, run.run, run.from), record);
            continued = Some(run);
        }
        active.runs = runs;
        let written = active.file.append(&self.buffer);
        self.buffer.shrink_to(BUFFER);
        if let Err(source) = written {
            self.books.grown(active.number, length, 0);
            self.close_active(true);
            return Err(source.into());
        }
        active.end += length;
        self.appends += 1;
        self.books.grown(active.number, length, length);
        for record in records {
            self.books.appended(active.number, room, record);
        }
        if let Some(continued) = continued {
            self.runs.insert(room, continued);
        }
        Ok(())
    }

    /// Sees to it that there is a segment with space for `length` bytes.
    fn make_room(&mut self, disk: &dyn Disk, length: u64) -> Result<(), AppendError> {
        let header = HEADER as u64;
        let fits =
            |active: &Active| active.end == header || active.end + length <= self.limits.segment;
        let fits = self.active.as_ref().is_some_and(fits);
        let more = if fits { length } else { header + length };
        if self.books.bytes() + more > self.limits.bytes {
            // A segment in use is never removed, so one in which all is stored would take up space for ever.
            if self
                .active
                .as_ref()
                .is_some_and(|active| self.books.is_free(active.number))
            {
                self.close_active(false);
            }
            return Err(AppendError::Full {
                limit: self.limits.bytes,
            });
        }
        if !fits {
            self.close_active(false);
            self.active = Some(self.create(disk)?);
        }
        Ok(())
    }

    /// Begins the next segment.
    fn create(&mut self, disk: &dyn Disk) -> Result<Active, AppendError> {
        let number = Number(self.next);
        self.next += 1;
        self.names = true;
        let file = number.file();
        let header = Header {
            number,
            previous: self.previous,
        };
        let mut names = Ok(());
        let begun = disk.create(&file).and_then(|handle| {
            handle.append(&header.encode())?;
            // What the previous file has after its end may look like entries, and other records are about to take
            // their place: it must be known for good that they do not count.
            if self.torn {
                handle.sync()?;
                names = disk.sync_names();
            }
            Ok(handle)
        });
        // Names that were lost once may be reported as durable the next time (J4.3).
        self.failed |= names.is_err();
        let begun = begun.and_then(|handle| names.map(|()| handle));
        self.books
            .open_segment(number, HEADER as u64, HEADER as u64, false);
        match begun {
            Ok(file) => Ok(Active {
                number,
                file,
                end: HEADER as u64,
                runs: 0,
            }),
            Err(source) => {
                // If it cannot be removed now, it is once everything before it is stored.
                if disk.remove(&file).is_ok() {
                    self.books.close_segment(number);
                }
                Err(source.into())
            }
        }
    }

    /// Stops writing to the active segment; `torn` says that its file may go on after its last entry.
    fn close_active(&mut self, torn: bool) {
        if let Some(active) = self.active.take() {
            self.previous = Some(Seal {
                segment: active.number,
                end: active.end,
            });
            self.torn = torn;
            self.unsynced.push(active.file);
        }
    }

    /// Goes on after a lost sync, if every record is stored: what the disk lost is then needed by nobody. The next
    /// segment's header gives the end of the one before, whatever the disk kept of it (J3.3).
    pub(crate) fn renew(&mut self) -> bool {
        if self.failed && !self.poisoned && self.books.rooms() == 0 {
            self.close_active(true);
            self.torn = true;
            self.unsynced.clear();
            self.names = true;
            self.failed = false;
        }
        !self.failed
    }

    /// Forgets what is stored.
    pub(crate) fn stored(&mut self, room: RoomId, seq: Seq) {
        self.books.stored(room, seq);
        if self.books.unstored(room).is_none() {
            self.runs.remove(&room);
        }
    }

    /// Hands out everything that may not be durable.
    pub(crate) fn take_unsynced(&mut self) -> Unsynced {
        let mut files = std::mem::take(&mut self.unsynced);
        files.extend(self.active.as_ref().map(|active| Arc::clone(&active.file)));
        let names = std::mem::take(&mut self.names);
        Unsynced {
            files,
            names,
            appends: self.appends,
        }
    }

    /// The oldest segment, if it is not needed: its number, and whether its file is to be kept.
    pub(crate) fn removable(&self) -> Option<(Number, bool)> {
        let (number, segment) = self.books.oldest()?;
        let active = self
            .active
            .as_ref()
            .is_some_and(|active| active.number == number);
        (!active && self.books.is_free(number)).then_some((number, segment.damaged))
    }
}

/// Bytes of all entries, if each of them can be read back.
fn check_bodies(records: &[&Record]) -> Result<u64, AppendError> {
    let limit = limits::BODY_HARD;
    let mut bytes = 0;
    for record in records {
        let length = record.body.len();
        if length == 0 || length > limit {
            return Err(AppendError::Body { length, limit });
        }
        bytes += entry_len(record) as u64;
    }
    Ok(bytes)
}
