//! The fakes keep the contracts that the real ports keep.

use std::sync::Arc;

use latchkey_host::contracts;
use latchkey_host::fakes::{MemoryArchive, MemoryDirectory};
use latchkey_host::ports::Directory;

#[tokio::test]
async fn the_archive_in_memory_keeps_the_contract() {
    contracts::archive(|| Arc::new(MemoryArchive::default())).await;
}

#[tokio::test]
async fn the_directory_in_memory_keeps_the_contract() {
    contracts::directory(|| {
        let directory = Arc::new(MemoryDirectory::default());
        ["ws://one", "ws://two"].map(|url| {
            let view: Arc<dyn Directory> = Arc::new(directory.of(url));
            (view, url.to_owned())
        })
    })
    .await;
}
