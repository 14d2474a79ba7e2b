//! A shop whose doubles stand around the real adapter, and the stand-in behind that.

use std::sync::Arc;

use latchkey_cloud::stripe::{ApiKey, Stripe};
use latchkey_emulators::stripe::{self as emulator, Setup};
use latchkey_platform::clock::{Clock as _, Moment as _};
use latchkey_platform::fakes::{CountingEntropy, ManualClock, World};

pub(crate) const KEY: &str = "sk_test_emulated";

/// The stand-in, on this clock.
pub(crate) async fn provider(clock: &Arc<ManualClock>) -> emulator::Stripe {
    let clock = clock.clone();
    let setup = Setup {
        key: KEY.to_owned(),
        secret: "whsec_test".to_owned(),
        now: Arc::new(move || clock.now().seconds()),
    };
    let started = emulator::Stripe::start(setup).await;
    started.expect("a port is free")
}

/// The adapter for what is at `url`, with this key.
pub(crate) fn adapter(url: &str, key: &str) -> Stripe {
    let key = ApiKey::parse(key).expect("a key");
    let entropy = Arc::new(CountingEntropy::default());
    Stripe::open(url, key, entropy).expect("the line is this machine's own")
}

/// The shop.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) provider: emulator::Stripe,
    pub(crate) stripe: Arc<Stripe>,
}

impl Shop {
    /// One without orders.
    pub(crate) async fn open() -> Self {
        let mut world = World::default();
        let provider = provider(&world.clock).await;
        let stripe = Arc::new(adapter(provider.url(), KEY));
        world.platform.checkouts.payments = stripe.clone();
        world.platform.fulfilment.payments = stripe.clone();
        Self {
            world,
            provider,
            stripe,
        }
    }

    /// Posts an event as the provider would, signed now.
    pub(crate) async fn receive(&self, body: &str) {
        let now = self.world.clock.now().seconds();
        let signature = self.provider.sign(body, now);
        let fulfilment = &self.world.platform.fulfilment;
        let received = fulfilment.receive(&signature, body.as_bytes()).await;
        received.unwrap_or_else(|error| panic!("{error}: {body}"));
    }
}
