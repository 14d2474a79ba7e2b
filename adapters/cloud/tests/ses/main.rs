//! Mail by SES, over a stand-in that judges letters as SES does: what is handed over, what failures mean, that a letter goes
//! out once, and that what comes back stops further mail.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod faults;
mod feedback;
mod letters;
mod support;
