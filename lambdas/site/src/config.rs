//! What the wiring decides about the site, besides the platform it stands on.

use std::sync::Arc;

use latchkey_platform::mail::Outbox;
use latchkey_platform::till::TestTill;

/// Settings of the site. The default is a site that serves everything itself, behind no proxy, with nothing pretended.
#[derive(Clone, Default)]
pub struct SiteConfig {
    /// Origins of game hosts that browsers may connect to, besides the site's own (`wss://eu1.example.org`).
    pub room_origins: Vec<String>,
    /// Origins of the payment provider's pages, where the checkout form leads; none when they are the site's own.
    pub till_origins: Vec<String>,
    /// How many proxies in front of the site append to `X-Forwarded-For`. With none the header is not believed.
    pub proxies: usize,
    /// The test till and outbox, where nothing is real.
    pub dev: Option<Dev>,
}

/// What there is only where nothing is real.
#[derive(Clone)]
pub struct Dev {
    /// The test till.
    pub till: Arc<dyn TestTill>,
    /// The mail that would have gone out.
    pub outbox: Arc<dyn Outbox>,
}
