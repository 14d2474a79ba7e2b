//! The end page and the stats behind it.

use latchkey_platform::fakes::samples;
use latchkey_platform::games;
use latchkey_protocol::Seq;

use crate::app::App;
use crate::browser::get;
use crate::made;

#[tokio::test]
async fn the_end_page_waits_with_progress_until_the_stats_are_there() {
    let app = App::new();
    let bought = made::bought(&app).await;
    let (page, stats) = (
        format!("/games/{}/end", bought.game),
        format!("/games/{}/stats", bought.game),
    );
    let (page, stats) = (
        get(page).cookie(&bought.cookie()),
        get(stats).cookie(&bought.cookie()),
    );

    assert!(
        page.to(&app)
            .await
            .expect(200)
            .text()
            .contains("Your game is still on")
    );
    let running = stats.to(&app).await.expect(202).json();
    assert_eq!(running["state"], "running");

    games::finish(&*app.world.games, bought.game, Seq(9), samples::NOW)
        .await
        .expect("the double works");
    let waiting = page.to(&app).await.expect(200);
    assert!(
        waiting
            .text()
            .contains("<noscript><meta http-equiv=\"refresh\""),
        "it waits without JavaScript, too"
    );
    let counting = stats.to(&app).await.expect(202).json();
    assert_eq!(counting["state"], "counting");
    assert!(
        counting["percent"].as_u64() > running["percent"].as_u64(),
        "progress goes on"
    );

    made::result(&app, bought.game).await;
    assert_eq!(
        stats.to(&app).await.expect(200).json()["stats"]["messages"],
        39
    );
    assert!(
        page.to(&app)
            .await
            .expect(200)
            .text()
            .contains("You made it out")
    );
}

#[tokio::test]
async fn the_result_is_drawn_and_also_told_in_tables() {
    let app = App::new();
    let bought = made::bought(&app).await;
    made::result(&app, bought.game).await;
    let page = get(format!("/games/{}/end", bought.game))
        .cookie(&bought.cookie())
        .to(&app)
        .await
        .expect(200);
    let html = page.text();
    assert!(html.contains("13:25"), "the duration");
    assert_eq!(
        html.matches("class=\"mark\"").count(),
        5,
        "a mark for each milestone"
    );
    assert_eq!(
        html.matches("class=\"bar ours\"").count(),
        1,
        "the group's own bar"
    );
    assert!(html.contains("▼ yours"), "marked by more than colour");
    assert_eq!(html.matches("<table>").count(), 3);
    assert!(html.contains("Stars aligned") && html.contains("明日香"));
    assert!(
        !html.contains(" style="),
        "strict policies forbid style attributes"
    );
    assert!(
        !page
            .header("content-security-policy")
            .contains("script-src"),
        "the finished page needs no script"
    );
}

#[tokio::test]
async fn a_store_that_is_down_is_told_as_such_and_the_script_may_ask_again() {
    let app = App::new();
    let bought = made::bought(&app).await;
    app.world.faults.die_at(0);
    let stats = get(format!("/games/{}/stats", bought.game)).cookie(&bought.cookie());
    let down = stats.to(&app).await.expect(503);
    assert_eq!(down.json()["error"], "unavailable");
    assert_eq!(down.header("retry-after"), "10");
    app.world.faults.revive();
    stats.to(&app).await.expect(202);
}
