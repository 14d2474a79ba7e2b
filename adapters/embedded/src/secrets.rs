//! The secrets file: made once, at the first start, readable by its owner only. Every secret has one use; all
//! are random, so losing the file means that links, seats and tickets made with it open nothing any more.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_platform::Secrets;
use latchkey_platform::entropy::{self, Entropy};
use latchkey_platform::hex::hex;
use latchkey_platform::payments::Mode;
use latchkey_platform::payments::webhook::WebhookSecret;
use latchkey_platform::tokens::DerivingKey;
use latchkey_protocol::TicketSigner;
use serde::{Deserialize, Serialize};

use crate::files::{self, Access};

/// All secrets of one machine.
#[derive(Clone)]
pub struct MachineSecrets {
    /// Those of the site.
    pub site: Secrets,
    /// The key from which hosts derive the keys that sign the records of each room (P5.4).
    pub records: [u8; 32],
}

/// The secrets cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or written.
    #[error("the secrets file {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is damaged. It is never replaced by itself: every link would stop working.
    #[error("the secrets file {} is damaged; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// The file. Bytes are in hexadecimal.
#[derive(Serialize, Deserialize)]
struct Stored {
    links: String,
    seats: String,
    webhook: String,
    tickets: String,
    records: String,
}

impl Stored {
    fn random(entropy: &dyn Entropy) -> Self {
        let secret = || hex(&entropy::bytes::<32>(entropy));
        Self {
            links: secret(),
            seats: secret(),
            webhook: format!("whsec_{}", secret()),
            tickets: secret(),
            records: secret(),
        }
    }

    fn read(&self) -> Option<MachineSecrets> {
        let site = Secrets {
            links: DerivingKey::new(bytes(&self.links)?),
            seats: DerivingKey::new(bytes(&self.seats)?),
            webhook: WebhookSecret::new(self.webhook.as_str(), Mode::Test),
            tickets: Arc::new(TicketSigner::from_secret(&bytes(&self.tickets)?)),
        };
        let is_whole = self
            .webhook
            .strip_prefix("whsec_")
            .is_some_and(|hex| hex.len() == 64);
        is_whole.then_some(MachineSecrets {
            site,
            records: bytes(&self.records)?,
        })
    }
}

fn bytes(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

impl MachineSecrets {
    /// Reads the file, or makes it if there is none. Only one process may start on a data folder.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn load_or_make(path: &Path, entropy: &dyn Entropy) -> Result<Self, SecretsError> {
        let file = |source| SecretsError::File {
            path: path.to_owned(),
            source,
        };
        let damaged = || SecretsError::Damaged {
            path: path.to_owned(),
        };
        let stored = match files::read_if_there(path).map_err(file)? {
            Some(json) => serde_json::from_slice(&json).map_err(|_| damaged())?,
            None => {
                let made = Stored::random(entropy);
                let json = serde_json::to_vec_pretty(&made).map_err(|error| file(error.into()))?;
                files::write_atomically(path, &json, "secrets", Access::Private).map_err(file)?;
                made
            }
        };
        stored.read().ok_or_else(damaged)
    }
}
