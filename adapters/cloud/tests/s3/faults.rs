//! A bucket that fails: what is tried again, and what the caller is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use latchkey_cloud::aws::Patience;
use latchkey_cloud::s3::{S3Bucket, S3VersionFiles};
use latchkey_cloud::titles::VersionFiles as _;
use latchkey_emulators::Moto;
use latchkey_emulators::gate::{Gate, Mishap};
use latchkey_platform::fakes::samples;
use latchkey_platform::store::StoreError;
use latchkey_platform::titles::FilePath;

use crate::support::{PATIENT, config, made, server};

/// More than any call tries.
const ALWAYS: u32 = 100;

fn slow_down() -> Mishap {
    Mishap::Refused(503, "<Error><Code>SlowDown</Code></Error>".to_owned())
}

fn path() -> FilePath {
    "games/small-game/main.js".parse().unwrap()
}

/// Files behind a gate.
async fn gated() -> (Gate, S3VersionFiles) {
    let server = server().await;
    let name = made(&server.url()).await;
    let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
    let gate = Gate::before(behind).await.unwrap();
    let bucket = S3Bucket::with_patience(&config(&gate.url()), PATIENT, &name);
    (gate, S3VersionFiles(bucket))
}

#[tokio::test]
async fn a_request_that_fails_once_is_made_again_and_its_caller_never_knows() {
    let version = samples::small_game(1);
    for mishap in [
        slow_down(),
        Mishap::broken(),
        Mishap::Cut,
        Mishap::AnswerLost,
    ] {
        let (gate, files) = gated().await;
        gate.next("PUT", 1, mishap.clone());
        files.put(&version, &path(), b"content").await.unwrap();
        gate.next("GET", 1, mishap);
        let found = files.get(&version, &path()).await.unwrap();
        assert_eq!(found.as_deref(), Some(&b"content"[..]));
    }
}

#[tokio::test]
async fn a_bucket_that_goes_on_failing_is_told_of_by_what_it_does() {
    let version = samples::small_game(1);
    let denied = "<Error><Code>AccessDenied</Code><Message>hidden</Message></Error>";
    for (mishap, told) in [
        (slow_down(), "S3 throttled the call (SlowDown)"),
        (
            Mishap::Cut,
            "S3 could not be reached, or its connection broke",
        ),
        (
            Mishap::Refused(403, denied.to_owned()),
            "S3 refused the call (AccessDenied)",
        ),
    ] {
        let (gate, files) = gated().await;
        gate.next("PUT", ALWAYS, mishap.clone());
        gate.next("GET", ALWAYS, mishap);
        let put = files.put(&version, &path(), b"content").await;
        let got = files.get(&version, &path()).await.map(drop);
        for answer in [put, got] {
            let Err(StoreError::Unavailable(why)) = answer else {
                panic!("{answer:?} is not that it is unavailable");
            };
            assert_eq!(why, told);
        }
    }
}

#[tokio::test]
async fn a_server_that_was_killed_or_stands_still_is_told_of_and_used_again() {
    let server = Moto::start().await.expect("moto runs");
    let name = made(&server.url()).await;
    let version = samples::small_game(1);
    let impatient = Patience {
        attempt: Duration::from_millis(300),
        connect: Duration::from_millis(200),
        operation: Duration::from_millis(700),
        ..PATIENT
    };
    let files = |patience| {
        let bucket = S3Bucket::with_patience(&config(&server.url()), patience, &name);
        S3VersionFiles(bucket)
    };
    server.pause().unwrap();
    let hung = files(impatient).put(&version, &path(), b"content").await;
    let told = "the store is unavailable: S3 did not answer in time";
    assert_eq!(hung.unwrap_err().to_string(), told);
    server.resume().unwrap();
    let patient = files(PATIENT);
    patient.put(&version, &path(), b"content").await.unwrap();
    server.kill().unwrap();
    let gone = patient.get(&version, &path()).await;
    let told = "the store is unavailable: S3 could not be reached, or its connection broke";
    assert_eq!(gone.unwrap_err().to_string(), told);
    server.restart().await.expect("it starts again");
    // It has forgotten everything, and says so.
    let forgotten = patient.get(&version, &path()).await;
    let told = "the store is unavailable: S3 refused the call (NoSuchBucket)";
    assert_eq!(forgotten.unwrap_err().to_string(), told);
}
