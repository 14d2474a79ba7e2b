//! What a deployment makes before any program runs: tables, queues, buckets and secrets, named as `deploy/README.md` says and
//! with the settings of `template.yaml`, but that messages come back to their queue after seconds.

use base64::Engine as _;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use super::aws::{ACCOUNT, Endpoint};
use crate::seeded::Seeded;

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
    url.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("a queue without an address: {made}"))
}

/// The full name of a resource.
#[must_use]
pub fn arn(service: &str, name: &str) -> String {
    format!("arn:aws:{service}:{}:{ACCOUNT}:{name}", super::aws::REGION)
}

/// The secrets that a test shares with the programs.
#[derive(Clone)]
pub struct Shared {
    /// What the CDN shows to the site.
    pub origin: String,
    /// What the payment provider signs events with.
    pub webhook: String,
}

/// Makes and fills the secrets, with the database at `database`.
///
/// # Errors
/// When one is refused.
pub async fn secrets(manager: &Endpoint, database: &str, random: &mut Seeded) -> anyhow::Result<Shared> {
    let mut key = || {
        let words: [u64; 4] = std::array::from_fn(|_| random.number());
        let mut bytes = [0; 32];
        for (place, word) in bytes.chunks_mut(8).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    };
    let tickets = SigningKey::from_bytes(&key());
    let shared = Shared { origin: hex(&key()), webhook: format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(key())) };
    let all = [
        ("database", json!({"uri": database})),
        ("links", json!({"links": hex(&key())})),
        (
            "site",
            json!({
                "seats": hex(&key()), "tickets": hex(&tickets.to_bytes()),
                "stripe_key": "sk_test_latchkey", "stripe_webhook": shared.webhook,
            }),
        ),
        (
            "host",
            json!({
                "uri": database, "records": hex(&key()),
                "tickets_public": hex(tickets.verifying_key().as_bytes()),
            }),
        ),
    ];
    for (what, fields) in all {
        make_secret(manager, what, &fields.to_string()).await?;
    }
    make_secret(manager, "origin", &shared.origin).await?;
    Ok(shared)
}

async fn make_secret(manager: &Endpoint, what: &str, value: &str) -> anyhow::Result<()> {
    let made = json!({"Name": secret(what), "SecretString": value, "ClientRequestToken": "latchkey-cloud-suite-0123456789abcd"});
    manager.call("CreateSecret", &made).await.map(drop)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
