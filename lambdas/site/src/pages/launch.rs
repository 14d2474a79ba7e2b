//! The launch page of a game's link: taking a seat, and the lobby of those who have one.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use latchkey_platform::games::{Game, PALETTE, Seat};
use latchkey_platform::launch::{LaunchError, SeatClaim, SeatKey};
use latchkey_platform::limits::SEATS;
use latchkey_platform::rate;
use latchkey_platform::tokens::Token;
use latchkey_protocol::profile::Profile;
use latchkey_protocol::{Colour, MemberId, Name};
use serde::{Deserialize, Serialize};

use crate::cookie;
use crate::forms::{Fields, Part, to_script, token};
use crate::guard::client::Client;
use crate::guard::policy::Allow;
use crate::refusal::Refusal;
use crate::site::Site;
use crate::text::fill;
use crate::view::{self, FieldError, Shell};

/// The form of a seat as it was filled in.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Person {
    #[serde(default)]
    name: String,
    #[serde(default)]
    colour: String,
    #[serde(default)]
    claim: String,
}

struct Swatch {
    value: String,
    name: &'static str,
}

struct ShownSeat {
    name: String,
    colour: String,
    me: bool,
}

#[derive(Template)]
#[template(path = "launch.html")]
struct LaunchPage {
    shell: Shell,
    token: String,
    name: String,
    invited: String,
    full: Option<String>,
    person: Person,
    swatches: Vec<Swatch>,
    seats: Vec<ShownSeat>,
    errors: Vec<FieldError>,
}

#[derive(Template)]
#[template(path = "lobby.html")]
struct LobbyPage {
    shell: Shell,
    token: String,
    name: String,
    welcome: String,
    game: String,
    link: String,
    begun: bool,
    words: String,
    person: Person,
    swatches: Vec<Swatch>,
    seats: Vec<ShownSeat>,
    errors: Vec<FieldError>,
}

impl LaunchPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        view::wrong(&self.errors, field)
    }
}

impl LobbyPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        view::wrong(&self.errors, field)
    }
}

/// `GET /l/{token}`.
pub(crate) async fn show(
    State(site): State<Site>,
    Part(text): Part<String>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let game = open(&site, &client, &token(&text)?).await?;
    let seat = seat_of(&site, &game, &headers).await?;
    render(
        &site,
        &text,
        &game,
        seat.map(|(_, seat)| seat),
        None,
        Vec::new(),
    )
    .await
}

/// The game of a link. What opens nothing is counted, so that nobody tries many.
async fn open(site: &Site, client: &Client, link: &Token) -> Result<Game, Refusal> {
    match site.platform.launch.open(link).await {
        Ok(game) => Ok(game),
        Err(LaunchError::UnknownLink) => {
            site.allow(rate::MISSES, &client.0).await?;
            Err(Refusal::NotFound)
        }
        Err(error) => Err(Refusal::busy(error)),
    }
}

/// The seat this browser holds in the game, if any.
async fn seat_of(
    site: &Site,
    game: &Game,
    headers: &HeaderMap,
) -> Result<Option<(SeatKey, Seat)>, Refusal> {
    let Some(key) = cookie::seat_key(headers, game.id) else {
        return Ok(None);
    };
    match site.platform.launch.seat(game.id, &key).await {
        Ok((_, seat)) => Ok(Some((key, seat))),
        Err(LaunchError::NoSeat) => Ok(None),
        Err(error) => Err(Refusal::busy(error)),
    }
}

async fn render(
    site: &Site,
    text: &str,
    game: &Game,
    seat: Option<Seat>,
    sent: Option<Person>,
    errors: Vec<FieldError>,
) -> Result<Response, Refusal> {
    let shell = Shell::private(site.is_dev());
    let t = &shell.t.launch;
    let title = site
        .platform
        .titles
        .version(&game.title)
        .await
        .map_err(Refusal::busy)?;
    let name = title.map_or_else(|| game.title.slug.to_string(), |title| title.manifest.name);
    let fresh = errors.is_empty();
    let (token, swatches) = (text.to_owned(), swatches(&shell));
    let seats = shown(game, seat.as_ref().map(|seat| seat.member));
    let Some(seat) = seat else {
        let full = (game.seats.len() >= SEATS).then(|| fill(t.full, &[("n", &SEATS.to_string())]));
        let invited = fill(t.invited, &[("title", &name)]);
        let claim = || site.platform.launch.new_claim().to_string();
        let mut person = sent.unwrap_or_else(|| Person {
            colour: free_colour(game),
            ..Person::default()
        });
        if SeatClaim::parse(&person.claim).is_err() {
            person.claim = claim();
        }
        let page = LaunchPage {
            shell,
            token,
            name,
            invited,
            full,
            person,
            swatches,
            seats,
            errors,
        };
        let show = if fresh { view::private } else { view::unfit };
        return Ok(show(&page, Allow::nothing()));
    };
    let welcome = fill(t.welcome, &[("name", seat.profile.name.as_str())]);
    let now = || Person {
        name: seat.profile.name.as_str().to_owned(),
        colour: seat.profile.colour.to_string(),
        claim: String::new(),
    };
    let page = LobbyPage {
        token,
        name,
        welcome,
        game: game.id.to_string(),
        link: site.platform.launch.link(game).unwrap_or_default(),
        begun: game.begun_at.is_some(),
        words: serde_json::to_string(&shell.t.lobby).map_err(Refusal::fault)?,
        person: sent.unwrap_or_else(now),
        swatches,
        seats,
        errors,
        shell,
    };
    let show = if fresh { view::private } else { view::unfit };
    Ok(show(&page, Allow::room()))
}

fn swatches(shell: &Shell) -> Vec<Swatch> {
    let names = shell.t.launch.colours.iter().copied();
    PALETTE
        .iter()
        .zip(names)
        .map(|(colour, name)| Swatch {
            value: colour.to_string(),
            name,
        })
        .collect()
}

fn shown(game: &Game, me: Option<MemberId>) -> Vec<ShownSeat> {
    let seats = game.seats.iter();
    seats
        .map(|seat| ShownSeat {
            name: seat.profile.name.as_str().to_owned(),
            colour: seat.profile.colour.to_string(),
            me: Some(seat.member) == me,
        })
        .collect()
}

/// Places in the palette in the order they are given out, so that the first players get colours far from each other.
const GIVEN_OUT: [usize; PALETTE.len()] = [6, 0, 4, 8, 1, 5, 10, 2, 9, 3, 7, 11];

/// A colour nobody has yet, so that whoever does not choose stands apart all the same.
fn free_colour(game: &Game) -> String {
    let taken = |colour: &Colour| game.seats.iter().any(|seat| seat.profile.colour == *colour);
    let mut order = GIVEN_OUT.iter().map(|index| PALETTE[*index]);
    order
        .find(|colour| !taken(colour))
        .unwrap_or(PALETTE[game.seats.len() % PALETTE.len()])
        .to_string()
}

#[derive(Serialize)]
struct Saved {
    saved: bool,
}

#[derive(Serialize)]
struct Unfit<'a> {
    error: &'static str,
    message: &'a str,
}

/// `POST /l/{token}/seat`: takes a seat, or changes the name and colour of the one this browser holds.
pub(crate) async fn seat(
    State(site): State<Site>,
    Part(text): Part<String>,
    client: Client,
    headers: HeaderMap,
    Fields(person): Fields<Person>,
) -> Result<Response, Refusal> {
    let link = token(&text)?;
    let game = open(&site, &client, &link).await?;
    let held = seat_of(&site, &game, &headers).await?;
    let profile = match profile(&person) {
        Ok(profile) => profile,
        Err(errors) if to_script(&headers) => {
            let body = Unfit {
                error: "profile",
                message: errors.first().map_or("", |error| &error.message),
            };
            return Ok(view::json(StatusCode::UNPROCESSABLE_ENTITY, &body));
        }
        Err(errors) => {
            return render(
                &site,
                &text,
                &game,
                held.map(|(_, seat)| seat),
                Some(person),
                errors,
            )
            .await;
        }
    };
    let key = match held {
        Some((key, seat)) => {
            site.allow(rate::PROFILES, seat.member.as_str()).await?;
            site.platform
                .launch
                .rename(game.id, &key, &profile)
                .await
                .map_err(refused)?;
            key
        }
        None => {
            site.allow(rate::SEATS, &link.hash().to_string()).await?;
            // A form without a claim was not made by the page; a new one serves it as well, but not twice.
            let claim = SeatClaim::parse(&person.claim)
                .unwrap_or_else(|_| site.platform.launch.new_claim());
            site.platform
                .launch
                .take_seat(&link, &claim, &profile)
                .await
                .map_err(refused)?
                .1
        }
    };
    let mut response = if to_script(&headers) {
        view::json(StatusCode::OK, &Saved { saved: true })
    } else {
        view::see_other(&format!("/l/{text}"))
    };
    let kept = cookie::keep_seat(game.id, &key, site.platform.site.is_secure());
    response.headers_mut().insert(header::SET_COOKIE, kept);
    Ok(response)
}

fn profile(person: &Person) -> Result<Profile, Vec<FieldError>> {
    let t = &crate::text::en::EN.launch;
    let name = person
        .name
        .parse::<Name>()
        .map_err(|_| FieldError::new("name", t.name_wrong));
    let colour = person
        .colour
        .parse::<Colour>()
        .ok()
        .filter(|colour| PALETTE.contains(colour));
    let colour = colour.ok_or_else(|| FieldError::new("colour", t.colour_wrong));
    match (name, colour) {
        (Ok(name), Ok(colour)) => Ok(Profile { name, colour }),
        (name, colour) => Err(name.err().into_iter().chain(colour.err()).collect()),
    }
}

/// `POST /l/{token}/begin`: notes the begin and leads into the game.
pub(crate) async fn begin(
    State(site): State<Site>,
    Part(text): Part<String>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let game = open(&site, &client, &token(&text)?).await?;
    let key = cookie::seat_key(&headers, game.id).ok_or(Refusal::NoSeat)?;
    site.platform
        .launch
        .begin(game.id, &key)
        .await
        .map_err(refused)?;
    Ok(view::see_other(&format!("/games/{}/play", game.id)).into_response())
}

/// What the site says to a refusal of the launch.
pub(crate) fn refused(error: LaunchError) -> Refusal {
    match error {
        LaunchError::UnknownLink | LaunchError::UnknownGame => Refusal::NotFound,
        LaunchError::NoSeat => Refusal::NoSeat,
        LaunchError::Full | LaunchError::Colour => Refusal::Conflict {
            why: Some(capitalised(&error.to_string())),
        },
        LaunchError::RoundTrips(why) => Refusal::bad(format!("{}.", capitalised(&why.to_string()))),
        LaunchError::Placement(_) | LaunchError::Store(_) => Refusal::busy(error),
    }
}

/// A sentence of the platform's as it stands on a page.
fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| {
        first
            .to_uppercase()
            .chain(characters)
            .chain(['.'])
            .collect()
    })
}
