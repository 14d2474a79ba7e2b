//! The outbox: mail as `.eml` files in a folder, named by message key, and beside each a `.json` with what the
//! outbox page shows. Sending a message again finds its file there and changes nothing a reader would see.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_platform::clock::{Clock, Moment as _, UnixMs};
use latchkey_platform::email::EmailAddress;
use latchkey_platform::mail::{
    Email, MailError, Mailer, MessageKey, Outbox, OutboxLine, OutboxMessage, Traced,
};
use latchkey_platform::store::StoreError;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use serde::{Deserialize, Serialize};

use crate::files::{self, Access};
use crate::limits::OUTBOX_FILES;

/// Mail in a folder.
#[derive(Clone)]
pub struct FolderOutbox {
    folder: PathBuf,
    from: EmailAddress,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize, Deserialize)]
struct Sidecar {
    email: Email,
    at: UnixMs,
}

impl FolderOutbox {
    /// Opens the folder, making it if need be. Messages are from `from`.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn open(folder: &Path, from: EmailAddress, clock: Arc<dyn Clock>) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            from,
            clock,
        })
    }

    fn path(&self, key: &MessageKey, extension: &str) -> PathBuf {
        self.folder.join(format!("{key}.{extension}"))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this))
            .await
            .map_err(io::Error::other)?
    }

    /// The message as it would go over the wire.
    fn eml(&self, email: &Email, at: UnixMs) -> io::Result<Vec<u8>> {
        let domain = self.from.as_str().rsplit('@').next().unwrap_or_default();
        let mut message = MessageBuilder::new()
            .from(("Latchkey", self.from.as_str()))
            .to(email.to.as_str())
            .subject(email.subject.as_str())
            .date(i64::try_from(at.seconds()).unwrap_or(i64::MAX))
            .message_id(format!("{}@{domain}", email.key))
            .text_body(email.text.as_str())
            .html_body(email.html.as_str());
        for (name, value) in &email.headers {
            message = message.header(name.as_str(), Raw::new(value.as_str()));
        }
        message.write_to_vec()
    }

    /// The `.json` comes first: whatever has an `.eml` can be shown, and only the `.eml` counts as sent.
    fn write(&self, email: &Email, at: UnixMs) -> io::Result<()> {
        let sidecar = serde_json::to_vec(&Sidecar {
            email: email.clone(),
            at,
        })?;
        let key = &email.key;
        let scratch = format!("{key}.json");
        files::write_atomically(&self.path(key, "json"), &sidecar, &scratch, Access::Private)?;
        let eml = self.eml(email, at)?;
        files::write_atomically(
            &self.path(key, "eml"),
            &eml,
            &format!("{key}.eml"),
            Access::Private,
        )
    }

    fn sidecar(&self, key: &MessageKey) -> io::Result<Option<Sidecar>> {
        let json = files::read_if_there(&self.path(key, "json"))?;
        Ok(json.map(|json| serde_json::from_slice(&json)).transpose()?)
    }

    fn read(&self, key: &MessageKey) -> io::Result<Option<OutboxMessage>> {
        let Some(eml) = files::read_if_there(&self.path(key, "eml"))? else {
            return Ok(None);
        };
        let sidecar = self.sidecar(key)?;
        Ok(sidecar.map(|Sidecar { email, at }| OutboxMessage { email, at, eml }))
    }

    /// The keys of messages that were sent.
    fn keys(&self) -> io::Result<Vec<MessageKey>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let key = name
                .strip_suffix(".eml")
                .and_then(|key| MessageKey::parse(key).ok());
            keys.extend(key);
            if keys.len() >= OUTBOX_FILES {
                break;
            }
        }
        Ok(keys)
    }

    fn lines(&self, limit: usize) -> io::Result<Vec<OutboxLine>> {
        let mut lines = Vec::new();
        for key in self.keys()? {
            if let Some(Sidecar { email, at }) = self.sidecar(&key)? {
                lines.push(OutboxLine {
                    key,
                    to: email.to,
                    subject: email.subject,
                    at,
                });
            }
        }
        lines.sort_by(|a, b| (b.at, &b.key).cmp(&(a.at, &a.key)));
        lines.truncate(limit);
        Ok(lines)
    }
}

#[async_trait]
impl Mailer for FolderOutbox {
    async fn send(&self, email: &Email) -> Result<(), MailError> {
        let (email, now) = (email.clone(), self.clock.now());
        self.blocking(move |this| this.write(&email, now))
            .await
            .map_err(|error| MailError::Unavailable(error.to_string()))
    }

    async fn trace(&self, key: &MessageKey) -> Result<Traced, MailError> {
        let path = self.path(key, "eml");
        let sent = self.blocking(move |_| fs::exists(path)).await;
        match sent.map_err(|error| MailError::Unavailable(error.to_string()))? {
            true => Ok(Traced::Sent),
            false => Ok(Traced::NotSent),
        }
    }
}

#[async_trait]
impl Outbox for FolderOutbox {
    async fn list(&self, limit: usize) -> Result<Vec<OutboxLine>, StoreError> {
        self.blocking(move |this| this.lines(limit))
            .await
            .map_err(unavailable)
    }

    async fn get(&self, key: &MessageKey) -> Result<Option<OutboxMessage>, StoreError> {
        let key = key.clone();
        self.blocking(move |this| this.read(&key))
            .await
            .map_err(unavailable)
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the argument of map_err"
)]
fn unavailable(error: io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
