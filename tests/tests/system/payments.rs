//! Payment events, well and badly delivered: whatever comes in whatever order, one payment makes one game and one mail,
//! and nothing but a payment makes any.

use std::time::Duration;

use hyper::Method;
use latchkey_tests::http::{Answer, Ask, Visitor};
use latchkey_tests::mail::mails_to;
use latchkey_tests::payments::signature;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::secrets::Secrets;
use latchkey_tests::shop;
use latchkey_tests::wait::{PATIENCE, eventually, unix_seconds};
use serde_json::{Value, json};

fn completed(payment: &str) -> Value {
    let object = json!({"object": "checkout.session", "id": payment, "payment_status": "paid", "amount_total": 1990, "currency": "eur"});
    json!({"id": "evt_1", "object": "event", "livemode": false, "type": "checkout.session.completed", "data": {"object": object}})
}

async fn post(site: &str, signature: &str, body: &str) -> anyhow::Result<Answer> {
    let ask = Ask::new(Method::POST, "/webhooks/payments").header("stripe-signature", signature);
    Visitor::new(site)
        .send(ask.body("application/json", body.to_owned()))
        .await
}

/// Posts an event signed as the provider signs it now.
async fn deliver(platform: &Platform, event: &Value) -> anyhow::Result<Answer> {
    let body = event.to_string();
    let signature = signature(
        &Secrets::of(platform.data())?.webhook,
        unix_seconds(),
        &body,
    );
    post(platform.site(), &signature, &body).await
}

/// See [`one_game_and_one_mail_within`]; for purchases that nothing interrupted.
async fn one_game_and_one_mail(
    platform: &Platform,
    email: &str,
    launch: &str,
) -> anyhow::Result<()> {
    one_game_and_one_mail_within(PATIENCE, platform, email, launch).await
}

/// Waits until the purchase mail is there, asks for all links of the address, and waits for that mail too: the
/// second one lists every game of the address, so nothing that was made twice stays hidden.
pub(crate) async fn one_game_and_one_mail_within(
    longest: Duration,
    platform: &Platform,
    email: &str,
    launch: &str,
) -> anyhow::Result<()> {
    let mut visitor = Visitor::new(platform.site());
    let form = visitor.get("/resend").await?.expect(200)?.form("/resend")?;
    visitor
        .submit(&form.with("email", email))
        .await?
        .expect(200)?;
    let mails = eventually(
        longest,
        "the purchase mail and the list of games",
        async || {
            let mails = mails_to(platform.data(), email)?;
            Ok((mails.len() >= 2).then_some(mails))
        },
    )
    .await?;
    anyhow::ensure!(
        mails.len() == 2,
        "{} mails to {email}: {mails:#?}",
        mails.len()
    );
    for mail in &mails {
        let links = mail.text.matches("/l/").count();
        anyhow::ensure!(
            links == 1 && mail.text.contains(launch),
            "{links} links in {mail:#?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn an_event_that_comes_twice_or_late_makes_one_game_and_one_mail() -> anyhow::Result<()> {
    say("system", "payment events");
    let platform = Platform::start("system-twice").await?;
    for (email, how) in [
        ("twice@example.org", ["twice"].as_slice()),
        ("late@example.org", &["late"]),
        ("both@example.org", &["twice", "late"]),
    ] {
        let mut buyer = Visitor::new(platform.site());
        let (order, till) = shop::order(&mut buyer, email, "DE").await?;
        let page = shop::pay(&mut buyer, &till, how).await?;
        let launch = shop::collect(&mut buyer, &page).await?;
        for _ in 0..3 {
            deliver(&platform, &completed(&order.payment))
                .await?
                .expect(200)?;
        }
        assert_eq!(shop::collect(&mut buyer, &page).await?, launch);
        one_game_and_one_mail(&platform, email, &launch).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_event_alone_fulfils_when_the_buyer_never_comes_back() -> anyhow::Result<()> {
    let platform = Platform::start("system-event").await?;
    let mut buyer = Visitor::new(platform.site());
    let (_, till) = shop::order(&mut buyer, "gone@example.org", "DE").await?;
    let page = shop::pay(&mut buyer, &till, &[]).await?;
    eventually(
        PATIENCE,
        "the mail to a buyer who closed the page",
        async || Ok((!mails_to(platform.data(), "gone@example.org")?.is_empty()).then_some(())),
    )
    .await?;
    let launch = buyer.get(&page).await?.expect(200)?.link("/l/")?;
    let launch = launch.trim_start_matches(platform.site());
    one_game_and_one_mail(&platform, "gone@example.org", launch).await
}

#[tokio::test]
async fn confirmations_and_events_racing_each_other_make_one_game_and_one_mail()
-> anyhow::Result<()> {
    let platform = Platform::start("system-race").await?;
    let mut buyer = Visitor::new(platform.site());
    let (order, till) = shop::order(&mut buyer, "race@example.org", "DE").await?;
    let page = shop::pay(&mut buyer, &till, &["twice"]).await?;
    let event = completed(&order.payment);
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..16 {
        let (mut buyer, page, body) = (buyer.clone(), page.clone(), event.to_string());
        let signature = signature(
            &Secrets::of(platform.data())?.webhook,
            unix_seconds(),
            &body,
        );
        racers.spawn(async move {
            if racer % 2 == 0 {
                shop::collect(&mut buyer, &page).await.map(drop)
            } else {
                post(buyer.site(), &signature, &body)
                    .await?
                    .expect(200)
                    .map(drop)
            }
        });
    }
    while let Some(racer) = racers.join_next().await {
        racer??;
    }
    let launch = shop::collect(&mut buyer, &page).await?;
    one_game_and_one_mail(&platform, "race@example.org", &launch).await
}

#[tokio::test]
async fn forged_stale_and_garbled_events_are_refused_and_change_nothing() -> anyhow::Result<()> {
    let platform = Platform::start("system-forged").await?;
    let mut buyer = Visitor::new(platform.site());
    let (order, till) = shop::order(&mut buyer, "forged@example.org", "DE").await?;
    let page = shop::pay(&mut buyer, &till, &["late"]).await?;
    let secret = Secrets::of(platform.data())?.webhook;
    let (now, body) = (unix_seconds(), completed(&order.payment).to_string());
    let right = signature(&secret, now, &body);
    let refused = [
        (String::new(), body.clone()),
        ("garbage".to_owned(), body.clone()),
        (format!("t={now}"), body.clone()),
        (format!("t={now},v1=00"), body.clone()),
        (format!("t={now},v1={}", "0".repeat(64)), body.clone()),
        (signature(b"another secret", now, &body), body.clone()),
        (signature(&secret, now - 400, &body), body.clone()),
        (signature(&secret, now + 400, &body), body.clone()),
        (right.clone(), format!("{body} ")),
        (right.replacen("v1=", "v0=", 1), body.clone()),
        (signature(&secret, now, "not JSON"), "not JSON".to_owned()),
        (signature(&secret, now, "{}"), "{}".to_owned()),
    ];
    for (signature, body) in &refused {
        post(platform.site(), signature, body).await?.expect(400)?;
    }
    let large = "x".repeat(300 * 1024);
    post(platform.site(), &signature(&secret, now, &large), &large)
        .await?
        .expect(413)?;
    let thanks = buyer.get(&page).await?.expect(200)?;
    assert!(
        thanks.link("/l/").is_err(),
        "nothing refused confirms a payment"
    );
    // A signature under the old and the new secret, as while one is being changed, is taken.
    let two = format!("{right},v1={}", "1".repeat(64));
    post(platform.site(), &two, &body).await?.expect(200)?;
    let launch = buyer.get(&page).await?.expect(200)?.link("/l/")?;
    one_game_and_one_mail(
        &platform,
        "forged@example.org",
        launch.trim_start_matches(platform.site()),
    )
    .await
}

#[tokio::test]
async fn an_event_is_a_hint_and_the_till_is_asked_what_was_paid() -> anyhow::Result<()> {
    let platform = Platform::start("system-hint").await?;
    let mut buyer = Visitor::new(platform.site());
    let (order, till) = shop::order(&mut buyer, "unpaid@example.org", "DE").await?;
    let mut cheap = completed(&order.payment);
    cheap["data"]["object"]["amount_total"] = json!(1);
    deliver(&platform, &cheap).await?.expect(200)?;
    deliver(&platform, &completed(&order.payment))
        .await?
        .expect(200)?;
    let unknown = deliver(&platform, &completed("cs_unknown")).await?;
    assert!(
        unknown.status.is_server_error() || unknown.status.is_success(),
        "{}",
        unknown.status
    );
    let other = json!({"id": "evt_2", "livemode": false, "type": "customer.created", "data": {"object": {"id": "cus_1"}}});
    deliver(&platform, &other).await?.expect(200)?;

    let declined = shop::press(&mut buyer, &till, "decline", &[])
        .await?
        .expect(303)?;
    let cancelled = declined.header("location").to_owned();
    let told = buyer.get(&cancelled).await?.expect(200)?;
    assert!(told.path.contains("/cancelled"));
    assert!(
        mails_to(platform.data(), "unpaid@example.org")?.is_empty(),
        "nothing was paid"
    );
    // A declined card may be followed by one that works.
    let till = buyer
        .get(&format!("/dev/till/{}", order.payment))
        .await?
        .expect(200)?;
    let page = shop::pay(&mut buyer, &till, &[]).await?;
    let launch = shop::collect(&mut buyer, &page).await?;
    one_game_and_one_mail(&platform, "unpaid@example.org", &launch).await
}

#[tokio::test]
async fn leaving_the_till_buys_nothing_and_every_currency_can_be_paid() -> anyhow::Result<()> {
    let platform = Platform::start("system-currencies").await?;
    let mut buyer = Visitor::new(platform.site());
    let (_, till) = shop::order(&mut buyer, "left@example.org", "DE").await?;
    let left = shop::press(&mut buyer, &till, "abandon", &[])
        .await?
        .expect(303)?;
    buyer.get(left.header("location")).await?.expect(200)?;
    for (country, price) in [
        ("JP", "3,200"),
        ("KW", "6.500"),
        ("GB", "16.90"),
        ("US", "21.90"),
    ] {
        let email = format!("{}@example.org", country.to_lowercase());
        let (_, till) = shop::order(&mut buyer, &email, country).await?;
        let text = latchkey_tests::html::visible_text(&till.text());
        let plain = text.replace(['\u{a0}', '\u{202f}'], " ");
        assert!(
            plain.contains(price) || plain.contains(&price.replace(',', "")),
            "{country}: {text}"
        );
        let page = shop::pay(&mut buyer, &till, &[]).await?;
        shop::collect(&mut buyer, &page).await?;
    }
    assert!(mails_to(platform.data(), "left@example.org")?.is_empty());
    Ok(())
}
