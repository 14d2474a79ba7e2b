//! All members a generator plays: their connections, what they say, and what they make of what they hear. What they
//! play is [`super::plays`].

use std::collections::VecDeque;

use anyhow::{Context as _, Result};

use super::frames::{Answer, CLOSE, Frame, Framing, PING, PONG};
use super::latency::Latency;
use super::mark::{self, Body, Mark};
use super::order::Room;
use super::orders::{Connect, Report};
use super::poller::{Poller, TOLD, Watch};
use super::schedule::Random;
use super::socket::{Socket, Sources};
use crate::clock::{Clock, nanos};
use crate::dialect::{self, Dialect, Joining, Seat};

mod look;

/// Connections that are being made at one time, where members do not all come at once.
const AT_ONCE: usize = 256;
/// A member that is silent for so long beats, where its server wants to hear from it.
const BEAT_AFTER: u64 = 20_000_000_000;
/// A connection that gets no answer for so long is given up; the sdk waits as long for the upgrade and for the welcome.
const JOIN_WITHIN: u64 = 30_000_000_000;
/// Between two looks at a part of the members for such silence.
const LOOK_EVERY: u64 = 50_000_000;
/// All members are looked at within so many looks.
const LOOKS: usize = 100;
/// Nobody joins for so long: the server is stuck.
const STUCK: f64 = 40.0;
/// Shortest and longest wait of a member that just lost a live connection, as the sdk waits.
const QUICK: (u64, u64) = (100_000_000, 1_000_000_000);
/// Shortest, first and longest wait of one that was turned away more often (P9: full jitter).
const BACKOFF: (u64, u64, u64) = (500_000_000, 1_000_000_000, 20_000_000_000);
/// Attempts that are made quickly.
const QUICKLY: u32 = 3;

/// Where a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Away,
    Joining(Joining),
    Joined,
}

/// One member.
struct Member {
    seat: Seat,
    state: State,
    socket: Option<Socket>,
    watch: Watch,
    /// Whether it ever was in the room, and since when it is this time.
    joined_at: Option<u64>,
    last_sent: u64,
    turned_away: u32,
}

/// What is counted of deliveries.
#[derive(Default)]
pub(super) struct Tally {
    /// What is due, and what arrives, between these moments counts.
    pub(super) window: (u64, u64),
    pub(super) deliveries: u64,
    pub(super) latency: Latency,
    /// How late the latest delivery was.
    pub(super) latest: u64,
    /// Rooms in which something arrived since it was last looked at, where that is wanted.
    pub(super) arrived: Option<Vec<usize>>,
}

/// See the module.
pub struct Crowd {
    pub(super) clock: Clock,
    pub(super) connect: Connect,
    dialect: Box<dyn Dialect>,
    framing: Framing,
    poller: Poller,
    sources: Sources,
    members: Vec<Member>,
    rooms: Vec<Room>,
    pub(super) tally: Tally,
    ready: Vec<(u64, bool)>,
    buffer: Vec<u8>,
    out: Vec<u8>,
    /// Members to connect, and those to connect again, each at its time.
    queue: VecDeque<usize>,
    later: Vec<(u64, usize)>,
    joining: usize,
    /// Members that joined since it was last looked at.
    pub(super) came: Vec<usize>,
    pub(super) turned_away: u64,
    broken: u64,
    /// Deliveries of another room's messages.
    strays: u64,
    random: Random,
    next_look: u64,
    looked: usize,
}

impl Crowd {
    /// A crowd without members.
    ///
    /// # Errors
    /// When the system gives no poller.
    pub fn new(connect: &Connect) -> Result<Self> {
        let dialect = connect.language.dialect(connect.salt);
        Ok(Self {
            clock: Clock::start(),
            framing: dialect.framing(),
            dialect,
            poller: Poller::new()?,
            sources: Sources::new(connect.generator, connect.salt),
            members: Vec::new(),
            rooms: Vec::new(),
            tally: Tally::default(),
            ready: Vec::new(),
            buffer: Vec::new(),
            out: Vec::new(),
            queue: VecDeque::new(),
            later: Vec::new(),
            joining: 0,
            came: Vec::new(),
            turned_away: 0,
            broken: 0,
            strays: 0,
            random: Random(connect.salt),
            next_look: 0,
            looked: 0,
            connect: connect.clone(),
        })
    }

    /// Connects the members of rooms up to `rooms`, but for the late ones.
    ///
    /// # Errors
    /// When a server refuses, or is stuck.
    pub fn enlarge(&mut self, rooms: u32) -> Result<Report> {
        let seats = self.connect.seats;
        let first = u32::try_from(self.rooms.len())?;
        for room in first..rooms {
            self.rooms
                .push(Room::new(usize::from(seats), self.connect.total_order));
            for seat in 0..seats {
                self.add(room, seat);
            }
        }
        let new = first as usize * usize::from(seats)..self.members.len();
        let late = seats - self.connect.late;
        self.queue
            .extend(new.filter(|member| member % usize::from(seats) < usize::from(late)));
        self.until_joined(AT_ONCE)?;
        let connections = self
            .members
            .iter()
            .filter(|member| member.state == State::Joined);
        Ok(Report::Connected {
            connections: u32::try_from(connections.count())?,
            turned_away: std::mem::take(&mut self.turned_away),
        })
    }

    fn add(&mut self, room: u32, seat: u8) {
        // The generators' rooms have numbers of their own, so that they never meet on a server.
        let number = self.connect.generator << 20 | room;
        self.members.push(Member {
            seat: Seat {
                room: number,
                seat,
                server: room as usize % self.connect.servers.len(),
                ..Seat::default()
            },
            state: State::Away,
            socket: None,
            watch: Watch::Reading,
            joined_at: None,
            last_sent: 0,
            turned_away: 0,
        });
    }

    /// Runs until everybody in the queue has joined, `at_once` of them at one time.
    pub(super) fn until_joined(&mut self, at_once: usize) -> Result<()> {
        let mut progress = self.clock.now();
        while !(self.queue.is_empty() && self.later.is_empty() && self.joining == 0) {
            self.come(at_once)?;
            let before = self.came.len();
            self.step(5_000_000)?;
            let now = self.clock.now();
            if self.came.len() > before {
                progress = now;
            }
            anyhow::ensure!(
                now - progress < nanos(STUCK),
                "nobody joined for {STUCK} seconds; {} are waiting",
                self.joining + self.queue.len() + self.later.len()
            );
        }
        self.came.clear();
        Ok(())
    }

    /// Lets members in the queue begin to connect, up to `at_once` at one time.
    pub(super) fn come(&mut self, at_once: usize) -> Result<()> {
        let now = self.clock.now();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.later = later;
        self.queue.extend(due.into_iter().map(|(_, member)| member));
        while self.joining < at_once {
            let Some(number) = self.queue.pop_front() else {
                break;
            };
            if self.members[number].state == State::Away {
                self.open(number)?;
            }
        }
        Ok(())
    }

    /// Puts a member into the queue of those who come.
    pub(super) fn enqueue(&mut self, number: usize) {
        if self.members[number].state == State::Away {
            self.queue.push_back(number);
        }
    }

    fn open(&mut self, number: usize) -> Result<()> {
        let member = &mut self.members[number];
        let server = self.connect.servers[member.seat.server];
        let mut socket =
            Socket::connect(server, &mut self.sources).context("the system gives no socket")?;
        self.out.clear();
        let joining = self.dialect.begin(&mut member.seat, &mut self.out)?;
        let sent = socket.send(&self.out);
        self.poller.add(&socket.stream, number, Watch::Both)?;
        member.watch = Watch::Both;
        member.socket = Some(socket);
        member.state = State::Joining(joining);
        member.last_sent = self.clock.now();
        self.joining += 1;
        if let Err(error) = sent {
            self.lose(number, &error.to_string());
        }
        Ok(())
    }

    /// Ends a member's connection from this side.
    pub(super) fn drop_off(&mut self, number: usize) {
        let member = &mut self.members[number];
        if matches!(member.state, State::Joining(_)) {
            self.joining -= 1;
        }
        member.state = State::Away;
        member.socket = None;
    }

    /// A member's connection was ended by the server, or never came about: it comes back as the protocol says.
    fn lose(&mut self, number: usize, why: &str) {
        let was = self.members[number].state;
        self.drop_off(number);
        match was {
            State::Away => return,
            State::Joining(_) => self.turned_away += 1,
            State::Joined => {
                if self.broken == 0 {
                    let member = &self.members[number];
                    let since = |at: u64| self.clock.now().saturating_sub(at) / 1_000_000;
                    eprintln!(
                        "bench: the server ended the first connection: {why}; it joined {} ms before and sent last {} ms before",
                        since(member.joined_at.unwrap_or(0)),
                        since(member.last_sent)
                    );
                }
                self.broken += 1;
            }
        }
        self.come_later(number);
    }

    /// Puts a member among those who come after a wait, which grows with its failures.
    pub(super) fn come_later(&mut self, number: usize) {
        let member = &mut self.members[number];
        let (shortest, longest) = match member.turned_away {
            0..QUICKLY => QUICK,
            failures => {
                let grown = BACKOFF.1.saturating_mul(1 << (failures - QUICKLY).min(10));
                (BACKOFF.0, grown.min(BACKOFF.2))
            }
        };
        member.turned_away += 1;
        let wait = shortest + self.random.below(longest - shortest);
        self.later.push((self.clock.now() + wait, number));
    }

    /// Waits at most `nanos` for something to happen, and sees to it.
    pub(super) fn step(&mut self, nanos: u64) -> Result<bool> {
        let mut told = false;
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(nanos, &mut ready)?;
        for (number, writable) in ready.drain(..) {
            if number == TOLD {
                told = true;
                continue;
            }
            let number = usize::try_from(number)?;
            if writable && !self.flush(number)? {
                continue;
            }
            self.read(number)?;
        }
        self.ready = ready;
        self.beat()?;
        Ok(told)
    }

    /// Serves the servers until the orchestrator says something.
    pub(super) fn until_told(&mut self) -> Result<()> {
        self.poller.listen(true)?;
        while !self.step(100_000_000)? {}
        self.poller.listen(false)
    }

    /// Sends what waits. Whether the connection is still there.
    fn flush(&mut self, number: usize) -> Result<bool> {
        let member = &mut self.members[number];
        let Some(socket) = &mut member.socket else {
            return Ok(false);
        };
        match socket.flush() {
            Ok(waits) => {
                watch(&self.poller, member, number, waits)?;
                Ok(true)
            }
            Err(error) => {
                self.lose(number, &error.to_string());
                Ok(false)
            }
        }
    }

    fn read(&mut self, number: usize) -> Result<()> {
        let Some(socket) = &mut self.members[number].socket else {
            return Ok(());
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let got = socket.read(&mut buffer);
        let now = self.clock.now();
        let done = match got {
            Ok(Some(length)) => self.take(number, &buffer[..length], now),
            Ok(None) => Ok(()),
            Err(error) => {
                self.lose(number, &error.to_string());
                Ok(())
            }
        };
        self.buffer = buffer;
        done
    }

    /// Takes whole answers and frames out of `bytes`, and keeps the rest.
    fn take(&mut self, number: usize, bytes: &[u8], now: u64) -> Result<()> {
        let mut taken = 0;
        loop {
            let rest = &bytes[taken..];
            let used = match self.members[number].state {
                State::Away => return Ok(()),
                State::Joining(Joining::Http) => match Answer::first(rest) {
                    Some((answer, used)) => {
                        self.answered(number, &answer)?;
                        used
                    }
                    None => break,
                },
                _ => match self.framing.first(rest)? {
                    Some((frame, used)) => {
                        self.frame(number, &frame, now)?;
                        used
                    }
                    None => break,
                },
            };
            taken += used;
        }
        if let Some(socket) = &mut self.members[number].socket {
            socket.keep(&bytes[taken..]);
        }
        Ok(())
    }

    fn answered(&mut self, number: usize, answer: &Answer) -> Result<()> {
        self.out.clear();
        let seat = &mut self.members[number].seat;
        let joining = self.dialect.answered(seat, answer, &mut self.out)?;
        self.go_on(number, joining)
    }

    fn frame(&mut self, number: usize, frame: &Frame<'_>, now: u64) -> Result<()> {
        if frame.opcode == PING {
            self.out.clear();
            self.framing.write(PONG, &[frame.payload], &mut self.out);
            return self.send(number);
        }
        if self.members[number].state != State::Joined {
            self.out.clear();
            let seat = &mut self.members[number].seat;
            let joining = self.dialect.joining(seat, frame, &mut self.out)?;
            self.go_on(number, joining)?;
            // History may come with the answer to joining.
            if joining == Joining::Joined {
                self.deliveries(number, frame, now);
            }
            return Ok(());
        }
        if !self.deliveries(number, frame, now) {
            if frame.opcode == CLOSE {
                self.lose(number, &dialect::shown(frame));
                return Ok(());
            }
            self.out.clear();
            self.dialect.other(frame.payload, &mut self.out);
            if !self.out.is_empty() {
                return self.send(number);
            }
        }
        Ok(())
    }

    /// Counts the deliveries of a frame. Whether there were any.
    fn deliveries(&mut self, number: usize, frame: &Frame<'_>, now: u64) -> bool {
        let member = &mut self.members[number];
        let room = number / usize::from(self.connect.seats);
        let mut any = false;
        for (at, mark) in mark::marks(frame.payload) {
            any = true;
            if mark.room != member.seat.room {
                self.strays += 1;
                continue;
            }
            let own = self.dialect.delivered(&mut member.seat, frame.payload, at);
            self.rooms[room].deliver(member.seat.seat, mark.seat, mark.n, own);
            let (from, to) = self.tally.window;
            self.tally.deliveries += u64::from((from..to).contains(&now));
            // What was said while it was away is history, and late by nature.
            if member.joined_at.is_some_and(|joined| mark.due >= joined) {
                let late = now.saturating_sub(mark.due);
                self.tally.latest = late;
                if (from..to).contains(&mark.due) {
                    self.tally.latency.record(late);
                }
            }
        }
        if any && let Some(arrived) = &mut self.tally.arrived {
            arrived.push(room);
        }
        any
    }

    /// Takes the next step of joining, with what is to be sent in `out`.
    fn go_on(&mut self, number: usize, joining: Joining) -> Result<()> {
        match joining {
            Joining::TryLater => {
                self.lose(number, "no place");
                return Ok(());
            }
            Joining::Joined => {
                let member = &mut self.members[number];
                member.state = State::Joined;
                member.joined_at = Some(self.clock.now());
                member.turned_away = 0;
                self.joining -= 1;
                self.came.push(number);
            }
            going => self.members[number].state = State::Joining(going),
        }
        self.send(number)
    }

    /// Sends what is in `out`.
    fn send(&mut self, number: usize) -> Result<()> {
        let member = &mut self.members[number];
        let Some(socket) = &mut member.socket else {
            return Ok(());
        };
        match socket.send(&self.out) {
            Ok(waits) => {
                member.last_sent = self.clock.now();
                watch(&self.poller, member, number, waits)
            }
            Err(error) => {
                self.lose(number, &error.to_string());
                Ok(())
            }
        }
    }

    /// A member says something that was due at a moment; nothing when it is not there.
    pub(super) fn say(&mut self, number: usize, due: u64, body: &mut Body) -> Result<()> {
        let member = &mut self.members[number];
        if member.state != State::Joined {
            return Ok(());
        }
        let room = number / usize::from(self.connect.seats);
        let n = self.rooms[room].say(member.seat.seat);
        let mark = Mark {
            room: member.seat.room,
            seat: member.seat.seat,
            n,
            due,
        };
        self.out.clear();
        let text = body.with(mark);
        self.dialect.say(&mut member.seat, text, &mut self.out);
        member.seat.said += 1;
        self.send(number)
    }

    /// A member says its last message again, as an sdk does that was not told of its order: the host drops what it has.
    pub(super) fn say_again(&mut self, number: usize, due: u64, body: &mut Body) -> Result<()> {
        let member = &mut self.members[number];
        let Some(n) = member.seat.said.checked_sub(1) else {
            return Ok(());
        };
        if member.state != State::Joined {
            return Ok(());
        }
        let mark = Mark {
            room: member.seat.room,
            seat: member.seat.seat,
            n,
            due,
        };
        member.seat.said = n;
        self.out.clear();
        let text = body.with(mark);
        self.dialect.say(&mut member.seat, text, &mut self.out);
        member.seat.said = n + 1;
        self.send(number)
    }

    /// Lets some of the silent members beat.
    fn beat(&mut self) -> Result<()> {
        let now = self.clock.now();
        if now < self.next_look || self.members.is_empty() {
            return Ok(());
        }
        self.next_look = now + LOOK_EVERY;
        let part = self.members.len().div_ceil(LOOKS);
        for _ in 0..part {
            self.looked = (self.looked + 1) % self.members.len();
            let member = &self.members[self.looked];
            let silent = now.saturating_sub(member.last_sent);
            match member.state {
                State::Joined if silent > BEAT_AFTER => {
                    self.out.clear();
                    self.dialect.beat(&mut self.out);
                    self.send(self.looked)?;
                }
                // A full queue of the system loses connections without a word.
                State::Joining(_) if silent > JOIN_WITHIN => self.lose(self.looked, "no answer"),
                _ => {}
            }
        }
        Ok(())
    }
}

fn watch(poller: &Poller, member: &mut Member, number: usize, waits: bool) -> Result<()> {
    let wanted = if waits { Watch::Both } else { Watch::Reading };
    if member.watch != wanted
        && let Some(socket) = &member.socket
    {
        poller.change(&socket.stream, number, wanted)?;
        member.watch = wanted;
    }
    Ok(())
}
