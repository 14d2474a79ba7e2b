//! One room's turn: its chunk goes to the archive, the room is told, its checkpoint is kept, its finish announced, and
//! only then the journal may forget. Every room has a turn of its own, so that one which the archive refuses, or which
//! takes its time, holds up no other.

use std::sync::Arc;

use latchkey_protocol::CloseCode;
use tokio::time::timeout;

use crate::host::Shared;
use crate::limits::PORT_WITHIN;
use crate::live::{Batch, LiveRoom};
use crate::ports::ArchiveError;

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// What was asked of the archive was done, or concerns this room alone.
    Done,
    /// The archive is away.
    ArchiveAway,
}

/// What a room has for the archive, and that its turn ends, also when a port panics in it.
pub(super) struct Turn {
    shared: Arc<Shared>,
    live: Arc<LiveRoom>,
    /// What is not done of it yet.
    batch: Batch,
}

impl Turn {
    /// The turn of `live`, if it has anything.
    pub(super) fn begin(shared: &Arc<Shared>, live: Arc<LiveRoom>) -> Option<Self> {
        let Some(batch) = live.batch() else {
            shared.migration.end_turn(&live, &shared.time);
            return None;
        };
        Some(Self {
            shared: shared.clone(),
            live,
            batch,
        })
    }

    /// The journal was synced after its records were taken.
    pub(super) fn journaled(&self) {
        if let Some((chunk, _)) = &self.batch.chunk {
            self.live.journaled(chunk.last());
        }
    }

    /// Carries it out.
    pub(super) async fn carry(mut self) -> Ending {
        match self.work().await {
            Ok(()) => Ending::Done,
            Err(ending) => ending,
        }
    }

    async fn work(&mut self) -> Result<(), Ending> {
        self.store().await?;
        self.keep().await?;
        self.announce().await;
        Ok(())
    }

    /// Stores the chunk and tells the room.
    async fn store(&mut self) -> Result<(), Ending> {
        let Some((chunk, summary)) = &self.batch.chunk else {
            return Ok(());
        };
        let (last, records) = (chunk.last(), chunk.records.len() as u64);
        let archive = &self.shared.ports.archive;
        let appended = archive.append(chunk.clone(), summary.encode());
        self.judge(self.shared.archive(appended).await)?;
        self.batch.chunk = None;
        let desk = &self.shared.desk;
        desk.metrics.chunks_stored.up();
        desk.metrics.records_stored.add(records);
        let now = self.shared.time.now();
        // A room that failed meanwhile is opened anew, and then judges by what the archive has.
        let stored = self.live.stored(desk, now, last).ok_or(Ending::Done)?;
        // At once: what follows may fail, and the next turn may have no chunk.
        self.shared.forget(self.live.id, stored.forget);
        self.batch.finish = stored.finish;
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Ending> {
        let Some(checkpoint) = &self.batch.keep else {
            return Ok(());
        };
        let (id, epoch) = (self.live.id, self.live.epoch);
        let archive = &self.shared.ports.archive;
        let kept = archive.keep(id, epoch, checkpoint.seq, checkpoint.state.clone());
        self.judge(self.shared.archive(kept).await)?;
        self.batch.keep = None;
        self.shared.desk.metrics.checkpoints_kept.up();
        Ok(())
    }

    /// Passes the finish on. If that does not work, a later turn of the room tries again.
    async fn announce(&self) {
        let (shared, room) = (&self.shared, self.live.id);
        let Some(seq) = self.batch.finish else {
            return;
        };
        let unannounced = &shared.migration.unannounced;
        if unannounced.holds(room, shared.time.elapsed()) {
            return;
        }
        let error = match timeout(PORT_WITHIN, shared.ports.finishes.finished(room, seq)).await {
            Ok(Ok(())) => {
                unannounced.over(room);
                shared.desk.metrics.finishes_announced.up();
                tracing::info!(%room, %seq, "the finished game is announced");
                shared.forget(room, self.live.announced());
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it took too long".to_owned(),
        };
        if unannounced.failed(room, shared.time.elapsed()) {
            tracing::warn!(%room, %seq, error, "the finished game could not be announced; it is tried again");
        }
    }

    /// What an answer of the archive means: a room that is fenced or disagrees with it is stopped, anything else is
    /// tried again after a wait.
    fn judge(&self, answer: Result<(), ArchiveError>) -> Result<(), Ending> {
        let (shared, live) = (&self.shared, &self.live);
        let (room, epoch) = (live.id, live.epoch);
        match answer {
            Ok(()) => {
                shared.migration.unstick(room, &shared.desk.metrics);
                Ok(())
            }
            Err(ArchiveError::Fenced(writer)) => {
                tracing::warn!(%room, %epoch, %writer, "another epoch writes the room; it is stopped here");
                live.stop(CloseCode::NotReady);
                Err(Ending::Done)
            }
            Err(error @ ArchiveError::Gap { .. }) => {
                // Memory and archive disagree: rebuilt from the archive and the journal, the room knows what is true.
                tracing::error!(%room, %epoch, %error, "the room is taken out");
                live.stop(CloseCode::RoomFailed);
                Err(Ending::Done)
            }
            Err(error @ ArchiveError::Corrupt(_)) => {
                // It concerns this room alone, so only this room waits; one that was put aside meanwhile waits for nothing.
                if !live.is_lost() && shared.migration.stuck.failed(room, shared.time.elapsed()) {
                    shared.desk.metrics.rooms_stuck.up();
                    tracing::error!(%room, %epoch, %error, "the room cannot be stored; play goes on, and the journal keeps its records");
                }
                Err(Ending::Done)
            }
            Err(error @ ArchiveError::Unavailable(_)) => {
                tracing::debug!(%room, %epoch, %error, "the archive did not take it");
                Err(Ending::ArchiveAway)
            }
        }
    }
}

impl Drop for Turn {
    /// Gives back what the archive is not known to have taken, and lets the room have another turn.
    fn drop(&mut self) {
        if let Some((chunk, summary)) = self.batch.chunk.take() {
            self.live.not_stored(chunk, summary);
        }
        if let Some(checkpoint) = self.batch.keep.take() {
            self.live.not_kept(checkpoint);
        }
        self.shared
            .migration
            .end_turn(&self.live, &self.shared.time);
    }
}
