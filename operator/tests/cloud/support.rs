//! The binary with its services' addresses, and clients of these services.

use std::process::{Command, Output, Stdio};

use latchkey_cloud::aws::{self, Region, SdkConfig};
use latchkey_emulators::{DynamoLocal, Moto};

pub(crate) const REGION: &str = "us-east-1";

/// Runs the binary; its environment has nothing but what is given.
pub(crate) fn latchkey(moto: &Moto, dynamodb: Option<&DynamoLocal>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ENDPOINT_URL", moto.url())
        .args(arguments)
        .stdin(Stdio::null());
    if let Some(dynamodb) = dynamodb {
        command.env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url());
    }
    command.output().unwrap()
}

/// What it said, after it did what it was told.
pub(crate) fn done(output: Output) -> String {
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What it said against it.
pub(crate) fn refused(output: Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

/// What clients of the test are made from.
pub(crate) async fn config(endpoint: &str) -> SdkConfig {
    let credentials = aws_sdk_s3::config::Credentials::new("test", "test", None, None, "test");
    let provider = aws_sdk_s3::config::SharedCredentialsProvider::new(credentials);
    let config = aws::config_in(Region::new(REGION)).await.into_builder();
    config
        .endpoint_url(endpoint)
        .credentials_provider(provider)
        .build()
}
