//! The life of a function: it begins (or says why it cannot), does one event after the other, and ends when it is told to, after
//! the event it is at.
//!
//! The service kills a function that has no extension without a word. That loses nothing: whatever it was at comes again, and
//! connections are found broken. So none is registered, which would cost each start a call; but where somebody else's is there,
//! or the function runs elsewhere, `SIGTERM` ends it in order.

use std::process::ExitCode;
use std::sync::Arc;
use std::task::{Context, Poll};

use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Error, LambdaInvocation, Runtime, Service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;

use crate::settings::Variables;

/// Where the Runtime API is.
const API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Runs a function that `begin` makes.
pub async fn run<B, F, S>(variables: Variables, begin: B) -> ExitCode
where
    B: FnOnce(Variables) -> F,
    F: Future<Output = anyhow::Result<Runtime<S>>>,
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    let Ok(api) = variables.text(API).map(str::to_owned) else {
        eprintln!("this program is a function of AWS Lambda, which starts it with {API}");
        return ExitCode::FAILURE;
    };
    let done = match begin(variables).await {
        Ok(runtime) => until_told(runtime).await,
        Err(error) => {
            // Before there are logs this is the only way to be heard.
            println!("{}", failure(&error));
            let _ = cannot_begin(&api, &error).await;
            return ExitCode::FAILURE;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Runtime API failed");
            ExitCode::FAILURE
        }
    }
}

/// Does what comes until the process is told to end.
async fn until_told<S>(runtime: Runtime<S>) -> Result<(), Error>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    let at_work = Arc::new(Mutex::new(()));
    let mark = at_work.clone();
    let runtime = runtime
        .layer(TracingLayer::new())
        .layer(tower::layer::layer_fn(move |inner| Marked {
            inner,
            at_work: mark.clone(),
        }));
    let mut told = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = runtime.run() => ended,
        _ = async {
            told.recv().await;
            at_work.lock().await
        } => {
            tracing::info!("told to end");
            Ok(())
        }
    }
}

/// A service that says that it is at work, from an event to its answer.
struct Marked<S> {
    inner: S,
    at_work: Arc<Mutex<()>>,
}

impl<S> Service<LambdaInvocation> for Marked<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, event: LambdaInvocation) -> Self::Future {
        let (done, at_work) = (self.inner.call(event), self.at_work.clone());
        Box::pin(async move {
            let _mark = at_work.lock().await;
            done.await
        })
    }
}

/// An error in the words of the Runtime API.
fn failure(error: &anyhow::Error) -> serde_json::Value {
    serde_json::json!({
        "level": "ERROR",
        "errorType": "CannotBegin",
        "errorMessage": format!("{error:#}"),
    })
}

/// Tells the service why the function cannot begin.
async fn cannot_begin(api: &str, error: &anyhow::Error) -> std::io::Result<()> {
    let body = failure(error).to_string();
    let head = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nhost: {api}\r\ncontent-type: application/json\r\n\
         lambda-runtime-function-error-type: CannotBegin\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(api).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    // Until it has been heard.
    let mut answer = [0; 1];
    stream.read(&mut answer).await.map(drop)
}
