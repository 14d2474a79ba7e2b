//! A mail service that behaves like SES, as far as a sender sees it: it judges letters as SES does, keeps those it takes where
//! tests and people can read them, fails when it is told to, and tells of letters what EventBridge would hand over.

mod api;
mod event;
mod letter;

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use api::Fault;
pub use event::Fate;
pub use letter::Letter;

/// What an account is like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The domain that may send.
    pub domain: String,
    /// The configuration sets there are.
    pub sets: Vec<String>,
}

/// The service. It ends with its handle.
#[derive(Debug)]
pub struct Ses {
    url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    setup: Setup,
    inbox: Mutex<Vec<Letter>>,
    faults: Mutex<VecDeque<Fault>>,
    /// Requests that came, whatever became of them.
    asked: Mutex<usize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ses {
    /// Starts one with an empty inbox, on any free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            setup,
            inbox: Mutex::default(),
            faults: Mutex::default(),
            asked: Mutex::default(),
        });
        let routes = api::routes().with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            url,
            shared,
            serving,
        })
    }

    /// Where it is. A browser finds the inbox there; programs find it as JSON below `/inbox`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has one of the next requests go wrong; faults are used up in the order they are asked for.
    pub fn fail(&self, fault: Fault) {
        lock(&self.shared.faults).push_back(fault);
    }

    /// The letters that were taken, the oldest first.
    #[must_use]
    pub fn inbox(&self) -> Vec<Letter> {
        lock(&self.shared.inbox).clone()
    }

    /// How often it was asked to send.
    #[must_use]
    pub fn asked(&self) -> usize {
        *lock(&self.shared.asked)
    }

    /// What EventBridge hands over when this becomes of a letter.
    ///
    /// # Errors
    /// When there is no letter with this id.
    pub fn event(&self, letter: &str, fate: Fate) -> anyhow::Result<Value> {
        let inbox = lock(&self.shared.inbox);
        let letter = inbox.iter().find(|it| it.id == letter);
        let letter = letter.context("there is no such letter")?;
        Ok(event::of(letter, fate))
    }
}

impl Drop for Ses {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
