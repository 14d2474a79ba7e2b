//! The rooms in memory: found by id, opened once however many joins ask at the same time, and taken out when they are
//! idle or have failed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use latchkey_protocol::RoomId;
use tokio::sync::watch;

use crate::live::LiveRoom;

/// Why a room is not here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotOpened {
    /// Another host serves it.
    #[error("the room is served at {0}")]
    Elsewhere(String),
    /// This host may not serve just now.
    #[error("the host does not serve just now")]
    Fenced,
    /// The directory, the archive or the journal did not give it.
    #[error("{0}")]
    NotReady(String),
    /// The host has no place for it.
    #[error("the host holds as many rooms as it may; come back later")]
    Full,
    /// The host is stopping.
    #[error("the host is stopping")]
    Stopping,
}

type Opened = Result<Arc<LiveRoom>, NotOpened>;

enum Place {
    /// On its way; everybody who wants it waits for the same outcome.
    Opening(watch::Receiver<Option<Opened>>),
    Live(Arc<LiveRoom>),
    /// Being handed over; who wants it learns whether it stayed.
    Moving(Arc<LiveRoom>, watch::Receiver<Option<Opened>>),
}

/// The rooms in memory.
pub(crate) struct Rooms {
    places: DashMap<RoomId, Place>,
    /// Counted apart: asking the map for its length locks all of it.
    count: AtomicUsize,
    limit: usize,
}

impl Rooms {
    /// No rooms, and never more than `limit`.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            places: DashMap::new(),
            count: AtomicUsize::new(0),
            limit,
        }
    }

    /// Finds the room, or lets `open` make it. `open` runs as a task of its own, so that it is finished also when who
    /// asked for it has gone; one that panics counts as failed.
    pub(crate) async fn find<F>(self: &Arc<Self>, room: RoomId, open: impl FnOnce() -> F) -> Opened
    where
        F: Future<Output = Opened> + Send + 'static,
    {
        let (sender, mut outcome) = match self.seat(room)? {
            Seat::Live(live) => return Ok(live),
            Seat::Awaited(outcome) => (None, outcome),
            Seat::Ours(sender, outcome) => (Some(sender), outcome),
        };
        if let Some(sender) = sender {
            let opening = Opening {
                rooms: self.clone(),
                room,
                done: false,
            };
            let work = open();
            tokio::spawn(async move {
                let opened = work.await;
                opening.done(&opened);
                sender.send_replace(Some(opened));
            });
        }
        let panicked = || NotOpened::NotReady("opening the room failed".to_owned());
        let opened = outcome
            .wait_for(Option::is_some)
            .await
            .map_err(|_| panicked())?;
        opened.clone().unwrap_or_else(|| Err(panicked()))
    }

    fn seat(&self, room: RoomId) -> Result<Seat, NotOpened> {
        let entry = self.places.entry(room);
        match &entry {
            Entry::Occupied(place) => match place.get() {
                Place::Opening(outcome) | Place::Moving(_, outcome) => {
                    return Ok(Seat::Awaited(outcome.clone()));
                }
                Place::Live(live) if !live.ended() => return Ok(Seat::Live(live.clone())),
                Place::Live(_) => {}
            },
            Entry::Vacant(_) => {
                let taken = self.count.fetch_add(1, Ordering::Relaxed);
                if taken >= self.limit {
                    self.count.fetch_sub(1, Ordering::Relaxed);
                    return Err(NotOpened::Full);
                }
            }
        }
        let (sender, outcome) = watch::channel(None);
        entry.insert(Place::Opening(outcome.clone()));
        Ok(Seat::Ours(sender, outcome))
    }

    /// The room, if it is in memory and neither being opened nor being handed over.
    pub(crate) fn get(&self, room: RoomId) -> Option<Arc<LiveRoom>> {
        match self.places.get(&room)?.value() {
            Place::Live(live) if !live.ended() => Some(live.clone()),
            _ => None,
        }
    }

    /// Every room in memory that is not being opened, ended ones too.
    pub(crate) fn all(&self) -> Vec<Arc<LiveRoom>> {
        let live = |place: &Place| match place {
            Place::Live(live) | Place::Moving(live, _) => Some(live.clone()),
            Place::Opening(_) => None,
        };
        self.places
            .iter()
            .filter_map(|place| live(place.value()))
            .collect()
    }

    /// The same without those that are being handed over: what becomes of them is decided there.
    fn all_settled(&self) -> Vec<Arc<LiveRoom>> {
        let live = |place: &Place| match place {
            Place::Live(live) => Some(live.clone()),
            Place::Moving(..) | Place::Opening(_) => None,
        };
        self.places
            .iter()
            .filter_map(|place| live(place.value()))
            .collect()
    }

    /// How many places are taken, opening ones included.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes every room out that nobody has been in for `idle`, and every one that has ended otherwise.
    pub(crate) fn sweep(&self, elapsed: Duration, idle: Duration) -> Swept {
        let mut swept = Swept::default();
        for live in self.all_settled() {
            if live.ended() {
                swept.stopped.push(live.clone());
            } else if live.evict(elapsed, idle) {
                swept.evicted.push(live.clone());
            } else {
                continue;
            }
            self.remove(&live);
        }
        swept
    }

    #[expect(
        dead_code,
        reason = "handover uses it as soon as the directory can be told of one"
    )]
    /// Takes `live` out of service and out of memory if nobody is in it and nothing of it waits; whether it did.
    pub(crate) fn let_go(&self, live: &Arc<LiveRoom>, elapsed: Duration) -> bool {
        let quiet = live.evict(elapsed, Duration::ZERO);
        if quiet {
            self.remove(live);
        }
        quiet
    }

    #[expect(
        dead_code,
        reason = "handover uses it as soon as the directory can be told of one"
    )]
    /// Begins to hand `live` over: until that is decided, whoever asks for the room waits. `None` when it is not here
    /// any more, or is on its way already.
    pub(crate) fn begin_to_move(self: &Arc<Self>, live: &Arc<LiveRoom>) -> Option<Moving> {
        let mut place = self.places.get_mut(&live.id)?;
        if !matches!(place.value(), Place::Live(found) if Arc::ptr_eq(found, live)) {
            return None;
        }
        let (sender, outcome) = watch::channel(None);
        *place = Place::Moving(live.clone(), outcome);
        Some(Moving {
            rooms: self.clone(),
            live: live.clone(),
            sender,
            decided: false,
        })
    }

    fn remove(&self, live: &Arc<LiveRoom>) {
        self.remove_if(
            live.id,
            |place| matches!(place, Place::Live(found) if Arc::ptr_eq(found, live)),
        );
    }

    fn remove_if(&self, room: RoomId, condition: impl Fn(&Place) -> bool) {
        if self
            .places
            .remove_if(&room, |_, place| condition(place))
            .is_some()
        {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// What [`Rooms::sweep`] took out.
#[derive(Default)]
pub(crate) struct Swept {
    /// Nobody was in them and everything of them is stored.
    pub(crate) evicted: Vec<Arc<LiveRoom>>,
    /// They had failed or been fenced.
    pub(crate) stopped: Vec<Arc<LiveRoom>>,
}

enum Seat {
    Live(Arc<LiveRoom>),
    Awaited(watch::Receiver<Option<Opened>>),
    Ours(
        watch::Sender<Option<Opened>>,
        watch::Receiver<Option<Opened>>,
    ),
}

/// Frees the place of a room whose opening failed or panicked.
struct Opening {
    rooms: Arc<Rooms>,
    room: RoomId,
    done: bool,
}

impl Opening {
    fn done(mut self, opened: &Opened) {
        if let Ok(live) = opened {
            self.rooms
                .places
                .insert(self.room, Place::Live(live.clone()));
            self.done = true;
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.done {
            self.rooms
                .remove_if(self.room, |place| matches!(place, Place::Opening(_)));
        }
    }
}
/// A room that is being handed over. Unless it has moved, it is in its place again when this is dropped.
pub(crate) struct Moving {
    rooms: Arc<Rooms>,
    live: Arc<LiveRoom>,
    sender: watch::Sender<Option<Opened>>,
    decided: bool,
}

impl Moving {
    #[expect(
        dead_code,
        reason = "handover uses it as soon as the directory can be told of one"
    )]
    /// The room has left for `url`; whoever waited for it is told so.
    pub(crate) fn moved(mut self, url: String) {
        self.decided = true;
        let live = self.live.clone();
        self.rooms.remove_if(
            live.id,
            |place| matches!(place, Place::Moving(found, _) if Arc::ptr_eq(found, &live)),
        );
        self.sender
            .send_replace(Some(Err(NotOpened::Elsewhere(url))));
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        if self.decided {
            return;
        }
        if let Some(mut place) = self.rooms.places.get_mut(&self.live.id)
            && matches!(place.value(), Place::Moving(found, _) if Arc::ptr_eq(found, &self.live))
        {
            *place = Place::Live(self.live.clone());
        }
        self.sender.send_replace(Some(Ok(self.live.clone())));
    }
}
