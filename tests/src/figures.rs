//! What players felt of a move, a loss or a slow archive, measured in what they saw. What a figure should be, suites say.

use std::collections::HashMap;
use std::time::Duration;

use crate::history::{Event, History, Seen};
use crate::report::quantile;

/// How long each room stood still in which anybody's connection was lost from `since` to `until`: the longest that a
/// member was without a connection or waited for the record of something it said meanwhile.
#[must_use]
pub fn pauses(rooms: &[Vec<History>], since: Duration, until: Duration) -> Vec<Duration> {
    let during = |at: Duration| since <= at && at <= until;
    let mut pauses = Vec::new();
    for room in rooms {
        let apart = room.iter().flat_map(apart);
        let Some(longest) = apart
            .filter(|(lost, _)| during(*lost))
            .map(|(_, long)| long)
            .max()
        else {
            continue;
        };
        let waits = room.iter().flat_map(waits);
        let wait = waits
            .filter(|(said, _)| during(*said))
            .map(|(_, long)| long)
            .max();
        pauses.push(longest.max(wait.unwrap_or_default()));
    }
    pauses
}

/// For each room whose members lost their connection after `since`: how long after `since` the first new record was seen,
/// ordered under a later epoch than any before.
#[must_use]
pub fn play_again(rooms: &[Vec<History>], since: Duration) -> Vec<Duration> {
    let mut times = Vec::new();
    for room in rooms {
        let events = || room.iter().flat_map(|history| &history.events);
        let records = |event: &Event| match &event.seen {
            Seen::Record(record) => Some((event.at, record.epoch)),
            _ => None,
        };
        let before = events().filter_map(records).filter(|(at, _)| *at <= since);
        let Some(epoch) = before.map(|(_, epoch)| epoch).max() else {
            continue;
        };
        let again = events()
            .filter_map(records)
            .filter(|(at, of)| *at > since && *of > epoch);
        times.extend(again.map(|(at, _)| at - since).min());
    }
    times
}

/// How many rewinds anybody was told.
#[must_use]
pub fn rewinds(rooms: &[Vec<History>]) -> usize {
    let events = rooms.iter().flatten().flat_map(|history| &history.events);
    events
        .filter(|event| matches!(event.seen, Seen::Rewound { .. }))
        .count()
}

/// How many times anybody gave records back.
#[must_use]
pub fn given_back(rooms: &[Vec<History>]) -> usize {
    let events = rooms.iter().flatten().flat_map(|history| &history.events);
    events
        .filter(|event| matches!(event.seen, Seen::GaveBack { .. }))
        .count()
}

/// How the connections of one member ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Endings {
    /// With the word that the room lives elsewhere (P4.9).
    pub moved: usize,
    /// In any other way.
    pub otherwise: usize,
}

/// How the connections of each member ended, of all rooms.
#[must_use]
pub fn endings(rooms: &[Vec<History>]) -> Vec<Endings> {
    rooms.iter().flatten().map(endings_of).collect()
}

fn endings_of(history: &History) -> Endings {
    let mut endings = Endings::default();
    for (number, event) in history.events.iter().enumerate() {
        if event.seen != Seen::Lost {
            continue;
        }
        let before = number.checked_sub(1).map(|before| &history.events[before]);
        if before.is_some_and(|before| before.seen == Seen::Moved) {
            endings.moved += 1;
        } else {
            endings.otherwise += 1;
        }
    }
    endings
}

/// How long everybody waited for the record of what was said from `since` to `until`.
#[must_use]
pub fn waits_between(rooms: &[Vec<History>], since: Duration, until: Duration) -> Vec<Duration> {
    let waits = rooms.iter().flatten().flat_map(waits);
    waits
        .filter(|(said, _)| since <= *said && *said <= until)
        .map(|(_, wait)| wait)
        .collect()
}

/// Bytes of everything that was said from `since` to `until`, each once.
#[must_use]
pub fn bytes_said(rooms: &[Vec<History>], since: Duration, until: Duration) -> u64 {
    let events = rooms.iter().flatten().flat_map(|history| &history.events);
    let said = events.filter(|event| since <= event.at && event.at <= until);
    said.map(|event| match &event.seen {
        Seen::Said { body, .. } => body.len() as u64,
        _ => 0,
    })
    .sum()
}

/// Says and records seen, of all members.
#[must_use]
pub fn counts(rooms: &[Vec<History>]) -> (usize, usize) {
    let events = || rooms.iter().flatten().flat_map(|history| &history.events);
    let says = events().filter(|event| matches!(event.seen, Seen::Said { .. }));
    let records = events().filter(|event| matches!(event.seen, Seen::Record(_)));
    (says.count(), records.count())
}

/// `p50 …, p99 …, longest …` of so many samples.
#[must_use]
pub fn spread(mut times: Vec<Duration>) -> String {
    if times.is_empty() {
        return "nothing to measure".to_owned();
    }
    let (middle, late) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    let longest = times.last().copied().unwrap_or_default();
    format!(
        "p50 {middle:.0?}, p99 {late:.0?}, longest {longest:.0?} of {}",
        times.len()
    )
}

/// When a member's connection was lost, and how long it was without one.
fn apart(history: &History) -> Vec<(Duration, Duration)> {
    let mut apart = Vec::new();
    let mut lost = None;
    for event in &history.events {
        match event.seen {
            Seen::Lost => lost = lost.or(Some(event.at)),
            Seen::Welcomed(_) => apart.extend(lost.take().map(|lost| (lost, event.at - lost))),
            _ => {}
        }
    }
    apart
}

/// When a member said something, and how long it waited for the record.
fn waits(history: &History) -> Vec<(Duration, Duration)> {
    let mut said: HashMap<u64, Duration> = HashMap::new();
    let mut waits = Vec::new();
    for event in &history.events {
        match &event.seen {
            Seen::Said { n, .. } => _ = said.insert(*n, event.at),
            Seen::Record(record) if record.from.as_deref() == Some(&history.member) => {
                waits.extend(said.remove(&record.n).map(|said| (said, event.at - said)));
            }
            _ => {}
        }
    }
    waits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Record, Welcome};
    use std::sync::Arc;

    fn welcome() -> Seen {
        Seen::Welcomed(Welcome {
            epoch: 2,
            tail: 1,
            stored: 0,
            resumed: true,
            checkpoint: None,
            n: 0,
            finished: None,
            now: 0,
        })
    }

    fn record(epoch: u64, n: u64) -> Seen {
        Seen::Record(Arc::new(Record {
            seq: n,
            epoch,
            from: Some("ada".to_owned()),
            n,
            at: 0,
            kind: "said".to_owned(),
            body: "1".to_owned(),
            mac: String::new(),
        }))
    }

    fn told(events: Vec<(u64, Seen)>) -> Vec<Vec<History>> {
        let mut history = History::new("ada");
        for (second, seen) in events {
            let at = Duration::from_secs(second);
            history.events.push(Event {
                stamp: second,
                at,
                seen,
            });
        }
        vec![vec![history]]
    }

    #[test]
    fn a_rooms_pause_is_the_longest_anybody_was_away_or_waited() {
        let said = |n| Seen::Said {
            n,
            body: "1".to_owned(),
        };
        let rooms = told(vec![
            (1, record(1, 1)),
            (2, said(2)),
            (5, Seen::Lost),
            (6, Seen::Asked),
            (8, welcome()),
            (9, record(2, 2)),
        ]);
        let (from, to) = (Duration::ZERO, Duration::from_secs(20));
        assert_eq!(pauses(&rooms, from, to), [Duration::from_secs(7)]);
        assert_eq!(
            pauses(&rooms, Duration::from_secs(3), to),
            [Duration::from_secs(3)]
        );
        assert_eq!(
            pauses(&rooms, Duration::from_secs(6), to),
            [],
            "nobody was lost then"
        );
        let again = play_again(&rooms, Duration::from_secs(4));
        assert_eq!(again, [Duration::from_secs(5)]);
        assert_eq!(rewinds(&rooms), 0);
        let waits = waits_between(&rooms, from, to);
        assert_eq!(waits, [Duration::from_secs(7)]);
        assert_eq!(
            waits_between(&rooms, Duration::from_secs(3), to),
            [],
            "nothing was said then"
        );
        assert_eq!(bytes_said(&rooms, from, to), 1);
        assert_eq!(bytes_said(&rooms, Duration::from_secs(3), to), 0);
        assert_eq!(counts(&rooms), (1, 2));
    }

    #[test]
    fn a_connection_ended_by_a_move_only_when_the_member_was_told_so_on_it() {
        let rooms = told(vec![
            (1, welcome()),
            (2, Seen::Moved),
            (2, Seen::Lost),
            // Told while it asked: no connection ended by that.
            (3, Seen::Asked),
            (3, Seen::Moved),
            (3, Seen::Asked),
            (4, welcome()),
            (5, record(2, 1)),
            (6, Seen::Lost),
        ]);
        let one_of_each = Endings {
            moved: 1,
            otherwise: 1,
        };
        assert_eq!(endings(&rooms), [one_of_each]);
    }
}
