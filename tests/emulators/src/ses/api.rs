//! The call `SendEmail` over HTTP, what goes wrong with it on purpose, and the inbox for browsers and programs.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::letter::{Letter, Request};
use super::{Shared, lock};

/// Something that goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused with this error, by the name SES gives it, and nothing is sent.
    Refused(&'static str),
    /// It is answered with 500, and nothing is sent.
    Broken,
    /// The letter is taken, and the connection is cut in the middle of the answer.
    Cut,
    /// The letter is taken, and no answer comes.
    Silence,
}

/// Every address of the service.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v2/email/outbound-emails", post(send))
        .route("/inbox", get(inbox))
        .route("/", get(page))
        .route("/letters/{id}", get(letter))
}

async fn send(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    *lock(&shared.asked) += 1;
    let signed = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 ") && value.contains("/ses/"));
    if !signed {
        return refused(
            "MissingAuthenticationTokenException",
            "The request is not signed.",
        );
    }
    let fault = lock(&shared.faults).pop_front();
    match fault {
        Some(Fault::Refused(name)) => return refused(name, "On purpose, to ada@example.org."),
        Some(Fault::Broken) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => {}
    }
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refused("BadRequestException", &error.to_string()),
    };
    let id = {
        let mut inbox = lock(&shared.inbox);
        let id = format!("0100019e{:016x}-emulated-000000", inbox.len() + 1);
        match request.judged(&shared.setup, id.clone()) {
            Ok(letter) => inbox.push(letter),
            Err((name, why)) => return refused(name, &why),
        }
        id
    };
    let answer = json!({"MessageId": id}).to_string();
    match fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Cut) => {
            let half = Bytes::copy_from_slice(&answer.as_bytes()[..answer.len() / 2]);
            let broken = std::io::Error::other("cut on purpose");
            let parts = futures_util::stream::iter([Ok(half), Err(broken)]);
            let mut response = Response::new(Body::from_stream(parts));
            let length = answer.len().into();
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length);
            response
        }
        _ => ([(header::CONTENT_TYPE, "application/json")], answer).into_response(),
    }
}

fn refused(name: &'static str, why: &str) -> Response {
    let status = match name {
        "TooManyRequestsException" => StatusCode::TOO_MANY_REQUESTS,
        "NotFoundException" => StatusCode::NOT_FOUND,
        "AccessDeniedException" | "MissingAuthenticationTokenException" => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = (status, Json(json!({"message": why}))).into_response();
    let kind = HeaderValue::from_static(name);
    response.headers_mut().insert("x-amzn-errortype", kind);
    response
}

async fn inbox(State(shared): State<Arc<Shared>>) -> Json<Vec<Letter>> {
    Json(lock(&shared.inbox).clone())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

async fn page(State(shared): State<Arc<Shared>>) -> Html<String> {
    let mut page =
        "<!doctype html><meta charset=\"utf-8\"><title>Inbox</title><h1>Inbox</h1><ol>".to_owned();
    for letter in lock(&shared.inbox).iter() {
        let (to, subject) = (escaped(&letter.to.join(", ")), escaped(&letter.subject));
        let _ = write!(
            page,
            "<li><a href=\"/letters/{}\">{subject}</a> to {to}</li>",
            letter.id
        );
    }
    Html(page + "</ol>")
}

async fn letter(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let inbox = lock(&shared.inbox);
    match inbox.iter().find(|letter| letter.id == id) {
        Some(letter) => Html(letter.html.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
