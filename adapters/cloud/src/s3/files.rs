//! Files of title versions, at `t/SLUG/VERSION/PATH`, from where the CDN delivers them.

use async_trait::async_trait;
use bytes::Bytes;
use latchkey_platform::limits::BUNDLE_FILE_BYTES;
use latchkey_platform::media::media_type;
use latchkey_platform::store::StoreError;
use latchkey_platform::titles::{FilePath, VersionRef};

use super::bucket::{Made, S3Bucket};
use crate::titles::VersionFiles;

/// Nothing of a version ever changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Files of title versions in a bucket.
#[derive(Debug, Clone)]
pub struct S3VersionFiles(pub S3Bucket);

#[async_trait]
impl VersionFiles for S3VersionFiles {
    async fn put(
        &self,
        version: &VersionRef,
        path: &FilePath,
        content: &[u8],
    ) -> Result<(), StoreError> {
        let (content_type, _) = media_type(path.as_str());
        let made = Made {
            content_type,
            cache_control: Some(FOR_EVER),
        };
        let content = Bytes::copy_from_slice(content);
        Ok(self.0.put(&key(version, path), content, made).await?)
    }

    async fn get(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key(version, path);
        let found = self.0.get(&key, BUNDLE_FILE_BYTES as u64).await?;
        Ok(found.map(Vec::from))
    }
}

fn key(version: &VersionRef, path: &FilePath) -> String {
    format!("t/{version}/{path}")
}
