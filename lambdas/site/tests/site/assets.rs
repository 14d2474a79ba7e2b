//! Assets, files of titles, and how pages are kept and compressed.

use std::io::Read as _;

use crate::app::App;
use crate::browser::{Answer, attribute, get};
use crate::made;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

async fn style(app: &App) -> String {
    let page = get("/resend").to(app).await.expect(200);
    attribute(page.text(), "css/base.css", "href")
        .expect("a style sheet")
        .to_owned()
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    match answer.header("content-encoding") {
        "br" => brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut plain),
        "gzip" => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain),
        _ => {
            plain.clone_from(&answer.body);
            Ok(0)
        }
    }
    .expect("it unpacks");
    plain
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_packed_as_the_browser_wishes() {
    let app = App::new();
    let path = style(&app).await;
    let plain = get(&path).to(&app).await.expect(200);
    assert_eq!(plain.header("content-type"), "text/css; charset=utf-8");
    let mut tags = vec![plain.header("etag").to_owned()];
    for coding in ["br", "gzip"] {
        let packed = get(&path)
            .with("accept-encoding", coding)
            .to(&app)
            .await
            .expect(200);
        assert_eq!(packed.header("content-encoding"), coding);
        assert_eq!(packed.header("cache-control"), FOR_EVER);
        assert_eq!(packed.header("vary"), "accept-encoding");
        assert!(packed.body.len() < plain.body.len() / 2);
        assert_eq!(unpacked(&packed), plain.body);
        tags.push(packed.header("etag").to_owned());
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each coding has its own strong tag");
    let known = get(&path)
        .with("if-none-match", &tags[0])
        .to(&app)
        .await
        .expect(304);
    assert!(known.body.is_empty() && known.header("etag") == tags[0]);
    get(&path)
        .with("if-none-match", "\"other\"")
        .to(&app)
        .await
        .expect(200);
    let head = get(&path).by("HEAD").to(&app).await.expect(200);
    assert!(head.body.is_empty() && head.header("etag") == tags[0]);
    assert_eq!(head.header("content-length"), plain.body.len().to_string());
}

#[tokio::test]
async fn the_sdk_lies_in_the_same_tree_as_the_sites_scripts() {
    let app = App::new();
    let path = style(&app).await;
    let tree = path.strip_suffix("/css/base.css").expect("the tree");
    for (file, kind) in [
        ("lobby.js", "text/javascript; charset=utf-8"),
        ("sdk/index.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ] {
        let answer = get(format!("{tree}/{file}")).to(&app).await.expect(200);
        assert_eq!(answer.header("content-type"), kind);
    }
    get(format!("{tree}/sdk/test/room.test.js"))
        .to(&app)
        .await
        .expect(404);
    get(format!("{tree}/../Cargo.toml"))
        .to(&app)
        .await
        .expect(404);
}

#[tokio::test]
async fn the_address_of_an_older_tree_is_kept_by_nobody() {
    let old = get("/assets/00000000000000000000/css/base.css")
        .to(&App::new())
        .await
        .expect(404);
    assert_eq!(old.header("cache-control"), "no-store");
}

#[tokio::test]
async fn files_of_a_title_version_are_kept_for_ever() {
    let app = App::new();
    app.world.publish(&"export const x = 1; ".repeat(200)).await;
    let path = "/t/small-game/1/games/small-game/main.js";
    let file = get(path)
        .with("accept-encoding", "gzip")
        .to(&app)
        .await
        .expect(200);
    assert_eq!(file.header("cache-control"), FOR_EVER);
    assert_eq!(file.header("content-encoding"), "gzip");
    assert!(unpacked(&file).starts_with(b"export const"));
    get(path)
        .with("accept-encoding", "gzip")
        .with("if-none-match", file.header("etag"))
        .to(&app)
        .await
        .expect(304);
    get("/t/small-game/1/sdk/index.js")
        .to(&app)
        .await
        .expect(200);
    for wrong in [
        "2/games/small-game/main.js",
        "01/games/small-game/main.js",
        "1/games/../title.json",
        "1/.env",
        "x/a.js",
    ] {
        let answer = get(format!("/t/small-game/{wrong}"))
            .to(&app)
            .await
            .expect(404);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn shared_pages_are_kept_shortly_and_private_ones_not_at_all() {
    let app = App::new();
    let bought = made::bought(&app).await;
    let shared = get("/")
        .with("accept-encoding", "gzip, br")
        .to(&app)
        .await
        .expect(200);
    assert!(
        shared
            .header("cache-control")
            .starts_with("public, max-age=60")
    );
    assert_eq!(shared.header("content-encoding"), "br");
    assert!(String::from_utf8_lossy(&unpacked(&shared)).contains("</html>"));
    let known = get("/")
        .with("if-none-match", shared.header("etag"))
        .to(&app)
        .await
        .expect(304);
    assert!(known.body.is_empty() && known.header("vary").contains("accept-encoding"));
    for path in [
        format!("/orders/{}", bought.order),
        format!("/l/{}", bought.link),
        format!("/games/{}/play", bought.game),
        format!("/games/{}/end", bought.game),
        "/dev/outbox".to_owned(),
    ] {
        let page = get(&path)
            .cookie(&bought.cookie())
            .to(&app)
            .await
            .expect(200);
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(page.header("etag"), "", "{path}");
        assert!(page.text().contains("noindex"), "{path}");
    }
}
