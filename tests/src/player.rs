//! A room client as faithful to the protocol as the browser's sdk, which also keeps a history for the checker:
//! it holds a position, resends what is not ordered, obeys rewinds, and comes back with a new ticket.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::time::{Interval, Sleep};

use crate::history::{History, Record, Seen, Welcome};
use crate::seat::{Seat, join_frame};
use crate::socket::{Closed, Incoming, Socket};
use crate::wait::{PATIENCE, within};

/// What one step of a player saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A record, already noted.
    Record(Record),
    /// Another frame.
    Frame(Value),
    /// The connection ended.
    Closed(Closed),
}

#[derive(Debug)]
struct Own {
    n: u64,
    frame: String,
}

/// Frames a slowed client sends at one time, and the wait between two portions: below what the host takes (P8).
const PORTION: usize = 5;
const PORTION_EVERY: Duration = Duration::from_millis(200);

/// Between two beats, as the sdk has it.
const BEAT_EVERY: Duration = Duration::from_secs(20);

/// A client with a history.
#[derive(Debug)]
pub struct Player {
    /// The seat.
    pub seat: Seat,
    /// What happened so far.
    pub history: History,
    /// The records it holds, from the first on.
    pub log: Vec<Record>,
    /// The last record known to be stored.
    pub stored: u64,
    /// Frames refused because there were too many of them; each is sent again.
    pub slowed: u64,
    /// Where its log begins: after this record.
    pub start: u64,
    socket: Option<Socket>,
    epoch: u64,
    n: u64,
    unordered: VecDeque<Own>,
    /// Own frames that are ordered and not known to be stored, with the record they are at most: a host whose disk is
    /// lost may ask for them again (P4.8).
    unstored: VecDeque<(u64, Own)>,
    last_frame: Option<String>,
    /// Own frames up to here have been handed to the present connection.
    sent: u64,
    /// Until then nothing of one's own is sent, because the host asked for a wait.
    hold: Option<Pin<Box<Sleep>>>,
    /// When to show the host that it is still here (P3.9).
    beats: Option<Interval>,
    /// Since the host asked for a wait on this connection, frames go in small portions.
    careful: bool,
}

impl Player {
    /// A client for this seat that has not connected yet.
    #[must_use]
    pub fn new(seat: Seat) -> Self {
        let history = History::new(&seat.member);
        Self {
            seat,
            history,
            log: Vec::new(),
            stored: 0,
            slowed: 0,
            start: 0,
            socket: None,
            epoch: 0,
            n: 0,
            unordered: VecDeque::new(),
            unstored: VecDeque::new(),
            last_frame: None,
            sent: 0,
            hold: None,
            beats: None,
            careful: false,
        }
    }

    /// Whether there is a connection, as far as is known.
    #[must_use]
    pub fn connected(&self) -> bool {
        self.socket.is_some()
    }

    /// The last record it holds.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.log.last().map_or(self.start, |record| record.seq)
    }

    /// How many own frames are not ordered yet.
    #[must_use]
    pub fn unordered(&self) -> usize {
        self.unordered.len()
    }

    /// Connects, joins, and sends again what is not ordered.
    ///
    /// # Errors
    /// When any step fails; nothing is lost by that, and it may be tried again.
    pub async fn connect(&mut self) -> anyhow::Result<()> {
        self.socket = None;
        self.history.note(Seen::Asked);
        let place = self.seat.place().await?;
        let mut socket = self.seat.open(&place).await?;
        let have = (self.held() > 0).then_some((self.epoch, self.held()));
        socket.send(join_frame(&place.ticket, have)).await?;
        within(PATIENCE, "the welcome", self.welcomed(&mut socket)).await??;
        self.socket = Some(socket);
        self.hold = None;
        self.careful = false;
        self.beats = Some(tokio::time::interval(BEAT_EVERY));
        self.send_again();
        self.send_unordered().await
    }

    async fn welcomed(&mut self, socket: &mut Socket) -> anyhow::Result<()> {
        loop {
            let text = match socket.next().await {
                Incoming::Frame(text) => text,
                Incoming::Closed(closed) => anyhow::bail!("closed before the welcome: {closed:?}"),
            };
            let frame: Value = serde_json::from_str(&text)?;
            match frame["op"].as_str() {
                Some("rewind") => {
                    let seq = number(&frame["seq"])?;
                    self.history.note(Seen::Rewound { seq });
                    self.log.clear();
                }
                Some("welcome") => return self.take_welcome(&frame),
                _ => anyhow::bail!("before the welcome came {text}"),
            }
        }
    }

    fn take_welcome(&mut self, frame: &Value) -> anyhow::Result<()> {
        let checkpoint = frame.get("checkpoint").filter(|value| !value.is_null());
        let checkpoint = checkpoint
            .map(|c| anyhow::Ok((number(&c["seq"])?, c["state"].to_string())))
            .transpose()?;
        let welcome = Welcome {
            epoch: number(&frame["epoch"])?,
            tail: number(&frame["tail"])?,
            stored: number(&frame["stored"])?,
            resumed: frame["resumed"].as_bool().context("resumed")?,
            checkpoint,
            n: number(&frame["n"])?,
            finished: frame["finished"].as_u64(),
        };
        anyhow::ensure!(
            frame["member"] == self.seat.member,
            "welcomed as another: {frame}"
        );
        if !welcome.resumed {
            self.log.clear();
            self.start = welcome.checkpoint.as_ref().map_or(0, |(seq, _)| *seq);
        }
        self.epoch = welcome.epoch;
        self.stored = welcome.stored;
        // What the log holds of one's own is ordered, whether its record was seen yet or not; what it no longer holds is
        // to be said again.
        self.ordered_to(welcome.n, welcome.tail);
        while self
            .unstored
            .back()
            .is_some_and(|(_, own)| own.n > welcome.n)
        {
            self.unordered
                .extend(self.unstored.pop_back().map(|(_, own)| own));
            self.unordered.rotate_right(1);
        }
        self.n = self.n.max(welcome.n);
        self.history.note(Seen::Welcomed(welcome));
        Ok(())
    }

    /// Says something: now, and again after each reconnect until it is ordered. Without a connection it waits.
    pub async fn say(&mut self, body: &Value) {
        let n = self.decide(&body.to_string());
        let frame = json!({"op": "say", "n": n, "body": body}).to_string();
        self.queue(n, frame).await;
    }

    /// Ends the game.
    pub async fn finish(&mut self, result: &Value) {
        let n = self.decide(&result.to_string());
        let frame = json!({"op": "finish", "n": n, "result": result}).to_string();
        self.queue(n, frame).await;
    }

    fn decide(&mut self, body: &str) -> u64 {
        self.n += 1;
        self.history.note(Seen::Said {
            n: self.n,
            body: body.to_owned(),
        });
        self.n
    }

    async fn queue(&mut self, n: u64, frame: String) {
        self.last_frame = Some(frame.clone());
        self.unordered.push_back(Own { n, frame });
        if self.send_unordered().await.is_err() {
            self.lost();
        }
    }

    /// Own frames to `n` are in the log, at record `seq` at most.
    fn ordered_to(&mut self, n: u64, seq: u64) {
        while self.unordered.front().is_some_and(|own| own.n <= n) {
            self.unstored
                .extend(self.unordered.pop_front().map(|own| (seq, own)));
        }
    }

    /// Everything not ordered is due to be sent, as if it had not been.
    fn send_again(&mut self) {
        self.sent = self.unordered.front().map_or(self.n, |first| first.n - 1);
    }

    async fn send_unordered(&mut self) -> anyhow::Result<()> {
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        if self.hold.is_some() {
            return Ok(());
        }
        let sent = self.sent;
        let portion = if self.careful { PORTION } else { usize::MAX };
        let due = self.unordered.iter().filter(|own| own.n > sent);
        for own in due.take(portion) {
            socket.feed(own.frame.clone()).await?;
            self.sent = own.n;
        }
        if self.careful {
            self.hold = Some(Box::pin(tokio::time::sleep(PORTION_EVERY)));
        }
        socket.flush().await
    }

    /// Sends its last frame once more, as a client that does not know whether it arrived; the host drops it (P3.3).
    pub async fn stammer(&mut self) {
        if let (Some(socket), Some(frame)) = (&mut self.socket, self.last_frame.clone())
            && socket.send(frame).await.is_err()
        {
            self.lost();
        }
    }

    /// Offers a state after record `seq` as a checkpoint (P3.6); it may come too early, which is no fault.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn offer(&mut self, seq: u64, state: &Value) -> anyhow::Result<()> {
        self.history.note(Seen::Offered {
            seq,
            state: state.to_string(),
        });
        self.send(&json!({"op": "checkpoint", "seq": seq, "state": state}))
            .await
    }

    /// Sends a frame that the history does not know of, as a signal or beat.
    ///
    /// # Errors
    /// When there is no connection.
    pub async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        self.socket
            .as_mut()
            .context("not connected")?
            .send(frame.to_string())
            .await
    }

    /// The next thing the host says; may be dropped and asked again without loss.
    ///
    /// # Errors
    /// When it says something that is not the protocol.
    pub async fn step(&mut self) -> anyhow::Result<Step> {
        let incoming = loop {
            let Some(socket) = &mut self.socket else {
                // It was found to be gone when something was to be sent.
                return Ok(Step::Closed(Closed::without_a_word()));
            };
            tokio::select! {
                incoming = socket.next() => break incoming,
                () = due(self.hold.as_mut()) => {
                    self.hold = None;
                    if self.send_unordered().await.is_err() {
                        self.lost();
                    }
                }
                () = beat(self.beats.as_mut()) => {
                    if self.send(&json!({"op": "beat", "t": 0})).await.is_err() {
                        self.lost();
                    }
                }
            }
        };
        let text = match incoming {
            Incoming::Frame(text) => text,
            Incoming::Closed(closed) => {
                self.lost();
                return Ok(Step::Closed(closed));
            }
        };
        if text.starts_with(r#"{"op":"record""#) {
            let record = Record::parse(&text).with_context(|| text.clone())?;
            self.take_record(&record);
            return Ok(Step::Record(record));
        }
        let frame: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        match frame["op"].as_str() {
            Some("stored") => {
                self.stored = number(&frame["seq"])?;
                self.unstored.retain(|(seq, _)| *seq > self.stored);
                self.history.note(Seen::Stored(self.stored));
            }
            Some("refused") => self.refused(&frame).await?,
            _ => {}
        }
        Ok(Step::Frame(frame))
    }

    fn take_record(&mut self, record: &Record) {
        self.history.note(Seen::Record(record.clone()));
        self.epoch = self.epoch.max(record.epoch);
        if record.from.as_deref() == Some(&self.seat.member) {
            self.ordered_to(record.n, record.seq);
        }
        self.log.push(record.clone());
    }

    /// A refused frame consumes nothing (P8.1): it and what follows it go again, after the wait asked for.
    async fn refused(&mut self, frame: &Value) -> anyhow::Result<()> {
        let wait = match frame["code"].as_str() {
            Some("checkpoint_early") => return Ok(()),
            Some("rate") => {
                self.slowed += 1;
                self.careful = true;
                frame["retry_after"].as_u64()
            }
            Some("unavailable") => frame["retry_after"].as_u64().or(Some(100)),
            Some("gap") => None,
            _ => anyhow::bail!("refused: {frame}"),
        };
        self.send_again();
        if let Some(wait) = wait {
            self.hold = Some(Box::pin(tokio::time::sleep(Duration::from_millis(wait))));
        }
        if self.send_unordered().await.is_err() {
            self.lost();
        }
        Ok(())
    }

    /// Drops the connection without a word, as a broken network does.
    pub fn cut(&mut self) {
        self.lost();
    }

    fn lost(&mut self) {
        self.socket = None;
        self.hold = None;
        self.history.note(Seen::Lost);
    }

    /// Steps until `enough` says so.
    ///
    /// # Errors
    /// When the connection ends first, or it takes too long.
    pub async fn until(
        &mut self,
        what: &str,
        mut enough: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        within(PATIENCE, what, async {
            while !enough(self) {
                if let Step::Closed(closed) = self.step().await? {
                    anyhow::bail!("closed with {closed:?} before {what}");
                }
            }
            Ok(())
        })
        .await?
    }
}

/// Waits for a wait that was asked for; for ever when there is none.
async fn due(hold: Option<&mut Pin<Box<Sleep>>>) {
    match hold {
        Some(hold) => hold.await,
        None => std::future::pending().await,
    }
}

/// Waits for the next beat.
async fn beat(beats: Option<&mut Interval>) {
    match beats {
        Some(beats) => _ = beats.tick().await,
        None => std::future::pending().await,
    }
}

fn number(value: &Value) -> anyhow::Result<u64> {
    value
        .as_u64()
        .with_context(|| format!("not a number: {value}"))
}
