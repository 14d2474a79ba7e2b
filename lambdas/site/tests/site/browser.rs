//! A browser without JavaScript: sends requests to the router, keeps a cookie, and reads answers.

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Method, Request, StatusCode};
use tower::ServiceExt as _;

use crate::app::App;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// Fails with the page unless the status is this one.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Where a redirect leads.
    #[track_caller]
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(
            self.status,
            StatusCode::SEE_OTHER,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.header("location")
    }
}

/// One request.
#[derive(Clone)]
pub(crate) struct Asked {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A GET.
pub(crate) fn get(path: impl Into<String>) -> Asked {
    Asked {
        method: Method::GET,
        path: path.into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// A form sent from the site's own page.
pub(crate) fn post(path: impl Into<String>, fields: &[(&str, &str)]) -> Asked {
    let field = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    let body = fields
        .iter()
        .map(field)
        .collect::<Vec<_>>()
        .join("&")
        .into_bytes();
    Asked {
        method: Method::POST,
        body,
        ..get(path)
    }
    .with("content-type", "application/x-www-form-urlencoded")
    .with("sec-fetch-site", "same-origin")
}

fn encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

impl Asked {
    /// With a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a cookie.
    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.with("cookie", cookie)
    }

    /// Without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// By another method.
    pub(crate) fn by(mut self, method: &str) -> Self {
        self.method = method.parse().expect("a method");
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// From a script.
    pub(crate) fn script(self) -> Self {
        self.with("accept", "application/json")
    }

    /// Sends it.
    pub(crate) async fn to(&self, app: &App) -> Answer {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Body::from(self.body.clone()))
            .expect("a request");
        let response = app
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router always answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX)
            .await
            .expect("bodies are in memory")
            .to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

/// The value of an attribute of the first tag that contains `mark`.
pub(crate) fn attribute<'a>(html: &'a str, mark: &str, name: &str) -> Option<&'a str> {
    let at = html.find(mark)?;
    let start = html[..at].rfind('<')?;
    let tag = &html[start..start + html[start..].find('>')?];
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}
