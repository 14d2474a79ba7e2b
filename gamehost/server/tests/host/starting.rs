//! What a host says to its service manager from its start on, and to whom it gives way.

use latchkey_emulators::DynamoLocal;

use crate::eventually;
use crate::program::Program;
use crate::services::Services;

#[tokio::test]
async fn a_directory_that_is_away_is_waited_for_at_the_start_and_restarts_nothing_later() {
    let dynamodb = DynamoLocal::start().await.unwrap();
    let services = Services::with("away", &dynamodb).await;
    dynamodb.pause().unwrap();
    let mut host = Program::start(&services, 1).await;
    host.manager
        .has_heard("STATUS=waiting for the directory")
        .await;
    host.manager.hears("EXTEND_TIMEOUT_USEC=").await;
    assert_eq!(host.manager.heard("READY=1"), 0);
    assert_eq!(
        (host.asks("healthz").await, host.asks("readyz").await),
        (200, 503)
    );
    dynamodb.resume().unwrap();
    host.manager.has_heard("READY=1").await;
    eventually("it is ready", async || host.asks("readyz").await == 200).await;
    dynamodb.pause().unwrap();
    eventually("it is fenced", async || host.asks("readyz").await == 503).await;
    host.manager.hears("WATCHDOG=1").await;
    dynamodb.resume().unwrap();
    eventually("it serves again", async || host.asks("readyz").await == 200).await;
    assert!(host.runs(), "{}", host.log());
}

#[tokio::test]
async fn a_host_whose_slot_another_machine_takes_gives_way_for_good() {
    let services = Services::shared("taken").await;
    let mut first = Program::serving(&services, 3).await;
    let mut second = Program::serving(&services, 3).await;
    assert_eq!(first.ended().await.code(), Some(78), "{}", first.log());
    assert!(second.runs());
    assert_eq!(second.asks("readyz").await, 200);
    assert_eq!(second.asks_admin("/healthz", "localhost").await, 200);
    assert_eq!(second.asks_admin("/healthz", "evil.example").await, 403);
}
