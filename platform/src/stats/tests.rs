//! Counting a made-up game, gaps, and comparison.

use latchkey_protocol::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fakes::samples::{self, NOW, record};

fn counted(records: &[Record]) -> Option<GameStats> {
    let mut fold = Fold::default();
    for record in records {
        assert!(fold.add(record), "record {} is the next", record.seq);
    }
    fold.stats(samples::game_id(1), samples::small_game(1))
}

/// Numbers the records from 1.
fn log(records: &[(u64, u8, Kind, Value)]) -> Vec<Record> {
    let numbered = (1..).zip(records);
    numbered
        .map(|(seq, (at, from, kind, body))| record(seq, *at, *from, *kind, body))
        .collect()
}

fn played() -> Vec<(u64, u8, Kind, Value)> {
    let profile = |name: &str| json!({"name": name, "colour": "#175cd3"});
    vec![
        (0, 1, Kind::Joined, profile("Ada")),
        (10, 2, Kind::Joined, profile("Bob")),
        (20, 1, Kind::Said, json!({"type": "chat", "text": "hello"})),
        (1_000, 2, Kind::Said, json!({"type": "begin"})),
        (2_000, 1, Kind::Said, json!({"type": "begin"})),
        (
            3_000,
            1,
            Kind::Said,
            json!({"type": "open", "milestone": "desk"}),
        ),
        (
            3_500,
            2,
            Kind::Said,
            json!({"type": "open", "milestone": "desk"}),
        ),
        (4_000, 2, Kind::Said, json!({"type": "hint", "puzzle": 2})),
        (4_500, 2, Kind::Profile, profile("Robert")),
        (5_000, 0, Kind::Notice, json!("Maintenance at noon")),
        (
            6_000,
            2,
            Kind::Said,
            json!({"type": "open", "milestone": "door"}),
        ),
        (
            61_000,
            1,
            Kind::Finished,
            json!({"outcome": "escaped", "extra": [1]}),
        ),
        (
            62_000,
            1,
            Kind::Said,
            json!({"type": "chat", "text": "that was fun"}),
        ),
        (63_000, 2, Kind::Finished, json!({"outcome": "given_up"})),
    ]
}

#[test]
fn a_game_is_counted_from_begin_to_its_first_end() {
    let stats = counted(&log(&played())).unwrap();
    assert_eq!(stats.duration_ms, 60_000);
    assert_eq!(stats.outcome, Outcome::Escaped);
    assert_eq!((stats.messages, stats.hints, stats.seq), (1, 1, Seq(14)));
    let players: Vec<_> = stats
        .players
        .iter()
        .map(|p| {
            (
                p.name.as_str(),
                p.messages,
                p.hints,
                p.milestones,
                p.actions,
            )
        })
        .collect();
    assert_eq!(players, [("Ada", 1, 0, 1, 3), ("Robert", 0, 1, 1, 4)]);
    let milestones: Vec<_> = stats
        .milestones
        .iter()
        .map(|m| (m.name.as_str(), m.member, m.after_ms))
        .collect();
    let (ada, bob) = (Some(samples::member_id(1)), Some(samples::member_id(2)));
    assert_eq!(milestones, [("desk", ada, 2_000), ("door", bob, 5_000)]);
}

#[test]
fn a_game_nobody_began_counts_from_its_first_record_and_one_nobody_ended_not_at_all() {
    let mut records = played();
    records.retain(|(.., body)| body["type"] != "begin");
    assert_eq!(counted(&log(&records)).unwrap().begun_at, NOW);
    records.retain(|(_, _, kind, _)| *kind != Kind::Finished);
    assert_eq!(counted(&log(&records)), None);
}

#[test]
fn bodies_of_any_shape_are_counted_or_passed_over_but_never_stop_the_count() {
    for body in [
        json!(null),
        json!([1]),
        json!("begin"),
        json!({"type": 1, "milestone": {}}),
        json!({}),
    ] {
        for kind in [
            Kind::Joined,
            Kind::Profile,
            Kind::Said,
            Kind::Left,
            Kind::Notice,
        ] {
            let mut records = played();
            records.insert(5, (2_500, 1, kind, body.clone()));
            assert_eq!(counted(&log(&records)).unwrap().duration_ms, 60_000);
        }
    }
    let mut records = played();
    records[11].3 = json!({"outcome": 3});
    assert_eq!(counted(&log(&records)).unwrap().outcome, Outcome::Other);
}

#[test]
fn milestones_are_bounded_in_number_and_length() {
    let mut records = vec![(
        0,
        1,
        Kind::Joined,
        json!({"name": "Ada", "colour": "#175cd3"}),
    )];
    let name = |number: usize| {
        if number == 0 {
            "x".repeat(65)
        } else {
            format!("m{number}")
        }
    };
    records.extend((0..200).map(|n| (1, 1, Kind::Said, json!({"milestone": name(n)}))));
    records.push((2, 1, Kind::Finished, json!({})));
    let stats = counted(&log(&records)).unwrap();
    assert_eq!(stats.milestones.len(), crate::limits::STATS_MILESTONES);
    assert_eq!(stats.milestones[0].name, "m1");
}

#[test]
fn a_gap_or_repetition_in_the_history_is_noticed() {
    let records = log(&played());
    let mut fold = Fold::default();
    assert!(fold.add(&records[0]));
    assert!(!fold.add(&records[0]));
    assert!(!fold.add(&records[2]));
    assert_eq!(fold.seq(), Seq(1));
    assert!(fold.add(&records[1]));
}

fn other(number: u8, seconds: u64, outcome: Outcome) -> Summary {
    let game = samples::game_id(number);
    Summary {
        game,
        outcome,
        duration_ms: seconds * 1000,
        hints: u32::from(number),
        messages: 0,
    }
}

#[test]
fn a_game_is_placed_among_those_that_escaped() {
    use Outcome::{Escaped, GivenUp};
    let stats = counted(&log(&played())).unwrap();
    let others = [
        other(1, 1, Escaped), // The game itself, computed before: it is not its own rival.
        other(2, 50, Escaped),
        other(3, 60, Escaped),
        other(4, 70, Escaped),
        other(5, 300, Escaped),
        other(6, 10, GivenUp),
    ];
    let compared = compare(&stats, &others);
    assert_eq!((compared.games, compared.escaped), (6, 5));
    assert_eq!((compared.rank, compared.faster_than), (Some(2), Some(50.0)));
    assert_eq!(
        (compared.median_ms, compared.median_hints),
        (Some(60_000), 3)
    );
    assert_eq!(compared.fewer_hints_than, Some(100.0));
    let histogram = compared.histogram.unwrap();
    assert_eq!(
        (histogram.from_ms, histogram.width_ms, histogram.own),
        (50_000, 21_000, Some(0))
    );
    assert_eq!(histogram.counts.iter().sum::<u32>(), 5);
}

#[test]
fn the_first_game_has_nobody_to_compare_with_and_a_lost_one_no_rank() {
    let mut stats = counted(&log(&played())).unwrap();
    let alone = compare(&stats, &[]);
    assert_eq!(
        (alone.games, alone.rank, alone.faster_than),
        (1, Some(1), None)
    );
    assert_eq!(alone.histogram.unwrap().counts, [1]);
    stats.outcome = Outcome::GivenUp;
    let lost = compare(&stats, &[other(2, 50, Outcome::Escaped)]);
    assert_eq!((lost.games, lost.escaped, lost.rank), (2, 1, None));
    assert_eq!(lost.histogram.unwrap().own, None);
}

proptest! {
    #[test]
    fn every_duration_has_a_bar(times in prop::collection::vec(0..u64::MAX / 2, 1..50)) {
        let mut stats = counted(&log(&played())).unwrap();
        stats.duration_ms = times[0];
        let others: Vec<Summary> = (2..).zip(&times[1..]).map(|(number, time)| {
            Summary { duration_ms: *time, ..other(number, 0, Outcome::Escaped) }
        }).collect();
        let compared = compare(&stats, &others);
        let histogram = compared.histogram.unwrap();
        prop_assert!(histogram.counts.len() <= crate::limits::STATS_BARS);
        prop_assert_eq!(histogram.counts.iter().sum::<u32>() as usize, times.len());
        prop_assert!(histogram.counts[histogram.own.unwrap()] > 0);
        prop_assert!(compared.rank.unwrap() as usize <= times.len());
    }
}
