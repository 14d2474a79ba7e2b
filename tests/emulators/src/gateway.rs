//! The HTTP API in front of a function: a plain request becomes an event of format 2.0, and the function's answer a plain one.
//! It adds to `X-Forwarded-For` as the service does, and the header by which the CDN proves itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::lambda::{Function, Outcome};

/// The largest body that is passed on.
const BODY_BYTES: usize = 10 * 1024 * 1024;
/// The header by which the CDN proves itself.
const EDGE: &str = "x-latchkey-edge";
/// The API's own name, which it puts into `Host`.
const NAME: &str = "api.execute-api.us-east-1.amazonaws.com";

/// The way into a function. It ends with its handle.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    function: Arc<Function>,
    secret: Option<String>,
}

impl Gateway {
    /// Starts one on any free port. With a `secret` every request shows it, as those that come by the CDN do.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(function: Arc<Function>, secret: Option<&str>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            function,
            secret: secret.map(str::to_owned),
        });
        let routes = axum::Router::new()
            .fallback(pass_on)
            .with_state(inner)
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            // It serves until its task is ended.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass_on(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_BYTES).await else {
        return said(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    if let Some(secret) = &inner.secret {
        let shown = HeaderValue::from_str(secret).expect("a secret of letters and digits");
        parts.headers.insert(EDGE, shown);
    }
    let event = event(&parts, from, &body).to_string();
    match inner.function.invoke(event).await {
        Ok(Outcome::Answered(answer)) => plain(&answer)
            .unwrap_or_else(|| said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")),
        Ok(Outcome::Throttled | Outcome::Late) => {
            said(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        _ => said(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
    }
}

/// An answer of the API's own.
fn said(status: StatusCode, message: &str) -> Response {
    let body = json!({"message": message}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The event of a request.
#[must_use]
pub fn event(parts: &Parts, from: SocketAddr, body: &Bytes) -> Value {
    let path = decoded(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let agent = parts.headers.get(header::USER_AGENT);
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, from),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "domainName": NAME,
            "domainPrefix": "api",
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": from.ip().to_string(),
                "userAgent": agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default(),
            },
            "requestId": "emulated",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    });
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let cookies: Vec<_> = cookies.flat_map(|value| value.split("; ")).collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !body.is_empty() {
        let text = std::str::from_utf8(body).ok();
        match text.filter(|_| is_text(&parts.headers)) {
            Some(text) => event["body"] = json!(text),
            None => {
                event["body"] = json!(BASE64.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

/// The headers in small letters, those of one name as one; without cookies, which stand apart.
fn headers(all: &HeaderMap, from: SocketAddr) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in all.keys().filter(|name| **name != header::COOKIE) {
        let values = all.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        headers.insert(name.to_string(), json!(values.join(",")));
    }
    let seen = match headers.get("x-forwarded-for").and_then(Value::as_str) {
        Some(seen) => format!("{seen}, {}", from.ip()),
        None => from.ip().to_string(),
    };
    headers.insert("x-forwarded-for".to_owned(), json!(seen));
    headers.insert("host".to_owned(), json!(NAME));
    headers
}

/// Whether the API hands a body on as it is; others it encodes.
fn is_text(headers: &HeaderMap) -> bool {
    const TEXTS: [&str; 4] = [
        "text/",
        "application/json",
        "application/javascript",
        "application/xml",
    ];
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    TEXTS.iter().any(|text| kind.starts_with(text))
}

/// The path with what is percent-encoded decoded, as the API hands it on.
fn decoded(path: &str) -> String {
    let (bytes, mut plain, mut at) = (path.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = path.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                plain.push(decoded);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The answer of a function in format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The plain answer; nothing when it is none.
fn plain(answer: &[u8]) -> Option<Response> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = match answer.is_base64_encoded {
        true => BASE64.decode(body).ok()?,
        false => body.into_bytes(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    for (name, value) in &answer.headers {
        let name = HeaderName::try_from(name.as_str()).ok()?;
        let value = HeaderValue::from_str(value.as_str()?).ok()?;
        // The length is what it is.
        if name != header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value);
        }
    }
    for cookie in &answer.cookies {
        let value = HeaderValue::from_str(cookie).ok()?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_an_event_with_its_cookies_apart_and_a_form_encoded() {
        let request = http::Request::post("/titles/a%20b?q=1&q=2")
            .header("cookie", "a=1; b=2")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", "203.0.113.9")
            .header("x-many", "1")
            .header("x-many", "2")
            .body(())
            .unwrap();
        let from = SocketAddr::from(([10, 0, 0, 1], 5));
        let event = event(&request.into_parts().0, from, &Bytes::from_static(b"x=1"));
        assert_eq!(event["rawPath"], "/titles/a b");
        assert_eq!(event["rawQueryString"], "q=1&q=2");
        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["headers"]["x-many"], "1,2");
        assert_eq!(event["headers"]["x-forwarded-for"], "203.0.113.9, 10.0.0.1");
        assert_eq!(
            (&event["body"], &event["isBase64Encoded"]),
            (&json!("eD0x"), &json!(true))
        );
        assert!(event["headers"].get("cookie").is_none());
    }

    #[test]
    fn an_answer_is_decoded_and_each_of_its_cookies_set() {
        let answer = json!({"statusCode": 200, "headers": {"content-type": "font/woff2", "content-length": "9"},
            "cookies": ["a=1", "b=2"], "body": "AAE=", "isBase64Encoded": true});
        let plain = plain(answer.to_string().as_bytes()).unwrap();
        assert_eq!(plain.headers().get_all("set-cookie").iter().count(), 2);
        assert!(plain.headers().get("content-length").is_none());
        assert!(super::plain(b"{}").is_none());
    }
}
