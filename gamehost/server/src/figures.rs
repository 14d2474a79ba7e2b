//! The host's figures for alarms: one line of CloudWatch's embedded metric format a minute, among the log lines
//! (`deploy/README.md`, "Figures"). What is shown of one host to people is its admin page's.

use std::io::Write as _;
use std::time::Duration;

use latchkey_host::ports::{Clock, Slot};
use latchkey_host::{Figures, Host};
use latchkey_protocol::UnixMs;
use serde_json::{Map, Value, json};
use tokio::time::{MissedTickBehavior, interval};

use crate::settings::Settings;

/// Between two lines.
const EVERY: Duration = Duration::from_secs(60);

const SECONDS: &str = "Seconds";
const COUNT: &str = "Count";
const NONE: &str = "None";

/// Writes the figures of `host` for ever. A minute in which its disk hangs has no line, and the missing line is what shows
/// it.
pub(crate) async fn report(settings: &Settings, host: &Host, clock: &dyn Clock) {
    let region = settings.region.to_string();
    let whose = Whose {
        environment: &settings.environment,
        region: &region,
        slot: settings.slot,
    };
    let mut earlier = host.figures().await;
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick.tick().await;
    loop {
        tick.tick().await;
        let Some(now) = host.figures().await else {
            continue;
        };
        let since = earlier.replace(now).unwrap_or(now);
        let line = line(&whose, clock.wall(), &now, &since);
        // In one call, lest it mix with another line. Nobody can be told that it failed.
        let _written = std::io::stdout()
            .lock()
            .write_all(format!("{line}\n").as_bytes());
    }
}

/// Whose figures they are.
struct Whose<'s> {
    environment: &'s str,
    region: &'s str,
    slot: Slot,
}

/// The line of a minute that began with `since`.
fn line(whose: &Whose<'_>, at: UnixMs, now: &Figures, since: &Figures) -> Value {
    let count = |total: fn(&Figures) -> u64| json!(total(now) - total(since).min(total(now)));
    let of_region = [
        (
            "ArchiveLagSeconds",
            SECONDS,
            Some(json!(now.archive_lag.as_secs_f64())),
        ),
        (
            "JournalLagSeconds",
            SECONDS,
            Some(json!(now.journal_lag.as_secs_f64())),
        ),
        ("UnstoredFraction", NONE, Some(json!(now.unstored))),
        ("RecordsInDanger", COUNT, Some(json!(now.in_danger))),
        ("RoomPanics", COUNT, Some(count(|of| of.room_panics))),
        ("Joins", COUNT, Some(count(|of| of.joins))),
        ("JoinsRefused", COUNT, Some(count(|of| of.joins_refused))),
        (
            "DeliverySeconds",
            SECONDS,
            now.delivered_within(since)
                .map(|within| json!(within.as_secs_f64())),
        ),
    ];
    let of_slot = [
        ("Connections", COUNT, Some(json!(now.connections))),
        ("Rooms", COUNT, Some(json!(now.rooms))),
        ("Serving", COUNT, Some(json!(u8::from(now.serving)))),
    ];
    let defined = |figures: &[(&str, &str, Option<Value>)]| -> Vec<Value> {
        let shown = figures.iter().filter(|(.., value)| value.is_some());
        shown
            .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
            .collect()
    };
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.0,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Latchkey",
                    "Dimensions": [["Environment", "Region"]],
                    "Metrics": defined(&of_region),
                },
                {
                    "Namespace": "Latchkey",
                    "Dimensions": [["Environment", "Region"], ["Environment", "Region", "Slot"]],
                    "Metrics": defined(&of_slot),
                },
            ],
        }),
    );
    line.insert("Environment".to_owned(), json!(whose.environment));
    line.insert("Region".to_owned(), json!(whose.region));
    line.insert("Slot".to_owned(), json!(whose.slot.to_string()));
    for (name, _, value) in of_region.into_iter().chain(of_slot) {
        line.extend(value.map(|value| (name.to_owned(), value)));
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(now: &Figures, since: &Figures) -> Value {
        let whose = Whose {
            environment: "dev",
            region: "eu-west-1",
            slot: Slot(7),
        };
        line(&whose, UnixMs(1_000), now, since)
    }

    #[test]
    fn a_line_has_what_it_defines_and_counts_since_the_last_one() {
        let since = Figures {
            joins: 10,
            room_panics: 1,
            ..Figures::default()
        };
        let now = Figures {
            serving: true,
            rooms: 3,
            connections: 12,
            joins: 14,
            joins_refused: 2,
            room_panics: 1,
            unstored: 0.25,
            archive_lag: Duration::from_millis(1_500),
            ..Figures::default()
        };
        let line = line_of(&now, &since);
        assert_eq!(
            (&line["Joins"], &line["JoinsRefused"]),
            (&json!(4), &json!(2))
        );
        assert_eq!(
            (&line["RoomPanics"], &line["Serving"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(line["ArchiveLagSeconds"], json!(1.5));
        assert_eq!(
            (&line["Environment"], &line["Region"], &line["Slot"]),
            (&json!("dev"), &json!("eu-west-1"), &json!("7"))
        );
        assert_eq!(line["_aws"]["Timestamp"], json!(1_000));
        let mut defined = 0;
        for set in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(set["Namespace"], "Latchkey");
            for dimension in set["Dimensions"].as_array().unwrap() {
                for name in dimension.as_array().unwrap() {
                    assert!(line[name.as_str().unwrap()].is_string(), "{name}");
                }
            }
            for metric in set["Metrics"].as_array().unwrap() {
                defined += 1;
                assert!(
                    line[metric["Name"].as_str().unwrap()].is_number(),
                    "{metric}"
                );
            }
        }
        assert_eq!(defined, 10, "nothing was delivered, so that is left out");
        assert!(line.get("DeliverySeconds").is_none());
    }
}
