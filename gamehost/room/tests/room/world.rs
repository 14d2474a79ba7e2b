//! A room among devices, a journal and an archive, each step compared with the model. What the host would do around
//! the room is done here in the plainest way.

use std::collections::BTreeMap;

use latchkey_protocol::frame::ClientFrame;
use latchkey_protocol::{Body, CloseCode, Mac, UnixMs, limits};
use latchkey_room::{Command, ConnectionId, Input, Now, Read, Room, Summary};
use serde_json::{Value, json};

use crate::device::{Device, Down};
use crate::harness::{Journal, key, member, start, ticket, value};
use crate::history::{History, Outcome};
use crate::storage::Archive;

/// Member of each device: the first two members have two devices.
pub(crate) const DEVICES: [usize; 6] = [0, 1, 2, 3, 0, 1];

pub(crate) struct World {
    pub(crate) room: Room,
    pub(crate) journal: Journal,
    pub(crate) archive: Archive,
    pub(crate) history: History,
    pub(crate) devices: Vec<Device>,
    /// Every body said by each device.
    pub(crate) said: Vec<Vec<Value>>,
    pub(crate) ms: u64,
    wall: u64,
    connections: u64,
    /// When a connection was last told the stored mark.
    told_at: BTreeMap<u64, u64>,
    pub(crate) online: Vec<usize>,
    /// What has happened, by name: a property that is never put to the test proves nothing.
    pub(crate) seen: BTreeMap<&'static str, usize>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            room: Room::open(start(1, Summary::default(), Vec::new())).unwrap(),
            journal: Journal::default(),
            archive: Archive::default(),
            history: History::begin(),
            devices: DEVICES.map(Device::new).into(),
            said: vec![Vec::new(); DEVICES.len()],
            ms: 0,
            wall: 1_000_000,
            connections: 0,
            told_at: BTreeMap::new(),
            online: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(crate) fn see(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.ms += ms;
        self.wall += ms;
    }

    pub(crate) fn set_clock_back(&mut self, ms: u64) {
        self.wall = self.wall.saturating_sub(ms);
    }

    pub(crate) fn journal_fails(&mut self, failing: bool) {
        self.journal.failing = failing;
        self.history.failing = failing;
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) -> Vec<Command> {
        let now = Now {
            elapsed_ms: self.ms,
            wall: UnixMs(self.wall),
        };
        let mut out = Vec::new();
        self.room.handle(input, now, &mut self.journal, &mut out);
        for command in &out {
            if let Command::Keep(checkpoint) = command {
                let stored = self.archive.records.len() as u64;
                assert!(
                    checkpoint.seq.0 <= stored,
                    "kept before its records were stored"
                );
                self.archive.checkpoint = Some(checkpoint.clone());
                self.see("a kept checkpoint");
            }
        }
        out
    }

    /// The one record that was just ordered must be this one; with `None`, there must be none.
    fn ordered(&mut self, expected: Option<&Value>) {
        let journaled = self.journal.records.len();
        match expected {
            Some(expected) => {
                let record = self.journal.records.last().unwrap();
                let before = self.journal.records.iter().nth_back(1);
                let before = before.map_or(Mac::NONE, |record| record.mac);
                assert!(key().verifies(before, record));
                self.history.take(value(&record.to_frame()), expected);
            }
            None => assert_eq!(
                journaled,
                self.history.log.len(),
                "nothing was to be ordered"
            ),
        }
        assert_eq!(self.room.tail().0, self.history.log.len() as u64);
        assert_eq!(journaled, self.history.log.len());
    }

    pub(crate) fn join(&mut self, device: usize) {
        self.disconnect(device);
        if self.devices[device].out {
            return;
        }
        self.connections += 1;
        let (connection, who) = (self.connections, DEVICES[device]);
        let have = self.devices[device].position();
        let commands = self.handle(Input::Join {
            connection: ConnectionId(connection),
            ticket: ticket(who),
            have,
        });
        let joins = !self.history.has_joined(who);
        let turned_away = if self.history.has_left(who) {
            Some(CloseCode::SeatGone)
        } else if joins && self.history.failing {
            Some(CloseCode::NotReady)
        } else {
            None
        };
        self.devices[device].connection = Some(connection);
        if let Some(code) = turned_away {
            self.see(code.name());
            assert_eq!(commands, [Command::Close(ConnectionId(connection), code)]);
            self.ordered(None);
            self.devices[device].down.push_back(Down::Close(code));
            return;
        }
        let joined =
            json!({"kind": "joined", "from": member(who), "n": 0, "body": ticket(who).profile});
        self.ordered(joins.then_some(&joined));
        let mut replies = self.carry_out(connection, commands);
        self.online.push(who);
        self.online.sort_unstable();
        self.check_welcome(device, replies.pop().unwrap(), replies.pop());
        assert!(replies.is_empty());
        self.told_at.insert(connection, self.ms);
    }

    fn check_welcome(&mut self, device: usize, welcome: Value, rewind: Option<Value>) {
        let who = DEVICES[device];
        let copy = &self.devices[device].copy;
        let common = self.history.common(copy);
        let known = self.devices[device].position().is_some();
        assert_eq!(
            welcome["resumed"],
            known && common == copy.len(),
            "{welcome}"
        );
        let rewinds = known && common < copy.len();
        self.see(match (known, rewinds) {
            (false, _) => "a first welcome",
            (true, false) => "a resumed position",
            (true, true) => "a rewind",
        });
        if welcome.get("checkpoint").is_some() {
            self.see("a start from a checkpoint");
        }
        let expected = json!({"op": "rewind", "epoch": self.history.epoch, "seq": common});
        assert_eq!(rewind, rewinds.then_some(expected));
        assert_eq!(welcome["member"], json!(member(who)));
        assert_eq!(welcome["tail"], self.history.log.len());
        assert_eq!(welcome["stored"], self.history.stored);
        assert_eq!(welcome["epoch"], self.history.epoch);
        assert_eq!(welcome["n"], self.history.last_n(who));
        assert_eq!(
            &welcome["finished"],
            self.history.finished().unwrap_or(&Value::Null)
        );
        let here = |who: &usize| self.history.has_joined(*who) && !self.history.has_left(*who);
        let mut seats: Vec<_> = (0..4).filter(here).collect();
        seats.sort_by_key(|who| member(*who));
        let mut told = welcome["members"].as_array().unwrap().clone();
        told.sort_by_key(|seat| seat["id"].as_str().unwrap().to_owned());
        let told: Vec<_> = told
            .iter()
            .map(|seat| (seat["id"].clone(), seat["online"] == true))
            .collect();
        let seats = seats
            .iter()
            .map(|who| (json!(member(*who)), self.online.contains(who)));
        assert_eq!(told, seats.collect::<Vec<_>>());
    }

    /// Does what a room asks for on behalf of `connection`, and gives what was replied to it.
    pub(crate) fn carry_out(&mut self, connection: u64, commands: Vec<Command>) -> Vec<Value> {
        let mut replies = Vec::new();
        for command in commands {
            match command {
                Command::Reply(frame) | Command::Refuse(_, frame) => {
                    replies.push(value(&frame));
                    self.send_down(connection, Down::Frame(value(&frame)));
                }
                Command::Close(id, code) => {
                    self.see(code.name());
                    let closed = self
                        .devices
                        .iter()
                        .find(|device| device.connection == Some(id.0));
                    let who = closed.map(|device| device.who).unwrap();
                    self.online.retain(|online| *online != who);
                    self.send_down(id.0, Down::Close(code));
                }
                Command::Wake | Command::Keep(_) | Command::Finished(_) | Command::NotDone(_) => {}
            }
        }
        replies
    }

    fn send_down(&mut self, connection: u64, what: Down) {
        let device = self
            .devices
            .iter_mut()
            .find(|device| device.connection == Some(connection));
        device.unwrap().down.push_back(what);
    }

    pub(crate) fn disconnect(&mut self, device: usize) {
        let Some(connection) = self.devices[device].disconnect() else {
            return;
        };
        let commands = self.handle(Input::Gone(ConnectionId(connection)));
        if !commands.is_empty() {
            let who = DEVICES[device];
            assert_eq!(commands, [Command::Wake]);
            assert!(self.online.contains(&who));
            self.online.retain(|online| *online != who);
        }
    }

    pub(crate) fn say(&mut self, device: usize) {
        let body = self.devices[device].say(device);
        self.said[device].push(body);
    }

    pub(crate) fn add(&mut self, device: usize, frame: Value) {
        self.devices[device].add(frame);
    }

    /// One frame of a device reaches the room.
    pub(crate) fn deliver(&mut self, device: usize) {
        let Some(frame) = self.devices[device].up.pop_front() else {
            return;
        };
        let (who, connection) = (DEVICES[device], self.devices[device].connection.unwrap());
        let text = frame.to_string();
        let commands = self.handle(Input::Frame {
            connection: ConnectionId(connection),
            frame: ClientFrame::parse(&text).unwrap(),
        });
        let closing = |down: &Down| matches!(down, Down::Close(_));
        if self.devices[device].down.iter().any(closing) {
            assert_eq!(
                commands,
                [],
                "the room does not know this connection any more"
            );
            return self.ordered(None);
        }
        if frame["op"] == "checkpoint" {
            self.ordered(None);
            self.carry_out(
                connection,
                commands
                    .into_iter()
                    .filter(|c| !matches!(c, Command::Refuse(..)))
                    .collect(),
            );
            return;
        }
        let outcome = self.history.judge(who, &frame, self.ms);
        self.see(match outcome {
            Outcome::Dropped => "a repeated frame",
            Outcome::Refused(code) => code,
            Outcome::Ordered => "a record",
        });
        let replies = self.carry_out(connection, commands.clone());
        match outcome {
            Outcome::Dropped => {
                assert_eq!(commands, []);
                self.ordered(None);
            }
            Outcome::Refused(code) => {
                assert_eq!(replies.len(), 1);
                assert_eq!(
                    (&replies[0]["code"], &replies[0]["n"]),
                    (&json!(code), &frame["n"])
                );
                self.ordered(None);
            }
            Outcome::Ordered => {
                assert_eq!(replies, [] as [Value; 0]);
                self.ordered(Some(&record_of(who, &frame)));
                let closed = commands
                    .iter()
                    .any(|command| matches!(command, Command::Close(..)));
                assert_eq!(closed, frame["op"] == "leave");
            }
        }
    }

    /// The host lets a device's connection read once.
    pub(crate) fn read(&mut self, device: usize, archive_piece: usize) {
        let Some(connection) = self.devices[device].connection else {
            return;
        };
        let now = Now {
            elapsed_ms: self.ms,
            wall: UnixMs(self.wall),
        };
        let mut out = Vec::new();
        let read = self.room.read(ConnectionId(connection), now, &mut out);
        for frame in out {
            let frame = value(&frame);
            self.check_read(connection, &frame);
            self.send_down(connection, Down::Frame(frame));
        }
        if let Read::FromArchive { after, through } = read {
            self.see("a read from the archive");
            assert!(after < through && through.0 <= self.archive.records.len() as u64);
            let wanted = self
                .archive
                .records
                .iter()
                .filter(|r| r.seq > after && r.seq <= through);
            let piece: Vec<_> = wanted.take(archive_piece).cloned().collect();
            for record in &piece {
                self.send_down(connection, Down::Frame(value(&record.to_frame())));
            }
            self.room
                .caught_up_to(ConnectionId(connection), piece.last().unwrap().seq);
        }
        if read == Read::CaughtUp {
            let due = self.room.next_due(ConnectionId(connection));
            assert!(due.is_none_or(|due| due > self.ms), "what is due was read");
        }
    }

    fn check_read(&mut self, connection: u64, frame: &Value) {
        match frame["op"].as_str().unwrap() {
            "presence" => {
                let mut online: Vec<_> = frame["online"].as_array().unwrap().clone();
                online.sort_by_key(|id| id.as_str().unwrap().to_owned());
                let mut expected: Vec<_> =
                    self.online.iter().map(|who| json!(member(*who))).collect();
                expected.sort_by_key(|id| id.as_str().unwrap().to_owned());
                assert_eq!(online, expected);
            }
            "stored" => {
                self.see("a stored mark");
                assert_eq!(frame["seq"], self.history.stored);
                let before = self.told_at.insert(connection, self.ms).unwrap();
                assert!(self.ms - before >= limits::STORED_EVERY_MS, "P4.7");
            }
            _ => {}
        }
    }

    /// A device takes in one frame.
    pub(crate) fn hear(&mut self, device: usize) {
        let closes = matches!(self.devices[device].down.front(), Some(Down::Close(_)));
        self.devices[device].hear(&self.history);
        if closes {
            assert!(self.devices[device].connection.is_none());
        }
    }

    pub(crate) fn resend(&mut self, device: usize) {
        self.devices[device].resend();
    }

    /// The operator takes a seat away.
    pub(crate) fn take_away(&mut self, who: usize) {
        let has_seat = self.history.has_joined(who) && !self.history.has_left(who);
        let commands = self.handle(Input::TakeAway(member(who)));
        let taken = has_seat && !self.history.failing;
        let left =
            json!({"kind": "left", "from": member(who), "n": 0, "body": {"why": "taken_away"}});
        self.ordered(taken.then_some(&left));
        let not_done = matches!(commands[..], [Command::NotDone(_)]);
        assert_eq!(not_done, !taken);
        self.carry_out(0, commands);
    }

    pub(crate) fn notice(&mut self) {
        self.handle(Input::Notice(Body::of(&"hello")));
        let notice = json!({"kind": "notice", "from": null, "n": 0, "body": "hello"});
        self.ordered((!self.history.failing).then_some(&notice));
    }
}

/// The record a frame asks for.
fn record_of(who: usize, frame: &Value) -> Value {
    let (kind, body) = match frame["op"].as_str().unwrap() {
        "say" => ("said", frame["body"].clone()),
        "finish" => ("finished", frame["result"].clone()),
        "leave" => ("left", json!({"why": "gave_up"})),
        "profile" => (
            "profile",
            json!({"name": frame["name"], "colour": frame["colour"]}),
        ),
        other => panic!("{other} adds nothing"),
    };
    json!({"kind": kind, "body": body, "from": member(who), "n": frame["n"]})
}
