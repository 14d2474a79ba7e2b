//! The directory in its file: several processes on one, a start on the folder of an older program, and one that was
//! deleted. The rules it keeps are the host's contracts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::bridge::FleetPlacement;
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::contracts::{self, room};
use latchkey_host::ports::{
    Archive as _, Claim, Directory as _, Enlist, Former, Generation, HandedOver, HostId, JournalId,
    Load, Renewed, Slot,
};
use latchkey_platform::placement::{Place, Placement as _, RoundTrips};
use latchkey_protocol::Epoch;
use tempfile::TempDir;

fn open(folder: &TempDir) -> EmbeddedDirectory {
    let rooms = Rooms::open(&folder.path().join("rooms.db")).unwrap();
    EmbeddedDirectory::open(&folder.path().join("directory.db"), &rooms).unwrap()
}

async fn enlist(directory: &EmbeddedDirectory, slot: u16) -> HostId {
    let new = Enlist {
        slot: Slot(slot),
        region: "here".to_owned(),
        url: format!("/s/{slot}/room"),
        version: "1.2.3".to_owned(),
        journal: JournalId(u128::from(slot)),
    };
    directory.enlist(new).await.unwrap()
}

fn owned(epoch: u64, former: Former) -> Result<Claim, latchkey_host::ports::DirectoryError> {
    Ok(Claim::Owned {
        epoch: Epoch(epoch),
        former,
    })
}

fn elsewhere(slot: u16) -> Result<Claim, latchkey_host::ports::DirectoryError> {
    Ok(Claim::Elsewhere {
        slot: Slot(slot),
        url: format!("/s/{slot}/room"),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_keeps_its_contract() {
    let folder = TempDir::new().unwrap();
    let rooms = Rooms::open(&folder.path().join("rooms.db")).unwrap();
    let count = std::cell::Cell::new(0);
    contracts::directory(|| {
        count.set(count.get() + 1);
        let file = folder.path().join(format!("{}.db", count.get()));
        Arc::new(EmbeddedDirectory::open(&file, &rooms).unwrap())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_processes_that_claim_a_room_one_has_it() {
    let folder = TempDir::new().unwrap();
    let mut processes = Vec::new();
    for slot in 1..=6 {
        let directory = open(&folder);
        processes.push((enlist(&directory, slot).await, directory));
    }
    for number in 1..=20 {
        let mut claims = tokio::task::JoinSet::new();
        for (me, directory) in processes.clone() {
            claims.spawn(async move { (me, directory.claim(me, room(number), false).await) });
        }
        let answers = claims.join_all().await;
        let first = owned(1, Former::Nobody);
        let won: Vec<_> = answers
            .iter()
            .filter(|(_, answer)| *answer == first)
            .collect();
        let [(winner, _)] = won[..] else {
            panic!("one of them has room {number}, found {answers:?}");
        };
        for (me, answer) in &answers {
            assert!(
                me == winner || *answer == elsewhere(winner.slot.0),
                "room {number}: {me} was told {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_file_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let me = {
        let directory = open(&folder);
        let me = enlist(&directory, 1).await;
        let claimed = directory.claim(me, room(1), false).await;
        assert_eq!(claimed, owned(1, Former::Nobody));
        let load = Load {
            rooms: 1,
            connections: 4,
        };
        let renewed = directory.renew(me, 9, load).await;
        assert_eq!(renewed, Ok(Renewed::Kept { drain: false }));
        me
    };
    let directory = open(&folder);
    let hosts = directory.hosts().await.unwrap();
    assert_eq!((hosts[0].id, hosts[0].beat), (me, 9));
    assert_eq!(hosts[0].load.connections, 4);
    let claimed = directory.claim(me, room(1), false).await;
    assert_eq!(claimed, owned(2, Former::Itself));
    let next = enlist(&directory, 1).await;
    assert_eq!(next.generation, Generation(2));
}

/// A folder as the program left it that kept owners in `rooms.db`, when its archive had seen these epochs.
async fn of_an_older_program(owners: &[(u8, u64, Option<&str>)], heads: &[(u8, u64)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let rooms = Rooms::open(&folder.path().join("rooms.db")).unwrap();
    let archive = EmbeddedArchive::new(rooms);
    for (number, epoch) in heads {
        archive.open(room(*number), Epoch(*epoch)).await.unwrap();
    }
    let file = rusqlite::Connection::open(folder.path().join("rooms.db")).unwrap();
    for (number, epoch, url) in owners {
        let insert = "INSERT INTO owners (room, epoch, url) VALUES (?1, ?2, ?3)";
        let epoch = i64::try_from(*epoch).unwrap();
        file.execute(
            insert,
            rusqlite::params![room(*number).as_str(), epoch, url],
        )
        .unwrap();
    }
    folder
}

const ROOMS: Option<&str> = Some("/s/1/room");

#[tokio::test]
async fn rooms_of_an_older_programs_folder_are_those_of_slot_1_and_their_epochs_go_on() {
    let folder = of_an_older_program(
        &[(1, 5, ROOMS), (2, 7, None), (3, 3, ROOMS)],
        &[(1, 5), (2, 6)],
    )
    .await;
    let directory = open(&folder);
    assert_eq!(directory.hosts().await, Ok(Vec::new()), "nobody lives yet");
    let other = enlist(&directory, 2).await;
    for number in [1, 3] {
        let claimed = directory.claim(other, room(number), false).await;
        assert_eq!(claimed, elsewhere(1), "its journal may have more of them");
    }
    let given_up = directory.claim(other, room(2), false).await;
    assert_eq!(given_up, owned(8, Former::Nobody));
    let first = enlist(&directory, 1).await;
    for (number, epoch) in [(1, 6), (3, 4)] {
        let claimed = directory.claim(first, room(number), false).await;
        assert_eq!(claimed, owned(epoch, Former::Itself));
        let archive = EmbeddedArchive::new(Rooms::open(&folder.path().join("rooms.db")).unwrap());
        archive.open(room(number), Epoch(epoch)).await.unwrap();
    }
    drop(directory);
    let again = open(&folder).claim(other, room(2), false).await;
    assert_eq!(again, owned(9, Former::Itself), "it is taken over once");
}

#[tokio::test]
async fn a_directory_that_was_deleted_goes_on_above_the_archives_epochs_and_doubts_what_is_stored()
{
    let folder =
        of_an_older_program(&[(1, 5, ROOMS), (2, 7, None)], &[(1, 9), (2, 9), (3, 4)]).await;
    let directory = open(&folder);
    let me = enlist(&directory, 2).await;
    for (number, epoch) in [(1, 10), (2, 10), (3, 5)] {
        let claimed = directory.claim(me, room(number), false).await;
        assert_eq!(claimed, owned(epoch, Former::Lost), "room {number}");
    }
    let new = directory.claim(me, room(4), false).await;
    assert_eq!(new, owned(1, Former::Nobody));
}

fn placed(placement: &FleetPlacement) -> impl AsyncFn(u8) -> Result<String, String> {
    async |number| {
        let placed = placement.place(room(number), &[]).await;
        let url = placed.map(|place| place.url);
        url.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_room_is_placed_where_its_owner_lives_and_else_where_least_is_carried() {
    let folder = TempDir::new().unwrap();
    let directory = open(&folder);
    let placement = FleetPlacement(directory.clone());
    let place = placed(&placement);
    let nobody =
        "no game host is free just now (none is up that takes rooms); try again in a moment";
    assert_eq!(place(1).await, Err(nobody.to_owned()));
    let mut hosts = Vec::new();
    for slot in 1..=3 {
        let me = enlist(&directory, slot).await;
        let load = Load {
            rooms: 4 - u32::from(slot),
            connections: 0,
        };
        directory.renew(me, 1, load).await.unwrap();
        hosts.push(me);
    }
    let at = |slot: u16| Ok(format!("/s/{slot}/room"));
    assert_eq!(place(1).await, at(3));
    let claimed = directory.claim(hosts[0], room(1), false).await;
    assert_eq!(claimed, owned(1, Former::Nobody));
    assert_eq!(place(1).await, at(1), "whatever it carries");
    assert!(directory.drain(Slot(1), true).await.unwrap());
    assert_eq!(
        place(1).await,
        at(1),
        "it has the room until it hands it over"
    );
    let given = directory
        .hand_over(hosts[0], room(1), Epoch(1), Slot(2))
        .await;
    assert_eq!(given, Ok(HandedOver::Done));
    assert_eq!(place(1).await, at(2), "though it has not claimed yet");
    assert!(directory.mark_lost(hosts[1], 1).await.unwrap());
    assert_eq!(place(1).await, at(3), "lost and draining ones get none");
    directory.withdraw(hosts[2]).await.unwrap();
    assert_eq!(place(1).await, Err(nobody.to_owned()));
}

#[tokio::test]
async fn a_group_is_placed_in_the_region_it_measured_as_best_and_told_what_to_measure() {
    let folder = TempDir::new().unwrap();
    let directory = open(&folder);
    let placement = FleetPlacement(directory.clone());
    let offered = async |number| {
        let place = placement.place(room(number), &[]).await.unwrap();
        let urls = place.choice.into_iter().map(|probe| probe.probe_url);
        urls.collect::<Vec<_>>()
    };
    let mut hosts = Vec::new();
    for (slot, region) in [(1, "eu"), (2, "us")] {
        let new = Enlist {
            slot: Slot(slot),
            region: region.to_owned(),
            url: format!("wss://{region}.test/s/{slot}/room"),
            version: "1.2.3".to_owned(),
            journal: JournalId(u128::from(slot)),
        };
        hosts.push(directory.enlist(new).await.unwrap());
        if hosts.len() == 1 {
            assert!(offered(1).await.is_empty(), "there is nothing to choose");
        }
    }
    let both = ["https://eu.test/s/1/healthz", "https://us.test/s/2/healthz"];
    assert_eq!(offered(1).await, both);
    for (region, far, near) in [("eu", 90, 30), ("us", 20, 30)] {
        let ways =
            [("eu", near), ("us", far)].map(|(name, ms)| (name.to_owned().try_into().unwrap(), ms));
        let group = RoundTrips::try_from(BTreeMap::from(ways)).unwrap();
        let Place { url, .. } = placement.place(room(1), &[group]).await.unwrap();
        assert!(url.starts_with(&format!("wss://{region}.test/")), "{url}");
    }
    let claimed = directory.claim(hosts[0], room(1), false).await;
    assert_eq!(claimed, owned(1, Former::Nobody));
    assert!(offered(1).await.is_empty(), "its owner has it");
    assert_eq!(offered(2).await, both);
    assert!(directory.drain(Slot(1), true).await.unwrap());
    assert!(offered(2).await.is_empty(), "one region takes rooms");
    let known = placement.regions().await.unwrap();
    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
    assert_eq!(known, ["eu", "us"], "whatever its hosts do just now");
}
