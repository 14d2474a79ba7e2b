//! Secrets of functions and hosts, from Secrets Manager: JSON objects of strings, bytes in hexadecimal
//! (`deploy/README.md`). Each is read once, when its program starts; who may read which is the template's affair. No error
//! here shows anything of a secret but its name and those of its fields.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use latchkey_platform::tokens::DerivingKey;
use latchkey_protocol::{TicketSigner, TicketVerifier};

use crate::failure::Failure;

const SERVICE: &str = "Secrets Manager";

/// A secret that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It could not be read.
    #[error("the secret {secret} cannot be read: {failure}")]
    Unread {
        /// Its name.
        secret: String,
        /// Why not.
        failure: Failure,
    },
    /// It could not be written.
    #[error("the secret {secret} cannot be written: {failure}")]
    Unwritten {
        /// Its name.
        secret: String,
        /// Why not.
        failure: Failure,
    },
    /// There is no place for it.
    #[error(
        "there is no secret {0}: deploy the stack first, which makes its place; are environment and region right?"
    )]
    Unmade(String),
    /// There is none, or nothing has been put into it.
    #[error("there is no secret {0}, or it is empty; `latchkey cloud secrets` fills it")]
    Missing(String),
    /// It is no text, or no JSON object of strings.
    #[error("the secret {0} is no JSON object of strings; `latchkey cloud secrets` fills it")]
    Malformed(String),
    /// A field is missing or empty.
    #[error("the secret {secret} has no field {field}; `latchkey cloud secrets` fills it")]
    NoField {
        /// Its name.
        secret: String,
        /// The field's.
        field: &'static str,
    },
    /// A field is not what it should be.
    #[error("the field {field} of the secret {secret} is not {expected}")]
    BadField {
        /// Its name.
        secret: String,
        /// The field's.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// Reads secrets.
#[derive(Debug, Clone)]
pub struct SecretStore(Client);

impl SecretStore {
    /// In the region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    /// The secret with this name or ARN.
    ///
    /// # Errors
    /// [`SecretError`] says which secret, and which field of it, is wrong.
    pub async fn read<T: Secret>(&self, name: &str) -> Result<T, SecretError> {
        let text = self.text(name, CURRENT).await?;
        let text = text.ok_or_else(|| SecretError::Missing(name.to_owned()))?;
        T::of(&Fields::parse(name, &text)?)
    }

    /// What requests must show to have come by the CDN: the present value, and the one before, which the CDN may still
    /// send.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn origin(&self, name: &str) -> Result<OriginSecret, SecretError> {
        let present = self.text(name, CURRENT).await?;
        let present = present.filter(|text| !text.is_empty());
        Ok(OriginSecret {
            present: present.ok_or_else(|| SecretError::Missing(name.to_owned()))?,
            previous: self
                .text(name, PREVIOUS)
                .await?
                .filter(|text| !text.is_empty()),
        })
    }

    /// The fields of a secret, for whoever fills it; none of one that is empty.
    ///
    /// # Errors
    /// [`SecretError::Unmade`] when the stack has not made its place, and as [`Self::read`].
    pub async fn fields(&self, name: &str) -> Result<BTreeMap<String, String>, SecretError> {
        let text = self.text(name, CURRENT).await?;
        let text = text.ok_or_else(|| SecretError::Unmade(name.to_owned()))?;
        Ok(Fields::parse(name, &text)?.values)
    }

    /// Makes these the fields of a secret. Whoever has read it goes on with what it held.
    ///
    /// # Errors
    /// [`SecretError::Unwritten`].
    pub async fn fill(
        &self,
        name: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<(), SecretError> {
        let text = serde_json::to_string(fields).expect("a map of strings is JSON");
        let call = self
            .0
            .put_secret_value()
            .secret_id(name)
            .secret_string(text);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(SecretError::Unwritten {
                secret: name.to_owned(),
                failure: Failure::of(SERVICE, &error),
            }),
        }
    }

    /// The text of one version; nothing where there is none.
    async fn text(&self, name: &str, stage: &str) -> Result<Option<String>, SecretError> {
        let call = self
            .0
            .get_secret_value()
            .secret_id(name)
            .version_stage(stage);
        match call.send().await {
            Ok(found) => match found.secret_string {
                Some(text) => Ok(Some(text)),
                None => Err(SecretError::Malformed(name.to_owned())),
            },
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(SecretError::Unread {
                    secret: name.to_owned(),
                    failure: Failure::of(SERVICE, &error),
                }),
            },
        }
    }
}

/// How Secrets Manager calls the present version of a secret, and the one before.
const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// A secret with fields.
pub trait Secret: Sized {
    /// Takes it from its fields.
    ///
    /// # Errors
    /// [`SecretError::NoField`] and [`SecretError::BadField`].
    fn of(fields: &Fields) -> Result<Self, SecretError>;
}

/// What a secret holds.
pub struct Fields {
    secret: String,
    values: BTreeMap<String, String>,
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl Fields {
    fn parse(secret: &str, json: &str) -> Result<Self, SecretError> {
        let values = serde_json::from_str(json);
        Ok(Self {
            // What the parser says may repeat what it read.
            values: values.map_err(|_| SecretError::Malformed(secret.to_owned()))?,
            secret: secret.to_owned(),
        })
    }

    /// The text of a field.
    ///
    /// # Errors
    /// [`SecretError::NoField`].
    pub fn text(&self, field: &'static str) -> Result<&str, SecretError> {
        let found = self.values.get(field).filter(|value| !value.is_empty());
        found
            .map(String::as_str)
            .ok_or_else(|| SecretError::NoField {
                secret: self.secret.clone(),
                field,
            })
    }

    /// The 32 bytes of a field.
    ///
    /// # Errors
    /// [`SecretError::NoField`] and [`SecretError::BadField`].
    pub fn key(&self, field: &'static str) -> Result<[u8; 32], SecretError> {
        let key = unhex(self.text(field)?);
        key.ok_or_else(|| self.bad(field, "32 bytes in hexadecimal"))
    }

    fn bad(&self, field: &'static str, expected: &'static str) -> SecretError {
        SecretError::BadField {
            secret: self.secret.clone(),
            field,
            expected,
        }
    }
}

/// 32 bytes from their hexadecimal digits; nothing when the text is anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// The secret `database`.
pub struct DatabaseSecret {
    /// Where the database is, and as whom.
    pub uri: String,
}

impl Secret for DatabaseSecret {
    fn of(fields: &Fields) -> Result<Self, SecretError> {
        let uri = fields.text("uri")?.to_owned();
        Ok(Self { uri })
    }
}

/// The secret `links`.
pub struct LinksSecret {
    /// Derives the links of games.
    pub links: DerivingKey,
}

impl Secret for LinksSecret {
    fn of(fields: &Fields) -> Result<Self, SecretError> {
        let links = DerivingKey::new(fields.key("links")?);
        Ok(Self { links })
    }
}

/// The secret `site`.
pub struct SiteSecret {
    /// Derives seats and their secrets.
    pub seats: DerivingKey,
    /// Signs tickets.
    pub tickets: Arc<TicketSigner>,
    /// The key for the payment provider's API.
    pub stripe_key: String,
    /// Tells the payment provider's events from others, in the mode of the key.
    pub stripe_webhook: String,
}

impl Secret for SiteSecret {
    fn of(fields: &Fields) -> Result<Self, SecretError> {
        Ok(Self {
            seats: DerivingKey::new(fields.key("seats")?),
            tickets: Arc::new(TicketSigner::from_secret(&fields.key("tickets")?)),
            stripe_key: fields.text("stripe_key")?.to_owned(),
            stripe_webhook: fields.text("stripe_webhook")?.to_owned(),
        })
    }
}

/// The secret `host`.
pub struct HostSecret {
    /// Where the database is, and as whom.
    pub uri: String,
    /// The key from which the keys are derived that sign the records of each room (P5.4).
    pub records: [u8; 32],
    /// Verifies tickets.
    pub tickets: TicketVerifier,
}

impl Secret for HostSecret {
    fn of(fields: &Fields) -> Result<Self, SecretError> {
        const PUBLIC: &str = "tickets_public";
        let tickets = TicketVerifier::from_public(&fields.key(PUBLIC)?);
        Ok(Self {
            uri: fields.text("uri")?.to_owned(),
            records: fields.key("records")?,
            tickets: tickets.map_err(|_| fields.bad(PUBLIC, "a public key"))?,
        })
    }
}

/// The secret `origin`.
pub struct OriginSecret {
    /// What the CDN shows.
    pub present: String,
    /// What it showed before.
    pub previous: Option<String>,
}

#[cfg(test)]
mod tests {
    use latchkey_platform::hex::hex;

    use super::*;

    const NAME: &str = "latchkey/dev/host";

    fn host(json: &str) -> Result<HostSecret, SecretError> {
        HostSecret::of(&Fields::parse(NAME, json)?)
    }

    fn refused(json: &str) -> String {
        match host(json) {
            Ok(_) => panic!("{json} is taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_secret_is_taken_from_its_fields() {
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let json = format!(
            r#"{{"uri": "mongodb://there", "records": "{}", "tickets_public": "{public}", "other": "x"}}"#,
            "0a".repeat(32)
        );
        let secret = host(&json).unwrap();
        assert_eq!(
            (&*secret.uri, secret.records),
            ("mongodb://there", [10; 32])
        );
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_without_showing_it() {
        let mut keys = (0..=u8::MAX).map(|byte| [byte; 32]);
        let no_key = |bytes: &[u8; 32]| TicketVerifier::from_public(bytes).is_err();
        let no_key = hex(&keys.find(no_key).expect("not all bytes are keys"));
        for (json, said) in [
            (
                "hidden",
                "the secret latchkey/dev/host is no JSON object of strings; `latchkey cloud secrets` fills it",
            ),
            (
                r#"{"uri": 7}"#,
                "the secret latchkey/dev/host is no JSON object of strings; `latchkey cloud secrets` fills it",
            ),
            (
                r#"{"records": "hidden"}"#,
                "the secret latchkey/dev/host has no field tickets_public; `latchkey cloud secrets` fills it",
            ),
            (
                r#"{"tickets_public": ""}"#,
                "the secret latchkey/dev/host has no field tickets_public; `latchkey cloud secrets` fills it",
            ),
            (
                r#"{"tickets_public": "hidden"}"#,
                "the field tickets_public of the secret latchkey/dev/host is not 32 bytes in hexadecimal",
            ),
            (
                &format!(r#"{{"tickets_public": "{no_key}", "uri": "x", "records": "{no_key}"}}"#),
                "the field tickets_public of the secret latchkey/dev/host is not a public key",
            ),
        ] {
            assert_eq!(refused(json), said, "{json}");
        }
        let fields = Fields::parse(NAME, r#"{"uri": "hidden"}"#).unwrap();
        assert!(!format!("{fields:?}").contains("hidden"));
    }
}
