//! Doubles of the mailer, which counts what every reader would see, and of the list of stopped addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::Faults;
use crate::mail::{AddressHash, Email, MailError, Mailer, MessageKey, Stop, Stops, Traced};
use crate::store::StoreError;

/// A mailer in memory. Unlike the embedded outbox it sends a repeated message again, so that tests see it.
pub struct FakeMailer {
    faults: Arc<Faults>,
    sent: Mutex<Vec<Email>>,
    refuses: Mutex<BTreeMap<MessageKey, MailError>>,
    forgetful: bool,
}

impl FakeMailer {
    /// A mailer that remembers what it sent.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: faults.clone(),
            sent: Mutex::default(),
            refuses: Mutex::default(),
            forgetful: false,
        }
    }

    /// A mailer that cannot tell what it sent.
    #[must_use]
    pub fn forgetful(faults: &Arc<Faults>) -> Self {
        Self {
            forgetful: true,
            ..Self::new(faults)
        }
    }

    /// Every message that went out, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Email> {
        lock(&self.sent).clone()
    }

    /// Answers the next attempt to send this message with an error.
    pub fn refuse_once(&self, key: &MessageKey, error: MailError) {
        lock(&self.refuses).insert(key.clone(), error);
    }
}

#[async_trait]
impl Mailer for FakeMailer {
    async fn send(&self, email: &Email) -> Result<(), MailError> {
        let done = self
            .faults
            .around(|| match lock(&self.refuses).remove(&email.key) {
                Some(error) => Err(error),
                None => {
                    lock(&self.sent).push(email.clone());
                    Ok(())
                }
            });
        done.map_err(|error| MailError::Unavailable(error.to_string()))?
    }

    async fn trace(&self, key: &MessageKey) -> Result<Traced, MailError> {
        let traced = self
            .faults
            .around(|| match lock(&self.sent).iter().any(|e| e.key == *key) {
                _ if self.forgetful => Traced::Unknown,
                true => Traced::Sent,
                false => Traced::NotSent,
            });
        traced.map_err(|error| MailError::Unavailable(error.to_string()))
    }
}

/// Stopped addresses in memory.
#[derive(Default)]
pub struct FakeStops {
    faults: Arc<Faults>,
    stops: Mutex<BTreeMap<AddressHash, Stop>>,
}

impl FakeStops {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: faults.clone(),
            ..Self::default()
        }
    }

    /// Allows mail to an address again, as an operator would.
    pub fn allow(&self, address: &AddressHash) {
        lock(&self.stops).remove(address);
    }
}

#[async_trait]
impl Stops for FakeStops {
    async fn stop(&self, address: &AddressHash, why: Stop) -> Result<(), StoreError> {
        self.faults.around(|| {
            let mut stops = lock(&self.stops);
            let stop = stops.entry(address.clone()).or_insert(why);
            *stop = why.max(*stop);
        })
    }

    async fn stopped(&self, address: &AddressHash) -> Result<Option<Stop>, StoreError> {
        self.faults
            .around(|| lock(&self.stops).get(address).copied())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds mail")
}
