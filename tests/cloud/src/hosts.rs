//! The hosts: each a process as on a machine of its own, with a journal of its own, behind the load balancer's rule for its slot.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use hyper::Method;
use latchkey_emulators::edge::Edge;
use latchkey_emulators::free_port;
use latchkey_emulators::machine::Machine;
use tempfile::TempDir;

use crate::aws::REGION;
use crate::made;
use crate::program::{Program, Settings};
use crate::services::Services;
use latchkey_tests::http::{Ask, Visitor};
use latchkey_tests::wait::eventually;

/// Until when a host must serve: it may have to wait out another's lease.
pub const SERVES_WITHIN: Duration = Duration::from_secs(40);
/// Bytes for records that are not stored.
const UNSTORED_BYTES: u64 = 64 << 20;

/// A host in its slot.
#[derive(Debug)]
pub struct Host {
    /// Its process.
    pub program: Program,
    /// The machine around it.
    pub machine: Machine,
    slot: u16,
    address: SocketAddr,
    /// Its disk.
    _journal: TempDir,
}

impl Host {
    /// Starts the host of `slot`, which pages of `origin` may connect to. `test` names its log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        test: &str,
        slot: u16,
        services: &Services,
        edge: &Edge,
        origin: &str,
    ) -> anyhow::Result<Self> {
        let machine = Machine::start().await?;
        machine.wants(Some("InService"));
        let journal = TempDir::with_prefix("latchkey-journal-")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let own = [
            ("LATCHKEY_REGION", REGION.to_owned()),
            ("LATCHKEY_HOME_REGION", REGION.to_owned()),
            ("LATCHKEY_ENVIRONMENT", made::ENVIRONMENT.to_owned()),
            ("LATCHKEY_ORIGIN", origin.to_owned()),
            ("LATCHKEY_DIRECTORY_TABLE", made::name("directory")),
            ("LATCHKEY_HOST_SECRET", made::secret("host")),
            ("LATCHKEY_STATS_QUEUE", services.queues.stats.clone()),
            ("LATCHKEY_SLOT", slot.to_string()),
            ("LATCHKEY_URL", edge.room(slot)),
            ("LATCHKEY_VERSION", "suite".to_owned()),
            ("LATCHKEY_LISTEN", address.to_string()),
            ("LATCHKEY_ADMIN_LISTEN", admin.to_string()),
            ("LATCHKEY_LOG", "info".to_owned()),
            ("LATCHKEY_UNSTORED_BYTES", UNSTORED_BYTES.to_string()),
            ("LATCHKEY_JOURNAL", journal.path().display().to_string()),
            ("LATCHKEY_METADATA", machine.url()),
            ("AWS_ENDPOINT_URL_AUTO_SCALING", machine.url()),
            ("LATCHKEY_INSTANCE", format!("i-{slot:017}")),
            (
                "LATCHKEY_SCALING_GROUP",
                made::name(&format!("slot-{slot}")),
            ),
            ("LATCHKEY_LIFECYCLE_HOOK", "leave".to_owned()),
        ];
        let mut settings: Settings = services.settings();
        settings.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let program = Program::start("gamehost", &format!("{test}-host-{slot}"), settings)?;
        edge.register(slot, address);
        Ok(Self {
            program,
            machine,
            slot,
            address,
            _journal: journal,
        })
    }

    /// Waits until it takes rooms.
    ///
    /// # Errors
    /// When it does not in time, with its log's last lines.
    pub async fn serves(&mut self) -> anyhow::Result<()> {
        let origin = format!("http://{}", self.address);
        let path = format!("/s/{}/readyz", self.slot);
        let what = format!("the host in slot {} to serve", self.slot);
        let ready = eventually(SERVES_WITHIN, &what, async || {
            self.program.pid()?;
            let asked = Visitor::new(&origin)
                .send(Ask::new(Method::GET, &path))
                .await;
            Ok(asked.is_ok_and(|answer| answer.status == 200).then_some(()))
        });
        ready.await.with_context(|| self.program.log_tail())
    }

    /// Its slot.
    #[must_use]
    pub fn slot(&self) -> u16 {
        self.slot
    }
}
