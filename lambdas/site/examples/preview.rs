//! Serves the site over the platform's doubles, to look at its pages without a game host, a database or mail:
//! `cargo run -p latchkey-site --example preview [port]`. It prints addresses of pages in every state. Nothing is kept.

// Tests use more of it.
#[allow(dead_code)]
#[path = "../tests/site/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../tests/site/made.rs"]
mod made;

use std::net::SocketAddr;
use std::path::Path;

use app::App;
use latchkey_platform::links::{Links, SiteUrl};
use latchkey_platform::titles::{self, Bundle};
use latchkey_platform::tokens::DerivingKey;

/// The files below `web/games` and `web/sdk`, as a published version has them.
fn bundle(game: &str) -> Bundle {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let mut files = Vec::new();
    for folder in [format!("games/{game}"), "sdk".to_owned()] {
        gather(&web, Path::new(&folder), &mut files);
    }
    Bundle::of(files).expect("the game in the tree is one that can be published")
}

fn gather(web: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(web.join(folder)).expect("the folder is there") {
        let name = entry.expect("it can be listed").file_name();
        let path = folder.join(&name);
        if web.join(&path).is_file() {
            let bytes = std::fs::read(web.join(&path)).expect("the file can be read");
            files.push((path.to_str().expect("names are ASCII").to_owned(), bytes));
        } else if name != "test" && name != "node_modules" {
            gather(web, &path, files);
        }
    }
}

#[tokio::main]
async fn main() {
    tracing_subscriber::fmt().init();
    let port = std::env::args()
        .nth(1)
        .and_then(|port| port.parse().ok())
        .unwrap_or(8088);
    let origin = format!("http://127.0.0.1:{port}");
    let site: SiteUrl = origin.parse().expect("an origin");
    let app = App::with(
        |world, config| {
            // The doubles send everybody to a host that is not there.
            config.room_origins = vec!["ws://play.test".to_owned()];
            let platform = &mut world.platform;
            let links = Links::new(DerivingKey::new([3; 32]), site.clone());
            platform.checkouts.site = site.clone();
            (platform.launch.links, platform.fulfilment.effects.links) = (links.clone(), links);
            platform.site = site;
        },
        true,
    );
    titles::publish(
        &*app.world.titles,
        &bundle("locked-study"),
        latchkey_platform::fakes::samples::NOW,
    )
    .await
    .expect("the double takes it");
    for (what, path) in made::pages(&app).await {
        println!("{what} {origin}{path}");
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("the port is free");
    let service = app
        .router
        .clone()
        .into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .await
        .expect("the listener works");
}
