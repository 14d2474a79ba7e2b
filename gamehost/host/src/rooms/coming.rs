//! A room on its way into memory, as those see it who wait for it and as the task sees that brings it: what stage it
//! is at, and what those who wait have seen of the room.

use std::sync::{Arc, Mutex, PoisonError};

use latchkey_protocol::{Epoch, Position, Seq};
use tokio::sync::watch;

use super::{NotOpened, Opened};
use crate::gather::Gathering;
use crate::live::LiveRoom;

/// How far a room has come.
#[derive(Clone)]
pub(crate) enum Stage {
    /// Nobody can help it along.
    Waiting,
    /// Members are asked to vouch for what they have seen (P6.5).
    Gathering(Arc<Gathering>),
    /// It is here, or it is known why not.
    Done(Opened),
}

/// What those have seen who wait for a room.
#[derive(Debug, Default)]
struct Seen {
    members: usize,
    /// The furthest position of them.
    furthest: Option<Position>,
}

/// Waits for a room.
pub(crate) struct Coming {
    stage: watch::Receiver<Stage>,
}

impl Coming {
    /// The stage that comes after mere waiting.
    pub(crate) async fn next(&mut self) -> Stage {
        loop {
            let stage = self.stage.borrow_and_update().clone();
            if !matches!(stage, Stage::Waiting) {
                return stage;
            }
            if self.stage.changed().await.is_err() {
                return Stage::Done(Err(panicked()));
            }
        }
    }

    /// The outcome.
    pub(crate) async fn opened(&mut self) -> Opened {
        let done = self
            .stage
            .wait_for(|stage| matches!(stage, Stage::Done(_)))
            .await;
        match done.as_deref() {
            Ok(Stage::Done(opened)) => opened.clone(),
            _ => Err(panicked()),
        }
    }
}

/// A task that goes before it could say what became of the room has panicked.
fn panicked() -> NotOpened {
    NotOpened::NotReady("opening the room failed".to_owned())
}

/// Brings a room.
pub(crate) struct Bringing {
    stage: watch::Sender<Stage>,
    seen: Arc<Mutex<Seen>>,
}

impl Bringing {
    /// A room nobody waits for yet, and how to wait for it.
    pub(super) fn new() -> (Self, WaitingRoom) {
        let (stage, receiver) = watch::channel(Stage::Waiting);
        let seen = Arc::default();
        let waiting = WaitingRoom {
            stage: receiver,
            seen: Arc::clone(&seen),
        };
        (Self { stage, seen }, waiting)
    }

    /// Asks those who wait to vouch.
    pub(crate) fn gather(&self, gathering: Arc<Gathering>) {
        self.stage.send_replace(Stage::Gathering(gathering));
    }

    /// Ends the wait.
    pub(super) fn done(&self, opened: Opened) {
        self.stage.send_replace(Stage::Done(opened));
    }

    /// Whether any member waits for the room.
    pub(crate) fn somebody_waits(&self) -> bool {
        self.seen().members > 0
    }

    /// Whether somebody who waits has seen a record behind `tail`, ordered in an epoch below `epoch`.
    pub(crate) fn somebody_saw_behind(&self, tail: Seq, epoch: Epoch) -> bool {
        let furthest = self.seen().furthest;
        furthest.is_some_and(|have| have.seq > tail && have.epoch < epoch)
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a place keeps of a room on its way.
#[derive(Clone)]
pub(super) struct WaitingRoom {
    stage: watch::Receiver<Stage>,
    seen: Arc<Mutex<Seen>>,
}

impl WaitingRoom {
    /// Waits for the room, and if that is for a member, tells the task that brings it what the member has.
    pub(super) fn wait(&self, member: Option<Option<Position>>) -> Coming {
        if let Some(have) = member {
            self.tell(have);
        }
        Coming {
            stage: self.stage.clone(),
        }
    }

    fn tell(&self, have: Option<Position>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.members += 1;
        let further = |have: &Position| seen.furthest.is_none_or(|known| known.seq < have.seq);
        if let Some(have) = have.filter(further) {
            seen.furthest = Some(have);
        }
    }
}

/// The room, or how to wait for it.
pub(crate) enum Sought {
    /// It is in memory.
    Here(Arc<LiveRoom>),
    /// It is on its way.
    Coming(Coming),
}
