//! The settings, as `deploy/README.md` lists them: read once, each checked, and everything that is wrong with them said at
//! the same time.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use latchkey_cloud::sqs::QueueUrl;
use latchkey_host::ports::Slot;
use latchkey_platform::links::SiteUrl;
use latchkey_platform::placement::Region;

use crate::metadata::Metadata;

/// What the host is told about itself and its machine.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The region as the directory is to know it.
    pub(crate) region: Region,
    /// Where directory, queue and secret are.
    pub(crate) home_region: String,
    /// Dimension of the figures.
    pub(crate) environment: String,
    /// Origin of the pages that may connect.
    pub(crate) origin: SiteUrl,
    /// The directory's table.
    pub(crate) directory_table: String,
    /// Name of the secret `host`.
    pub(crate) host_secret: String,
    /// URL of the queue of finished games.
    pub(crate) stats_queue: QueueUrl,
    /// The slot.
    pub(crate) slot: Slot,
    /// Its rooms' address, for the directory.
    pub(crate) url: String,
    /// The release, for the directory.
    pub(crate) version: String,
    /// Where the load balancer finds it.
    pub(crate) listen: SocketAddr,
    /// Where this machine's operator finds it.
    pub(crate) admin_listen: SocketAddr,
    /// Filter of the logs.
    pub(crate) log: String,
    /// Bytes of memory for records that are not stored.
    pub(crate) unstored_bytes: u64,
    /// The journal's folder.
    pub(crate) journal: PathBuf,
    /// Where the machine asks about itself.
    pub(crate) metadata: Metadata,
    /// The machine.
    pub(crate) instance: String,
    /// Its scaling group.
    pub(crate) scaling_group: String,
    /// The hook by which the group waits for it.
    pub(crate) lifecycle_hook: String,
}

/// Settings that are missing or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the settings are not complete: {}. deploy/README.md lists them", .0.join("; "))]
pub(crate) struct Wrong(Vec<String>);

impl Settings {
    /// Reads them from where `get` finds them.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut reader = Reader {
            get,
            wrong: Vec::new(),
        };
        // The SDK reads it by itself; a machine without it would ask the wrong region, or none.
        let _region_of_the_machine = reader.text("AWS_REGION");
        let settings = Self::of(&mut reader);
        match settings {
            Some(settings) if reader.wrong.is_empty() => Ok(settings),
            _ => Err(Wrong(reader.wrong)),
        }
    }

    fn of<G: Fn(&str) -> Option<String>>(reader: &mut Reader<G>) -> Option<Self> {
        let region = reader.parsed_by("LATCHKEY_REGION", |name| Region::try_from(name.to_owned()));
        let home_region = reader.text("LATCHKEY_HOME_REGION");
        let environment = reader.text("LATCHKEY_ENVIRONMENT");
        let origin = reader.parsed("LATCHKEY_ORIGIN");
        let directory_table = reader.text("LATCHKEY_DIRECTORY_TABLE");
        let host_secret = reader.text("LATCHKEY_HOST_SECRET");
        let stats_queue = reader.parsed("LATCHKEY_STATS_QUEUE");
        let slot = reader.parsed("LATCHKEY_SLOT");
        let url = reader.parsed_by("LATCHKEY_URL", room_address);
        let version = reader.text("LATCHKEY_VERSION");
        let listen = reader.parsed("LATCHKEY_LISTEN");
        let admin_listen = reader.parsed_by("LATCHKEY_ADMIN_LISTEN", of_this_machine);
        let log = reader.text("LATCHKEY_LOG");
        let unstored_bytes = reader.parsed("LATCHKEY_UNSTORED_BYTES");
        let journal = reader.text("LATCHKEY_JOURNAL");
        let metadata = reader.parsed("LATCHKEY_METADATA");
        let instance = reader.text("LATCHKEY_INSTANCE");
        let scaling_group = reader.text("LATCHKEY_SCALING_GROUP");
        let lifecycle_hook = reader.text("LATCHKEY_LIFECYCLE_HOOK");
        Some(Self {
            region: region?,
            home_region: home_region?,
            environment: environment?,
            origin: origin?,
            directory_table: directory_table?,
            host_secret: host_secret?,
            stats_queue: stats_queue?,
            slot: slot?,
            url: url?,
            version: version?,
            listen: listen?,
            admin_listen: admin_listen?,
            log: log?,
            unstored_bytes: unstored_bytes?,
            journal: journal?.into(),
            metadata: metadata?,
            instance: instance?,
            scaling_group: scaling_group?,
            lifecycle_hook: lifecycle_hook?,
        })
    }
}

struct Reader<G> {
    get: G,
    wrong: Vec<String>,
}

impl<G: Fn(&str) -> Option<String>> Reader<G> {
    fn text(&mut self, name: &'static str) -> Option<String> {
        let found = (self.get)(name).filter(|text| !text.is_empty());
        if found.is_none() {
            self.wrong.push(format!("{name} is not set"));
        }
        found
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        self.parsed_by(name, str::parse)
    }

    fn parsed_by<T, E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong.push(format!("{name} is {text:?}: {error}"));
                None
            }
        }
    }
}

/// Where the rooms of a host are.
fn room_address(text: &str) -> Result<String, &'static str> {
    let is_one = ["ws://", "wss://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if is_one && text.ends_with("/room") {
        Ok(text.to_owned())
    } else {
        Err("expected wss://HOST/s/SLOT/room")
    }
}

/// The admin listener asks for no password of its own: it is open to whoever may log into the machine.
fn of_this_machine(text: &str) -> Result<SocketAddr, &'static str> {
    let address: Option<SocketAddr> = text.parse().ok();
    address
        .filter(|address| address.ip().is_loopback())
        .ok_or("expected an address of the machine itself, such as 127.0.0.1:8081")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn whole() -> BTreeMap<&'static str, &'static str> {
        BTreeMap::from([
            ("AWS_REGION", "eu-west-1"),
            ("LATCHKEY_REGION", "eu-west-1"),
            ("LATCHKEY_HOME_REGION", "us-east-1"),
            ("LATCHKEY_ENVIRONMENT", "dev"),
            ("LATCHKEY_ORIGIN", "https://games.test"),
            ("LATCHKEY_DIRECTORY_TABLE", "latchkey-dev-directory"),
            ("LATCHKEY_HOST_SECRET", "latchkey/dev/host"),
            ("LATCHKEY_STATS_QUEUE", "https://sqs.test/1/stats.fifo"),
            ("LATCHKEY_SLOT", "7"),
            ("LATCHKEY_URL", "wss://eu-west-1.play.games.test/s/7/room"),
            ("LATCHKEY_VERSION", "1.2.3"),
            ("LATCHKEY_LISTEN", "0.0.0.0:8080"),
            ("LATCHKEY_ADMIN_LISTEN", "127.0.0.1:8081"),
            ("LATCHKEY_LOG", "warn,latchkey=info"),
            ("LATCHKEY_UNSTORED_BYTES", "1073741824"),
            ("LATCHKEY_JOURNAL", "/var/lib/latchkey/journal"),
            ("LATCHKEY_METADATA", "http://169.254.169.254"),
            ("LATCHKEY_INSTANCE", "i-1"),
            ("LATCHKEY_SCALING_GROUP", "latchkey-dev-slot-7"),
            ("LATCHKEY_LIFECYCLE_HOOK", "leave"),
        ])
    }

    fn read(of: &BTreeMap<&'static str, &'static str>) -> Result<Settings, Wrong> {
        Settings::read(|name| of.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn what_the_boot_script_writes_is_read() {
        let settings = read(&whole()).unwrap();
        assert_eq!(settings.slot, Slot(7));
        assert_eq!(settings.region.to_string(), "eu-west-1");
        assert_eq!(settings.unstored_bytes, 1 << 30);
        assert!(settings.admin_listen.ip().is_loopback());
    }

    #[test]
    fn each_setting_that_is_missing_or_empty_is_named() {
        for name in whole().into_keys() {
            let mut without = whole();
            without.remove(name);
            let wrong = read(&without).unwrap_err().to_string();
            assert!(wrong.contains(&format!("{name} is not set")), "{wrong}");
            without.insert(name, "");
            assert_eq!(read(&without).unwrap_err().to_string(), wrong);
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_why() {
        let mut garbled = whole();
        garbled.extend([
            ("LATCHKEY_REGION", "EU"),
            ("LATCHKEY_ORIGIN", "games.test"),
            ("LATCHKEY_SLOT", "91"),
            ("LATCHKEY_URL", "https://games.test/s/7/room"),
            ("LATCHKEY_LISTEN", "8080"),
            ("LATCHKEY_ADMIN_LISTEN", "0.0.0.0:8081"),
            ("LATCHKEY_UNSTORED_BYTES", "half"),
            ("LATCHKEY_METADATA", "https://169.254.169.254/latest"),
        ]);
        let wrong = read(&garbled).unwrap_err();
        assert_eq!(wrong.0.len(), 8, "{wrong}");
        let said = wrong.to_string();
        for part in [
            "LATCHKEY_SLOT is \"91\": not a slot: expected a number from 1 to 90",
            "LATCHKEY_URL is \"https://games.test/s/7/room\": expected wss://HOST/s/SLOT/room",
            "expected an address of the machine itself",
            "LATCHKEY_METADATA is \"https://169.254.169.254/latest\": expected http://HOST",
            "deploy/README.md",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
