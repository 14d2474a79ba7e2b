//! A double of the catalogue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;

use super::Faults;
use crate::limits::CATALOGUE_TITLES;
use crate::store::{Insert, StoreError};
use crate::titles::{Bundle, FilePath, Slug, TitleVersion, Titles, VersionRef};

/// Title versions in memory.
pub struct FakeTitles {
    faults: Arc<Faults>,
    versions: Mutex<BTreeMap<VersionRef, (TitleVersion, Bundle)>>,
}

impl FakeTitles {
    /// None yet.
    #[must_use]
    pub fn new(faults: &Arc<Faults>) -> Self {
        Self {
            faults: faults.clone(),
            versions: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<VersionRef, (TitleVersion, Bundle)>> {
        self.versions
            .lock()
            .expect("no test panics while it holds titles")
    }
}

#[async_trait]
impl Titles for FakeTitles {
    async fn list(&self) -> Result<Vec<TitleVersion>, StoreError> {
        self.faults.around(|| {
            let newest: BTreeMap<Slug, TitleVersion> = self
                .lock()
                .values()
                .map(|(version, _)| (version.slug.clone(), version.clone()))
                .collect();
            newest.into_values().take(CATALOGUE_TITLES).collect()
        })
    }

    async fn newest(&self, slug: &Slug) -> Result<Option<TitleVersion>, StoreError> {
        self.faults.around(|| {
            let versions = self.lock();
            let theirs = versions
                .values()
                .filter(|(version, _)| version.slug == *slug);
            theirs.map(|(version, _)| version.clone()).next_back()
        })
    }

    async fn version(&self, version: &VersionRef) -> Result<Option<TitleVersion>, StoreError> {
        self.faults
            .around(|| self.lock().get(version).map(|(version, _)| version.clone()))
    }

    async fn file(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.faults.around(|| {
            let versions = self.lock();
            versions
                .get(version)
                .and_then(|(_, bundle)| bundle.file(path))
                .map(<[u8]>::to_vec)
        })
    }

    async fn put(&self, version: &TitleVersion, bundle: &Bundle) -> Result<Insert, StoreError> {
        self.faults.around(|| {
            let mut versions = self.lock();
            if versions.contains_key(&version.reference()) {
                return Insert::Exists;
            }
            versions.insert(version.reference(), (version.clone(), bundle.clone()));
            Insert::Inserted
        })
    }
}
