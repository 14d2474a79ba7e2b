//! The function `confirm`: letters to buyers, and every minute the sweep over orders whose effects are still to be carried out.

use std::sync::Arc;

use async_trait::async_trait;
use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use latchkey_cloud::aws;
use latchkey_cloud::dynamo::DynamoClaims;
use latchkey_cloud::machine::SystemClock;
use latchkey_cloud::mongo::{Mongo, MongoGames, MongoLedger, MongoOrders, MongoVersions};
use latchkey_cloud::secrets::{LinksSecret, SecretStore};
use latchkey_cloud::ses::{self, Ses};
use latchkey_cloud::sqs::{Client, OneQueue, QueueUrl, SqsQueue, attempts};
use latchkey_cloud::titles::{CloudTitles, VersionFiles};
use latchkey_jobs::{Handlers, Letters};
use latchkey_platform::clock::UnixMs;
use latchkey_platform::effects::Effects;
use latchkey_platform::links::Links;
use latchkey_platform::mail::SendOnce;
use latchkey_platform::queue::QueueName;
use latchkey_platform::store::StoreError;
use latchkey_platform::titles::{FilePath, VersionRef};
use serde::{Deserialize, Serialize};

use crate::batch::{BatchAnswer, Batches, SqsEvent};
use crate::settings::{Common, Post, Variables};
use crate::wiring::{database, logs};

/// What the function is given.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "neither a batch of a queue (`Records`) nor `{\"task\":\"sweep\"}`"
)]
pub enum ConfirmEvent {
    /// Messages of the queue.
    Jobs(SqsEvent),
    /// Work of the hour.
    Due {
        /// Which.
        task: Task,
    },
}

/// Work that comes by the clock.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Carrying out what was left undone.
    Sweep,
}

/// What the function answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum ConfirmAnswer {
    /// The messages that stay.
    Jobs(BatchAnswer),
    /// What the sweep came to.
    Swept {
        /// Orders that are finished now.
        finished: usize,
        /// Orders that failed again.
        failed: usize,
    },
}

/// Prepares the function.
///
/// # Errors
/// When a setting or a secret is missing or wrong; the error names it.
pub async fn begin(
    variables: Variables,
) -> anyhow::Result<
    Runtime<impl Service<LambdaInvocation, Response = (), Error = Error, Future: 'static>>,
> {
    let (common, post) = (Common::of(&variables)?, Post::of(&variables)?);
    let queue: QueueUrl = variables.read("LATCHKEY_CONFIRM_QUEUE")?;
    let clock = Arc::new(SystemClock);
    logs(&common, clock.clone())?;
    let config = aws::config().await;
    let secrets = SecretStore::new(&config);
    let (mongo, links) = tokio::try_join!(database(&secrets, &common), async {
        Ok(secrets.read::<LinksSecret>(&post.links_secret).await?)
    })?;
    let links = Links::new(links.links, common.origin.clone());
    let sqs = Client::new(&config);
    let claims = Arc::new(DynamoClaims::new(&config, &post.claims));
    let mail = SendOnce {
        sends: claims.clone(),
        stops: claims,
        mailer: Arc::new(Ses::new(
            &config,
            ses::Settings {
                from: post.from,
                set: post.set,
                environment: common.environment,
            },
        )),
        clock: clock.clone(),
        // Others send, too.
        alone_since: UnixMs(0),
    };
    let letters = letters(&mongo, mail, links.clone());
    let effects = Effects {
        orders: letters.orders.clone(),
        games: letters.games.clone(),
        ledger: Arc::new(MongoLedger::new(&mongo)),
        queue: Arc::new(SqsQueue::new(&sqs, [(QueueName::Mail, queue.clone())])),
        clock: clock.clone(),
        links,
    };
    let batches = Batches {
        handlers: Handlers {
            letters: Some(letters),
            results: None,
        },
        queue: OneQueue::new(sqs, queue),
        attempts: attempts(QueueName::Mail),
        clock,
    };
    Ok(Runtime::new(service_fn(
        move |event: LambdaEvent<ConfirmEvent>| {
            let (batches, effects) = (batches.clone(), effects.clone());
            async move {
                let until = UnixMs(event.context.deadline);
                match event.payload {
                    ConfirmEvent::Jobs(jobs) => {
                        let answer = batches.all_at_once(jobs, until).await;
                        Ok(ConfirmAnswer::Jobs(answer))
                    }
                    ConfirmEvent::Due { task: Task::Sweep } => {
                        Ok::<_, Error>(sweep(&effects).await?)
                    }
                }
            }
        },
    )))
}

fn letters(mongo: &Mongo, mail: SendOnce, links: Links) -> Letters {
    let versions = MongoVersions::new(mongo);
    Letters {
        orders: Arc::new(MongoOrders::new(mongo)),
        games: Arc::new(MongoGames::new(mongo)),
        titles: Arc::new(CloudTitles::new(versions, Arc::new(NoFiles))),
        mail,
        links,
    }
}

/// Carries out what was left undone.
async fn sweep(effects: &Effects) -> Result<ConfirmAnswer, StoreError> {
    let swept = effects.sweep().await.inspect_err(|error| {
        tracing::warn!(%error, "the sweep could not look for orders");
    })?;
    for (order, error) in &swept.failed {
        tracing::warn!(%order, %error, "an order's effects could not be carried out; the sweep tries again");
    }
    let (finished, failed) = (swept.finished, swept.failed.len());
    tracing::info!(
        figure = "Sweeps",
        finished,
        failed,
        "the sweep came to its end"
    );
    Ok(ConfirmAnswer::Swept { finished, failed })
}

/// Letters name titles and hold none of their files, so the function has no right to them.
struct NoFiles;

impl NoFiles {
    fn refusal<T>() -> Result<T, StoreError> {
        let text = "the function `confirm` has no files of titles";
        Err(StoreError::Unavailable(text.to_owned()))
    }
}

#[async_trait]
impl VersionFiles for NoFiles {
    async fn put(&self, _: &VersionRef, _: &FilePath, _: &[u8]) -> Result<(), StoreError> {
        Self::refusal()
    }

    async fn get(&self, _: &VersionRef, _: &FilePath) -> Result<Option<Vec<u8>>, StoreError> {
        Self::refusal()
    }
}
