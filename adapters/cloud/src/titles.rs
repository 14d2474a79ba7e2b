//! The catalogue of titles: versions on Mongo, their files in a store of objects. Which of two publishers gets a number
//! is decided by [`MongoVersions`] before either stores a file.

use std::sync::Arc;

use async_trait::async_trait;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::{Bundle, FilePath, Slug, TitleVersion, Titles, VersionRef};
use tokio::task::JoinSet;

use crate::mongo::MongoVersions;
use crate::mongo::limits::FILES_AT_ONCE;

/// Where the files of versions are.
#[async_trait]
pub trait VersionFiles: Send + Sync {
    /// Stores a file of a version. Storing the same again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put(
        &self,
        version: &VersionRef,
        path: &FilePath,
        content: &[u8],
    ) -> Result<(), StoreError>;

    /// A file of a version; nothing if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError>;
}

/// The catalogue.
#[derive(Clone)]
pub struct CloudTitles {
    versions: MongoVersions,
    files: Arc<dyn VersionFiles>,
}

impl CloudTitles {
    /// The catalogue of these versions and files.
    #[must_use]
    pub fn new(versions: MongoVersions, files: Arc<dyn VersionFiles>) -> Self {
        Self { versions, files }
    }

    /// Stores all files, a few at a time.
    async fn store(&self, version: &VersionRef, bundle: &Bundle) -> Result<(), StoreError> {
        let mut storing = JoinSet::new();
        for (path, content) in bundle.files() {
            if storing.len() == FILES_AT_ONCE {
                one_stored(&mut storing).await?;
            }
            let (files, version) = (self.files.clone(), version.clone());
            let (path, content) = (path.clone(), content.to_vec());
            storing.spawn(async move { files.put(&version, &path, &content).await });
        }
        while !storing.is_empty() {
            one_stored(&mut storing).await?;
        }
        Ok(())
    }
}

async fn one_stored(storing: &mut JoinSet<Result<(), StoreError>>) -> Result<(), StoreError> {
    match storing.join_next().await {
        None => Ok(()),
        Some(Ok(stored)) => stored,
        Some(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
    }
}

#[async_trait]
impl Titles for CloudTitles {
    async fn list(&self) -> Result<Vec<TitleVersion>, StoreError> {
        self.versions.list().await
    }

    async fn newest(&self, slug: &Slug) -> Result<Option<TitleVersion>, StoreError> {
        self.versions.newest(slug).await
    }

    async fn version(&self, version: &VersionRef) -> Result<Option<TitleVersion>, StoreError> {
        self.versions.get(version).await
    }

    async fn file(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        // Files of a number that is not published yet, and may never be, are not there.
        match self.versions.get(version).await? {
            Some(_) => self.files.get(version, path).await,
            None => Ok(None),
        }
    }

    async fn put(&self, version: &TitleVersion, bundle: &Bundle) -> Result<Insert, StoreError> {
        if !self.versions.take(version).await? {
            return Ok(Insert::Exists);
        }
        self.store(&version.reference(), bundle).await?;
        self.versions.publish(version).await
    }
}
