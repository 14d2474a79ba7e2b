//! The game host as `latchkey up` runs it, with the embedded directory and archive in a folder of its own, and without
//! the site: `bench-host --port PORT --slot SLOT --data FOLDER [--journal none]`.
//!
//! Tickets are signed by the load generator with a key both know. Without a journal the host runs the same code on a
//! disk that forgets: what is left out is the writing and syncing, not the deciding.

mod forgetful;

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use clap::{Parser, ValueEnum};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use latchkey_bench::dialect::latchkey::TICKET_KEY;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::bridge::SameClock;
use latchkey_embedded::directory::EmbeddedDirectory;
use latchkey_embedded::machine::SystemClock;
use latchkey_embedded::rooms::Rooms;
use latchkey_host::ports::{Finishes, FinishesError, JournalId, Slot};
use latchkey_host::{Config, Host, HostLimits, Origins, Ports};
use latchkey_journal::{Disk, Folder, Journal, Limits};
use latchkey_protocol::{RoomId, Seq, TicketSigner};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::forgetful::Forgetful;

#[derive(Debug, Parser)]
struct Settings {
    /// Port on the loopback address.
    #[arg(long)]
    port: u16,
    /// The host's slot.
    #[arg(long)]
    slot: u16,
    /// Folder for journal, directory and archive; several hosts may share it.
    #[arg(long)]
    data: PathBuf,
    /// Where records are written before they are delivered.
    #[arg(long, value_enum, default_value_t = Journals::Folder)]
    journal: Journals,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Journals {
    Folder,
    None,
}

/// Nobody makes stats of the bench's games.
struct Untold;

#[async_trait]
impl Finishes for Untold {
    async fn finished(&self, _room: RoomId, _seq: Seq) -> Result<(), FinishesError> {
        Ok(())
    }
}

fn main() -> Result<()> {
    let settings = Settings::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter("warn")
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot start")?;
    runtime.block_on(serve(&settings))
}

async fn serve(settings: &Settings) -> Result<()> {
    let host = start(settings)?;
    // The port opens when the host has its lease, which is when joins are welcome.
    host.serving().await;
    let service = TowerToHyperService::new(host.router());
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port)))?;
    // As the other contestants: tens of thousands may come at once.
    let listener = socket.listen(4_096)?;
    println!("{}", listener.local_addr()?);
    // On the runtime's threads, as the operator's listener.
    match tokio::spawn(accept(listener, service)).await? {}
}

async fn accept(listener: TcpListener, service: TowerToHyperService<axum::Router>) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        tokio::spawn(connection(stream, service.clone()));
    }
}

async fn connection(stream: TcpStream, service: TowerToHyperService<axum::Router>) {
    // As the operator's listener sets it.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(15))
        .max_buf_size(32 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // How a connection ends is the client's affair.
    let _ended = connection.await;
}

fn start(settings: &Settings) -> Result<Host> {
    let slot = settings.slot;
    let (disk, journal): (Arc<dyn Disk>, _) = match settings.journal {
        Journals::Folder => {
            let folder = Folder::open(settings.data.join(format!("journal-{slot}")))?;
            let id = folder.id(slot.into())?;
            (Arc::new(folder), id)
        }
        Journals::None => (Arc::new(Forgetful::default()), JournalId(slot.into())),
    };
    let (log, recovered) = Journal::open(disk, Limits::default())?;
    let rooms = Rooms::open(&settings.data.join("rooms.db"))?;
    let directory = EmbeddedDirectory::open(&settings.data.join("directory.db"), &rooms)?;
    let config = Config {
        slot: Slot(slot),
        region: "bench".to_owned(),
        url: format!("ws://127.0.0.1:{}/s/{slot}/room", settings.port),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        journal,
        origins: Origins::SameHost,
        tickets: TicketSigner::from_secret(&TICKET_KEY).verifier(),
        secret: *b"the records of the bench, no one",
        seed: slot.into(),
        limits: HostLimits::default(),
    };
    let ports = Ports {
        directory: Arc::new(directory),
        archive: Arc::new(EmbeddedArchive::new(rooms)),
        finishes: Arc::new(Untold),
        clock: Arc::new(SameClock(Arc::new(SystemClock))),
    };
    Ok(Host::start(config, ports, log, recovered))
}
