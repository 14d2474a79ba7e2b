//! The binary as processes: hosts are started, watched, replaced and ended; the admin listener and the commands do what
//! they say. What players notice of it is proved by the suites in `tests/`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod admin;
mod commands;
mod supervision;
mod support;
