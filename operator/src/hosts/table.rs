//! The list of hosts as text for people and as JSON for programs.

use std::fmt::Write as _;

use latchkey_host::ports::HostItem;
use serde_json::{Value, json};

use crate::admin;

/// What a host is doing, in one word.
fn state(host: &HostItem, runs: bool) -> &'static str {
    match runs {
        true => admin::state(host),
        false => "stopped",
    }
}

/// One array of objects.
pub(super) fn json(hosts: &[HostItem], runs: bool) -> Value {
    let one = |host: &HostItem| {
        json!({
            "slot": host.id.slot.0,
            "generation": host.id.generation.0,
            "state": state(host, runs),
            "rooms": host.load.rooms,
            "connections": host.load.connections,
            "version": host.version,
            "region": host.region,
            "url": host.url,
            "beat": host.beat,
            "draining": host.draining,
            "lost": host.lost,
        })
    };
    hosts.iter().map(one).collect()
}

/// Aligned columns below their names; numbers to the right.
pub(super) fn text(hosts: &[HostItem], runs: bool) -> String {
    const NAMES: [&str; 8] = [
        "SLOT",
        "GENERATION",
        "STATE",
        "ROOMS",
        "CONNECTIONS",
        "VERSION",
        "REGION",
        "URL",
    ];
    const NUMBERS: [bool; 8] = [true, true, false, true, true, false, false, false];
    let row = |host: &HostItem| {
        [
            host.id.slot.to_string(),
            host.id.generation.to_string(),
            state(host, runs).to_owned(),
            host.load.rooms.to_string(),
            host.load.connections.to_string(),
            host.version.clone(),
            host.region.clone(),
            host.url.clone(),
        ]
    };
    let mut rows = vec![NAMES.map(str::to_owned)];
    rows.extend(hosts.iter().map(row));
    let widths: Vec<usize> = (0..NAMES.len())
        .map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for ((cell, width), number) in row.iter().zip(&widths).zip(NUMBERS) {
            // Writing into a string cannot fail.
            let _ = match number {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use latchkey_host::ports::{Generation, HostId, Load, Slot};

    use super::*;

    fn host(slot: u16, rooms: u32, draining: bool, lost: bool) -> HostItem {
        HostItem {
            id: HostId {
                slot: Slot(slot),
                generation: Generation(11),
            },
            region: "here".into(),
            url: format!("/s/{slot}/room"),
            version: "0.1.0".into(),
            beat: 5,
            load: Load {
                rooms,
                connections: 4 * rooms,
            },
            draining,
            lost,
        }
    }

    #[test]
    fn people_get_aligned_columns() {
        let hosts = [host(1, 1_200, false, false), host(12, 0, true, false)];
        assert_eq!(
            text(&hosts, true),
            "SLOT  GENERATION  STATE    ROOMS  CONNECTIONS  VERSION  REGION  URL\n\
             \x20  1          11  serving   1200         4800  0.1.0    here    /s/1/room\n\
             \x20 12          11  drained      0            0  0.1.0    here    /s/12/room\n"
        );
    }

    #[test]
    fn a_state_says_what_matters_most() {
        let state = |draining, lost, rooms, runs| state(&host(1, rooms, draining, lost), runs);
        assert_eq!(state(false, false, 0, true), "serving");
        assert_eq!(state(true, false, 1, true), "draining");
        assert_eq!(state(true, true, 1, true), "lost");
        assert_eq!(state(true, true, 1, false), "stopped");
    }

    #[test]
    fn programs_get_every_figure() {
        let listed = json(&[host(2, 3, true, false)], true);
        assert_eq!(
            listed,
            serde_json::json!([{
                "slot": 2, "generation": 11, "state": "draining", "rooms": 3, "connections": 12, "version": "0.1.0",
                "region": "here", "url": "/s/2/room", "beat": 5, "draining": true, "lost": false,
            }])
        );
    }
}
