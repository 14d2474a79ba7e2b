//! What a machine of EC2 finds around it: its metadata (IMDSv2), whose answers a test sets, and the one call of Auto Scaling by
//! which it ends its group's wait.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const STATE: &str = "autoscaling/target-lifecycle-state";
const INTERRUPTION: &str = "spot/instance-action";

/// The surroundings of one machine; gone when this is dropped. At first nothing is wanted of it, and its group does not wait.
#[derive(Debug)]
pub struct Machine {
    port: u16,
    shared: Shared,
    server: JoinHandle<()>,
}

type Shared = Arc<Mutex<Known>>;

/// A call that ended the group's wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The group's name.
    pub group: String,
    /// The hook's.
    pub hook: String,
    /// The machine.
    pub instance: String,
    /// What the group is to do.
    pub result: String,
}

#[derive(Debug, Default)]
struct Known {
    fails: bool,
    sessions: usize,
    /// Sessions up to this one are not known any more.
    forgotten: usize,
    metadata: HashMap<String, String>,
    asked: HashMap<String, usize>,
    waits: bool,
    completed: Vec<Completed>,
    refused: usize,
}

impl Machine {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Shared::default();
        let router = Router::new()
            .route("/latest/api/token", put(session))
            .route("/latest/meta-data/{*path}", get(metadata))
            .route("/", post(group))
            .with_state(shared.clone());
        let server = tokio::spawn(async move {
            // It ends with its handle.
            let _ = serve(listener, router).await;
        });
        Ok(Self {
            port,
            shared,
            server,
        })
    }

    /// Where both are.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the group wants of the machine; nothing for one that is in no group.
    pub fn wants(&self, state: Option<&str>) {
        self.set(STATE, state);
    }

    /// The notice that a spot machine gets, if it does.
    pub fn interrupts(&self, notice: Option<&str>) {
        self.set(INTERRUPTION, notice);
    }

    /// Whether everything is answered with an error.
    pub fn fails(&self, fails: bool) {
        self.known().fails = fails;
    }

    /// Ends all sessions.
    pub fn forget_sessions(&self) {
        let mut known = self.known();
        known.forgotten = known.sessions;
    }

    /// Whether the group waits, which is when it can be told not to.
    pub fn waits(&self, waits: bool) {
        self.known().waits = waits;
    }

    /// How often it was asked what its group wants, in any way.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.known().asked.get(STATE).copied().unwrap_or(0)
    }

    /// Sessions that were opened.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.known().sessions
    }

    /// Calls that ended the wait.
    #[must_use]
    pub fn completed(&self) -> Vec<Completed> {
        self.known().completed.clone()
    }

    /// Calls that came when the group did not wait.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.known().refused
    }

    fn set(&self, path: &str, answer: Option<&str>) {
        let metadata = &mut self.known().metadata;
        match answer {
            Some(answer) => metadata.insert(path.to_owned(), answer.to_owned()),
            None => metadata.remove(path),
        };
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.shared)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Known> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens a session for whoever says how long it is to last.
async fn session(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let mut known = lock(&shared);
    if known.fails {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let seconds = headers
        .get("x-aws-ec2-metadata-token-ttl-seconds")
        .and_then(|seconds| seconds.to_str().ok()?.parse::<u32>().ok());
    if !seconds.is_some_and(|seconds| (1..=21_600).contains(&seconds)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    known.sessions += 1;
    format!("session-{}", known.sessions).into_response()
}

async fn metadata(
    State(shared): State<Shared>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut known = lock(&shared);
    *known.asked.entry(path.clone()).or_default() += 1;
    if known.fails {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let session = headers
        .get("x-aws-ec2-metadata-token")
        .and_then(|token| token.to_str().ok()?.strip_prefix("session-")?.parse().ok());
    if !session.is_some_and(|session| (known.forgotten + 1..=known.sessions).contains(&session)) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match known.metadata.get(&path) {
        Some(answer) => answer.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Auto Scaling's query protocol, as far as `CompleteLifecycleAction` needs it.
async fn group(
    State(shared): State<Shared>,
    Form(call): Form<HashMap<String, String>>,
) -> (StatusCode, String) {
    let given = |name: &str| call.get(name).cloned().unwrap_or_default();
    let mut known = lock(&shared);
    if given("Action") != "CompleteLifecycleAction" {
        return error("InvalidAction", "this stand-in knows one action");
    }
    if !known.waits {
        known.refused += 1;
        return error("ValidationError", "No active Lifecycle Action found");
    }
    known.completed.push(Completed {
        group: given("AutoScalingGroupName"),
        hook: given("LifecycleHookName"),
        instance: given("InstanceId"),
        result: given("LifecycleActionResult"),
    });
    let done = "<CompleteLifecycleActionResponse><CompleteLifecycleActionResult/>\
                <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></CompleteLifecycleActionResponse>";
    (StatusCode::OK, done.to_owned())
}

fn error(code: &str, message: &str) -> (StatusCode, String) {
    let text = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>1</RequestId></ErrorResponse>"
    );
    (StatusCode::BAD_REQUEST, text)
}
