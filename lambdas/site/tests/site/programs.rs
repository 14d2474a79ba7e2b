//! The webhook, fault reports and the health check.

use std::time::Duration;

use latchkey_platform::payments::PaymentId;

use crate::app::App;
use crate::browser::{Asked, get};
use crate::made;

const WEBHOOK: &str = "/webhooks/payments";
const COMPLETED: &str = "checkout.session.completed";

fn event(signature: &str, body: Vec<u8>) -> Asked {
    get(WEBHOOK)
        .by("POST")
        .with("stripe-signature", signature)
        .with("content-type", "application/json; charset=utf-8")
        .body(body)
}

async fn paid() -> (App, PaymentId) {
    let app = App::new();
    let (_, payment) = made::order(&app).await;
    let payment = PaymentId::parse(&payment).expect("plain");
    app.world.payments.pay(&payment);
    (app, payment)
}

#[tokio::test]
async fn an_event_fulfils_its_order_and_its_duplicate_is_taken_without_effect() {
    let (app, payment) = paid().await;
    let (signature, body) = app.world.event(COMPLETED, &payment);
    for _ in 0..3 {
        event(&signature, body.clone()).to(&app).await.expect(200);
    }
    assert_eq!(app.world.games.all().len(), 1);
}

#[tokio::test]
async fn forged_and_unsigned_events_are_refused_with_the_reason() {
    let (app, payment) = paid().await;
    let (signature, mut body) = app.world.event(COMPLETED, &payment);
    let unsigned = get(WEBHOOK)
        .by("POST")
        .body(body.clone())
        .to(&app)
        .await
        .expect(400);
    assert!(
        unsigned.json()["message"]
            .as_str()
            .is_some_and(|text| text.contains("signature header"))
    );
    *body.last_mut().expect("a body") = b' ';
    let forged = event(&signature, body).to(&app).await.expect(400);
    assert!(
        forged.json()["message"]
            .as_str()
            .is_some_and(|text| text.contains("No signature") || text.contains("no signature"))
    );
    assert!(app.world.games.all().is_empty());
}

#[tokio::test]
async fn an_event_may_come_300_seconds_late_and_no_later() {
    let (app, payment) = paid().await;
    let (signature, body) = app.world.event(COMPLETED, &payment);
    app.world.clock.advance(Duration::from_secs(301));
    let late = event(&signature, body.clone()).to(&app).await.expect(400);
    assert!(late.text().contains("301 s"), "{}", late.text());
    assert!(app.world.games.all().is_empty());
    let (signature, body) = app.world.event(COMPLETED, &payment);
    app.world.clock.advance(Duration::from_secs(300));
    event(&signature, body).to(&app).await.expect(200);
}

#[tokio::test]
async fn a_store_in_trouble_makes_the_provider_tell_again() {
    let (app, payment) = paid().await;
    let (signature, body) = app.world.event(COMPLETED, &payment);
    let mut died = 0;
    for step in 0..200 {
        app.world.faults.die_at(step);
        let answer = event(&signature, body.clone()).to(&app).await;
        if !app.world.faults.revive() {
            answer.expect(200);
            break;
        }
        died += 1;
        let answer = answer.expect(503);
        assert_eq!(answer.header("retry-after"), "10");
    }
    assert!(died > 3, "it was interrupted at every step");
    event(&signature, body).to(&app).await.expect(200);
    assert_eq!(app.world.games.all().len(), 1);
}

#[tokio::test]
async fn events_that_concern_nothing_or_need_a_person_are_taken() {
    let (app, payment) = paid().await;
    let (signature, body) = app.world.event("customer.created", &payment);
    event(&signature, body).to(&app).await.expect(200);
    app.world.payments.change(&payment, |payment| {
        payment.amount = latchkey_platform::money::Money::zero(payment.amount.currency());
    });
    let (signature, body) = app.world.event(COMPLETED, &payment);
    event(&signature, body).to(&app).await.expect(200);
    assert!(
        app.world.games.all().is_empty(),
        "the wrong amount buys nothing"
    );
}

#[tokio::test]
async fn the_webhook_takes_events_from_servers_elsewhere_and_no_others_than_posts() {
    let (app, payment) = paid().await;
    let (signature, body) = app.world.event(COMPLETED, &payment);
    event(&signature, body)
        .with("origin", "https://provider.example")
        .to(&app)
        .await
        .expect(200);
    assert_eq!(
        get(WEBHOOK).to(&app).await.expect(405).header("allow"),
        "POST"
    );
    let large = event("t=1,v1=00", vec![b'x'; 256 * 1024 + 1])
        .to(&app)
        .await
        .expect(413);
    assert!(large.text().contains("262144"));
}

#[tokio::test]
async fn fault_reports_are_checked_and_bounded() {
    let app = App::new();
    let report = br#"{"sdk":"1.0.0","browser":"B","what":"apply","message":"x is null","where":"main.js:1"}"#;
    let sent = get("/faults")
        .by("POST")
        .with("content-type", "application/json")
        .body(*report);
    sent.to(&app).await.expect(204);
    assert_eq!(
        sent.clone()
            .body(*b"{\"sdk\":1}")
            .to(&app)
            .await
            .expect(400)
            .json()["error"],
        "bad_request"
    );
    sent.clone()
        .with("content-type", "text/plain")
        .to(&app)
        .await
        .expect(415);
    let large = sent
        .clone()
        .body(vec![b' '; 4097])
        .to(&app)
        .await
        .expect(413);
    assert!(large.text().contains("4096"));
    sent.clone()
        .with("origin", "https://evil.example")
        .to(&app)
        .await
        .expect(403);
    let mut last = sent.to(&app).await;
    for _ in 0..30 {
        last = sent.to(&app).await;
    }
    let often = last.expect(429);
    assert!(
        often
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| (1..=60).contains(&seconds))
    );
}

#[tokio::test]
async fn the_health_check_asks_no_store() {
    let app = App::new();
    app.world.faults.die_at(0);
    assert_eq!(get("/healthz").to(&app).await.expect(200).text(), "ok\n");
}
