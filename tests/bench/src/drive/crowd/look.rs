//! What there is to see of a crowd: who is there, and what went wrong.

use super::{Crowd, State};
use crate::dialect::Joining;
use crate::drive::orders::Faults;

impl Crowd {
    /// Numbers of a room's members.
    pub(in crate::drive) fn members_of(&self, room: usize) -> std::ops::Range<usize> {
        let seats = usize::from(self.connect.seats);
        room * seats..(room + 1) * seats
    }

    /// Where members are, for an error.
    pub(in crate::drive) fn standing(&self) -> String {
        let count = |state: fn(&State) -> bool| {
            let members = self.members.iter().filter(|member| state(&member.state));
            members.count()
        };
        format!(
            "{} members are in, {} await an upgrade, {} a welcome, {} are away",
            count(|state| *state == State::Joined),
            count(|state| *state == State::Joining(Joining::Http)),
            count(|state| *state == State::Joining(Joining::Frames)),
            count(|state| *state == State::Away),
        )
    }

    /// How many rooms there are.
    pub(in crate::drive) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Whether all members of a room are in it.
    pub(in crate::drive) fn is_complete(&self, room: usize) -> bool {
        self.members[self.members_of(room)]
            .iter()
            .all(|member| member.state == State::Joined)
    }

    /// Deliveries of a room that should have come and have not.
    pub(in crate::drive) fn outstanding(&self, room: usize) -> u64 {
        self.rooms[room].outstanding(|seat| self.was_there(room, seat))
    }

    fn was_there(&self, room: usize, seat: u8) -> bool {
        self.members[self.members_of(room)][usize::from(seat)]
            .joined_at
            .is_some()
    }

    /// What went wrong so far, if nothing more comes.
    pub(in crate::drive) fn faults(&self) -> Faults {
        let rooms = self.rooms.iter().enumerate().map(|(number, room)| {
            let faults = room.faults(|seat| self.was_there(number, seat));
            Faults {
                lost: faults.lost,
                misordered: faults.misordered,
                broken: 0,
            }
        });
        let broken = Faults {
            lost: 0,
            misordered: self.strays,
            broken: self.broken,
        };
        rooms.fold(broken, Faults::and)
    }
}
