//! The rooms in memory: found by id, opened once however many joins ask at the same time, and taken out when they are
//! idle or have failed.

mod coming;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use latchkey_protocol::{Position, RoomId};

use self::coming::WaitingRoom;
pub(crate) use self::coming::{Bringing, Coming, Sought, Stage};
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
    /// Another host serves it, and what the journal holds of it is not settled yet.
    #[error(
        "the room is served at {0}, and it is not known yet whether that host has what the journal holds"
    )]
    ElsewhereAndOwed(String),
    /// Members may have seen more of it than is known here: it opens when one of them comes.
    #[error(
        "its host was lost; the room opens when a member comes who may have seen its last records"
    )]
    WaitsForMembers,
    /// An earlier machine of this slot has it and may still be alive, for a few seconds.
    #[error("an earlier machine of this slot may still serve the room")]
    FormerMayLive,
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

/// What came of opening a room.
pub(crate) type Opened = Result<Arc<LiveRoom>, NotOpened>;

enum Place {
    /// On its way; everybody who wants it waits for the same outcome.
    Opening(WaitingRoom),
    Live(Arc<LiveRoom>),
    /// Being handed over; who wants it learns whether it stayed.
    Moving(Arc<LiveRoom>, WaitingRoom),
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

    /// Finds the room, or lets `open` bring it, which learns of every member that waits and of its position. `open` runs
    /// as a task of its own, so that it is finished also when whoever asked for it has gone; one that panics counts as
    /// failed.
    pub(crate) fn seek<F>(
        self: &Arc<Self>,
        room: RoomId,
        member: Option<Option<Position>>,
        open: impl FnOnce(Arc<Bringing>) -> F,
    ) -> Result<Sought, NotOpened>
    where
        F: Future<Output = Opened> + Send + 'static,
    {
        let (bringing, waiting) = match self.seat(room)? {
            Seat::Live(live) => return Ok(Sought::Here(live)),
            Seat::Awaited(waiting) => return Ok(Sought::Coming(waiting.wait(member))),
            Seat::Ours(bringing, waiting) => (Arc::new(bringing), waiting),
        };
        let opening = Opening {
            rooms: self.clone(),
            room,
            done: false,
        };
        let coming = waiting.wait(member);
        let work = open(bringing.clone());
        tokio::spawn(async move {
            let opened = work.await;
            opening.done(&opened);
            bringing.done(opened);
        });
        Ok(Sought::Coming(coming))
    }

    /// Keeps everybody from opening a room that is not in memory, for as long as what is returned lives. `None` when it
    /// is in memory, or on its way there or to another host.
    pub(crate) fn keep_out(self: &Arc<Self>, room: RoomId) -> Result<Option<KeptOut>, NotOpened> {
        Ok(match self.seat(room)? {
            Seat::Ours(bringing, _) => Some(KeptOut {
                rooms: self.clone(),
                room,
                bringing,
            }),
            Seat::Live(_) | Seat::Awaited(_) => None,
        })
    }

    fn seat(&self, room: RoomId) -> Result<Seat, NotOpened> {
        let entry = self.places.entry(room);
        match &entry {
            Entry::Occupied(place) => match place.get() {
                Place::Opening(waiting) | Place::Moving(_, waiting) => {
                    return Ok(Seat::Awaited(waiting.clone()));
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
        let (bringing, waiting) = Bringing::new();
        entry.insert(Place::Opening(waiting.clone()));
        Ok(Seat::Ours(bringing, waiting))
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
        self.those(|place| match place {
            Place::Live(live) | Place::Moving(live, _) => Some(live),
            Place::Opening(_) => None,
        })
    }

    /// The same without those that are being handed over: what becomes of them is decided there.
    fn all_settled(&self) -> Vec<Arc<LiveRoom>> {
        self.those(|place| match place {
            Place::Live(live) => Some(live),
            Place::Moving(..) | Place::Opening(_) => None,
        })
    }

    fn those(&self, wanted: impl Fn(&Place) -> Option<&Arc<LiveRoom>>) -> Vec<Arc<LiveRoom>> {
        let places = self.places.iter();
        places
            .filter_map(|place| wanted(place.value()).cloned())
            .collect()
    }

    /// Whether the room is in memory or on its way.
    pub(crate) fn has(&self, room: RoomId) -> bool {
        self.places.contains_key(&room)
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

    /// Takes `live` out of service and out of memory if nobody is in it and nothing of it waits; whether it did.
    pub(crate) fn let_go(&self, live: &Arc<LiveRoom>, elapsed: Duration) -> bool {
        let quiet = live.evict(elapsed, Duration::ZERO);
        if quiet {
            self.remove(live);
        }
        quiet
    }

    /// Begins to hand `live` over: until that is decided, whoever asks for the room waits. `None` when it is not here
    /// any more, or is on its way already.
    pub(crate) fn begin_to_move(self: &Arc<Self>, live: &Arc<LiveRoom>) -> Option<Moving> {
        let mut place = self.places.get_mut(&live.id)?;
        if !matches!(place.value(), Place::Live(found) if Arc::ptr_eq(found, live)) {
            return None;
        }
        let (bringing, waiting) = Bringing::new();
        *place = Place::Moving(live.clone(), waiting);
        Some(Moving {
            rooms: self.clone(),
            live: live.clone(),
            bringing,
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
    Awaited(WaitingRoom),
    Ours(Bringing, WaitingRoom),
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

/// A room that nobody may open just now. Who wants it meanwhile waits, and is then told to come again.
pub(crate) struct KeptOut {
    rooms: Arc<Rooms>,
    room: RoomId,
    bringing: Bringing,
}

impl Drop for KeptOut {
    fn drop(&mut self) {
        self.rooms
            .remove_if(self.room, |place| matches!(place, Place::Opening(_)));
        let why = "the operator was putting its records aside".to_owned();
        self.bringing.done(Err(NotOpened::NotReady(why)));
    }
}

/// A room that is being handed over. Unless it has moved, it is in its place again when this is dropped.
pub(crate) struct Moving {
    rooms: Arc<Rooms>,
    live: Arc<LiveRoom>,
    bringing: Bringing,
    decided: bool,
}

impl Moving {
    /// The room has left for `url`; whoever waited for it is told so.
    pub(crate) fn moved(mut self, url: String) {
        self.decided = true;
        let live = self.live.clone();
        self.rooms.remove_if(
            live.id,
            |place| matches!(place, Place::Moving(found, _) if Arc::ptr_eq(found, &live)),
        );
        self.bringing.done(Err(NotOpened::Elsewhere(url)));
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
        self.bringing.done(Ok(self.live.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_room_that_everybody_is_kept_out_of_is_not_opened_until_that_is_over() {
        let rooms = Arc::new(Rooms::new(1));
        let room = RoomId::from_random([1; 20]);
        let kept_out = rooms.keep_out(room).unwrap();
        assert!(kept_out.is_some());
        assert!(rooms.keep_out(room).unwrap().is_none(), "already");
        let opened = |_| std::future::ready(Err(NotOpened::Stopping));
        let Ok(Sought::Coming(mut waits)) = rooms.seek(room, None, opened) else {
            panic!("it is not here");
        };
        drop(kept_out);
        let told = waits.opened().await.err();
        assert!(matches!(told, Some(NotOpened::NotReady(_))), "{told:?}");
        assert_eq!((rooms.len(), rooms.has(room)), (0, false));
        let Ok(Sought::Coming(mut comes)) = rooms.seek(room, None, opened) else {
            panic!("it is not here");
        };
        assert_eq!(comes.opened().await.err(), Some(NotOpened::Stopping));
    }
}
