//! The host's ports on `rooms.db` keep the host's contracts, and what they answered is there after a restart.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use bytes::Bytes;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::contracts;
use latchkey_host::ports::{Archive, ArchiveError};
use latchkey_protocol::{Body, Epoch, Seq};
use tempfile::TempDir;

fn fresh(folder: &TempDir, name: usize) -> Rooms {
    Rooms::open(&folder.path().join(format!("{name}.db"))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    let count = std::cell::Cell::new(0);
    contracts::archive(|| {
        count.set(count.get() + 1);
        Arc::new(EmbeddedArchive::new(fresh(&folder, count.get())))
    })
    .await;
}

#[tokio::test]
async fn what_was_stored_is_there_after_the_file_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let room = contracts::room(1);
    let given = contracts::chunk(room, Epoch(1), 1, 40, 100);
    {
        let rooms = fresh(&folder, 0);
        let archive = EmbeddedArchive::new(rooms);
        archive.open(room, Epoch(1)).await.unwrap();
        archive
            .append(given.clone(), Bytes::from_static(b"forty"))
            .await
            .unwrap();
        archive
            .keep(room, Epoch(1), Seq(32), Body::of(&"state"))
            .await
            .unwrap();
    }
    let rooms = fresh(&folder, 0);
    let archive = EmbeddedArchive::new(rooms);
    let head = archive.open(room, Epoch(2)).await.unwrap();
    assert_eq!((head.stored, &head.summary[..]), (Seq(40), &b"forty"[..]));
    assert_eq!(head.checkpoint, Some((Seq(32), Body::of(&"state"))));
    assert_eq!(
        archive.read(room, Seq::ZERO, usize::MAX).await.unwrap(),
        given.records
    );
}

#[tokio::test]
async fn a_file_with_the_tables_but_no_version_keeps_its_rooms_and_gets_one() {
    let folder = TempDir::new().unwrap();
    let room = contracts::room(1);
    let archive = EmbeddedArchive::new(fresh(&folder, 0));
    archive.open(room, Epoch(1)).await.unwrap();
    let given = contracts::chunk(room, Epoch(1), 1, 3, 10);
    archive.append(given.clone(), Bytes::new()).await.unwrap();
    let other = rusqlite::Connection::open(folder.path().join("0.db")).unwrap();
    other.pragma_update(None, "user_version", 0).unwrap();
    let archive = EmbeddedArchive::new(fresh(&folder, 0));
    let read = archive.read(room, Seq::ZERO, usize::MAX).await;
    assert_eq!(read, Ok(given.records));
    let version = other.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version, Ok(1));
}

#[tokio::test]
async fn a_chunk_that_changed_on_disk_is_reported_and_not_shown() {
    let folder = TempDir::new().unwrap();
    let room = contracts::room(1);
    let archive = EmbeddedArchive::new(fresh(&folder, 0));
    archive.open(room, Epoch(1)).await.unwrap();
    archive
        .append(contracts::chunk(room, Epoch(1), 1, 3, 10), Bytes::new())
        .await
        .unwrap();
    let other = rusqlite::Connection::open(folder.path().join("0.db")).unwrap();
    let change = "UPDATE chunks SET chunk = CAST(substr(chunk, 1, 60) || x'ff' || substr(chunk, 62) AS BLOB)";
    other.execute(change, []).unwrap();
    let read = archive.read(room, Seq::ZERO, 1_000).await;
    assert!(matches!(read, Err(ArchiveError::Corrupt(_))), "{read:?}");
}
