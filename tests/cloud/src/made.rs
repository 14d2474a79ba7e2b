//! What a deployment makes before any program runs: tables, queues, buckets and secrets, named as `deploy/README.md` says and
//! with the settings of `template.yaml`, but that messages come back to their queue after seconds.

use serde_json::{Value, json};

use crate::aws::{ACCOUNT, Endpoint};

/// What the programs are told that they run in.
pub const ENVIRONMENT: &str = "test";
/// Seconds until a message that was given out comes back. In a deployment it is six times the time of a function; here a test
/// waits for it.
pub const VISIBILITY: u32 = 6;

/// A resource's name.
#[must_use]
pub fn name(what: &str) -> String {
    format!("latchkey-{ENVIRONMENT}-{what}")
}

/// The bucket of what.
#[must_use]
pub fn bucket(what: &str) -> String {
    format!("{}-{ACCOUNT}", name(what))
}

/// A secret's name.
#[must_use]
pub fn secret(what: &str) -> String {
    format!("latchkey/{ENVIRONMENT}/{what}")
}

/// Makes the two tables.
///
/// # Errors
/// When one is refused.
pub async fn tables(dynamodb: &Endpoint) -> anyhow::Result<()> {
    let attribute = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let directory = json!({
        "TableName": name("directory"), "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("pk"), attribute("sk")],
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
    });
    let claims = json!({
        "TableName": name("claims"), "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [attribute("pk")], "KeySchema": [key("pk", "HASH")],
    });
    for table in [directory, claims] {
        dynamodb.call("CreateTable", &table).await?;
    }
    Ok(())
}

/// Addresses of the queues.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Confirmations.
    pub confirm: String,
    /// Stats, in order.
    pub stats: String,
    /// Letters of the mailing list.
    pub campaign: String,
}

/// Makes the queues, each with its dead letters.
///
/// # Errors
/// When one is refused.
pub async fn queues(sqs: &Endpoint) -> anyhow::Result<Queues> {
    Ok(Queues {
        confirm: queue(sqs, "confirm", "", 16).await?,
        stats: queue(sqs, "stats", ".fifo", 8).await?,
        campaign: queue(sqs, "campaign", "", 8).await?,
    })
}

async fn queue(sqs: &Endpoint, what: &str, kind: &str, tries: u32) -> anyhow::Result<String> {
    let dead = name(&format!("{what}-dead{kind}"));
    let buried = json!({"deadLetterTargetArn": arn("sqs", &dead), "maxReceiveCount": tries});
    let of_kind = |mut attributes: Value| {
        if kind == ".fifo" {
            attributes["FifoQueue"] = json!("true");
        }
        attributes
    };
    let dead = json!({"QueueName": dead, "Attributes": of_kind(json!({}))});
    sqs.call("CreateQueue", &dead).await?;
    let queue = json!({
        "QueueName": name(&format!("{what}{kind}")),
        "Attributes": of_kind(json!({
            "VisibilityTimeout": VISIBILITY.to_string(),
            "RedrivePolicy": buried.to_string(),
        })),
    });
    let made = sqs.call("CreateQueue", &queue).await?;
    let url = made["QueueUrl"].as_str();
    url.map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("a queue without an address: {made}"))
}

/// The full name of a resource.
#[must_use]
pub fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:{}:{ACCOUNT}:{name}", crate::aws::REGION)
}

/// Makes the places of the secrets, and the one secret that a deployment fills itself: what the CDN shows to the site.
///
/// # Errors
/// When one is refused.
pub async fn secrets(manager: &Endpoint, origin: &str) -> anyhow::Result<()> {
    for what in ["database", "links", "site", "host"] {
        make_secret(manager, what, "{}").await?;
    }
    make_secret(manager, "origin", origin).await
}

async fn make_secret(manager: &Endpoint, what: &str, value: &str) -> anyhow::Result<()> {
    let made = json!({"Name": secret(what), "SecretString": value, "ClientRequestToken": "latchkey-cloud-suite-0123456789abcd"});
    manager.call("CreateSecret", &made).await.map(drop)
}
