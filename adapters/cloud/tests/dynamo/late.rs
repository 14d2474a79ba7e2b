//! Calls that their process gave up, and that are carried out after a later one: nothing may come of them.

use std::future::Future;

use latchkey_emulators::gate::Held;
use latchkey_host::ports::{
    Claim, Directory as _, DirectoryError, Former, Generation, HandedOver, HostId, Load, Renewed,
    Slot,
};
use latchkey_protocol::Epoch;

use crate::support::{Gated, PATIENT, enlist, enlisting, the_room};

/// What DynamoDB answers to a write whose condition does not hold.
const REFUSED: u16 = 400;

/// Sends a call whose write is held back, and gives it up.
async fn give_up<T: Send + 'static>(
    held: &Held,
    call: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
) {
    let call = tokio::spawn(call);
    held.arrived().await;
    call.abort();
    let ended = call.await.err();
    assert!(ended.is_some_and(|error| error.is_cancelled()));
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

#[tokio::test]
async fn an_enlisting_that_was_given_up_takes_no_slot_from_a_later_one() {
    let gated = Gated::new(PATIENT).await;
    let held = gated.gate.hold("PutItem");
    let directory = gated.through.clone();
    give_up(
        &held,
        async move { directory.enlist(enlisting(1, 1)).await },
    )
    .await;
    let me = enlist(&gated.beside, 1).await;
    assert_eq!(me.generation, Generation(1));
    assert_eq!(held.let_go().await, REFUSED);
    let renewed = gated.beside.renew(me, 1, Load::default()).await;
    assert_eq!(renewed, Ok(Renewed::Kept { drain: false }));
}

#[tokio::test]
async fn a_handover_that_was_given_up_takes_no_room_from_a_host_that_was_told_to_play_on() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let (one, two) = (enlist(directory, 1).await, enlist(directory, 2).await);
    let claimed = directory.claim(one, the_room(), false).await;
    assert_eq!(claimed, Ok(owned(1, Former::Nobody)));
    let held = gated.gate.hold("PutItem");
    let through = gated.through.clone();
    let asked = async move { through.hand_over(one, the_room(), Epoch(1), two.slot).await };
    give_up(&held, asked).await;
    // The taker does not take rooms for a moment, and the giver plays on.
    assert_eq!(directory.drain(two.slot, true).await, Ok(true));
    let asked = directory.hand_over(one, the_room(), Epoch(1), two.slot);
    assert_eq!(asked.await, Ok(HandedOver::NoTaker));
    assert_eq!(directory.drain(two.slot, false).await, Ok(true));
    assert_eq!(held.let_go().await, REFUSED);
    let claimed = directory.claim(two, the_room(), false).await;
    assert_eq!(claimed, Ok(elsewhere(1)));
    // It can still be handed over by whoever asks now.
    let asked = directory.hand_over(one, the_room(), Epoch(1), two.slot);
    assert_eq!(asked.await, Ok(HandedOver::Done));
}

#[tokio::test]
async fn a_claim_that_was_given_up_takes_no_room_from_a_later_owner() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let (one, two) = (enlist(directory, 1).await, enlist(directory, 2).await);
    let held = gated.gate.hold("PutItem");
    let through = gated.through.clone();
    give_up(
        &held,
        async move { through.claim(one, the_room(), false).await },
    )
    .await;
    let claimed = directory.claim(two, the_room(), false).await;
    assert_eq!(claimed, Ok(owned(1, Former::Nobody)));
    // Not even when that one has given it up again: everything was stored under a later epoch.
    let released = directory.release(two, the_room(), Epoch(1)).await;
    assert_eq!(released, Ok(()));
    assert_eq!(held.let_go().await, REFUSED);
    let claimed = directory.claim(two, the_room(), false).await;
    assert_eq!(claimed, Ok(owned(2, Former::Nobody)));
}

#[tokio::test]
async fn a_release_that_was_given_up_does_not_free_a_room_that_was_claimed_again() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let (one, two) = (enlist(directory, 1).await, enlist(directory, 2).await);
    let claimed = directory.claim(one, the_room(), false).await;
    assert_eq!(claimed, Ok(owned(1, Former::Nobody)));
    let held = gated.gate.hold("PutItem");
    let through = gated.through.clone();
    let released = async move { through.release(one, the_room(), Epoch(1)).await };
    give_up(&held, released).await;
    let claimed = directory.claim(one, the_room(), false).await;
    assert_eq!(claimed, Ok(owned(2, Former::Itself)));
    assert_eq!(held.let_go().await, REFUSED);
    let claimed = directory.claim(two, the_room(), false).await;
    assert_eq!(claimed, Ok(elsewhere(1)));
}

#[tokio::test]
async fn a_renewal_that_was_given_up_says_nothing_for_a_later_generation() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let one = enlist(directory, 1).await;
    let held = gated.gate.hold("UpdateItem");
    let through = gated.through.clone();
    give_up(&held, async move {
        through.renew(one, 9, Load::default()).await
    })
    .await;
    enlist(directory, 1).await;
    assert_eq!(held.let_go().await, REFUSED);
    assert_eq!(directory.hosts().await.unwrap()[0].beat, 0);
}

#[tokio::test]
async fn a_mark_that_was_given_up_does_not_lose_a_host_that_renewed_meanwhile() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let one = enlist(directory, 1).await;
    let held = gated.gate.hold("UpdateItem");
    let through = gated.through.clone();
    give_up(&held, async move { through.mark_lost(one, 0).await }).await;
    let renewed = directory.renew(one, 1, Load::default()).await;
    assert_eq!(renewed, Ok(Renewed::Kept { drain: false }));
    assert_eq!(held.let_go().await, REFUSED);
    assert!(!directory.hosts().await.unwrap()[0].lost);
}

#[tokio::test]
async fn a_withdrawal_that_was_given_up_takes_no_later_process_off_the_list() {
    let gated = Gated::new(PATIENT).await;
    let directory = &gated.beside;
    let one = enlist(directory, 1).await;
    let held = gated.gate.hold("UpdateItem");
    let through = gated.through.clone();
    give_up(&held, async move { through.withdraw(one).await }).await;
    let later: HostId = enlist(directory, 1).await;
    assert_eq!(held.let_go().await, REFUSED);
    assert_eq!(directory.hosts().await.unwrap()[0].id, later);
}
