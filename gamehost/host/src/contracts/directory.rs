//! What every directory must do.

use std::sync::Arc;

use latchkey_protocol::{Epoch, RoomId};

use super::room;
use crate::ports::{
    Claim, Directory, Enlist, Former, Generation, HandedOver, HostId, HostItem, JournalId, Load,
    Renewed, Slot,
};

/// The room most contracts are about.
fn the_room() -> RoomId {
    room(1)
}

fn enlisting(slot: u16, journal: u128) -> Enlist {
    Enlist {
        slot: Slot(slot),
        region: "here".to_owned(),
        url: format!("ws://host-{slot}"),
        version: "1.2.3".to_owned(),
        journal: JournalId(journal),
    }
}

fn id(slot: u16, generation: u64) -> HostId {
    HostId {
        slot: Slot(slot),
        generation: Generation(generation),
    }
}

async fn enlist(directory: &dyn Directory, slot: u16, journal: u128) -> HostId {
    let enlisted = directory.enlist(enlisting(slot, journal)).await;
    enlisted.expect("the directory answers")
}

async fn item(directory: &dyn Directory, slot: u16) -> Option<HostItem> {
    let hosts = directory.hosts().await.expect("the directory answers");
    hosts.into_iter().find(|host| host.id.slot == Slot(slot))
}

async fn claim(directory: &dyn Directory, me: HostId) -> Claim {
    let claimed = directory.claim(me, the_room(), false).await;
    claimed.expect("the directory answers")
}

async fn lose(directory: &dyn Directory, host: HostId, beat: u64) -> bool {
    let marked = directory.mark_lost(host, beat).await;
    marked.expect("the directory answers")
}

fn owned(epoch: u64, former: Former) -> Claim {
    Claim::Owned {
        epoch: Epoch(epoch),
        former,
    }
}

fn elsewhere(slot: u16) -> Claim {
    Claim::Elsewhere {
        slot: Slot(slot),
        url: format!("ws://host-{slot}"),
    }
}

const KEPT: Renewed = Renewed::Kept { drain: false };

/// Runs every contract of [`Directory`], each on a directory of its own.
pub async fn directory(make: impl Fn() -> Arc<dyn Directory>) {
    every_enlisting_is_the_next_generation_and_begins_anew(&*make()).await;
    a_renewal_is_for_the_present_generation_that_is_not_lost(&*make()).await;
    a_host_is_marked_lost_only_at_the_beat_it_was_seen_at(&*make()).await;
    the_operators_wish_to_drain_reaches_the_host_and_ends_with_its_process(&*make()).await;
    who_withdrew_is_not_listed_and_its_generation_is_not_given_again(&*make()).await;
    a_room_has_one_owner_until_that_one_releases_it(&*make()).await;
    a_later_process_with_the_same_journal_takes_its_rooms_at_once(&*make()).await;
    a_later_machine_waits_for_the_former_one_to_expire(&*make()).await;
    rooms_of_a_lost_host_may_be_claimed_by_anybody(&*make()).await;
    a_lost_host_that_enlists_again_has_what_nobody_claimed(&*make()).await;
    whoever_is_lost_replaced_or_gone_claims_nothing(&*make()).await;
    rooms_that_a_withdrawn_host_forgot_are_free(&*make()).await;
    a_room_is_handed_over_to_one_slot(&*make()).await;
    a_handover_needs_the_owner_and_a_host_that_takes_rooms(&*make()).await;
    a_room_that_was_handed_to_a_host_that_died_is_whole(&*make()).await;
    a_room_stays_in_doubt_until_it_is_rebuilt(&*make()).await;
    a_room_that_was_forgotten_is_claimed_above_the_archives_epoch(&*make()).await;
    rooms_have_epochs_of_their_own(&*make()).await;
    one_of_many_claims_wins(make()).await;
    a_mark_and_a_renewal_cannot_both_succeed(make()).await;
}

async fn every_enlisting_is_the_next_generation_and_begins_anew(directory: &dyn Directory) {
    assert_eq!(directory.hosts().await, Ok(Vec::new()));
    let first = enlist(directory, 7, 1).await;
    assert_eq!(first, id(7, 1));
    let load = Load {
        rooms: 3,
        connections: 12,
    };
    assert_eq!(directory.renew(first, 5, load).await, Ok(KEPT));
    assert!(directory.drain(Slot(7), true).await.expect("answers"));
    assert!(lose(directory, first, 5).await);
    let found = item(directory, 7).await.expect("it is listed");
    assert_eq!((found.beat, found.load), (5, load));
    assert!(found.lost && found.draining && !found.takes_rooms());
    let second = enlist(directory, 7, 2).await;
    assert_eq!(second, id(7, 2));
    let expected = HostItem {
        id: second,
        region: "here".to_owned(),
        url: "ws://host-7".to_owned(),
        version: "1.2.3".to_owned(),
        beat: 0,
        load: Load::default(),
        draining: false,
        lost: false,
    };
    assert_eq!(item(directory, 7).await, Some(expected));
    enlist(directory, 3, 3).await;
    let slots: Vec<_> = directory.hosts().await.expect("answers");
    let slots: Vec<_> = slots.iter().map(|host| host.id.slot.0).collect();
    assert_eq!(slots, [3, 7], "one item for each slot, in their order");
}

async fn a_renewal_is_for_the_present_generation_that_is_not_lost(directory: &dyn Directory) {
    let first = enlist(directory, 1, 1).await;
    let renew = |me, beat| directory.renew(me, beat, Load::default());
    assert_eq!(renew(first, 2).await, Ok(KEPT));
    assert_eq!(
        renew(first, 1).await,
        Ok(KEPT),
        "an overtaken one is answered"
    );
    assert_eq!(item(directory, 1).await.expect("listed").beat, 2);
    let second = enlist(directory, 1, 1).await;
    assert_eq!(renew(first, 3).await, Ok(Renewed::Replaced));
    assert_eq!(item(directory, 1).await.expect("listed").beat, 0);
    assert_eq!(renew(second, 1).await, Ok(KEPT));
    assert_eq!(renew(id(1, 3), 1).await, Ok(Renewed::Replaced), "not yet");
    assert_eq!(
        renew(id(2, 1), 1).await,
        Ok(Renewed::Replaced),
        "no such slot"
    );
    assert!(lose(directory, second, 1).await);
    assert_eq!(renew(second, 2).await, Ok(Renewed::Lost));
    assert_eq!(item(directory, 1).await.expect("listed").beat, 1);
}

async fn a_host_is_marked_lost_only_at_the_beat_it_was_seen_at(directory: &dyn Directory) {
    let me = enlist(directory, 1, 1).await;
    let renewed = directory.renew(me, 4, Load::default()).await;
    assert_eq!(renewed, Ok(KEPT));
    for (host, beat) in [(me, 3), (me, 5), (id(1, 2), 4), (id(2, 1), 0)] {
        assert!(!lose(directory, host, beat).await, "{host} at {beat}");
    }
    assert!(!item(directory, 1).await.expect("listed").lost);
    assert!(lose(directory, me, 4).await);
    assert!(
        lose(directory, me, 4).await,
        "the answer may have been lost"
    );
    assert!(item(directory, 1).await.expect("listed").lost);
    enlist(directory, 1, 1).await;
    assert!(!lose(directory, me, 4).await);
    assert!(!item(directory, 1).await.expect("listed").lost);
}

async fn the_operators_wish_to_drain_reaches_the_host_and_ends_with_its_process(
    directory: &dyn Directory,
) {
    let me = enlist(directory, 1, 1).await;
    let drain = |slot, drain| directory.drain(Slot(slot), drain);
    assert_eq!(drain(2, true).await, Ok(false), "no such slot");
    assert_eq!(drain(1, true).await, Ok(true));
    let renewed = directory.renew(me, 1, Load::default()).await;
    assert_eq!(renewed, Ok(Renewed::Kept { drain: true }));
    assert!(!item(directory, 1).await.expect("listed").takes_rooms());
    assert_eq!(drain(1, false).await, Ok(true));
    assert_eq!(directory.renew(me, 2, Load::default()).await, Ok(KEPT));
    assert_eq!(drain(1, true).await, Ok(true));
    let next = enlist(directory, 1, 1).await;
    assert_eq!(directory.renew(next, 1, Load::default()).await, Ok(KEPT));
}

async fn who_withdrew_is_not_listed_and_its_generation_is_not_given_again(
    directory: &dyn Directory,
) {
    let first = enlist(directory, 1, 1).await;
    let second = enlist(directory, 1, 1).await;
    assert_eq!(directory.withdraw(first).await, Ok(()));
    assert!(
        item(directory, 1).await.is_some(),
        "a former one's withdrawal"
    );
    for _ in 0..2 {
        assert_eq!(directory.withdraw(second).await, Ok(()));
        assert_eq!(item(directory, 1).await, None);
    }
    let renewed = directory.renew(second, 1, Load::default()).await;
    assert_eq!(renewed, Ok(Renewed::Replaced));
    assert!(!lose(directory, second, 0).await);
    assert_eq!(directory.drain(Slot(1), true).await, Ok(false));
    assert_eq!(enlist(directory, 1, 1).await, id(1, 3));
}

async fn a_room_has_one_owner_until_that_one_releases_it(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    let release = |me, epoch| directory.release(me, the_room(), Epoch(epoch));
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    // As when the answer was lost.
    assert_eq!(claim(directory, one).await, owned(2, Former::Itself));
    for (me, epoch) in [(one, 1), (one, 3), (two, 2), (id(1, 2), 2)] {
        assert_eq!(release(me, epoch).await, Ok(()), "does nothing");
        assert_eq!(claim(directory, two).await, elsewhere(1), "{me} {epoch}");
    }
    for _ in 0..2 {
        assert_eq!(release(one, 2).await, Ok(()));
    }
    assert_eq!(claim(directory, two).await, owned(3, Former::Nobody));
    assert_eq!(release(one, 2).await, Ok(()), "a late one does nothing");
    assert_eq!(claim(directory, one).await, elsewhere(2));
}

async fn a_later_process_with_the_same_journal_takes_its_rooms_at_once(directory: &dyn Directory) {
    let other = enlist(directory, 2, 2).await;
    let first = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, first).await, owned(1, Former::Nobody));
    enlist(directory, 1, 1).await;
    let third = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, other).await, elsewhere(1));
    assert_eq!(claim(directory, third).await, owned(2, Former::Itself));
}

async fn a_later_machine_waits_for_the_former_one_to_expire(directory: &dyn Directory) {
    let other = enlist(directory, 2, 9).await;
    let first = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, first).await, owned(1, Former::Nobody));
    let second = enlist(directory, 1, 2).await;
    assert_eq!(claim(directory, second).await, Claim::Wait);
    assert_eq!(
        claim(directory, other).await,
        elsewhere(1),
        "it is the slot's"
    );
    let third = enlist(directory, 1, 2).await;
    assert_eq!(
        claim(directory, third).await,
        Claim::Wait,
        "nor a later one"
    );
    // The first journal comes back, but another was used in between: whoever used it may be alive.
    let fourth = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, fourth).await, Claim::Wait);
    let waited = directory.claim(fourth, the_room(), true).await;
    assert_eq!(waited, Ok(owned(2, Former::Lost)));
}

async fn rooms_of_a_lost_host_may_be_claimed_by_anybody(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    assert_eq!(claim(directory, two).await, elsewhere(1));
    assert!(lose(directory, one, 0).await);
    assert_eq!(claim(directory, two).await, owned(2, Former::Lost));
    let released = directory.release(one, the_room(), Epoch(1)).await;
    assert_eq!(released, Ok(()), "it is told nothing it could use");
    let back = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, back).await, elsewhere(2));
}

async fn a_lost_host_that_enlists_again_has_what_nobody_claimed(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    assert!(lose(directory, one, 0).await);
    let back = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, two).await, elsewhere(1));
    assert_eq!(claim(directory, back).await, owned(2, Former::Itself));
}

async fn whoever_is_lost_replaced_or_gone_claims_nothing(directory: &dyn Directory) {
    let lost = enlist(directory, 1, 1).await;
    assert_eq!(claim(directory, lost).await, owned(1, Former::Nobody));
    assert!(lose(directory, lost, 0).await);
    let replaced = enlist(directory, 2, 2).await;
    let gone = enlist(directory, 2, 2).await;
    assert_eq!(directory.withdraw(gone).await, Ok(()));
    for me in [lost, replaced, gone, id(2, 3), id(3, 1)] {
        for room in [the_room(), room(2)] {
            let claimed = directory.claim(me, room, true).await;
            assert_eq!(claimed, Ok(Claim::NotMine), "{me}");
        }
    }
    let next = enlist(directory, 3, 3).await;
    assert_eq!(claim(directory, next).await, owned(2, Former::Lost));
}

async fn rooms_that_a_withdrawn_host_forgot_are_free(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    assert_eq!(directory.withdraw(one).await, Ok(()));
    // Whether everything was stored is not known of a room that was not released.
    assert_eq!(claim(directory, two).await, owned(2, Former::Lost));
}

async fn a_room_is_handed_over_to_one_slot(directory: &dyn Directory) {
    let one = enlist(directory, 1, 1).await;
    let (two, three) = (enlist(directory, 2, 2).await, enlist(directory, 3, 3).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    let hand_over = |epoch| directory.hand_over(one, the_room(), Epoch(epoch), Slot(2));
    for _ in 0..2 {
        assert_eq!(hand_over(1).await, Ok(HandedOver::Done));
        assert_eq!(claim(directory, three).await, elsewhere(2));
        assert_eq!(claim(directory, one).await, elsewhere(2), "it gave it away");
    }
    let released = directory.release(two, the_room(), Epoch(1)).await;
    assert_eq!(released, Ok(()), "not before it claimed");
    // The taker's process may be another one by now, with whatever journal.
    assert_eq!(claim(directory, three).await, elsewhere(2));
    let later = enlist(directory, 2, 4).await;
    assert_eq!(claim(directory, two).await, Claim::NotMine);
    assert_eq!(claim(directory, later).await, owned(2, Former::Nobody));
    assert_eq!(claim(directory, later).await, owned(3, Former::Itself));
    assert_eq!(hand_over(1).await, Ok(HandedOver::NotMine), "too late");
    assert_eq!(claim(directory, one).await, elsewhere(2));
}

async fn a_handover_needs_the_owner_and_a_host_that_takes_rooms(directory: &dyn Directory) {
    let one = enlist(directory, 1, 1).await;
    let (two, three) = (enlist(directory, 2, 2).await, enlist(directory, 3, 3).await);
    let four = enlist(directory, 4, 4).await;
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    let hand_over = |me, epoch, to| directory.hand_over(me, the_room(), Epoch(epoch), Slot(to));
    for (me, epoch) in [(two, 1), (id(1, 2), 1), (one, 0), (one, 2)] {
        let given = hand_over(me, epoch, 2).await;
        assert_eq!(given, Ok(HandedOver::NotMine), "{me} {epoch}");
    }
    assert!(lose(directory, two, 0).await);
    assert_eq!(directory.drain(three.slot, true).await, Ok(true));
    assert_eq!(directory.withdraw(four).await, Ok(()));
    for to in [1, 2, 3, 4, 5] {
        let given = hand_over(one, 1, to).await;
        assert_eq!(given, Ok(HandedOver::NoTaker), "{to}");
    }
    let nowhere = directory.hand_over(one, room(2), Epoch(1), Slot(3)).await;
    assert_eq!(nowhere, Ok(HandedOver::NotMine), "nobody ever claimed it");
    assert_eq!(claim(directory, one).await, owned(2, Former::Itself));
}

async fn a_room_that_was_handed_to_a_host_that_died_is_whole(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    let given = directory
        .hand_over(one, the_room(), Epoch(1), two.slot)
        .await;
    assert_eq!(given, Ok(HandedOver::Done));
    assert!(lose(directory, two, 0).await);
    assert_eq!(claim(directory, one).await, owned(2, Former::Nobody));
}

async fn a_room_stays_in_doubt_until_it_is_rebuilt(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    let rebuilt = |me, epoch| directory.rebuilt(me, the_room(), Epoch(epoch));
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    assert!(lose(directory, one, 0).await);
    // The first answer was lost, or its host died while it gathered: the journal has nothing yet.
    assert_eq!(claim(directory, two).await, owned(2, Former::Lost));
    assert_eq!(claim(directory, two).await, owned(3, Former::Lost));
    for (me, epoch) in [(two, 2), (two, 4), (one, 3)] {
        assert_eq!(rebuilt(me, epoch).await, Ok(()), "does nothing");
    }
    let two = enlist(directory, 2, 2).await;
    assert_eq!(claim(directory, two).await, owned(4, Former::Lost));
    assert_eq!(rebuilt(two, 4).await, Ok(()));
    assert_eq!(claim(directory, two).await, owned(5, Former::Itself));
    // What is stored is in no doubt either.
    let one = enlist(directory, 1, 1).await;
    assert!(lose(directory, two, 0).await);
    assert_eq!(claim(directory, one).await, owned(6, Former::Lost));
    let released = directory.release(one, the_room(), Epoch(6)).await;
    assert_eq!(released, Ok(()));
    assert_eq!(claim(directory, one).await, owned(7, Former::Nobody));
}

async fn a_room_that_was_forgotten_is_claimed_above_the_archives_epoch(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    let forgotten =
        |me, epoch, archived| directory.forgotten(me, the_room(), Epoch(epoch), Epoch(archived));
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    for (me, epoch) in [(two, 1), (one, 0), (one, 2), (id(1, 2), 1)] {
        assert_eq!(forgotten(me, epoch, 9).await, Ok(()), "does nothing");
    }
    for _ in 0..2 {
        assert_eq!(forgotten(one, 1, 7).await, Ok(()));
        assert_eq!(
            claim(directory, two).await,
            elsewhere(1),
            "it stays its own"
        );
    }
    assert_eq!(claim(directory, one).await, owned(8, Former::Lost));
    assert_eq!(
        forgotten(one, 1, 7).await,
        Ok(()),
        "a late one does nothing"
    );
    assert_eq!(directory.rebuilt(one, the_room(), Epoch(8)).await, Ok(()));
    assert_eq!(claim(directory, one).await, owned(9, Former::Itself));
    // The archive's epoch may happen to be the one that was given out anew.
    assert_eq!(forgotten(one, 9, 9).await, Ok(()));
    assert_eq!(claim(directory, one).await, owned(10, Former::Lost));
}

async fn rooms_have_epochs_of_their_own(directory: &dyn Directory) {
    let (one, two) = (enlist(directory, 1, 1).await, enlist(directory, 2, 2).await);
    assert_eq!(claim(directory, one).await, owned(1, Former::Nobody));
    assert_eq!(claim(directory, one).await, owned(2, Former::Itself));
    let other = directory.claim(two, room(2), false).await;
    assert_eq!(other, Ok(owned(1, Former::Nobody)));
    let there = directory.claim(one, room(2), false).await;
    assert_eq!(there, Ok(elsewhere(2)));
}

async fn one_of_many_claims_wins(directory: Arc<dyn Directory>) {
    let lost = enlist(&*directory, 90, 1).await;
    for number in 1..=20 {
        let claimed = directory.claim(lost, room(number), false).await;
        assert_eq!(claimed, Ok(owned(1, Former::Nobody)));
    }
    assert!(lose(&*directory, lost, 0).await);
    let mut hosts = Vec::new();
    for slot in 1..=8 {
        hosts.push(enlist(&*directory, slot, u128::from(slot)).await);
    }
    // The first 20 rooms have an owner that is lost, the others none.
    for number in 1..=40 {
        let mut claims = tokio::task::JoinSet::new();
        for me in hosts.clone() {
            let directory = directory.clone();
            claims.spawn(async move { (me, directory.claim(me, room(number), false).await) });
        }
        let answers = claims.join_all().await;
        let won: Vec<_> = answers
            .iter()
            .filter(|(_, answer)| matches!(answer, Ok(Claim::Owned { .. })))
            .collect();
        let [(winner, _)] = won[..] else {
            panic!("one of them has the room, found {answers:?}");
        };
        for (me, answer) in &answers {
            if me != winner {
                assert_eq!(*answer, Ok(elsewhere(winner.slot.0)), "{me}");
            }
        }
    }
}

async fn a_mark_and_a_renewal_cannot_both_succeed(directory: Arc<dyn Directory>) {
    for round in 0..20 {
        let me = enlist(&*directory, 1, 1).await;
        let (renewing, marking) = (directory.clone(), directory.clone());
        let renewed = tokio::spawn(async move { renewing.renew(me, 1, Load::default()).await });
        let marked = tokio::spawn(async move { marking.mark_lost(me, 0).await });
        let renewed = renewed.await.expect("no panic");
        let marked = marked.await.expect("no panic");
        let allowed = [(Ok(KEPT), Ok(false)), (Ok(Renewed::Lost), Ok(true))];
        assert!(
            allowed.contains(&(renewed.clone(), marked.clone())),
            "round {round}: {renewed:?} and {marked:?}"
        );
    }
}
