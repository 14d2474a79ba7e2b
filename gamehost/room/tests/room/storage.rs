//! The world's archive and restarts: what is stored, what survives, and what is lost with a machine.

use latchkey_protocol::{Epoch, Record, Seq};
use latchkey_room::{Checkpoint, Input, Room, Start, Summary};
use serde_json::json;

use crate::harness::{key, room_id, value};
use crate::world::World;

/// What survives the loss of the machine.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    pub(crate) records: Vec<Record>,
    summary: bytes::Bytes,
    pub(crate) checkpoint: Option<Checkpoint>,
}

impl World {
    /// A device offers the state as of the end of its copy.
    pub(crate) fn checkpoint(&mut self, device: usize) {
        let seq = self.devices[device].copy.len();
        if self.history.common(&self.devices[device].copy) == seq {
            let state = self.history.state(seq);
            let frame = json!({"op": "checkpoint", "seq": seq, "state": state});
            if self.devices[device].connection.is_some() {
                self.devices[device].up.push_back(frame);
            }
        }
    }

    /// The archive takes up to `count` records. When the room is not told, it will offer them again.
    pub(crate) fn store(&mut self, count: usize, told: bool) {
        let chunk = self.room.unstored();
        let from = self.history.stored;
        let frames: Vec<_> = chunk
            .iter()
            .map(|record| value(&record.to_frame()))
            .collect();
        assert_eq!(frames, self.history.log[from..from + chunk.len()]);
        assert_eq!(
            from + chunk.len(),
            self.history.log.len(),
            "all of so few fit one chunk"
        );
        let chunk = &chunk[..count.min(chunk.len())];
        let Some(last) = chunk.last().map(|record| record.seq) else {
            return;
        };
        let summary = self.room.summary_at(last).unwrap();
        assert_eq!(summary.tail(), last);
        let new = chunk
            .iter()
            .filter(|r| r.seq.0 > self.archive.records.len() as u64)
            .cloned();
        let new: Vec<_> = new.collect();
        if !new.is_empty() {
            self.archive.records.extend(new);
            self.archive.summary = summary.encode();
        }
        if told {
            self.history.stored = usize::try_from(last.0).unwrap();
            let commands = self.handle(Input::Stored(last));
            self.carry_out(0, commands);
        }
        assert_eq!(self.room.stored(), Seq(self.history.stored as u64));
    }

    /// The process ends and another begins, with the journal or, when the machine is lost, without.
    pub(crate) fn restart(&mut self, machine_lost: bool, skipped_epochs: u64) {
        for device in &mut self.devices {
            device.disconnect();
        }
        self.online.clear();
        let stored = self.archive.records.len();
        if machine_lost && self.journal.records.len() > stored {
            self.see("records lost with a machine");
        } else if self.journal.records.len() > stored {
            self.see("records recovered from a journal");
        }
        if machine_lost {
            self.journal.records = self.archive.records.clone();
        }
        self.history.epoch += skipped_epochs;
        self.history.reopen(self.journal.records.len(), stored);
        self.room = Room::open(Start {
            room: room_id(),
            epoch: Epoch(self.history.epoch),
            key: key(),
            summary: Summary::decode(&self.archive.summary).unwrap(),
            unstored: self.journal.records[stored..].to_vec(),
            elapsed_ms: self.ms,
            checkpoint: self.archive.checkpoint.clone(),
        })
        .unwrap();
        assert_eq!(self.room.stored(), Seq(stored as u64));
        assert_eq!(self.room.tail(), Seq(self.history.log.len() as u64));
    }

    /// The room leaves memory when everything is stored, and comes back at the next join.
    pub(crate) fn evict(&mut self) {
        self.store(usize::MAX, true);
        self.restart(false, 0);
    }
}
