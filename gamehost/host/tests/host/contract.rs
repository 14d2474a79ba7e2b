//! The fakes keep the contracts that the real ports keep.

use std::sync::Arc;

use latchkey_host::contracts;
use latchkey_host::fakes::{MemoryArchive, MemoryDirectory};

#[tokio::test]
async fn the_archive_in_memory_keeps_the_contract() {
    contracts::archive(|| Arc::new(MemoryArchive::default())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_in_memory_keeps_the_contract() {
    contracts::directory(|| Arc::new(MemoryDirectory::default())).await;
}
