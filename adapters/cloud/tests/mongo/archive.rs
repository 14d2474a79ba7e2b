//! The archive keeps its contract, also against writers that died or were fenced between the two writes of a chunk.

use std::sync::Arc;

use bytes::Bytes;
use latchkey_cloud::mongo::{ArchiveHistory, Mongo, MongoArchive, Role};
use latchkey_emulators::Secantus;
use latchkey_host::contracts;
use latchkey_host::ports::{Archive, ArchiveError};
use latchkey_platform::stats::History as _;
use latchkey_protocol::{Body, Chunk, Epoch, Record, RoomId, Seq};
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use tokio::task::JoinSet;

use crate::bench::{database, fresh, raw};

/// An archive, and its chunks past the adapter.
struct Shelf {
    archive: MongoArchive,
    chunks: Collection<Document>,
}

async fn shelf() -> Shelf {
    let uri = fresh(&Secantus::shared().await.unwrap().uri());
    let mongo = Mongo::connect(&uri, Role::Host).await.unwrap();
    Shelf {
        archive: MongoArchive::new(&mongo),
        chunks: raw(&uri, "chunks").await,
    }
}

impl Shelf {
    async fn append(&self, room: RoomId, epoch: u64, first: u64, last: u64) -> Chunk {
        let chunk = contracts::chunk(room, Epoch(epoch), first, last, 10);
        self.archive
            .append(chunk.clone(), Bytes::new())
            .await
            .unwrap();
        chunk
    }

    async fn open(&self, room: RoomId, epoch: u64) -> Seq {
        self.archive.open(room, Epoch(epoch)).await.unwrap().stored
    }

    /// Leaves a chunk as a host does that ends before it advances the head. It is made where the head allows it.
    async fn leave(&self, room: RoomId, epoch: u64, first: u64, last: u64) {
        let other = shelf().await;
        other.open(room, epoch).await;
        if first > 1 {
            other.append(room, epoch, 1, first - 1).await;
        }
        other.append(room, epoch, first, last).await;
        let first = i64::try_from(first).unwrap();
        let chunk = other.chunks.find_one(doc! { "first": first }).await;
        self.chunks
            .insert_one(chunk.unwrap().unwrap())
            .await
            .unwrap();
    }

    async fn seqs_and_epochs(&self, room: RoomId) -> Vec<(u64, u64)> {
        let all = all(&self.archive, room, 300).await;
        all.iter()
            .map(|record| (record.seq.0, record.epoch.0))
            .collect()
    }
}

async fn all(archive: &dyn Archive, room: RoomId, bytes: usize) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    loop {
        let after = found.last().map_or(Seq::ZERO, |record| record.seq);
        let page = archive.read(room, after, bytes).await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_archive_keeps_its_contract() {
    let mut databases = Vec::new();
    for _ in 0..16 {
        databases.push(database(Role::Host).await);
    }
    let databases = std::cell::RefCell::new(databases);
    contracts::archive(|| {
        let mongo = databases.borrow_mut().pop();
        Arc::new(MongoArchive::new(&mongo.expect("one for each contract")))
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_writer_left_is_no_part_of_the_history() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    shelf.append(room, 1, 1, 3).await;
    // Longer, equal and shorter than what later epochs store from the same record.
    for (epoch, last) in [(1, 9), (2, 5), (3, 4)] {
        shelf.leave(room, epoch, 4, last).await;
    }
    assert_eq!(shelf.open(room, 7).await, Seq(3));
    assert_eq!(shelf.seqs_and_epochs(room).await.len(), 3);
    shelf.append(room, 7, 4, 5).await;
    // One more that comes late, of an epoch that was sealed long ago.
    shelf.leave(room, 5, 4, 6).await;
    shelf.append(room, 7, 6, 8).await;
    let expected: Vec<_> = (1..=8)
        .map(|seq| (seq, if seq < 4 { 1 } else { 7 }))
        .collect();
    assert_eq!(shelf.seqs_and_epochs(room).await, expected);
    // The same from wherever one begins.
    for after in 0..8 {
        let page = shelf.archive.read(room, Seq(after), 10_000).await.unwrap();
        let found: Vec<_> = page.iter().map(|r| (r.seq.0, r.epoch.0)).collect();
        assert_eq!(
            found,
            expected[usize::try_from(after).unwrap()..],
            "after {after}"
        );
    }
}

#[tokio::test]
async fn a_writer_that_died_between_its_two_writes_is_given_the_chunk_again() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    shelf.leave(room, 1, 1, 3).await;
    shelf.append(room, 1, 1, 3).await;
    assert_eq!(shelf.seqs_and_epochs(room).await.len(), 3);
}

#[tokio::test]
async fn other_records_do_not_take_the_place_of_a_chunk_that_is_there() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    shelf.leave(room, 1, 1, 3).await;
    let other = contracts::chunk(room, Epoch(1), 1, 4, 10);
    let answer = shelf.archive.append(other, Bytes::new()).await;
    assert!(
        matches!(answer, Err(ArchiveError::Corrupt(_))),
        "{answer:?}"
    );
    assert_eq!(shelf.open(room, 2).await, Seq::ZERO);
    shelf.append(room, 2, 1, 4).await;
    assert_eq!(shelf.seqs_and_epochs(room).await.len(), 4);
}

#[tokio::test]
async fn a_refused_chunk_is_not_left_behind() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    shelf.append(room, 1, 1, 3).await;
    for (first, last) in [(2, 4), (5, 6)] {
        let chunk = contracts::chunk(room, Epoch(1), first, last, 10);
        let answer = shelf.archive.append(chunk, Bytes::new()).await;
        assert!(
            matches!(answer, Err(ArchiveError::Gap { .. })),
            "{answer:?}"
        );
    }
    shelf.open(room, 2).await;
    let late = contracts::chunk(room, Epoch(1), 4, 6, 10);
    let answer = shelf.archive.append(late, Bytes::new()).await;
    assert_eq!(answer, Err(ArchiveError::Fenced(Epoch(2))));
    let left = shelf.chunks.count_documents(Document::new()).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_chunk_that_is_missing_or_changed_is_reported_and_not_passed_over() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    for first in [1, 4, 7] {
        shelf.append(room, 1, first, first + 2).await;
    }
    let unreadable = async || {
        let read = shelf.archive.read(room, Seq(2), 10_000).await;
        let Err(ArchiveError::Corrupt(text)) = read else {
            panic!("{read:?}")
        };
        text
    };
    let second = doc! { "first": 4_i64 };
    let chunk = shelf
        .chunks
        .find_one(second.clone())
        .await
        .unwrap()
        .unwrap();
    let mut changed = chunk.clone();
    let Ok(bytes) = changed.get_binary_generic_mut("records") else {
        panic!("{chunk:?}")
    };
    bytes[60] ^= 1;
    shelf
        .chunks
        .replace_one(second.clone(), changed)
        .await
        .unwrap();
    assert!(unreadable().await.contains("checksum"));
    shelf.chunks.delete_one(second.clone()).await.unwrap();
    assert!(unreadable().await.contains("lacks its record 4"));
    shelf.chunks.insert_one(chunk).await.unwrap();
    shelf
        .chunks
        .delete_one(doc! { "first": 7_i64 })
        .await
        .unwrap();
    assert!(unreadable().await.contains("lacks its record 7"));
}

#[tokio::test]
async fn a_long_history_is_read_in_pages_from_anywhere() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    for at in 0..50 {
        shelf.append(room, 1, at * 3 + 1, at * 3 + 3).await;
    }
    // Neighbours in the order of keys.
    for number in [0, 2] {
        shelf.open(contracts::room(number), 1).await;
        shelf.append(contracts::room(number), 1, 1, 200).await;
    }
    for bytes in [1, 500, 5_000, usize::MAX] {
        let found = all(&shelf.archive, room, bytes).await;
        let seqs: Vec<_> = found.iter().map(|record| record.seq.0).collect();
        assert_eq!(seqs, (1..=150).collect::<Vec<_>>(), "pages of {bytes}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_owners_that_follow_each_other_every_acknowledged_record_is_there_once() {
    let archive = Arc::new(shelf().await.archive);
    let room = contracts::room(1);
    let mut owners = JoinSet::new();
    for owner in 1..=16_u64 {
        let archive = archive.clone();
        owners.spawn(async move {
            let (mut acknowledged, mut epoch) = (Vec::new(), Epoch(owner));
            for _ in 0..6 {
                let mut stored = match archive.open(room, epoch).await {
                    Ok(head) => head.stored,
                    Err(ArchiveError::Fenced(writer)) => {
                        // Another host's epochs are never ours.
                        epoch = Epoch((writer.0 / 16 + 1) * 16 + owner);
                        continue;
                    }
                    Err(error) => panic!("{error}"),
                };
                for _ in 0..4 {
                    let (first, last) = (stored.0 + 1, stored.0 + 1 + owner % 3);
                    let chunk = contracts::chunk(room, epoch, first, last, 5);
                    match archive.append(chunk, Bytes::new()).await {
                        Ok(()) => acknowledged.extend((first..=last).map(|seq| (seq, epoch))),
                        Err(ArchiveError::Fenced(_)) => break,
                        Err(error) => panic!("{error}"),
                    }
                    stored = Seq(last);
                }
                epoch = Epoch(epoch.0 + 16);
            }
            acknowledged
        });
    }
    let mut acknowledged: Vec<_> = owners.join_all().await.into_iter().flatten().collect();
    acknowledged.sort_by_key(|(seq, _)| *seq);
    let found = all(&*archive, room, 2_000).await;
    let found: Vec<_> = found
        .iter()
        .map(|record| (record.seq.0, record.epoch))
        .collect();
    assert!(!found.is_empty());
    assert_eq!(found, acknowledged);
    assert!(found.is_sorted_by_key(|(_, epoch)| *epoch));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_checkpoints_at_once_the_newest_stays() {
    let archive = Arc::new(shelf().await.archive);
    for room in (0..4).map(contracts::room) {
        archive.open(room, Epoch(1)).await.unwrap();
        let mut keeping = JoinSet::new();
        for at in 0..32 {
            let archive = archive.clone();
            // The newest is the second that begins: another may be first to find that there is none.
            let seq = (at * 7 + 24) % 32 + 1;
            keeping.spawn(async move {
                let kept = archive.keep(room, Epoch(1), Seq(seq), Body::of(&seq)).await;
                kept.unwrap();
            });
        }
        keeping.join_all().await;
        let head = archive.open(room, Epoch(2)).await.unwrap();
        assert_eq!(head.checkpoint, Some((Seq(32), Body::of(&32))));
    }
}

#[tokio::test]
async fn a_job_reads_a_finished_game_from_the_archive_alone() {
    let shelf = shelf().await;
    let room = contracts::room(1);
    shelf.open(room, 1).await;
    let mut expected = Vec::new();
    for first in [1, 11, 21] {
        expected.extend(shelf.append(room, 1, first, first + 9).await.records);
    }
    let history = ArchiveHistory(shelf.archive.clone());
    assert_eq!(history.read(room, Seq::ZERO, 100).await.unwrap(), expected);
    let some = history.read(room, Seq(14), 3).await.unwrap();
    assert_eq!(some, expected[14..17]);
    let none = history
        .read(contracts::room(2), Seq::ZERO, 9)
        .await
        .unwrap();
    assert_eq!(none, []);
}
