//! What a joined client may send (P3), and every reason not to do it (P8).

use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::{Body, CloseCode, Kind, Profile, Seq, limits};
use serde_json::value::RawValue;

use crate::bucket::Rate;
use crate::order::Draft;
use crate::refusal::{Denied, Refusal};
use crate::signals::Set;
use crate::summary::{Left, Why};
use crate::{Checkpoint, Command, ConnectionId, Log, Now, Room};

const SAYS: Rate = Rate {
    per_second: limits::SAYS_PER_SECOND,
    burst: limits::SAYS_BURST,
};
const SIGNALS: Rate = Rate {
    per_second: limits::SIGNALS_PER_SECOND,
    burst: limits::SIGNALS_BURST,
};
const SECOND_MS: u64 = 1_000;

/// Where and when a frame came in.
struct Came<'l> {
    id: ConnectionId,
    seat: usize,
    now: Now,
    log: &'l mut dyn Log,
}

impl Room {
    pub(crate) fn frame(
        &mut self,
        id: ConnectionId,
        frame: ClientFrame<'_>,
        now: Now,
        log: &mut dyn Log,
        out: &mut Vec<Command>,
    ) {
        let Some(connection) = self.connections.get_mut(id) else {
            return;
        };
        let seat = connection.seat;
        let (frames, ms) = (limits::FRAMES_PER_SECOND, now.elapsed_ms);
        if connection.frames.exceeds(frames, SECOND_MS, ms) {
            return self.close(id, CloseCode::Flood, out);
        }
        let came = Came { id, seat, now, log };
        match self.obey(frame, came, out) {
            Ok(()) => {}
            Err(Denied::Refused(refusal)) => self.refuse(id, &refusal, now, out),
            Err(Denied::Close(code)) => self.close(id, code, out),
        }
    }

    fn refuse(&mut self, id: ConnectionId, refusal: &Refusal, now: Now, out: &mut Vec<Command>) {
        out.push(refusal.command());
        let connection = self.connections.get_mut(id);
        let flood = connection.is_some_and(|connection| {
            let (most, within) = (limits::REFUSALS, limits::REFUSALS_WITHIN_MS);
            refusal.counts_as_flood() && connection.refusals.exceeds(most, within, now.elapsed_ms)
        });
        if flood {
            self.close(id, CloseCode::Flood, out);
        }
    }

    fn obey(
        &mut self,
        frame: ClientFrame<'_>,
        came: Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        match frame {
            ClientFrame::Join { .. } => Err(Denied::Close(CloseCode::BadFrame)),
            ClientFrame::Say { n, body } => self.say(n, body, came, out),
            ClientFrame::Profile { n, name, colour } => self.profile(n, &name, &colour, came, out),
            ClientFrame::Signal { key, body } => self.signal(&key, body, &came, out),
            ClientFrame::Checkpoint { seq, state } => self.checkpoint(seq, state, out),
            ClientFrame::Finish { n, result } => self.finish(n, result, came, out),
            ClientFrame::Leave { n } => self.leave(n, came, out),
            ClientFrame::Beat { t } => {
                not_huge(t)?;
                fits(t, None)?;
                let now = came.now.wall;
                let beat = ServerFrame::Beat { t: Some(t), now };
                out.push(Command::Reply(beat.encode()));
                Ok(())
            }
            // Its answer was under way when the room opened without waiting for it any longer (P6.8).
            ClientFrame::Vouch(_) => Ok(()),
            ClientFrame::Unknown { op, n } => Err(Refusal::unknown_op(n, &op).into()),
        }
    }

    fn say(
        &mut self,
        n: u64,
        body: &RawValue,
        came: Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        not_huge(body)?;
        if self.is_repeated(n, &came)? {
            return Ok(());
        }
        fits(body, Some(n))?;
        self.add(n, Kind::Said, Body::copy_of(body), came, out)?;
        Ok(())
    }

    fn profile(
        &mut self,
        n: u64,
        name: &str,
        colour: &str,
        came: Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        if self.is_repeated(n, &came)? {
            return Ok(());
        }
        let profile = Profile {
            name: name.parse().map_err(|bad| Refusal::profile(n, &bad))?,
            colour: colour.parse().map_err(|bad| Refusal::profile(n, &bad))?,
        };
        self.add(n, Kind::Profile, Body::of(&profile), came, out)?;
        Ok(())
    }

    fn finish(
        &mut self,
        n: u64,
        result: &RawValue,
        came: Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        not_huge(result)?;
        if self.is_repeated(n, &came)? {
            return Ok(());
        }
        fits(result, Some(n))?;
        if let Some(by) = self.finished() {
            return Err(Refusal::finished(n, by).into());
        }
        let seq = self.add(n, Kind::Finished, Body::copy_of(result), came, out)?;
        out.push(Command::Finished(seq));
        Ok(())
    }

    fn leave(&mut self, n: u64, came: Came<'_>, out: &mut Vec<Command>) -> Result<(), Denied> {
        if self.is_repeated(n, &came)? {
            return Ok(());
        }
        let (id, why) = (came.id, Why::GaveUp);
        self.add(n, Kind::Left, Body::of(&Left { why }), came, out)?;
        self.close(id, CloseCode::SeatGone, out);
        Ok(())
    }

    /// Whether the log holds a member's frame `n` already (P3.3).
    fn is_repeated(&self, n: u64, came: &Came<'_>) -> Result<bool, Refusal> {
        let last = self.fold.seats()[came.seat].n;
        if n > last + 1 {
            return Err(Refusal::gap(n, last));
        }
        Ok(n <= last)
    }

    /// Orders a member's next frame, if its rate allows. What is refused here costs nothing of the rate (P8.1).
    fn add(
        &mut self,
        n: u64,
        kind: Kind,
        body: Body,
        came: Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<Seq, Refusal> {
        let ms = came.now.elapsed_ms;
        let mut says = self.live[came.seat].says;
        says.take(SAYS, ms).map_err(|wait| Refusal::rate(n, wait))?;
        let draft = Draft {
            from: Some(self.fold.seats()[came.seat].id),
            n,
            kind,
            body,
        };
        let seq = self
            .order(draft, came.now, came.log)
            .map_err(|why| Refusal::unavailable(n, why))?;
        self.live[came.seat].says = says;
        out.push(Command::Wake);
        Ok(seq)
    }

    fn signal(
        &mut self,
        key: &str,
        body: &RawValue,
        came: &Came<'_>,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        not_huge(body)?;
        let length = body.get().len();
        let in_form =
            |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'-';
        if !(1..=limits::SIGNAL_KEY).contains(&key.len()) || !key.bytes().all(in_form) {
            return Err(Refusal::signal_key().into());
        }
        if length > limits::SIGNAL_BODY {
            return Err(Refusal::signal_body(length).into());
        }
        let ms = came.now.elapsed_ms;
        self.signals.release(ms);
        let from = self.fold.seats()[came.seat].id;
        let frame = ServerFrame::Signal { from, key, body }.encode();
        let mut rate = self.live[came.seat].signals;
        let held_until = match rate.reserve(SIGNALS, ms) {
            0 => None,
            wait => Some(ms + wait),
        };
        match self.signals.set(came.seat, key, frame, held_until) {
            Set::Shown | Set::Held => {
                self.live[came.seat].signals = rate;
                out.push(Command::Wake);
                Ok(())
            }
            Set::Replaced => Ok(()),
            Set::TooManyKeys => Err(Refusal::signal_keys().into()),
        }
    }

    fn checkpoint(
        &mut self,
        seq: Seq,
        state: &RawValue,
        out: &mut Vec<Command>,
    ) -> Result<(), Denied> {
        let length = state.get().len();
        if length > limits::CHECKPOINT {
            return Err(Refusal::checkpoint_too_large(length).into());
        }
        let (first, tail) = (self.checkpoints.next_seq(), self.tail());
        if seq < first || seq > tail {
            return Err(Refusal::checkpoint_early(seq, first, tail).into());
        }
        let state = Body::copy_of(state);
        self.checkpoints.offer(Checkpoint { seq, state });
        out.extend(self.checkpoints.due(self.stored()).map(Command::Keep));
        Ok(())
    }
}

/// A body above the hard limit closes the connection whatever else is wrong with its frame (P8).
fn not_huge(body: &RawValue) -> Result<(), Denied> {
    if body.get().len() > limits::BODY_HARD {
        return Err(Denied::Close(CloseCode::TooLarge));
    }
    Ok(())
}

/// A body above the soft limit is refused (P8).
fn fits(body: &RawValue, n: Option<u64>) -> Result<(), Refusal> {
    let length = body.get().len();
    if length > limits::BODY_SOFT {
        return Err(Refusal::too_large(n, length));
    }
    Ok(())
}
