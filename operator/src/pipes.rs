//! What `latchkey up` and a host in a process of its own tell each other. Down its standard input the process gets one
//! line of [`Briefing`], then [`Order`]s, one a line; when it ends, so has the parent. Up its standard output comes one
//! line of [`Ready`]. The secret in the briefing is seen by nobody who can list processes.
//!
//! The process may be newer than its parent, whose binary was replaced meanwhile: fields may be added, with a default,
//! and none may change its meaning.

use std::net::SocketAddr;

use latchkey_platform::placement::Region;
use serde::{Deserialize, Serialize};

/// Bytes of one line, its end included.
pub(crate) const LINE: usize = 4 * 1024;

/// What a host is told before it starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Briefing {
    /// Where the public reaches the site.
    pub(crate) site: String,
    /// What its admin listener asks for; made for this one process.
    pub(crate) admin_password: String,
    /// The regions of all hosts, as `up` was given them.
    #[serde(default)]
    pub(crate) regions: Vec<Region>,
}

/// What a running host is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Hand the rooms to other hosts, then end.
    Leave,
    /// Store everything, then end: nobody is left to take the rooms.
    Stop,
}

/// What a host says when it serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Its slot.
    pub(crate) slot: u16,
    /// Its process.
    pub(crate) pid: u32,
    /// Where it listens for room connections, on this machine alone.
    pub(crate) rooms: SocketAddr,
    /// Where its admin listener is, on this machine alone.
    pub(crate) admin: SocketAddr,
}

/// One message as its line.
pub(crate) fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("messages are plain data; tested");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_one_short_line_and_unknown_fields_are_passed_over() {
        let briefing = Briefing {
            site: "https://games.test".into(),
            admin_password: "a".repeat(64),
            regions: vec!["x".repeat(32).try_into().unwrap(); 9],
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 65_535));
        let ready = Ready {
            slot: 90,
            pid: u32::MAX,
            rooms: address,
            admin: address,
        };
        for line in [
            line(&briefing),
            line(&ready),
            line(&Order::Leave),
            line(&Order::Stop),
        ] {
            assert!(line.len() < LINE);
            assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        }
        assert_eq!(line(&Order::Leave), b"\"leave\"\n");
        let newer = r#"{"site":"https://games.test","admin_password":"x","more":[1]}"#;
        assert!(serde_json::from_str::<Briefing>(newer).is_ok());
    }
}
