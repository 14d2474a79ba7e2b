//! Reading what comes in bodies and paths, so that what cannot be read is refused in the site's own words.

use axum::extract::rejection::BytesRejection;
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use latchkey_platform::tokens::Token;
use serde::de::DeserializeOwned;

use crate::limits::{FAULT_BYTES, FORM_BYTES, WEBHOOK_BYTES};
use crate::refusal::Refusal;
use crate::routes::WEBHOOK;
use crate::site::Site;

/// The fields of a form.
pub(crate) struct Fields<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Site> for Fields<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Refusal> {
        let limit = limit(&request);
        Form::<T>::from_request(request, site)
            .await
            .map(|Form(fields)| Self(fields))
            .map_err(|rejection| {
                match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge { limit },
                    StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::Media {
                        wanted: "a form (application/x-www-form-urlencoded)",
                    },
                    // The reason quotes field names of ours, never what was entered.
                    _ => Refusal::BadRequest { why: None },
                }
            })
    }
}

/// A whole body as it came.
pub(crate) struct Raw(pub(crate) Bytes);

impl FromRequest<Site> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Refusal> {
        let limit = limit(&request);
        Bytes::from_request(request, site)
            .await
            .map(Self)
            .map_err(|rejection: BytesRejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge { limit },
                _ => Refusal::bad("The body of the request broke off; send it again."),
            })
    }
}

/// The limit of the route, for the sentence that names it; it is applied by the router.
fn limit(request: &Request) -> usize {
    match request.uri().path() {
        WEBHOOK => WEBHOOK_BYTES,
        "/faults" => FAULT_BYTES,
        _ => FORM_BYTES,
    }
}

/// A part of the path; one that cannot be read leads nowhere.
pub(crate) struct Part<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Site> for Part<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let part = Path::<T>::from_request_parts(parts, site).await;
        part.map(|Path(part)| Self(part))
            .map_err(|_| Refusal::NotFound.into_response())
    }
}

/// What the query says. It only changes words on a page, so one that cannot be read counts as none.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequestParts<Site> for Params<T> {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Self::Rejection> {
        let params = Query::<T>::from_request_parts(parts, site).await;
        Ok(Self(
            params.map_or_else(|_| T::default(), |Query(params)| params),
        ))
    }
}

/// A token in the path; text that is none leads nowhere.
pub(crate) fn token(text: &str) -> Result<Token, Refusal> {
    Token::parse(text).map_err(|_| Refusal::NotFound)
}

/// Whether the answer goes to a script rather than onto the screen.
pub(crate) fn to_script(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}
