//! One bucket: objects are put and got whole, and listed.

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use latchkey_platform::store::StoreError;

use crate::aws::{FILES, Patience};
use crate::failure::{Cause, Failure};

const SERVICE: &str = "S3";

/// Objects that one listing names.
pub const LISTED: u16 = 1_000;

/// An object cannot be had or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The call came to nothing.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It is larger than its reader takes.
    #[error("the object {key} has {bytes} bytes, and at most {limit} are read")]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size.
        bytes: u64,
        /// What is taken.
        limit: u64,
    },
}

impl From<ObjectError> for StoreError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Failed(failure) => failure.into(),
            ObjectError::TooLarge { .. } => Self::Corrupt(error.to_string()),
        }
    }
}

/// With what an object is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Its media type.
    pub content_type: &'static str,
    /// How long browsers and the CDN keep it; what they do by themselves where nothing is said.
    pub cache_control: Option<&'static str>,
}

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    client: Client,
    name: Arc<str>,
}

impl S3Bucket {
    /// The bucket of this name.
    #[must_use]
    pub fn new(config: &SdkConfig, name: &str) -> Self {
        Self::with_patience(config, FILES, name)
    }

    /// The same for those who can wait longer, or less long.
    #[must_use]
    pub fn with_patience(config: &SdkConfig, patience: Patience, name: &str) -> Self {
        let config = Builder::from(config)
            .timeout_config(patience.timeouts())
            .retry_config(patience.retries())
            .build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
        }
    }

    /// Makes an object, or makes it anew. S3 takes it only if what arrives has the SHA-256 of what was sent, and keeps that
    /// with it.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn put(&self, key: &str, content: Bytes, made: Made) -> Result<(), ObjectError> {
        let put = self
            .client
            .put_object()
            .bucket(&*self.name)
            .key(key)
            .content_type(made.content_type)
            .set_cache_control(made.cache_control.map(str::to_owned))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .body(ByteStream::from(content));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(SERVICE, &error).into()),
        }
    }

    /// The content of an object of at most `limit` bytes; nothing if there is none. Whoever may not list the bucket is
    /// refused what is not there.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub async fn get(&self, key: &str, limit: u64) -> Result<Option<Bytes>, ObjectError> {
        let get = self.client.get_object().bucket(&*self.name).key(key);
        let found = match get.send().await {
            Ok(found) => found,
            Err(error) => {
                return match error.as_service_error() {
                    Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                    _ => Err(Failure::of(SERVICE, &error).into()),
                };
            }
        };
        let bytes = found
            .content_length
            .and_then(|bytes| u64::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| failed(Cause::Unreadable))?;
        if bytes > limit {
            let key = key.to_owned();
            return Err(ObjectError::TooLarge { key, bytes, limit });
        }
        // It ends early, or is not what its checksum says.
        let content = found.body.collect().await;
        let content = content.map_err(|_| failed(Cause::Cut))?;
        Ok(Some(content.into_bytes()))
    }

    /// The first [`LISTED`] objects whose keys begin with `prefix`, by key, and whether there are more.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn list(&self, prefix: &str) -> Result<(Vec<Listed>, bool), ObjectError> {
        let list = self
            .client
            .list_objects_v2()
            .bucket(&*self.name)
            .prefix(prefix)
            .max_keys(LISTED.into());
        let found = list.send().await;
        let found = found.map_err(|error| Failure::of(SERVICE, &error))?;
        let more = found.is_truncated.unwrap_or_default();
        let objects = found.contents.unwrap_or_default().into_iter();
        let listed = objects.filter_map(|object| {
            Some(Listed {
                key: object.key?,
                bytes: object.size.and_then(|bytes| u64::try_from(bytes).ok())?,
            })
        });
        Ok((listed.collect(), more))
    }
}

fn failed(cause: Cause) -> ObjectError {
    let service = SERVICE;
    Failure { service, cause }.into()
}
