//! The function `stats`: the stats of finished games, one after the other.

use std::convert::Infallible;
use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use latchkey_cloud::aws;
use latchkey_cloud::machine::SystemClock;
use latchkey_cloud::mongo::{ArchiveHistory, MongoArchive, MongoGames, MongoStats};
use latchkey_cloud::secrets::SecretStore;
use latchkey_cloud::sqs::{Client, OneQueue, attempts};
use latchkey_jobs::{Handlers, Results};
use latchkey_platform::clock::UnixMs;
use latchkey_platform::queue::QueueName;

use crate::batch::{BatchAnswer, Batches, SqsEvent};
use crate::settings::{Common, Variables};
use crate::wiring::{database, logs};

/// Prepares the function.
///
/// # Errors
/// When a setting or a secret is missing or wrong; the error names it.
pub async fn begin(
    variables: Variables,
) -> anyhow::Result<
    Runtime<impl Service<LambdaInvocation, Response = (), Error = Error, Future: 'static>>,
> {
    let common = Common::of(&variables)?;
    let queue = variables.read("LATCHKEY_STATS_QUEUE")?;
    let clock = Arc::new(SystemClock);
    logs(&common, clock.clone())?;
    let config = aws::config().await;
    let mongo = database(&SecretStore::new(&config), &common).await?;
    let results = Results {
        games: Arc::new(MongoGames::new(&mongo)),
        history: Arc::new(ArchiveHistory(MongoArchive::new(&mongo))),
        stats: Arc::new(MongoStats::new(&mongo)),
        clock: clock.clone(),
    };
    let batches = Batches {
        handlers: Handlers {
            results: Some(results),
            letters: None,
        },
        queue: OneQueue::new(Client::new(&config), queue),
        attempts: attempts(QueueName::Stats),
        clock,
    };
    Ok(Runtime::new(service_fn(
        move |event: LambdaEvent<SqsEvent>| {
            let batches = batches.clone();
            async move {
                let until = UnixMs(event.context.deadline);
                Ok::<BatchAnswer, Infallible>(batches.in_line(event.payload, until).await)
            }
        },
    )))
}
