//! The archive at the end: what is missing from it or changed in it is caught, what was never promised is not.

use std::sync::Arc;

use super::{log, story, tell};
use crate::checker::{Wrong, check_archive};
use crate::history::{Record, Seen};

fn archive() -> Vec<Arc<Record>> {
    log().into_iter().map(Arc::new).collect()
}

#[test]
fn an_archive_that_holds_what_was_promised_passes() {
    assert_eq!(check_archive(&tell(story()), &archive()), []);
    // Read from a checkpoint after record 4.
    assert_eq!(check_archive(&tell(story()), &archive()[4..]), []);
}

#[test]
fn a_record_that_was_stored_and_is_missing_at_the_end_or_in_the_middle_is_caught() {
    let found = check_archive(&tell(story()), &archive()[..5]);
    assert!(
        matches!(
            &found[..],
            [Wrong::StoredMissing {
                seq: 6,
                tail: 5,
                ..
            }]
        ),
        "{found:?}"
    );
    let mut archive = archive();
    archive.remove(2);
    let found = check_archive(&tell(story()), &archive);
    assert!(
        matches!(
            found[..],
            [Wrong::ArchiveGap {
                expected: 3,
                found: 4
            }]
        ),
        "{found:?}"
    );
}

#[test]
fn a_record_that_was_not_reported_stored_may_be_missing() {
    let mut story = story();
    story.retain(|(_, seen)| *seen != Seen::Stored(6));
    assert_eq!(check_archive(&tell(story), &archive()[..4]), []);
}

#[test]
fn a_stored_record_that_changed_is_caught_for_everybody_who_saw_it() {
    let mut archive = archive();
    Arc::make_mut(&mut archive[1]).body = "\"x\"".to_owned();
    let found = check_archive(&tell(story()), &archive);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|wrong| matches!(wrong, Wrong::StoredChanged { seq: 2, .. })),
        "{found:?}"
    );
}

#[test]
fn what_was_taken_back_before_it_was_stored_is_not_asked_of_the_archive() {
    let mut story = story();
    let forked = Record {
        body: "\"never stored\"".to_owned(),
        ..log()[3].clone()
    };
    // Ada saw another record 4, which was rewound when she came back.
    story[12].1 = Seen::Record(forked.into());
    story.insert(18, (0, Seen::Rewound { epoch: 2, seq: 3 }));
    story[19].1 = super::welcome(2, 4, 3, false, 1);
    for seq in (1..=4).rev() {
        story.insert(20, (0, Seen::Record(log()[seq - 1].clone().into())));
    }
    assert_eq!(check_archive(&tell(story), &archive()), []);
}
