//! Title versions: a game keeps the version it was bought with when a newer one is published.

use std::fs;
use std::path::Path;

use latchkey_tests::html;
use latchkey_tests::platform::Platform;
use latchkey_tests::report::say;
use latchkey_tests::seat::Seat;
use latchkey_tests::{settings, shop};

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The address of the script that the play page of this seat loads, and its text.
async fn script(seat: &mut Seat) -> anyhow::Result<(String, String)> {
    let page = seat
        .visitor
        .get(&format!("/games/{}/play", seat.game))
        .await?
        .expect(200)?;
    let scripts = html::assets(&page.text()).into_iter();
    let main = scripts
        .filter(|asset| asset.starts_with("/t/"))
        .find(|asset| asset.ends_with(".js"));
    let main = main.ok_or_else(|| anyhow::anyhow!("the play page loads no script of the title"))?;
    let text = seat.visitor.get(&main).await?.expect(200)?.text();
    Ok((main, text))
}

#[tokio::test]
async fn a_running_game_keeps_its_version_and_new_ones_get_the_newest() -> anyhow::Result<()> {
    say("system", "title versions");
    let mut platform = Platform::start("system-versions").await?;
    let (_, mut old) = shop::game_with_seats(platform.site(), 1).await?;
    let (first, before) = script(&mut old[0]).await?;

    let titles = tempfile::tempdir()?;
    let web = settings::web();
    copy(&web.join("sdk"), &titles.path().join("sdk"))?;
    copy(
        &web.join("games/locked-study"),
        &titles.path().join("games/locked-study"),
    )?;
    let main = titles.path().join("games/locked-study/main.js");
    fs::write(
        &main,
        format!("// A newer version.\n{}", fs::read_to_string(&main)?),
    )?;
    platform.stop("-TERM").await?;
    platform.set_titles(titles.path());
    platform.restart().await?;

    let (still, text) = script(&mut old[0]).await?;
    assert_eq!(
        (&still, &text),
        (&first, &before),
        "the running game sees what it began with"
    );
    let (_, mut new) = shop::game_with_seats(platform.site(), 1).await?;
    let (second, newer) = script(&mut new[0]).await?;
    assert_ne!(second, first);
    assert!(newer.starts_with("// A newer version."));

    // Publishing the same again makes no third version.
    platform.stop("-TERM").await?;
    platform.restart().await?;
    let (_, mut third) = shop::game_with_seats(platform.site(), 1).await?;
    assert_eq!(script(&mut third[0]).await?.0, second);
    Ok(())
}
