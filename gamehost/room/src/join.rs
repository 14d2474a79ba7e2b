//! Joining (P6, P7): who gets a seat, from where a client goes on, and what it is told first.

use latchkey_protocol::frame::{CheckpointFrame, Seated, ServerFrame, ToldLimits};
use latchkey_protocol::{Body, CloseCode, Kind, Position, Seq, Ticket, limits};

use crate::bucket::Tally;
use crate::connections::Connection;
use crate::order::Draft;
use crate::summary::SeatState;
use crate::{Command, ConnectionId, Log, Now, Room};

/// From where a client goes on.
#[derive(Debug, PartialEq, Eq)]
struct Course {
    /// The last record of its copy that may hold, when the copy does not as a whole.
    rewind: Option<Seq>,
    resumed: bool,
    /// Whether it starts from the newest checkpoint.
    checkpoint: bool,
    /// The record after which it is sent records.
    after: Seq,
}

impl Room {
    pub(crate) fn join(
        &mut self,
        id: ConnectionId,
        ticket: Ticket,
        have: Option<Position>,
        now: Now,
        log: &mut dyn Log,
        out: &mut Vec<Command>,
    ) {
        if self.connections.get(id).is_some() {
            return self.close(id, CloseCode::BadFrame, out);
        }
        // A position is judged by the log the client can have seen, which its own `joined` record is not part of.
        let course = self.course(have);
        let seat = match self.seat_for(ticket, now, log) {
            Ok(seat) => seat,
            Err(code) => return out.push(Command::Close(id, code)),
        };
        if let Some(former) = self.live[seat].connection {
            // The member stays online throughout, so nobody is told of a change.
            self.detach(former);
            out.push(Command::Close(former, CloseCode::TakenOver));
        } else {
            self.presence.change();
        }
        self.live[seat].connection = Some(id);
        self.connections.insert(Connection {
            id,
            seat,
            sent: course.after,
            signals: 0,
            presence: self.presence.version,
            told: self.stored(),
            told_at_ms: now.elapsed_ms,
            told_behind: self.is_behind(now),
            frames: Tally::default(),
            refusals: Tally::default(),
        });
        if let Some(seq) = course.rewind {
            let epoch = self.epoch;
            out.push(Command::Reply(ServerFrame::Rewind { epoch, seq }.encode()));
        }
        let welcome = self.welcome(seat, &course, now).encode();
        out.push(Command::Reply(welcome));
        out.push(Command::Wake);
    }

    /// The seat of the ticket's member, made by a `joined` record when it has none (P7.1).
    fn seat_for(
        &mut self,
        ticket: Ticket,
        now: Now,
        log: &mut dyn Log,
    ) -> Result<usize, CloseCode> {
        if ticket.room != self.id {
            return Err(CloseCode::TicketInvalid);
        }
        if let Some(seat) = self.fold.seat_of(ticket.member) {
            return match self.fold.seats()[seat].state {
                SeatState::Seated => Ok(seat),
                SeatState::GaveUp | SeatState::TakenAway => Err(CloseCode::SeatGone),
            };
        }
        let seat = self.fold.seats().len();
        if self.fold.seated().count() >= limits::MEMBERS || seat >= limits::SEATS_EVER {
            return Err(CloseCode::RoomFull);
        }
        let draft = Draft {
            from: Some(ticket.member),
            n: 0,
            kind: Kind::Joined,
            body: Body::of(&ticket.profile),
        };
        self.order(draft, now, log)
            .map_err(|_| CloseCode::NotReady)?;
        Ok(seat)
    }

    fn course(&self, have: Option<Position>) -> Course {
        let checkpoint = self.checkpoints.newest().map(|checkpoint| checkpoint.seq);
        let anew = Course {
            rewind: None,
            resumed: false,
            checkpoint: checkpoint.is_some(),
            after: checkpoint.unwrap_or(Seq::ZERO),
        };
        let Some(have) = have else {
            return anew;
        };
        if !self.holds(have) {
            return Course {
                rewind: Some(self.rewind_to(have)),
                ..anew
            };
        }
        let behind = self.tail().0 - have.seq.0;
        if behind > limits::CATCH_UP && checkpoint.is_some_and(|seq| seq > have.seq) {
            return anew;
        }
        Course {
            rewind: None,
            resumed: true,
            checkpoint: false,
            after: have.seq,
        }
    }

    /// Whether a client's copy is part of this history (P6.1). Its last record is, or it is not: an epoch that ordered
    /// nothing here, or comes after this room's, may have given the same numbers to other records.
    fn holds(&self, have: Position) -> bool {
        let last = if have.epoch == self.epoch {
            self.tail()
        } else {
            self.fold.last_in(have.epoch)
        };
        have.seq <= last
    }

    /// The last record of a copy that does not hold which may still do: the next one here is of a later epoch than any
    /// the copy can have (P4.8).
    fn rewind_to(&self, have: Position) -> Seq {
        let before = Seq(have.seq.0.saturating_sub(1));
        before.min(self.fold.last_by(have.epoch))
    }

    fn welcome(&self, seat: usize, course: &Course, now: Now) -> ServerFrame<'_> {
        let own = &self.fold.seats()[seat];
        let seated = self.fold.seated().map(|(at, seat)| Seated {
            id: seat.id,
            profile: seat.profile.clone(),
            online: self.live[at].connection.is_some(),
        });
        let checkpoint = self.checkpoints.newest().filter(|_| course.checkpoint);
        ServerFrame::Welcome {
            member: own.id,
            members: seated.collect(),
            epoch: self.epoch,
            tail: self.tail(),
            stored: self.stored(),
            behind: self.is_behind(now),
            checkpoint: checkpoint.map(|checkpoint| CheckpointFrame {
                seq: checkpoint.seq,
                epoch: self.fold.position(checkpoint.seq).epoch,
                state: checkpoint
                    .state
                    .read()
                    .expect("a checkpoint's state was parsed as JSON when it was offered"),
            }),
            resumed: course.resumed,
            n: own.n,
            finished: self.finished(),
            limits: ToldLimits::NOW,
            now: now.wall,
        }
    }
}
