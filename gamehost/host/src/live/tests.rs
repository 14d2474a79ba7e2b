//! What a room that was stopped still has for the archive, and that a room is silent without its host's lease.

use latchkey_protocol::{Body, Epoch, Kind, Mac, MemberId, Record, RoomKey, Seq, UnixMs};
use latchkey_room::{Start, Summary};

use super::*;
use crate::ports::{Generation, Slot};

/// A room of which one record is in the journal alone.
pub(crate) fn with_an_unstored_record() -> LiveRoom {
    let me = HostId {
        slot: Slot(1),
        generation: Generation(1),
    };
    with_an_unstored_record_under(Term::new(me, 0, 0), &Backlog::new(u64::MAX))
}

fn with_an_unstored_record_under(term: Term, backlog: &Arc<Backlog>) -> LiveRoom {
    let room = RoomId::from_random([1; 20]);
    let joined = Record {
        seq: Seq(1),
        epoch: Epoch(1),
        from: Some(MemberId::from_random([2; 12])),
        n: 0,
        at: UnixMs(1),
        kind: Kind::Joined,
        body: Body::from_checked(Bytes::from_static(
            br##"{"name":"Ada","colour":"#3366cc"}"##,
        )),
        mac: Mac([0; 16]),
    };
    let start = Start {
        room,
        epoch: Epoch(2),
        key: RoomKey::derive(&[0; 32], room),
        summary: Summary::default(),
        unstored: vec![joined],
        elapsed_ms: 0,
        checkpoint: None,
    };
    LiveRoom::new(Room::open(start).unwrap(), Duration::ZERO, term, backlog)
}

const NOW: Now = Now {
    elapsed_ms: 0,
    wall: UnixMs(5),
};

/// A desk over a journal in a folder of its own.
fn desk() -> (tempfile::TempDir, Desk) {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(latchkey_journal::Folder::open(folder.path()).unwrap());
    let limits = latchkey_journal::Limits::default();
    let (journal, _) = latchkey_journal::Journal::open(disk, limits).unwrap();
    let bytes = latchkey_protocol::limits::HOST_UNSTORED_BYTES;
    (folder, Desk::new(journal, bytes))
}

#[test]
fn a_room_that_was_told_to_go_still_gives_its_records() {
    let live = with_an_unstored_record();
    live.stop(CloseCode::GoingAway);
    assert_eq!(live.pending(), Pending::Since(0));
    assert_eq!(live.batch().unwrap().chunk.unwrap().0.last(), Seq(1));
}

#[test]
fn a_room_that_failed_or_was_lost_has_no_more_turns_whatever_else_it_was_told() {
    for code in [CloseCode::RoomFailed, CloseCode::NotReady] {
        let (lost, told_before) = (with_an_unstored_record(), with_an_unstored_record());
        told_before.stop(CloseCode::GoingAway);
        for live in [lost, told_before] {
            live.stop(code);
            assert_eq!(live.pending(), Pending::Nothing);
            assert!(live.batch().is_none());
            assert!(live.owes(), "the journal has what it ordered");
        }
    }
}

#[test]
fn a_room_that_panicked_may_have_journaled_more_than_its_books_say() {
    let live = with_an_unstored_record();
    live.lock().marks.stored = Seq(1);
    assert!(!live.owes());
    let panicked = live.with(|_| panic!("a test asked this room to panic"));
    assert_eq!(
        panicked,
        Err::<(), _>(Ended::Stopped(CloseCode::RoomFailed))
    );
    assert!(live.owes());
}

#[test]
fn a_room_on_its_way_to_the_archive_does_not_leave_memory() {
    let live = with_an_unstored_record();
    let (_folder, desk) = desk();
    live.journaled(Seq(1));
    live.stored(&desk, NOW, Seq(1)).unwrap();
    *live.standing() = Standing::Turn;
    assert!(!live.evict(Duration::from_secs(60), Duration::from_secs(1)));
    *live.standing() = Standing::Nowhere;
    assert!(live.evict(Duration::from_secs(60), Duration::from_secs(1)));
}

#[test]
fn a_room_orders_nothing_while_its_hosts_lease_is_over_and_nothing_ever_again_when_it_was_ended() {
    let (_folder, desk) = desk();
    let me = HostId {
        slot: Slot(1),
        generation: Generation(1),
    };
    let term = Term::new(me, 0, 0);
    let live = with_an_unstored_record_under(term.clone(), &desk.backlog);
    let says = |elapsed_ms| {
        let wall = UnixMs(5);
        let said = live.notice(&desk, Now { elapsed_ms, wall }, Body::of(&"hello"));
        said.unwrap().is_ok()
    };
    let over = term.lease.until_ms();
    assert!(says(over - 1));
    assert!(!says(over));
    term.lease.renew(over);
    assert!(says(over));
    term.lease.end();
    assert!(!says(0) && !says(over));
}

#[test]
fn what_a_room_was_opened_with_is_held_until_it_is_gone_also_when_it_panicked_or_was_stopped() {
    let me = HostId {
        slot: Slot(1),
        generation: Generation(1),
    };
    let backlog = Backlog::new(u64::MAX);
    let [panicked, stopped] = [(); 2].map(|()| {
        let term = Term::new(me, 0, 0);
        with_an_unstored_record_under(term, &backlog)
    });
    let both = backlog.bytes();
    assert!(both > 0);
    let _ = panicked.with(|_| panic!("a test asked this room to panic"));
    stopped.stop(CloseCode::NotReady);
    assert_eq!(backlog.bytes(), both, "their memory is held still");
    drop(panicked);
    assert_eq!(backlog.bytes(), both / 2);
    drop(stopped);
    assert_eq!(backlog.bytes(), 0);
}
