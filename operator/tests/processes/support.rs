//! Starting the binary on a folder of its own, asking it over HTTP, and waiting for what is to come, with a deadline.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Everything that a test waits for comes within it, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// The binary as cargo built it.
pub(crate) fn binary() -> PathBuf {
    env!("CARGO_BIN_EXE_latchkey").into()
}

/// A running platform. Dropping it kills the parent; its hosts end by themselves.
pub(crate) struct Platform {
    pub(crate) folder: TempDir,
    pub(crate) ready: Value,
    pub(crate) process: Child,
}

impl Platform {
    pub(crate) async fn start(hosts: u16) -> Self {
        Self::start_as(&binary(), hosts, tempfile::tempdir().unwrap()).await
    }

    /// Starts `binary` on the folder `data` in `folder`.
    pub(crate) async fn start_as(binary: &Path, hosts: u16, folder: TempDir) -> Self {
        let mut process = Command::new(binary)
            .args(["up", "--port", "0", "--json", "--log", "info"])
            .args(["--hosts", &hosts.to_string(), "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(
                File::options()
                    .create(true)
                    .append(true)
                    .open(log_of(&folder))
                    .unwrap(),
            )
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        timeout(PATIENCE, out.read_line(&mut line))
            .await
            .unwrap()
            .unwrap();
        let ready = serde_json::from_str(&line);
        let ready = ready.unwrap_or_else(|_| panic!("{line:?}\n{}", read(&log_of(&folder))));
        Self {
            folder,
            ready,
            process,
        }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log(&self) -> String {
        read(&log_of(&self.folder))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id().unwrap()
    }

    fn address(&self, of: &str) -> String {
        self.ready[of].as_str().unwrap().replace("http://", "")
    }

    /// Asks the public listener.
    pub(crate) async fn get(&self, path: &str) -> String {
        ask(&self.address("site"), "GET", path, "").await
    }

    /// Asks the admin listener, with its password.
    pub(crate) async fn admin(&self, method: &str, path: &str) -> String {
        let password = read(&self.data().join("admin-password"));
        let shown = STANDARD.encode(format!("anybody:{}", password.trim()));
        let header = format!("authorization: Basic {shown}\r\n");
        ask(&self.address("admin"), method, path, &header).await
    }

    /// Asks the admin listener without one.
    pub(crate) async fn stranger(&self, path: &str) -> String {
        ask(&self.address("admin"), "GET", path, "").await
    }

    /// The process of every host by its slot, as the admin listener lists them.
    pub(crate) async fn pids(&self) -> Vec<Option<u64>> {
        let answer = self.admin("GET", "/hosts").await;
        let listed: Value = serde_json::from_str(body(&answer)).unwrap();
        let listed = listed.as_array().unwrap();
        listed.iter().map(|host| host["pid"].as_u64()).collect()
    }

    /// The process of the host in `slot` that serves and is not `before`.
    pub(crate) async fn next_pid(&self, slot: usize, before: u64) -> u64 {
        eventually("another process", async || {
            self.pids().await[slot - 1].filter(|pid| *pid != before)
        })
        .await
    }

    /// A room connection of the host in `slot`, through the public listener, that has not joined.
    pub(crate) async fn tunnel(&self, slot: u16) -> TcpStream {
        let site = self.address("site");
        let mut stream = TcpStream::connect(&site).await.unwrap();
        let ask = format!(
            "GET /s/{slot}/room HTTP/1.1\r\nhost: {site}\r\norigin: http://{site}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: latchkey.1\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, stream.read_u8()).await.unwrap();
            head.push(byte.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        stream
    }

    /// Another command on the same folder.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Output {
        command(&self.data(), arguments).await
    }
}

/// Runs a command on a data folder to its end.
pub(crate) async fn command(data: &Path, arguments: &[&str]) -> Output {
    let ended = Command::new(binary())
        .args(arguments)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    timeout(PATIENCE, ended).await.unwrap().unwrap()
}

/// What a command said and that it failed.
pub(crate) fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a command said and that it succeeded.
pub(crate) fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Sends a signal such as `-KILL`.
pub(crate) async fn signal(name: &str, pid: u64) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(sent.await.unwrap().success(), "process {pid} is gone");
}

/// Pauses a process, and waits until none of its threads runs any more.
pub(crate) async fn pause(pid: u64) {
    signal("-STOP", pid).await;
    eventually("a paused process", async || {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let all = threads
            .map(|thread| state(&thread.unwrap().path().join("stat")))
            .all(|state| state == Some('T'));
        all.then_some(())
    })
    .await;
}

/// What a process or a thread is doing, as a letter; nothing when it is gone.
fn state(stat: &Path) -> Option<char> {
    let status = fs::read_to_string(stat).unwrap_or_default();
    status.rsplit(") ").next()?.chars().next()
}

/// Whether a process is there and not only waiting to be forgotten.
pub(crate) fn lives(pid: u64) -> bool {
    !matches!(
        state(Path::new(&format!("/proc/{pid}/stat"))),
        None | Some('Z')
    )
}

/// Looks again and again until there is something.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let all = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let found = timeout(PATIENCE, all).await;
    found.unwrap_or_else(|_| panic!("still waiting for {what}"))
}

/// The body of an answer.
pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

async fn ask(address: &str, method: &str, path: &str, header: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let words =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{header}\r\n");
    stream.write_all(words.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    answer
}

fn log_of(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
