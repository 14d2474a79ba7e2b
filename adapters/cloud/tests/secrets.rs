//! Secrets as Secrets Manager gives them, against moto: the present one and the one before, and what is said when there is
//! none or no answer. What a secret must hold is tested beside its type.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Credentials, SharedCredentialsProvider};
use latchkey_cloud::secrets::{DatabaseSecret, SecretStore};
use latchkey_emulators::Moto;
use latchkey_emulators::gate::{Gate, Mishap};

fn config(url: &str) -> SdkConfig {
    let credentials = Credentials::builder()
        .access_key_id("test")
        .secret_access_key("test")
        .provider_name("test")
        .build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

async fn server() -> &'static Moto {
    Moto::shared().await.expect("moto runs")
}

/// Makes a secret, and gives it each of the values in their order.
async fn made(name: &str, values: &[&str]) -> SecretStore {
    let config = config(&server().await.url());
    let client = Client::new(&config);
    client.create_secret().name(name).send().await.unwrap();
    for value in values {
        let put = client.put_secret_value().secret_id(name);
        put.secret_string(*value).send().await.unwrap();
    }
    SecretStore::new(&config)
}

#[tokio::test]
async fn the_present_secret_is_read() {
    let values = [r#"{"uri": "mongodb://old"}"#, r#"{"uri": "mongodb://new"}"#];
    let store = made("latchkey/read/database", &values).await;
    let secret: DatabaseSecret = store.read("latchkey/read/database").await.unwrap();
    assert_eq!(secret.uri, "mongodb://new");
}

#[tokio::test]
async fn a_secret_that_is_not_there_or_empty_is_named() {
    let store = made("latchkey/empty/database", &[]).await;
    for name in ["latchkey/empty/database", "latchkey/none/database"] {
        let error = store.read::<DatabaseSecret>(name).await.err().unwrap();
        let told =
            format!("there is no secret {name}, or it is empty; `latchkey cloud secrets` fills it");
        assert_eq!(error.to_string(), told);
    }
}

#[tokio::test]
async fn what_the_cdn_showed_before_the_last_change_is_known_too() {
    let store = made("latchkey/once/origin", &["first"]).await;
    let origin = store.origin("latchkey/once/origin").await.unwrap();
    assert_eq!((&*origin.present, origin.previous), ("first", None));
    let store = made("latchkey/twice/origin", &["first", "second"]).await;
    let origin = store.origin("latchkey/twice/origin").await.unwrap();
    let previous = Some("first".to_owned());
    assert_eq!((&*origin.present, origin.previous), ("second", previous));
}

#[tokio::test]
async fn an_answer_that_does_not_come_once_is_asked_for_again_and_then_told_of() {
    let name = "latchkey/gate/database";
    made(name, &[r#"{"uri": "mongodb://there"}"#]).await;
    let behind = SocketAddr::from((Ipv4Addr::LOCALHOST, server().await.port()));
    let gate = Gate::before(behind).await.unwrap();
    let store = SecretStore::new(&config(&gate.url()));
    for mishap in [Mishap::throttled(), Mishap::broken(), Mishap::Cut] {
        gate.next("GetSecretValue", 1, mishap);
        store.read::<DatabaseSecret>(name).await.unwrap();
    }
    gate.next("GetSecretValue", 100, Mishap::throttled());
    let error = store.read::<DatabaseSecret>(name).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the secret latchkey/gate/database cannot be read: \
         Secrets Manager throttled the call (ThrottlingException)"
    );
}
