//! A request to the admin listener of the platform that runs on a data folder.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{Method, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::credential;
use crate::data::DataFolder;

/// From connecting to the last byte of the answer.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const ANSWER: usize = 1024 * 1024;

/// The admin listener of a running platform.
#[derive(Debug)]
pub(crate) struct Admin {
    /// Without its scheme.
    address: String,
    password: String,
}

impl Admin {
    /// That of the platform that runs on `data`.
    pub(crate) fn of(data: &DataFolder) -> Result<Self> {
        let holder = data.running()?;
        let password = credential::read(&data.place(credential::FILE))?;
        let address = holder.admin.strip_prefix("http://");
        Ok(Self {
            address: address.unwrap_or(&holder.admin).to_owned(),
            password: password.context("the data folder has no admin password")?,
        })
    }

    /// What a path answers, as JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let (status, body) = self.ask(Method::GET, path).await?;
        if !status.is_success() {
            bail!("{}", said(&body));
        }
        serde_json::from_slice(&body).context("the admin listener answered something else")
    }

    /// Has something done; an error is what the platform says against it.
    pub(crate) async fn post(&self, path: &str) -> Result<()> {
        let (status, body) = self.ask(Method::POST, path).await?;
        if !status.is_success() {
            bail!("{}", said(&body));
        }
        Ok(())
    }

    async fn ask(&self, method: Method, path: &str) -> Result<(StatusCode, Vec<u8>)> {
        let asked = timeout(WITHIN, self.ask_now(method, path)).await;
        let address = &self.address;
        asked
            .context("it took too long")
            .flatten()
            .with_context(|| format!("the admin listener at {address} does not answer"))
    }

    async fn ask_now(&self, method: Method, path: &str) -> Result<(StatusCode, Vec<u8>)> {
        let stream = TcpStream::connect(&self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.address)
            .header(AUTHORIZATION, credential::shown(&self.password))
            .body(Body::empty())?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let body = to_bytes(Body::new(answer.into_body()), ANSWER).await?;
        Ok((status, body.to_vec()))
    }
}

/// What an answer says, in one line.
fn said(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().to_owned()
}
