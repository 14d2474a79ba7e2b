//! A room client as faithful to the protocol as the browser's sdk, which also keeps a history for the checker: it holds
//! a position, resends what is not ordered, obeys rewinds, follows a room that moved, gives back what a lost host did not
//! store, and comes back with a new ticket. It costs a task and a few KiB, so that thousands live in one process.

mod join;
mod outbox;
mod tail;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::time::{Interval, Sleep};

use crate::history::{History, Record, Seen};
use crate::seat::Seat;
use crate::socket::{Closed, Incoming, Socket};
use crate::wait::{PATIENCE, within};

use self::outbox::Outbox;
use self::tail::Tail;

/// What one step of a player saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A record, already noted.
    Record(Arc<Record>),
    /// Another frame.
    Frame(Value),
    /// The connection ended.
    Closed(Closed),
}

/// Frames a slowed client sends at one time, and the wait between two portions: below what the host takes (P8).
const PORTION: usize = 5;
const PORTION_EVERY: Duration = Duration::from_millis(200);

/// Between two beats, as the sdk has it.
const BEAT_EVERY: Duration = Duration::from_secs(20);

/// Between two tries of a player that is to come back as often as it takes.
const AGAIN_AFTER: Duration = Duration::from_millis(350);

/// A beat that nothing follows for so long finds the connection dead.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A client with a history.
#[derive(Debug)]
pub struct Player {
    /// The seat.
    pub seat: Seat,
    /// What happened so far.
    pub history: History,
    /// The records it holds, from the first on.
    pub log: Vec<Arc<Record>>,
    /// The last record known to be stored.
    pub stored: u64,
    /// Whether it was last told that storing lags (P4.7).
    pub behind: bool,
    /// Frames refused because there were too many of them; each is sent again.
    pub slowed: u64,
    /// Frames refused because the host could not keep them; each is sent again.
    pub unavailable: u64,
    /// The address of the present connection, or of the last one.
    pub url: String,
    /// Where its log begins: after this record.
    pub start: u64,
    /// Whether it wants the log from the first record, also where there is a checkpoint (P6.1).
    pub whole: bool,
    socket: Option<Socket>,
    epoch: u64,
    outbox: Outbox,
    tail: Tail,
    /// The members last seen with a live connection.
    online: Vec<String>,
    /// Where the room is said to live now; good for one try.
    moved: Option<String>,
    /// Until then nothing of one's own is sent, because the host asked for a wait.
    hold: Option<Pin<Box<Sleep>>>,
    /// When to show the host that it is still here (P3.9).
    beats: Option<Interval>,
    /// When a beat was sent and nothing came since: until when something must.
    answer_by: Option<Pin<Box<Sleep>>>,
    /// Since the host asked for a wait on this connection, frames go in small portions.
    careful: bool,
    /// Since the host could not keep a frame, only the first one goes, until it is ordered: all behind it would be
    /// refused as well, and many refusals are a flood.
    probing: bool,
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
            behind: false,
            slowed: 0,
            unavailable: 0,
            url: String::new(),
            start: 0,
            whole: false,
            socket: None,
            epoch: 0,
            outbox: Outbox::default(),
            tail: Tail::default(),
            online: Vec::new(),
            moved: None,
            hold: None,
            beats: None,
            answer_by: None,
            careful: false,
            probing: false,
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
        self.outbox.unordered()
    }

    /// Records to `seq` are stored, and need not be kept for anybody's sake.
    fn take_stored(&mut self, seq: u64) {
        self.stored = seq;
        self.tail.stored(seq);
        self.outbox.stored(seq);
    }

    /// What a `welcome` or `stored` says of storing: it lags when the word is there.
    fn take_behind(&mut self, frame: &Value) {
        let behind = frame["behind"] == true;
        if std::mem::replace(&mut self.behind, behind) != behind {
            self.history.note(Seen::Behind(behind));
        }
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
        let n = self.outbox.number();
        self.history.note(Seen::Said {
            n,
            body: body.to_owned(),
        });
        n
    }

    async fn queue(&mut self, n: u64, frame: String) {
        self.outbox.push(n, frame);
        if self.send_unordered().await.is_err() {
            self.lost();
        }
    }

    async fn send_unordered(&mut self) -> anyhow::Result<()> {
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        if self.hold.is_some() {
            return Ok(());
        }
        let portion = match (self.probing, self.careful) {
            (true, _) => 1,
            (false, true) => PORTION,
            (false, false) => usize::MAX,
        };
        for frame in std::iter::from_fn(|| self.outbox.next_due()).take(portion) {
            socket.feed(frame).await?;
        }
        if self.careful && !self.probing {
            self.hold = Some(Box::pin(tokio::time::sleep(PORTION_EVERY)));
        }
        socket.flush().await
    }

    /// Sends its last frame once more, as a client that does not know whether it arrived; the host drops it (P3.3).
    pub async fn stammer(&mut self) {
        if let (Some(socket), Some(frame)) = (&mut self.socket, self.outbox.last())
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
                    self.answer_by = Some(Box::pin(tokio::time::sleep(ANSWER_WITHIN)));
                    if self.send(&json!({"op": "beat", "t": 0})).await.is_err() {
                        self.lost();
                    }
                }
                () = due(self.answer_by.as_mut()) => self.lost(),
            }
        };
        self.answer_by = None;
        let text = match incoming {
            Incoming::Frame(text) => text,
            Incoming::Closed(closed) => {
                self.lost();
                return Ok(Step::Closed(closed));
            }
        };
        if text.starts_with(r#"{"op":"record""#) {
            let record = Record::parse(&text).with_context(|| text.clone())?;
            let record = Arc::new(record);
            self.take_record(&record, text)?;
            if self.probing && record.from.as_deref() == Some(&self.seat.member) {
                self.probing = false;
                if self.send_unordered().await.is_err() {
                    self.lost();
                }
            }
            return Ok(Step::Record(record));
        }
        let frame: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        match frame["op"].as_str() {
            Some("stored") => {
                self.take_stored(number(&frame["seq"])?);
                self.history.note(Seen::Stored(self.stored));
                self.take_behind(&frame);
            }
            Some("presence") => {
                let online = frame["online"].as_array().context("online")?;
                self.online = texts(online.iter());
            }
            Some("moved") => {
                self.take_moved(&frame)?;
                self.lost();
                return Ok(Step::Closed(Closed::moved()));
            }
            Some("refused") => self.refused(&frame).await?,
            _ => {}
        }
        Ok(Step::Frame(frame))
    }

    fn take_record(&mut self, record: &Arc<Record>, frame: String) -> anyhow::Result<()> {
        self.history.note(Seen::Record(Arc::clone(record)));
        self.epoch = record.epoch;
        if record.from.as_deref() == Some(&self.seat.member) {
            self.outbox.ordered(record.n, record.seq);
        }
        if record.seq > self.stored {
            self.tail.keep(record.seq, frame)?;
        }
        self.log.push(Arc::clone(record));
        Ok(())
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
            Some("unavailable") => {
                self.unavailable += 1;
                self.probing = true;
                frame["retry_after"].as_u64().or(Some(1_000))
            }
            Some("gap") => None,
            _ => anyhow::bail!("refused: {frame}"),
        };
        self.outbox.send_again();
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
        self.answer_by = None;
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

impl Player {
    /// Steps until `enough` says so, and comes back as often as it takes.
    ///
    /// # Errors
    /// When it takes longer than `longest`, or it is told not to come back.
    pub async fn keep_until(
        &mut self,
        what: &str,
        longest: Duration,
        mut enough: impl FnMut(&Self) -> bool,
    ) -> anyhow::Result<()> {
        let reached = async {
            while !enough(self) {
                if !self.connected() {
                    if self.connect().await.is_err() {
                        tokio::time::sleep(AGAIN_AFTER).await;
                    }
                    continue;
                }
                if let Step::Closed(closed) = self.step().await? {
                    anyhow::ensure!(closed.code < 4500, "told not to come back: {closed:?}");
                    tokio::time::sleep(AGAIN_AFTER).await;
                }
            }
            anyhow::Ok(())
        };
        within(longest, what, reached).await?
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

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
