//! Streams of the admin page, as server-sent events: the figures, and the records of one room. A reader holds a
//! position and nothing is queued for it beyond a few events; one that does not take them is given up. Rooms do not
//! know of these readers, who look at them a few times a second.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use http::HeaderMap;
use latchkey_protocol::{CloseCode, Seq};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::sleep;

use super::Failed;
use super::rooms::{At, Names, here};
use crate::host::Shared;
use crate::limits::{SHOWN_BODY, WATCH_AHEAD, WATCH_EVERY, WATCHER_WAITS};
use crate::live::{Ended, LiveRoom};

/// What a stream is read from. The place among the readers is free again when the stream ends.
type Events = Sse<
    axum::response::sse::KeepAliveStream<
        futures_util::stream::BoxStream<'static, Result<Event, Infallible>>,
    >,
>;

/// The reader went away, or took nothing for too long.
struct GivenUp;

/// Where events go.
struct Reader(Sender<Event>);

impl Reader {
    async fn send(&self, event: Event) -> Result<(), GivenUp> {
        let sent = self.0.send_timeout(event, WATCHER_WAITS).await;
        sent.map_err(|_| GivenUp)
    }
}

/// Starts a stream that `write` writes to, if there is a place for its reader.
fn start<W, F>(shared: &Arc<Shared>, write: W) -> Result<Events, Failed>
where
    W: FnOnce(Arc<Shared>, Reader) -> F,
    F: Future<Output = Result<(), GivenUp>> + Send + 'static,
{
    let place = shared.admin.watchers.clone().try_acquire_owned();
    let place = place.map_err(|_| Failed::Busy)?;
    let (sender, events) = channel(WATCH_AHEAD);
    let gone = sender.clone();
    let work = write(shared.clone(), Reader(sender));
    let shared = shared.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = work => {}
            () = gone.closed() => {}
            () = shared.stopped() => {}
        }
        drop(place);
    });
    Ok(
        Sse::new(Box::pin(of(events)) as futures_util::stream::BoxStream<'static, _>)
            .keep_alive(KeepAlive::default()),
    )
}

fn of(events: Receiver<Event>) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(events, |mut events| async move {
        let event = events.recv().await?;
        Some((Ok(event), events))
    })
}

/// The number a browser says it has read to when it comes back.
fn last_read(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// `GET /live`: all samples that are kept, then each new one as it is taken.
pub(super) async fn live(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Events, Failed> {
    let after = last_read(&headers).unwrap_or(0);
    start(&shared, |shared, reader| async move {
        let history = &shared.admin.history;
        let mut news = history.news();
        // A number beyond the newest one is of a process before this one.
        let mut after = if after > *news.borrow_and_update() {
            0
        } else {
            after
        };
        loop {
            let (samples, taken) = history.after(after);
            let name = if after == 0 { "history" } else { "samples" };
            let event = Event::default().event(name).id(taken.to_string());
            reader.send(data(event, &json!(samples))).await?;
            after = taken;
            if news.changed().await.is_err() {
                return Ok(());
            }
        }
    })
}

/// From where a room's records are asked for.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct From {
    after: Option<Seq>,
}

/// `GET /rooms/{room}/records`: the records memory holds after `after`, then each new one.
pub(super) async fn records(
    State(shared): State<Arc<Shared>>,
    Path(At { room }): Path<At>,
    Query(From { after }): Query<From>,
    Query(Names { names }): Query<Names>,
    headers: HeaderMap,
) -> Result<Events, Failed> {
    let live = here(&shared, &room)?;
    let after = last_read(&headers).map(Seq).or(after).unwrap_or_default();
    start(&shared, move |_, reader| async move {
        watch(&live, after, names, &reader).await
    })
}

async fn watch(
    live: &LiveRoom,
    mut after: Seq,
    names: bool,
    reader: &Reader,
) -> Result<(), GivenUp> {
    let mut frames = Vec::new();
    loop {
        frames.clear();
        let from = match live.peek(after, &mut frames) {
            Ok(from) => from,
            Err(ended) => {
                let event = Event::default().event("ended");
                return reader
                    .send(data(event, &json!({ "why": why(ended) })))
                    .await;
            }
        };
        if from > after {
            let event = Event::default().event("gap");
            reader
                .send(data(event, &json!({ "after": after, "to": from })))
                .await?;
        }
        after = from;
        for frame in &frames {
            after = after.next();
            let event = Event::default().event("record").id(after.to_string());
            reader
                .send(data(event, &json!(shown(frame, names))))
                .await?;
        }
        if frames.is_empty() {
            sleep(WATCH_EVERY).await;
        }
    }
}

fn data(event: Event, value: &serde_json::Value) -> Event {
    // JSON without line breaks of its own: all others are escaped in its strings.
    event.data(value.to_string())
}

fn why(ended: Ended) -> &'static str {
    match ended {
        Ended::Evicted => "idle",
        Ended::Moving => "moving",
        Ended::Stopped(code) => CloseCode::name(code),
    }
}

/// The frame of a record (P4.2).
#[derive(Deserialize)]
struct Frame<'a> {
    seq: Seq,
    epoch: u64,
    from: Option<&'a str>,
    n: u64,
    at: u64,
    kind: &'a str,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// A record as the page shows it. Its body is text, and the page shows it as nothing else.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Shown {
    seq: Seq,
    epoch: u64,
    from: Option<String>,
    n: u64,
    at: u64,
    kind: String,
    body: String,
    /// Bytes of the body that are not shown.
    cut: usize,
}

fn shown(frame: &[u8], names: bool) -> Shown {
    let Ok(frame) = serde_json::from_slice::<Frame<'_>>(frame) else {
        return Shown {
            body: "this record's frame cannot be read".to_owned(),
            ..Shown::default()
        };
    };
    let body = frame.body.get();
    // Names are personal, and of what the host itself understands they stand only here.
    let has_name = ["joined", "profile"].contains(&frame.kind) && !names;
    let body = if has_name { "(name and colour)" } else { body };
    let end = (0..=SHOWN_BODY.min(body.len()))
        .rev()
        .find(|end| body.is_char_boundary(*end))
        .unwrap_or(0);
    Shown {
        seq: frame.seq,
        epoch: frame.epoch,
        from: frame.from.map(str::to_owned),
        n: frame.n,
        at: frame.at,
        kind: frame.kind.to_owned(),
        body: body[..end].to_owned(),
        cut: body.len() - end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: &str, body: &str) -> Vec<u8> {
        format!(
            r#"{{"op":"record","seq":7,"epoch":2,"from":null,"n":0,"at":5,"kind":"{kind}","mac":"x","body":{body}}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_body_is_cut_between_characters_and_the_rest_is_counted() {
        let body = format!("\"{}\"", "é".repeat(SHOWN_BODY));
        let shown = shown(&frame("said", &body), false);
        assert!(shown.body.len() <= SHOWN_BODY && shown.body.starts_with("\"éé"));
        assert_eq!(shown.body.len() + shown.cut, body.len());
    }

    #[test]
    fn names_are_shown_only_when_they_are_asked_for() {
        let joined = frame("joined", r##"{"name":"Ada","colour":"#336699"}"##);
        assert!(!shown(&joined, false).body.contains("Ada"));
        assert!(shown(&joined, true).body.contains("Ada"));
        assert!(
            shown(&frame("said", r#""Ada""#), false)
                .body
                .contains("Ada")
        );
    }

    #[test]
    fn line_breaks_in_a_body_do_not_end_an_event() {
        let shown = shown(&frame("said", "{\n\"a\": \r\n\"event: ended\"}"), false);
        let text = json!(shown).to_string();
        assert!(!text.contains(['\n', '\r']), "{text}");
    }
}
