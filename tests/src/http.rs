//! A person's browser without scripts: keeps cookies, follows redirects within the site, submits forms. Each visitor
//! comes from a loopback address of their own, because the site counts by network address.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{COOKIE, HOST, HeaderMap, LOCATION, SET_COOKIE};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};

use crate::html::{self, Form};
use crate::wait::{PATIENCE, within};

/// The next visitor's number; each process of tests counts for itself, and platforms are not shared between processes.
static VISITORS: AtomicU32 = AtomicU32::new(0);

/// A person's browser.
#[derive(Debug, Clone)]
pub struct Visitor {
    site: String,
    home: Ipv4Addr,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The path that answered, after redirects.
    pub path: String,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    /// The answer, if its status is `status`.
    ///
    /// # Errors
    /// When it is another; the error shows what a reader of the page would see.
    pub fn expect(self, status: u16) -> anyhow::Result<Self> {
        anyhow::ensure!(
            self.status.as_u16() == status,
            "{} answered {} instead of {status}: {}",
            self.path,
            self.status,
            html::visible_text(&self.text())
        );
        Ok(self)
    }

    /// The first form whose action begins with `action`.
    ///
    /// # Errors
    /// When there is none.
    pub fn form(&self, action: &str) -> anyhow::Result<Form> {
        let form = html::forms(&self.text())
            .into_iter()
            .find(|form| form.action.starts_with(action));
        form.with_context(|| format!("{} has no form for {action}*", self.path))
    }

    /// The first link that contains `part`.
    ///
    /// # Errors
    /// When there is none.
    pub fn link(&self, part: &str) -> anyhow::Result<String> {
        let link = html::links(&self.text())
            .into_iter()
            .find(|link| link.contains(part));
        link.with_context(|| format!("{} has no link with {part}", self.path))
    }
}

/// A request to make by hand, where the tests go beyond what a browser does.
#[derive(Debug, Clone)]
pub struct Ask {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// A request without a body.
    #[must_use]
    pub fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Sets a header.
    ///
    /// # Panics
    /// When `value` cannot stand in a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(
            name,
            value.parse().expect("tests write headers that are valid"),
        );
        self
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(self, kind: &str, body: impl Into<Bytes>) -> Self {
        let mut ask = self.header("content-type", kind);
        ask.body = body.into();
        ask
    }
}

impl Visitor {
    /// A new person at the site with this origin (`http://127.0.0.1:PORT`).
    #[must_use]
    pub fn new(site: &str) -> Self {
        let number = VISITORS.fetch_add(1, Ordering::Relaxed);
        let [_, a, b, c] = (number + 2).to_be_bytes();
        Self {
            site: site.to_owned(),
            home: Ipv4Addr::new(127, a, b, c),
            cookies: BTreeMap::new(),
        }
    }

    /// The site's origin.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The network address this visitor comes from.
    #[must_use]
    pub fn home(&self) -> Ipv4Addr {
        self.home
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Name and value of the seat cookie it holds, if any.
    #[must_use]
    pub fn seat_cookie(&self) -> Option<(&str, &str)> {
        let mut seats = self
            .cookies
            .iter()
            .filter(|(name, _)| name.starts_with("seat-"));
        seats
            .next()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Takes a cookie as if the site had set it.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Opens a page, following redirects.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let answer = self.send(Ask::new(Method::GET, path)).await?;
        self.follow(answer).await
    }

    /// Submits a form as the browser would, following the redirect.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn submit(&mut self, form: &Form) -> anyhow::Result<Answer> {
        let answer = self.submit_only(form).await?;
        self.follow(answer).await
    }

    /// Submits a form and returns the direct answer.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn submit_only(&mut self, form: &Form) -> anyhow::Result<Answer> {
        let origin = self.site.clone();
        let ask = Ask::new(Method::POST, &form.action)
            .header("origin", &origin)
            .body("application/x-www-form-urlencoded", form.encoded());
        self.send(ask).await
    }

    /// Makes one request and takes the cookies of its answer.
    ///
    /// # Errors
    /// When the site does not answer.
    pub async fn send(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        let path = ask
            .path
            .strip_prefix(&self.site)
            .unwrap_or(&ask.path)
            .to_owned();
        let what = format!("the answer to {} {path}", ask.method);
        let answer = within(PATIENCE, &what, self.exchange(ask, &path)).await??;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("a cookie without a value")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(answer)
    }

    async fn exchange(&self, ask: Ask, path: &str) -> anyhow::Result<Answer> {
        let stream = connect(&self.site, self.home).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(ask.method).uri(path);
        let headers = request
            .headers_mut()
            .context("the path cannot be requested")?;
        *headers = ask.headers;
        headers.insert(HOST, authority(&self.site).parse()?);
        if !self.cookies.is_empty() {
            let all: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            headers.insert(COOKIE, all.join("; ").parse()?);
        }
        let response = sender
            .send_request(request.body(Full::new(ask.body))?)
            .await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        connection.abort();
        Ok(Answer {
            path: path.to_owned(),
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    async fn follow(&mut self, mut answer: Answer) -> anyhow::Result<Answer> {
        for _ in 0..5 {
            if !answer.status.is_redirection() {
                return Ok(answer);
            }
            let to = answer.header(LOCATION.as_str()).to_owned();
            answer = self.send(Ask::new(Method::GET, &to)).await?;
        }
        anyhow::bail!("{} redirects without end", answer.path)
    }
}

/// Opens a TCP connection to `site` from the address `home`.
///
/// # Errors
/// When nobody listens.
pub async fn connect(site: &str, home: Ipv4Addr) -> anyhow::Result<TcpStream> {
    connect_by(TcpSocket::new_v4()?, site, home).await
}

/// As [`connect`], with a receive buffer of a few KiB.
///
/// # Errors
/// When nobody listens.
pub async fn connect_narrow(site: &str, home: Ipv4Addr) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4 * 1024)?;
    connect_by(socket, site, home).await
}

async fn connect_by(socket: TcpSocket, site: &str, home: Ipv4Addr) -> anyhow::Result<TcpStream> {
    let to: SocketAddr = authority(site).parse()?;
    socket.bind((home, 0).into())?;
    let stream = socket
        .connect(to)
        .await
        .with_context(|| format!("connect to {site}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Host and port of an origin or of an address below it.
#[must_use]
pub fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
