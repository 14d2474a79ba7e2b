//! Buckets of one's own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use latchkey_cloud::aws::Patience;
use latchkey_cloud::s3::S3Bucket;
use latchkey_emulators::Moto;

/// For tests that are not about time: a machine that compiles meanwhile answers late.
pub(crate) const PATIENT: Patience = Patience {
    connect: Duration::from_secs(10),
    attempt: Duration::from_secs(30),
    operation: Duration::from_secs(90),
    attempts: 3,
    backoff: Duration::from_millis(1),
};

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
pub(crate) async fn server() -> &'static Moto {
    Moto::shared().await.expect("moto runs")
}

/// Makes a bucket of one's own.
pub(crate) async fn made(url: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("bucket-{}", MADE.fetch_add(1, Ordering::Relaxed));
    let client = Client::new(&config(url));
    let made = client.create_bucket().bucket(&name).send().await;
    made.expect("the bucket is made");
    name
}

/// A bucket of one's own, and a client beside it.
pub(crate) async fn bucket() -> (S3Bucket, Client, String) {
    let url = server().await.url();
    let name = made(&url).await;
    let config = config(&url);
    let bucket = S3Bucket::with_patience(&config, PATIENT, &name);
    (bucket, Client::new(&config), name)
}
