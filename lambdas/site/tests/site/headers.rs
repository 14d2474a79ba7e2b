//! What every answer carries, whatever it is: walks all routes, good and refused.

use latchkey_platform::fakes::samples;

use crate::app::App;
use crate::browser::{Asked, attribute, get, post};
use crate::made;

/// A request to every route, and to some that are refused.
async fn all(app: &App) -> Vec<Asked> {
    let bought = made::bought(app).await;
    let (waiting, payment) = made::order(app).await;
    made::result(app, bought.game).await;
    let mut mail = samples::email("confirm-1");
    mail.html = "<p style=\"color:red\">Hello</p>".into();
    app.outbox
        .0
        .lock()
        .expect("no test panics with the lock")
        .push(mail);
    let page = get("/resend").to(app).await;
    let style = attribute(page.text(), "css/base.css", "href")
        .expect("a style sheet")
        .to_owned();
    let (link, game) = (
        format!("/l/{}", bought.link),
        format!("/games/{}", bought.game),
    );
    let seated = |asked: Asked| asked.cookie(&bought.cookie());
    vec![
        get("/"),
        get("/titles/small-game"),
        get("/titles/small-game/buy"),
        post("/titles/small-game/buy", &[]),
        get(format!("/orders/{waiting}")),
        get(format!("/orders/{waiting}/cancelled")),
        post(format!("/orders/{waiting}/confirm"), &[]),
        get(format!("/orders/{}", bought.order)),
        get(&link),
        seated(get(&link)),
        post(format!("{link}/seat"), &[]),
        seated(post(format!("{link}/begin"), &[])),
        seated(get(format!("{game}/play"))),
        seated(post(format!("{game}/connect"), &[])),
        seated(get(format!("{game}/end"))),
        seated(get(format!("{game}/stats"))),
        get("/resend"),
        post("/resend", &[]),
        get("/resend?sent=1"),
        post("/faults", &[]),
        post("/webhooks/payments", &[]),
        get("/healthz"),
        get("/favicon.ico"),
        get("/robots.txt"),
        get(style),
        get("/t/small-game/1/games/small-game/main.js"),
        get(format!("/dev/till/{payment}")),
        post(format!("/dev/till/{payment}"), &[("action", "decline")]),
        get("/dev/outbox"),
        get("/dev/outbox/confirm-1"),
        get("/dev/outbox/confirm-1/html"),
        get("/dev/outbox/confirm-1/eml"),
        get("/nowhere"),
        get("/").by("DELETE"),
        get(format!("{game}/play")),
        post("/resend", &[]).with("sec-fetch-site", "cross-site"),
    ]
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = App::new();
    for asked in all(&app).await {
        let answer = asked.to(&app).await;
        let policy = answer.header("content-security-policy");
        let about = format!("{:?} {}", answer.status, policy);
        assert!(policy.starts_with("default-src 'none'"), "{about}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
            "{about}"
        );
        assert!(
            policy.contains("base-uri 'none'") && policy.contains("frame-ancestors"),
            "{about}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{about}");
        }
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{about}"
        );
        assert!(!answer.header("x-frame-options").is_empty(), "{about}");
        assert!(
            !answer.status.is_server_error(),
            "{about} {}",
            String::from_utf8_lossy(&answer.body)
        );
        let kept = !answer.header("cache-control").is_empty();
        assert!(
            kept || answer.status.as_u16() == 204 || answer.status.is_redirection(),
            "{about}"
        );
    }
}

#[tokio::test]
async fn no_page_has_inline_scripts_or_styles_or_anything_of_other_sites() {
    let app = App::new();
    for asked in all(&app).await {
        let answer = asked.to(&app).await;
        let mail = answer.header("content-security-policy").contains("sandbox");
        if mail || !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = answer.text();
        // The lobby's script fills these in itself.
        let words = attribute(html, "data-words=", "data-words").unwrap_or("nothing of the kind");
        let html = &html.replace(words, "");
        assert!(
            !html.contains(" style=") && !html.contains("<style"),
            "{html}"
        );
        assert!(
            !html.contains(" onclick=") && !html.contains("javascript:"),
            "{html}"
        );
        for tag in html.split("<script").skip(1) {
            assert!(tag.starts_with(" type=\"module\" src=\"/"), "{tag}");
        }
        for source in html.split(" src=\"").skip(1) {
            assert!(source.starts_with('/'), "{source}");
        }
        assert!(
            html.contains("<html lang=\"en\">") && html.contains("<title>"),
            "{html}"
        );
        assert!(
            !html.contains("{n}") && !html.contains("{name}") && !html.contains("{limit}"),
            "{html}"
        );
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let app = App::new();
    for asked in all(&app).await {
        let got = asked.to(&app).await;
        if got.header("allow").is_empty() && got.status.is_success() && got.status.as_u16() != 204 {
            let head = asked.clone().by("HEAD").to(&app).await;
            if head.status.as_u16() == 405 {
                continue;
            }
            assert_eq!(head.status, got.status);
            assert!(head.body.is_empty());
            assert_eq!(head.header("etag"), got.header("etag"));
            assert_eq!(head.header("content-type"), got.header("content-type"));
        }
    }
}

#[tokio::test]
async fn an_e_mail_is_shown_in_a_sandbox_with_its_styles_named_by_hash() {
    let app = App::new();
    all(&app).await;
    let html = get("/dev/outbox/confirm-1/html").to(&app).await.expect(200);
    let policy = html.header("content-security-policy");
    assert!(
        policy.contains("sandbox")
            && policy.contains("'unsafe-hashes' 'sha256-")
            && !policy.contains("script-src")
    );
    assert_eq!(html.header("x-frame-options"), "SAMEORIGIN");
    let page = get("/dev/outbox/confirm-1").to(&app).await.expect(200);
    assert!(
        page.text().contains("sandbox=\"allow-popups")
            && page
                .header("content-security-policy")
                .contains("frame-src 'self'")
    );
    let eml = get("/dev/outbox/confirm-1/eml").to(&app).await.expect(200);
    assert_eq!(eml.header("content-type"), "message/rfc822");
    get("/dev/outbox/nothing").to(&app).await.expect(404);
}
