//! A server that stands in for a service: started on a free port with a folder of its own, asked until it answers, killed, paused
//! and started again as the tests want it.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::process::{Process, tail};
use crate::{installed, port};

/// Until when a server must answer: those in Java take some seconds, on a machine that compiles meanwhile many.
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);
/// Until when one question must be answered.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// Ports it is tried on: somebody may take one between the look and the start.
const STARTS: u32 = 2;

/// What there is to know about one server.
pub trait Kind: Debug + Send + Sync + Sized + 'static {
    /// As `tests/emulators/versions` has it.
    const NAME: &'static str;
    /// A request that it answers when it is ready.
    const QUESTION: &'static [u8];

    /// How to start it: as installed in a folder, on a port, with its data in another folder.
    ///
    /// # Errors
    /// When its settings cannot be written.
    fn command(installed: &Path, port: u16, data: &Path) -> anyhow::Result<Command>;

    /// The one that the tests of a binary share.
    fn shared() -> &'static OnceCell<Emulator<Self>>;
}

/// A server that speaks HTTP.
pub trait Http: Kind {}

impl<K: Http> Emulator<K> {
    /// The endpoint of its API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// A server under test. It ends when it is dropped, and when this process ends.
#[derive(Debug)]
pub struct Emulator<K> {
    installed: PathBuf,
    folder: TempDir,
    port: u16,
    process: Mutex<Option<Process>>,
    kind: PhantomData<K>,
}

impl<K: Kind> Emulator<K> {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When it is not installed, or does not answer; the error ends with its log's last lines.
    pub async fn start() -> anyhow::Result<Self> {
        let installed = installed::folder(K::NAME)?;
        let mut tried = 1;
        loop {
            let started = Self {
                installed: installed.clone(),
                folder: installed::data()?,
                port: port::free_port()?,
                process: Mutex::new(None),
                kind: PhantomData,
            };
            match started.restart().await {
                Ok(()) => return Ok(started),
                Err(error) if tried == STARTS => return Err(error),
                Err(_) => tried += 1,
            }
        }
    }

    /// The one that all tests of this binary share: they keep apart by names of their own, and never stop it.
    ///
    /// # Errors
    /// As [`Emulator::start`].
    pub async fn shared() -> anyhow::Result<&'static Self> {
        K::shared().get_or_try_init(Self::start).await
    }

    /// Its port, the same for its whole life.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process as a power cut would (`kill -9`).
    ///
    /// # Errors
    /// When it had ended by itself, with its log's last lines.
    pub fn kill(&self) -> anyhow::Result<()> {
        let ran = self
            .process()
            .take()
            .is_some_and(|mut process| process.runs());
        anyhow::ensure!(ran, "{} had ended: {}", K::NAME, tail(&self.log()));
        Ok(())
    }

    /// Starts it on the same port and with what it had stored, after killing it if it runs. What a server keeps in its memory is
    /// lost; each says what that is.
    ///
    /// # Errors
    /// As [`Emulator::start`].
    pub async fn restart(&self) -> anyhow::Result<()> {
        *self.process() = None;
        let mut command = K::command(&self.installed, self.port, self.folder.path())?;
        command.current_dir(self.folder.path());
        let process = Process::start(&mut command, &self.log(), self.folder.path())?;
        *self.process() = Some(process);
        self.answers().await
    }

    /// Stops it in whatever it does; connections stay open and nothing is answered.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let mut process = self.process();
        let process = process.as_mut().context("it was killed")?;
        process
            .signal(signal)
            .with_context(|| format!("{}: {}", K::NAME, tail(&self.log())))
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Asks until it answers.
    async fn answers(&self) -> anyhow::Result<()> {
        let asked = tokio::time::timeout(ANSWERS_WITHIN, async {
            loop {
                let runs = self.process().as_mut().is_some_and(Process::runs);
                anyhow::ensure!(runs, "it ended");
                if let Ok(Ok(())) = tokio::time::timeout(ANSWER_WITHIN, self.ask()).await {
                    return Ok(());
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        });
        let answered = asked
            .await
            .unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {ANSWERS_WITHIN:?}")));
        answered.with_context(|| {
            let said = tail(&self.log());
            format!("start {} on port {}; it said:\n{said}", K::NAME, self.port)
        })
    }

    async fn ask(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(K::QUESTION).await?;
        stream.read_u8().await.map(drop)
    }
}
