//! A client that keeps its copy by the rules of the protocol, as the sdk does, on a connection that can lose what is
//! under way in both directions.

use std::collections::VecDeque;

use latchkey_protocol::{CloseCode, Position};
use serde_json::{Value, json};

use crate::harness::{at, member};
use crate::history::History;

/// A frame of one's own that may still be needed: it is not ordered yet, or not stored.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    /// The frame without its number.
    frame: Value,
    n: u64,
    /// Its record's number, once heard.
    seq: Option<u64>,
}

impl Own {
    fn numbered(&self) -> Value {
        let mut frame = self.frame.clone();
        frame["n"] = json!(self.n);
        frame
    }
}

/// What comes down a connection.
#[derive(Debug)]
pub(crate) enum Down {
    Frame(Value),
    Close(CloseCode),
}

#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) who: usize,
    pub(crate) connection: Option<u64>,
    pub(crate) up: VecDeque<Value>,
    pub(crate) down: VecDeque<Down>,
    /// Its copy of the log. What a checkpoint stood for is filled in from the truth it was checked against.
    pub(crate) copy: Vec<Value>,
    welcomed: bool,
    rewound: bool,
    stored: u64,
    pub(crate) own: Vec<Own>,
    next_n: u64,
    /// It must not come back: its seat is gone.
    pub(crate) out: bool,
    /// Another device took the seat since; what this one had under way is given up.
    pub(crate) was_taken_over: bool,
    said: u64,
}

impl Device {
    pub(crate) fn new(who: usize) -> Self {
        Self {
            who,
            connection: None,
            up: VecDeque::new(),
            down: VecDeque::new(),
            copy: Vec::new(),
            welcomed: false,
            rewound: false,
            stored: 0,
            own: Vec::new(),
            next_n: 1,
            out: false,
            was_taken_over: false,
            said: 0,
        }
    }

    pub(crate) fn position(&self) -> Option<Position> {
        let epoch = self.copy.last()?["epoch"].as_u64()?;
        at(epoch, self.copy.len() as u64)
    }

    /// The connection breaks: what was under way is lost, the copy and the own frames are kept.
    pub(crate) fn disconnect(&mut self) -> Option<u64> {
        self.up.clear();
        self.down.clear();
        self.welcomed = false;
        self.rewound = false;
        self.connection.take()
    }

    /// Says something nobody else says, at once or when it is welcomed next.
    pub(crate) fn say(&mut self, device: usize) -> Value {
        self.said += 1;
        let body = json!([device, self.said]);
        self.add(json!({"op": "say", "body": body}));
        body
    }

    pub(crate) fn add(&mut self, frame: Value) {
        let own = Own {
            frame,
            n: self.next_n,
            seq: None,
        };
        self.next_n += 1;
        if self.welcomed {
            self.up.push_back(own.numbered());
        }
        self.own.push(own);
    }

    pub(crate) fn resend(&mut self) {
        if self.welcomed {
            let unheard = self.own.iter().filter(|own| own.seq.is_none());
            self.up.extend(unheard.map(Own::numbered));
        }
    }

    pub(crate) fn has_unheard(&self) -> bool {
        self.own.iter().any(|own| own.seq.is_none())
    }

    /// Takes in one thing from the connection.
    pub(crate) fn hear(&mut self, truth: &History) {
        match self.down.pop_front() {
            None => {}
            Some(Down::Close(code)) => {
                if code == CloseCode::TakenOver {
                    self.own.clear();
                    self.was_taken_over = true;
                }
                self.out = code == CloseCode::SeatGone;
                self.disconnect();
            }
            Some(Down::Frame(frame)) => match frame["op"].as_str().unwrap() {
                "rewind" => {
                    assert!(!self.welcomed, "P4.8: a rewind comes before the welcome");
                    self.rewound = true;
                }
                "welcome" => self.welcome(&frame, truth),
                "record" => self.record(frame, truth),
                "stored" => self.stored(frame["seq"].as_u64().unwrap()),
                "refused" => self.refused(&frame),
                "presence" => assert!(self.welcomed),
                other => panic!("nobody sent {other}"),
            },
        }
    }

    fn welcome(&mut self, welcome: &Value, truth: &History) {
        let n = welcome["n"].as_u64().unwrap();
        assert!(!self.welcomed);
        assert!(!self.rewound || welcome["resumed"] == false, "P4.8");
        if welcome["resumed"] == false {
            let checkpoint = welcome.get("checkpoint");
            let from = checkpoint.map_or(0, |checkpoint| {
                let seq = usize::try_from(checkpoint["seq"].as_u64().unwrap()).unwrap();
                assert_eq!(checkpoint["epoch"], truth.log[seq - 1]["epoch"]);
                assert_eq!(
                    checkpoint["state"],
                    truth.state(seq),
                    "a checkpoint of this history"
                );
                seq
            });
            self.copy = truth.log[..from].to_vec();
            self.own.retain(|own| own.n > n);
        }
        // Whatever is above the log's last number is not in the log; numbers follow on from there.
        let missing = self.own.iter_mut().filter(|own| own.n > n);
        self.next_n = n + 1;
        for own in missing {
            own.seq = None;
            own.n = self.next_n;
            self.next_n += 1;
        }
        self.welcomed = true;
        self.rewound = false;
        self.stored(welcome["stored"].as_u64().unwrap());
        let missing = self.own.iter().filter(|own| own.n > n);
        self.up.extend(missing.map(Own::numbered));
    }

    fn record(&mut self, record: Value, truth: &History) {
        assert!(self.welcomed, "P4.1: nothing comes before the welcome");
        let seq = self.copy.len() + 1;
        assert_eq!(record["seq"], json!(seq), "P5.1: without gaps, each once");
        assert_eq!(record, truth.log[seq - 1], "P5.1: the same for all");
        if record["from"] == json!(member(self.who)) {
            let n = record["n"].as_u64().unwrap();
            if let Some(at) = self.own.iter().position(|own| own.n == n) {
                self.own[at].seq = Some(seq as u64);
            }
        }
        self.copy.push(record);
        self.forget_stored();
    }

    fn stored(&mut self, seq: u64) {
        assert!(
            seq >= self.stored,
            "P4.7: from {} back to {seq}",
            self.stored
        );
        self.stored = seq;
        self.forget_stored();
    }

    fn forget_stored(&mut self) {
        let stored = self.stored;
        self.own
            .retain(|own| own.seq.is_none_or(|seq| seq > stored));
    }

    fn refused(&mut self, refusal: &Value) {
        let n = refusal["n"].as_u64().unwrap();
        let at = self
            .own
            .iter()
            .position(|own| own.n == n && own.frame["op"] == "finish");
        match (refusal["code"].as_str().unwrap(), at) {
            ("finished", Some(at)) => {
                // It will never be ordered, so its number is free for what follows it (P8.1).
                self.own.remove(at);
                self.own[at..].iter_mut().for_each(|own| own.n -= 1);
                self.next_n -= 1;
                self.resend();
            }
            ("finished" | "gap" | "rate" | "unavailable", _) => {}
            (other, _) => panic!("nobody deserves {other}"),
        }
    }
}
