//! The host under test and the world around it, which outlives it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use latchkey_host::fakes::{MemoryArchive, MemoryDirectory, MemoryFinishes, SetClock};
use latchkey_host::ports::{Directory as _, Enlist, HostId, JournalId, Slot};
use latchkey_host::{Config, Host, HostLimits, Origins, Ports, StopSummary};
use latchkey_journal::{Folder, Journal, Limits};
use latchkey_protocol::{MemberId, RoomId, Ticket, TicketSigner, UnixMs};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{DEADLINE, eventually};

pub(crate) const ORIGIN: &str = "https://play.example";

/// A room no other test of the same world uses.
pub(crate) fn room(number: u8) -> RoomId {
    RoomId::from_random([number; 20])
}

/// `count` different members.
pub(crate) fn members(count: u8) -> Vec<MemberId> {
    (0..count)
        .map(|number| MemberId::from_random([number; 12].map(|n| n % 32)))
        .collect()
}

/// What outlives a host: the other services, the clock, the disk.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) directory: Arc<MemoryDirectory>,
    pub(crate) archive: Arc<MemoryArchive>,
    pub(crate) finishes: Arc<MemoryFinishes>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) limits: HostLimits,
    pub(crate) journal: Limits,
    signer: Arc<TicketSigner>,
    disk: Arc<TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            directory: Arc::default(),
            archive: Arc::default(),
            finishes: Arc::default(),
            clock: Arc::new(SetClock::at(UnixMs(1_700_000_000_000))),
            limits: HostLimits {
                // Most tests wait for records to be stored.
                store_after: Duration::from_millis(200),
                ..HostLimits::default()
            },
            journal: Limits::default(),
            signer: Arc::new(TicketSigner::from_secret(&[5; 32])),
            disk: Arc::new(TempDir::new().unwrap()),
        }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut HostLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Another host takes a slot, without being a process.
    pub(crate) async fn enlist(&self, slot: Slot) -> HostId {
        let new = Enlist {
            slot,
            region: "here".to_owned(),
            url: "ws://there".to_owned(),
            version: "1.2.3".to_owned(),
            journal: JournalId(99),
        };
        self.directory.enlist(new).await.unwrap()
    }

    /// A ticket for one seat, good for a minute of the world's clock.
    pub(crate) fn ticket(&self, room: RoomId, member: MemberId) -> String {
        let profile = latchkey_protocol::Profile {
            name: format!("M{}", &member.as_str()[..3]).parse().unwrap(),
            colour: "#3366cc".parse().unwrap(),
        };
        let now = latchkey_host::ports::Clock::wall(&*self.clock);
        self.signer.sign(
            &Ticket {
                room,
                member,
                profile,
            },
            now,
        )
    }

    /// A ticket that some other site signed.
    pub(crate) fn forged(&self, room: RoomId, member: MemberId) -> String {
        let other = Self {
            signer: Arc::new(TicketSigner::from_secret(&[6; 32])),
            ..self.clone()
        };
        other.ticket(room, member)
    }

    /// A host on this world's disk.
    pub(crate) async fn host(&self) -> TestHost {
        self.host_in(1).await
    }

    /// A host in another slot, with a disk of its own.
    pub(crate) async fn host_in(&self, slot: u16) -> TestHost {
        self.host_on(Slot(slot), &self.folder(Slot(slot))).await
    }

    async fn is_free(&self, slot: Slot) {
        let folder = self.folder(slot);
        eventually("the journal's folder is free", || {
            Folder::open(&folder).is_ok()
        })
        .await;
    }

    fn folder(&self, slot: Slot) -> PathBuf {
        self.disk.path().join(format!("journal-{slot}"))
    }

    /// The host and its disk are lost, and the others have found out.
    pub(crate) async fn lose(&self, host: TestHost) {
        let slot = host.slot;
        host.kill().await;
        self.directory.lose(slot);
        std::fs::remove_dir_all(self.folder(slot)).unwrap();
    }

    /// Files that records were put aside in, with their lines.
    pub(crate) fn put_aside(&self, slot: Slot) -> Vec<Vec<serde_json::Value>> {
        let files = std::fs::read_dir(self.folder(slot)).unwrap();
        let aside = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "aside"));
        let lines = |text: String| {
            let lines = text.lines();
            lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        aside
            .map(|path| lines(std::fs::read_to_string(path).unwrap()))
            .collect()
    }

    /// A host on a copy of the disk as it is now: what a process killed at this moment leaves behind.
    pub(crate) async fn host_on_copy(&self, of: &TestHost) -> TestHost {
        let copy = self.disk.path().join(format!("copy-{}", of.port));
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(self.folder(of.slot)).unwrap() {
            let file = file.unwrap();
            if file.file_name() != "lock" {
                std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
            }
        }
        self.host_on(Slot(1), &copy).await
    }

    async fn host_on(&self, slot: Slot, folder: &Path) -> TestHost {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let disk = Folder::open(folder).unwrap();
        let journal_id = disk.id(7).unwrap();
        let (journal, recovered) = Journal::open(Arc::new(disk), self.journal).unwrap();
        let config = Config {
            slot,
            region: "here".to_owned(),
            url: format!("ws://127.0.0.1:{port}/s/{slot}/room"),
            version: "1.2.3".to_owned(),
            journal: journal_id,
            origins: Origins::Listed(vec![ORIGIN.to_owned()]),
            tickets: self.signer.verifier(),
            secret: [8; 32],
            seed: 1,
            limits: self.limits,
        };
        let ports = Ports {
            directory: self.directory.clone(),
            archive: self.archive.clone(),
            finishes: self.finishes.clone(),
            clock: self.clock.clone(),
        };
        let host = Host::start(config, ports, journal, recovered);
        if !self.directory.refusing.load(Ordering::Acquire) {
            tokio::time::timeout(DEADLINE, host.serving())
                .await
                .unwrap();
        }
        let router = host.router();
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        TestHost {
            world: self.clone(),
            host,
            slot,
            port,
            server,
        }
    }
}

/// A running host.
pub(crate) struct TestHost {
    pub(crate) world: World,
    pub(crate) host: Host,
    pub(crate) slot: Slot,
    pub(crate) port: u16,
    server: JoinHandle<()>,
}

impl TestHost {
    /// A host in a world of its own.
    pub(crate) async fn start() -> Self {
        World::new().host().await
    }

    /// A host in a world of its own with other limits.
    pub(crate) async fn with(change: impl FnOnce(&mut HostLimits)) -> Self {
        World::new().with(change).host().await
    }

    /// Records stored of a room.
    pub(crate) fn stored(&self, room: RoomId) -> usize {
        self.world.archive.records(room).len()
    }

    pub(crate) async fn connections_are(&self, count: u64) {
        eventually("the connections are as many", || {
            self.host.metrics().connections.get() == count
        })
        .await;
    }

    /// Where clients reach it.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/s/{}/room", self.port, self.slot)
    }

    /// Waits until it knows `count` other hosts that take rooms.
    pub(crate) async fn knows_others(&self, count: usize) {
        eventually("the host has seen the others", || {
            self.host.others_that_take_rooms() == count
        })
        .await;
    }

    /// Ends it as if its process had been killed.
    pub(crate) async fn kill(self) {
        self.server.abort();
        let _ = self.server.await;
        drop(self.host);
        self.world.is_free(self.slot).await;
    }

    /// Stops it gracefully; its disk is free afterwards.
    pub(crate) async fn stop(self, within: Duration) -> StopSummary {
        let summary = tokio::time::timeout(DEADLINE, self.host.stop(within))
            .await
            .unwrap();
        self.server.abort();
        let _ = self.server.await;
        drop(self.host);
        self.world.is_free(self.slot).await;
        summary
    }
}
