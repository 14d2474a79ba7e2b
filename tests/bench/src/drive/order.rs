//! Judges what the members of one room saw: whether anything was lost, came twice, or in an order that is not that of
//! the others. Plain bookkeeping: a few steps for a delivery that is as it should be.

use std::collections::VecDeque;

/// The log is cut back to what somebody still needs when it is longer than this.
const CUT_AT: usize = 256;

/// One message of the room: the seat that said it, and its number among those of that seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    seat: u8,
    n: u32,
}

/// What is wrong in a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Deliveries that never came.
    pub lost: u64,
    /// Deliveries that came after one they should have preceded, or came twice.
    pub misordered: u64,
}

/// One room as its members saw it.
#[derive(Debug)]
pub struct Room {
    /// Whether all members must see one order, or only each sender's own.
    total: bool,
    /// The order as whoever was first saw it; `log[0]` is number `base`.
    log: VecDeque<Said>,
    base: usize,
    /// Of each seat, how many of its messages are in the log.
    logged: Vec<u32>,
    /// How many messages each seat said.
    said: Vec<u32>,
    views: Vec<View>,
    misordered: u64,
}

/// What one member saw.
#[derive(Debug)]
struct View {
    /// Where in the log it is.
    position: usize,
    /// Of each seat, the next number due.
    next: Vec<u32>,
    /// What was passed over and may yet come.
    missed: Vec<Said>,
    /// Different messages received.
    received: u64,
    /// What a server's own number of a delivery was last.
    number: u64,
}

impl Room {
    /// A room of `seats` in which nothing was said. `total`: all members must see one order.
    #[must_use]
    pub fn new(seats: usize, total: bool) -> Self {
        let view = || View {
            position: 0,
            next: vec![0; seats],
            missed: Vec::new(),
            received: 0,
            number: 0,
        };
        Self {
            total,
            log: VecDeque::new(),
            base: 0,
            logged: vec![0; seats],
            said: vec![0; seats],
            views: std::iter::repeat_with(view).take(seats).collect(),
            misordered: 0,
        }
    }

    /// `seat` says something: its number.
    pub fn say(&mut self, seat: u8) -> u32 {
        let said = &mut self.said[usize::from(seat)];
        *said += 1;
        *said - 1
    }

    /// Member `to` receives message `n` of seat `from`, under the server's own `number` if it gives one.
    pub fn deliver(&mut self, to: u8, from: u8, n: u32, number: Option<u64>) {
        let said = Said { seat: from, n };
        let view = &mut self.views[usize::from(to)];
        let back = number.is_some_and(|number| number < view.number);
        view.number = view.number.max(number.unwrap_or(0));
        let next = &mut view.next[usize::from(from)];
        if n < *next {
            if let Some(at) = view.missed.iter().position(|missed| *missed == said) {
                view.missed.swap_remove(at);
                view.received += 1;
            }
            self.misordered += 1;
            return;
        }
        for passed in *next..n {
            view.missed.push(Said {
                seat: from,
                n: passed,
            });
        }
        *next = n + 1;
        view.received += 1;
        if self.total && !self.follow(to, said) || back {
            self.misordered += 1;
        }
    }

    /// Moves a member on to `said`. Whether that lay ahead of it.
    fn follow(&mut self, to: u8, said: Said) -> bool {
        let view = &mut self.views[usize::from(to)];
        let from = view.position - self.base;
        if let Some(ahead) = self.log.range(from..).position(|entry| *entry == said) {
            view.position += ahead + 1;
            return true;
        }
        let logged = &mut self.logged[usize::from(said.seat)];
        if said.n < *logged {
            return false;
        }
        *logged = said.n + 1;
        self.log.push_back(said);
        view.position = self.base + self.log.len();
        if self.log.len() > CUT_AT {
            self.cut();
        }
        true
    }

    fn cut(&mut self) {
        let needed = self.views.iter().map(|view| view.position).min();
        let spare = needed.unwrap_or(self.base) - self.base;
        self.log.drain(..spare);
        self.base += spare;
    }

    /// Deliveries that should have come and have not. `there` tells which seats were ever taken.
    #[must_use]
    pub fn outstanding(&self, there: impl Fn(u8) -> bool) -> u64 {
        let said: u64 = self.said.iter().map(|said| u64::from(*said)).sum();
        (0..)
            .zip(&self.views)
            .filter(|(seat, _)| there(*seat))
            .map(|(_, view)| said.saturating_sub(view.received))
            .sum()
    }

    /// What is wrong, if nothing more comes.
    #[must_use]
    pub fn faults(&self, there: impl Fn(u8) -> bool) -> Faults {
        Faults {
            lost: self.outstanding(there),
            misordered: self.misordered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(_seat: u8) -> bool {
        true
    }

    fn room_of_two(total: bool) -> Room {
        let mut room = Room::new(2, total);
        for seat in [0, 1, 0, 1] {
            room.say(seat);
        }
        room
    }

    /// Delivers messages `(seat, n)` to a member.
    fn deliver(room: &mut Room, to: u8, messages: &[(u8, u32)]) {
        for (from, n) in messages {
            room.deliver(to, *from, *n, None);
        }
    }

    #[test]
    fn members_who_see_one_order_have_no_faults() {
        let mut room = room_of_two(true);
        deliver(&mut room, 0, &[(0, 0), (1, 0)]);
        deliver(&mut room, 1, &[(0, 0), (1, 0), (1, 1), (0, 1)]);
        deliver(&mut room, 0, &[(1, 1), (0, 1)]);
        assert_eq!(room.faults(all), Faults::default());
    }

    #[test]
    fn two_orders_are_a_fault_only_where_one_is_promised() {
        for (total, misordered) in [(true, 1), (false, 0)] {
            let mut room = room_of_two(total);
            deliver(&mut room, 0, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
            deliver(&mut room, 1, &[(1, 0), (0, 0), (0, 1), (1, 1)]);
            let faults = Faults {
                lost: 0,
                misordered,
            };
            assert_eq!(room.faults(all), faults, "total order: {total}");
        }
    }

    #[test]
    fn a_sender_whose_messages_change_places_is_a_fault() {
        let mut room = room_of_two(false);
        deliver(&mut room, 0, &[(0, 1), (0, 0), (1, 0), (1, 1)]);
        deliver(&mut room, 1, &[(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(
            room.faults(all),
            Faults {
                lost: 0,
                misordered: 1
            }
        );
    }

    #[test]
    fn what_never_comes_is_lost_and_disturbs_nothing_after_it() {
        let mut room = room_of_two(true);
        deliver(&mut room, 0, &[(0, 0), (1, 0), (0, 1), (1, 1)]);
        deliver(&mut room, 1, &[(0, 0), (0, 1), (1, 1)]);
        assert_eq!(
            room.faults(all),
            Faults {
                lost: 1,
                misordered: 0
            }
        );
    }

    #[test]
    fn what_comes_twice_is_a_fault_and_makes_up_for_nothing() {
        let mut room = room_of_two(true);
        deliver(&mut room, 0, &[(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)]);
        deliver(&mut room, 1, &[(0, 0), (1, 0), (0, 1)]);
        assert_eq!(
            room.faults(all),
            Faults {
                lost: 1,
                misordered: 1
            }
        );
    }

    #[test]
    fn a_number_of_the_servers_that_goes_back_is_a_fault() {
        let mut room = room_of_two(true);
        for to in [0, 1] {
            room.deliver(to, 0, 0, Some(2));
            room.deliver(to, 1, 0, Some(1));
        }
        assert_eq!(room.faults(all).misordered, 2);
    }

    #[test]
    fn a_seat_never_taken_misses_nothing_and_a_late_one_catches_up() {
        let mut room = Room::new(3, true);
        for _ in 0..1_000 {
            let n = room.say(0);
            deliver(&mut room, 0, &[(0, n)]);
            deliver(&mut room, 1, &[(0, n)]);
        }
        assert_eq!(room.faults(|seat| seat < 2), Faults::default());
        assert_eq!(room.outstanding(all), 1_000);
        for n in 0..1_000 {
            deliver(&mut room, 2, &[(0, n)]);
        }
        assert_eq!(room.faults(all), Faults::default());
    }

    #[test]
    fn the_log_keeps_only_what_a_member_has_yet_to_see() {
        let mut room = Room::new(2, true);
        for n in 0..10_000 {
            room.say(0);
            deliver(&mut room, 0, &[(0, n)]);
            deliver(&mut room, 1, &[(0, n)]);
        }
        assert!(room.log.len() <= CUT_AT, "{}", room.log.len());
    }
}
