//! The Runtime API of one process: it asks for the next event, and tells its answer, or why it failed, or why it cannot begin.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::lock;

/// The largest answer of a function, in bytes.
const ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// An event for the process.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) id: String,
    pub(super) event: Bytes,
    pub(super) deadline_ms: u128,
}

/// What the process said to an event.
#[derive(Debug)]
pub(super) enum Answer {
    Done(Bytes),
    Failed(String),
}

/// The API. It ends with its handle.
#[derive(Debug)]
pub(super) struct Api {
    address: String,
    shared: Arc<Shared>,
    events: mpsc::Sender<Invocation>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    events: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    /// Whom to tell the answer of the event with this id.
    open: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    /// When the process asked for its first event, or why it cannot begin.
    begun: watch::Sender<Option<Result<Instant, String>>>,
}

type Api_ = State<Arc<Shared>>;

impl Api {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (events, waiting) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            events: tokio::sync::Mutex::new(waiting),
            open: Mutex::default(),
            begun: watch::channel(None).0,
        });
        let below = "/2018-06-01/runtime";
        let routes = Router::new()
            .route(&format!("{below}/invocation/next"), get(next))
            .route(
                &format!("{below}/invocation/{{id}}/response"),
                post(answered),
            )
            .route(&format!("{below}/invocation/{{id}}/error"), post(failed))
            .route(&format!("{below}/init/error"), post(cannot_begin))
            .layer(DefaultBodyLimit::max(ANSWER_BYTES))
            .with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self {
            address,
            shared,
            events,
            serving,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Resolves when the process has asked for its first event, with when; or has said why it cannot.
    pub(super) async fn asked(&self) -> Result<Instant, String> {
        let mut begun = self.shared.begun.subscribe();
        let begun = begun.wait_for(Option::is_some).await;
        let begun = begun.expect("the sender is in this handle").clone();
        begun.expect("it was waited for")
    }

    /// Why the process said that it cannot begin.
    pub(super) fn cannot_begin(&self) -> Option<String> {
        self.shared.begun.borrow().clone()?.err()
    }

    /// Gives an event to the process; its answer.
    pub(super) async fn carry_out(&self, invocation: Invocation) -> Answer {
        let (tell, answer) = oneshot::channel();
        *lock(&self.shared.open) = Some((invocation.id.clone(), tell));
        // Neither can be gone: both are in this handle.
        let _ = self.events.send(invocation).await;
        let gone = || Answer::Failed("another event took its place".to_owned());
        answer.await.unwrap_or_else(|_| gone())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a function takes is measured"
)]
async fn next(State(shared): Api_) -> Response {
    shared.begun.send_if_modified(|begun| {
        let first = begun.is_none();
        begun.get_or_insert_with(|| Ok(Instant::now()));
        first
    });
    let Some(invocation) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let answer = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", &invocation.id)
        .header(
            "lambda-runtime-deadline-ms",
            invocation.deadline_ms.to_string(),
        )
        .header(
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:emulated",
        )
        .header(
            "lambda-runtime-trace-id",
            "Root=1-00000000-000000000000000000000000",
        )
        .body(Body::from(invocation.event));
    answer.expect("all of it is plain")
}

async fn answered(State(shared): Api_, Path(id): Path<String>, body: Bytes) -> StatusCode {
    tell(&shared, &id, Answer::Done(body))
}

async fn failed(State(shared): Api_, Path(id): Path<String>, body: Bytes) -> StatusCode {
    tell(&shared, &id, Answer::Failed(message(&body)))
}

fn tell(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    let mut open = lock(&shared.open);
    match open.take_if(|(waiting, _)| waiting == id) {
        Some((_, waiting)) => {
            // Whoever waited may be gone.
            let _ = waiting.send(answer);
            StatusCode::ACCEPTED
        }
        None => StatusCode::BAD_REQUEST,
    }
}

async fn cannot_begin(State(shared): Api_, body: Bytes) -> StatusCode {
    shared.begun.send_replace(Some(Err(message(&body))));
    StatusCode::ACCEPTED
}

/// The words of an error as the Runtime API has it.
fn message(body: &Bytes) -> String {
    let error: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    match error["errorMessage"].as_str() {
        Some(words) => words.to_owned(),
        None => String::from_utf8_lossy(body).into_owned(),
    }
}
