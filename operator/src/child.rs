//! `latchkey host`: one game host in a process of its own, started and watched by `latchkey up` ([`crate::supervisor`]).
//! It listens on this machine alone, takes orders on its standard input ([`crate::pipes`]), and never outlives its
//! parent.

use std::io::{BufRead, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use axum::Router;
use latchkey_host::Host;
use latchkey_host::wiring::signals;
use serde::de::DeserializeOwned;
use tokio::signal::unix::SignalKind;
use tokio::sync::{mpsc, watch};

use crate::cli::HostProcess;
use crate::credential::Credential;
use crate::data::DataFolder;
use crate::hosting::{self, LEAVE_WITHIN, STOP_WITHIN, Wiring};
use crate::listener::Callers;
use crate::pipes::{Briefing, LINE, Order, Ready, line};
use crate::{listener, logs};

/// Orders that were read and not begun. Whatever comes beyond waits in the pipe.
const ORDERS: usize = 4;

/// Runs one host until it is told to end or its parent is gone.
pub(crate) fn run(settings: &HostProcess) -> Result<()> {
    logs::start(&settings.log, settings.json, Some(settings.slot))?;
    let Some(briefing) = next::<Briefing>(&mut std::io::stdin().lock())? else {
        bail!("this command is for `latchkey up`, which starts its hosts by it");
    };
    let orders = follow()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(host(settings, briefing, orders))
}

async fn host(
    settings: &HostProcess,
    briefing: Briefing,
    orders: mpsc::Receiver<Order>,
) -> Result<()> {
    let mut terminate = signals::on(SignalKind::terminate())?;
    // Whoever presses Ctrl-C means the parent, which tells its hosts what to do.
    let _interrupt = signals::on(SignalKind::interrupt())?;
    let data = DataFolder::existing(&settings.data)?;
    // The parent has made and migrated everything that is opened here, and publishes nothing while hosts start.
    let site = briefing.site.parse();
    let wiring = Wiring::open(&data, site.context("the briefing's site is no URL")?)?;
    let host = Arc::new(wiring.start(settings.slot, &briefing.regions)?);
    hosting::serving(&host).await;
    let credential = Credential::new(briefing.admin_password, wiring.embedded.clock.clone());
    let admin = credential.guard(host.admin_router());
    let stop = watch::Sender::new(false);
    let ready = Ready {
        slot: settings.slot,
        pid: std::process::id(),
        rooms: serve(host.router(), &stop).await?,
        admin: serve(admin, &stop).await?,
    };
    say(&ready)?;
    let summary = tokio::select! {
        summary = until_told(&host, orders, &mut terminate) => summary,
        () = host.replaced() => bail!("{}", hosting::REPLACED),
    };
    stop.send_replace(true);
    tracing::info!(
        connections = summary.connections,
        rooms = summary.rooms,
        unstored = summary.unstored,
        "the host's process ends"
    );
    Ok(())
}

/// Waits for an order or SIGTERM and carries it out. An order to stop cuts a leave short.
async fn until_told(
    host: &Host,
    mut orders: mpsc::Receiver<Order>,
    terminate: &mut tokio::signal::unix::Signal,
) -> latchkey_host::StopSummary {
    let first = tokio::select! {
        order = orders.recv() => order.unwrap_or(Order::Stop),
        _ = terminate.recv() => Order::Leave,
    };
    if first == Order::Leave {
        let told_to_stop = async {
            while orders
                .recv()
                .await
                .is_some_and(|order| order != Order::Stop)
            {}
        };
        tokio::select! {
            left = leave(host) => return left,
            () = told_to_stop => {}
        }
    }
    host.stop(STOP_WITHIN).await
}

/// Ends this host alone, while others serve: they take its rooms with everybody in them.
async fn leave(host: &Host) -> latchkey_host::StopSummary {
    let (drained, summary) = host.leave(LEAVE_WITHIN).await;
    tracing::info!(
        moved = drained.moved,
        left = drained.left,
        "the host has handed its rooms over"
    );
    summary
}

/// Serves `router` on a free port of this machine alone, until `stop` becomes true.
async fn serve(router: Router, stop: &watch::Sender<bool>) -> Result<SocketAddr> {
    let listener = listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr().context("a listener has no address")?;
    let stop = stop.subscribe();
    tokio::spawn(listener::serve(listener, router, Callers::Proxy, stop));
    Ok(address)
}

/// Reads the parent's orders on a thread of its own, which a runtime that ends does not wait for. When the parent is
/// gone the process ends at once, as the parent did: a new parent may be waiting for the journal.
fn follow() -> Result<mpsc::Receiver<Order>> {
    let (sender, orders) = mpsc::channel(ORDERS);
    let read = move || loop {
        match next(&mut std::io::stdin().lock()) {
            Ok(Some(order)) => {
                if sender.blocking_send(order).is_err() {
                    return;
                }
            }
            Ok(None) => {
                tracing::warn!("the parent is gone: ending at once, as after a crash");
                std::process::exit(1);
            }
            // Most likely of a newer parent. It can still close the pipe.
            Err(error) => tracing::warn!(%error, "an order is passed over"),
        }
    };
    let thread = std::thread::Builder::new()
        .name("orders".into())
        .spawn(read);
    thread.context("the thread that listens to the parent cannot start")?;
    Ok(orders)
}

/// The parent's next line; nothing when it is gone.
fn next<T: DeserializeOwned>(parent: &mut impl BufRead) -> Result<Option<T>> {
    let mut text = String::new();
    let read = parent.take(LINE as u64).read_line(&mut text);
    // A pipe that breaks says the same as one that ends.
    if read.unwrap_or(0) == 0 {
        return Ok(None);
    }
    serde_json::from_str(&text)
        .map(Some)
        .context("a line of the parent cannot be read")
}

/// Tells the parent that the host serves.
fn say(ready: &Ready) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(&line(ready))
        .and_then(|()| out.flush())
        .context("the parent cannot be told that the host serves")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_one_by_one_until_the_parent_is_gone() {
        let mut parent: &[u8] = b"\"leave\"\n\"fly\"\n\"stop\"\n";
        assert_eq!(next(&mut parent).unwrap(), Some(Order::Leave));
        assert!(
            next::<Order>(&mut parent).is_err(),
            "unknown orders are told apart"
        );
        assert_eq!(next(&mut parent).unwrap(), Some(Order::Stop));
        assert_eq!(next::<Order>(&mut parent).unwrap(), None);
    }
}
