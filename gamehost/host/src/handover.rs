//! Handing a live room to another host: it stands still, all of it is stored, the directory gives it to the other host,
//! and its connections are told where it lives now. Until the directory is asked the room can be played on as if nothing
//! had been; from then on only the directory's answer says whose it is.

use std::sync::Arc;
use std::time::Duration;

use latchkey_protocol::{CloseCode, Seq};
use tokio::time::{sleep, timeout};

use crate::backoff::Backoff;
use crate::host::Shared;
use crate::limits::{HANDOVER_WITHIN, PORT_WITHIN};
use crate::live::LiveRoom;
use crate::ports::{HandedOver, HostItem};
use crate::rooms::Moving;
use crate::waits;

/// Why a room was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotMoved {
    /// It is not in memory, or on its way already.
    #[error("the room is not in this host's memory, or is being opened or handed over already")]
    NotHere,
    /// No host could take it.
    #[error("no other host takes rooms just now: start one, or end the draining of one")]
    NoTaker,
    /// The archive did not take its records in time; it is played on here.
    #[error(
        "the archive did not take the room's records within {} s; it is played on here, and may be tried again",
        HANDOVER_WITHIN.as_secs()
    )]
    NotStored,
    /// It failed, or another host has it already; it was stopped here.
    #[error("the room was stopped here before it could be handed over")]
    Stopped,
}

/// Hands `live` to the least loaded host. A task of its own, so that it is finished whoever stops waiting.
pub(crate) async fn hand_over(shared: &Arc<Shared>, live: &Arc<LiveRoom>) -> Result<(), NotMoved> {
    let task = tokio::spawn(carry_out(shared.clone(), live.clone()));
    let done = task.await.unwrap_or(Err(NotMoved::Stopped));
    if let Err(error) = done {
        shared.desk.metrics.handovers_given_up.up();
        tracing::warn!(room = %live.id, %error, "the room was not handed over");
    }
    done
}

async fn carry_out(shared: Arc<Shared>, live: Arc<LiveRoom>) -> Result<(), NotMoved> {
    // While people play on: with the archive away nobody shall have to wait only to play on here.
    let tail = live.tail();
    stored(&shared, &live, || live.has_stored(tail)).await?;
    let taker = shared.fleet.choose_taker(shared.config.slot);
    let to = taker.ok_or(NotMoved::NoTaker)?;
    let begun = shared.time.elapsed();
    let moving = shared.rooms.begin_to_move(&live).ok_or(NotMoved::NotHere)?;
    let mut standstill = Standstill::begin(&live)?;
    stored(&shared, &live, || live.is_stored_to(standstill.tail)).await?;
    standstill.ask_the_directory(&shared, &to).await?;
    let connections = live.connections();
    live.handed_over(to.url.clone());
    drop(standstill);
    shared.migration.left(live.id, &shared.desk.metrics);
    // All of it is in the archive; a finish that was not announced is announced by the next owner.
    shared.forget(live.id, Seq(u64::MAX));
    leave(&shared, &live, &to, moving, connections, begun);
    Ok(())
}

fn leave(
    shared: &Shared,
    live: &LiveRoom,
    to: &HostItem,
    moving: Moving,
    connections: usize,
    begun: Duration,
) {
    moving.moved(to.url.clone());
    shared.desk.metrics.rooms_moved.up();
    let stood_ms = shared.time.elapsed().saturating_sub(begun).as_millis();
    tracing::info!(room = %live.id, epoch = %live.epoch, to = %to.id, connections, stood_ms, "the room is handed over");
}

/// Waits until the archive has enough of the room, whose turn comes before other rooms'.
async fn stored(
    shared: &Shared,
    live: &Arc<LiveRoom>,
    enough: impl Fn() -> bool,
) -> Result<(), NotMoved> {
    let mut settled = shared.migration.settled();
    let wait = async {
        while !enough() {
            if live.ended() {
                return Err(NotMoved::Stopped);
            }
            shared.migration.hasten(live);
            // The sender lives as long as the host does.
            let _ = settled.changed().await;
        }
        Ok(())
    };
    let waited = timeout(HANDOVER_WITHIN, wait).await;
    waited.map_err(|_| NotMoved::NotStored)?
}

/// A room that stands still. However this ends, it does not stay so: it is played on, or stopped when it is not known
/// any more whose it is.
struct Standstill<'l> {
    live: &'l LiveRoom,
    tail: Seq,
    asked: bool,
}

impl<'l> Standstill<'l> {
    fn begin(live: &'l LiveRoom) -> Result<Self, NotMoved> {
        let tail = live.freeze().map_err(|_| NotMoved::Stopped)?;
        Ok(Self {
            live,
            tail,
            asked: false,
        })
    }

    /// Gives the room to `to`. Asks until there is an answer: as long as there is none nobody may write the room.
    async fn ask_the_directory(&mut self, shared: &Shared, to: &HostItem) -> Result<(), NotMoved> {
        let (live, slot) = (self.live, to.id.slot);
        let mut backoff = Backoff::new(waits::spread(shared.config.seed, live.id));
        self.asked = true;
        while !live.ended() {
            let call = shared
                .ports
                .directory
                .hand_over(live.owner, live.id, live.epoch, slot);
            match timeout(PORT_WITHIN, call).await {
                Ok(Ok(HandedOver::Done)) => return Ok(()),
                Ok(Ok(HandedOver::NoTaker)) => {
                    self.asked = false;
                    return Err(NotMoved::NoTaker);
                }
                Ok(Ok(HandedOver::NotMine)) => return Err(NotMoved::Stopped),
                Ok(Err(error)) => {
                    tracing::debug!(room = %live.id, %error, "it is not known whether the directory gave the room away");
                }
                Err(_) => {}
            }
            sleep(backoff.failed()).await;
        }
        Err(NotMoved::Stopped)
    }
}

impl Drop for Standstill<'_> {
    fn drop(&mut self) {
        if self.asked {
            // Given away, lost, or never known: in any case this host must not order records in it. A room that has
            // moved has told its connections so already.
            self.live.stop(CloseCode::NotReady);
        } else {
            self.live.thaw();
        }
    }
}
