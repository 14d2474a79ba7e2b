//! The business on this machine: its titles published, its site as routes, its staff.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use latchkey_embedded::Embedded;
use latchkey_embedded::archive::EmbeddedArchive;
use latchkey_embedded::bridge::ArchiveHistory;
use latchkey_embedded::rooms::Rooms;
use latchkey_jobs::{Handlers, Letters, Results};
use latchkey_platform::Platform;
use latchkey_platform::mail::SendOnce;
use latchkey_platform::titles;
use latchkey_site::{Dev, Site, SiteConfig};

use crate::cli::Up;
use crate::{bundles, workers};

/// Publishes the titles that are not published yet.
pub(crate) async fn publish(settings: &Up, embedded: &Embedded) -> Result<()> {
    let bundles = match &settings.titles {
        Some(folder) => bundles::of_folder(folder)?,
        None => bundles::built_in()?,
    };
    for bundle in &bundles {
        let published = titles::publish(&*embedded.titles, bundle, embedded.clock.now()).await?;
        if published.new {
            tracing::info!(title = %published.version.slug, version = published.version.number, "title published");
        }
    }
    Ok(())
}

/// The site's routes.
pub(crate) fn site(embedded: &Embedded, platform: &Platform, proxies: usize) -> Router {
    let dev = Dev {
        till: embedded.till.clone(),
        outbox: embedded.outbox.clone(),
    };
    let config = SiteConfig {
        dev: Some(dev),
        proxies,
        ..SiteConfig::default()
    };
    latchkey_site::router(&Site::new(platform.clone(), config))
}

/// Who works for it beside the site.
pub(crate) fn staff(
    embedded: &Embedded,
    platform: &Platform,
    rooms: &Rooms,
    site: Router,
) -> workers::Staff {
    let results = Results {
        games: embedded.games.clone(),
        history: Arc::new(ArchiveHistory(EmbeddedArchive::new(rooms.clone()))),
        stats: embedded.stats.clone(),
        clock: embedded.clock.clone(),
    };
    let letters = Letters {
        orders: embedded.orders.clone(),
        games: embedded.games.clone(),
        titles: embedded.titles.clone(),
        mail: SendOnce {
            sends: embedded.sends.clone(),
            stops: embedded.stops.clone(),
            mailer: embedded.outbox.clone(),
            clock: embedded.clock.clone(),
            // The folder's lock lets one process at a time use the folder.
            alone_since: embedded.clock.now(),
        },
        links: platform.launch.links.clone(),
    };
    workers::Staff {
        queue: embedded.queue.clone(),
        handlers: Handlers {
            letters: Some(letters),
            results: Some(results),
        },
        effects: platform.fulfilment.effects.clone(),
        till: embedded.till.clone(),
        site,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::http::StatusCode;
    use latchkey_embedded::bridge::FleetPlacement;
    use latchkey_embedded::directory::EmbeddedDirectory;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn visitors_behind_the_proxies_that_were_told_of_are_counted_apart() {
        let folder = tempfile::tempdir().unwrap();
        let embedded =
            Embedded::open(folder.path(), "https://games.test".parse().unwrap()).unwrap();
        let rooms = Rooms::open(&folder.path().join("rooms.db")).unwrap();
        let directory = EmbeddedDirectory::open(&folder.path().join("directory.db"), &rooms);
        let platform = embedded.platform(Arc::new(FleetPlacement(directory.unwrap())));
        let router = site(&embedded, &platform, 1);
        let guess = async |visitor: &str| {
            let mut request = axum::http::Request::get(format!("/l/{}", "A".repeat(43)))
                .header("x-forwarded-for", visitor)
                .body(Body::empty())
                .unwrap();
            let proxy = SocketAddr::from(([127, 0, 0, 1], 1));
            request.extensions_mut().insert(ConnectInfo(proxy));
            let Ok(answer) = router.clone().oneshot(request).await;
            answer.status()
        };
        // More guesses than two windows of the limit allow, should a window end meanwhile.
        let mut answers = Vec::new();
        while answers.len() < 61 {
            answers.push(guess("192.0.2.1").await);
        }
        assert!(answers.contains(&StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(guess("192.0.2.2").await, StatusCode::NOT_FOUND);
    }
}
