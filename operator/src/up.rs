//! `latchkey up`: takes the data folder, wires site, jobs and hosts together, and runs until it is told to stop. The only
//! host is part of this process; several each have one of their own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use latchkey_embedded::Embedded;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_host::Host;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::admin::Machine;
use crate::cli::Up;
use crate::credential::{self, Credential};
use crate::data::{DataFolder, Holder};
use crate::hosting::{self, STOP_WITHIN, Wiring, rooms_path};
use crate::listener::Callers;
use crate::local::{LocalHost, LocalHosts};
use crate::pipes::Briefing;
use crate::proxy::Proxy;
use crate::report::{ReadyHost, ReadyLine};
use crate::supervisor::{Recipe, Supervisor};
use crate::{binary, business, leftover, listener, logs, signals, workers};

/// From the end of the last host until what it sent last has gone through its tunnels.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

/// Runs the platform until SIGINT or SIGTERM.
pub(crate) fn run(settings: &Up) -> Result<()> {
    logs::start(&settings.log, settings.json, None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(up(settings))
}

async fn up(settings: &Up) -> Result<()> {
    // Signals are taken from here on, so that stopping while starting is a stop as well.
    let stop = signals::stop()?;
    one_region_or_each(settings)?;
    let data = DataFolder::open(&settings.data)?;
    let mut held = data.hold()?;
    let listener = listener::bind(SocketAddr::new(settings.bind, settings.port))?;
    let url = public_url(settings, &listener)?;
    let admin_listener = bind_admin(settings, &listener)?;
    let admin_url = format!("http://{}", admin_listener.local_addr()?);
    let site = url
        .parse()
        .with_context(|| format!("--url {url:?} is not usable"))?;
    let wiring = Wiring::open(&data, site)?;
    let embedded = &wiring.embedded;
    let archive = EmbeddedArchive::new(wiring.rooms.clone());
    leftover::settle(&data, settings.hosts, &archive, &wiring.directory).await?;
    business::publish(settings, embedded).await?;
    take_back(embedded).await?;
    let password_file = data.place(credential::FILE);
    let password = credential::load_or_make(&password_file, &*embedded.entropy)?;

    let hosts = Hosts::start(settings, &wiring, &url, &stop)?;
    let proxy = Proxy::default();
    let local = hosts.local(&proxy);
    let site = business::site(embedded, &wiring.platform, settings.proxies);
    let staff = business::staff(embedded, &wiring.platform, &wiring.rooms, site.clone());
    let workers = workers::start(staff, &stop);
    let public = site.merge(local.rooms());
    let machine = Machine {
        hosts: local,
        directory: wiring.directory.clone(),
    };
    let admin = Credential::new(password, embedded.clock.clone()).guard(machine.admin());
    let admin = listener::serve(admin_listener, admin, Callers::Strangers, stop.clone());
    let serving = [
        tokio::spawn(listener::serve(
            listener,
            public,
            Callers::Strangers,
            stop.clone(),
        )),
        tokio::spawn(admin),
    ];

    let mut stopped = stop.clone();
    tokio::select! {
        ready = hosts.ready(&url, &admin_url) => {
            let holder = Holder { pid: std::process::id(), admin: admin_url.clone() };
            held.name(&holder).context("the data folder's lock cannot be written")?;
            let ready = ReadyLine {
                site: &url,
                outbox: format!("{url}/dev/outbox"),
                admin: &admin_url,
                admin_password: &password_file,
                data: data.path(),
                pid: std::process::id(),
                hosts: ready?,
            };
            ready.say(settings.json).context("the addresses cannot be printed")?;
            tracing::info!(site = url, hosts = settings.hosts, "latchkey is up");
        }
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    tokio::select! {
        stopped = stopped.wait_for(|stop| *stop) => drop(stopped.context("the signal handler is gone")?),
        () = hosts.replaced() => bail!("{}", hosting::REPLACED),
    }
    tracing::info!("stopping");
    hosts.ended().await;
    proxy.ended(LAST_WORDS_WITHIN).await;
    for listener in serving {
        listener.await.context("a listener panicked")?;
    }
    // A job that is cut off is given out again by its queue, so none may hold the process up.
    let jobs = tokio::time::timeout(STOP_WITHIN, workers.join_all());
    if jobs.await.is_err() {
        tracing::warn!("a job was still at work and is cut off; it begins anew at the next start");
    }
    tracing::info!("latchkey is down");
    Ok(())
}

/// Which host stands where must be plain from the names.
fn one_region_or_each(settings: &Up) -> Result<()> {
    let (named, hosts) = (settings.regions.len(), usize::from(settings.hosts));
    if named > 1 && named != hosts {
        bail!(
            "--regions names {named} regions and --hosts is {hosts}: name one for all hosts, or one for each"
        );
    }
    Ok(())
}

/// Jobs the last process had begun are due again.
async fn take_back(embedded: &Embedded) -> Result<()> {
    let left = embedded.queue.take_back().await?;
    if left > 0 {
        tracing::info!(
            jobs = left,
            "jobs that the last process left unfinished are due again"
        );
    }
    Ok(())
}

/// The hosts of this machine, started.
enum Hosts {
    /// The only one, in this process.
    Here(Arc<Host>),
    /// Several, each in a process of its own, and the password of their admin listeners.
    Apart(Supervisor, String),
}

impl Hosts {
    fn start(
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
    fn local(&self, proxy: &Proxy) -> LocalHosts {
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
    async fn ready(&self, site: &str, admin: &str) -> Result<Vec<ReadyHost>> {
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
    async fn replaced(&self) {
        match self {
            Self::Here(host) => host.replaced().await,
            Self::Apart(..) => std::future::pending().await,
        }
    }

    /// Ends them all, together: nobody is left to take rooms.
    async fn ended(self) {
        match self {
            Self::Here(host) => {
                host.stop(STOP_WITHIN).await;
            }
            Self::Apart(supervisor, _) => supervisor.ended().await,
        }
    }
}

/// The admin listener, at the address that was asked for, which is this machine alone unless it was: at the port that was
/// asked for, else at the one after the public port, else at any.
fn bind_admin(settings: &Up, public: &TcpListener) -> Result<TcpListener> {
    let at = |port| SocketAddr::new(settings.admin_bind, port);
    if let Some(port) = settings.admin_port {
        return listener::bind(at(port));
    }
    let next = match settings.port {
        0 => 0,
        _ => public.local_addr()?.port().checked_add(1).unwrap_or(0),
    };
    listener::bind(at(next)).or_else(|_| listener::bind(at(0)))
}

/// The address people use: as told, else this machine under the port that was taken.
fn public_url(settings: &Up, listener: &TcpListener) -> Result<String> {
    if let Some(url) = &settings.url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let port = listener
        .local_addr()
        .context("the listener has no address")?
        .port();
    Ok(match settings.bind {
        IpAddr::V4(address) if !address.is_unspecified() => format!("http://{address}:{port}"),
        IpAddr::V6(address) if !address.is_unspecified() => format!("http://[{address}]:{port}"),
        _ => format!("http://localhost:{port}"),
    })
}
