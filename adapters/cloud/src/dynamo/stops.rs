//! Addresses that get no more mail: `pk` is `stop#HASH`. They stay until an operator takes them away.

use async_trait::async_trait;
use latchkey_platform::mail::{AddressHash, Stop, Stops};
use latchkey_platform::store::StoreError;

use super::claims::{DynamoClaims, key};
use super::item::{Read, item, text};
use super::table::{Change, Changed};

const KIND: &str = "stop";

#[async_trait]
impl Stops for DynamoClaims {
    async fn stop(&self, address: &AddressHash, why: Stop) -> Result<(), StoreError> {
        let change = Change {
            to: "SET why = :why",
            only_if: match why {
                Stop::Bounced => None,
                Stop::Complained => Some("attribute_not_exists(pk)"),
            },
            values: item([(":why", text(why.as_str()))]),
        };
        match self.0.change(key(KIND, address), change).await? {
            Changed::Now(_) | Changed::Not(_) => Ok(()),
        }
    }

    async fn stopped(&self, address: &AddressHash) -> Result<Option<Stop>, StoreError> {
        match self.0.get(key(KIND, address)).await? {
            Some(found) => Stop::parse(Read(&found).text("why")?).map(Some),
            None => Ok(None),
        }
    }
}
