//! What every directory must do.

use std::sync::Arc;
use std::sync::Mutex;

use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_host::contracts;
use latchkey_host::ports::Directory;

use crate::support::{PATIENT, config, directory_table, server};

/// Tables for the contracts, each of which asks for one.
const CONTRACTS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_does_what_every_directory_must() {
    let url = server().await.url();
    let mut tables = Vec::new();
    for _ in 0..CONTRACTS {
        tables.push(directory_table(&url).await);
    }
    let (tables, config) = (Mutex::new(tables), config(&url));
    contracts::directory(|| {
        let table = tables.lock().unwrap().pop();
        let table = table.expect("there are more contracts than tables: raise CONTRACTS");
        let directory = DynamoDirectory::with_patience(&config, PATIENT, &table);
        Arc::new(directory) as Arc<dyn Directory>
    })
    .await;
}
