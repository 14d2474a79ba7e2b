//! Helpers for documents with revisions.

use std::future::Future;

use crate::store::Swap;

/// Of many that swap the same revision at once, exactly one is told so.
pub(super) async fn one_winner<F>(swaps: impl IntoIterator<Item = F>)
where
    F: Future<Output = Swap> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for swap in swaps {
        tasks.spawn(swap);
    }
    let winners = tasks
        .join_all()
        .await
        .into_iter()
        .filter(|swap| *swap == Swap::Swapped)
        .count();
    assert_eq!(winners, 1, "exactly one of many writers may win a revision");
}
