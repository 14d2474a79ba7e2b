//! All adapters of one machine below one data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use latchkey_platform::clock::Clock;
use latchkey_platform::email::EmailAddress;
use latchkey_platform::entropy::Entropy;
use latchkey_platform::links::SiteUrl;
use latchkey_platform::placement::Placement;
use latchkey_platform::{Platform, Ports};

use crate::database::{Database, DatabaseError, migrations};
use crate::games::SqliteGames;
use crate::ledger::SqliteLedger;
use crate::machine::{OsEntropy, SystemClock};
use crate::orders::SqliteOrders;
use crate::outbox::FolderOutbox;
use crate::queue::SqliteQueue;
use crate::rates::MemoryRates;
use crate::secrets::{MachineSecrets, SecretsError};
use crate::sends::SqliteSends;
use crate::stats::SqliteStats;
use crate::stops::SqliteStops;
use crate::till::SqliteTill;
use crate::titles::FolderTitles;

/// Every adapter the business needs on one machine.
#[derive(Clone)]
pub struct Embedded {
    /// The database behind most of them.
    pub database: Database,
    /// The catalogue.
    pub titles: Arc<FolderTitles>,
    /// The orders.
    pub orders: Arc<SqliteOrders>,
    /// The test till, which is also the payment provider.
    pub till: Arc<SqliteTill>,
    /// The games.
    pub games: Arc<SqliteGames>,
    /// The ledger.
    pub ledger: Arc<SqliteLedger>,
    /// The queues.
    pub queue: Arc<SqliteQueue>,
    /// The claims on messages.
    pub sends: Arc<SqliteSends>,
    /// The mailer and its outbox.
    pub outbox: Arc<FolderOutbox>,
    /// The results of finished games.
    pub stats: Arc<SqliteStats>,
    /// The addresses that get no more mail.
    pub stops: Arc<SqliteStops>,
    /// The counts of who did what how often.
    pub rates: Arc<MemoryRates>,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// The machine's randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The secrets.
    pub secrets: MachineSecrets,
    /// Where the public reaches the site.
    pub site: SiteUrl,
}

/// The data folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A folder cannot be made or read.
    #[error("the folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl Embedded {
    /// Opens everything below `data` on the machine's own clock and randomness.
    ///
    /// # Errors
    /// [`OpenError`] names the file or folder.
    pub fn open(data: &Path, site: SiteUrl) -> Result<Self, OpenError> {
        Self::open_with(data, site, Arc::new(SystemClock), Arc::new(OsEntropy))
    }

    /// Opens everything below `data` on another clock and randomness.
    ///
    /// # Errors
    /// As [`Embedded::open`].
    pub fn open_with(
        data: &Path,
        site: SiteUrl,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, OpenError> {
        let folder = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Folder { path, source }
        };
        std::fs::create_dir_all(data).map_err(folder(data))?;
        let secrets = MachineSecrets::load_or_make(&data.join("secrets.json"), &*entropy)?;
        let database = Database::open(&data.join("platform.db"), migrations::PLATFORM)?;
        let (titles, outbox) = (data.join("titles"), data.join("outbox"));
        let from: EmailAddress = "games@latchkey.example"
            .parse()
            .expect("the address is a constant; tested");
        let webhook = secrets.site.webhook.clone();
        Ok(Self {
            titles: Arc::new(
                FolderTitles::open(&titles, entropy.clone()).map_err(folder(&titles))?,
            ),
            orders: Arc::new(SqliteOrders(database.clone())),
            till: Arc::new(SqliteTill::new(
                database.clone(),
                clock.clone(),
                webhook,
                site.clone(),
            )),
            games: Arc::new(SqliteGames(database.clone())),
            ledger: Arc::new(SqliteLedger(database.clone())),
            queue: Arc::new(SqliteQueue::new(database.clone(), clock.clone())),
            sends: Arc::new(SqliteSends(database.clone())),
            outbox: Arc::new(
                FolderOutbox::open(&outbox, from, clock.clone()).map_err(folder(&outbox))?,
            ),
            stats: Arc::new(SqliteStats(database.clone())),
            stops: Arc::new(SqliteStops(database.clone())),
            rates: Arc::new(MemoryRates::new(clock.clone())),
            database,
            clock,
            entropy,
            secrets,
            site,
        })
    }

    /// The business over these adapters. Only where rooms are is not known here.
    #[must_use]
    pub fn platform(&self, placement: Arc<dyn Placement>) -> Platform {
        let ports = Ports {
            titles: self.titles.clone(),
            orders: self.orders.clone(),
            payments: self.till.clone(),
            games: self.games.clone(),
            ledger: self.ledger.clone(),
            queue: self.queue.clone(),
            stats: self.stats.clone(),
            stops: self.stops.clone(),
            rates: self.rates.clone(),
            placement,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        };
        Platform::new(ports, self.secrets.site.clone(), self.site.clone())
    }
}
