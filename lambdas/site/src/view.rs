//! What all pages have in common: the frame around them, how they may be cached, and what they allow the browser.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::assets;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::text::{Text, en};

/// What every template knows.
pub(crate) struct Shell {
    pub(crate) lang: &'static str,
    pub(crate) t: &'static Text,
    /// Whether the page shows somebody's data; search engines are told to leave it alone.
    pub(crate) private: bool,
    /// Whether the test till and outbox are there.
    pub(crate) dev: bool,
}

impl Shell {
    /// The frame of a page that shows nobody's data.
    pub(crate) fn public(dev: bool) -> Self {
        Self {
            lang: en::EN.lang,
            t: &en::EN,
            private: false,
            dev,
        }
    }

    /// The frame of a page that shows somebody's data.
    pub(crate) fn private(dev: bool) -> Self {
        Self {
            private: true,
            ..Self::public(dev)
        }
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, path: &str) -> String {
        assets::tree().url(path)
    }
}

/// Shared pages may be kept this short by browsers and CDNs, so that a new title shows soon, and so that no page is shown
/// much longer than the assets it names are served.
const SHARED: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// Whatever shows a person's data is kept by nobody.
pub(crate) const PRIVATE: HeaderValue = HeaderValue::from_static("no-store");

/// A page that is the same for everybody.
pub(crate) fn shared(template: &impl Template, allow: Allow) -> Response {
    page(StatusCode::OK, template, SHARED, allow)
}

/// A page with somebody's data.
pub(crate) fn private(template: &impl Template, allow: Allow) -> Response {
    page(StatusCode::OK, template, PRIVATE, allow)
}

/// A form that comes back with what is wrong in it.
pub(crate) fn unfit(template: &impl Template, allow: Allow) -> Response {
    page(StatusCode::UNPROCESSABLE_ENTITY, template, PRIVATE, allow)
}

/// A page with everything chosen.
pub(crate) fn page(
    status: StatusCode,
    template: &impl Template,
    cache: HeaderValue,
    allow: Allow,
) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response =
                (status, [(header::CACHE_CONTROL, cache)], Html(html)).into_response();
            response.extensions_mut().insert(allow);
            response
        }
        Err(error) => {
            Refusal::fault(format_args!("a template cannot be rendered: {error}")).into_response()
        }
    }
}

/// JSON that no cache keeps.
pub(crate) fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    (
        status,
        [(header::CACHE_CONTROL, PRIVATE)],
        axum::Json(value),
    )
        .into_response()
}

/// Sends the browser on with a GET. `no-store` because the target depends on who asks.
pub(crate) fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (
            StatusCode::SEE_OTHER,
            [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, PRIVATE),
            ],
        )
            .into_response(),
        Err(_) => {
            Refusal::fault("an address to send the browser to is no header value").into_response()
        }
    }
}

/// A thing wrong with one field of a form.
#[derive(Debug, Clone)]
pub(crate) struct FieldError {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

impl FieldError {
    /// A sentence about a field.
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// What is wrong with one field, if anything.
pub(crate) fn wrong<'a>(errors: &'a [FieldError], field: &str) -> Option<&'a str> {
    errors
        .iter()
        .find(|error| error.field == field)
        .map(|error| error.message.as_str())
}
