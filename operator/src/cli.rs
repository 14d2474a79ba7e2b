//! The command line. Every setting of `latchkey up` but `--json` can also be given by the environment, where a service
//! manager wants it so.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use latchkey_host::ports::Slot;
use latchkey_platform::placement::{Region, RegionMalformed};

/// Hosts of one machine. More would only share the same processors.
pub(crate) const MOST_HOSTS: u16 = 9;

/// Multiplayer browser games by e-mail link: the shop, the rooms and the jobs, on this machine.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) up: Up,
}

/// What to do; `up` when nothing is said.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole platform on this machine (the default).
    Up(Up),
    /// List the hosts of a data folder, and drain or roll them.
    Hosts(Hosts),
    /// Look after a deployment on AWS.
    #[cfg(feature = "cloud")]
    Cloud(crate::cloud::Cloud),
    /// Run one host as a process of its own; `up --hosts N` starts it.
    #[command(hide = true)]
    Host(HostProcess),
}

/// The hosts of a data folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct Hosts {
    #[command(subcommand)]
    pub(crate) command: Option<HostsCommand>,
    /// The data folder.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "data",
        env = "LATCHKEY_DATA",
        global = true
    )]
    pub(crate) data: PathBuf,
    /// List as one line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[cfg(feature = "cloud")]
    #[command(flatten)]
    pub(crate) cloud: crate::cloud::fleet::Fleet,
}

/// What to do with them; list them when nothing is said.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum HostsCommand {
    /// Have a host hand its rooms over to the others and take no new ones; it stays up, and its players play on.
    Drain {
        /// The host's slot.
        slot: Slot,
        /// Show how many rooms are left until there are none.
        #[arg(long)]
        wait: bool,
    },
    /// Have a drained host take rooms again.
    Undrain {
        /// The host's slot.
        slot: Slot,
    },
    /// Start all hosts again, one after the other, each after handing its rooms over: with a new binary in the old one's
    /// place this is how to go to a new version while people play.
    Roll {
        /// With --environment: the release that its machines are to run, one after the other. Rolling the version before
        /// is how to go back.
        #[cfg(feature = "cloud")]
        version: Option<crate::cloud::release::Version>,
    },
    /// Publish a release of the host for the machines of an environment.
    #[cfg(feature = "cloud")]
    Publish {
        /// Its name.
        version: crate::cloud::release::Version,
        /// The folder with boot.sh and the archive for each kind of machine.
        folder: PathBuf,
    },
}

/// One host as a process of its own.
#[derive(Debug, Clone, Args)]
pub(crate) struct HostProcess {
    /// Its slot.
    #[arg(long)]
    pub(crate) slot: u16,
    /// The data folder.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Whether logs are JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
    /// What to log.
    #[arg(long)]
    pub(crate) log: String,
}

/// Start the whole platform on this machine.
#[derive(Debug, Clone, Args)]
pub(crate) struct Up {
    /// Folder in which everything is kept; made if it is not there.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "data",
        env = "LATCHKEY_DATA"
    )]
    pub(crate) data: PathBuf,
    /// Port to listen on; 0 takes a free one.
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 8080,
        env = "LATCHKEY_PORT"
    )]
    pub(crate) port: u16,
    /// Address to listen on; 0.0.0.0 lets other machines in.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1",
        env = "LATCHKEY_BIND"
    )]
    pub(crate) bind: IpAddr,
    /// Game hosts: 1 runs in this process; more, up to 9, each in a process of its own, so that one can be replaced or
    /// lost while the others play on.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_HOSTS)),
        env = "LATCHKEY_HOSTS"
    )]
    pub(crate) hosts: u16,
    /// Regions the hosts stand in: one name for all of them, or one for each, in the order of their slots
    /// [default: here].
    #[arg(
        long,
        value_name = "NAME,…",
        value_delimiter = ',',
        value_parser = region,
        env = "LATCHKEY_REGIONS"
    )]
    pub(crate) regions: Vec<Region>,
    /// Port of the admin listener; 0 takes a free one [default: the one after PORT, or a free one if that is taken].
    #[arg(long, value_name = "PORT", env = "LATCHKEY_ADMIN_PORT")]
    pub(crate) admin_port: Option<u16>,
    /// Address of the admin listener. It speaks plain HTTP and its password opens every room, so let other machines in
    /// by a TLS proxy or a tunnel alone.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1",
        env = "LATCHKEY_ADMIN_BIND"
    )]
    pub(crate) admin_bind: IpAddr,
    /// Address under which people reach the site, as it stands in links and e-mails [default: http://ADDRESS:PORT].
    #[arg(long, value_name = "URL", env = "LATCHKEY_URL")]
    pub(crate) url: Option<String>,
    /// Proxies in front that append to `X-Forwarded-For`; without them the header is not believed.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        env = "LATCHKEY_PROXIES"
    )]
    pub(crate) proxies: usize,
    /// Folder of titles to publish at start, laid out as `games/<slug>/` and `sdk/` [default: those built in].
    #[arg(long, value_name = "DIR", env = "LATCHKEY_TITLES")]
    pub(crate) titles: Option<PathBuf>,
    /// Print the addresses as one line of JSON when ready, and logs as JSON lines, for programs.
    #[arg(long)]
    pub(crate) json: bool,
    /// What to log: error, warn, info, debug, or a filter such as `info,latchkey_host=debug`.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "warn,latchkey=info",
        env = "LATCHKEY_LOG"
    )]
    pub(crate) log: String,
}

fn region(name: &str) -> Result<Region, RegionMalformed> {
    name.to_owned().try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn regions_are_named_in_one_word_and_only_in_their_form() {
        let read = |names| Cli::try_parse_from(["latchkey", "--regions", names]);
        let both: Vec<_> = ["eu-1", "us"].map(|name| region(name).unwrap()).into();
        assert_eq!(read("eu-1,us").unwrap().up.regions, both);
        let wrong = read("eu,US").unwrap_err().to_string();
        assert!(wrong.contains("1 to 32 of a-z, 0-9 and -"), "{wrong}");
    }

    #[test]
    fn up_is_what_happens_when_no_command_is_named() {
        let cli = Cli::parse_from(["latchkey", "--port", "0", "--json"]);
        assert!(cli.command.is_none() && cli.up.json && cli.up.port == 0);
        let named = Cli::parse_from(["latchkey", "up", "--data", "elsewhere"]);
        assert!(
            matches!(named.command, Some(Command::Up(up)) if up.data == std::path::Path::new("elsewhere"))
        );
    }
}
