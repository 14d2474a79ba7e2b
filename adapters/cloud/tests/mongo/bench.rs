//! The server, and for each test a database of its own on it.

use std::sync::atomic::{AtomicU32, Ordering};

use latchkey_cloud::mongo::{Mongo, Role, indexes};
use latchkey_emulators::Secantus;
use mongodb::Collection;
use mongodb::bson::Document;

/// A new database on the server that all tests share, with its indexes.
pub(crate) async fn database(role: Role) -> Mongo {
    let server = Secantus::shared().await.unwrap();
    let mongo = Mongo::connect(&fresh(&server.uri()), role).await.unwrap();
    indexes::create(&mongo).await.unwrap();
    mongo
}

/// The address of a database that nobody else uses.
pub(crate) fn fresh(uri: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    uri.replacen("/?", &format!("/test{number}?"), 1)
}

/// A collection of the database at an address, past the adapters.
pub(crate) async fn raw(uri: &str, name: &str) -> Collection<Document> {
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    client.default_database().unwrap().collection(name)
}
