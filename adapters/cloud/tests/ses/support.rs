//! The stand-in, and the adapter for it.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sesv2::config::{Credentials, SharedCredentialsProvider};
use latchkey_cloud::ses::{Ses, Settings};
use latchkey_emulators::ses as emulator;
use latchkey_platform::fakes::World;
use latchkey_platform::mail::{Mailer, SendOnce};
use latchkey_protocol::UnixMs;

pub(crate) const DOMAIN: &str = "games.test";
pub(crate) const SET: &str = "latchkey-test-orders";

/// An account that may send from one domain by one set.
pub(crate) async fn service() -> emulator::Ses {
    let setup = emulator::Setup {
        domain: DOMAIN.to_owned(),
        sets: vec![SET.to_owned()],
    };
    emulator::Ses::start(setup).await.unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        from: format!("games@{DOMAIN}").parse().unwrap(),
        set: SET.to_owned(),
        environment: "test".to_owned(),
    }
}

pub(crate) fn mailer(url: &str, settings: Settings) -> Ses {
    let credentials = Credentials::builder()
        .access_key_id("any")
        .secret_access_key("any")
        .provider_name("test")
        .build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Ses::new(&config, settings)
}

/// What keeps letters from going out twice, over the doubles of a world.
pub(crate) fn once(world: &World, mailer: impl Mailer + 'static) -> SendOnce {
    SendOnce {
        sends: world.sends.clone(),
        stops: world.stops.clone(),
        mailer: Arc::new(mailer),
        clock: world.clock.clone(),
        alone_since: UnixMs(0),
    }
}
