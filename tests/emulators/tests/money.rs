//! The stand-ins for the payment provider and the mail service, as a browser and a shop see them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use http::{HeaderMap, StatusCode};
use latchkey_emulators::ses;
use latchkey_emulators::stripe::{Action, Manner, Setup, Stripe};
use serde_json::Value;
use tokio::sync::mpsc;

const KEY: &str = "sk_test_emulated";
const NOW: u64 = 1_780_000_000;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Events that a test holds at most.
const EVENTS: usize = 64;

async fn provider() -> Stripe {
    let setup = Setup {
        key: KEY.to_owned(),
        secret: "whsec_emulated".to_owned(),
        now: Arc::new(|| NOW),
    };
    Stripe::start(setup).await.unwrap()
}

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// A checkout, and its page.
async fn checkout(provider: &Stripe) -> (String, String) {
    let until = (NOW + 3_600).to_string();
    let form = [
        ("mode", "payment"),
        ("success_url", "http://shop.test/thanks"),
        ("cancel_url", "http://shop.test/nothing?a=1&b=2"),
        ("client_reference_id", "order-1"),
        ("expires_at", &until),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "1990"),
        (
            "line_items[0][price_data][product_data][name]",
            "Tom & <Jerry>",
        ),
    ];
    let asked = client()
        .post(format!("{}/v1/checkout/sessions", provider.url()))
        .bearer_auth(KEY)
        .form(&form);
    let made: Value =
        serde_json::from_slice(&asked.send().await.unwrap().bytes().await.unwrap()).unwrap();
    let text = |name: &str| {
        made[name]
            .as_str()
            .unwrap_or_else(|| panic!("{made}"))
            .to_owned()
    };
    (text("id"), text("url"))
}

#[tokio::test]
async fn a_buyer_finds_a_page_is_declined_and_pays() {
    let provider = provider().await;
    let (_, url) = checkout(&provider).await;
    let page = async || {
        client()
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let press = async |action: &str| {
        let pressed = client()
            .post(&url)
            .form(&[("action", action)])
            .send()
            .await
            .unwrap();
        pressed.headers()["location"].to_str().unwrap().to_owned()
    };
    let shown = page().await;
    assert!(
        shown.contains("Tom &amp; &lt;Jerry>") && shown.contains("1990 eur"),
        "{shown}"
    );
    assert!(
        shown.contains("nothing?a=1&amp;b=2") && !shown.contains("declined"),
        "{shown}"
    );
    assert_eq!(press("decline").await, url);
    assert!(page().await.contains("Your card was declined."));
    assert_eq!(press("pay").await, "http://shop.test/thanks");
    let kinds: Vec<_> = provider.events().iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds[..2],
        ["charge.failed", "payment_intent.payment_failed"]
    );
    assert_eq!(kinds.last(), Some(&"checkout.session.completed"));
}

/// A shop that does not take the first event that comes, and passes on the names of those it takes.
async fn shop() -> (String, mpsc::Receiver<(String, String)>) {
    let (taken, events) = mpsc::channel(EVENTS);
    let refused = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let take = async move |State(taken): State<mpsc::Sender<(String, String)>>,
                           headers: HeaderMap,
                           body: String| {
        if !refused.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        let event: Value = serde_json::from_str(&body).unwrap();
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        let kind = event["type"].as_str().unwrap().to_owned();
        taken.send((kind, signature)).await.unwrap();
        StatusCode::OK
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhook", listener.local_addr().unwrap());
    let routes = Router::new()
        .route("/webhook", post(take))
        .with_state(taken);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, events)
}

#[tokio::test]
async fn events_reach_the_shop_in_the_manner_that_was_asked_for_until_it_takes_them() {
    let good = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ];
    let mut bad: Vec<&str> = good.iter().flat_map(|kind| [*kind; 2]).collect();
    bad.reverse();
    for (manner, expected) in [(Manner::GOOD, good.to_vec()), (Manner::BAD, bad)] {
        let provider = provider().await;
        let (session, _) = checkout(&provider).await;
        let (webhook, mut taken) = shop().await;
        provider.deliver_to(&webhook, manner);
        provider.act(&session, Action::Pay).unwrap();
        let mut kinds = Vec::new();
        for _ in 0..expected.len() {
            let (kind, signature) = tokio::time::timeout(PATIENCE, taken.recv())
                .await
                .unwrap()
                .unwrap();
            assert!(
                signature.starts_with(&format!("t={NOW},v1=")),
                "{signature}"
            );
            kinds.push(kind);
        }
        assert_eq!(kinds, expected);
    }
}

#[tokio::test]
async fn the_inbox_shows_what_was_taken_to_people_and_programs() {
    let setup = ses::Setup {
        domain: "games.test".to_owned(),
        sets: vec!["orders".to_owned()],
    };
    let service = ses::Ses::start(setup).await.unwrap();
    let text = |data: &str| serde_json::json!({"Data": data, "Charset": "UTF-8"});
    let letter = serde_json::json!({
        "FromEmailAddress": "Shop <shop@games.test>", "ConfigurationSetName": "orders",
        "Destination": {"ToAddresses": ["ada@example.org"]},
        "Content": {"Simple": {"Subject": text("Tom & Jerry"), "Body": {"Text": text("hello"), "Html": text("<p>hello")}}},
    });
    let send = async |signature: &str| {
        let sent = client()
            .post(format!("{}/v2/email/outbound-emails", service.url()))
            .header("authorization", signature)
            .json(&letter);
        sent.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("none").await, 403);
    assert_eq!(
        send("AWS4-HMAC-SHA256 Credential=x/20260528/us-east-1/ses/aws4_request").await,
        200
    );
    let read = async |path: &str| {
        let url = format!("{}{path}", service.url());
        client()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let inbox: Value = serde_json::from_str(&read("/inbox").await).unwrap();
    assert_eq!(inbox[0]["text"], "hello");
    assert!(
        read("/")
            .await
            .contains("Tom &amp; Jerry</a> to ada@example.org")
    );
    let id = inbox[0]["id"].as_str().unwrap();
    assert_eq!(read(&format!("/letters/{id}")).await, "<p>hello");
    assert_eq!(service.asked(), 2);
}
