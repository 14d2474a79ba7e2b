//! One member's life in a crowd.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, Sleep};

use super::way_back::WayBack;
use super::{Manner, Phase, Tally};
use crate::player::{Player, Step};
use crate::seeded::Seeded;

/// Where a member plays, and with whom.
pub(super) struct Place {
    pub(super) room: usize,
    pub(super) seats: usize,
    pub(super) tally: Arc<Tally>,
    pub(super) phase: watch::Receiver<Phase>,
}

/// Says at its pace, comes back whenever the connection is gone, and settles when told to.
pub(super) async fn play(
    mut player: Player,
    manner: Manner,
    mut random: Seeded,
    mut place: Place,
) -> anyhow::Result<Player> {
    let pace = Duration::from_millis(random.between(manner.pace.0, manner.pace.1));
    let mut pace = tokio::time::interval(pace);
    // Who was away does not say at once all that it would have said meanwhile.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut way_back = WayBack::new(manner.come_back);
    let (mut count, mut unavailable, mut behind) = (0_u64, 0, false);
    // Set when it has said its last word: who cannot settle in time comes home as well.
    let mut give_up: Option<Pin<Box<Sleep>>> = None;
    loop {
        let late = give_up.as_ref().is_some_and(|give_up| give_up.is_elapsed());
        if late || (give_up.is_some() && has_settled(&player, place.seats)) {
            return Ok(player);
        }
        if !player.connected() {
            if player.connect().await.is_err() {
                tokio::time::sleep(way_back.failed(&mut random)).await;
                continue;
            }
            way_back.arrived();
        }
        if std::mem::replace(&mut behind, player.behind) != player.behind {
            place.tally.behind_is(player.behind);
        }
        if *place.phase.borrow_and_update() == Phase::Settle && give_up.is_none() {
            give_up = Some(Box::pin(tokio::time::sleep(manner.settle)));
            player.say(&json!({"last": player.seat.member})).await;
        }
        tokio::select! {
            step = player.step() => match step? {
                Step::Record(record) => {
                    if record.seq % manner.checkpoint_every == 0 && player.connected() {
                        // Lost with the connection at worst; the next one is due soon.
                        let _ = player.offer(record.seq, &json!({"after": record.body})).await;
                    }
                    place.tally.records.fetch_add(1, Ordering::SeqCst);
                    place.tally.rooms[place.room].fetch_add(1, Ordering::SeqCst);
                    place.tally.changed.notify_one();
                }
                Step::Closed(closed) => {
                    anyhow::ensure!(closed.code < 4500, "told not to come back: {closed:?}");
                    place.tally.lost.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(way_back.lost(closed.code, &mut random)).await;
                }
                Step::Frame(_) => {
                    let refused = player.unavailable - std::mem::replace(&mut unavailable, player.unavailable);
                    if refused > 0 {
                        place.tally.refused.fetch_add(refused, Ordering::SeqCst);
                        place.tally.changed.notify_one();
                    }
                }
            },
            _ = pace.tick(), if give_up.is_none() => {
                count += 1;
                let padding = "x".repeat(usize::try_from(random.between(0, manner.padding))?);
                player.say(&json!({"count": count, "padding": padding})).await;
                if random.one_in(8) {
                    player.stammer().await;
                }
                if let Some(pause) = manner.breaks.filter(|pause| random.one_in(pause.one_in)) {
                    player.cut();
                    let away = Duration::from_millis(random.between(pause.away.0, pause.away.1));
                    // The end of the game calls everybody back.
                    let _ = tokio::time::timeout(away, place.phase.wait_for(|phase| *phase == Phase::Settle)).await;
                }
            }
            _ = place.phase.changed() => {}
            () = async { give_up.as_mut().expect("the branch is taken only when it is set").await }, if give_up.is_some() => {}
        }
    }
}

/// Whether all members' last words are there, everything of one's own is ordered, and all of it is stored.
pub(super) fn has_settled(player: &Player, seats: usize) -> bool {
    let last_words = player
        .log
        .iter()
        .rev()
        .filter(|record| record.body.starts_with(r#"{"last""#));
    last_words.count() == seats && player.unordered() == 0 && player.stored >= player.held()
}
