//! Publishing, manifests and the paths of bundles.

use super::*;
use crate::fakes::{World, samples};
use crate::places::Country;

#[tokio::test]
async fn same_content_is_the_same_version_and_other_content_the_next_number() {
    let world = World::default();
    let numbers = [
        (world.publish("a").await.version.number, 1),
        (world.publish("a").await.version.number, 1),
        (world.publish("b").await.version.number, 2),
        // Going back is a publication too: the newest version is what is sold.
        (world.publish("a").await.version.number, 3),
    ];
    assert!(
        numbers.iter().all(|(got, expected)| got == expected),
        "{numbers:?}"
    );
}

#[tokio::test]
async fn a_version_keeps_its_files_when_a_newer_one_is_published() {
    let world = World::default();
    world.publish("old").await;
    world.publish("new").await;
    let path: FilePath = "games/small-game/main.js".parse().unwrap();
    let file = world
        .titles
        .file(&samples::small_game(1), &path)
        .await
        .unwrap();
    assert_eq!(file.as_deref(), Some(&b"old"[..]));
}

#[test]
fn the_hash_changes_with_any_path_or_content_and_not_with_the_order() {
    let hash = |files: &[(&str, &str)]| {
        let files = files
            .iter()
            .map(|(path, text)| (*path, text.as_bytes().to_vec()));
        Bundle::of(files).unwrap().hash()
    };
    let base = hash(&[("a", "1"), ("b", "2")]);
    assert_eq!(base, hash(&[("b", "2"), ("a", "1")]));
    for other in [
        [("a", "1"), ("b", "3")],
        [("a", "1"), ("c", "2")],
        [("a", "1b"), ("b", "2")],
    ] {
        assert_ne!(base, hash(&other));
    }
    assert_eq!(base.len(), 64);
}

#[test]
fn a_path_cannot_leave_its_folder() {
    for path in [
        "", "/a", "a/", "a//b", "..", "../a", "a/../b", ".a", "a/.b", "a\\b", "a b", "ä", "C:a",
    ] {
        assert!(path.parse::<FilePath>().is_err(), "{path:?}");
    }
    assert!("a".repeat(201).parse::<FilePath>().is_err());
    let path: FilePath = "games/x/cover.min.svg".parse().unwrap();
    assert_eq!(path.extension(), "svg");
}

#[test]
fn slugs_are_words_joined_by_hyphens() {
    for slug in ["a", "locked-study", "2048"] {
        assert!(slug.parse::<Slug>().is_ok(), "{slug}");
    }
    for slug in [
        "",
        "-",
        "a-",
        "-a",
        "a--b",
        "A",
        "a_b",
        "a/b",
        "ä",
        &"a".repeat(65),
    ] {
        assert_eq!(slug.parse::<Slug>(), Err(SlugError), "{slug}");
    }
}

#[test]
fn a_manifest_says_which_field_is_wrong() {
    let file = |path: &str| path.parse::<FilePath>().unwrap();
    let json = samples::bundle("1")
        .file(&file("games/small-game/title.json"))
        .unwrap()
        .to_vec();
    let json = String::from_utf8(json).unwrap();
    let parse = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        TitleManifest::parse(json.replace(from, to).as_bytes())
    };
    let manifest = parse("It", "That").unwrap();
    assert_eq!(manifest.tagline, "That is small.");
    assert_eq!(manifest.prices().count(), 3);
    let wrong = [
        ("\"small-game\"", "\"Small\"", "slug"),
        ("\"Small Game\"", "\" \"", "name"),
        ("\"min\":10", "\"min\":20", "minutes"),
        ("\"min\":1,", "\"min\":0,", "players"),
        ("main.js", "../main.js", "path"),
        ("\"JPY\":3200", "\"JPY\":0", "JPY"),
        ("JPY", "XXX", "XXX"),
        ("\"EUR\":1990,", "", "EUR"),
        ("\"EUR\":1990", "\"EUR\":19.9", "read"),
    ];
    for (from, to, named) in wrong {
        let error = parse(from, to).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_manifest_is_the_same_after_being_stored() {
    let manifest = samples::bundle("1").manifest().unwrap();
    let json = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(TitleManifest::parse(&json), Ok(manifest));
}

#[test]
fn buyers_pay_in_their_currency_where_the_title_has_a_price_in_it_and_else_in_euro() {
    let manifest = samples::bundle("1").manifest().unwrap();
    let price = |code: &str| manifest.price_in(Country::parse(code).unwrap()).to_string();
    assert_eq!(price("JP"), "3200 JPY");
    assert_eq!(price("KW"), "6.500 KWD");
    assert_eq!(price("FR"), "19.90 EUR");
    assert_eq!(price("US"), "19.90 EUR");
}

#[test]
fn a_bundle_without_what_its_manifest_names_is_refused() {
    let without = |path: &str| {
        let bundle = samples::bundle("1");
        let files = bundle.files().filter(|(other, _)| other.as_str() != path);
        let files: Vec<_> = files.map(|(p, c)| (p.to_string(), c.to_vec())).collect();
        Bundle::of(files).unwrap().manifest()
    };
    assert!(matches!(
        without("games/small-game/main.js"),
        Err(BundleError::Missing(_))
    ));
    assert!(matches!(
        without("games/small-game/title.json"),
        Err(BundleError::Manifests(0))
    ));
    let files = samples::bundle("1");
    let moved = files
        .files()
        .map(|(p, c)| (p.as_str().replace("small-game", "other"), c.to_vec()));
    let moved = Bundle::of(moved).unwrap().manifest();
    assert!(
        matches!(moved, Err(BundleError::Folder { .. })),
        "{moved:?}"
    );
}

#[test]
fn the_first_title_can_be_published() {
    let json = include_bytes!("../../../web/games/locked-study/title.json");
    assert_eq!(
        TitleManifest::parse(json).unwrap().slug.as_str(),
        "locked-study"
    );
}
