//! The event source mapping: it asks a queue for messages by the queue's own API, hands them to a function in batches, and
//! deletes those that the function did not report as failed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::lambda::{Function, Outcome};

/// How long the queue is asked to wait for a message, in seconds.
const WAIT: u64 = 1;
/// After the queue or the function did not work.
const PAUSE: Duration = Duration::from_millis(200);
/// Longest wait for an answer of the queue.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A mapping from a queue to a function. It ends with its handle; what is being worked on then is carried on.
#[derive(Debug)]
pub struct Mapping {
    batches: Arc<AtomicU64>,
    polling: JoinHandle<()>,
}

/// Which queue leads to which function.
#[derive(Debug, Clone)]
struct Way {
    server: SocketAddr,
    queue: String,
    batch: u32,
    function: Arc<Function>,
}

impl Mapping {
    /// Begins to hand the messages of the queue at `url` to `function`, up to `batch` at a time.
    ///
    /// # Errors
    /// When the address is none.
    pub fn start(url: &str, function: Arc<Function>, batch: u32) -> anyhow::Result<Self> {
        let server = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next());
        let way = Way {
            server: server
                .unwrap_or_default()
                .parse()
                .with_context(|| format!("{url} is no queue"))?,
            queue: url.to_owned(),
            batch,
            function,
        };
        let batches = Arc::new(AtomicU64::new(0));
        let counted = batches.clone();
        let polling = tokio::spawn(async move {
            loop {
                match way.once().await {
                    Ok(true) => {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(false) => {}
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        });
        Ok(Self { batches, polling })
    }

    /// Batches that were handed over.
    #[must_use]
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

impl Way {
    /// Hands one batch over; whether there was one.
    async fn once(&self) -> anyhow::Result<bool> {
        let asked = json!({
            "QueueUrl": self.queue,
            "MaxNumberOfMessages": self.batch,
            "WaitTimeSeconds": WAIT,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        let received = self.call("ReceiveMessage", &asked).await?;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() {
            return Ok(false);
        }
        let event = event(&self.queue, &messages).to_string();
        let outcome = self.function.invoke_in_turn(event).await?;
        let Outcome::Answered(answer) = outcome else {
            // All of them come again when their time is over.
            return Ok(true);
        };
        for message in done(&messages, &answer) {
            let asked = json!({"QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"]});
            self.call("DeleteMessage", &asked).await?;
        }
        Ok(true)
    }

    async fn call(&self, name: &str, asked: &Value) -> anyhow::Result<Value> {
        let answer = tokio::time::timeout(ANSWER_WITHIN, async {
            let stream = TcpStream::connect(self.server).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // What went wrong shows in the answer.
            tokio::spawn(connection);
            let request = Request::post("/")
                .header("host", self.server.to_string())
                .header("content-type", "application/x-amz-json-1.0")
                .header("x-amz-target", format!("AmazonSQS.{name}"))
                .header(
                    "authorization",
                    "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=x",
                )
                .body(Full::new(Bytes::from(asked.to_string())))?;
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            anyhow::ensure!(
                status.is_success(),
                "{name}: {}",
                String::from_utf8_lossy(&body)
            );
            Ok(serde_json::from_slice(&body).unwrap_or_default())
        });
        answer.await.context("the queue does not answer")?
    }
}

/// The event of a batch.
#[must_use]
pub fn event(queue: &str, messages: &[Value]) -> Value {
    let name = queue.rsplit('/').next().unwrap_or_default();
    let records = messages.iter().map(|message| {
        json!({
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{name}"),
            "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// The messages that were not reported as failed. An answer that names what was not in the batch fails all of it, as does one
/// that cannot be read; one that is empty fails nothing.
fn done<'m>(messages: &'m [Value], answer: &[u8]) -> Vec<&'m Value> {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else {
        return Vec::new();
    };
    let failures = answer["batchItemFailures"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let failed: Vec<_> = failures
        .iter()
        .map(|failure| &failure["itemIdentifier"])
        .collect();
    let known = |id: &&Value| messages.iter().any(|message| message["MessageId"] == **id);
    if !failed.iter().all(known) {
        return Vec::new();
    }
    let messages = messages.iter();
    messages
        .filter(|message| !failed.contains(&&message["MessageId"]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reported_stays_and_an_odd_report_keeps_all() {
        let messages = [json!({"MessageId": "a"}), json!({"MessageId": "b"})];
        let left = |answer: Value| done(&messages, answer.to_string().as_bytes()).len();
        assert_eq!(left(json!({"batchItemFailures": []})), 2);
        assert_eq!(left(json!(null)), 2);
        assert_eq!(
            left(json!({"batchItemFailures": [{"itemIdentifier": "b"}]})),
            1
        );
        assert_eq!(
            left(json!({"batchItemFailures": [{"itemIdentifier": "x"}]})),
            0
        );
        assert_eq!(
            left(json!({"batchItemFailures": [{"itemIdentifier": ""}]})),
            0
        );
        assert_eq!(done(&messages, b"garbage").len(), 0);
    }
}
