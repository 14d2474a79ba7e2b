//! What stands before the site where the CDN is its only way in: requests must show the secret that the CDN adds to them, and
//! answers must fit into what the service carries.

use std::sync::Arc;

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use latchkey_cloud::secrets::OriginSecret;
use latchkey_platform::links::SiteUrl;
use subtle::ConstantTimeEq as _;

/// The header by which the CDN shows its secret.
pub const EDGE: &str = "x-latchkey-edge";

/// Largest body of an answer, in bytes. The service carries 6 MiB, in which binary bodies take a third more than they have.
pub const ANSWER_BYTES: u64 = 4 * 1024 * 1024;

/// Who may come in, and where others are to go.
struct Way {
    secret: OriginSecret,
    site: SiteUrl,
}

impl Way {
    /// Whether a request came by the CDN. How long it takes to say so tells nothing about the secret.
    fn is_shown(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(EDGE).map_or(&[][..], |value| value.as_bytes());
        let secrets = std::iter::once(&self.secret.present).chain(&self.secret.previous);
        secrets
            .map(|secret| shown.ct_eq(secret.as_bytes()))
            .fold(subtle::Choice::from(0), |any, this| any | this)
            .into()
    }
}

/// The site behind the CDN.
pub fn behind(site: Router, secret: OriginSecret, address: SiteUrl) -> Router {
    let way = Arc::new(Way {
        secret,
        site: address,
    });
    site.layer(from_fn_with_state(way, check))
}

async fn check(State(way): State<Arc<Way>>, mut request: Request, next: Next) -> Response {
    if !way.is_shown(request.headers()) {
        let text = format!("Come by the public address: {}\n", way.site.as_str());
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    // It opens the door from outside, so nothing inside has any business with it.
    request.headers_mut().remove(EDGE);
    let answer = next.run(request).await;
    let size = answer.body().size_hint().lower();
    if size > ANSWER_BYTES {
        tracing::error!(
            size,
            limit = ANSWER_BYTES,
            "an answer is larger than the service carries"
        );
        let text = format!(
            "This file has more than the {ANSWER_BYTES} bytes that can be sent this way.\n"
        );
        return (StatusCode::INTERNAL_SERVER_ERROR, text).into_response();
    }
    answer
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    fn site() -> Router {
        let routes = Router::new()
            .route(
                "/",
                get(|headers: HeaderMap| async move { format!("{}", headers.len()) }),
            )
            .route("/large", get(|| async { vec![0_u8; 5 << 20] }));
        let secret = OriginSecret {
            present: "now".to_owned(),
            previous: Some("before".to_owned()),
        };
        behind(routes, secret, "https://games.test".parse().unwrap())
    }

    async fn ask(path: &str, shown: Option<&str>) -> (StatusCode, String) {
        let mut request = Request::get(path);
        if let Some(shown) = shown {
            request = request.header(EDGE, shown);
        }
        let Ok(answer) = site().oneshot(request.body(Body::empty()).unwrap()).await;
        let (head, body) = answer.into_parts();
        let text = to_bytes(body, 1 << 20).await.unwrap();
        (head.status, String::from_utf8(text.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn only_what_shows_the_present_secret_or_the_one_before_comes_in() {
        for shown in ["now", "before"] {
            // Nothing behind sees the secret.
            assert_eq!(
                ask("/", Some(shown)).await,
                (StatusCode::OK, "0".to_owned())
            );
        }
        for shown in [None, Some(""), Some("no"), Some("nowx"), Some("NOW")] {
            for path in ["/", "/nothing/here"] {
                let (status, text) = ask(path, shown).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{shown:?}");
                assert!(text.contains("https://games.test"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn an_answer_that_cannot_be_carried_is_refused_with_the_limit() {
        let (status, text) = ask("/large", Some("now")).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.contains("4194304"), "{text}");
    }
}
