//! Where hosts stand in two regions: what a client is told to measure, and what of its measurements is believed (P1.6).

use std::collections::BTreeSet;
use std::sync::Arc;

use latchkey_platform::placement::{Place, Placement, PlacementError, Probe, Region, RoundTrips};
use latchkey_protocol::GameId;

use crate::app::App;
use crate::browser::post;
use crate::made;

/// Two regions; the room goes to the one whose name is in what the group measured.
struct TwoRegions;

#[async_trait::async_trait]
impl Placement for TwoRegions {
    async fn place(&self, _: GameId, group: &[RoundTrips]) -> Result<Place, PlacementError> {
        let measured = serde_json::to_string(group).expect("round trips are JSON");
        let nearer = if measured.contains("us") { "us" } else { "eu" };
        let probe = |name: Region| Probe {
            probe_url: format!("https://{name}.test/s/1/healthz"),
            name,
        };
        Ok(Place {
            url: format!("wss://{nearer}.test/s/1/room"),
            choice: self.regions().await?.into_iter().map(probe).collect(),
        })
    }

    async fn regions(&self) -> Result<BTreeSet<Region>, PlacementError> {
        let names = ["eu", "us"].map(|name| name.to_owned().try_into());
        Ok(names
            .into_iter()
            .map(|name| name.expect("a name"))
            .collect())
    }
}

#[tokio::test]
async fn where_there_is_a_choice_the_client_is_told_what_to_measure_and_may_say_what_it_found() {
    let app = App::with(
        |world, _| world.platform.launch.placement = Arc::new(TwoRegions),
        false,
    );
    let bought = made::bought(&app).await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    let first = connect.to(&app).await.expect(200).json();
    assert_eq!(first["url"], "wss://eu.test/s/1/room");
    assert_eq!(
        first["regions"],
        serde_json::json!([
            {"name": "eu", "probe_url": "https://eu.test/s/1/healthz"},
            {"name": "us", "probe_url": "https://us.test/s/1/healthz"},
        ])
    );
    let with = |body: &str| {
        connect
            .clone()
            .body(body)
            .with("content-type", "application/json")
    };
    let found = with(r#"{"round_trips": {"us": 12}}"#).to(&app).await;
    let found = found.expect(200).json();
    assert_eq!(found["url"], "wss://us.test/s/1/room");
    assert_eq!(found.get("regions"), None, "measuring ends");
    let later = connect.to(&app).await.expect(200).json();
    assert_eq!(
        later["url"], "wss://us.test/s/1/room",
        "it is kept with the seat"
    );
}

#[tokio::test]
async fn round_trips_that_nobody_can_have_measured_are_refused_for_what_is_wrong_and_not_kept() {
    let app = App::with(
        |world, _| world.platform.launch.placement = Arc::new(TwoRegions),
        false,
    );
    let bought = made::bought(&app).await;
    let connect = post(format!("/games/{}/connect", bought.game), &[]).cookie(&bought.cookie());
    let many: Vec<_> = (0..17).map(|n| format!(r#""r{n}": 1"#)).collect();
    let many = format!(r#"{{"round_trips": {{{}}}}}"#, many.join(","));
    for (bad, why) in [
        ("round_trips", "must be empty or JSON"),
        ("[]x", "must be empty or JSON"),
        (r#"{"round_trips": {"us": "near"}}"#, "milliseconds"),
        (r#"{"round_trips": {"us": -1}}"#, "integer `-1`"),
        (r#"{"round_trips": {"us": 1.5}}"#, "floating point `1.5`"),
        (
            r#"{"round_trips": {"us": 10001}}"#,
            "at most 10000 milliseconds",
        ),
        (
            r#"{"round_trips": {"us": 99999999999}}"#,
            "integer `99999999999`",
        ),
        (
            r#"{"round_trips": {"../": 1}}"#,
            "1 to 32 of a-z, 0-9 and -",
        ),
        (
            r#"{"round_trips": {"us": 1, "mars": 1}}"#,
            "No host stands in the region mars",
        ),
        (&many, "at most 16 regions"),
    ] {
        let request = connect.clone().body(bad);
        let request = request.with("content-type", "application/json");
        let answer = request.to(&app).await.expect(400).json();
        assert_eq!(answer["error"], "bad_request", "{bad}");
        let said = answer["message"].as_str().unwrap_or_default();
        assert!(said.contains(why), "{bad}: {said}");
    }
    let next = connect.to(&app).await.expect(200).json();
    assert_eq!(next["url"], "wss://eu.test/s/1/room");
}
