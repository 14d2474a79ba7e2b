//! Bundles of titles: the ones built into this binary, and those of a folder laid out alike.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use include_dir::{Dir, include_dir};
use latchkey_platform::titles::Bundle;

static GAMES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../web/games");
static SDK: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../web/sdk");

type Files = Vec<(String, Vec<u8>)>;

/// The built-in titles.
pub(crate) fn built_in() -> Result<Vec<Bundle>> {
    let mut files = Files::new();
    embedded(&GAMES, "games", &mut files);
    embedded(&SDK, "sdk", &mut files);
    bundles(&files)
}

/// The titles of a folder with `games/<slug>/` and `sdk/` in it.
pub(crate) fn of_folder(folder: &Path) -> Result<Vec<Bundle>> {
    let mut files = Files::new();
    for part in ["games", "sdk"] {
        let path = folder.join(part);
        on_disk(&path, part, &mut files).with_context(|| {
            format!(
                "{} is not a folder of titles: it needs games/<slug>/ and sdk/",
                folder.display()
            )
        })?;
    }
    bundles(&files)
}

/// One bundle for every game: its own files and the sdk's.
fn bundles(files: &Files) -> Result<Vec<Bundle>> {
    let slugs: BTreeSet<&str> = files
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("games/")?.strip_suffix("/title.json"))
        .collect();
    if slugs.is_empty() {
        bail!("there is no games/<slug>/title.json, so there is no title to publish");
    }
    let of = |slug: &str| {
        let own = format!("games/{slug}/");
        let files = files
            .iter()
            .filter(|(path, _)| path.starts_with(&own) || path.starts_with("sdk/"));
        Bundle::of(files.cloned()).with_context(|| format!("the title {slug} cannot be published"))
    };
    slugs.into_iter().map(of).collect()
}

/// What belongs to a game's development and not to the game.
fn is_shipped(name: &str) -> bool {
    !name.starts_with('.')
        && name != "test"
        && name != "node_modules"
        && !name.ends_with(".md")
        && name != "tsconfig.json"
}

fn embedded(folder: &Dir<'_>, at: &str, files: &mut Files) {
    let name = |path: &Path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned()
    };
    for file in folder.files() {
        let name = name(file.path());
        if is_shipped(&name) {
            files.push((format!("{at}/{name}"), file.contents().to_vec()));
        }
    }
    for inner in folder.dirs() {
        let name = name(inner.path());
        if is_shipped(&name) {
            embedded(inner, &format!("{at}/{name}"), files);
        }
    }
}

fn on_disk(folder: &Path, at: &str, files: &mut Files) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_shipped(&name) {
            continue;
        }
        let (path, at) = (entry.path(), format!("{at}/{name}"));
        if path.is_dir() {
            on_disk(&path, &at, files)?;
        } else {
            files.push((
                at,
                fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?,
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_titles_are_those_of_the_source_tree_and_can_be_published() {
        let built_in = built_in().unwrap();
        let on_disk = of_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../web")).unwrap();
        // Hashes, since a failure would print every byte of both.
        let hashes = |bundles: &[Bundle]| bundles.iter().map(Bundle::hash).collect::<Vec<_>>();
        assert_eq!(hashes(&built_in), hashes(&on_disk));
        for bundle in &built_in {
            let slug = bundle.manifest().unwrap().slug;
            let test = bundle
                .files()
                .find(|(path, _)| path.as_str().contains("/test/"));
            assert!(test.is_none(), "{slug} ships its tests");
        }
    }

    #[test]
    fn a_folder_without_titles_is_refused_with_what_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let error = format!("{:#}", of_folder(folder.path()).unwrap_err());
        assert!(error.contains("games/<slug>/"), "{error}");
    }
}
