//! A room and the lines to its connections, over sockets that take as much as a test says.

use std::path::Path;
use std::time::Duration;

use latchkey_journal::{Folder, Journal, Limits};
use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{Epoch, MemberId, RoomId, RoomKey, Ticket, UnixMs, limits};
use latchkey_room::{Room, Start, Summary};
use tempfile::TempDir;

use super::*;
use crate::line::Sink;
use crate::line::tests::Played;
use crate::live::{Ended, LiveRoom};
use crate::membership::Term;
use crate::ports::{Generation, HostId, Slot};

const NOW: Now = Now {
    elapsed_ms: 1,
    wall: UnixMs(1),
};

struct Stage {
    live: LiveRoom,
    desk: Desk,
    joined: u64,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let room = RoomId::from_random([1; 20]);
        let start = Start {
            room,
            epoch: Epoch(1),
            key: RoomKey::derive(&[0; 32], room),
            summary: Summary::default(),
            unstored: Vec::new(),
            elapsed_ms: 0,
            checkpoint: None,
        };
        let me = HostId {
            slot: Slot(1),
            generation: Generation(1),
        };
        // A lease that no test outlives.
        let term = Term::new(me, 1_000_000, 0);
        let desk = Desk::new(journal(folder.path()), limits::HOST_UNSTORED_BYTES);
        let opened = Room::open(start).unwrap();
        Self {
            live: LiveRoom::new(opened, Duration::ZERO, term, &desk.backlog),
            desk,
            joined: 0,
            _folder: folder,
        }
    }

    /// A member joins over a socket that takes everything.
    fn join(&mut self, member: u8) -> (ConnectionId, Arc<Line>, Arc<Played>) {
        let socket = Played::new();
        socket.takes(usize::MAX);
        let line = Arc::new(Line::new(Sink::Played(socket.clone()), 0));
        self.joined += 1;
        let id = ConnectionId(self.joined);
        let ticket = Ticket {
            room: self.live.id,
            member: MemberId::from_random([member; 12]),
            profile: latchkey_protocol::Profile {
                name: "Ada".parse().unwrap(),
                colour: "#3366cc".parse().unwrap(),
            },
        };
        let joined = self
            .live
            .join(&self.desk, NOW, (id, line.clone()), ticket, None);
        assert!(joined.unwrap().close.is_none());
        (id, line, socket)
    }

    fn say(&self, from: ConnectionId, n: u64, body: &str) -> Result<Outcome, Ended> {
        let text = format!(r#"{{"op":"say","n":{n},"body":"{body}"}}"#);
        let now = Now {
            elapsed_ms: n * 1_000,
            ..NOW
        };
        let frame = ClientFrame::parse(&text).unwrap();
        self.live.frame(&self.desk, now, from, frame)
    }

    /// A connection's own task goes on until nothing is left.
    fn write_on(&self, id: ConnectionId, line: &Line) {
        loop {
            line.lock().flush(0);
            match self.live.deliver(&self.desk, NOW, id).unwrap() {
                Delivered::All(_) | Delivered::Full => return,
                Delivered::More => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

fn journal(folder: &Path) -> Journal {
    let disk = Folder::open(folder.join("journal")).unwrap();
    Journal::open(Arc::new(disk), Limits::default()).unwrap().0
}

fn bodies(socket: &Played) -> Vec<u64> {
    let texts = socket.texts();
    let said = texts
        .iter()
        .filter(|text| text.contains(r#""kind":"said""#));
    let body = |text: &String| text.rsplit('-').next()?.strip_suffix("\"}")?.parse().ok();
    said.map(|text| body(text).expect("a body ends in its number"))
        .collect()
}

#[test]
fn p5_1_a_socket_that_takes_little_at_a_time_gets_the_same_records_in_the_same_order() {
    let mut stage = Stage::new();
    let (speaker, _, fast) = stage.join(1);
    let (id, line, socket) = stage.join(2);
    socket.takes_no_more();
    for n in 1..=200 {
        stage
            .say(speaker, n, &format!("{}-{n}", "x".repeat(300)))
            .unwrap();
        socket.takes(usize::try_from(n * 37 % 401).unwrap());
        if n % 3 == 0 {
            stage.write_on(id, &line);
        }
    }
    socket.takes(usize::MAX);
    stage.write_on(id, &line);
    assert_eq!(bodies(&socket), (1..=200).collect::<Vec<_>>());
    assert_eq!(bodies(&socket), bodies(&fast));
}

#[test]
fn p8_3_a_reader_that_takes_nothing_keeps_one_read_and_no_more() {
    let mut stage = Stage::new();
    let (speaker, _, fast) = stage.join(1);
    let (_, line, stuck) = stage.join(2);
    stuck.takes_no_more();
    for n in 1..=100 {
        stage
            .say(speaker, n, &format!("{}-{n}", "x".repeat(10_000)))
            .unwrap();
    }
    assert_eq!(bodies(&fast).len(), 100);
    assert!(line.lock().is_full());
    assert!(line.lock().kept() <= limits::READ_AT_ONCE);
}

#[test]
fn p7_2_a_seat_taken_over_in_the_middle_of_a_write_gets_no_byte_more_from_the_room() {
    let mut stage = Stage::new();
    let (speaker, ..) = stage.join(1);
    let (former, line, socket) = stage.join(2);
    socket.takes_no_more();
    socket.takes(10);
    stage.say(speaker, 1, "x-1").unwrap();
    assert!(line.lock().is_full());
    let kept = line.lock().kept();
    let (_, _, new) = stage.join(2);
    stage.say(speaker, 2, "x-2").unwrap();
    assert_eq!(line.closed(), Some(CloseCode::TakenOver));
    assert_eq!(
        stage.live.deliver(&stage.desk, NOW, former),
        Ok(Delivered::Gone)
    );
    assert_eq!(
        line.lock().kept(),
        kept,
        "its task ends the frame it had begun and closes"
    );
    assert_eq!(bodies(&new), [1, 2]);
}

#[test]
fn a_panic_while_a_record_goes_out_ends_the_room_and_leaves_no_half_frame_before_another() {
    let mut stage = Stage::new();
    let (speaker, _, first) = stage.join(1);
    let (_, line, second) = stage.join(2);
    let (_, other, third) = stage.join(3);
    second.panics();
    let outcome = stage.say(speaker, 1, "x-1");
    assert_eq!(outcome.unwrap_err(), Ended::Stopped(CloseCode::RoomFailed));
    assert!(line.lock().has_failed());
    assert_eq!(other.closed(), Some(CloseCode::RoomFailed));
    assert_eq!(bodies(&first), [1], "what was seen was journaled");
    assert_eq!(bodies(&third), [0; 0]);
}

#[test]
fn a_socket_that_breaks_ends_its_own_connection_only() {
    let mut stage = Stage::new();
    let (speaker, ..) = stage.join(1);
    let (id, line, broken) = stage.join(2);
    let (_, _, fine) = stage.join(3);
    broken.breaks();
    stage.say(speaker, 1, "x-1").unwrap();
    assert!(line.lock().has_failed());
    assert_eq!(
        stage.live.deliver(&stage.desk, NOW, id),
        Ok(Delivered::Full)
    );
    assert_eq!(bodies(&fine), [1]);
}
