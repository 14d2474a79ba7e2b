//! The wiring: the host on the cloud adapters, with the secret it reads and the journal it finds.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use latchkey_cloud::aws::{self, Region, SdkConfig};
use latchkey_cloud::dynamo::DynamoDirectory;
use latchkey_cloud::mongo::{Mongo, MongoArchive, Role};
use latchkey_cloud::secrets::{HostSecret, SecretStore};
use latchkey_cloud::sqs::{QueuedStats, SqsQueue};
use latchkey_host::ports::Clock;
use latchkey_host::{Config, Host, HostLimits, Origins, Ports};
use latchkey_journal::{Folder, Journal, Limits};
use latchkey_platform::queue::QueueName;
use latchkey_protocol::UnixMs;

use crate::settings::Settings;

/// The machine's wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the wiring that reads the clock"
    )]
    fn wall(&self) -> UnixMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        // A machine whose clock stands before 1970 is at the beginning of time.
        let ms = since.map_or(0, |since| since.as_millis());
        UnixMs(u64::try_from(ms).unwrap_or(u64::MAX))
    }
}

/// The services, which need not answer yet, and what the host is to know.
pub(crate) struct Services {
    /// Clients in the machine's own region are made of this.
    pub(crate) here: SdkConfig,
    home: SdkConfig,
    secret: HostSecret,
    mongo: Mongo,
}

impl Services {
    /// Reads the secret, and prepares what is called.
    pub(crate) async fn open(settings: &Settings) -> Result<Self> {
        let home = aws::config_in(Region::new(settings.home_region.clone())).await;
        let secrets = SecretStore::new(&home);
        let secret: HostSecret = secrets.read(&settings.host_secret).await?;
        let mongo = Mongo::connect(&secret.uri, Role::Host).await?;
        Ok(Self {
            here: aws::config().await,
            home,
            secret,
            mongo,
        })
    }

    /// Starts the host. The journal's lock keeps a second process of this machine out.
    pub(crate) fn start(&self, settings: &Settings) -> Result<Host> {
        let folder = Folder::open(&settings.journal).with_context(|| {
            format!(
                "the journal's folder {} cannot be used",
                settings.journal.display()
            )
        })?;
        let journal_id = folder.id(u128::from_le_bytes(random()))?;
        let (journal, recovered) = Journal::open(Arc::new(folder), Limits::default())
            .context("the journal cannot be opened")?;
        let config = Config {
            slot: settings.slot,
            region: settings.region.to_string(),
            url: settings.url.clone(),
            version: settings.version.clone(),
            journal: journal_id,
            origins: Origins::Listed(vec![settings.origin.as_str().to_owned()]),
            tickets: self.secret.tickets.clone(),
            secret: self.secret.records,
            seed: u64::from_le_bytes(random()),
            limits: HostLimits {
                unstored_bytes: settings.unstored_bytes,
                ..HostLimits::default()
            },
        };
        let stats = [(QueueName::Stats, settings.stats_queue.clone())];
        let queue = SqsQueue::new(&aws_sdk_sqs::Client::new(&self.home), stats);
        let ports = Ports {
            directory: Arc::new(DynamoDirectory::new(&self.home, &settings.directory_table)),
            archive: Arc::new(MongoArchive::new(&self.mongo)),
            finishes: Arc::new(QueuedStats(Arc::new(queue))),
            clock: Arc::new(SystemClock),
        };
        Ok(Host::start(config, ports, journal, recovered))
    }

    /// Closes the connections to the database.
    pub(crate) async fn close(&self) {
        self.mongo.shutdown().await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wiring that reads randomness"
)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness once it has started");
    bytes
}
