//! Whether this host may serve, and who else does: it enlists, renews, watches the others and marks them lost. What the
//! rooms make of it when the right to serve ends is not decided here; they ask their lease, and whoever must act
//! listens to [`Membership::changes`].
//!
//! What is to be done when is decided by two plain types, `member` and `watch`; the task here carries it out.

mod fleet;
mod member;
mod watch;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch as channel;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

pub(crate) use self::fleet::Fleet;
use self::member::{Call, Member};
pub(crate) use self::member::{Standing, Term, Why};
use self::watch::{Expired, Watch};
use crate::host::Shared;
use crate::ports::{DirectoryError, Enlist, HostId, HostItem, Load, Renewed};
use crate::timing::{LOOK_WITHIN, RENEW_WITHIN, WATCH_EVERY};

/// What the rest of the host knows of its own place among the hosts.
pub(crate) struct Membership {
    standing: channel::Sender<Standing>,
    drain: channel::Sender<bool>,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            standing: channel::Sender::new(Standing::Fenced(Why::NotEnlisted)),
            drain: channel::Sender::new(false),
        }
    }
}

impl Membership {
    /// The present term, while the host serves. Its lease tells about every single moment.
    pub(crate) fn serving(&self) -> Option<Term> {
        match &*self.standing.borrow() {
            Standing::Serving(term) => Some(term.clone()),
            Standing::Fenced(_) | Standing::Replaced => None,
        }
    }

    /// Resolves when the host serves, or is gone.
    pub(crate) async fn served(&self) {
        let serves = |standing: &Standing| matches!(standing, Standing::Serving(_));
        // An error means that the host is gone.
        let _ = self.standing.subscribe().wait_for(serves).await;
    }

    /// Every change of the standing, the present one first. Changes that follow each other at once may be seen as one:
    /// what tells one time of serving from the next is the term's host id.
    pub(crate) fn changes(&self) -> channel::Receiver<Standing> {
        let mut changes = self.standing.subscribe();
        changes.mark_changed();
        changes
    }

    /// Whether the operator wants this host drained.
    pub(crate) fn drain(&self) -> channel::Receiver<bool> {
        self.drain.subscribe()
    }
}

/// A call to the directory under way, beside which the task goes on.
struct UnderWay<T> {
    call: Option<Pin<Box<dyn Future<Output = Option<T>> + Send>>>,
    sent_ms: u64,
}

impl<T: Send + 'static> UnderWay<T> {
    const NOTHING: Self = Self {
        call: None,
        sent_ms: 0,
    };

    fn idle(&self) -> bool {
        self.call.is_none()
    }

    fn begin(
        &mut self,
        sent_ms: u64,
        within: Duration,
        call: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
    ) {
        self.sent_ms = sent_ms;
        self.call = Some(Box::pin(async move {
            match timeout(within, call).await {
                Ok(Ok(answer)) => Some(answer),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a call to the directory failed");
                    None
                }
                Err(_) => {
                    tracing::debug!(
                        within_ms = within.as_millis(),
                        "a call to the directory took too long"
                    );
                    None
                }
            }
        }));
    }

    /// When it was sent and what came of it; never, when nothing is under way.
    async fn answer(&mut self) -> (u64, Option<T>) {
        let Some(call) = &mut self.call else {
            return std::future::pending().await;
        };
        let answer = call.await;
        self.call = None;
        (self.sent_ms, answer)
    }
}

enum Own {
    Enlisted(HostId),
    Renewed(Renewed),
}

/// Keeps this host a member and watches the others, for as long as the host runs or until another process has its slot.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut member = Member::new(shared.time.ms());
    let mut watch = Watch::new(shared.config.slot);
    let mut own = UnderWay::NOTHING;
    let mut look = UnderWay::NOTHING;
    let mut mark = UnderWay::NOTHING;
    let mut looks = interval(WATCH_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        publish(&shared, member.standing(shared.time.ms()));
        if member.is_replaced() {
            return;
        }
        tokio::select! {
            (sent, answer) = own.answer() => {
                if answer.is_none() {
                    watch.failed();
                }
                answered(&shared, &mut member, sent, answer);
            }
            () = at(&shared, member.due()), if own.idle() => call(&shared, &mut member, &mut own),
            () = at(&shared, member.over(shared.time.ms())) => {}
            _ = looks.tick(), if look.idle() => begin_look(&shared, &mut look),
            (sent, hosts) = look.answer() => {
                let expired = looked(&shared, &mut watch, sent, hosts);
                if mark.idle() && !expired.is_empty() {
                    mark.begin(sent, LOOK_WITHIN, mark_lost(shared.clone(), expired));
                }
            }
            _ = mark.answer() => {}
        }
    }
}

/// Tells everybody about a standing that is new.
fn publish(shared: &Shared, standing: Standing) {
    let changed = shared.membership.standing.send_if_modified(|known| {
        let changed = *known != standing;
        if changed {
            known.clone_from(&standing);
        }
        changed
    });
    if !changed {
        return;
    }
    match standing {
        Standing::Serving(term) => {
            let HostId { slot, generation } = term.me;
            tracing::info!(%slot, %generation, "the host serves");
        }
        // Every host begins like this, and none stays so.
        Standing::Fenced(why @ Why::NotEnlisted) => {
            tracing::debug!(%why, "the host does not serve yet");
        }
        Standing::Fenced(why) => {
            shared.desk.metrics.fencings.up();
            tracing::warn!(%why, "the host does not serve");
        }
        Standing::Replaced => {
            tracing::error!(slot = %shared.config.slot, "another process has this host's slot; give one of them another slot");
        }
    }
}

async fn at(shared: &Shared, elapsed_ms: Option<u64>) {
    match elapsed_ms {
        Some(ms) => sleep_until(instant(shared, ms)).await,
        None => std::future::pending().await,
    }
}

fn instant(shared: &Shared, elapsed_ms: u64) -> Instant {
    shared.time.instant(Duration::from_millis(elapsed_ms))
}

/// Sends the member's next call.
fn call(shared: &Arc<Shared>, member: &mut Member, own: &mut UnderWay<Own>) {
    let (now, directory) = (shared.time.ms(), shared.ports.directory.clone());
    match member.call() {
        Call::Enlist => {
            let config = &shared.config;
            let new = Enlist {
                slot: config.slot,
                region: config.region.clone(),
                url: config.url.clone(),
                version: config.version.clone(),
                journal: config.journal,
            };
            own.begin(now, RENEW_WITHIN, async move {
                directory.enlist(new).await.map(Own::Enlisted)
            });
        }
        Call::Renew(me, beat) => {
            let load = load(shared);
            own.begin(now, RENEW_WITHIN, async move {
                directory.renew(me, beat, load).await.map(Own::Renewed)
            });
        }
    }
}

fn load(shared: &Shared) -> Load {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Load {
        rooms: count(shared.rooms.len() as u64),
        connections: count(shared.desk.metrics.connections.get()),
    }
}

fn answered(shared: &Shared, member: &mut Member, sent_ms: u64, answer: Option<Own>) {
    let now = shared.time.ms();
    match answer {
        None => member.failed(now),
        Some(Own::Enlisted(me)) => {
            member.enlisted(sent_ms, now, me);
            shared.membership.drain.send_if_modified(std::mem::take);
        }
        Some(Own::Renewed(renewed)) => {
            member.renewed(sent_ms, renewed);
            if let Renewed::Kept { drain } = renewed {
                shared
                    .membership
                    .drain
                    .send_if_modified(|known| std::mem::replace(known, drain) != drain);
            }
        }
    }
}

fn begin_look(shared: &Arc<Shared>, look: &mut UnderWay<Vec<HostItem>>) {
    let directory = shared.ports.directory.clone();
    look.begin(shared.time.ms(), LOOK_WITHIN, async move {
        directory.hosts().await
    });
}

/// Takes in what a look saw; then those who are to be marked lost.
fn looked(
    shared: &Shared,
    watch: &mut Watch,
    sent_ms: u64,
    hosts: Option<Vec<HostItem>>,
) -> Vec<Expired> {
    let Some(hosts) = hosts else {
        watch.failed();
        return Vec::new();
    };
    let expired = watch.saw(sent_ms, shared.time.ms(), &hosts);
    shared.fleet.saw(hosts);
    expired
}

async fn mark_lost(shared: Arc<Shared>, expired: Vec<Expired>) -> Result<(), DirectoryError> {
    for Expired { host, beat } in expired {
        if shared.ports.directory.mark_lost(host, beat).await? {
            shared.desk.metrics.hosts_marked_lost.up();
            let HostId { slot, generation } = host;
            tracing::warn!(%slot, %generation, beat, "a host is lost; its rooms may be claimed");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
