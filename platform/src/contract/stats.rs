//! The rules of [`StatsStore`].

use latchkey_protocol::Seq;

use super::Subject;
use crate::clock::UnixMs;
use crate::fakes::samples;
use crate::stats::{GameStats, Outcome, StatsReport, StatsStore, compare};
use crate::store::Insert;

type Stats_ = Subject<dyn StatsStore>;

/// Makes the tests.
#[macro_export]
macro_rules! stats_contract {
    ($subject:expr) => {
        $crate::contract!(
            stats,
            $subject,
            [
                a_game_has_one_report,
                summaries_are_those_of_the_version_the_newest_first
            ]
        );
    };
}

fn report(number: u8, version: u32) -> StatsReport {
    let stats = GameStats {
        game: samples::game_id(number),
        title: samples::small_game(version),
        seq: Seq(9),
        outcome: Outcome::Escaped,
        begun_at: samples::NOW,
        finished_at: UnixMs(samples::NOW.0 + 1000),
        duration_ms: 1000 * u64::from(number),
        messages: 3,
        hints: u32::from(number),
        players: Vec::new(),
        milestones: Vec::new(),
    };
    let comparison = compare(&stats, &[]);
    StatsReport {
        stats,
        comparison,
        computed_at: UnixMs(samples::NOW.0 + u64::from(number)),
    }
}

pub async fn a_game_has_one_report(subject: &Stats_) {
    let first = report(1, 1);
    assert_eq!(subject.port.get(first.stats.game).await.unwrap(), None);
    assert_eq!(subject.port.insert(&first).await.unwrap(), Insert::Inserted);
    let mut second = first.clone();
    second.stats.hints = 99;
    assert_eq!(subject.port.insert(&second).await.unwrap(), Insert::Exists);
    assert_eq!(
        subject.port.get(first.stats.game).await.unwrap(),
        Some(first)
    );
}

pub async fn summaries_are_those_of_the_version_the_newest_first(subject: &Stats_) {
    for (number, version) in [(2, 1), (1, 1), (3, 1), (4, 2)] {
        let inserted = subject.port.insert(&report(number, version)).await.unwrap();
        assert_eq!(inserted, Insert::Inserted);
    }
    let found = subject
        .port
        .summaries(&samples::small_game(1), 2)
        .await
        .unwrap();
    assert_eq!(
        found,
        [report(3, 1).stats.summary(), report(2, 1).stats.summary()]
    );
    assert_eq!(
        subject
            .port
            .summaries(&samples::small_game(3), 9)
            .await
            .unwrap(),
        []
    );
}
