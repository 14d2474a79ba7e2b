//! A gate in front of a server: it passes calls on, and does to those it is told of what a bad day does to a call. It is refused,
//! lost, carried out without an answer, or carried out long after its caller has given it up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The largest call or answer that goes through.
const BODY_BYTES: usize = 32 * 1024 * 1024;

type Answer = Response<Full<Bytes>>;

/// What happens to a call.
#[derive(Debug, Clone)]
pub enum Mishap {
    /// None, so that it is the next one that something happens to.
    None,
    /// It is answered with this status and JSON, and not passed on.
    Refused(u16, String),
    /// The connection ends, and it is not passed on.
    Cut,
    /// It is passed on, and the connection ends before the answer.
    AnswerLost,
    /// It is not passed on, and nothing ever comes back.
    Silence,
}

impl Mishap {
    /// The refusal of an AWS service that has too much to do.
    #[must_use]
    pub fn throttled() -> Self {
        let body = r#"{"__type": "com.amazon.coral.availability#ThrottlingException"}"#;
        Self::Refused(400, body.to_owned())
    }

    /// The answer of an AWS service that failed inside.
    #[must_use]
    pub fn broken() -> Self {
        let body = r#"{"__type": "com.amazonaws#InternalServerError"}"#;
        Self::Refused(500, body.to_owned())
    }
}

/// The gate. It ends with its handle.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    state: Arc<State>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    behind: SocketAddr,
    rules: Mutex<Vec<Rule>>,
}

/// What is done to the next calls of a name.
#[derive(Debug)]
struct Rule {
    call: String,
    left: u32,
    act: Act,
}

#[derive(Debug, Clone)]
enum Act {
    Mishap(Mishap),
    Hold(Arc<watch::Sender<Stage>>),
}

/// How far a held call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Awaited,
    Arrived,
    LetGo,
    Answered(u16),
}

/// A call that is held back.
#[derive(Debug)]
pub struct Held(Arc<watch::Sender<Stage>>);

impl Held {
    /// Resolves when the call has arrived at the gate.
    pub async fn arrived(&self) {
        self.reached(Stage::Arrived).await;
    }

    /// Passes the call on, whether or not its caller still waits; then the status that the server answered.
    pub async fn let_go(self) -> u16 {
        self.0.send_replace(Stage::LetGo);
        match self.reached(Stage::Answered(0)).await {
            Stage::Answered(status) => status,
            other => unreachable!("{other:?} comes before an answer"),
        }
    }

    async fn reached(&self, stage: Stage) -> Stage {
        let mut stages = self.0.subscribe();
        let reached = stages.wait_for(|now| *now >= stage).await;
        *reached.expect("the sender is in this handle")
    }
}

impl Gate {
    /// Starts one in front of `behind`, on any free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn before(behind: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State {
            behind,
            rules: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, state.clone()));
        Ok(Self {
            port,
            state,
            serving,
        })
    }

    /// Where the server is reached through the gate.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Does this to the next `times` calls of a name: AWS's for the call where it stands in a header, else the method.
    pub fn next(&self, call: &str, times: u32, mishap: Mishap) {
        self.state.rule(call, times, Act::Mishap(mishap));
    }

    /// Holds the next call of this name back.
    #[must_use]
    pub fn hold(&self, call: &str) -> Held {
        let stage = Arc::new(watch::channel(Stage::Awaited).0);
        self.state.rule(call, 1, Act::Hold(stage.clone()));
        Held(stage)
    }

    /// Passes everything on again, but for what is held back already.
    pub fn clear(&self) {
        self.state.lock().clear();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rule(&self, call: &str, left: u32, act: Act) {
        let call = call.to_owned();
        self.lock().push(Rule { call, left, act });
    }

    /// What is done to a call; nothing to most.
    fn act(&self, call: &str) -> Option<Act> {
        let mut rules = self.lock();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && rule.call == call)?;
        rule.left -= 1;
        Some(rule.act.clone())
    }

    async fn pass_on(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let stream = TcpStream::connect(self.behind).await;
        let stream = stream.context("reach the server behind the gate")?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = whole(body).await?;
        connection.abort();
        Ok(Response::from_parts(head, Full::new(body)))
    }
}

/// Every connection is a task, and ends with the gate.
async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    // A listener that fails fails for good: nobody gets through any more.
    while let Ok((stream, _)) = listener.accept().await {
        // Without it a call now and then waits a moment; if it cannot be set, it does.
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        let connection = server::Builder::new().serve_connection(TokioIo::new(stream), service);
        connections.spawn(connection);
        while connections.try_join_next().is_some() {}
    }
}

/// The answer to a call. An error ends its connection.
async fn answer(state: Arc<State>, request: Request<Incoming>) -> anyhow::Result<Answer> {
    let call = name(&request);
    let (head, body) = request.into_parts();
    // All of it, so that it can be passed on when its caller is gone.
    let request = Request::from_parts(head, Full::new(whole(body).await?));
    match state.act(&call) {
        None | Some(Act::Mishap(Mishap::None)) => state.pass_on(request).await,
        Some(Act::Mishap(Mishap::Refused(status, body))) => Ok(Response::builder()
            .status(status)
            .header("content-type", "application/x-amz-json-1.0")
            .body(Full::from(body))?),
        Some(Act::Mishap(Mishap::Cut)) => anyhow::bail!("the connection is cut"),
        Some(Act::Mishap(Mishap::AnswerLost)) => {
            state.pass_on(request).await?;
            anyhow::bail!("the answer is lost")
        }
        Some(Act::Mishap(Mishap::Silence)) => std::future::pending().await,
        // A task of its own: the caller's connection may end.
        Some(Act::Hold(stage)) => tokio::spawn(hold(state, stage, request)).await?,
    }
}

async fn hold(
    state: Arc<State>,
    stage: Arc<watch::Sender<Stage>>,
    request: Request<Full<Bytes>>,
) -> anyhow::Result<Answer> {
    stage.send_replace(Stage::Arrived);
    let mut stages = stage.subscribe();
    let _ = stages.wait_for(|now| *now == Stage::LetGo).await;
    let answer = state.pass_on(request).await?;
    stage.send_replace(Stage::Answered(answer.status().as_u16()));
    Ok(answer)
}

/// `PutItem` of `DynamoDB_20120810.PutItem`, else the method.
fn name<B>(request: &Request<B>) -> String {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.rsplit('.').next()) {
        Some(call) => call.to_owned(),
        None => request.method().to_string(),
    }
}

async fn whole(body: Incoming) -> anyhow::Result<Bytes> {
    let limited = Limited::new(body, BODY_BYTES).collect().await;
    let whole = limited.map_err(|error| anyhow::anyhow!("read a body: {error}"))?;
    Ok(whole.to_bytes())
}
