//! A room whose end is being gathered from its members after its host was lost (P6.5 to P6.9), between the task that
//! opens the room and the joins that wait for it. What is believed is judged by [`Rebuild`]; here is who is there, and
//! how long it may take.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_protocol::frame::{ClientFrame, ServerFrame};
use latchkey_protocol::{CloseCode, MemberId, Position, Record, Seq, Vouch, limits};
use latchkey_room::{ConnectionId, Rebuild};
use tokio::sync::Notify;
use tokio::time::sleep_until;

use crate::host::Shared;
use crate::rooms::{Coming, Opened};
use crate::wire::{Ending, Incoming, Wire};

/// Frames of one connection before its room is open; a further one closes it as a flood. Its answer and some beats.
const FRAMES: u32 = 2 * limits::VOUCH_FRAMES;

/// A room that is being gathered.
pub(crate) struct Gathering {
    after: Seq,
    core: Mutex<Core>,
    changed: Notify,
}

struct Core {
    /// Nothing once it is finished: who comes then joins the open room.
    rebuild: Option<Rebuild>,
    here: BTreeSet<ConnectionId>,
    /// Whether anybody came who has been in the room before. Who has not knows nobody to wait for.
    witness: bool,
}

impl Gathering {
    /// Begins to gather.
    pub(crate) fn new(rebuild: Rebuild) -> Self {
        Self {
            after: rebuild.after(),
            core: Mutex::new(Core {
                rebuild: Some(rebuild),
                here: BTreeSet::new(),
                witness: false,
            }),
            changed: Notify::new(),
        }
    }

    /// Waits until nobody is left to wait for, or for `GATHER_WITHIN` of the protocol (P6.8). Then what goes on from
    /// the archive; `None` when nobody is there, so that the door stays open for those who may still come.
    pub(crate) async fn gathered(&self, shared: &Shared) -> Option<Vec<Record>> {
        let within = Duration::from_millis(limits::GATHER_WITHIN_MS);
        let deadline = shared.time.instant(shared.time.elapsed() + within);
        let complete = async {
            while !self.lock().is_complete() {
                self.changed.notified().await;
            }
        };
        tokio::select! {
            () = complete => {}
            () = sleep_until(deadline) => {}
        }
        let mut core = self.lock();
        let rebuild = core.rebuild.take()?;
        (!core.here.is_empty()).then(|| rebuild.finish())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_one();
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    fn is_complete(&self) -> bool {
        let complete = self.rebuild.as_ref().is_none_or(Rebuild::is_complete);
        complete && self.witness && !self.here.is_empty()
    }
}

/// A member who is asked to vouch, for as long as it is there.
struct Asked<'g> {
    gathering: &'g Gathering,
    id: ConnectionId,
}

impl<'g> Asked<'g> {
    fn new(gathering: &'g Gathering, id: ConnectionId, member: MemberId, witness: bool) -> Self {
        gathering.change(|core| {
            core.here.insert(id);
            core.witness |= witness;
            if let Some(rebuild) = &mut core.rebuild {
                rebuild.arrive(id, member);
            }
        });
        Self { gathering, id }
    }

    fn vouch(&self, vouch: &Vouch<'_>) -> Result<(), CloseCode> {
        self.gathering.change(|core| match &mut core.rebuild {
            Some(rebuild) => rebuild.vouch(self.id, vouch),
            // The room is about to open; the answer comes too late.
            None => Ok(()),
        })
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.gathering.change(|core| {
            core.here.remove(&self.id);
            if let Some(rebuild) = &mut core.rebuild {
                rebuild.gone(self.id);
            }
        });
    }
}

/// Asks a client to vouch, and takes its answer, until the room is open or it is known why not.
pub(crate) async fn ask(
    shared: &Shared,
    wire: &mut Wire,
    (id, member, have): (ConnectionId, MemberId, Option<Position>),
    (gathering, coming): (Arc<Gathering>, &mut Coming),
) -> Result<Opened, Ending> {
    let asked = Asked::new(
        &gathering,
        id,
        member,
        have.is_some_and(|have| have.seq > Seq::ZERO),
    );
    let after = gathering.after;
    wire.send(ServerFrame::Vouch { after }.encode());
    let mut frames = 0;
    loop {
        let incoming = tokio::select! {
            opened = coming.opened() => return Ok(opened),
            incoming = wire.next() => incoming?,
        };
        frames += 1;
        if frames > FRAMES {
            return Err(Ending::Close(CloseCode::Flood));
        }
        let Incoming::Text(text) = incoming else {
            continue;
        };
        if text.len() > limits::VOUCH_FRAME {
            return Err(Ending::Close(CloseCode::TooLarge));
        }
        match ClientFrame::parse(&text) {
            Ok(ClientFrame::Vouch(vouch)) => asked.vouch(&vouch).map_err(Ending::Close)?,
            Ok(ClientFrame::Beat { t }) => {
                let now = shared.time.wall();
                wire.send(ServerFrame::Beat { t: Some(t), now }.encode());
                // Who does not take answers is not owed more of them.
                if wire.line.lock().is_full() {
                    return Err(Ending::Close(CloseCode::Slow));
                }
            }
            _ => return Err(Ending::Close(CloseCode::BadFrame)),
        }
    }
}
