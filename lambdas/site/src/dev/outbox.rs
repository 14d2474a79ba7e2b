//! The pages of the test outbox: mail that would have gone out.

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, header};
use latchkey_platform::mail::{MessageKey, OutboxMessage};

use super::{dev, styles};
use crate::forms::Part;
use crate::guard::policy::Allow;
use crate::limits::OUTBOX_LINES;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::view::{self, PRIVATE, Shell};

struct Line {
    id: String,
    subject: String,
    to: String,
    at: String,
}

#[derive(Template)]
#[template(path = "dev/outbox.html")]
struct ListPage {
    shell: Shell,
    mails: Vec<Line>,
}

/// `GET /dev/outbox`.
pub(crate) async fn list(State(site): State<Site>) -> Result<Response, Refusal> {
    let lines = dev(&site)?
        .outbox
        .list(OUTBOX_LINES)
        .await
        .map_err(Refusal::busy)?;
    let mails = lines.into_iter().map(|line| Line {
        id: line.key.to_string(),
        subject: line.subject,
        to: line.to.to_string(),
        at: moment(line.at),
    });
    let page = ListPage {
        shell: Shell::private(true),
        mails: mails.collect(),
    };
    Ok(view::private(&page, Allow::nothing()))
}

/// A stretch of the text form, so that addresses can be followed.
enum Piece {
    Plain(String),
    Link(String),
}

#[derive(Template)]
#[template(path = "dev/mail.html")]
struct MailPage {
    shell: Shell,
    id: String,
    subject: String,
    headers: Vec<(String, String)>,
    text: Vec<Piece>,
}

/// `GET /dev/outbox/{id}`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(id): Part<String>,
) -> Result<Response, Refusal> {
    let message = find(&site, &id).await?;
    let mut headers = vec![
        ("To".to_owned(), message.email.to.to_string()),
        ("Sent".to_owned(), moment(message.at)),
    ];
    headers.extend(message.email.headers);
    let text = pieces(&message.email.text);
    let page = MailPage {
        shell: Shell::private(true),
        id,
        subject: message.email.subject,
        headers,
        text,
    };
    Ok(view::private(&page, Allow::frames()))
}

/// `GET /dev/outbox/{id}/html`: the HTML form by itself, for the frame.
pub(crate) async fn html(
    State(site): State<Site>,
    Part(id): Part<String>,
) -> Result<Response, Refusal> {
    let message = find(&site, &id).await?;
    let allow = Allow::framed(styles::hashes(&message.email.html));
    let mut response =
        ([(header::CACHE_CONTROL, PRIVATE)], Html(message.email.html)).into_response();
    response.extensions_mut().insert(allow);
    Ok(response)
}

/// `GET /dev/outbox/{id}/eml`: the whole message, to be opened with a mail program.
pub(crate) async fn eml(
    State(site): State<Site>,
    Part(id): Part<String>,
) -> Result<Response, Refusal> {
    let message = find(&site, &id).await?;
    let about = [
        (header::CACHE_CONTROL, PRIVATE),
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("message/rfc822"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"message.eml\""),
        ),
    ];
    Ok((about, message.eml).into_response())
}

async fn find(site: &Site, id: &str) -> Result<OutboxMessage, Refusal> {
    let key = MessageKey::parse(id).map_err(|_| Refusal::NotFound)?;
    dev(site)?
        .outbox
        .get(&key)
        .await
        .map_err(Refusal::busy)?
        .ok_or(Refusal::NotFound)
}

fn moment(at: latchkey_protocol::UnixMs) -> String {
    use latchkey_platform::clock::Moment as _;
    let seconds = at.0 / 1000 % 86_400;
    format!(
        "{} {:02}:{:02}:{:02} UTC",
        at.date(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Splits a text at the addresses in it.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest
        .find("http://")
        .into_iter()
        .chain(rest.find("https://"))
        .min()
    {
        let length = rest[start..]
            .find(char::is_whitespace)
            .unwrap_or(rest.len() - start);
        pieces.push(Piece::Plain(rest[..start].to_owned()));
        pieces.push(Piece::Link(rest[start..start + length].to_owned()));
        rest = &rest[start + length..];
    }
    pieces.push(Piece::Plain(rest.to_owned()));
    pieces
}
