//! What runs beside the listener: the workers of the queues, the sweep over unfinished orders, and the test till's
//! messenger. Each looks for work until it is told to stop.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use latchkey_jobs::Handlers;
use latchkey_jobs::worker::Worker;
use latchkey_platform::effects::Effects;
use latchkey_platform::queue::{Pulled, QueueName};
use latchkey_platform::till::{TestTill, TillEvent};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// Between two runs of the sweep.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Between two looks for events of the test till.
const TILL_EVERY: Duration = Duration::from_millis(100);
/// After a worker panicked.
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Events posted in one go.
const EVENTS: usize = 16;

/// What the workers need.
pub(crate) struct Staff {
    pub(crate) queue: Arc<dyn Pulled>,
    pub(crate) handlers: Handlers,
    pub(crate) effects: Effects,
    pub(crate) till: Arc<dyn TestTill>,
    /// The site, to which the till posts as a provider would.
    pub(crate) site: Router,
}

/// Starts all workers; they end when `stop` becomes true.
pub(crate) fn start(staff: Staff, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for name in QueueName::ALL {
        let (queue, handlers) = (staff.queue.clone(), staff.handlers.clone());
        let worker = Worker {
            queue,
            name,
            handlers,
        };
        let stopped = stop.clone();
        let work = move || worker.clone().run(stopped.clone());
        workers.spawn(supervise(name.as_str(), stop.clone(), work));
    }
    let (effects, stopped) = (staff.effects, stop.clone());
    let work = move || sweep(effects.clone(), stopped.clone());
    workers.spawn(supervise("sweep", stop.clone(), work));
    let (till, site, stopped) = (staff.till, staff.site, stop.clone());
    let work = move || post_events(till.clone(), site.clone(), stopped.clone());
    workers.spawn(supervise("till", stop.clone(), work));
    workers
}

/// Runs a worker, and again should it panic: nobody else would do its work.
async fn supervise<F>(name: &'static str, mut stop: watch::Receiver<bool>, work: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(error) = tokio::spawn(work()).await {
        tracing::error!(worker = name, %error, "a worker panicked and is started again");
        if !goes_on(&mut stop, RESTART_AFTER).await {
            return;
        }
    }
}

/// Waits for `time`; says whether to go on.
async fn goes_on(stop: &mut watch::Receiver<bool>, time: Duration) -> bool {
    tokio::time::timeout(time, stop.wait_for(|stop| *stop))
        .await
        .is_err()
}

async fn sweep(effects: Effects, mut stop: watch::Receiver<bool>) {
    loop {
        match effects.sweep().await {
            Ok(swept) => {
                for (order, error) in &swept.failed {
                    tracing::warn!(%order, %error, "an order's effects could not be carried out; the sweep tries again");
                }
                if swept.finished > 0 {
                    tracing::info!(
                        orders = swept.finished,
                        "the sweep finished what was left undone"
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "the sweep could not look for orders"),
        }
        if !goes_on(&mut stop, SWEEP_EVERY).await {
            return;
        }
    }
}

async fn post_events(till: Arc<dyn TestTill>, site: Router, mut stop: watch::Receiver<bool>) {
    while goes_on(&mut stop, TILL_EVERY).await {
        let events = match till.due(EVENTS).await {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(%error, "the test till's events could not be looked for");
                continue;
            }
        };
        for event in events {
            let id = event.id.clone();
            let taken = post(&site, event).await;
            if let Err(error) = till.posted(&id, taken).await {
                tracing::warn!(%error, event = id, "an event was posted and may be posted again");
            }
        }
    }
}

/// Posts one event; says whether the site took it.
async fn post(site: &Router, event: TillEvent) -> bool {
    let request = Request::post(latchkey_site::WEBHOOK)
        .header(CONTENT_TYPE, "application/json")
        .header("stripe-signature", event.signature)
        .body(Body::from(event.body))
        .expect("the signature is plain text");
    let Ok(answer) = site.clone().oneshot(request).await;
    let status = answer.status();
    tracing::debug!(event = event.id, %status, "event posted");
    // What the site refuses for good need not be told again.
    status.is_success() || status.is_client_error()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_is_started_again() {
        let (_stop, stopped) = watch::channel(false);
        let starts = Arc::new(AtomicUsize::new(0));
        let counted = starts.clone();
        let work = move || {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move { assert!(start >= 2, "the test wants it so") }
        };
        supervise("test", stopped, work).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
