//! One job, whoever delivered it: which handler takes it, and what its failure means for the queue.

use std::sync::Arc;

use latchkey_platform::clock::Clock;
use latchkey_platform::games::Games;
use latchkey_platform::links::Links;
use latchkey_platform::mail::{MailError, SendOnce, SendOnceError};
use latchkey_platform::orders::{OrderId, Orders};
use latchkey_platform::queue::{Job, QueueName};
use latchkey_platform::stats::{History, StatsStore};
use latchkey_platform::store::StoreError;
use latchkey_platform::titles::{Titles, VersionRef};
use latchkey_protocol::{GameId, Seq};

use crate::{confirm, resend, stats};

/// What the jobs need; a worker that is not given what one kind needs does none of it. Cloning is cheap.
#[derive(Clone, Default)]
pub struct Handlers {
    /// For what ends in an e-mail.
    pub letters: Option<Letters>,
    /// For the stats of finished games.
    pub results: Option<Results>,
}

/// What jobs that end in an e-mail need.
#[derive(Clone)]
pub struct Letters {
    /// The orders.
    pub orders: Arc<dyn Orders>,
    /// The games.
    pub games: Arc<dyn Games>,
    /// The catalogue, for names of titles.
    pub titles: Arc<dyn Titles>,
    /// Sends each message once.
    pub mail: SendOnce,
    /// Makes the links of games.
    pub links: Links,
}

/// What the stats of finished games need.
#[derive(Clone)]
pub struct Results {
    /// The games.
    pub games: Arc<dyn Games>,
    /// The long-term history of rooms.
    pub history: Arc<dyn History>,
    /// The results of finished games.
    pub stats: Arc<dyn StatsStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What doing a job came to. Both mean that it is done.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// It was done now.
    Now,
    /// There was nothing (left) to do.
    Before,
}

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It came to a worker of another queue.
    #[error("jobs of the queue {0} are not done here")]
    Misplaced(QueueName),
    /// There is no such order.
    #[error("there is no order {0}")]
    NoOrder(OrderId),
    /// The order is paid and its game is still to be made.
    #[error("order {0} is paid for but has no game yet")]
    NoGame(OrderId),
    /// There is no such game.
    #[error("there is no game {0}")]
    UnknownGame(GameId),
    /// The title version a game plays is not in the catalogue.
    #[error("title version {0} is not in the catalogue; publish it again")]
    NoTitle(VersionRef),
    /// The archive ends before the record that finished the game.
    #[error("the archive of game {game} ends at {found}, before record {seq}")]
    Incomplete {
        /// The game.
        game: GameId,
        /// Where the archive ends.
        found: Seq,
        /// The record that finished it.
        seq: Seq,
    },
    /// The record that is said to finish the game does not.
    #[error("record {seq} of game {game} does not finish it")]
    NotFinished {
        /// The game.
        game: GameId,
        /// The record.
        seq: Seq,
    },
    /// The e-mail did not go out, or nobody knows.
    #[error(transparent)]
    Send(#[from] SendOnceError),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JobError {
    /// Whether trying again can help. What cannot be helped goes to the dead letters at once, where a person finds it.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Misplaced(_)
            | Self::NoOrder(_)
            | Self::UnknownGame(_)
            | Self::NotFinished { .. } => false,
            Self::Send(SendOnceError::Unknown(_) | SendOnceError::Mail(MailError::Refused(_))) => {
                false
            }
            Self::NoGame(_) | Self::NoTitle(_) | Self::Incomplete { .. } => true,
            Self::Send(_) | Self::Store(_) => true,
        }
    }
}

impl Handlers {
    /// Does one job. Doing it again is harmless.
    ///
    /// # Errors
    /// [`JobError`]; whether trying again can help says [`JobError::may_pass`].
    pub async fn handle(&self, job: &Job) -> Result<Handled, JobError> {
        let misplaced = || JobError::Misplaced(job.queue());
        let letters = || self.letters.as_ref().ok_or_else(misplaced);
        match job {
            Job::Confirm { order } => confirm::send(letters()?, order).await,
            Job::Resend { request, email } => resend::send(letters()?, request, email).await,
            Job::Stats { game, seq } => {
                let results = self.results.as_ref().ok_or_else(misplaced)?;
                stats::compute(results, *game, *seq).await
            }
        }
    }
}
