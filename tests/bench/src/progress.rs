//! What is told to the person who waits, on standard error: one line that changes on a terminal, lines elsewhere.

use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _};

/// See the module.
#[derive(Debug, Default)]
pub struct Progress {
    terminal: bool,
    /// What was said last; off a terminal it is not said again.
    last: RefCell<String>,
}

impl Progress {
    /// For standard error as it is.
    #[must_use]
    pub fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            last: RefCell::default(),
        }
    }

    /// What is going on.
    pub fn say(&self, what: &str) {
        if self.last.replace(what.to_owned()) == what {
            return;
        }
        // A closed terminal is no reason to stop measuring.
        let mut out = std::io::stderr();
        let _ = if self.terminal {
            write!(out, "\r\x1b[2K{what}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{what}")
        };
    }

    /// Something that should stay on the screen.
    pub fn note(&self, what: &str) {
        self.clear();
        let _ = writeln!(std::io::stderr(), "{what}");
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
        self.last.borrow_mut().clear();
    }
}
