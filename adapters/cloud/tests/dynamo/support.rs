//! Tables of one's own on DynamoDB Local, and directories on them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use latchkey_cloud::aws::Patience;
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_emulators::DynamoLocal;
use latchkey_emulators::gate::Gate;
use latchkey_host::contracts::room;
use latchkey_host::ports::{Directory as _, Enlist, HostId, JournalId, Slot};
use latchkey_protocol::RoomId;

/// For tests that are not about time: a machine that compiles meanwhile answers late.
pub(crate) const PATIENT: Patience = Patience {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(30),
    operation: Duration::from_secs(90),
    attempts: 3,
    backoff: Duration::from_millis(10),
};

/// The room most tests are about.
pub(crate) fn the_room() -> RoomId {
    room(1)
}

/// What clients of a server at `url` are made from.
pub(crate) fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::builder()
        .access_key_id("test")
        .secret_access_key("test")
        .provider_name("test")
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// The server that all tests share.
pub(crate) async fn server() -> &'static DynamoLocal {
    DynamoLocal::shared().await.expect("DynamoDB Local runs")
}

/// A table of one's own with the keys of the directory.
pub(crate) async fn directory_table(url: &str) -> String {
    table(url, &["pk", "sk"]).await
}

/// A table of one's own with the key of the claims.
pub(crate) async fn claims_table(url: &str) -> String {
    table(url, &["pk"]).await
}

async fn table(url: &str, keys: &[&str]) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("table-{}", MADE.fetch_add(1, Ordering::Relaxed));
    let client = Client::new(&config(url));
    let mut call = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest);
    for (key, kind) in keys.iter().zip([KeyType::Hash, KeyType::Range]) {
        let attribute = AttributeDefinition::builder()
            .attribute_name(*key)
            .attribute_type(ScalarAttributeType::S);
        let key = KeySchemaElement::builder()
            .attribute_name(*key)
            .key_type(kind);
        call = call
            .attribute_definitions(attribute.build().unwrap())
            .key_schema(key.build().unwrap());
    }
    call.send().await.expect("the table is made");
    name
}

/// A directory on a table of its own.
pub(crate) async fn directory() -> DynamoDirectory {
    let url = server().await.url();
    let table = directory_table(&url).await;
    DynamoDirectory::with_patience(&config(&url), PATIENT, &table)
}

/// A directory with a gate before it, and the same without.
pub(crate) struct Gated {
    pub(crate) gate: Gate,
    pub(crate) through: DynamoDirectory,
    pub(crate) beside: DynamoDirectory,
}

impl Gated {
    pub(crate) async fn new(patience: Patience) -> Self {
        let server = server().await;
        let table = directory_table(&server.url()).await;
        let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        let gate = Gate::before(behind).await.unwrap();
        let through = DynamoDirectory::with_patience(&config(&gate.url()), patience, &table);
        let beside = DynamoDirectory::with_patience(&config(&server.url()), PATIENT, &table);
        Self {
            gate,
            through,
            beside,
        }
    }
}

pub(crate) fn enlisting(slot: u16, journal: u128) -> Enlist {
    Enlist {
        slot: Slot(slot),
        region: "here".to_owned(),
        url: format!("ws://host-{slot}"),
        version: "1.2.3".to_owned(),
        journal: JournalId(journal),
    }
}

pub(crate) async fn enlist(directory: &DynamoDirectory, slot: u16) -> HostId {
    let new = enlisting(slot, slot.into());
    directory.enlist(new).await.expect("the directory answers")
}
