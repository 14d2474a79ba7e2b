//! A payment provider that behaves like Stripe, as far as a shop sees it: checkouts with a page to pay at, refunds, disputes,
//! keys under which a request is carried out once, and signed events that reach the shop in whatever order a test likes.
//! `stripe-mock` judges the shape of requests and keeps nothing; this keeps what was done and judges little.

mod account;
mod api;
mod page;
mod post;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

pub use account::{Action, Event};
pub use api::{Fault, Seen};

use account::Account;

/// What an account is like.
#[derive(Clone)]
pub struct Setup {
    /// The secret key that is accepted. One of the live mode makes an account of the live mode.
    pub key: String,
    /// What events are signed with.
    pub secret: String,
    /// The seconds since 1970.
    pub now: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// How events reach the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// How often each comes.
    pub copies: usize,
    /// How long after what it tells of.
    pub late: Duration,
    /// Whether those that are due together come the last first.
    pub backwards: bool,
}

impl Manner {
    /// Each once, at once, in order.
    pub const GOOD: Self = Self {
        copies: 1,
        late: Duration::ZERO,
        backwards: false,
    };
    /// Each twice, when the buyer is back already, the last first.
    pub const BAD: Self = Self {
        copies: 2,
        late: Duration::from_millis(1_500),
        backwards: true,
    };
}

/// The provider. It ends with its handle.
pub struct Stripe {
    url: String,
    shared: Shared,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone)]
pub(crate) struct Shared(Arc<Parts>);

pub(crate) struct Parts {
    /// Where it is, as its pages say.
    url: String,
    account: Mutex<Account>,
    faults: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<Seen>>,
    happened: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stripe {
    /// Starts one without checkouts, on any free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Shared(Arc::new(Parts {
            url: url.clone(),
            account: Mutex::new(Account::new(setup, &url)),
            faults: Mutex::default(),
            seen: Mutex::default(),
            happened: Notify::new(),
        }));
        let routes = page::routes()
            .fallback(api::answer)
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        let tasks = Mutex::new(vec![serving]);
        Ok(Self { url, shared, tasks })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Posts what happens from now on to `webhook`.
    pub fn deliver_to(&self, webhook: &str, manner: Manner) {
        // Read here and not by the task, before which something may happen.
        let told = lock(&self.shared.0.account).events.len();
        let posting = post::run(self.shared.clone(), webhook.to_owned(), manner, told);
        lock(&self.tasks).push(tokio::spawn(posting));
    }

    /// Has one of the next requests go wrong; faults are used up in the order they are asked for.
    pub fn fail(&self, fault: Fault) {
        lock(&self.shared.0.faults).push_back(fault);
    }

    /// Does to a checkout what a buyer or a bank does. What is not possible changes nothing.
    ///
    /// # Errors
    /// When there is no such checkout.
    pub fn act(&self, session: &str, action: Action) -> anyhow::Result<()> {
        let acted = lock(&self.shared.0.account).act(session, action);
        self.shared.0.happened.notify_one();
        anyhow::ensure!(acted, "there is no checkout {session}");
        Ok(())
    }

    /// The ids of all checkouts, the oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        lock(&self.shared.0.account).sessions()
    }

    /// Everything that happened, in order.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        lock(&self.shared.0.account).events.clone()
    }

    /// The signature header of a body, signed at this second.
    #[must_use]
    pub fn sign(&self, body: &str, at: u64) -> String {
        post::sign(&lock(&self.shared.0.account).setup.secret, body, at)
    }

    /// What was asked of it, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.0.seen).clone()
    }
}

impl Drop for Stripe {
    fn drop(&mut self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
    }
}
