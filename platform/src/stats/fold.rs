//! Counting: a fold over the records of a room, one after the other, that knows nothing of any title beyond the
//! few conventions of `said` bodies (`begin`, `chat`, `hint`, `milestone`).

use latchkey_protocol::profile::Profile;
use latchkey_protocol::{GameId, Kind, MemberId, Record, Seq};
use serde::Deserialize;
use serde_json::Value;

use super::{GameStats, Milestone, Outcome, PlayerStats};
use crate::clock::UnixMs;
use crate::limits::{MILESTONE_BYTES, STATS_MILESTONES};
use crate::titles::VersionRef;

/// The counting of one game.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    seq: Seq,
    first_at: Option<UnixMs>,
    begun_at: Option<UnixMs>,
    finished: Option<(UnixMs, Outcome)>,
    last_at: UnixMs,
    players: Vec<PlayerStats>,
    milestones: Vec<(String, Option<MemberId>, UnixMs)>,
}

/// The conventions. Anything else in a body belongs to the title.
#[derive(Debug)]
struct Said<'a> {
    kind: Option<&'a str>,
    milestone: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(body: &'a Value) -> Self {
        let text = |name| body.get(name).and_then(Value::as_str);
        Self {
            kind: text("type"),
            milestone: text("milestone"),
        }
    }
}

impl Fold {
    /// The last record counted.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Counts the next record. A record that is not the next is not counted, and `false` is answered: the
    /// history has a gap.
    #[must_use]
    pub fn add(&mut self, record: &Record) -> bool {
        if record.seq != self.seq.next() {
            return false;
        }
        self.seq = record.seq;
        self.last_at = record.at;
        self.first_at.get_or_insert(record.at);
        match record.kind {
            Kind::Joined | Kind::Profile => self.profile(record),
            Kind::Said => self.said(record),
            Kind::Finished => self.finish(record),
            Kind::Left | Kind::Notice => {}
        }
        true
    }

    fn profile(&mut self, record: &Record) {
        let (Some(member), Ok(profile)) = (record.from, record.body.read::<Profile>()) else {
            return;
        };
        if let Some(player) = self.player(record.from) {
            player.name = profile.name;
            player.colour = profile.colour;
            return;
        }
        self.players.push(PlayerStats {
            member,
            name: profile.name,
            colour: profile.colour,
            messages: 0,
            hints: 0,
            milestones: 0,
            actions: 0,
        });
    }

    /// What is said after the end still belongs to the log, but not to the game.
    fn said(&mut self, record: &Record) {
        let Ok(body) = record.body.read::<Value>() else {
            return;
        };
        let said = Said::of(&body);
        if said.kind == Some("begin") {
            self.begun_at.get_or_insert(record.at);
        }
        if self.finished.is_some() {
            return;
        }
        let new = said
            .milestone
            .filter(|name| self.is_new(name))
            .map(str::to_owned);
        if let Some(player) = self.player(record.from) {
            player.actions += 1;
            player.messages += u32::from(said.kind == Some("chat"));
            player.hints += u32::from(said.kind == Some("hint"));
            player.milestones += u32::from(new.is_some());
        }
        if let Some(name) = new {
            self.milestones.push((name, record.from, record.at));
        }
    }

    fn is_new(&self, name: &str) -> bool {
        let known = self.milestones.iter().any(|(other, ..)| other == name);
        let fits = (1..=MILESTONE_BYTES).contains(&name.len());
        !known && fits && self.milestones.len() < STATS_MILESTONES
    }

    fn finish(&mut self, record: &Record) {
        #[derive(Deserialize)]
        struct Result<'a> {
            outcome: Option<std::borrow::Cow<'a, str>>,
        }
        let result = record
            .body
            .read::<Result<'_>>()
            .ok()
            .and_then(|result| result.outcome);
        let outcome = match result.as_deref() {
            Some("escaped") => Outcome::Escaped,
            Some("given_up") => Outcome::GivenUp,
            _ => Outcome::Other,
        };
        self.finished.get_or_insert((record.at, outcome));
    }

    fn player(&mut self, member: Option<MemberId>) -> Option<&mut PlayerStats> {
        self.players
            .iter_mut()
            .find(|player| Some(player.member) == member)
    }

    /// The stats, if the game has ended.
    #[must_use]
    pub fn stats(self, game: GameId, title: VersionRef) -> Option<GameStats> {
        let (finished_at, outcome) = self.finished?;
        // Somebody may press Begin after the end, or nobody at all: the time then counts from the first record.
        let begun_at = self
            .begun_at
            .filter(|begun| *begun <= finished_at)
            .or(self.first_at)?;
        let since = |at: UnixMs| at.0.saturating_sub(begun_at.0);
        Some(GameStats {
            game,
            title,
            seq: self.seq,
            outcome,
            begun_at,
            finished_at,
            duration_ms: since(finished_at),
            messages: self.players.iter().map(|player| player.messages).sum(),
            hints: self.players.iter().map(|player| player.hints).sum(),
            milestones: self
                .milestones
                .into_iter()
                .map(|(name, member, at)| Milestone {
                    name,
                    member,
                    after_ms: since(at),
                })
                .collect(),
            players: self.players,
        })
    }
}
