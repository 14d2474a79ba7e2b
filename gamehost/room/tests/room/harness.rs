//! A room with a journal in memory and hand-driven clocks, and short words for what tests do with it.

use bytes::Bytes;
use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{
    CloseCode, Epoch, MemberId, Position, Profile, Record, RoomId, RoomKey, Seq, Ticket, UnixMs,
};
use latchkey_room::{
    Command, ConnectionId, Input, Log, Now, Read, Room, Start, Summary, Unavailable,
};
use serde_json::{Value, json};

/// When rooms are opened, in elapsed milliseconds.
pub(crate) const OPENED_MS: u64 = 10_000;
/// More reads than any test's frames take.
const READS: usize = 1_000;

/// A journal in memory that can be made to fail.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) records: Vec<Record>,
    pub(crate) failing: bool,
}

impl Log for Journal {
    fn append(&mut self, record: &Record) -> Result<(), Unavailable> {
        if self.failing {
            return Err(Unavailable::Journal);
        }
        self.records.push(record.clone());
        Ok(())
    }
}

pub(crate) fn room_id() -> RoomId {
    RoomId::from_random([3; 20])
}

pub(crate) fn key() -> RoomKey {
    RoomKey::derive(&[5; 32], room_id())
}

/// The `who`th member.
pub(crate) fn member(who: usize) -> MemberId {
    let mut id = [0; 12];
    id[0] = u8::try_from(who % 32).unwrap();
    id[1] = u8::try_from(who / 32).unwrap();
    MemberId::from_random(id)
}

pub(crate) fn ticket(who: usize) -> Ticket {
    Ticket {
        room: room_id(),
        member: member(who),
        profile: Profile {
            name: format!("Member {who}").parse().unwrap(),
            colour: "#3366cc".parse().unwrap(),
        },
    }
}

pub(crate) fn at(epoch: u64, seq: u64) -> Option<Position> {
    Some(Position {
        epoch: Epoch(epoch),
        seq: Seq(seq),
    })
}

pub(crate) fn start(epoch: u64, summary: Summary, unstored: Vec<Record>) -> Start {
    Start {
        room: room_id(),
        epoch: Epoch(epoch),
        key: key(),
        summary,
        unstored,
        elapsed_ms: OPENED_MS,
        checkpoint: None,
    }
}

/// The room under test, its journal and the time.
pub(crate) struct Table {
    pub(crate) room: Room,
    pub(crate) journal: Journal,
    pub(crate) ms: u64,
    pub(crate) wall: u64,
}

impl Table {
    /// An empty room in its first epoch.
    pub(crate) fn new() -> Self {
        Self::open(start(1, Summary::default(), Vec::new()))
    }

    pub(crate) fn open(start: Start) -> Self {
        Self {
            room: Room::open(start).unwrap(),
            journal: Journal::default(),
            ms: OPENED_MS,
            wall: 1_700_000_000_000,
        }
    }

    /// The room after its process died and another epoch began, with what the journal held.
    pub(crate) fn reopened(&self, epoch: u64) -> Self {
        let summary = self.room.summary_at(self.room.stored()).unwrap();
        let stored = summary.tail();
        let records = self.journal.records.iter().cloned();
        let unstored = records.filter(|record| record.seq > stored).collect();
        let mut table = Self::open(start(epoch, summary, unstored));
        table.journal.records = self.journal.records.clone();
        table
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            elapsed_ms: self.ms,
            wall: UnixMs(self.wall),
        }
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.wall += ms;
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) -> Vec<Command> {
        let mut out = Vec::new();
        let now = self.now();
        self.room.handle(input, now, &mut self.journal, &mut out);
        out
    }

    /// Member `who` joins on connection `who`, knowing nothing.
    pub(crate) fn join(&mut self, who: usize) -> Vec<Command> {
        self.join_on(who as u64, who, None)
    }

    pub(crate) fn join_on(
        &mut self,
        connection: u64,
        who: usize,
        have: Option<Position>,
    ) -> Vec<Command> {
        self.handle(Input::Join {
            connection: ConnectionId(connection),
            ticket: ticket(who),
            have,
        })
    }

    pub(crate) fn gone(&mut self, connection: u64) -> Vec<Command> {
        self.handle(Input::Gone(ConnectionId(connection)))
    }

    pub(crate) fn stored(&mut self, seq: u64) -> Vec<Command> {
        self.handle(Input::Stored(Seq(seq)))
    }

    /// Sends a frame given as JSON.
    pub(crate) fn send(&mut self, connection: u64, frame: &Value) -> Vec<Command> {
        self.send_text(connection, &frame.to_string())
    }

    pub(crate) fn send_text(&mut self, connection: u64, text: &str) -> Vec<Command> {
        self.handle(Input::Frame {
            connection: ConnectionId(connection),
            frame: ClientFrame::parse(text).unwrap(),
        })
    }

    pub(crate) fn say(&mut self, connection: u64, n: u64) -> Vec<Command> {
        self.send(
            connection,
            &json!({"op": "say", "n": n, "body": {"says": n}}),
        )
    }

    /// Says with `n` from `from` to `to` at a pace that is never refused.
    pub(crate) fn say_many(&mut self, connection: u64, from: u64, to: u64) {
        for n in from..=to {
            self.pass(34);
            let commands = self.say(connection, n);
            assert_eq!(replies(&commands), Vec::<Value>::new(), "say {n}");
        }
    }

    /// One read.
    pub(crate) fn read_once(&mut self, connection: u64) -> (Read, Vec<Bytes>) {
        let mut out = Vec::new();
        let now = self.now();
        let read = self.room.read(ConnectionId(connection), now, &mut out);
        (read, out)
    }

    /// Reads until there is nothing more, taking what memory does not hold from the journal.
    pub(crate) fn read(&mut self, connection: u64) -> Vec<Value> {
        let mut frames = Vec::new();
        for _ in 0..READS {
            let (read, out) = self.read_once(connection);
            frames.extend(out.iter().map(|frame| value(frame)));
            match read {
                Read::CaughtUp | Read::Gone => return frames,
                Read::More => {}
                Read::FromArchive { after, through } => {
                    let records = self.journal.records.iter();
                    let missing = records.filter(|r| r.seq > after && r.seq <= through);
                    frames.extend(missing.map(|record| value(&record.to_frame())));
                    self.room.caught_up_to(ConnectionId(connection), through);
                }
            }
        }
        panic!("after {READS} reads there still is more");
    }
}

pub(crate) fn value(frame: &[u8]) -> Value {
    serde_json::from_slice(frame).unwrap()
}

pub(crate) fn replies(commands: &[Command]) -> Vec<Value> {
    let replies = commands.iter().filter_map(|command| match command {
        Command::Reply(frame) | Command::Refuse(_, frame) => Some(value(frame)),
        _ => None,
    });
    replies.collect()
}

pub(crate) fn closes(commands: &[Command]) -> Vec<(u64, CloseCode)> {
    let closes = commands.iter().filter_map(|command| match command {
        Command::Close(connection, code) => Some((connection.0, *code)),
        _ => None,
    });
    closes.collect()
}

pub(crate) fn kept(commands: &[Command]) -> Vec<u64> {
    let kept = commands.iter().filter_map(|command| match command {
        Command::Keep(checkpoint) => Some(checkpoint.seq.0),
        _ => None,
    });
    kept.collect()
}

/// The codes of the refusals among the replies.
pub(crate) fn refused(commands: &[Command]) -> Vec<String> {
    let replies = replies(commands);
    let refusals = replies.iter().filter(|reply| reply["op"] == "refused");
    refusals
        .map(|reply| reply["code"].as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn ops(frames: &[Value]) -> Vec<&str> {
    frames
        .iter()
        .map(|frame| frame["op"].as_str().unwrap())
        .collect()
}

/// The numbers of the records among `frames`.
pub(crate) fn seqs(frames: &[Value]) -> Vec<u64> {
    let records = frames.iter().filter(|frame| frame["op"] == "record");
    records
        .map(|record| record["seq"].as_u64().unwrap())
        .collect()
}
