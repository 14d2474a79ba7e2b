//! A player's way in: place, upgrade, join, what a host asks before it welcomes, and the welcome.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::{BEAT_EVERY, Player, number, texts};
use crate::history::{Seen, Welcome};
use crate::seat::join_frame;
use crate::socket::{Incoming, Socket};
use crate::wait::within;

/// How long a host may take to answer the upgrade, and then the join, as the sdk has it: one that hangs is given up.
const OPEN_WITHIN: Duration = Duration::from_secs(4);
const WELCOME_WITHIN: Duration = Duration::from_secs(15);
/// How often in a row a room may be said to have moved before the site is asked again.
const MOVES_IN_A_ROW: usize = 5;

impl Player {
    /// Connects, joins, and sends again what is not ordered. Goes after a room that moved, a few times.
    ///
    /// # Errors
    /// When any step fails; nothing is lost by that, and it may be tried again.
    pub async fn connect(&mut self) -> anyhow::Result<()> {
        self.socket = None;
        for _ in 0..MOVES_IN_A_ROW {
            self.history.note(Seen::Asked);
            let Some(socket) = self.join().await? else {
                continue;
            };
            self.socket = Some(socket);
            self.hold = None;
            self.careful = false;
            self.probing = false;
            self.beats = Some(tokio::time::interval(BEAT_EVERY));
            self.outbox.send_again();
            return self.send_unordered().await;
        }
        anyhow::bail!("the room was said to have moved {MOVES_IN_A_ROW} times in a row")
    }

    /// One try: the open connection after the welcome, or nothing when the room has moved.
    async fn join(&mut self) -> anyhow::Result<Option<Socket>> {
        let mut place = self.seat.place().await?;
        // The room said itself where it went; the site may not have heard of it yet.
        if let Some(url) = self.moved.take() {
            place.url = url;
        }
        let opened = within(OPEN_WITHIN, "the upgrade", self.seat.open(&place)).await;
        let mut socket = opened.and_then(|opened| opened)?;
        self.url = place.url;
        let have = self.whole || self.held() > 0;
        let have = have.then_some((self.epoch, self.held()));
        socket.send(join_frame(&place.ticket, have)).await?;
        let welcomed = self.welcomed(&mut socket);
        let welcomed = within(WELCOME_WITHIN, "the welcome", welcomed).await??;
        Ok(welcomed.then_some(socket))
    }

    /// Everything before and with the welcome. Whether there was one: else the room has moved.
    async fn welcomed(&mut self, socket: &mut Socket) -> anyhow::Result<bool> {
        loop {
            let text = match socket.next().await {
                Incoming::Frame(text) => text,
                Incoming::Closed(closed) => anyhow::bail!("closed before the welcome: {closed:?}"),
            };
            let frame: Value = serde_json::from_str(&text)?;
            match frame["op"].as_str() {
                Some("vouch") => self.give_back(socket, number(&frame["after"])?).await?,
                Some("rewind") => {
                    let (epoch, seq) = (number(&frame["epoch"])?, number(&frame["seq"])?);
                    self.history.note(Seen::Rewound { epoch, seq });
                    self.log.clear();
                    self.tail.clear();
                    self.start = 0;
                }
                Some("moved") => {
                    self.take_moved(&frame)?;
                    return Ok(false);
                }
                Some("beat") => {}
                Some("welcome") => return self.take_welcome(&frame).map(|()| true),
                _ => anyhow::bail!("before the welcome came {text}"),
            }
        }
    }

    /// Gives back what it holds after record `after`, for a host that continues a lost one's rooms.
    async fn give_back(&mut self, socket: &mut Socket, after: u64) -> anyhow::Result<()> {
        self.history.note(Seen::GaveBack { after });
        for frame in self.tail.vouch(after, &self.online)? {
            socket.feed(frame).await?;
        }
        socket.flush().await
    }

    /// The room lives elsewhere.
    pub(super) fn take_moved(&mut self, frame: &Value) -> anyhow::Result<()> {
        let url = frame["url"].as_str().context("moved without a url")?;
        self.moved = Some(self.seat.address(url));
        self.history.note(Seen::Moved);
        Ok(())
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
            now: number(&frame["now"])?,
        };
        anyhow::ensure!(
            frame["member"] == self.seat.member,
            "welcomed as another: {frame}"
        );
        if !welcome.resumed {
            self.log.clear();
            self.tail.clear();
            self.start = welcome.checkpoint.as_ref().map_or(0, |(seq, _)| *seq);
            self.epoch = frame["checkpoint"]["epoch"]
                .as_u64()
                .unwrap_or(welcome.epoch);
        }
        // First what is to be said again: a number that was stored may have gone to somebody else's record since.
        self.outbox.welcome(welcome.n, welcome.tail);
        self.take_stored(welcome.stored);
        let members = frame["members"].as_array().context("members")?;
        let online = members.iter().filter(|member| member["online"] == true);
        self.online = texts(online.map(|member| &member["id"]));
        self.history.note(Seen::Welcomed(welcome));
        self.take_behind(frame);
        Ok(())
    }
}
