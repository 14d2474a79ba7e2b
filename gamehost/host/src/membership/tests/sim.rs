//! Processes, the wire between them and the directory, and true time, which none of them knows. Seeded.

use futures_util::FutureExt as _;

use crate::fakes::MemoryDirectory;
use crate::membership::member::{Call, Member, Standing, Term};
use crate::membership::watch::{Expired, Watch};
use crate::ports::{Directory as _, Enlist, HostId, HostItem, JournalId, Load, Renewed, Slot};
use crate::timing::{LOOK_WITHIN, RENEW_WITHIN, WATCH_EVERY, ms};

/// What goes wrong, by chance, in parts of a thousand for each message or step.
#[derive(Clone, Copy)]
pub(super) struct Faults {
    lost: u64,
    slow: u64,
    pauses: u64,
    outages: u64,
}

impl Faults {
    pub(super) const NONE: Self = Self {
        lost: 0,
        slow: 0,
        pauses: 0,
        outages: 0,
    };
    pub(super) const MANY: Self = Self {
        lost: 100,
        slow: 100,
        pauses: 2,
        outages: 3,
    };
}

/// Milliseconds of true time between two looks at the world.
const STEP: u64 = 25;

#[derive(Clone)]
enum Asked {
    Enlist,
    Renew(HostId, u64),
    Look,
    Mark(Vec<Expired>),
}

#[derive(Clone)]
enum Answer {
    Enlisted(HostId),
    Renewed(Renewed),
    Hosts(Vec<HostItem>),
    Marked,
}

#[derive(Clone)]
enum Letter {
    Asked(Asked),
    Answer(Answer),
}

struct Message {
    at: u64,
    process: usize,
    call: u64,
    letter: Letter,
}

struct Process {
    slot: Slot,
    /// Its clock's milliseconds for a thousand true ones.
    rate: u64,
    member: Member,
    watch: Watch,
    /// The number of the call under way, and when it was sent by the process's clock.
    own: Option<(u64, u64)>,
    look: Option<(u64, u64)>,
    next_look: u64,
    paused_until: u64,
    dead: bool,
}

/// A whole fleet.
pub(super) struct Sim {
    /// True time.
    pub(super) now: u64,
    pub(super) faults: Faults,
    directory: MemoryDirectory,
    processes: Vec<Process>,
    wire: Vec<Message>,
    away_until: u64,
    writes_wait_until: u64,
    calls: u64,
    random: u64,
}

impl Sim {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            now: 0,
            faults,
            directory: MemoryDirectory::default(),
            processes: Vec::new(),
            wire: Vec::new(),
            away_until: 0,
            writes_wait_until: 0,
            calls: 0,
            random: seed | 1,
        }
    }

    /// A process on a machine of its own, whose clock runs at `rate`.
    pub(super) fn start(&mut self, slot: u16, rate: u64) -> usize {
        let local = self.now * rate / 1_000;
        self.processes.push(Process {
            slot: Slot(slot),
            rate,
            member: Member::new(local),
            watch: Watch::new(Slot(slot)),
            own: None,
            look: None,
            next_look: local,
            paused_until: 0,
            dead: false,
        });
        self.processes.len() - 1
    }

    pub(super) fn kill(&mut self, process: usize) {
        self.processes[process].dead = true;
    }

    pub(super) fn pause(&mut self, process: usize, lasts: u64) {
        self.processes[process].paused_until = self.now + lasts;
    }

    /// The directory takes nothing for a while.
    pub(super) fn outage(&mut self, lasts: u64) {
        self.away_until = self.now + lasts;
    }

    /// The directory answers looks for a while, and carries everything else out afterwards.
    pub(super) fn hold_writes(&mut self, lasts: u64) {
        self.writes_wait_until = self.now + lasts;
    }

    pub(super) fn term(&self, process: usize) -> Option<Term> {
        let process = &self.processes[process];
        match process.member.standing(process.local(self.now)) {
            Standing::Serving(term) if !process.dead => Some(term),
            _ => None,
        }
    }

    pub(super) fn serves(&self, process: usize) -> bool {
        self.term(process).is_some()
    }

    pub(super) fn is_lost(&self, slot: u16) -> bool {
        self.directory
            .host(Slot(slot))
            .is_some_and(|host| host.lost)
    }

    pub(super) fn run(&mut self, lasts: u64) {
        let end = self.now + lasts;
        while self.now < end {
            self.now += STEP;
            self.go_wrong();
            self.deliver();
            for process in 0..self.processes.len() {
                self.act(process);
            }
            self.check();
        }
    }

    /// Who was taken for dead does not serve.
    fn check(&self) {
        for (number, process) in self.processes.iter().enumerate() {
            let Some(term) = self.term(number) else {
                continue;
            };
            let host = self.directory.host(process.slot).expect("it enlisted");
            let lost = host.id == term.me && host.lost;
            assert!(!lost, "{} serves at {} and is lost", term.me, self.now);
            if term.former_expired(process.local(self.now)) {
                for (other, former) in self.processes.iter().enumerate() {
                    let same = other != number && former.slot == process.slot;
                    let both = same && self.term(other).is_some_and(|other| other.me < term.me);
                    assert!(!both, "two serve as slot {} at {}", process.slot, self.now);
                }
            }
        }
    }

    fn chance(&mut self, thousandths: u64) -> bool {
        self.below(1_000) < thousandths
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % limit
    }

    fn go_wrong(&mut self) {
        let Faults {
            pauses, outages, ..
        } = self.faults;
        if self.chance(outages) {
            let lasts = self.below(12_000);
            self.outage(lasts);
        }
        if self.chance(pauses) {
            let count = self.processes.len() as u64;
            let (which, lasts) = (self.below(count), self.below(20_000));
            self.pause(usize::try_from(which).expect("few processes"), lasts);
        }
    }

    fn send(&mut self, process: usize, call: u64, letter: Letter) {
        if self.chance(self.faults.lost) {
            return;
        }
        // Directories carry out enlistings in the order in which they were sent.
        let enlists = matches!(letter, Letter::Asked(Asked::Enlist));
        let slow = self.chance(self.faults.slow) && !enlists;
        let way = self.below(if slow { 12_000 } else { 40 });
        self.wire.push(Message {
            at: self.now + way,
            process,
            call,
            letter,
        });
    }

    fn deliver(&mut self) {
        let (mut due, mut later) = (Vec::new(), Vec::new());
        for message in self.wire.drain(..) {
            let process = &self.processes[message.process];
            // A process that sleeps finds its answers when it wakes.
            let asleep = matches!(message.letter, Letter::Answer(_)) && process.sleeps(self.now);
            let write =
                matches!(&message.letter, Letter::Asked(asked) if !matches!(asked, Asked::Look));
            let waits = write && self.now < self.writes_wait_until;
            if message.at > self.now || asleep || waits {
                later.push(message);
            } else {
                due.push(message);
            }
        }
        self.wire = later;
        // Each process has its own way to the directory, and whose is the first is chance.
        let (count, first) = (self.processes.len() as u64, self.below(1_000));
        due.sort_by_key(|message| ((message.process as u64 + first) % count, message.at));
        for message in due {
            match message.letter {
                Letter::Asked(asked) => {
                    if self.now >= self.away_until {
                        let answer = self.carry_out(message.process, asked);
                        self.send(message.process, message.call, Letter::Answer(answer));
                    }
                }
                Letter::Answer(answer) => self.take(message.process, message.call, answer),
            }
        }
    }

    fn carry_out(&self, process: usize, asked: Asked) -> Answer {
        let answers = "the directory in memory answers at once";
        match asked {
            Asked::Enlist => {
                let new = Enlist {
                    slot: self.processes[process].slot,
                    region: "here".to_owned(),
                    url: "ws://here".to_owned(),
                    version: "1.2.3".to_owned(),
                    journal: JournalId(process as u128),
                };
                let enlisted = self.directory.enlist(new).now_or_never();
                Answer::Enlisted(enlisted.expect(answers).expect(answers))
            }
            Asked::Renew(me, beat) => {
                let renewed = self.directory.renew(me, beat, Load::default());
                Answer::Renewed(renewed.now_or_never().expect(answers).expect(answers))
            }
            Asked::Look => {
                let hosts = self.directory.hosts().now_or_never();
                Answer::Hosts(hosts.expect(answers).expect(answers))
            }
            Asked::Mark(expired) => {
                for Expired { host, beat } in expired {
                    let marked = self.directory.mark_lost(host, beat).now_or_never();
                    marked.expect(answers).expect(answers);
                }
                Answer::Marked
            }
        }
    }

    fn take(&mut self, number: usize, call: u64, answer: Answer) {
        let now = self.now;
        let process = &mut self.processes[number];
        let local = process.local(now);
        let own = process.own.take_if(|(own, _)| *own == call);
        let look = process.look.take_if(|(look, _)| *look == call);
        match (answer, own, look) {
            (Answer::Enlisted(me), Some((_, sent)), _) => process.member.enlisted(sent, local, me),
            (Answer::Renewed(renewed), Some((_, sent)), _) => process.member.renewed(sent, renewed),
            (Answer::Hosts(hosts), _, Some((_, sent))) => {
                let expired = process.watch.saw(sent, local, &hosts);
                if !expired.is_empty() {
                    self.ask(number, Asked::Mark(expired));
                }
            }
            // The call was given up before.
            _ => {}
        }
    }

    fn ask(&mut self, process: usize, asked: Asked) -> u64 {
        self.calls += 1;
        self.send(process, self.calls, Letter::Asked(asked));
        self.calls
    }

    /// What the membership's task does at this moment.
    fn act(&mut self, number: usize) {
        let now = self.now;
        let process = &mut self.processes[number];
        if process.sleeps(now) || process.member.is_replaced() {
            return;
        }
        let local = process.local(now);
        let over = |call: &mut (u64, u64), within| local - call.1 >= ms(within);
        if process
            .own
            .take_if(|call| over(call, RENEW_WITHIN))
            .is_some()
        {
            process.member.failed(local);
            process.watch.failed();
        }
        if process
            .look
            .take_if(|call| over(call, LOOK_WITHIN))
            .is_some()
        {
            process.watch.failed();
        }
        let due = process.member.due().is_some_and(|due| due <= local);
        if due && process.own.is_none() {
            let asked = match process.member.call() {
                Call::Enlist => Asked::Enlist,
                Call::Renew(me, beat) => Asked::Renew(me, beat),
            };
            let call = self.ask(number, asked);
            self.processes[number].own = Some((call, local));
        }
        let process = &mut self.processes[number];
        if process.next_look <= local && process.look.is_none() {
            process.next_look = local + ms(WATCH_EVERY);
            let call = self.ask(number, Asked::Look);
            self.processes[number].look = Some((call, local));
        }
    }
}

impl Process {
    fn local(&self, now: u64) -> u64 {
        now * self.rate / 1_000
    }

    fn sleeps(&self, now: u64) -> bool {
        self.dead || now < self.paused_until
    }
}
