//! Calls to the emulators of AWS as its SDKs make them, but for the signature, which none of them looks into. Only what a
//! deployment makes and an operator looks at: the programs under test have clients of their own.

use anyhow::Context as _;
use hyper::Method;
use serde_json::{Value, json};

use latchkey_tests::http::{Ask, Visitor};

/// Everything is made in one region and account.
pub const REGION: &str = "us-east-1";
/// The account that all emulators stand for.
pub const ACCOUNT: &str = "000000000000";

/// One emulator's endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: String,
    /// In the signature, which names it.
    service: &'static str,
    /// Before the name of each call.
    prefix: &'static str,
}

impl Endpoint {
    /// `DynamoDB` at `url`.
    #[must_use]
    pub fn dynamodb(url: &str) -> Self {
        Self::new(url, "dynamodb", "DynamoDB_20120810")
    }

    /// SQS at `url`.
    #[must_use]
    pub fn sqs(url: &str) -> Self {
        Self::new(url, "sqs", "AmazonSQS")
    }

    /// Secrets Manager at `url`.
    #[must_use]
    pub fn secrets(url: &str) -> Self {
        Self::new(url, "secretsmanager", "secretsmanager")
    }

    /// S3 at `url`.
    #[must_use]
    pub fn s3(url: &str) -> Self {
        Self::new(url, "s3", "")
    }

    fn new(url: &str, service: &'static str, prefix: &'static str) -> Self {
        Self {
            url: url.to_owned(),
            service,
            prefix,
        }
    }

    fn signed(&self, ask: Ask) -> Ask {
        let service = self.service;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
        );
        ask.header("authorization", &authorization)
            .header("x-amz-date", "20260101T000000Z")
    }

    /// Makes a call, and returns its answer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn call(&self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let target = format!("{}.{action}", self.prefix);
        let ask = Ask::new(Method::POST, "/")
            .header("x-amz-target", &target)
            .body("application/x-amz-json-1.0", body.to_string());
        let answer = Visitor::new(&self.url).send(self.signed(ask)).await?;
        anyhow::ensure!(
            answer.status == 200,
            "{target} answered {}: {}",
            answer.status,
            answer.text()
        );
        // Some calls of SQS answer with nothing.
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        answer.json().with_context(|| target)
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn make_bucket(&self, name: &str) -> anyhow::Result<()> {
        let ask = self.signed(Ask::new(Method::PUT, &format!("/{name}")));
        let answer = Visitor::new(&self.url).send(ask).await?;
        answer.expect(200).map(drop)
    }

    /// Lets anybody read what is in a bucket, for want of a signature by which the CDN could show who it is.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn let_read(&self, bucket: &str) -> anyhow::Result<()> {
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{bucket}/*"),
            }],
        });
        let ask = Ask::new(Method::PUT, &format!("/{bucket}?policy"))
            .body("application/json", policy.to_string());
        let answer = Visitor::new(&self.url).send(self.signed(ask)).await?;
        anyhow::ensure!(
            answer.status.is_success(),
            "the policy of {bucket} was answered {}: {}",
            answer.status,
            answer.text()
        );
        Ok(())
    }
}
