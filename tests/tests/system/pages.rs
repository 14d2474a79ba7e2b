//! What every page carries: headers for browsers and CDNs, assets that may be kept for ever, no inline script.

use hyper::Method;
use latchkey_tests::html;
use latchkey_tests::http::{Answer, Ask, Visitor};
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::shop;

fn is_guarded(page: &Answer) {
    let (path, policy) = (&page.path, page.header("content-security-policy"));
    assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
        "{path}: {policy}"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    assert!(!page.header("referrer-policy").is_empty(), "{path}");
    assert!(!page.header("permissions-policy").is_empty(), "{path}");
    assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
    let text = page.text();
    assert!(
        !text.contains("<script>") && !text.contains(" style=\"") && !text.contains(" onclick="),
        "{path}"
    );
}

#[tokio::test]
async fn every_page_is_guarded_and_every_asset_it_names_is_there() -> anyhow::Result<()> {
    say("system", "pages and assets");
    let platform = Platform::start("system-pages").await?;
    let mut visitor = Visitor::new(platform.site());
    let bought = shop::buy(&mut visitor, "pages@example.org").await?;
    let seat = shop::sit(visitor, &bought.launch, "Ada").await?;
    let mut visitor = seat.visitor;
    let (play, end) = (
        format!("/games/{}/play", seat.game),
        format!("/games/{}/end", seat.game),
    );
    let mine = [&bought.order.page, &bought.launch, &play, &end].map(String::as_str);
    let public = [
        "/",
        "/titles/locked-study",
        "/titles/locked-study/buy",
        "/resend",
        "/dev/outbox",
    ];
    let mut assets = std::collections::BTreeSet::new();
    for path in public.iter().chain(&mine).chain(&["/nothing"]) {
        let page = visitor.get(path).await?;
        is_guarded(&page);
        let kept = page.header("cache-control").to_owned();
        if mine.contains(path) {
            assert_eq!(kept, "no-store", "{path} shows a person's data");
        }
        assert!(
            page.text().contains("<html lang=\"en\">"),
            "{path} names its language"
        );
        assets.extend(html::assets(&page.text()));
    }
    assert!(assets.len() > 5, "{assets:?}");
    for path in assets {
        let answer = visitor.get(&path).await?.expect(200)?;
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable",
            "{path}"
        );
        assert!(!answer.header("etag").is_empty(), "{path}");
        assert!(
            answer
                .header("vary")
                .to_ascii_lowercase()
                .contains("accept-encoding"),
            "{path}"
        );
        let again = Ask::new(Method::GET, &path).header("if-none-match", answer.header("etag"));
        visitor.send(again).await?.expect(304)?;
    }
    Ok(())
}

#[tokio::test]
async fn text_is_compressed_for_who_can_read_it() -> anyhow::Result<()> {
    let platform = Platform::start("system-compression").await?;
    let mut visitor = Visitor::new(platform.site());
    let catalogue = visitor.get("/").await?.expect(200)?;
    let style = html::assets(&catalogue.text())
        .into_iter()
        .find(|asset| asset.ends_with(".css"));
    let style = style.expect("the catalogue has a style sheet");
    let plain = visitor.get(&style).await?.expect(200)?;
    assert_eq!(plain.header("content-encoding"), "");
    for coding in ["gzip", "br"] {
        let ask = Ask::new(Method::GET, &style).header("accept-encoding", coding);
        let answer = visitor.send(ask).await?.expect(200)?;
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.body.len() < plain.body.len(), "{coding} is smaller");
        assert_ne!(
            answer.header("etag"),
            plain.header("etag"),
            "each coding has its own tag"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_health_check_answers_and_heads_have_no_body() -> anyhow::Result<()> {
    let platform = Platform::start("system-health").await?;
    let mut visitor = Visitor::new(platform.site());
    assert_eq!(
        visitor.get("/healthz").await?.expect(200)?.text().trim(),
        "ok"
    );
    let head = visitor
        .send(Ask::new(Method::HEAD, "/"))
        .await?
        .expect(200)?;
    assert!(head.body.is_empty());
    assert!(
        visitor
            .get("/robots.txt")
            .await?
            .expect(200)?
            .text()
            .contains("Disallow: /l/")
    );
    Ok(())
}
