//! Ordering: how a fact becomes the next record of the log, and the only place where one does.

use latchkey_protocol::{Body, Kind, Mac, MemberId, Record, Seq};

use crate::room::Live;
use crate::{Log, Now, Room, Unavailable};

/// A record to be, before it has its number, time and MAC.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) from: Option<MemberId>,
    pub(crate) n: u64,
    pub(crate) kind: Kind,
    pub(crate) body: Body,
}

impl Room {
    /// Appends a record. The journal has it before anything of the room changes, so a failure leaves no trace.
    pub(crate) fn order(
        &mut self,
        draft: Draft,
        now: Now,
        log: &mut dyn Log,
    ) -> Result<Seq, Unavailable> {
        if !self.log.has_place() {
            return Err(Unavailable::RoomUnstored);
        }
        let mut record = Record {
            seq: self.fold.tail().next(),
            epoch: self.epoch,
            from: draft.from,
            n: draft.n,
            // The wall clock may be set back, the history may not (P2.4).
            at: self.fold.at().max(now.wall),
            kind: draft.kind,
            body: draft.body,
            mac: Mac([0; 16]),
        };
        record.mac = self.key.mac(self.fold.mac(), &record);
        log.append(&record)?;
        self.fold
            .fold(&record)
            .expect("a room drafts only records that fit its own log");
        self.live
            .resize_with(self.fold.seats().len(), Live::default);
        let seq = record.seq;
        self.log.push(record, now.elapsed_ms);
        Ok(seq)
    }
}
