//! Publishing versions whose publishers fail in between, and the files under their numbers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use latchkey_cloud::mongo::{Mongo, MongoVersions, Role};
use latchkey_cloud::titles::{CloudTitles, VersionFiles};
use latchkey_platform::fakes::samples;
use latchkey_platform::store::{Insert, StoreError};
use latchkey_platform::titles::{Bundle, FilePath, Titles, VersionRef, publish};
use tokio::task::JoinSet;

use crate::bench::database;

/// Files in memory, of which only so many can be stored.
pub(crate) struct FilesInMemory {
    files: Mutex<BTreeMap<(VersionRef, FilePath), Vec<u8>>>,
    left: AtomicUsize,
}

impl Default for FilesInMemory {
    fn default() -> Self {
        Self {
            files: Mutex::default(),
            left: AtomicUsize::new(usize::MAX),
        }
    }
}

#[async_trait]
impl VersionFiles for FilesInMemory {
    async fn put(
        &self,
        version: &VersionRef,
        path: &FilePath,
        content: &[u8],
    ) -> Result<(), StoreError> {
        let take = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|_| StoreError::Unavailable("no more files".to_owned()))?;
        let place = (version.clone(), path.clone());
        self.files.lock().unwrap().insert(place, content.to_vec());
        Ok(())
    }

    async fn get(
        &self,
        version: &VersionRef,
        path: &FilePath,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let place = (version.clone(), path.clone());
        Ok(self.files.lock().unwrap().get(&place).cloned())
    }
}

struct Shop {
    titles: CloudTitles,
    files: Arc<FilesInMemory>,
}

fn shop(mongo: &Mongo) -> Shop {
    let files = Arc::new(FilesInMemory::default());
    let titles = CloudTitles::new(MongoVersions::new(mongo), files.clone());
    Shop { titles, files }
}

impl Shop {
    /// Publishes with a store of files that fails after so many.
    async fn published(&self, bundle: &Bundle, files: usize) -> Option<(u32, bool)> {
        self.files.left.store(files, Ordering::Relaxed);
        let published = publish(&self.titles, bundle, samples::NOW).await.ok()?;
        Some((published.version.number, published.new))
    }

    async fn main(&self, number: u32) -> Option<Vec<u8>> {
        let path = "games/small-game/main.js".parse().unwrap();
        let version = samples::small_game(number);
        self.titles.file(&version, &path).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_left_half_stored_is_seen_by_nobody_and_its_publisher_may_finish_it() {
    let shop = shop(&database(Role::Function).await);
    let one = samples::bundle("one");
    assert_eq!(shop.published(&one, 2).await, None);
    let slug = samples::small_game(1).slug;
    assert_eq!(shop.titles.newest(&slug).await.unwrap(), None);
    assert_eq!(shop.titles.list().await.unwrap(), []);
    for path in one.files().map(|(path, _)| path) {
        let file = shop.titles.file(&samples::small_game(1), path).await;
        assert_eq!(file.unwrap(), None, "{path}");
    }
    assert_eq!(shop.published(&one, usize::MAX).await, Some((1, true)));
    assert_eq!(shop.published(&one, 0).await, Some((1, false)));
    assert_eq!(shop.main(1).await.unwrap(), b"one");
}

#[tokio::test]
async fn a_number_whose_publisher_died_is_passed_over_by_other_content() {
    let shop = shop(&database(Role::Function).await);
    let (one, two) = (samples::bundle("one"), samples::bundle("two"));
    assert_eq!(shop.published(&one, 2).await, None);
    assert_eq!(shop.published(&two, usize::MAX).await, Some((2, true)));
    assert_eq!(shop.main(1).await, None);
    assert_eq!(shop.main(2).await.unwrap(), b"two");
    // What is published last is what is sold, also when it is the content that failed before.
    assert_eq!(shop.published(&one, usize::MAX).await, Some((3, true)));
    assert_eq!(shop.main(3).await.unwrap(), b"one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_publishers_each_content_gets_a_number_of_its_own() {
    let shop = Arc::new(shop(&database(Role::Host).await));
    let mut publishing = JoinSet::new();
    for at in 0..16 {
        let shop = shop.clone();
        // Every content has two publishers.
        let bundle = samples::bundle(&(at / 2).to_string());
        publishing.spawn(async move {
            let published = publish(&shop.titles, &bundle, samples::NOW).await.unwrap();
            (published.version, bundle)
        });
    }
    for (version, bundle) in publishing.join_all().await {
        assert_eq!(version.hash, bundle.hash());
        for (path, content) in bundle.files() {
            let file = shop.titles.file(&version.reference(), path).await.unwrap();
            assert_eq!(
                file.as_deref(),
                Some(content),
                "{path} of {}",
                version.number
            );
        }
    }
}

#[tokio::test]
async fn only_the_taker_of_a_number_publishes_under_it() {
    let mongo = database(Role::Function).await;
    let shop = shop(&mongo);
    let (one, two) = (samples::bundle("one"), samples::bundle("two"));
    shop.files.left.store(1, Ordering::Relaxed);
    assert!(
        shop.titles
            .put(&samples::version(1, &one), &one)
            .await
            .is_err()
    );
    shop.files.left.store(usize::MAX, Ordering::Relaxed);
    let other = shop.titles.put(&samples::version(1, &two), &two).await;
    assert_eq!(other.unwrap(), Insert::Exists);
    let own = shop.titles.put(&samples::version(1, &one), &one).await;
    assert_eq!(own.unwrap(), Insert::Inserted);
    let again = shop.titles.put(&samples::version(1, &one), &one).await;
    assert_eq!(again.unwrap(), Insert::Exists);
    assert_eq!(shop.main(1).await.unwrap(), b"one");
}
