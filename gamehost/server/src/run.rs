//! The life of the process: it serves until it is told to go, by the service manager or by the machine's metadata, or until
//! another machine has its slot. What the service manager hears meanwhile decides whether it is left alone.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use latchkey_host::Host;
use latchkey_host::ports::Clock as _;
use latchkey_host::wiring::listener::{self, Callers};
use latchkey_host::wiring::signals;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::hosting::{Services, SystemClock};
use crate::leaving::{self, Wait};
use crate::machine::Notice;
use crate::notify::Notify;
use crate::settings::Settings;
use crate::{admin, figures, logs};

/// Between two looks whether the host does its work; the service manager waits three times as long as it may be told late.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What the last connections are given to hear that they are closed.
const CLOSE_WITHIN: Duration = Duration::from_secs(6);

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It has left, and is not to be started again.
    Left,
    /// Another machine has its slot.
    Replaced,
}

/// Runs the host.
pub(crate) fn run(settings: Settings, notify_socket: Option<String>) -> Result<Ended> {
    logs::start(&settings.log)?;
    let notify = Notify::to(notify_socket).context("NOTIFY_SOCKET cannot be used")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(live(&settings, &notify))
}

async fn live(settings: &Settings, notify: &Notify) -> Result<Ended> {
    let mut told = signals::stop()?;
    let services = Services::open(settings);
    let services = leaving::told(notify, "reading the secret", services).await?;
    let host = services.start(settings)?;
    let stop = watch::Sender::new(false);
    let listeners = [
        serve(settings.listen, host.router(), Callers::Proxy, &stop)?,
        serve(
            settings.admin_listen,
            admin::guard(host.admin_router()),
            Callers::Strangers,
            &stop,
        )?,
    ];
    let asked = async {
        // An error means that the signal handler is gone, and with it the runtime.
        let _ = told.wait_for(|told| *told).await;
    };
    let ended = tokio::select! {
        ended = until_told(settings, notify, &host, asked) => ended,
        () = host.replaced() => Told::Replaced,
    };
    let ended = match ended {
        Told::Replaced => Ended::Replaced,
        Told::Leave(notice) => {
            leave(settings, notify, (&services, &host), notice).await;
            Ended::Left
        }
    };
    stop.send_replace(true);
    let closed = async {
        for listener in listeners {
            // A listener that panicked is as ended as one that did not.
            let _ = listener.await;
        }
        services.close().await;
    };
    let _late = timeout(CLOSE_WITHIN, closed).await;
    Ok(ended)
}

enum Told {
    Leave(Option<Notice>),
    Replaced,
}

/// Serves until there is a reason to leave.
async fn until_told(
    settings: &Settings,
    notify: &Notify,
    host: &Host,
    asked: impl Future<Output = ()>,
) -> Told {
    let says_how_it_is = async {
        leaving::told(notify, "waiting for the directory", host.serving()).await;
        notify.ready();
        tokio::join!(
            watch_over(notify, host),
            figures::report(settings, host, &SystemClock),
        );
    };
    tokio::select! {
        () = asked => Told::Leave(None),
        notice = settings.metadata.until_told() => Told::Leave(Some(notice)),
        () = says_how_it_is => unreachable!("it is said for ever"),
    }
}

/// Tells the service manager that all is well, as long as it is. A host that is fenced is well: its directory is away, and
/// starting the host again brings that no nearer.
async fn watch_over(notify: &Notify, host: &Host) {
    let mut look = interval(LOOK_EVERY);
    loop {
        look.tick().await;
        if host.is_alive().await {
            notify.watchdog();
        } else {
            tracing::error!("the host does not do its work; it is started again if that lasts");
        }
    }
}

/// Gives the rooms away and ends the host; the machine's group hears that it need not wait.
async fn leave(
    settings: &Settings,
    notify: &Notify,
    (services, host): (&Services, &Host),
    notice: Option<Notice>,
) {
    let within = leaving::within(notice, SystemClock.wall());
    tracing::info!(?notice, within_s = within.as_secs(), "the host leaves");
    notify.stopping("handing the rooms over");
    // Whoever has the slot now has the rooms, or will ask their members for what is not stored.
    let left = async {
        tokio::select! {
            (drained, summary) = host.leave(within) => tracing::info!(
                moved = drained.moved,
                left = drained.left,
                unstored = summary.unstored,
                "the host has left"
            ),
            () = host.replaced() => {}
        }
    };
    leaving::told(notify, "handing the rooms over", left).await;
    if notice == Some(Notice::Terminated) {
        let wait = Wait::new(&services.here, settings);
        leaving::told(notify, "telling the machine's group", wait.end()).await;
    }
}

/// Serves `router` at `address` until `stop` becomes true.
fn serve(
    address: SocketAddr,
    router: Router,
    callers: Callers,
    stop: &watch::Sender<bool>,
) -> Result<JoinHandle<()>> {
    let listener =
        listener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    let served = listener::serve(listener, router, callers, stop.subscribe());
    Ok(tokio::spawn(served))
}
