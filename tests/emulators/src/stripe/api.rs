//! The provider's interface over HTTP: who may ask, what is carried out once, and what goes wrong on purpose.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Query, Request, State};
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::account::Account;
use super::{Shared, lock};

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and nothing is done.
    Status(u16),
    /// It is carried out, and the connection is cut in the middle of the answer.
    Cut,
    /// It is carried out, and the answer is no JSON.
    Garbage,
    /// It is carried out, and no answer comes.
    Silence,
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its method and path, such as `GET /v1/checkout/sessions/cs_test_1`.
    pub what: String,
    /// The key under which it is to be carried out once.
    pub once: Option<String>,
    /// The version of the interface it asks for.
    pub version: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: u16,
    body: Value,
}

impl Answer {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    pub(super) fn refused(status: u16, code: &str, param: &str) -> Self {
        let kind = match status {
            429 => "rate_limit_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let message = "You asked for what cannot be done; somebody@example.org was quoted.";
        let error = json!({"type": kind, "code": code, "param": param, "message": message});
        Self {
            status,
            body: json!({"error": error}),
        }
    }
}

/// Answers one request.
pub(super) async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &str| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let once = text("idempotency-key");
    lock(&shared.0.seen).push(Seen {
        what: format!("{} {}", parts.method, parts.uri.path()),
        once: once.clone(),
        version: text("stripe-version"),
    });
    let fault = lock(&shared.0.faults).pop_front();
    if let Some(Fault::Status(status)) = fault {
        return respond(&Answer::refused(status, "on_purpose", ""), false);
    }
    let Ok(bytes) = Bytes::from_request(Request::new(body), &()).await else {
        return respond(&Answer::refused(400, "body", ""), false);
    };
    let fields = |query: &str| -> BTreeMap<String, String> {
        let uri = format!("/?{query}").parse().unwrap_or_default();
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&uri);
        pairs.map_or_else(
            |_| BTreeMap::new(),
            |Query(pairs)| pairs.into_iter().collect(),
        )
    };
    let form = fields(&String::from_utf8_lossy(&bytes));
    let query = fields(parts.uri.query().unwrap_or_default());
    let call = Call {
        method: &parts.method,
        path: parts.uri.path(),
        query: &query,
    };
    let (answer, replayed) = {
        let mut account = lock(&shared.0.account);
        if is_accepted(&parts.headers, &account.setup.key) {
            carry_out(&mut account, &call, form, once)
        } else {
            (Answer::refused(401, "api_key_invalid", ""), false)
        }
    };
    shared.0.happened.notify_one();
    match fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Cut) => cut(&answer),
        Some(Fault::Garbage) => Response::new(Body::from("<html>somebody@example.org")),
        Some(Fault::Status(_)) | None => respond(&answer, replayed),
    }
}

struct Call<'a> {
    method: &'a Method,
    path: &'a str,
    query: &'a BTreeMap<String, String>,
}

fn is_accepted(headers: &HeaderMap, key: &str) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value == format!("Bearer {key}"))
}

/// Carries a call out, unless it was under the same key before; then the answer is what it was.
fn carry_out(
    account: &mut Account,
    call: &Call<'_>,
    form: BTreeMap<String, String>,
    once: Option<String>,
) -> (Answer, bool) {
    let asked = format!("{} {} {form:?}", call.method, call.path);
    if let Some((before, answer)) = once.as_ref().and_then(|once| account.once.get(once)) {
        return if *before == asked {
            (answer.clone(), true)
        } else {
            (Answer::refused(400, "idempotency_key_in_use", ""), false)
        };
    }
    let answer = route(account, call, form);
    if let Some(once) = once.filter(|_| answer.status < 300) {
        account.once.insert(once, (asked, answer.clone()));
    }
    (answer, false)
}

fn route(account: &mut Account, call: &Call<'_>, form: BTreeMap<String, String>) -> Answer {
    const SESSIONS: &str = "/v1/checkout/sessions";
    let expands = |what: &str| call.query.get("expand[]").is_some_and(|it| it == what);
    match (call.method, call.path) {
        (&Method::POST, SESSIONS) => account.create(form),
        (&Method::GET, SESSIONS) => {
            let payment = call.query.get("payment_intent").map_or("", String::as_str);
            account.of_payment(payment, expands("data.payment_intent.latest_charge"))
        }
        (&Method::GET, path) if path.starts_with("/v1/checkout/sessions/") => {
            let id = &path[SESSIONS.len() + 1..];
            account.retrieve(id, expands("payment_intent.latest_charge"))
        }
        (&Method::POST, "/v1/refunds") => {
            account.refund(form.get("payment_intent").map_or("", String::as_str))
        }
        _ => Answer::refused(404, "url_unknown", call.path),
    }
}

fn respond(answer: &Answer, replayed: bool) -> Response {
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, http::HeaderValue::from_static(value));
    };
    set("content-type", "application/json");
    set("request-id", "req_emulated");
    if replayed {
        set("idempotent-replayed", "true");
    }
    response
}

/// Half of an answer, and the end of the connection.
fn cut(answer: &Answer) -> Response {
    let text = answer.body.to_string();
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let broken = std::io::Error::other("cut on purpose");
    let body = futures_util::stream::iter([Ok(half), Err(broken)]);
    let mut response = Response::new(Body::from_stream(body));
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, text.len().into());
    response
}
