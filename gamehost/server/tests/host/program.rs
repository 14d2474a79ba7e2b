//! One process of the binary, with the machine and the service manager around it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use latchkey_emulators::free_port;
use latchkey_emulators::machine::Machine;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::manager::Manager;
use crate::services::Services;

/// A host on a machine of its own.
pub(crate) struct Program {
    pub(crate) machine: Machine,
    pub(crate) manager: Manager,
    pub(crate) slot: u16,
    port: u16,
    admin: u16,
    folder: TempDir,
    child: Child,
}

impl Program {
    /// Starts it in `slot`; it may not serve yet.
    pub(crate) async fn start(services: &Services, slot: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::start().await.unwrap();
        machine.wants(Some("InService"));
        let manager = Manager::listen(folder.path());
        let (port, admin) = (free_port().unwrap(), free_port().unwrap());
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_gamehost"));
        command
            .env_clear()
            .envs(services.settings())
            .env("AWS_ENDPOINT_URL_AUTO_SCALING", machine.url())
            .env("LATCHKEY_SLOT", slot.to_string())
            .env(
                "LATCHKEY_URL",
                format!("ws://127.0.0.1:{port}/s/{slot}/room"),
            )
            .env("LATCHKEY_VERSION", "1.2.3")
            .env("LATCHKEY_LISTEN", format!("127.0.0.1:{port}"))
            .env("LATCHKEY_ADMIN_LISTEN", format!("127.0.0.1:{admin}"))
            .env("LATCHKEY_LOG", "info,latchkey=debug")
            .env("LATCHKEY_UNSTORED_BYTES", "67108864")
            .env("LATCHKEY_JOURNAL", folder.path().join("journal"))
            .env("LATCHKEY_METADATA", machine.url())
            .env("LATCHKEY_INSTANCE", format!("i-{slot}"))
            .env(
                "LATCHKEY_SCALING_GROUP",
                format!("latchkey-dev-slot-{slot}"),
            )
            .env("LATCHKEY_LIFECYCLE_HOOK", "leave")
            .env("NOTIFY_SOCKET", manager.socket())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        Self {
            child: command.spawn().unwrap(),
            machine,
            manager,
            slot,
            port,
            admin,
            folder,
        }
    }

    /// Starts it and waits until it serves.
    pub(crate) async fn serving(services: &Services, slot: u16) -> Self {
        let program = Self::start(services, slot).await;
        program.manager.has_heard("READY=1").await;
        program
    }

    /// Where its rooms are.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/s/{}/room", self.port, self.slot)
    }

    /// The status that its public listener answers.
    pub(crate) async fn asks(&self, page: &str) -> u16 {
        let path = format!("/s/{}/{page}", self.slot);
        get(self.port, &path, "host").await
    }

    /// The status that its admin listener answers to who calls it by `name`.
    pub(crate) async fn asks_admin(&self, page: &str, name: &str) -> u16 {
        get(self.admin, page, name).await
    }

    /// Waits until it must have seen who else serves: it looks once a second, and says every five that it is well.
    pub(crate) async fn has_seen_others(&self) {
        for _ in 0..2 {
            self.manager.hears("WATCHDOG=1").await;
        }
    }

    /// Asks it to end, as the service manager does.
    pub(crate) async fn terminate(&self) {
        let pid = self.child.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(told.unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.unwrap(),
            Err(_) => panic!(
                "it has not ended within {PATIENCE:?}; it said\n{}",
                self.log()
            ),
        }
    }

    /// Whether it runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it wrote.
    pub(crate) fn log(&self) -> String {
        let log: PathBuf = self.folder.path().join("log");
        std::fs::read_to_string(log).unwrap()
    }
}

async fn get(port: u16, path: &str, name: &str) -> u16 {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asked).await.expect("it answers in time");
    let answer = answer.unwrap_or_default();
    let status = answer.split(' ').nth(1);
    status.map_or(0, |status| status.parse().unwrap())
}
