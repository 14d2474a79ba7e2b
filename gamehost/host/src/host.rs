//! The host as its wiring sees it: what it is given, how it is started and stopped. What it does is in the modules
//! beside this one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_journal::{Journal, Recovered};
use latchkey_protocol::{CloseCode, RoomId, Seq, TicketVerifier};
use latchkey_room::ConnectionId;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use crate::desk::Desk;
use crate::health::Pulse;
use crate::limits::{HostLimits, OPENINGS_AT_ONCE, PAGES_AT_ONCE};
use crate::membership::{Fleet, Membership, Standing};
use crate::metrics::Metrics;
use crate::migration::Migration;
use crate::owed::OwedRooms;
use crate::ports::{Archive, Clock, Directory, Finishes, JournalId, Slot};
use crate::reach::Reach;
use crate::rooms::Rooms;
use crate::time::Time;
use crate::{admin, drain, fence, housekeeping, listener, membership, metrics, migration, stop};

/// Which pages may open connections (P1.2). A request without an `Origin`, and of which no browser says that it comes from
/// elsewhere, does not come from a page and is admitted: what keeps strangers out is the ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// These, each as a browser sends it: `https://play.example`.
    Listed(Vec<String>),
    /// Pages of the same host and port as the request itself, and of the same scheme where the browser tells, for a site
    /// and a host behind one listener.
    SameHost,
}

/// What a host is told about itself.
#[derive(Debug, Clone)]
pub struct Config {
    /// The host's stable place behind the load balancer; part of its paths.
    pub slot: Slot,
    /// Where it stands.
    pub region: String,
    /// Where clients reach it: an absolute WebSocket address, or a path on the site's own origin.
    pub url: String,
    /// What program it runs, for the operator.
    pub version: String,
    /// The id of the journal it is started on.
    pub journal: JournalId,
    /// Which pages may open connections.
    pub origins: Origins,
    /// Checks the site's tickets.
    pub tickets: TicketVerifier,
    /// The secret all hosts share, of which the rooms' MAC keys are made.
    pub secret: [u8; 32],
    /// Random bits of this start, which spread the waits of many hosts.
    pub seed: u64,
    /// The limits in force.
    pub limits: HostLimits,
}

/// What the host needs from outside.
#[derive(Clone)]
pub struct Ports {
    /// Who owns which room.
    pub directory: Arc<dyn Directory>,
    /// Where history is kept.
    pub archive: Arc<dyn Archive>,
    /// Who is told of finished games.
    pub finishes: Arc<dyn Finishes>,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

/// What everything in the host shares.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) ports: Ports,
    pub(crate) desk: Desk,
    recovered: Mutex<Recovered>,
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) membership: Membership,
    pub(crate) fleet: Fleet,
    pub(crate) owed: OwedRooms,
    pub(crate) migration: Migration,
    pub(crate) time: Time,
    /// Places for connections, and for those that have not joined.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) unjoined: Arc<Semaphore>,
    /// Turns at the archive and at opening rooms.
    pub(crate) pages: Semaphore,
    pub(crate) openings: Semaphore,
    /// Whether the archive answers, and whether the journal takes what it is offered.
    pub(crate) archive_reach: Reach,
    pub(crate) journal_reach: Reach,
    /// The sign of life of the host's own tasks.
    pub(crate) pulse: Pulse,
    /// What the admin page keeps between requests.
    pub(crate) admin: admin::Kept,
    /// Becomes true when the host leaves: it gives its rooms away, and then stops.
    pub(crate) leaving: watch::Sender<bool>,
    /// Becomes true when the host stops.
    pub(crate) stopping: watch::Sender<bool>,
    next_connection: AtomicU64,
}

impl Shared {
    /// A number no other connection of this process has.
    pub(crate) fn next_connection(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// Does something with the journal that may wait for the disk, on a thread that may. An error is a panic in it.
    pub(crate) async fn on_journal<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Journal) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let shared = self.clone();
        tokio::task::spawn_blocking(move || work(&shared.desk.journal)).await
    }

    /// What the journal gave back at the start and no room has taken yet.
    pub(crate) fn recovered(&self) -> MutexGuard<'_, Recovered> {
        self.recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the journal forget the records of `room` up to `seq`.
    pub(crate) fn forget(&self, room: RoomId, seq: Seq) {
        self.desk.journal.stored(room, seq);
        self.migration.freed();
    }

    /// Gives up what the journal holds of `room`, because it is not part of the room's history (J5.3).
    pub(crate) fn give_up(&self, room: RoomId) {
        self.recovered().take(room, Seq(u64::MAX));
        self.forget(room, Seq(u64::MAX));
    }

    /// Notes that the journal may hold the only copy of records of a room that is not open.
    pub(crate) fn owe(&self, room: RoomId) {
        if self.owed.owe(room, self.time.elapsed()) {
            self.desk.metrics.rooms_owed.up();
        }
    }

    /// Notes that it is open, or that the journal holds nothing of it that matters.
    pub(crate) fn settled(&self, room: RoomId) {
        if self.owed.settled(room) {
            self.desk.metrics.rooms_owed.down();
        }
    }

    /// Whether another host takes rooms of this one, as far as it has seen.
    pub(crate) fn others_take_rooms(&self) -> bool {
        self.fleet.takers(self.config.slot) > 0
    }

    /// Whether the host is to give its rooms away.
    pub(crate) fn is_draining(&self) -> bool {
        *self.leaving.borrow() || *self.membership.drain().borrow()
    }

    /// Whether the host is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when the host stops.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        // An error means that the sender is gone, and with it the host.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }
}

/// A running game host.
pub struct Host {
    pub(crate) shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

impl Host {
    /// Starts a host on `journal`. It serves once it is enlisted in the directory ([`Host::serving`]); then rooms of
    /// which `recovered` holds records are opened in the background and moved to the archive. Must be called within a
    /// tokio runtime.
    #[must_use]
    pub fn start(config: Config, ports: Ports, journal: Journal, recovered: Recovered) -> Self {
        for finding in recovered.findings() {
            tracing::warn!(%finding, "the journal was not whole");
        }
        let unfinished: Vec<RoomId> = recovered.rooms().collect();
        tracing::info!(
            slot = %config.slot,
            rooms = unfinished.len(),
            "the host starts"
        );
        let shared = Arc::new(Shared {
            rooms: Arc::new(Rooms::new(config.limits.rooms)),
            places: Arc::new(Semaphore::new(config.limits.connections)),
            unjoined: Arc::new(Semaphore::new(config.limits.unjoined)),
            pages: Semaphore::new(PAGES_AT_ONCE),
            openings: Semaphore::new(OPENINGS_AT_ONCE),
            membership: Membership::default(),
            fleet: Fleet::default(),
            owed: OwedRooms::default(),
            migration: Migration::new(config.seed, config.limits.store_after),
            time: Time::new(ports.clock.clone()),
            desk: Desk::new(journal, config.limits.unstored_bytes),
            recovered: Mutex::new(recovered),
            archive_reach: Reach::default(),
            journal_reach: Reach::default(),
            pulse: Pulse::default(),
            admin: admin::Kept::default(),
            leaving: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
            next_connection: AtomicU64::new(1),
            config,
            ports,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(membership::run(shared.clone()));
        tasks.spawn(migration::run(shared.clone()));
        tasks.spawn(migration::sync_in_groups(shared.clone()));
        tasks.spawn(fence::follow(shared.clone()));
        tasks.spawn(drain::run(shared.clone()));
        tasks.spawn(housekeeping::sweep(shared.clone()));
        tasks.spawn(admin::sample(shared.clone()));
        let unfinished = housekeeping::take_up(&shared, unfinished);
        tasks.spawn(housekeeping::reopen(shared.clone(), unfinished));
        Self {
            shared,
            tasks: Mutex::new(tasks),
        }
    }

    /// Resolves when the host serves: it is enlisted and its lease holds.
    pub async fn serving(&self) {
        self.shared.membership.served().await;
    }

    /// Resolves when another process has taken this host's slot. The host never serves again, and its process is to
    /// end.
    pub async fn replaced(&self) {
        let mut changes = self.shared.membership.changes();
        let _ = changes
            .wait_for(|standing| *standing == Standing::Replaced)
            .await;
    }

    /// The host's routes, below `/s/{slot}/`.
    pub fn router(&self) -> axum::Router {
        listener::router(self.shared.clone())
    }

    /// The routes of the operator: page, figures, health checks, and what may be done to a room. They have no
    /// credential of their own and are never to be served where players are. They may be nested below any path that
    /// ends in a slash.
    pub fn admin_router(&self) -> axum::Router {
        admin::router(self.shared.clone())
    }

    /// What the host has counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.desk.metrics
    }

    /// What the host has counted, in the OpenMetrics text format. Takes some milliseconds with many connections.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        metrics::render(&self.shared)
    }

    /// Stops: no new connections, every connection closed with `going_away`, everything moved to the archive, the
    /// journal synced; no room is given up, because the same slot comes again. Takes about `within` at most; what is
    /// not stored by then is in the journal. A second call finds nothing to do.
    pub async fn stop(&self, within: Duration) -> stop::Summary {
        let summary = stop::stop(&self.shared, within).await;
        let mut tasks = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *tasks)
        };
        tasks.shutdown().await;
        summary
    }

    /// Whether the host serves now.
    #[cfg(feature = "fakes")]
    pub fn is_serving(&self) -> bool {
        self.shared.membership.serving().is_some()
    }

    /// Whether the host gives its rooms away.
    #[cfg(feature = "fakes")]
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// How many other hosts take rooms, as far as this one has seen.
    #[cfg(feature = "fakes")]
    pub fn others_that_take_rooms(&self) -> usize {
        self.shared.fleet.takers(self.shared.config.slot)
    }

    /// Makes the next record of `room` panic while it is ordered.
    #[cfg(feature = "fakes")]
    pub fn panic_in(&self, room: RoomId) {
        *self
            .shared
            .desk
            .panic_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(room);
    }
}

impl Drop for Host {
    /// A host that is dropped without [`Host::stop`] ends as if its process had been killed: its tasks end where they
    /// are and its connections are told to go.
    fn drop(&mut self) {
        self.shared.stopping.send_replace(true);
        for live in self.shared.rooms.all() {
            live.stop(CloseCode::GoingAway);
        }
    }
}
