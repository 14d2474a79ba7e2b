//! Who takes part, what each speaks, and where its version stands. How each is installed and started is in its folder.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::dialect::Language;
use crate::run::home;

/// One contestant.
#[derive(Debug, PartialEq, Eq)]
pub struct Contestant {
    /// Its name in the table.
    pub name: &'static str,
    /// What it speaks.
    pub language: Language,
    /// How it is started.
    pub start: Start,
    /// Whether it promises all members of a room one order; else each sender's own is checked.
    pub total_order: bool,
    /// Rooms at which workload b begins, below what it can carry.
    pub first_rooms: u32,
    /// Whether it is built with the bench, so that a quick run has it.
    pub ours: bool,
    /// Where its version stands.
    version: Version,
}

/// How a contestant is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A binary of this crate: `bench-floor PORT`.
    Floor,
    /// A binary of this crate: the game host.
    Host {
        /// Whether it keeps a journal.
        journal: bool,
    },
    /// `contestants/NAME/install CACHE` and `contestants/NAME/start CACHE PORT`.
    Script,
}

/// Where a version stands.
#[derive(Debug, PartialEq, Eq)]
enum Version {
    /// This workspace.
    Ours,
    /// The entry of a package in `package-lock.json`.
    Npm(&'static str),
    /// The line of a module in `go.mod`.
    Go(&'static str),
    /// The line of a package in `requirements.txt`.
    Pip(&'static str),
}

/// All of them, in the order of the table.
pub const ALL: [Contestant; 9] = [
    Contestant {
        name: "floor",
        language: Language::Floor,
        start: Start::Floor,
        total_order: false,
        first_rooms: 2_000,
        ours: true,
        version: Version::Ours,
    },
    Contestant {
        name: "latchkey",
        language: Language::Latchkey,
        start: Start::Host { journal: true },
        total_order: true,
        first_rooms: 900,
        ours: true,
        version: Version::Ours,
    },
    Contestant {
        name: "latchkey-nojournal",
        language: Language::Latchkey,
        start: Start::Host { journal: false },
        total_order: true,
        first_rooms: 1_200,
        ours: true,
        version: Version::Ours,
    },
    Contestant {
        name: "node-ws",
        language: Language::NodeWs,
        start: Start::Script,
        total_order: true,
        first_rooms: 800,
        ours: false,
        version: Version::Npm("ws"),
    },
    Contestant {
        name: "socketio",
        language: Language::SocketIo,
        start: Start::Script,
        total_order: true,
        first_rooms: 600,
        ours: false,
        version: Version::Npm("socket.io"),
    },
    Contestant {
        name: "colyseus",
        language: Language::Colyseus,
        start: Start::Script,
        total_order: true,
        first_rooms: 400,
        ours: false,
        version: Version::Npm("@colyseus/core"),
    },
    Contestant {
        name: "centrifuge",
        language: Language::Centrifuge,
        start: Start::Script,
        total_order: true,
        first_rooms: 500,
        ours: false,
        version: Version::Go("github.com/centrifugal/centrifuge"),
    },
    Contestant {
        name: "seed",
        language: Language::Seed,
        start: Start::Script,
        total_order: true,
        first_rooms: 150,
        ours: false,
        version: Version::Pip("websockets"),
    },
    Contestant {
        name: "seed-tuned",
        language: Language::Seed,
        start: Start::Script,
        total_order: true,
        first_rooms: 300,
        ours: false,
        version: Version::Pip("websockets"),
    },
];

/// The folder of all contestants.
fn folder() -> PathBuf {
    home().join("contestants")
}

impl Contestant {
    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        folder().join(self.name)
    }

    /// Its version, as its lock file pins it.
    ///
    /// # Errors
    /// When the file does not name it.
    pub fn version(&self) -> Result<String> {
        let read = |file: &str| {
            let path = self.folder().join(file);
            fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let found = match self.version {
            Version::Ours => Some(env!("CARGO_PKG_VERSION").to_owned()),
            Version::Npm(package) => {
                let lock: serde_json::Value = serde_json::from_str(&read("package-lock.json")?)?;
                let version = &lock["packages"][format!("node_modules/{package}")]["version"];
                version.as_str().map(str::to_owned)
            }
            Version::Go(module) => word_after(&read("go.mod")?, module, ' '),
            Version::Pip(package) => word_after(&read("requirements.txt")?, package, '='),
        };
        found.with_context(|| format!("the version of {} is not pinned", self.name))
    }
}

/// The word after `name` on the line that begins with it, without the signs between.
fn word_after(text: &str, name: &str, sign: char) -> Option<String> {
    let line = text
        .lines()
        .map(|line| line.trim().trim_start_matches("require "))
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(sign))?;
    let word = line.trim_start_matches([sign, 'v']).split_whitespace();
    word.take(1).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contestant_has_a_folder_and_a_pinned_version() {
        for contestant in &ALL {
            let version = contestant.version().unwrap();
            assert!(
                version.starts_with(|first: char| first.is_ascii_digit()),
                "{}: {version}",
                contestant.name
            );
        }
    }

    #[test]
    fn every_contestant_that_is_installed_says_how() {
        for contestant in ALL.iter().filter(|one| one.start == Start::Script) {
            for script in ["install", "start"] {
                let path = contestant.folder().join(script);
                assert!(path.exists(), "{} is missing", path.display());
            }
        }
    }
}
