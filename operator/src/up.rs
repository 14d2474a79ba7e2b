//! `latchkey up`: takes the data folder, wires site, jobs and hosts together, and runs until it is told to stop. The only
//! host is part of this process; several each have one of their own.

mod addresses;
mod hosts;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use latchkey_embedded::Embedded;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_host::wiring::signals;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use self::addresses::Addresses;
use self::hosts::Hosts;
use crate::admin::Machine;
use crate::cli::Up;
use crate::credential::{self, Credential};
use crate::data::{DataFolder, Held, Holder};
use crate::hosting::{self, STOP_WITHIN, Wiring};
use crate::listener::Callers;
use crate::proxy::Proxy;
use crate::report::ReadyLine;
use crate::{business, leftover, listener, logs, workers};

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
    let addresses = Addresses::take(settings)?;
    let wiring = open(settings, &data, &addresses.url).await?;
    let platform = Platform::start(settings, &wiring, addresses, &stop)?;
    platform.run(settings, &data, &mut held, stop).await?;
    platform.end().await
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

/// Opens what is in the data folder, and puts in order what the last process left there.
async fn open<'a>(settings: &Up, data: &'a DataFolder, url: &str) -> Result<Wiring<'a>> {
    let site = url
        .parse()
        .with_context(|| format!("--url {url:?} is not usable"))?;
    let wiring = Wiring::open(data, site)?;
    let archive = EmbeddedArchive::new(wiring.rooms.clone());
    leftover::settle(data, settings.hosts, &archive, &wiring.directory).await?;
    business::publish(settings, &wiring.embedded).await?;
    take_back(&wiring.embedded).await?;
    Ok(wiring)
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

/// Everything that runs.
struct Platform {
    url: String,
    admin_url: String,
    hosts: Hosts,
    proxy: Proxy,
    workers: JoinSet<()>,
    /// The public and the admin listener.
    listeners: [JoinHandle<()>; 2],
}

impl Platform {
    /// Starts all of it; it ends when `stop` becomes true.
    fn start(
        settings: &Up,
        wiring: &Wiring<'_>,
        addresses: Addresses,
        stop: &watch::Receiver<bool>,
    ) -> Result<Self> {
        let embedded = &wiring.embedded;
        let password_file = wiring.data().join(credential::FILE);
        let password = credential::load_or_make(&password_file, &*embedded.entropy)?;
        let hosts = Hosts::start(settings, wiring, &addresses.url, stop)?;
        let proxy = Proxy::default();
        let local = hosts.local(&proxy);
        let site = business::site(embedded, &wiring.platform, settings.proxies);
        let staff = business::staff(embedded, &wiring.platform, &wiring.rooms, site.clone());
        let workers = workers::start(staff, stop);
        let public = site.merge(local.rooms());
        let machine = Machine {
            hosts: local,
            directory: wiring.directory.clone(),
        };
        let admin = Credential::new(password, embedded.clock.clone()).guard(machine.admin());
        let serve = |listener: TcpListener, router: Router| {
            let served = listener::serve(listener, router, Callers::Strangers, stop.clone());
            tokio::spawn(served)
        };
        Ok(Self {
            url: addresses.url,
            admin_url: addresses.admin_url,
            hosts,
            proxy,
            workers,
            listeners: [
                serve(addresses.public, public),
                serve(addresses.admin, admin),
            ],
        })
    }

    /// Says where everything is once it serves, and waits for the stop, which may come before that.
    async fn run(
        &self,
        settings: &Up,
        data: &DataFolder,
        held: &mut Held,
        mut stop: watch::Receiver<bool>,
    ) -> Result<()> {
        let mut early = stop.clone();
        tokio::select! {
            said = self.say_when_ready(settings, data, held) => said?,
            _ = early.wait_for(|stop| *stop) => {}
        }
        tokio::select! {
            stopped = stop.wait_for(|stop| *stop) => drop(stopped.context("the signal handler is gone")?),
            () = self.hosts.replaced() => bail!("{}", hosting::REPLACED),
        }
        Ok(())
    }

    async fn say_when_ready(
        &self,
        settings: &Up,
        data: &DataFolder,
        held: &mut Held,
    ) -> Result<()> {
        let hosts = self.hosts.ready(&self.url, &self.admin_url).await?;
        let holder = Holder {
            pid: std::process::id(),
            admin: self.admin_url.clone(),
        };
        held.name(&holder)
            .context("the data folder's lock cannot be written")?;
        let ready = ReadyLine {
            site: &self.url,
            outbox: format!("{}/dev/outbox", self.url),
            admin: &self.admin_url,
            admin_password: &data.place(credential::FILE),
            data: data.path(),
            pid: std::process::id(),
            hosts,
        };
        ready
            .say(settings.json)
            .context("the addresses cannot be printed")?;
        tracing::info!(site = self.url, hosts = settings.hosts, "latchkey is up");
        Ok(())
    }

    /// Ends all of it, hosts first: what they say last goes through the listeners.
    async fn end(self) -> Result<()> {
        tracing::info!("stopping");
        self.hosts.ended().await;
        self.proxy.ended(LAST_WORDS_WITHIN).await;
        for listener in self.listeners {
            listener.await.context("a listener panicked")?;
        }
        // A job that is cut off is given out again by its queue, so none may hold the process up.
        let jobs = tokio::time::timeout(STOP_WITHIN, self.workers.join_all());
        if jobs.await.is_err() {
            tracing::warn!(
                "a job was still at work and is cut off; it begins anew at the next start"
            );
        }
        tracing::info!("latchkey is down");
        Ok(())
    }
}
