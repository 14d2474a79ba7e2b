//! What every implementation of the host's ports must do, as tests to be run against each. They panic with what was
//! broken.

mod directory;

use std::sync::Arc;

use bytes::Bytes;
pub use directory::directory;
use latchkey_protocol::{Body, Chunk, Epoch, Kind, Mac, MemberId, Record, RoomId, Seq, UnixMs};

use crate::ports::{Archive, ArchiveError, Head};

/// A room no other test uses.
#[must_use]
pub fn room(number: u8) -> RoomId {
    RoomId::from_random([number; 20])
}

/// A chunk of records `first..=last`, each with a body of about `size` bytes.
#[must_use]
pub fn chunk(room: RoomId, epoch: Epoch, first: u64, last: u64, size: usize) -> Chunk {
    let record = |seq| Record {
        seq: Seq(seq),
        epoch,
        from: Some(MemberId::from_random([3; 12])),
        n: seq,
        at: UnixMs(1_000 + seq),
        kind: Kind::Said,
        body: Body::of(&format!("{seq} {}", "x".repeat(size))),
        mac: Mac([7; 16]),
    };
    Chunk {
        room,
        epoch,
        records: (first..=last).map(record).collect(),
    }
}

fn seqs(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.seq.0).collect()
}

async fn all(archive: &dyn Archive, room: RoomId) -> Vec<Record> {
    let mut found: Vec<Record> = Vec::new();
    loop {
        let after = found.last().map_or(Seq::ZERO, |record| record.seq);
        let page = archive.read(room, after, 200).await.expect("reading works");
        if page.is_empty() {
            return found;
        }
        found.extend(page);
    }
}

/// Runs every contract of [`Archive`], each on an archive of its own.
pub async fn archive(make: impl Fn() -> Arc<dyn Archive>) {
    begins_empty_and_keeps_what_it_is_given(&*make()).await;
    the_same_chunk_twice_changes_nothing(&*make()).await;
    a_chunk_that_leaves_records_out_is_refused(&*make()).await;
    only_the_newest_epoch_writes(&*make()).await;
    an_epoch_opens_once(&*make()).await;
    a_page_is_never_empty_before_the_end(&*make()).await;
    the_newest_checkpoint_wins(&*make()).await;
    rooms_do_not_touch_each_other(&*make()).await;
    one_of_many_writers_of_the_same_place_wins(make()).await;
}

async fn begins_empty_and_keeps_what_it_is_given(archive: &dyn Archive) {
    let room = room(1);
    assert_eq!(archive.open(room, Epoch(1)).await, Ok(Head::default()));
    assert_eq!(archive.read(room, Seq::ZERO, 1).await, Ok(Vec::new()));
    let given = chunk(room, Epoch(1), 1, 3, 10);
    let summary = Bytes::from_static(b"after three");
    archive
        .append(given.clone(), summary.clone())
        .await
        .expect("the first chunk is taken");
    let older = chunk(room, Epoch(1), 4, 5, 10);
    let newer = Chunk {
        epoch: Epoch(2),
        ..older
    };
    let head = archive
        .open(room, Epoch(2))
        .await
        .expect("a higher epoch opens");
    assert_eq!(
        head,
        Head {
            stored: Seq(3),
            summary,
            checkpoint: None
        }
    );
    archive
        .append(newer.clone(), Bytes::new())
        .await
        .expect("records of an older epoch go on");
    assert_eq!(
        all(archive, room).await,
        [given.records, newer.records].concat()
    );
}

async fn the_same_chunk_twice_changes_nothing(archive: &dyn Archive) {
    let room = room(2);
    archive.open(room, Epoch(1)).await.expect("opens");
    let (first, second) = (
        chunk(room, Epoch(1), 1, 3, 10),
        chunk(room, Epoch(1), 4, 6, 10),
    );
    for (chunk, summary) in [(&first, "1"), (&second, "2"), (&first, "1"), (&second, "2")] {
        archive
            .append(chunk.clone(), summary.into())
            .await
            .expect("again is a success");
    }
    assert_eq!(seqs(&all(archive, room).await), [1, 2, 3, 4, 5, 6]);
    let head = archive.open(room, Epoch(2)).await.expect("opens");
    assert_eq!((head.stored, &head.summary[..]), (Seq(6), &b"2"[..]));
}

async fn a_chunk_that_leaves_records_out_is_refused(archive: &dyn Archive) {
    let room = room(3);
    archive.open(room, Epoch(1)).await.expect("opens");
    let gap = |stored, first| {
        Err(ArchiveError::Gap {
            stored: Seq(stored),
            first: Seq(first),
        })
    };
    let append = |first, last| archive.append(chunk(room, Epoch(1), first, last, 10), Bytes::new());
    assert_eq!(append(2, 3).await, gap(0, 2));
    append(1, 3).await.expect("the first chunk is taken");
    assert_eq!(append(5, 6).await, gap(3, 5));
    assert_eq!(
        append(3, 5).await,
        gap(3, 3),
        "an overlap that is no repetition"
    );
    assert_eq!(seqs(&all(archive, room).await), [1, 2, 3]);
}

async fn only_the_newest_epoch_writes(archive: &dyn Archive) {
    let room = room(4);
    archive.open(room, Epoch(3)).await.expect("opens");
    archive
        .append(chunk(room, Epoch(3), 1, 2, 10), Bytes::new())
        .await
        .expect("its own chunk");
    archive
        .open(room, Epoch(5))
        .await
        .expect("a higher epoch opens");
    let fenced = Err(ArchiveError::Fenced(Epoch(5)));
    for epoch in [Epoch(3), Epoch(4), Epoch(6)] {
        let late = archive
            .append(chunk(room, epoch, 3, 4, 10), Bytes::new())
            .await;
        assert_eq!(late, fenced, "{epoch} is not the writer");
        let kept = archive.keep(room, epoch, Seq(2), Body::of(&1)).await;
        assert_eq!(kept, fenced, "{epoch} is not the writer");
    }
    assert_eq!(seqs(&all(archive, room).await), [1, 2]);
    archive
        .append(chunk(room, Epoch(5), 3, 3, 10), Bytes::new())
        .await
        .expect("the writer's");
    assert_eq!(all(archive, room).await[2].epoch, Epoch(5));
}

async fn an_epoch_opens_once(archive: &dyn Archive) {
    let room = room(5);
    archive.open(room, Epoch(2)).await.expect("opens");
    for epoch in [Epoch(1), Epoch(2)] {
        assert_eq!(
            archive.open(room, epoch).await,
            Err(ArchiveError::Fenced(Epoch(2)))
        );
    }
}

async fn a_page_is_never_empty_before_the_end(archive: &dyn Archive) {
    let room = room(6);
    archive.open(room, Epoch(1)).await.expect("opens");
    archive
        .append(chunk(room, Epoch(1), 1, 20, 1_000), Bytes::new())
        .await
        .expect("taken");
    archive
        .append(chunk(room, Epoch(1), 21, 30, 1_000), Bytes::new())
        .await
        .expect("taken");
    let read = |after, bytes| async move {
        seqs(
            &archive
                .read(room, Seq(after), bytes)
                .await
                .expect("reading works"),
        )
    };
    assert_eq!(read(0, 1).await, [1], "one at least");
    assert_eq!(read(29, 1).await, [30]);
    assert!(read(30, 1_000).await.is_empty());
    assert!(read(99, 1_000).await.is_empty());
    let page = read(15, 5_000).await;
    assert!(
        (2..=6).contains(&page.len()),
        "about 5,000 bytes, found {}",
        page.len()
    );
    assert_eq!(page[0], 16);
    let expected: Vec<u64> = (1..=30).collect();
    assert_eq!(seqs(&all(archive, room).await), expected);
}

async fn the_newest_checkpoint_wins(archive: &dyn Archive) {
    let room = room(7);
    archive.open(room, Epoch(1)).await.expect("opens");
    archive
        .append(chunk(room, Epoch(1), 1, 80, 1), Bytes::new())
        .await
        .expect("taken");
    for seq in [40, 72, 40] {
        archive
            .keep(room, Epoch(1), Seq(seq), Body::of(&seq))
            .await
            .expect("kept or ignored");
    }
    let head = archive.open(room, Epoch(2)).await.expect("opens");
    assert_eq!(head.checkpoint, Some((Seq(72), Body::of(&72))));
    assert_eq!(head.stored, Seq(80));
}

async fn rooms_do_not_touch_each_other(archive: &dyn Archive) {
    let (here, there) = (room(8), room(9));
    archive.open(here, Epoch(7)).await.expect("opens");
    archive
        .open(there, Epoch(1))
        .await
        .expect("opens whatever the other's epoch");
    archive
        .append(chunk(here, Epoch(7), 1, 2, 1), Bytes::new())
        .await
        .expect("taken");
    assert!(all(archive, there).await.is_empty());
}

async fn one_of_many_writers_of_the_same_place_wins(archive: Arc<dyn Archive>) {
    let room = room(10);
    archive.open(room, Epoch(1)).await.expect("opens");
    let mut writers = tokio::task::JoinSet::new();
    for epoch in 1..=8 {
        let archive = archive.clone();
        writers.spawn(async move {
            if epoch > 1 && archive.open(room, Epoch(epoch)).await.is_err() {
                return false;
            }
            archive
                .append(chunk(room, Epoch(epoch), 1, epoch, 1), Bytes::new())
                .await
                .is_ok()
        });
    }
    writers.join_all().await;
    let found = all(&*archive, room).await;
    let writer = found.first().map(|record| record.epoch);
    assert!(
        found.iter().all(|record| Some(record.epoch) == writer),
        "one chunk of one writer"
    );
}
