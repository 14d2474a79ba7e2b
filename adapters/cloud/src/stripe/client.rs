//! Asking Stripe: one call is tried a few times, each time under the same key, so that whatever was lost on the way is done
//! once. Which calls there are is not known here.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use latchkey_platform::entropy::{self, Entropy};
use latchkey_platform::payments::{Mode, PaymentsError};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode, redirect};
use serde::de::DeserializeOwned;

use super::refusal::{Failure, Refusal};
use super::{ApiKey, VERSION};

/// Reaching Stripe at all.
const CONNECT: Duration = Duration::from_secs(1);
/// One try. Making a checkout takes Stripe half a second, sometimes two.
const TRY: Duration = Duration::from_secs(4);
/// All tries together, below the 15 s that the site has for a request.
const CALL: Duration = Duration::from_secs(12);
/// Tries of one call.
const TRIES: u32 = 3;
/// Wait before the second try; doubled before the next. About half of it is left to chance.
const WAIT: Duration = Duration::from_millis(300);
/// Longest wait between two tries, even if Stripe asks for more: the buyer waits.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Connections that are kept open unused; more are made when they are needed.
const IDLE_CONNECTIONS: usize = 2;
/// Largest answer. A session with its payment is about 10 KiB.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Asks Stripe. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Client {
    /// Made when it is first needed: reading this machine's certificates takes longer than all else at the start of a site,
    /// and most of what a site is asked needs no Stripe.
    http: Arc<OnceLock<reqwest::Client>>,
    url: String,
    key: ApiKey,
    entropy: Arc<dyn Entropy>,
}

/// What is asked.
pub(super) struct Call {
    path: String,
    /// The fields of what is to be done, and the key under which it is done once.
    post: Option<(Vec<(&'static str, String)>, String)>,
}

impl Call {
    pub(super) fn get(path: String) -> Self {
        Self { path, post: None }
    }

    pub(super) fn post(path: &str, form: Vec<(&'static str, String)>, once: String) -> Self {
        let path = path.to_owned();
        let post = Some((form, once));
        Self { path, post }
    }
}

impl Client {
    pub(super) fn new(
        url: &str,
        key: ApiKey,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, PaymentsError> {
        if !(url.starts_with("https://") || url.starts_with("http://127.0.0.1:")) {
            return Err(PaymentsError::Misconfigured(format!(
                "{url} would carry the key over an open line; begin it with https://"
            )));
        }
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self {
            http: Arc::default(),
            url,
            key,
            entropy,
        })
    }

    pub(super) fn mode(&self) -> Mode {
        self.key.mode()
    }

    fn http(&self) -> Result<&reqwest::Client, Failure> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TRY)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .redirect(redirect::Policy::none())
            // It would be found in the environment, which only binaries read.
            .no_proxy()
            .build()
            .map_err(|error| Failure::Unexpected(format!("no client can be made: {error}")))?;
        Ok(self.http.get_or_init(|| http))
    }

    /// The answer to a call.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        let tries = self.tries(call);
        tokio::time::timeout(CALL, tries).await.unwrap_or_else(|_| {
            let seconds = CALL.as_secs();
            Err(Failure::Unreachable(format!(
                "no good answer within {seconds} s"
            )))
        })
    }

    /// The answer to a call; nothing if there is no such thing.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Option<T>, Failure> {
        match self.ask(call).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn tries<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        let mut tried = 1;
        loop {
            match self.one_try(call).await {
                Err(failure) if failure.may_pass() && tried < TRIES => {
                    let wait = self.wait(tried).max(failure.retry_after().min(WAIT_MAX));
                    tokio::time::sleep(wait).await;
                    tried += 1;
                }
                answer => return answer,
            }
        }
    }

    /// How long to wait after so many tries: between half of the full wait and all of it.
    fn wait(&self, tried: u32) -> Duration {
        let full = WAIT.saturating_mul(2_u32.saturating_pow(tried - 1));
        let chance = u32::from(entropy::bytes::<1>(&*self.entropy)[0]);
        (full / 2 + full * chance / 510).min(WAIT_MAX)
    }

    async fn one_try<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        let url = format!("{}{}", self.url, call.path);
        let request = match &call.post {
            None => self.http()?.request(Method::GET, url),
            Some((form, once)) => self
                .http()?
                .request(Method::POST, url)
                .header("Idempotency-Key", once)
                .form(form),
        };
        let answer = request
            .bearer_auth(self.key.text())
            .header("Stripe-Version", VERSION)
            .send()
            .await
            .map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = read(answer).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                // The text of the error may quote the answer, which names the buyer.
                let (line, column) = (error.line(), error.column());
                Failure::Unreadable(format!("at {line}:{column} of {} bytes", body.len()))
            });
        }
        Err(refused(status, &headers, &body))
    }
}

/// The body, as long as it is not too long.
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > ANSWER_BYTES {
            return Err(Failure::Unreadable(format!(
                "more than {ANSWER_BYTES} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The address stays out of the words: it names the payment.
fn unreachable(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    Failure::Unreachable(if error.is_connect() {
        "it cannot be connected to".to_owned()
    } else if error.is_timeout() {
        format!("no answer within {} s", TRY.as_secs())
    } else {
        "the connection was cut".to_owned()
    })
}

fn refused(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Failure {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let asked = text("stripe-should-retry").and_then(|word| word.parse().ok());
    let retry_after = text(RETRY_AFTER.as_str()).and_then(|word| word.parse().ok());
    Failure::Refused(Box::new(Refusal {
        status: status.as_u16(),
        request: text("request-id").unwrap_or("unknown").to_owned(),
        may_pass: asked.unwrap_or_else(|| {
            // 409: another request under the same key is still at work.
            status.is_server_error() || [409, 429].contains(&status.as_u16())
        }),
        retry_after: Duration::from_secs(retry_after.unwrap_or(0)),
        error: Refusal::read(body),
    }))
}
