//! How often somebody may do something: fixed, named limits and the port that counts.

use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{UnixMs, millis};
use crate::store::StoreError;

/// A named limit: so many times in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The name, which also keeps counts of different limits apart.
    pub name: &'static str,
    /// How many times.
    pub times: u32,
    /// In how long.
    pub per: Duration,
}

impl Limit {
    /// The number of the window `now` is in, and the time that is left of it.
    #[must_use]
    pub fn window(&self, now: UnixMs) -> (u64, Duration) {
        let length = millis(self.per).max(1);
        (
            now.0 / length,
            Duration::from_millis(length - now.0 % length),
        )
    }

    /// What the `count`-th time of a window is answered, of which `left` is left.
    pub fn judge(&self, count: u32, left: Duration) -> Allowance {
        if count <= self.times {
            Allowance::Allowed
        } else {
            Allowance::Refused { retry_after: left }
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Checkouts begun from one network address.
pub const CHECKOUTS: Limit = Limit {
    name: "checkouts",
    times: 30,
    per: HOUR,
};
/// Requests to resend links from one network address.
pub const RESENDS: Limit = Limit {
    name: "resends",
    times: 10,
    per: HOUR,
};
/// Requests to resend links to one e-mail address. Beyond, nothing is sent and nothing is said.
pub const RESENDS_TO: Limit = Limit {
    name: "resends-to",
    times: 3,
    per: HOUR,
};
/// Links and keys tried from one network address that opened nothing.
pub const MISSES: Limit = Limit {
    name: "misses",
    times: 30,
    per: MINUTE,
};
/// Seats taken through one link.
pub const SEATS: Limit = Limit {
    name: "seats",
    times: 60,
    per: MINUTE,
};
/// Changes of one seat's name or colour.
pub const PROFILES: Limit = Limit {
    name: "profiles",
    times: 30,
    per: MINUTE,
};
/// Tickets minted for one seat. A client that was cut off asks some thirty times within the first seconds (P9.1), and may
/// be cut off again soon after.
pub const CONNECTS: Limit = Limit {
    name: "connects",
    times: 120,
    per: MINUTE,
};
/// Confirmations asked for one order; each asks the payment provider.
pub const CONFIRMS: Limit = Limit {
    name: "confirms",
    times: 60,
    per: MINUTE,
};
/// Fault reports from one network address.
pub const FAULTS: Limit = Limit {
    name: "faults",
    times: 30,
    per: MINUTE,
};

/// Every limit; a counter that keeps expired counts may forget those of the longest.
pub const ALL: &[Limit] = &[
    CHECKOUTS, RESENDS, RESENDS_TO, MISSES, SEATS, PROFILES, CONNECTS, CONFIRMS, FAULTS,
];

/// Whether one more time is within the limit.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// It is, and has been counted.
    Allowed,
    /// It is not.
    Refused {
        /// After how long it may be tried again.
        retry_after: Duration,
    },
}

/// Counts per limit and subject, in windows that begin at multiples of the limit's time.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Counts one more time of `subject` (a network address, the hash of a token).
    async fn take(&self, limit: Limit, subject: &str) -> Result<Allowance, StoreError>;
}
