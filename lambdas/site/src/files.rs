//! Files: the site's own assets and those of published titles. Their addresses change with their content, so they are kept
//! for ever; a wrong address is kept by nobody, because a deployment may make it right.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use latchkey_platform::media::media_type;
use latchkey_platform::titles::{FilePath, Slug, VersionRef};

use crate::assets::{self, content_tag};
use crate::encoding::{Encoding, compress};
use crate::forms::Part;
use crate::guard::encode::{matches, not_modified};
use crate::limits::{COMPRESS_FROM, COMPRESS_TO};
use crate::refusal::Refusal;
use crate::site::Site;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// How hard files of titles are compressed; a CDN keeps the result.
const EFFORT: u32 = 5;

/// `GET /assets/{tree}/{path}`.
pub(crate) async fn asset(
    headers: HeaderMap,
    Part((tree, path)): Part<(String, String)>,
) -> Result<Response, Refusal> {
    let known = assets::tree();
    let found = known
        .get(&path)
        .filter(|_| tree == known.hash())
        .ok_or(Refusal::NotFound)?;
    let (kind, shrinks) = media_type(&path);
    let encoding = if shrinks {
        Encoding::wanted(&headers)
    } else {
        Encoding::Identity
    };
    Ok(deliver(&headers, kind, encoding, found.tag(), || {
        found.bytes(encoding)
    }))
}

/// `GET /t/{slug}/{version}/{path}`.
pub(crate) async fn title_file(
    State(site): State<Site>,
    headers: HeaderMap,
    Part((slug, version, path)): Part<(String, String, String)>,
) -> Result<Response, Refusal> {
    let slug: Slug = slug.parse().map_err(|_| Refusal::NotFound)?;
    let number: u32 = version.parse().map_err(|_| Refusal::NotFound)?;
    // One version has one address: `01` would be a second one.
    if number.to_string() != version {
        return Err(Refusal::NotFound);
    }
    let path: FilePath = path.parse().map_err(|_| Refusal::NotFound)?;
    let file = site
        .platform
        .titles
        .file(&VersionRef { slug, number }, &path)
        .await
        .map_err(Refusal::busy)?;
    let file = file.ok_or(Refusal::NotFound)?;
    let (kind, shrinks) = media_type(path.as_str());
    let fits = (COMPRESS_FROM..=COMPRESS_TO).contains(&file.len());
    let encoding = if shrinks && fits {
        Encoding::wanted(&headers)
    } else {
        Encoding::Identity
    };
    let tag = content_tag(&file);
    Ok(deliver(&headers, kind, encoding, &tag, || {
        compress(&file, encoding, EFFORT).into()
    }))
}

/// Browsers ask for it by themselves where a page names no icon.
pub(crate) async fn icon() -> Redirect {
    Redirect::temporary(&assets::tree().url("icon.svg"))
}

/// Search engines need the shelf alone; everything else opens by secret links.
pub(crate) async fn robots() -> Response {
    let rules =
        "User-agent: *\nDisallow: /l/\nDisallow: /orders/\nDisallow: /games/\nDisallow: /dev/\n";
    let cache = HeaderValue::from_static("public, max-age=86400");
    ([(header::CACHE_CONTROL, cache)], rules).into_response()
}

fn deliver(
    headers: &HeaderMap,
    kind: &'static str,
    encoding: Encoding,
    tag: &str,
    bytes: impl FnOnce() -> bytes::Bytes,
) -> Response {
    // A strong tag names the very bytes, so each coding has its own.
    let tag = format!("\"{tag}-{}\"", encoding.name().unwrap_or("plain"));
    let tag = HeaderValue::try_from(tag).expect("hexadecimal digits are a header value");
    let mut about = HeaderMap::new();
    about.insert(header::CACHE_CONTROL, FOR_EVER);
    about.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    about.insert(header::ETAG, tag.clone());
    let conditions: Vec<HeaderValue> = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .cloned()
        .collect();
    if matches(&conditions, &tag) {
        return not_modified(about);
    }
    about.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(name) = encoding.name() {
        about.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    (StatusCode::OK, about, bytes()).into_response()
}
