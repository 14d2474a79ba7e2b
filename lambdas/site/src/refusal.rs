//! Everything the site says no to, as one type. Handlers return it; a layer (`guard::explain`) turns it into a page or
//! JSON that says what was wrong, which limit, and what to do.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::text::{Errors, Plight, fill};

/// Why a request was not answered as it wished. The texts inside are shown to the visitor, except `cause`, which goes to
/// the log alone and must hold nothing personal.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// The request cannot be read; `why` says what is wrong with it, where that is known.
    BadRequest { why: Option<String> },
    /// A form sent from another site.
    Foreign,
    /// No seat in the game, or not with this cookie.
    NoSeat,
    /// Nothing at this address.
    NotFound,
    /// The address does not take this method.
    Method,
    /// Things stand otherwise than the request believed.
    Conflict { why: Option<String> },
    /// The body is over a limit, in bytes.
    TooLarge { limit: usize },
    /// The address is over a limit, in bytes.
    UriTooLong { limit: usize },
    /// The headers are over a limit, in bytes.
    HeadersTooLarge { limit: usize },
    /// The body is of another type than the address takes.
    Media { wanted: &'static str },
    /// Too often; `limit` in words.
    TooOften { limit: String, seconds: u64 },
    /// Something this request needs does not work just now; the same request may succeed later.
    Busy { cause: Arc<str> },
    /// The site is at fault.
    Fault { cause: Arc<str> },
}

/// Seconds after which a request to a part that is down is worth trying again.
const BUSY_SECONDS: u64 = 10;

impl Refusal {
    /// A fault of the site's with its cause.
    pub(crate) fn fault(cause: impl std::fmt::Display) -> Self {
        Self::Fault {
            cause: cause.to_string().into(),
        }
    }

    /// Something needed does not work just now.
    pub(crate) fn busy(cause: impl std::fmt::Display) -> Self {
        Self::Busy {
            cause: cause.to_string().into(),
        }
    }

    /// A request that cannot be read, for a reason the visitor may be told.
    pub(crate) fn bad(why: impl std::fmt::Display) -> Self {
        Self::BadRequest {
            why: Some(why.to_string()),
        }
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::Foreign | Self::NoSeat => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Media { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code programs recognise it by.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "bad_request",
            Self::Foreign => "foreign_origin",
            Self::NoSeat => "no_seat",
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::Conflict { .. } => "conflict",
            Self::TooLarge { .. } => "too_large",
            Self::UriTooLong { .. } => "uri_too_long",
            Self::HeadersTooLarge { .. } => "headers_too_large",
            Self::Media { .. } => "media_type",
            Self::TooOften { .. } => "rate",
            Self::Busy { .. } => "unavailable",
            Self::Fault { .. } => "fault",
        }
    }

    /// The cause, for the log; only faults of ours have one.
    pub(crate) fn cause(&self) -> Option<&str> {
        match self {
            Self::Busy { cause } | Self::Fault { cause } => Some(cause),
            _ => None,
        }
    }

    /// Seconds after which trying again helps.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooOften { seconds, .. } => Some((*seconds).max(1)),
            Self::Busy { .. } => Some(BUSY_SECONDS),
            _ => None,
        }
    }

    /// The heading, what was wrong, and what to do.
    pub(crate) fn words(&self, t: &Errors) -> (&'static str, String, String) {
        let said = |plight: &Plight, values: &[(&str, &str)]| {
            (
                plight.heading,
                fill(plight.what, values),
                fill(plight.todo, values),
            )
        };
        let limited =
            |plight: &Plight, limit: usize| said(plight, &[("limit", &limit.to_string())]);
        let because = |plight: &Plight, why: &Option<String>| {
            let (heading, what, todo) = said(plight, &[]);
            (heading, why.clone().unwrap_or(what), todo)
        };
        match self {
            Self::BadRequest { why } => because(&t.bad_request, why),
            Self::Foreign => said(&t.foreign, &[]),
            Self::NoSeat => said(&t.seat, &[]),
            Self::NotFound => said(&t.not_found, &[]),
            Self::Method => said(&t.method, &[]),
            Self::Conflict { why } => because(&t.conflict, why),
            Self::TooLarge { limit } => limited(&t.large, *limit),
            Self::UriTooLong { limit } => limited(&t.long, *limit),
            Self::HeadersTooLarge { limit } => limited(&t.headers, *limit),
            Self::Media { wanted } => said(&t.media, &[("wanted", wanted)]),
            Self::TooOften { limit, seconds } => said(
                &t.often,
                &[
                    ("limit", limit),
                    ("seconds", &(*seconds).max(1).to_string()),
                ],
            ),
            Self::Busy { .. } => said(&t.busy, &[("seconds", &BUSY_SECONDS.to_string())]),
            Self::Fault { .. } => said(&t.fault, &[]),
        }
    }
}

impl IntoResponse for Refusal {
    /// An empty answer that carries the refusal to the layer that explains it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
