//! The hosts of this machine as `latchkey up` starts and ends them: the only one in this process, or several in processes
//! of their own. Keeping those running is the [`Supervisor`]'s.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use latchkey_host::Host;
use tokio::sync::watch;

use crate::cli::Up;
use crate::hosting::{self, STOP_WITHIN, Wiring, rooms_path};
use crate::local::{LocalHost, LocalHosts};
use crate::pipes::Briefing;
use crate::proxy::Proxy;
use crate::report::ReadyHost;
use crate::supervisor::{Recipe, Supervisor};
use crate::{binary, credential};

/// The hosts of this machine, started.
pub(super) enum Hosts {
    /// The only one, in this process.
    Here(Arc<Host>),
    /// Several, each in a process of its own, and the password of their admin listeners.
    Apart(Supervisor, String),
}

impl Hosts {
    pub(super) fn start(
        settings: &Up,
        wiring: &Wiring<'_>,
        url: &str,
        stop: &watch::Receiver<bool>,
    ) -> Result<Self> {
        if settings.hosts == 1 {
            return Ok(Self::Here(Arc::new(wiring.start(1, &settings.regions)?)));
        }
        let password = credential::new_password(&*wiring.embedded.entropy);
        let mut arguments = vec!["--data".into(), wiring.data().into()];
        arguments.extend(["--log".into(), settings.log.clone().into()]);
        arguments.extend(settings.json.then(|| "--json".into()));
        let recipe = Recipe {
            binary: binary::of_this_process()?,
            arguments,
            briefing: Briefing {
                site: url.to_owned(),
                admin_password: password.clone(),
                regions: settings.regions.clone(),
            },
        };
        let supervisor = Supervisor::start(&recipe, settings.hosts, stop);
        Ok(Self::Apart(supervisor, password))
    }

    /// As the listeners see them.
    pub(super) fn local(&self, proxy: &Proxy) -> LocalHosts {
        let (hosts, password) = match self {
            Self::Here(host) => {
                let here = LocalHost::Here {
                    rooms: host.router(),
                    admin: host.admin_router(),
                };
                (BTreeMap::from([(1, here)]), "")
            }
            Self::Apart(supervisor, password) => {
                let apart = supervisor.hosts().iter();
                let apart = apart.map(|(slot, host)| (*slot, LocalHost::Apart(host.clone())));
                (apart.collect(), password.as_str())
            }
        };
        LocalHosts::new(hosts, proxy.clone(), credential::shown(password))
    }

    /// Waits until all serve, and says where.
    pub(super) async fn ready(&self, site: &str, admin: &str) -> Result<Vec<ReadyHost>> {
        let one = |slot: u16, pid, address: &str| ReadyHost {
            slot,
            pid,
            url: format!("ws://{address}{}", rooms_path(slot)),
            admin: format!("{admin}/hosts/{slot}"),
        };
        match self {
            Self::Here(host) => {
                hosting::serving(host).await;
                let address = site.split_once("://").map_or(site, |(_, address)| address);
                Ok(vec![one(1, std::process::id(), address)])
            }
            Self::Apart(supervisor, _) => {
                let ready = supervisor.ready().await?.into_iter();
                let ready = ready.map(|host| one(host.slot, host.pid, &host.rooms.to_string()));
                Ok(ready.collect())
            }
        }
    }

    /// Resolves when the only host has lost its slot for good; those with a process of their own end that.
    pub(super) async fn replaced(&self) {
        match self {
            Self::Here(host) => host.replaced().await,
            Self::Apart(..) => std::future::pending().await,
        }
    }

    /// Ends them all, together: nobody is left to take rooms.
    pub(super) async fn ended(self) {
        match self {
            Self::Here(host) => {
                host.stop(STOP_WITHIN).await;
            }
            Self::Apart(supervisor, _) => supervisor.ended().await,
        }
    }
}
