//! `latchkey up`: opens the data folder, wires site, game host and jobs together in one process, and runs until it is
//! told to stop.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use axum::routing::get;
use latchkey_embedded::Embedded;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::bridge::{ArchiveHistory, OnePlace, SameClock, ToldAtOnce};
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::{Config, Host, HostLimits, Origins, Ports};
use latchkey_jobs::Handlers;
use latchkey_journal::{Folder, Journal, Limits};
use latchkey_platform::Platform;
use latchkey_platform::entropy;
use latchkey_platform::mail::SendOnce;
use latchkey_platform::titles;
use latchkey_site::{Dev, Site, SiteConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::Up;
use crate::data::DataFolder;
use crate::report::Ready;
use crate::{bundles, listener, logs, workers};

/// The slot of the only host on this machine.
const SLOT: u16 = 1;
/// Path of that host's rooms; also its name in the directory, so it must be the same at every start.
const ROOMS: &str = "/s/1/room";
/// From asking to stop until records that did not reach the archive are left to the journal; after that, until a job
/// that is still at work is cut off.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Runs the platform until SIGINT or SIGTERM.
pub(crate) fn run(settings: &Up) -> Result<()> {
    logs::start(&settings.log, settings.json)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(up(settings))
}

async fn up(settings: &Up) -> Result<()> {
    // Signals are taken from here on, so that stopping while starting is a stop as well.
    let stop = on_signal()?;
    let data = DataFolder::open(&settings.data)?;
    // The journal's lock keeps a second process off the whole folder, so it comes before anything is written.
    let (journal, recovered) = open_journal(&data)?;
    let listener = listener::bind(SocketAddr::new(settings.bind, settings.port)).await?;
    let url = public_url(settings, &listener)?;
    let embedded = Embedded::open(
        data.path(),
        url.parse()
            .with_context(|| format!("--url {url:?} is not usable"))?,
    )?;
    let rooms = Rooms::open(&data.place("rooms.db"))?;
    let platform = embedded.platform(Arc::new(OnePlace(ROOMS.to_owned())));
    publish(settings, &embedded).await?;
    let left = embedded.queue.take_back().await?;
    if left > 0 {
        tracing::info!(
            jobs = left,
            "jobs that the last process left unfinished are due again"
        );
    }

    let host = Arc::new(start_host(&embedded, &platform, &rooms, journal, recovered));
    let site = site(&embedded, &platform, settings.proxies);
    let workers = workers::start(staff(&embedded, &platform, &rooms, site.clone()), &stop);
    let router = site.merge(host.router()).merge(figures(host.clone()));

    let ready = Ready {
        site: &url,
        outbox: format!("{url}/dev/outbox"),
        metrics: format!("{url}/metrics"),
        data: data.path(),
        pid: std::process::id(),
    };
    ready
        .say(settings.json)
        .context("the addresses cannot be printed")?;
    tracing::info!(site = url, "latchkey is up");

    let serving = tokio::spawn(listener::serve(listener, router, stop.clone()));
    stop.clone()
        .wait_for(|stop| *stop)
        .await
        .context("the signal handler is gone")?;
    tracing::info!("stopping");
    let summary = host.stop(STOP_WITHIN).await;
    serving.await.context("the listener panicked")?;
    // A job that is cut off is given out again by its queue, so none may hold the process up.
    let jobs = tokio::time::timeout(STOP_WITHIN, workers.join_all());
    if jobs.await.is_err() {
        tracing::warn!("a job was still at work and is cut off; it begins anew at the next start");
    }
    tracing::info!(
        connections = summary.connections,
        rooms = summary.rooms,
        unstored = summary.unstored,
        "latchkey is down"
    );
    Ok(())
}

/// Becomes true at the first SIGINT or SIGTERM; the second one ends the process.
fn on_signal() -> Result<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        let mut signals = 0;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            signals += 1;
            if signals > 1 {
                // Ending at once is always safe: it is what a crash would do.
                tracing::warn!("told to stop twice: ending at once, as after a crash");
                std::process::exit(130);
            }
            stop.send_replace(true);
        }
    });
    Ok(stopped)
}

fn open_journal(data: &DataFolder) -> Result<(Journal, latchkey_journal::Recovered)> {
    let folder = Folder::open(data.place("journal"))
        .with_context(|| format!("the data folder {} cannot be used", data.path().display()))?;
    Journal::open(Arc::new(folder), Limits::default()).context("the journal cannot be opened")
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

async fn publish(settings: &Up, embedded: &Embedded) -> Result<()> {
    let bundles = match &settings.titles {
        Some(folder) => bundles::of_folder(folder)?,
        None => bundles::built_in()?,
    };
    for bundle in &bundles {
        let published = titles::publish(&*embedded.titles, bundle, embedded.clock.now()).await?;
        if published.new {
            tracing::info!(title = %published.version.slug, version = published.version.number, "title published");
        }
    }
    Ok(())
}

fn start_host(
    embedded: &Embedded,
    platform: &Platform,
    rooms: &Rooms,
    journal: Journal,
    recovered: latchkey_journal::Recovered,
) -> Host {
    let config = Config {
        slot: SLOT,
        origins: Origins::SameHost,
        tickets: embedded.secrets.site.tickets.verifier(),
        secret: embedded.secrets.records,
        seed: u64::from_le_bytes(entropy::bytes(&*embedded.entropy)),
        limits: HostLimits::default(),
    };
    let ports = Ports {
        directory: Arc::new(EmbeddedDirectory::new(rooms.clone(), ROOMS)),
        archive: Arc::new(EmbeddedArchive::new(rooms.clone())),
        finishes: Arc::new(ToldAtOnce(platform.launch.clone())),
        clock: Arc::new(SameClock(embedded.clock.clone())),
    };
    Host::start(config, ports, journal, recovered)
}

fn site(embedded: &Embedded, platform: &Platform, proxies: usize) -> Router {
    let dev = Dev {
        till: embedded.till.clone(),
        outbox: embedded.outbox.clone(),
    };
    let config = SiteConfig {
        dev: Some(dev),
        proxies,
        ..SiteConfig::default()
    };
    latchkey_site::router(&Site::new(platform.clone(), config))
}

fn staff(embedded: &Embedded, platform: &Platform, rooms: &Rooms, site: Router) -> workers::Staff {
    let handlers = Handlers {
        orders: embedded.orders.clone(),
        games: embedded.games.clone(),
        titles: embedded.titles.clone(),
        history: Arc::new(ArchiveHistory(EmbeddedArchive::new(rooms.clone()))),
        stats: embedded.stats.clone(),
        mail: SendOnce {
            sends: embedded.sends.clone(),
            mailer: embedded.outbox.clone(),
            clock: embedded.clock.clone(),
            // The journal's lock lets one process at a time use the folder.
            alone_since: embedded.clock.now(),
        },
        links: platform.launch.links.clone(),
        clock: embedded.clock.clone(),
    };
    workers::Staff {
        queue: embedded.queue.clone(),
        handlers,
        fulfilment: platform.fulfilment.clone(),
        till: embedded.till.clone(),
        site,
    }
}

/// `GET /metrics`, in the Prometheus text format.
fn figures(host: Arc<Host>) -> Router {
    let answer = move || async move {
        let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
        (StatusCode::OK, kind, host.render_metrics()).into_response()
    };
    Router::new().route("/metrics", get(answer))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn visitors_behind_the_proxies_that_were_told_of_are_counted_apart() {
        let folder = tempfile::tempdir().unwrap();
        let embedded =
            Embedded::open(folder.path(), "https://games.test".parse().unwrap()).unwrap();
        let platform = embedded.platform(Arc::new(OnePlace(ROOMS.to_owned())));
        let router = site(&embedded, &platform, 1);
        let guess = async |visitor: &str| {
            let mut request = axum::http::Request::get(format!("/l/{}", "A".repeat(43)))
                .header("x-forwarded-for", visitor)
                .body(Body::empty())
                .unwrap();
            let proxy = SocketAddr::from(([127, 0, 0, 1], 1));
            request.extensions_mut().insert(ConnectInfo(proxy));
            let Ok(answer) = router.clone().oneshot(request).await;
            answer.status()
        };
        // More guesses than two windows of the limit allow, should a window end meanwhile.
        let mut answers = Vec::new();
        while answers.len() < 61 {
            answers.push(guess("192.0.2.1").await);
        }
        assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(guess("192.0.2.2").await, StatusCode::NOT_FOUND);
    }
}
