//! What a crowd plays: talking by a schedule, a lively evening, and coming back all at once.

use anyhow::Result;

use super::crowd::Crowd;
use super::latency::Latency;
use super::mark::Body;
use super::orders::{Evening, Report, Talk, Talked};
use super::schedule::{Due, Periodic, Random};
use crate::clock::nanos;

/// Messages sent before the sockets are looked at again.
const SAYS_AT_ONCE: usize = 32;
/// Late deliveries are awaited while something still comes within so many seconds, and for so many in all.
const QUIET: f64 = 3.0;
/// See [`QUIET`].
const PATIENCE: f64 = 30.0;
/// A host may have refused or dropped what came in a moment it could not serve; so it is said again after this.
const SAY_AGAIN: f64 = 1.0;

/// Lets members talk and tells what they saw. `say` tells the orchestrator when the window opens and closes.
///
/// # Errors
/// When the system or a server fails.
pub fn talk(crowd: &mut Crowd, talk: &Talk, say: impl Fn(&Report) -> Result<()>) -> Result<Report> {
    let begin = crowd.clock.now();
    let opens = begin + nanos(talk.warm_up);
    let closes = opens + nanos(talk.window);
    crowd.tally.window = (opens, closes);
    crowd.tally.deliveries = 0;
    crowd.tally.latest = 0;
    crowd.tally.latency = Latency::default();
    let mut stage = Stage::new(crowd, talk, begin);
    let mut open = false;
    let mut given_up = false;
    loop {
        let now = crowd.clock.now();
        if now >= closes {
            break;
        }
        if !open && now >= opens {
            open = true;
            say(&Report::Opened)?;
        }
        if crowd.tally.latest > nanos(talk.give_up) {
            given_up = true;
            break;
        }
        let next = stage.play(crowd, now)?;
        let edge = if open { closes } else { opens };
        crowd.step(next.min(edge).saturating_sub(crowd.clock.now()))?;
    }
    if !open {
        say(&Report::Opened)?;
    }
    say(&Report::Closed)?;
    stage.everybody_back(crowd)?;
    await_the_late(crowd)?;
    let talked = Talked {
        deliveries: crowd.tally.deliveries,
        latency: crowd.tally.latency.counts(),
        lag: stage.lag.counts(),
        faults: crowd.faults(),
        given_up,
    };
    Ok(Report::Talked(talked))
}

/// Waits until everything said has arrived, or nothing comes any more.
fn await_the_late(crowd: &mut Crowd) -> Result<()> {
    let begin = crowd.clock.now();
    let (mut since, mut before) = (begin, u64::MAX);
    loop {
        let outstanding = (0..crowd.rooms()).map(|room| crowd.outstanding(room)).sum();
        let now = crowd.clock.now();
        if outstanding < before {
            (since, before) = (now, outstanding);
        }
        if outstanding == 0 || now - since > nanos(QUIET) || now - begin > nanos(PATIENCE) {
            return Ok(());
        }
        let again = now + 20_000_000;
        while crowd.clock.now() < again {
            crowd.step(again.saturating_sub(crowd.clock.now()))?;
        }
    }
}

/// What is due when.
struct Stage {
    begin: u64,
    says: Box<dyn Iterator<Item = Due>>,
    next: Option<Due>,
    /// Comings and goings, the latest first.
    moves: Vec<(u64, Move)>,
    body: Body,
    /// How late messages were sent.
    lag: Latency,
    opens: u64,
}

/// A member comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Goes(usize),
    Comes(usize),
}

impl Stage {
    fn new(crowd: &Crowd, talk: &Talk, begin: u64) -> Self {
        let rooms = (talk.rooms as usize).min(crowd.rooms());
        let members = rooms * usize::from(crowd.connect.seats);
        let seed = crowd.connect.salt ^ begin;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rates lie between one a minute and thirty a second"
        )]
        let period = (1e9 / talk.rate) as u64;
        let (says, moves): (Box<dyn Iterator<Item = Due>>, _) = match talk.evening {
            Evening::Steady => (
                Box::new(Periodic::new(0..members, period, seed)),
                Vec::new(),
            ),
            Evening::Lively => {
                let length = nanos(talk.warm_up + talk.window);
                let late = crowd.connect.seats - crowd.connect.late;
                let is_late =
                    |member: usize| member % usize::from(crowd.connect.seats) >= usize::from(late);
                let (says, moves) = lively(members, is_late, period, length, seed);
                (Box::new(says.into_iter()), moves)
            }
        };
        let mut stage = Self {
            begin,
            says,
            next: None,
            moves,
            // Two bytes of a body are its quotation marks.
            body: Body::new(talk.body.saturating_sub(2)),
            lag: Latency::default(),
            opens: begin + nanos(talk.warm_up),
        };
        stage.next = stage.says.next();
        stage
    }

    /// Does what is due at `now`; when the next thing is.
    fn play(&mut self, crowd: &mut Crowd, now: u64) -> Result<u64> {
        while let Some((_, step)) = self.moves.pop_if(|(at, _)| self.begin + *at <= now) {
            match step {
                Move::Goes(member) => crowd.drop_off(member),
                Move::Comes(member) => crowd.enqueue(member),
            }
        }
        crowd.come(usize::MAX)?;
        for _ in 0..SAYS_AT_ONCE {
            let Some(due) = self.next else { break };
            let at = self.begin + due.at;
            if at > now {
                break;
            }
            if at >= self.opens {
                self.lag.record(crowd.clock.now() - at);
            }
            crowd.say(due.member, at, &mut self.body)?;
            self.next = self.says.next();
        }
        let say = self.next.map(|due| due.at);
        let step = self.moves.last().map(|(at, _)| *at);
        let next = say.into_iter().chain(step).min().unwrap_or(u64::MAX / 2);
        Ok(self.begin + next)
    }

    /// Brings back who is away at the end.
    fn everybody_back(&self, crowd: &mut Crowd) -> Result<()> {
        for (_, step) in &self.moves {
            if let Move::Comes(member) = step {
                crowd.enqueue(*member);
            }
        }
        crowd.until_joined(usize::MAX)
    }
}

/// The article's evening: talk in bursts, half of the members drop off once for one to four seconds, the late ones join
/// half-way. Who is about to drop off falls silent half a second before, so that nothing it said is on its way.
fn lively(
    members: usize,
    is_late: impl Fn(usize) -> bool,
    period: u64,
    length: u64,
    seed: u64,
) -> (Vec<Due>, Vec<(u64, Move)>) {
    const MOST: u64 = 8;
    const WITHIN: u64 = 150_000_000;
    let mut random = Random(seed);
    let (mut says, mut moves) = (Vec::new(), Vec::new());
    for member in 0..members {
        let mut away = 0..0;
        if is_late(member) {
            let comes = length / 2 + random.below(length / 10);
            moves.push((comes, Move::Comes(member)));
            away = 0..comes;
        } else if random.below(2) == 0 {
            let goes = length / 10 + random.below(length * 6 / 10);
            let comes = goes + 1_000_000_000 + random.below(3_000_000_000);
            moves.extend([(goes, Move::Goes(member)), (comes, Move::Comes(member))]);
            away = goes.saturating_sub(500_000_000)..comes;
        }
        // A burst has half of `MOST` messages on average, so bursts begin that many periods apart.
        let mut at = random.below(period * MOST);
        while at < length {
            for message in 0..=random.below(MOST) {
                let at = at + message * WITHIN;
                if at < length && !away.contains(&at) {
                    says.push(Due { at, member });
                }
            }
            at += MOST * WITHIN + random.below((period * MOST).saturating_sub(2 * MOST * WITHIN));
        }
    }
    says.sort_by_key(|due| due.at);
    moves.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    (says, moves)
}

/// Drops every connection and lets everybody come back at once. A room is back when what its first member says then has
/// reached all of them.
///
/// # Errors
/// When a server refuses, or is stuck.
pub fn rejoin(crowd: &mut Crowd) -> Result<Report> {
    let rooms = crowd.rooms();
    for member in 0..rooms * usize::from(crowd.connect.seats) {
        crowd.drop_off(member);
        crowd.come_later(member);
    }
    // What a talk lost before stays lost, and keeps no room from being back.
    let lost: Vec<u64> = (0..rooms).map(|room| crowd.outstanding(room)).collect();
    let begin = crowd.clock.now();
    crowd.came.clear();
    crowd.tally.arrived = Some(Vec::new());
    let mut said = vec![false; rooms];
    let mut back = vec![false; rooms];
    let (mut times, mut missing) = (Latency::default(), rooms);
    let mut body = Body::new(98);
    let mut again = begin + nanos(SAY_AGAIN);
    while missing > 0 {
        crowd.come(usize::MAX)?;
        crowd.step(5_000_000)?;
        let now = crowd.clock.now();
        anyhow::ensure!(
            now - begin < nanos(PATIENCE * 4.0),
            "{missing} rooms are not back after {} seconds: {}",
            PATIENCE * 4.0,
            crowd.standing()
        );
        for member in std::mem::take(&mut crowd.came) {
            let room = member / usize::from(crowd.connect.seats);
            if !said[room] && crowd.is_complete(room) {
                said[room] = true;
                crowd.say(crowd.members_of(room).start, now, &mut body)?;
            }
        }
        if now >= again {
            again = now + nanos(SAY_AGAIN);
            for room in (0..rooms).filter(|room| said[*room] && !back[*room]) {
                crowd.say_again(crowd.members_of(room).start, now, &mut body)?;
            }
        }
        let arrived = crowd.tally.arrived.as_mut().map(std::mem::take);
        for room in arrived.unwrap_or_default() {
            if said[room] && !back[room] && crowd.outstanding(room) <= lost[room] {
                back[room] = true;
                missing -= 1;
                times.record(now - begin);
            }
        }
    }
    crowd.tally.arrived = None;
    Ok(Report::Rejoined {
        rooms: times.counts(),
        faults: crowd.faults(),
        turned_away: std::mem::take(&mut crowd.turned_away),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn an_evening_has_as_much_talk_as_its_rate_says_and_nobody_talks_while_away() {
        let (says, moves) = lively(400, |member| member % 4 == 3, SECOND, 60 * SECOND, 1);
        assert!(says.is_sorted_by_key(|due| due.at));
        let here = 300.0 * 60.0 + 100.0 * 28.0;
        let share = says.len() as f64 / here;
        assert!((0.7..1.3).contains(&share), "{share}");
        for (at, step) in &moves {
            let Move::Goes(member) = step else { continue };
            let quiet = at - SECOND / 2..at + SECOND;
            let spoke = says
                .iter()
                .any(|due| due.member == *member && quiet.contains(&due.at));
            assert!(!spoke, "member {member} talks around {at}");
        }
    }

    #[test]
    fn whoever_goes_comes_back_and_the_late_come_once() {
        let (_, mut moves) = lively(400, |member| member % 4 == 3, SECOND, 60 * SECOND, 2);
        let mut away = std::collections::HashSet::new();
        let mut late = 0;
        while let Some((_, step)) = moves.pop() {
            match step {
                Move::Goes(member) => assert!(away.insert(member)),
                Move::Comes(member) if member % 4 == 3 => late += 1,
                Move::Comes(member) => assert!(away.remove(&member)),
            }
        }
        assert!(away.is_empty());
        assert_eq!(late, 100);
    }
}
