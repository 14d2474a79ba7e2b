//! What the handlers work with: the platform as the wiring put it together, and the site's settings.

use std::ops::Deref;
use std::sync::Arc;

use latchkey_platform::Platform;
use latchkey_platform::rate::{Allowance, Limit};

use crate::config::SiteConfig;
use crate::refusal::Refusal;

/// The state of the router, shared by all requests. It never changes.
#[derive(Clone)]
pub struct Site(Arc<Parts>);

/// What a [`Site`] holds.
pub struct Parts {
    pub(crate) platform: Platform,
    pub(crate) config: SiteConfig,
}

impl Site {
    /// A site on this platform.
    #[must_use]
    pub fn new(platform: Platform, config: SiteConfig) -> Self {
        Self(Arc::new(Parts { platform, config }))
    }

    /// Whether the test till and outbox are there.
    pub(crate) fn is_dev(&self) -> bool {
        self.config.dev.is_some()
    }

    /// Counts one more time of `subject` and refuses it beyond the limit.
    ///
    /// A counter that does not work must not close the shop, so its failure lets the request pass; it is logged.
    pub(crate) async fn allow(&self, limit: Limit, subject: &str) -> Result<(), Refusal> {
        match self.platform.rates.take(limit, subject).await {
            Ok(Allowance::Allowed) => Ok(()),
            Ok(Allowance::Refused { retry_after }) => Err(Refusal::TooOften {
                limit: format!("{} in {} seconds", limit.times, limit.per.as_secs()),
                seconds: retry_after
                    .as_millis()
                    .div_ceil(1000)
                    .try_into()
                    .unwrap_or(u64::MAX),
            }),
            Err(error) => {
                tracing::warn!(limit = limit.name, %error, "requests are not counted");
                Ok(())
            }
        }
    }
}

impl Deref for Site {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
