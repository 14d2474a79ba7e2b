//! A host lost with its disk, or left behind while another took its rooms: what members gave back must hold, and the
//! former owner must be silent.

use super::{change, log, said, story, tell, welcome};
use crate::checker::{Promise, Survives, Wrong, check};
use crate::history::{Record, Seen};

/// The host is lost after record 4, of which the archive has 3. Ada saw it all and gives back record 4; Bob saw it too.
fn given_back() -> Vec<(usize, Seen)> {
    let mut story = story();
    story.insert(13, (1, Seen::Record(log()[3].clone().into())));
    let again = story
        .iter()
        .rposition(|(who, seen)| *who == 1 && is_record(seen, 4));
    story.remove(again.expect("Bob saw record 4 after he came back"));
    let asked = story.iter().rposition(|event| *event == (0, Seen::Asked));
    let asked = asked.expect("Ada came back");
    story.insert(asked + 1, (0, Seen::GaveBack { after: 3 }));
    story
}

fn is_record(seen: &Seen, seq: u64) -> bool {
    matches!(seen, Seen::Record(record) if record.seq == seq)
}

/// Ada is not believed: the history after 3 is another one, in which her record 4 is ordered anew.
fn given_back_in_vain() -> Vec<(usize, Seen)> {
    let mut story = given_back();
    let welcomed = story
        .iter()
        .rposition(|(who, seen)| *who == 0 && matches!(seen, Seen::Welcomed(_)));
    let welcomed = welcomed.expect("Ada was welcomed back");
    story[welcomed].1 = welcome(2, 3, 3, false, 1);
    story.insert(welcomed, (0, Seen::Rewound { epoch: 2, seq: 3 }));
    for seq in (1..=3).rev() {
        let record = log()[seq - 1].clone();
        story.insert(welcomed + 2, (0, Seen::Record(record.into())));
    }
    story
}

fn with(survives: Survives, story: Vec<(usize, Seen)>) -> Vec<Wrong> {
    let settled = false;
    check(&tell(story), Promise { survives, settled })
}

#[test]
fn what_was_given_back_and_holds_passes() {
    assert_eq!(check(&tell(given_back()), Promise::HOST_LOST), []);
    assert_eq!(check(&tell(given_back()), Promise::PROCESS_KILLED), []);
}

#[test]
fn what_was_given_back_and_is_taken_back_all_the_same_is_caught() {
    let found = with(Survives::GivenBack, given_back_in_vain());
    let expected = |wrong: &Wrong| matches!(wrong, Wrong::GivenBackUndone { seq: 3, epoch: 2, upto: 4, gave, .. } if gave == "ada");
    assert!(found.iter().any(expected), "{found:?}");
    let found = with(Survives::Stored, given_back_in_vain());
    assert!(!found.iter().any(expected), "{found:?}");
}

#[test]
fn what_was_given_back_behind_a_newer_history_may_be_taken_back() {
    // Bob was with an owner that came between and gives back its record 4, so Ada's is void.
    let newer = Record {
        epoch: 2,
        body: "\"b1\"".to_owned(),
        ..log()[3].clone()
    };
    let mut story = given_back_in_vain();
    story.insert(0, (1, Seen::Record(newer.into())));
    story.insert(1, (1, Seen::GaveBack { after: 3 }));
    story.insert(2, (1, welcome(2, 4, 3, true, 1)));
    let found = with(Survives::GivenBack, story);
    assert!(
        !found
            .iter()
            .any(|wrong| matches!(wrong, Wrong::GivenBackUndone { .. })),
        "{found:?}"
    );
}

#[test]
fn a_member_that_keeps_a_history_nobody_else_has_is_caught() {
    // Bob's record 4 is of the lost owner, everybody else's of the new one, and nobody told him.
    let mut story = story();
    change(&mut story, 0, 4, |record| {
        record.epoch = 2;
        record.mac = "other".to_owned();
    });
    let found = check(&tell(story), Promise::HOST_LOST);
    assert!(
        found
            .iter()
            .any(|wrong| matches!(wrong, Wrong::Differs { seq: 4, .. })),
        "{found:?}"
    );
}

#[test]
fn an_owner_that_welcomes_orders_or_reports_stored_after_the_next_is_in_force_is_caught() {
    let base = story();
    let mut welcomes = base.clone();
    welcomes.extend([
        (0, Seen::Lost),
        (0, Seen::Asked),
        (0, welcome(1, 6, 4, true, 2)),
    ]);
    let found = with(Survives::Stored, welcomes.clone());
    assert!(
        found.contains(&Wrong::OldOwnerWelcomes {
            member: "ada".to_owned(),
            epoch: 1,
            newer: 2
        }),
        "{found:?}"
    );

    let mut orders = base;
    let late = Record {
        seq: 7,
        at: 1007,
        ..log()[3].clone()
    };
    orders.extend([(1, said(3, "\"b3\"")), (1, Seen::Record(late.into()))]);
    let found = with(Survives::Stored, orders);
    assert!(
        found.iter().any(|wrong| matches!(
            wrong,
            Wrong::OldOwnerOrders {
                seq: 7,
                epoch: 1,
                newer: 2,
                ..
            }
        )),
        "{found:?}"
    );

    welcomes.push((0, Seen::Stored(5)));
    let found = with(Survives::Stored, welcomes);
    assert!(
        found.iter().any(|wrong| matches!(
            wrong,
            Wrong::OldOwnerStores {
                epoch: 1,
                stored: 5,
                newer: 2,
                found: 3,
                ..
            }
        )),
        "{found:?}"
    );
}

#[test]
fn a_question_in_the_middle_of_play_is_caught() {
    let mut story = story();
    story.push((0, Seen::GaveBack { after: 3 }));
    let found = check(&tell(story), Promise::PROCESS_KILLED);
    assert!(
        found
            .iter()
            .any(|wrong| matches!(wrong, Wrong::OutOfTurn { .. })),
        "{found:?}"
    );
}
