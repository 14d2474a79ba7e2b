//! The secrets in the data folder of the platform under test, to do what only their owner can: sign payment events that
//! are wrong in other ways than their signature, and mint tickets that the site would not.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Stored {
    webhook: String,
    tickets: String,
}

/// The secrets of one platform.
#[derive(Clone)]
pub struct Secrets {
    /// What the payment provider signs with.
    pub webhook: Vec<u8>,
    tickets: SigningKey,
}

/// What a minted ticket says.
#[derive(Debug, Clone)]
pub struct Claims<'a> {
    /// The audience.
    pub audience: &'a str,
    /// The room.
    pub room: &'a str,
    /// The member.
    pub member: &'a str,
    /// The moment it was issued, in seconds since 1970; it is good for a minute.
    pub issued: u64,
}

impl Secrets {
    /// Reads them from the data folder.
    ///
    /// # Errors
    /// When they are not where the operator keeps them.
    pub fn of(data: &Path) -> anyhow::Result<Self> {
        let path = data.join("secrets.json");
        let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let stored: Stored = serde_json::from_slice(&text)?;
        let mut key = [0; 32];
        for (at, byte) in key.iter_mut().enumerate() {
            let digits = stored
                .tickets
                .get(at * 2..at * 2 + 2)
                .context("64 hexadecimal digits")?;
            *byte = u8::from_str_radix(digits, 16)?;
        }
        let (webhook, tickets) = (stored.webhook.into_bytes(), SigningKey::from_bytes(&key));
        Ok(Self { webhook, tickets })
    }

    /// A ticket signed as the site signs them (P1.4).
    #[must_use]
    pub fn ticket(&self, claims: &Claims<'_>) -> String {
        let body = json!({
            "aud": claims.audience, "room": claims.room, "member": claims.member,
            "name": "Minted", "colour": "#336699",
            "iat": claims.issued, "exp": claims.issued + 60,
        });
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!(
            "{}.{}",
            encode(r#"{"alg":"EdDSA","typ":"JWT"}"#),
            encode(&body.to_string())
        );
        let signature = self.tickets.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}
