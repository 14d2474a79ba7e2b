//! How often somebody did something: one item for each limit, window and subject, `pk` is `rate#LIMIT#WINDOW#HASH`, which
//! is swept out some time after its window. Of the subject there is only a hash, so that the table names nobody. A count
//! whose answer was lost is counted once more, to the caller's disadvantage.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use latchkey_platform::clock::{Clock, Moment as _, UnixMs};
use latchkey_platform::hex::hex;
use latchkey_platform::rate::{Allowance, Limit, RateLimits};
use latchkey_platform::store::StoreError;
use sha2::{Digest as _, Sha256};

use super::claims::{DynamoClaims, key};
use super::item::{Read, item, number};
use super::table::{Change, Changed, TableError};

/// How long after its window a count stays: longer than the clocks of two machines differ.
const KEPT: Duration = Duration::from_secs(3600);

/// Counts in the table of claims, in windows by this clock.
#[derive(Clone)]
pub struct DynamoRates {
    /// The table.
    pub claims: DynamoClaims,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl RateLimits for DynamoRates {
    async fn take(&self, limit: Limit, subject: &str) -> Result<Allowance, StoreError> {
        let now = self.clock.now();
        let (window, left) = limit.window(now);
        let hash = hex(&Sha256::digest(subject)[..16]);
        let key = key("rate", format_args!("{}#{window}#{hash}", limit.name));
        let change = Change {
            to: "ADD times :one SET expires = :expires",
            only_if: None,
            values: item([
                (":one", number(1)),
                (":expires", number(expiry(now, left).seconds())),
            ]),
        };
        let count = match self.claims.0.change(key, change).await? {
            Changed::Now(item) => Read(&item).number("times")?,
            Changed::Not(_) => return Err(TableError::Unreadable("times").into()),
        };
        Ok(limit.judge(count, left))
    }
}

fn expiry(now: UnixMs, left: Duration) -> UnixMs {
    now.plus(left).plus(KEPT)
}
