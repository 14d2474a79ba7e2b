//! The service that runs functions: it starts a function's binary as often as events are waiting at once (up to a limit), hands
//! each one event at a time by the Runtime API, and takes away those that end, say that they cannot begin, or are late.

mod environment;
mod runtime_api;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use environment::Environment;

/// What is said of a function when it is deployed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// What is run.
    pub binary: PathBuf,
    /// Its environment; it sees nothing of this process's.
    pub variables: BTreeMap<String, String>,
    /// How many of it may run at once.
    pub concurrency: usize,
    /// How long it has for one event, and to begin.
    pub timeout: Duration,
    /// Its memory in MiB. It is told, and not held to it.
    pub memory: u32,
}

impl Settings {
    /// A function `name` that runs `binary` with these variables: one at a time, with half a minute for an event.
    #[must_use]
    pub fn new<K: Into<String>, V: Into<String>>(
        name: &str,
        binary: impl Into<PathBuf>,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let variables = variables.into_iter();
        Self {
            name: name.to_owned(),
            binary: binary.into(),
            variables: variables.map(|(k, v)| (k.into(), v.into())).collect(),
            concurrency: 1,
            timeout: Duration::from_secs(30),
            memory: 512,
        }
    }
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Answered(Bytes),
    /// The function said that it failed.
    Failed(String),
    /// The function said that it cannot begin.
    CannotBegin(String),
    /// The function ended; the last lines of its log.
    Ended(String),
    /// It was late and was ended.
    Late,
    /// As many run as may, and each is at work.
    Throttled,
}

/// How long it took, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// From the start of the process until it asked for its first event.
    pub init: Duration,
    /// From the start of the process until its first answer, without the time it waited for its first event.
    pub first: Option<Duration>,
    /// Memory in RAM, in KiB.
    pub rss: u64,
}

/// A deployed function. Its processes end with it.
#[derive(Debug)]
pub struct Function {
    settings: Settings,
    running: Arc<Semaphore>,
    idle: Mutex<Vec<Environment>>,
    /// All that run, to be killed.
    all: Mutex<Vec<std::sync::Weak<environment::Running>>>,
}

impl Function {
    /// Deploys a function. Nothing is started before its first event.
    #[must_use]
    pub fn deploy(settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            running: Arc::new(Semaphore::new(settings.concurrency)),
            settings,
            idle: Mutex::default(),
            all: Mutex::default(),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Hands an event to the function and waits for what becomes of it. One that is dropped meanwhile is carried on.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub async fn invoke(self: &Arc<Self>, event: impl Into<Bytes>) -> anyhow::Result<Outcome> {
        let Ok(permit) = self.running.clone().try_acquire_owned() else {
            return Ok(Outcome::Throttled);
        };
        let (function, event) = (self.clone(), event.into());
        let carried = tokio::spawn(async move {
            let outcome = function.carry_out(event).await;
            drop(permit);
            outcome
        });
        carried.await?
    }

    /// As [`Function::invoke`], after waiting until one is free.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub async fn invoke_in_turn(
        self: &Arc<Self>,
        event: impl Into<Bytes>,
    ) -> anyhow::Result<Outcome> {
        let permit = self.running.clone().acquire_owned().await?;
        let (function, event) = (self.clone(), event.into());
        let carried = tokio::spawn(async move {
            let outcome = function.carry_out(event).await;
            drop(permit);
            outcome
        });
        carried.await?
    }

    async fn carry_out(&self, event: Bytes) -> anyhow::Result<Outcome> {
        let kept = lock(&self.idle).pop();
        let mut environment = match kept {
            Some(environment) => environment,
            None => {
                let started = Environment::start(&self.settings).await?;
                let mut all = lock(&self.all);
                all.retain(|one| one.strong_count() > 0);
                all.push(Arc::downgrade(&started.running));
                started
            }
        };
        let outcome = environment.hand(event, self.settings.timeout).await;
        if matches!(outcome, Outcome::Answered(_) | Outcome::Failed(_)) {
            lock(&self.idle).push(environment);
        }
        Ok(outcome)
    }

    /// Ends all its processes as a power cut would, also those at work.
    pub fn kill(&self) {
        for running in lock(&self.all).iter().filter_map(std::sync::Weak::upgrade) {
            running.kill();
        }
        lock(&self.idle).clear();
    }

    /// Asks an idle process to end, as the service does, and waits until it has; whether it ended well. Nothing when none is
    /// idle.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn retire(&self) -> anyhow::Result<Option<bool>> {
        let idle = lock(&self.idle).pop();
        match idle {
            Some(environment) => environment.retire().await.map(Some),
            None => Ok(None),
        }
    }

    /// The figures of an idle process; nothing when none is idle.
    #[must_use]
    pub fn figures(&self) -> Option<Figures> {
        lock(&self.idle).last().map(Environment::figures)
    }

    /// What the idle processes have said.
    #[must_use]
    pub fn logs(&self) -> String {
        lock(&self.idle).iter().map(Environment::log).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A function that answers what it is told, fails, ends or never answers, as the event says.
    const FUNCTION: &str = r#"#!/usr/bin/python3
import os, time, urllib.request
api = "http://%s/2018-06-01/runtime" % os.environ["AWS_LAMBDA_RUNTIME_API"]
def post(path, body):
    urllib.request.urlopen(urllib.request.Request(api + path, data=body, method="POST"))
if "CANNOT" in os.environ:
    post("/init/error", b'{"errorMessage": "no such setting"}')
    os._exit(1)
while True:
    with urllib.request.urlopen(api + "/invocation/next") as event:
        id, body = event.headers["Lambda-Runtime-Aws-Request-Id"], event.read()
    if body == b"end":
        os._exit(3)
    if body == b"stay":
        time.sleep(1000)
    if body == b"fail":
        post("/invocation/%s/error" % id, b'{"errorMessage": "it failed"}')
    else:
        post("/invocation/%s/response" % id, body + b" from %d" % os.getpid())
"#;

    fn function(variables: &[(&str, &str)]) -> (tempfile::TempDir, Arc<Function>) {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("bootstrap");
        std::fs::write(&binary, FUNCTION).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
        let variables = variables.iter().copied();
        let mut settings = Settings::new("f", binary, variables);
        settings.timeout = Duration::from_secs(5);
        (folder, Function::deploy(settings))
    }

    #[tokio::test]
    async fn one_process_is_handed_one_event_after_the_other_and_replaced_when_it_ends() {
        let (_folder, function) = function(&[]);
        let first = function.invoke("a").await.unwrap();
        assert_eq!(function.invoke("a").await.unwrap(), first);
        assert!(matches!(&first, Outcome::Answered(text) if text.starts_with(b"a from ")));
        let failed = function.invoke("fail").await.unwrap();
        assert_eq!(failed, Outcome::Failed("it failed".to_owned()));
        assert_eq!(function.invoke("a").await.unwrap(), first);
        let figures = function.figures().unwrap();
        assert!(figures.rss > 0 && figures.first.unwrap() >= figures.init);
        let ended = function.invoke("end").await.unwrap();
        assert!(matches!(ended, Outcome::Ended(_)), "{ended:?}");
        let next = function.invoke("a").await.unwrap();
        assert!(next != first && matches!(next, Outcome::Answered(_)));
        assert_eq!(
            function.retire().await.unwrap(),
            Some(false),
            "it knows no signals"
        );
    }

    #[tokio::test]
    async fn one_that_cannot_begin_says_why_and_one_that_is_late_is_ended() {
        let (_folder, cannot) = function(&[("CANNOT", "1")]);
        let outcome = cannot.invoke("a").await.unwrap();
        assert_eq!(outcome, Outcome::CannotBegin("no such setting".to_owned()));
        let (_folder, function) = function(&[]);
        let (stays, other) = tokio::join!(function.invoke("stay"), function.invoke("a"));
        assert_eq!(other.unwrap(), Outcome::Throttled);
        assert_eq!(stays.unwrap(), Outcome::Late);
        let after = function.invoke("a").await.unwrap();
        assert!(matches!(after, Outcome::Answered(_)));
    }
}
