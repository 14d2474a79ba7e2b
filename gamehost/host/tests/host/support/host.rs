//! The host under test and the world around it, which outlives it.

use std::path::Path;
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
            limits: HostLimits::default(),
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
        self.host_on(&self.disk.path().join("journal")).await
    }

    /// A host on a copy of the disk as it is now: what a process killed at this moment leaves behind.
    pub(crate) async fn host_on_copy(&self, of: &TestHost) -> TestHost {
        let copy = self.disk.path().join(format!("copy-{}", of.port));
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(self.disk.path().join("journal")).unwrap() {
            let file = file.unwrap();
            if file.file_name() != "lock" {
                std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
            }
        }
        self.host_on(&copy).await
    }

    async fn host_on(&self, folder: &Path) -> TestHost {
        let disk = Folder::open(folder).unwrap();
        let journal_id = disk.id(7).unwrap();
        let (journal, recovered) = Journal::open(Arc::new(disk), self.journal).unwrap();
        let config = Config {
            slot: Slot(1),
            region: "here".to_owned(),
            url: "ws://here".to_owned(),
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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = host.router();
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        TestHost {
            world: self.clone(),
            host,
            port,
            server,
        }
    }
}

/// A running host.
pub(crate) struct TestHost {
    pub(crate) world: World,
    pub(crate) host: Host,
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

    /// Stops it gracefully; its disk is free afterwards.
    pub(crate) async fn stop(self, within: Duration) -> StopSummary {
        let summary = tokio::time::timeout(DEADLINE, self.host.stop(within))
            .await
            .unwrap();
        self.server.abort();
        let _ = self.server.await;
        drop(self.host);
        let folder = self.world.disk.path().join("journal");
        eventually("the journal's folder is free", || {
            Folder::open(&folder).is_ok()
        })
        .await;
        summary
    }
}
