//! What is kept in Mongo: orders, games, ledger, stats, the versions of titles, and the history of rooms. Here is the
//! connection that all of them share; each has a file of its own below.
//!
//! Where two writers can meet there is either an insert under a unique `_id`, or one compare-and-set of one document.
//! So no index is needed for correctness: the ones of [`indexes`] make finding fast.

mod archive;
mod documents;
mod failure;
mod games;
mod history;
pub mod indexes;
mod ledger;
pub mod limits;
mod orders;
mod stats;
mod versions;

use std::future::Future;
use std::sync::Arc;

use mongodb::bson::{Document, doc};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use archive::MongoArchive;
pub use games::MongoGames;
pub use history::ArchiveHistory;
pub use ledger::MongoLedger;
pub use orders::MongoOrders;
pub use stats::MongoStats;
pub use versions::MongoVersions;

use failure::Fault;
use latchkey_platform::store::StoreError;

/// The database used where the address names none.
const DATABASE: &str = "latchkey";

/// Who connects; it decides how many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A function, of which hundreds may run, each with one request at a time; also a command of the operator.
    Function,
    /// A host, which stores the records of thousands of rooms.
    Host,
}

impl Role {
    fn connections(self) -> u32 {
        match self {
            Self::Function => limits::FUNCTION_CONNECTIONS,
            Self::Host => limits::HOST_CONNECTIONS,
        }
    }

    /// As the database's own lists of connections show it.
    fn name(self) -> &'static str {
        match self {
            Self::Function => "latchkey-function",
            Self::Host => "latchkey-host",
        }
    }
}

/// Why there is no connection. Never shows the address, which holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The address cannot be read.
    #[error(
        "the database's address cannot be read: it must be mongodb+srv://USER:PASSWORD@HOST/DATABASE, with %-escapes for characters of the password that have a meaning in an address"
    )]
    Address,
    /// The name in a `mongodb+srv` address leads nowhere.
    #[error("the name service does not know the host of the database's address, or did not answer")]
    Unknown,
    /// The driver refuses.
    #[error("the database's address asks for what cannot be done: {0}")]
    Refused(String),
}

/// The connection to the database: opened once, shared by all adapters. Clones are the same connection.
#[derive(Clone)]
pub struct Mongo(Arc<Inner>);

struct Inner {
    client: Client,
    database: Database,
    /// One for each connection, so that a call waits for its turn here, where giving up costs nothing, and not in the
    /// driver, which closes a connection whose call is given up.
    turns: Semaphore,
}

impl Mongo {
    /// Prepares the connections; the first call opens one. Looks up the name of a `mongodb+srv` address, and nothing
    /// else: a server that is away is found out by the first call.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(uri: &str, role: Role) -> Result<Self, ConnectError> {
        let parsed = timeout(limits::WORK_WITHIN, ClientOptions::parse(uri)).await;
        let mut options = parsed
            .map_err(|_| ConnectError::Unknown)?
            .map_err(|error| failure::of_address(&error))?;
        set(&mut options, role);
        let name = options.default_database.as_deref().unwrap_or(DATABASE);
        let name = name.to_owned();
        let client = Client::with_options(options)
            .map_err(|error| ConnectError::Refused(failure::text(&error)))?;
        Ok(Self(Arc::new(Inner {
            database: client.database(&name),
            client,
            turns: Semaphore::new(role.connections() as usize),
        })))
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none comes.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = async {
            let pong = self.0.database.run_command(doc! { "ping": 1 }).await;
            pong.map(drop).map_err(Fault::from)
        };
        Ok(self.call(ping).await?)
    }

    /// Closes all connections. Calls that are under way fail.
    pub async fn shutdown(&self) {
        self.0.client.clone().shutdown().immediate(true).await;
    }

    fn collection(&self, name: &str) -> Collection<Document> {
        self.0.database.collection(name)
    }

    /// Does the work of one call of a port when its turn has come.
    async fn call<T, E: From<Fault>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let turn = timeout(limits::TURN_WITHIN, self.0.turns.acquire()).await;
        let _turn = turn.map_err(|_| Fault::Crowded)?;
        timeout(limits::WORK_WITHIN, work)
            .await
            .map_err(|_| Fault::Late)?
    }
}

/// What holds whatever the address says. Writes are acknowledged when a majority has them on disk, and reads see nothing
/// that a majority could still lose. The driver repeats a call whose connection broke, once.
fn set(options: &mut ClientOptions, role: Role) {
    options.app_name = Some(role.name().to_owned());
    options.max_pool_size = Some(role.connections());
    options.min_pool_size = None;
    options.max_idle_time = Some(limits::IDLE);
    options.connect_timeout = Some(limits::CONNECT_WITHIN);
    options.server_selection_timeout = Some(limits::SELECT_WITHIN);
    options.retry_reads = Some(true);
    options.retry_writes = Some(true);
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    let durable = WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .w_timeout(limits::WORK_WITHIN)
        .build();
    options.write_concern = Some(durable);
}
