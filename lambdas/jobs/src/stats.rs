//! The stats of a finished game, made from the archive alone and compared with all finished games of its title version.

use latchkey_platform::games;
use latchkey_platform::limits::{STATS_COMPARED, STATS_RECORDS};
use latchkey_platform::stats::{Fold, StatsReport, compare};
use latchkey_platform::store::Insert;
use latchkey_protocol::{GameId, Seq};

use crate::handlers::{Handled, JobError, Results};

/// Records read from the archive at one time.
const PAGE: usize = 2_000;

/// Computes and keeps the stats of `game` as of record `seq`, which finished it.
pub(crate) async fn compute(
    results: &Results,
    game: GameId,
    seq: Seq,
) -> Result<Handled, JobError> {
    if results.stats.get(game).await?.is_some() {
        return Ok(Handled::Before);
    }
    // Noted first, so that the players' page says that their stats are being made for as long as they are.
    let now = results.clock.now();
    let title = games::finish(&*results.games, game, seq, now)
        .await?
        .ok_or(JobError::UnknownGame(game))?
        .title;
    let fold = read(results, game, seq).await?;
    let stats = fold
        .stats(game, title.clone())
        .ok_or(JobError::NotFinished { game, seq })?;
    let others = results.stats.summaries(&title, STATS_COMPARED).await?;
    let comparison = compare(&stats, &others);
    let report = StatsReport {
        stats,
        comparison,
        computed_at: results.clock.now(),
    };
    Ok(match results.stats.insert(&report).await? {
        Insert::Inserted => Handled::Now,
        Insert::Exists => Handled::Before,
    })
}

/// Folds the history up to `seq`.
async fn read(results: &Results, game: GameId, seq: Seq) -> Result<Fold, JobError> {
    let last = seq.min(Seq(STATS_RECORDS as u64));
    let mut fold = Fold::default();
    while fold.seq() < last {
        let before = fold.seq();
        for record in results.history.read(game, before, PAGE).await? {
            if record.seq > last || !fold.add(&record) {
                break;
            }
        }
        if fold.seq() == before {
            return Err(JobError::Incomplete {
                game,
                found: before,
                seq,
            });
        }
    }
    Ok(fold)
}
