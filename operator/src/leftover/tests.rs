//! Tests of starting with fewer hosts than before.

use axum::body::Bytes;
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::ports::Enlist;
use latchkey_journal::JournalId;
use latchkey_protocol::{Body, Chunk, Epoch, Kind, Mac, Record, UnixMs};

use super::*;

struct Fixture {
    _folder: tempfile::TempDir,
    data: DataFolder,
    archive: EmbeddedArchive,
    directory: EmbeddedDirectory,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let rooms = Rooms::open(&data.place("rooms.db")).unwrap();
    let directory = EmbeddedDirectory::open(&data.place("directory.db"), &rooms).unwrap();
    Fixture {
        _folder: folder,
        data,
        archive: EmbeddedArchive::new(rooms),
        directory,
    }
}

fn room() -> RoomId {
    RoomId::from_random([1; 20])
}

fn record() -> Record {
    Record {
        seq: Seq(1),
        epoch: Epoch(1),
        from: None,
        n: 0,
        at: UnixMs(0),
        kind: Kind::Notice,
        body: Body::of(&"a word"),
        mac: Mac::NONE,
    }
}

impl Fixture {
    async fn settle(&self, hosts: u16) -> Result<()> {
        settle(&self.data, hosts, &self.archive, &self.directory).await
    }

    /// Host 3 was here and wrote a record.
    async fn write(&self) {
        let new = Enlist {
            slot: Slot(3),
            region: "here".into(),
            url: "/s/3/room".into(),
            version: "0.1.0".into(),
            journal: JournalId(3),
        };
        self.directory.enlist(new).await.unwrap();
        let folder = Folder::open(self.data.journal(3)).unwrap();
        let (journal, _) = Journal::open(Arc::new(folder), Limits::default()).unwrap();
        journal.append(room(), &record()).unwrap();
        journal.sync().unwrap();
    }

    async fn is_lost(&self) -> bool {
        self.directory.hosts().await.unwrap()[0].lost
    }
}

#[tokio::test]
async fn records_that_only_a_further_hosts_journal_holds_are_not_left_behind() {
    let fixture = fixture();
    fixture.write().await;
    fixture.settle(3).await.unwrap();
    let error = fixture.settle(2).await.unwrap_err().to_string();
    assert!(
        error.contains("rooms: 1") && error.contains("--hosts 3"),
        "{error}"
    );
    assert!(!fixture.is_lost().await);

    fixture.archive.open(room(), Epoch(1)).await.unwrap();
    let chunk = Chunk {
        room: room(),
        epoch: Epoch(1),
        records: vec![record()],
    };
    fixture.archive.append(chunk, Bytes::new()).await.unwrap();
    fixture.settle(2).await.unwrap();
    assert!(fixture.is_lost().await, "the others need not wait for it");
}

#[tokio::test]
async fn a_further_host_that_still_ends_is_waited_for() {
    let fixture = fixture();
    fixture.write().await;
    let _held = Folder::open(fixture.data.journal(3)).unwrap();
    let error = fixture.settle(1).await.unwrap_err().to_string();
    assert!(
        error.contains("host 3 of the last start has not ended"),
        "{error}"
    );
    assert!(!fixture.is_lost().await);
}
