//! Tests of the admin credential.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::routing::get;
use latchkey_embedded::machine::OsEntropy;
use tower::ServiceExt as _;

use super::*;

struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::SeqCst))
    }
}

fn guarded() -> (Router, Arc<Hands>) {
    let clock = Arc::new(Hands(AtomicU64::new(0)));
    let credential = Credential::new("opens sesame: truly".into(), clock.clone());
    let router = Router::new().route("/", get(|| async { "inside" }));
    (credential.guard(router), clock)
}

async fn ask(router: &Router, from: u8, header: Option<HeaderValue>) -> Response {
    let mut request = Request::new(Body::empty());
    let peer = SocketAddr::from(([192, 0, 2, from], 1));
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(header) = header {
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    let Ok(response) = router.clone().oneshot(request).await;
    response
}

#[tokio::test]
async fn the_password_opens_and_nothing_else_does() {
    let (router, _) = guarded();
    let right = ask(&router, 1, Some(shown("opens sesame: truly"))).await;
    assert_eq!(right.status(), StatusCode::OK);
    let other_name = STANDARD.encode("anybody:opens sesame: truly");
    let other_name = HeaderValue::try_from(format!("bAsIc {other_name}")).unwrap();
    assert_eq!(
        ask(&router, 1, Some(other_name)).await.status(),
        StatusCode::OK
    );
    let wrong = [
        None,
        Some(shown("opens sesame: trulY")),
        Some(shown("")),
        Some(HeaderValue::from_static("Bearer opens sesame: truly")),
        Some(HeaderValue::from_static("Basic ???")),
        Some(HeaderValue::from_static("Basic")),
    ];
    for header in wrong {
        let refused = ask(&router, 1, header.clone()).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{header:?}");
        let asks = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(asks.starts_with("Basic realm="), "{asks}");
    }
}

#[tokio::test]
async fn who_guesses_is_refused_for_a_while_and_others_are_not() {
    let (router, clock) = guarded();
    for _ in 0..ATTEMPTS {
        let refused = ask(&router, 1, Some(shown("a guess"))).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        // Browsers that have not asked yet are no guesses.
        assert_eq!(
            ask(&router, 2, None).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let right = || Some(shown("opens sesame: truly"));
    let barred = ask(&router, 1, right()).await;
    assert_eq!(barred.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(barred.headers()[RETRY_AFTER], "61");
    assert_eq!(ask(&router, 2, right()).await.status(), StatusCode::OK);
    clock.0.store(60_000, Ordering::SeqCst);
    assert_eq!(ask(&router, 1, right()).await.status(), StatusCode::OK);
}

#[test]
fn addresses_beyond_what_is_kept_share_one_count() {
    let mut wrong = Wrong::default();
    let address = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
    for number in 0..ADDRESSES {
        wrong.count(address(number), UnixMs(0));
    }
    for number in 0..ATTEMPTS as usize {
        assert_eq!(wrong.barred(address(ADDRESSES + number), UnixMs(0)), None);
        wrong.count(address(ADDRESSES + number), UnixMs(0));
    }
    assert_eq!(wrong.counts.len(), ADDRESSES);
    assert!(wrong.barred(address(ADDRESSES), UnixMs(0)).is_some());
    assert_eq!(wrong.barred(address(1), UnixMs(0)), None);
}

#[test]
fn the_password_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin-password");
    assert_eq!(read(&path).unwrap(), None);
    let made = load_or_make(&path, &OsEntropy).unwrap();
    assert_eq!(made.len(), 48);
    assert_eq!(load_or_make(&path, &OsEntropy).unwrap(), made);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&path, "\n").unwrap();
    let error = load_or_make(&path, &OsEntropy).unwrap_err().to_string();
    assert!(error.contains("remove it"), "{error}");
}
