//! The servers: how each is started, and what it stands in for.

use std::fs;
use std::path::Path;
use std::process::Command;

use tokio::sync::OnceCell;

use crate::emulator::{Emulator, Http, Kind};

/// What every HTTP server answers, if only with a refusal.
const HTTP_QUESTION: &[u8] = b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
/// `{hello: 1, $db: "admin"}` in an `OP_MSG`.
const MONGO_QUESTION: &[u8] = b"\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\
    \x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";

/// `SecantusDB`, which speaks `MongoDB`'s protocol. What it acknowledged survives [`Emulator::kill`]. It inserts some hundred
/// documents a second, and changes fewer: ask little of it.
pub type Secantus = Emulator<kinds::Secantus>;
/// Amazon's `DynamoDB` Local. What it acknowledged survives [`Emulator::kill`]. It listens on all addresses of the machine.
pub type DynamoLocal = Emulator<kinds::DynamoLocal>;
/// `ElasticMQ`, which speaks SQS. Its queues are gone after a restart.
pub type ElasticMq = Emulator<kinds::ElasticMq>;
/// moto, for S3, Secrets Manager, SSM and `CloudFormation`. All is gone after a restart.
pub type Moto = Emulator<kinds::Moto>;
/// stripe-mock, which judges the shape of requests to Stripe and keeps nothing.
pub type StripeMock = Emulator<kinds::StripeMock>;

/// The kinds, of which only the emulators made of them have a name.
mod kinds {
    /// See the emulator of this name.
    #[derive(Debug)]
    pub struct Secantus;
    /// See the emulator of this name.
    #[derive(Debug)]
    pub struct DynamoLocal;
    /// See the emulator of this name.
    #[derive(Debug)]
    pub struct ElasticMq;
    /// See the emulator of this name.
    #[derive(Debug)]
    pub struct Moto;
    /// See the emulator of this name.
    #[derive(Debug)]
    pub struct StripeMock;
}

impl Kind for kinds::Secantus {
    const NAME: &'static str = "secantus";
    const QUESTION: &'static [u8] = MONGO_QUESTION;

    fn command(installed: &Path, port: u16, data: &Path) -> anyhow::Result<Command> {
        const MAIN: &str = "import sys; from secantus.cli import main; sys.exit(main())";
        let mut command = Command::new(installed.join("bin/python"));
        command
            .args(["-c", MAIN, "--host", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .arg("--storage-path")
            .arg(data.join("data"))
            .args(["--cache-size", "256M", "--sync-on-commit"]);
        Ok(command)
    }

    fn shared() -> &'static OnceCell<Emulator<Self>> {
        static SHARED: OnceCell<Secantus> = OnceCell::const_new();
        &SHARED
    }
}

impl Kind for kinds::DynamoLocal {
    const NAME: &'static str = "dynamodb-local";
    const QUESTION: &'static [u8] = HTTP_QUESTION;

    fn command(installed: &Path, port: u16, data: &Path) -> anyhow::Result<Command> {
        const MAIN: &str = "software.amazon.dynamodb.services.local.main.ServerRunner";
        let libraries = installed.join("lib");
        let mut command = java(&libraries);
        command
            .arg(format!("-Djava.library.path={}", libraries.display()))
            .args([MAIN, "-sharedDb", "-disableTelemetry", "-dbPath"])
            .arg(data)
            .args(["-port", &port.to_string()]);
        Ok(command)
    }

    fn shared() -> &'static OnceCell<Emulator<Self>> {
        static SHARED: OnceCell<DynamoLocal> = OnceCell::const_new();
        &SHARED
    }
}

impl Kind for kinds::ElasticMq {
    const NAME: &'static str = "elasticmq";
    const QUESTION: &'static [u8] = HTTP_QUESTION;

    fn command(installed: &Path, port: u16, data: &Path) -> anyhow::Result<Command> {
        let settings = data.join("elasticmq.conf");
        fs::write(
            &settings,
            format!(
                "include classpath(\"application.conf\")\n\
                 node-address {{ protocol = http, host = \"127.0.0.1\", port = {port}, context-path = \"\" }}\n\
                 rest-sqs {{ enabled = true, bind-hostname = \"127.0.0.1\", bind-port = {port}, sqs-limits = strict }}\n\
                 rest-stats {{ enabled = false }}\n"
            ),
        )?;
        let mut command = java(&installed.join("lib"));
        command
            .arg(format!("-Dconfig.file={}", settings.display()))
            .arg("org.elasticmq.server.Main");
        Ok(command)
    }

    fn shared() -> &'static OnceCell<Emulator<Self>> {
        static SHARED: OnceCell<ElasticMq> = OnceCell::const_new();
        &SHARED
    }
}

impl Kind for kinds::Moto {
    const NAME: &'static str = "moto";
    const QUESTION: &'static [u8] = HTTP_QUESTION;

    fn command(installed: &Path, port: u16, _: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(installed.join("bin/python"));
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p"]);
        command.arg(port.to_string());
        Ok(command)
    }

    fn shared() -> &'static OnceCell<Emulator<Self>> {
        static SHARED: OnceCell<Moto> = OnceCell::const_new();
        &SHARED
    }
}

impl Kind for kinds::StripeMock {
    const NAME: &'static str = "stripe-mock";
    const QUESTION: &'static [u8] = HTTP_QUESTION;

    fn command(installed: &Path, port: u16, _: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(installed.join("stripe-mock"));
        command.args(["-strict-version-check", "-http-addr"]);
        command.arg(format!("127.0.0.1:{port}"));
        Ok(command)
    }

    fn shared() -> &'static OnceCell<Emulator<Self>> {
        static SHARED: OnceCell<StripeMock> = OnceCell::const_new();
        &SHARED
    }
}

/// Java with bounded memory, quick to start rather than quick for long.
fn java(libraries: &Path) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-cp")
        .arg(libraries.join("*"));
    command
}

impl Http for kinds::DynamoLocal {}
impl Http for kinds::ElasticMq {}
impl Http for kinds::Moto {}
impl Http for kinds::StripeMock {}

impl Secantus {
    /// What a driver connects by.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port())
    }
}
