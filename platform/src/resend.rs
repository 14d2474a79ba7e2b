//! "Resend my link": asking for the links of all games bought with an address. The answer is the same for
//! known and unknown addresses, so the looking up happens in the job and not here.

use std::sync::Arc;

use crate::email::EmailAddress;
use crate::entropy::{self, Entropy};
use crate::hex::hex;
use crate::queue::{Job, Queue};
use crate::rate::{Allowance, RESENDS_TO, RateLimits};
use crate::store::StoreError;

/// Takes requests to resend links.
#[derive(Clone)]
pub struct Resends {
    /// The queue of jobs.
    pub queue: Arc<dyn Queue>,
    /// Counts the requests for one address.
    pub rates: Arc<dyn RateLimits>,
    /// Randomness for the names of requests.
    pub entropy: Arc<dyn Entropy>,
}

impl Resends {
    /// Queues an e-mail with the links, unless the address has had its share. The caller cannot tell, and
    /// must not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn request(&self, email: &EmailAddress) -> Result<(), StoreError> {
        if let Allowance::Refused { .. } = self.rates.take(RESENDS_TO, &email.folded()).await? {
            return Ok(());
        }
        let bytes: [u8; 10] = entropy::bytes(&*self.entropy);
        let request = hex(&bytes);
        let email = email.clone();
        self.queue.send(&Job::Resend { request, email }).await
    }
}
