//! Documents that tests begin with.

use latchkey_protocol::profile::Profile;
use latchkey_protocol::{Body, Colour, Epoch, GameId, Kind, Mac, MemberId, Record, Seq, UnixMs};
use serde_json::Value;

use crate::games::{Game, PALETTE};
use crate::mail::{Email, MailKind, MessageKey};
use crate::money::{Currency, Money};
use crate::orders::{Order, OrderId};
use crate::places::{Country, TaxRate};
use crate::titles::{Bundle, TitleVersion, VersionRef};
use crate::tokens::DerivingKey;

/// A moment in 2026.
pub const NOW: UnixMs = UnixMs(1_780_000_000_000);

/// The id of the `number`-th game.
#[must_use]
pub fn game_id(number: u8) -> GameId {
    let mut bytes = [0; GameId::LENGTH];
    (bytes[0], bytes[1]) = (number & 31, number >> 5);
    GameId::from_random(bytes)
}

/// The id of the `number`-th member.
#[must_use]
pub fn member_id(number: u8) -> MemberId {
    let mut bytes = [0; MemberId::LENGTH];
    (bytes[0], bytes[1]) = (number & 31, number >> 5);
    MemberId::from_random(bytes)
}

/// The number of the `number`-th order.
#[must_use]
pub fn order_id(number: u8) -> OrderId {
    let game = game_id(number);
    game.as_str()[..16]
        .parse()
        .expect("order numbers are made of the same characters")
}

/// An order over 19.90 EUR in Germany, of the title `small-game`, that nobody has paid.
#[must_use]
pub fn order(number: u8) -> Order {
    Order {
        id: order_id(number),
        key_hash: DerivingKey::new([1; 32]).derive(&[&[number]]).hash(),
        revision: 1,
        email: format!("Buyer{number}@Example.org")
            .parse()
            .expect("an address"),
        country: Country::parse("DE").expect("a country"),
        title: "small-game".parse().expect("a slug"),
        version: None,
        price: Money::new(1990, Currency::EUR).expect("an amount"),
        tax: TaxRate(1900),
        payments: Vec::new(),
        game: None,
        effects: Vec::new(),
        created_at: UnixMs(NOW.0 + u64::from(number)),
        changed_at: UnixMs(NOW.0 + u64::from(number)),
        paid_at: None,
        refunded_at: None,
        disputed_at: None,
    }
}

/// A game of `small-game/1` without seats.
#[must_use]
pub fn game(number: u8) -> Game {
    Game {
        id: game_id(number),
        order: order_id(number),
        revision: 1,
        title: small_game(1),
        link: 1,
        link_hash: Some(DerivingKey::new([2; 32]).derive(&[&[number]]).hash()),
        created_at: NOW,
        begun_at: None,
        finished: None,
        seats: Vec::new(),
    }
}

/// A version of `small-game`.
#[must_use]
pub fn small_game(number: u32) -> VersionRef {
    VersionRef {
        slug: "small-game".parse().expect("a slug"),
        number,
    }
}

/// A bundle of `small-game` whose main module holds `code`.
#[must_use]
pub fn bundle(code: &str) -> Bundle {
    titled_bundle("small-game", code)
}

/// A bundle of any title.
#[must_use]
pub fn titled_bundle(slug: &str, code: &str) -> Bundle {
    let manifest = format!(
        r#"{{"slug":"{slug}","name":"Small Game","tagline":"It is small.","description":"A game.",
        "players":{{"min":1,"max":6}},"minutes":{{"min":10,"max":15}},"entry":"main.js",
        "style":"style.css","picture":"cover.svg","prices":{{"EUR":1990,"JPY":3200,"KWD":6500}}}}"#
    );
    let folder = format!("games/{slug}");
    Bundle::of([
        (format!("{folder}/title.json"), manifest.into_bytes()),
        (format!("{folder}/main.js"), code.as_bytes().to_vec()),
        (format!("{folder}/style.css"), b"main {}".to_vec()),
        (format!("{folder}/cover.svg"), b"<svg/>".to_vec()),
        ("sdk/index.js".to_owned(), b"export {}".to_vec()),
    ])
    .expect("a bundle")
}

/// A version with the manifest and hash of a bundle.
#[must_use]
pub fn version(number: u32, bundle: &Bundle) -> TitleVersion {
    let manifest = bundle.manifest().expect("a manifest");
    TitleVersion {
        slug: manifest.slug.clone(),
        number,
        hash: bundle.hash(),
        manifest,
        published_at: NOW,
    }
}

/// A name and the `number`-th colour of the palette.
#[must_use]
pub fn profile(name: &str, number: usize) -> Profile {
    let colour: Colour = PALETTE[number % PALETTE.len()];
    Profile {
        name: name.parse().expect("a name"),
        colour,
    }
}

/// A short message.
#[must_use]
pub fn email(key: &str) -> Email {
    Email {
        key: MessageKey::parse(key).expect("a key"),
        kind: MailKind::Purchase,
        to: "ada@example.org".parse().expect("an address"),
        subject: "Grüße from Latchkey".into(),
        text: "Hello\n.\nÄ\n".into(),
        html: "<p>Hello, <b>Ä</b></p>".into(),
        headers: vec![("Auto-Submitted".into(), "auto-generated".into())],
    }
}

/// A record `at` milliseconds after [`NOW`], from the member with this number (0: nobody).
#[must_use]
pub fn record(seq: u64, at: u64, member: u8, kind: Kind, body: &Value) -> Record {
    Record {
        seq: Seq(seq),
        epoch: Epoch(1),
        from: (member > 0).then(|| member_id(member)),
        n: seq,
        at: UnixMs(NOW.0 + at),
        kind,
        body: Body::of(body),
        mac: Mac([0; 16]),
    }
}
