//! The function `mail`: what became of letters, and the queue of the mailing list. There are no jobs for the latter yet, so
//! whatever comes from its queue goes to the dead letters.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, LambdaInvocation, Runtime, Service, service_fn};
use latchkey_cloud::aws;
use latchkey_cloud::dynamo::DynamoClaims;
use latchkey_cloud::machine::SystemClock;
use latchkey_cloud::ses::feedback::{self, FeedbackError};
use latchkey_cloud::sqs::{Client, OneQueue};
use latchkey_jobs::Handlers;
use latchkey_platform::clock::UnixMs;
use latchkey_platform::limits::JOB_ATTEMPTS_IN_LINE;
use latchkey_platform::store::StoreError;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::batch::{Batches, SqsEvent};
use crate::settings::{Common, Variables};
use crate::wiring::logs;

/// Why an event was not taken. No error repeats what stands in an event: it names people.
#[derive(Debug, thiserror::Error)]
enum MailError {
    #[error("the event is neither a batch of a queue (`Records`) nor one of the source aws.ses")]
    Unknown,
    #[error("the messages of the batch cannot be read")]
    Batch,
    #[error(transparent)]
    Feedback(#[from] FeedbackError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Prepares the function.
///
/// # Errors
/// When a setting is missing or wrong; the error names it.
pub async fn begin(
    variables: Variables,
) -> anyhow::Result<
    Runtime<impl Service<LambdaInvocation, Response = (), Error = Error, Future: 'static>>,
> {
    let common = Common::of(&variables)?;
    let claims = variables.text("LATCHKEY_CLAIMS_TABLE")?;
    let queue = variables.read("LATCHKEY_CAMPAIGN_QUEUE")?;
    let clock = Arc::new(SystemClock);
    logs(&common, clock.clone())?;
    let config = aws::config().await;
    let stops = Arc::new(DynamoClaims::new(&config, claims));
    let batches = Batches {
        handlers: Handlers::default(),
        queue: OneQueue::new(Client::new(&config), queue),
        attempts: JOB_ATTEMPTS_IN_LINE,
        clock,
    };
    let function = Function { batches, stops };
    Ok(Runtime::new(service_fn(
        move |event: LambdaEvent<Value>| {
            let function = function.clone();
            async move {
                let until = UnixMs(event.context.deadline);
                Ok::<_, Error>(function.take(event.payload, until).await?)
            }
        },
    )))
}

#[derive(Clone)]
struct Function {
    batches: Batches,
    stops: Arc<DynamoClaims>,
}

impl Function {
    async fn take(&self, event: Value, until: UnixMs) -> Result<Value, MailError> {
        if event.get("Records").is_some() {
            let jobs = SqsEvent::deserialize(event).map_err(|_| MailError::Batch)?;
            Ok(json!(self.batches.all_at_once(jobs, until).await))
        } else if event["source"] == "aws.ses" {
            let feedback = feedback::read(event.to_string().as_bytes())?;
            latchkey_jobs::feedback::take(&*self.stops, &feedback).await?;
            Ok(json!({}))
        } else {
            Err(MailError::Unknown)
        }
    }
}
