//! Made-up histories: a good one passes, and each way of spoiling it is caught under its own name.

mod archived;
mod lost;

use std::sync::Arc;
use std::time::Duration;

use super::{Promise, Survives, Wrong, check};
use crate::history::{Event, History, Record, Seen, Welcome};

fn record(seq: u64, from: &str, n: u64, body: &str) -> Record {
    let kind = if n == 0 { "joined" } else { "said" };
    Record {
        seq,
        epoch: if seq < 5 { 1 } else { 2 },
        from: Some(from.to_owned()),
        n,
        at: 1000 + seq,
        kind: kind.to_owned(),
        body: body.to_owned(),
        mac: format!("mac{seq}"),
    }
}

/// The log that the good histories share: two members, two epochs.
fn log() -> Vec<Record> {
    vec![
        record(1, "ada", 0, "{}"),
        record(2, "bob", 0, "{}"),
        record(3, "ada", 1, "\"a1\""),
        record(4, "bob", 1, "\"b1\""),
        record(5, "ada", 2, "\"a2\""),
        record(6, "bob", 2, "\"b2\""),
    ]
}

fn welcome(epoch: u64, tail: u64, stored: u64, resumed: bool, n: u64) -> Seen {
    let (checkpoint, finished) = (None, None);
    Seen::Welcomed(Welcome {
        epoch,
        tail,
        stored,
        resumed,
        checkpoint,
        n,
        finished,
        // Before the first record of its epoch, and not before the last one of the epoch before.
        now: if epoch == 1 { 1000 } else { 1004 },
    })
}

fn said(n: u64, body: &str) -> Seen {
    Seen::Said {
        n,
        body: body.to_owned(),
    }
}

/// Two members over a crash between records 4 and 5: what happened, as (who, what) in the order it happened.
fn story() -> Vec<(usize, Seen)> {
    let log = log();
    let saw = |who: usize, seq: usize| (who, Seen::Record(log[seq - 1].clone().into()));
    vec![
        (0, Seen::Asked),
        (0, welcome(1, 1, 0, false, 0)),
        saw(0, 1),
        (1, Seen::Asked),
        (1, welcome(1, 2, 0, false, 0)),
        saw(1, 1),
        saw(1, 2),
        saw(0, 2),
        (0, said(1, "\"a1\"")),
        saw(0, 3),
        saw(1, 3),
        (1, said(1, "\"b1\"")),
        saw(0, 4),
        (0, Seen::Stored(3)),
        (0, Seen::Lost),
        (1, Seen::Lost),
        (1, said(2, "\"b2\"")),
        (0, Seen::Asked),
        (0, welcome(2, 4, 3, true, 1)),
        (0, said(2, "\"a2\"")),
        saw(0, 5),
        (1, Seen::Asked),
        (1, welcome(2, 5, 4, true, 1)),
        saw(1, 4),
        saw(1, 5),
        saw(1, 6),
        saw(0, 6),
        (0, Seen::Stored(6)),
    ]
}

fn tell(story: Vec<(usize, Seen)>) -> Vec<History> {
    let mut histories = vec![History::new("ada"), History::new("bob")];
    for (stamp, (who, seen)) in (1..).zip(story) {
        let at = Duration::from_millis(stamp);
        histories[who].events.push(Event { stamp, at, seen });
    }
    histories
}

/// Judges the story after `spoil` has changed it.
fn judge(spoil: impl FnOnce(&mut Vec<(usize, Seen)>)) -> Vec<Wrong> {
    let mut story = story();
    spoil(&mut story);
    check(&tell(story), Promise::PROCESS_KILLED)
}

/// Where in the story `who` sees record `seq`.
fn place(story: &[(usize, Seen)], who: usize, seq: u64) -> usize {
    let saw = |event: &(usize, Seen)| match &event.1 {
        Seen::Record(record) => event.0 == who && record.seq == seq,
        _ => false,
    };
    story.iter().position(saw).expect("the story tells of it")
}

/// Changes what `who` sees under `seq`.
fn change(story: &mut [(usize, Seen)], who: usize, seq: u64, how: impl FnOnce(&mut Record)) {
    let at = place(story, who, seq);
    if let Seen::Record(record) = &mut story[at].1 {
        how(Arc::make_mut(record));
    }
}

macro_rules! caught {
    ($found:expr, $pattern:pat) => {{
        let found = $found;
        assert!(
            found.iter().any(|wrong| matches!(wrong, $pattern)),
            "only {found:?}"
        );
    }};
}

#[test]
fn a_good_history_passes() {
    assert_eq!(judge(|_| {}), []);
}

#[test]
fn a_missing_record_is_caught() {
    caught!(
        judge(|story| {
            let at = place(story, 1, 4);
            story.remove(at);
        }),
        Wrong::Gap {
            expected: 4,
            found: 5,
            ..
        }
    );
}

#[test]
fn a_record_shown_twice_is_caught() {
    caught!(
        judge(|story| {
            let at = place(story, 1, 5);
            story.insert(at, story[at - 1].clone());
        }),
        Wrong::Repeated { seq: 4, .. }
    );
}

#[test]
fn the_same_number_with_another_body_time_or_proof_is_caught() {
    let spoils: [fn(&mut Record); 4] = [
        |record| record.body = "\"x\"".to_owned(),
        |record| record.at += 1,
        |record| record.mac = "other".to_owned(),
        |record| record.epoch = 2,
    ];
    for spoil in spoils {
        caught!(
            judge(|story| change(story, 1, 4, spoil)),
            Wrong::Differs { seq: 4, .. }
        );
    }
}

#[test]
fn a_say_that_was_acknowledged_and_forgotten_is_caught() {
    // The host forgot Ada's second say in the crash, and her sdk believed it ordered.
    caught!(
        judge(|story| {
            story.retain(|(_, seen)| !matches!(seen, Seen::Record(r) if r.seq >= 5));
        }),
        Wrong::SayLost { n: 2, .. }
    );
}

#[test]
fn a_say_ordered_twice_is_caught() {
    caught!(
        judge(|story| {
            for who in [0, 1] {
                story.push((who, Seen::Record(record(7, "ada", 2, "\"a2\"").into())));
            }
        }),
        Wrong::Count {
            seq: 7,
            expected: 3,
            found: 2,
            ..
        }
    );
}

#[test]
fn a_number_that_is_skipped_is_caught() {
    caught!(
        judge(|story| {
            for who in [0, 1] {
                change(story, who, 5, |record| record.n = 3);
            }
        }),
        Wrong::Count {
            expected: 2,
            found: 3,
            ..
        }
    );
}

#[test]
fn a_say_nobody_said_is_caught() {
    caught!(
        judge(|story| {
            for who in [0, 1] {
                change(story, who, 5, |record| {
                    record.body = "\"forged\"".to_owned();
                });
            }
        }),
        Wrong::NotSaid { seq: 5, .. }
    );
}

#[test]
fn a_second_joining_is_caught() {
    caught!(
        judge(|story| {
            for who in [0, 1] {
                story.push((who, Seen::Record(record(7, "bob", 0, "{}").into())));
            }
        }),
        Wrong::JoinedTwice { seq: 7, .. }
    );
}

#[test]
fn clocks_and_epochs_that_go_back_are_caught() {
    let both = |story: &mut Vec<(usize, Seen)>, how: fn(&mut Record)| {
        for who in [0, 1] {
            change(story, who, 6, how);
        }
    };
    caught!(
        judge(|story| both(story, |r| r.at = 1)),
        Wrong::ClockBack { seq: 6, .. }
    );
    caught!(
        judge(|story| both(story, |r| r.epoch = 1)),
        Wrong::EpochBack { seq: 6, .. }
    );
}

#[test]
fn stored_moving_back_is_caught_on_one_connection_and_between_members() {
    caught!(
        judge(|story| story.push((0, Seen::Stored(5)))),
        Wrong::StoredBack {
            before: 6,
            now: 5,
            ..
        }
    );
    // Ada was told 3 before Bob asked; Bob's own watermark is fresh.
    caught!(
        judge(|story| {
            for (who, seen) in story.iter_mut() {
                if let (1, Seen::Welcomed(welcome)) = (*who, seen) {
                    welcome.stored = welcome.stored.min(2);
                }
            }
        }),
        Wrong::StoredBack {
            before: 3,
            now: 2,
            ..
        }
    );
}

#[test]
fn more_stored_than_there_is_is_caught() {
    caught!(
        judge(|story| story.push((0, Seen::Stored(9)))),
        Wrong::StoredAhead {
            stored: 9,
            tail: 6,
            ..
        }
    );
    caught!(
        judge(|story| story[1].1 = welcome(1, 1, 2, false, 0)),
        Wrong::StoredAhead {
            stored: 2,
            tail: 1,
            ..
        }
    );
}

#[test]
fn what_anybody_saw_before_a_crash_and_nobody_is_given_after_it_is_caught() {
    // Record 4 was seen by Ada only; she is welcomed back to a log that ends at 3.
    caught!(
        judge(|story| story[18].1 = welcome(2, 3, 3, true, 1)),
        Wrong::SeenUndone {
            seq: 3,
            seen: 4,
            ..
        }
    );
    // The same told to Bob, who had not seen it himself.
    caught!(
        judge(|story| story[22].1 = welcome(2, 3, 3, true, 1)),
        Wrong::SeenUndone { seq: 3, .. }
    );
}

#[test]
fn a_rewind_is_wrong_when_disks_survive_and_always_below_what_is_stored() {
    let rewound = |seq| {
        let mut story = story();
        story.insert(18, (0, Seen::Rewound { epoch: 2, seq }));
        story[19].1 = welcome(2, 4, 3, false, 1);
        for seq in (1..=4).rev() {
            story.insert(20, (0, Seen::Record(log()[seq - 1].clone().into())));
        }
        story
    };
    caught!(
        check(&tell(rewound(3)), Promise::PROCESS_KILLED),
        Wrong::SeenUndone { .. }
    );
    let lossy = Promise {
        survives: Survives::Stored,
        settled: true,
    };
    assert_eq!(check(&tell(rewound(3)), lossy), []);
    caught!(
        check(&tell(rewound(2)), lossy),
        Wrong::StoredUndone {
            seq: 2,
            stored: 3,
            ..
        }
    );
}

#[test]
fn a_welcome_that_miscounts_a_members_frames_is_caught() {
    caught!(
        judge(|story| story[18].1 = welcome(2, 4, 3, true, 2)),
        Wrong::WelcomeCount {
            expected: 1,
            found: 2,
            ..
        }
    );
}

#[test]
fn a_record_seen_before_it_was_said_is_caught() {
    caught!(
        judge(|story| {
            // Ada sees record 4 before Bob has said it.
            assert_eq!(story[11].1, said(1, "\"b1\""));
            story.swap(11, 12);
        }),
        Wrong::OutOfTime { n: 1, seq: 4, .. }
    );
}

#[test]
fn a_client_left_behind_at_the_end_is_caught() {
    caught!(
        judge(|story| {
            let at = place(story, 1, 6);
            story.remove(at);
        }),
        Wrong::Behind {
            held: 5,
            tail: 6,
            ..
        }
    );
}

#[test]
fn records_before_a_welcome_are_caught() {
    caught!(
        judge(|story| {
            story.remove(18);
        }),
        Wrong::OutOfTurn { .. }
    );
}

#[test]
fn a_checkpoint_that_nobody_offered_for_its_record_is_caught() {
    let late = |seq: u64, state: &str| {
        let mut story = story();
        story.push((
            0,
            Seen::Offered {
                seq: 5,
                state: "{\"sum\":5}".to_owned(),
            },
        ));
        let mut histories = tell(story);
        let mut eve = History::new("eve");
        let checkpoint = Some((seq, state.to_owned()));
        let welcome = Welcome {
            epoch: 2,
            tail: 6,
            stored: 6,
            resumed: false,
            checkpoint,
            n: 0,
            finished: None,
            now: 1006,
        };
        let mut records = log()
            .into_iter()
            .filter(|record| record.seq > seq)
            .map(|record| Seen::Record(record.into()));
        for seen in [Seen::Asked, Seen::Welcomed(welcome)]
            .into_iter()
            .chain(&mut records)
        {
            let at = Duration::from_secs(1);
            eve.events.push(Event {
                stamp: 1000,
                at,
                seen,
            });
        }
        histories.push(eve);
        check(&histories, Promise::PROCESS_KILLED)
    };
    assert_eq!(late(5, "{\"sum\":5}"), []);
    caught!(late(5, "{\"sum\":4}"), Wrong::NotOffered { seq: 5, .. });
    caught!(late(4, "{\"sum\":5}"), Wrong::NotOffered { seq: 4, .. });
}
