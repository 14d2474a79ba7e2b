//! What the shop refuses: forms filled in wrongly, addresses that lead nowhere, sizes, rates, and other sites.

use hyper::Method;
use latchkey_tests::html::visible_text;
use latchkey_tests::http::{Answer, Ask, Visitor};
use latchkey_tests::mail::mails_to;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::shop;
use latchkey_tests::wait::{PATIENCE, eventually};

const FORM: &str = "application/x-www-form-urlencoded";

/// A refusal is a page in whole sentences with the given status, and nobody keeps it.
fn helps(answer: &Answer, status: u16) {
    let text = visible_text(&answer.text());
    assert_eq!(answer.status.as_u16(), status, "{}: {text}", answer.path);
    assert!(
        text.len() > 60,
        "{} says what was wrong and what to do: {text}",
        answer.path
    );
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{}",
        answer.path
    );
}

#[tokio::test]
async fn a_form_filled_in_wrongly_comes_back_with_everything_wrong_named() -> anyhow::Result<()> {
    say("system", "the shop's refusals");
    let platform = Platform::start("system-forms").await?;
    let mut buyer = Visitor::new(platform.site());
    let form = shop::checkout(&mut buyer).await?;
    let empty = buyer.submit(&form).await?.expect(422)?;
    let page = empty.text();
    for field in ["email", "country", "terms"] {
        assert!(
            page.contains(&format!("id=\"{field}-wrong\"")),
            "{field} is named"
        );
    }
    for email in [
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@example.org\r\nBcc: x@y.z",
    ] {
        let wrong = shop::filled(form.clone(), email, "DE");
        let answer = buyer.submit(&wrong).await?.expect(422)?;
        assert!(!answer.text().contains("Bcc: x@y.z\r"), "{email:?}");
    }
    let nowhere = shop::filled(form.clone(), "ada@example.org", "ZZ");
    buyer.submit(&nowhere).await?.expect(422)?;
    let disagrees = shop::filled(form, "ada@example.org", "DE").without("terms");
    buyer.submit(&disagrees).await?.expect(422)?;
    Ok(())
}

#[tokio::test]
async fn names_and_colours_out_of_form_are_refused_and_the_form_keeps_what_was_entered()
-> anyhow::Result<()> {
    let platform = Platform::start("system-names").await?;
    let bought = shop::buy(&mut Visitor::new(platform.site()), "names@example.org").await?;
    let mut guest = Visitor::new(platform.site());
    let form = guest.get(&bought.launch).await?.expect(200)?.form("/l/")?;
    let colour = form
        .choices_of("colour")
        .first()
        .map_or("#336699", |colour| colour)
        .to_owned();
    for name in ["", "   ", "\u{200b}", "a\u{202e}b", &"x".repeat(25)] {
        let filled = form.clone().with("name", name).with("colour", &colour);
        let answer = guest.submit(&filled).await?.expect(422)?;
        assert!(answer.text().contains("name-wrong"), "{name:?}");
    }
    let red = form.clone().with("name", "Ada").with("colour", "red");
    assert_eq!(guest.submit(&red).await?.status.as_u16(), 422);
    assert!(
        guest.seat_cookie().is_none(),
        "nothing refused gives a seat"
    );
    let longest = "👩‍👩‍👧‍👦".repeat(12);
    shop::sit(guest, &bought.launch, &longest).await?;
    Ok(())
}

#[tokio::test]
async fn addresses_that_lead_nowhere_sizes_and_methods_are_refused_with_help() -> anyhow::Result<()>
{
    let platform = Platform::start("system-refusals").await?;
    let mut visitor = Visitor::new(platform.site());
    for path in [
        "/nothing",
        "/titles/no-such-title",
        "/titles/no-such-title/buy",
        "/orders/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/l/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "/l/short",
        "/games/not-a-game/play",
        "/assets/0000/css/base.css",
        "/t/locked-study/999/main.js",
        "/t/locked-study/1/../../Cargo.toml",
        "/t/locked-study/1/%2e%2e/%2e%2e/Cargo.toml",
        "/dev/till/nothing",
        "/dev/outbox/nothing",
    ] {
        let answer = visitor.get(path).await?;
        assert_eq!(answer.status.as_u16(), 404, "{path}");
    }
    helps(&visitor.get("/nothing").await?, 404);
    helps(&visitor.get("/games/0123456789abcdefghjk/play").await?, 403);
    helps(&visitor.send(Ask::new(Method::DELETE, "/")).await?, 405);
    helps(
        &visitor
            .send(Ask::new(Method::GET, &format!("/{}", "x".repeat(1100))))
            .await?,
        414,
    );
    let fat = Ask::new(Method::GET, "/").header("x-fat", &"x".repeat(17 * 1024));
    helps(&visitor.send(fat).await?, 431);
    let big = Ask::new(Method::POST, "/resend").body(FORM, "x".repeat(9 * 1024));
    helps(&visitor.send(big).await?, 413);
    let other = Ask::new(Method::POST, "/resend").body("text/plain", "email=a%40b.example");
    helps(&visitor.send(other).await?, 415);
    let foreign = Ask::new(Method::POST, "/resend").header("origin", "http://evil.example");
    helps(
        &visitor
            .send(foreign.body(FORM, "email=a%40b.example"))
            .await?,
        403,
    );
    Ok(())
}

#[tokio::test]
async fn a_get_changes_nothing_however_often_a_mail_scanner_follows_the_links() -> anyhow::Result<()>
{
    let platform = Platform::start("system-scanner").await?;
    let mut buyer = Visitor::new(platform.site());
    let (_, till) = shop::order(&mut buyer, "scanned@example.org", "DE").await?;
    let page = shop::pay(&mut buyer, &till, &["late"]).await?;
    let mut scanner = Visitor::new(platform.site());
    for _ in 0..3 {
        let thanks = scanner.get(&page).await?.expect(200)?;
        assert!(
            thanks.link("/l/").is_err(),
            "looking at the page confirms nothing"
        );
    }
    let launch = shop::collect(&mut buyer, &page).await?;
    for _ in 0..3 {
        let door = scanner.get(&launch).await?.expect(200)?;
        assert!(door.form("/l/").is_ok(), "still the form, no seat");
        for path in [
            format!("{launch}/seat"),
            format!("{launch}/begin"),
            format!("{page}/confirm"),
        ] {
            assert_eq!(scanner.get(&path).await?.status.as_u16(), 405, "{path}");
        }
    }
    assert!(scanner.seat_cookie().is_none());
    let seat = shop::sit(buyer, &launch, "Ada").await?;
    let mut player = crate::players(vec![seat]).await?.remove(0);
    player
        .until("the join", |player| player.held() == 1)
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_lost_link_is_mailed_again_and_nobody_learns_who_bought() -> anyhow::Result<()> {
    let platform = Platform::start("system-resend").await?;
    let bought = shop::buy(&mut Visitor::new(platform.site()), "Lost@example.org").await?;
    let mut visitor = Visitor::new(platform.site());
    let form = visitor.get("/resend").await?.expect(200)?.form("/resend")?;
    let known = visitor
        .submit(&form.clone().with("email", "lost@example.org"))
        .await?
        .expect(200)?;
    let unknown = visitor
        .submit(&form.clone().with("email", "nobody@example.org"))
        .await?
        .expect(200)?;
    assert_eq!(known.text(), unknown.text());
    visitor
        .submit(&form.with("email", "not an address"))
        .await?
        .expect(422)?;
    eventually(
        PATIENCE,
        "the purchase mail and the resent link",
        async || {
            let mails = mails_to(platform.data(), "ost@example.org")?;
            let all =
                mails.len() >= 2 && mails.iter().all(|mail| mail.text.contains(&bought.launch));
            Ok(all.then_some(()))
        },
    )
    .await?;
    assert!(mails_to(platform.data(), "nobody@example.org")?.is_empty());
    Ok(())
}

#[tokio::test]
async fn too_many_checkouts_and_guesses_from_one_address_are_told_to_wait() -> anyhow::Result<()> {
    let platform = Platform::start("system-rates").await?;
    let mut buyer = Visitor::new(platform.site());
    let form = shop::filled(shop::checkout(&mut buyer).await?, "many@example.org", "DE");
    let mut refused = None;
    for count in 0..62 {
        let answer = buyer.submit_only(&form).await?;
        if answer.status.as_u16() == 429 {
            refused = Some((count, answer));
            break;
        }
    }
    let (count, answer) = refused.expect("so many checkouts are too many");
    // Thirty are taken; an hour that ends in the middle makes it up to sixty.
    assert!((30..=60).contains(&count), "{count} were taken");
    helps(&answer, 429);
    assert!(
        answer
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|wait| wait > 0)
    );

    let mut guesser = Visitor::new(platform.site());
    let mut statuses = Vec::new();
    for guess in 0..62 {
        let path = format!("/l/{guess:A<42}A");
        statuses.push(guesser.get(&path).await?.status.as_u16());
    }
    assert!(
        statuses[..30].iter().all(|status| *status == 404),
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
    Visitor::new(platform.site()).get("/").await?.expect(200)?;
    Ok(())
}

#[tokio::test]
async fn a_browser_may_report_faults_and_nothing_else() -> anyhow::Result<()> {
    let platform = Platform::start("system-faults").await?;
    let mut visitor = Visitor::new(platform.site());
    let post = |kind: &str, body: String| Ask::new(Method::POST, "/faults").body(kind, body);
    let report = r#"{"sdk":"1.0.0","browser":"Test 1","what":"error","message":"it broke for ada@example.org","where":"main.js:1"}"#;
    visitor
        .send(post("application/json", report.to_owned()))
        .await?
        .expect(204)?;
    visitor
        .send(post("application/json", "{}".to_owned()))
        .await?
        .expect(400)?;
    visitor
        .send(post("application/json", "garbage".to_owned()))
        .await?
        .expect(400)?;
    visitor
        .send(post("text/plain", report.to_owned()))
        .await?
        .expect(415)?;
    let large = format!(r#"{{"sdk":"{}"}}"#, "x".repeat(5000));
    visitor
        .send(post("application/json", large))
        .await?
        .expect(413)?;
    let log = platform.whole_log()?;
    assert!(log.contains("it broke for"), "the report is in the log");
    assert!(
        !log.contains("ada@example.org"),
        "without whom it happened to"
    );
    Ok(())
}
