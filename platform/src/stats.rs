//! Stats of finished games: what is counted, how a game compares with the others of its title version, and the
//! ports to read the history and keep the results. Computed from the records alone.

mod compare;
mod fold;

use async_trait::async_trait;
use latchkey_protocol::{Colour, GameId, MemberId, Name, Record, Seq};
use serde::{Deserialize, Serialize};

pub use compare::{Comparison, Histogram, compare};
pub use fold::Fold;

use crate::clock::UnixMs;
use crate::store::{Insert, StoreError};
use crate::titles::VersionRef;

/// How a game ended, as its `finished` record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The players made it.
    Escaped,
    /// They gave up.
    GivenUp,
    /// The title says something else.
    Other,
}

/// What one player did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerStats {
    /// Who.
    pub member: MemberId,
    /// The last name the log has.
    pub name: Name,
    /// The last colour the log has.
    pub colour: Colour,
    /// Chat messages.
    pub messages: u32,
    /// Hints asked for.
    pub hints: u32,
    /// Milestones reached first.
    pub milestones: u32,
    /// Everything said, these included.
    pub actions: u32,
}

/// Something the group reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// The title's name for it.
    pub name: String,
    /// Who reached it first.
    pub member: Option<MemberId>,
    /// How long after Begin, in milliseconds.
    pub after_ms: u64,
}

/// What happened in one game.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GameStats {
    /// The game.
    pub game: GameId,
    /// The title version it played.
    pub title: VersionRef,
    /// The last record counted.
    pub seq: Seq,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began: the first `begin`, or the first record where nobody pressed Begin.
    pub begun_at: UnixMs,
    /// When it ended.
    pub finished_at: UnixMs,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// Chat messages of all.
    pub messages: u32,
    /// Hints of all.
    pub hints: u32,
    /// Who played, in order of joining.
    pub players: Vec<PlayerStats>,
    /// What was reached, in order.
    pub milestones: Vec<Milestone>,
}

/// What is kept of a finished game: its stats, and how it compared at the time they were computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatsReport {
    /// What happened.
    pub stats: GameStats,
    /// Compared with all finished games of the title version, this one included.
    pub comparison: Comparison,
    /// When it was computed.
    pub computed_at: UnixMs,
}

/// What a comparison needs of another game.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The game.
    pub game: GameId,
    /// How it ended.
    pub outcome: Outcome,
    /// Milliseconds from begin to end.
    pub duration_ms: u64,
    /// Hints of all players.
    pub hints: u32,
    /// Chat messages of all players.
    pub messages: u32,
}

impl GameStats {
    /// What others compare with.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            game: self.game,
            outcome: self.outcome,
            duration_ms: self.duration_ms,
            hints: self.hints,
            messages: self.messages,
        }
    }
}

/// Reads the long-term history of rooms.
#[async_trait]
pub trait History: Send + Sync {
    /// Records of a room with `seq > after`, in order and without gaps, at most `limit`. Fewer, or none, where
    /// the archive ends.
    async fn read(&self, room: GameId, after: Seq, limit: usize)
    -> Result<Vec<Record>, StoreError>;
}

/// The results.
#[async_trait]
pub trait StatsStore: Send + Sync {
    /// Adds the report of a game; the game is unique.
    async fn insert(&self, report: &StatsReport) -> Result<Insert, StoreError>;
    /// The report of a game.
    async fn get(&self, game: GameId) -> Result<Option<StatsReport>, StoreError>;
    /// The newest finished games of a title version, at most `limit`.
    async fn summaries(&self, title: &VersionRef, limit: usize)
    -> Result<Vec<Summary>, StoreError>;
}

#[cfg(test)]
mod tests;
