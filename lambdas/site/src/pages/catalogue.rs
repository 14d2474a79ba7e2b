//! The shelf of games and the page of one of them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use latchkey_platform::money::{Currency, Money};
use latchkey_platform::titles::{FilePath, Slug, Span, TitleVersion, VersionRef};

use crate::forms::Part;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::text::{Facts, fill};
use crate::view::{self, Shell};

/// A title as it is shown on the shelf and beside forms.
pub(crate) struct Card {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) tagline: String,
    pub(crate) picture: String,
    pub(crate) players: String,
    pub(crate) minutes: String,
    /// The price in euro, which every title has. The checkout shows it in the currency of the buyer's country.
    pub(crate) price: String,
}

impl Card {
    /// Shows a title.
    pub(crate) fn new(title: &TitleVersion, t: &Facts) -> Self {
        let manifest = &title.manifest;
        Self {
            slug: title.slug.to_string(),
            name: manifest.name.clone(),
            tagline: manifest.tagline.clone(),
            picture: file_url(&title.reference(), &manifest.picture),
            players: players(manifest.players, t),
            minutes: minutes(manifest.minutes, t),
            price: manifest
                .price(Currency::EUR)
                .map(Money::shown)
                .unwrap_or_default(),
        }
    }
}

/// The address of a file of a title's game folder.
pub(crate) fn file_url(version: &VersionRef, path: &FilePath) -> String {
    format!(
        "/t/{}/{}/games/{}/{path}",
        version.slug, version.number, version.slug
    )
}

fn players(span: Span, t: &Facts) -> String {
    match (span.min, span.max) {
        (1, 1) => t.one_player.to_owned(),
        (min, max) if min == max => fill(t.players, &[("n", &max.to_string())]),
        (min, max) => fill(
            t.player_range,
            &[("min", &min.to_string()), ("max", &max.to_string())],
        ),
    }
}

fn minutes(span: Span, t: &Facts) -> String {
    if span.min == span.max {
        fill(t.minutes, &[("n", &span.max.to_string())])
    } else {
        fill(
            t.minute_range,
            &[
                ("min", &span.min.to_string()),
                ("max", &span.max.to_string()),
            ],
        )
    }
}

/// The newest version of a title by its slug; text that is no slug names no title.
pub(crate) async fn newest(site: &Site, slug: &str) -> Result<TitleVersion, Refusal> {
    let slug: Slug = slug.parse().map_err(|_| Refusal::NotFound)?;
    let found = site
        .platform
        .titles
        .newest(&slug)
        .await
        .map_err(Refusal::busy)?;
    found.ok_or(Refusal::NotFound)
}

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage {
    shell: Shell,
    cards: Vec<Card>,
}

/// `GET /`.
pub(crate) async fn list(State(site): State<Site>) -> Result<Response, Refusal> {
    let shell = Shell::public(site.is_dev());
    let titles = site.platform.titles.list().await.map_err(Refusal::busy)?;
    let cards = titles
        .iter()
        .map(|title| Card::new(title, &shell.t.facts))
        .collect();
    Ok(view::shared(
        &CataloguePage { shell, cards },
        Allow::nothing(),
    ))
}

#[derive(Template)]
#[template(path = "title.html")]
struct TitlePage {
    shell: Shell,
    card: Card,
    description: String,
}

/// `GET /titles/{slug}`.
pub(crate) async fn title(
    State(site): State<Site>,
    Part(slug): Part<String>,
) -> Result<Response, Refusal> {
    let shell = Shell::public(site.is_dev());
    let title = newest(&site, &slug).await?;
    let card = Card::new(&title, &shell.t.facts);
    let description = title.manifest.description;
    Ok(view::shared(
        &TitlePage {
            shell,
            card,
            description,
        },
        Allow::nothing(),
    ))
}
