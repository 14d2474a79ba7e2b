//! What the black-box suites share: the real binary as a process, a person with a browser (without scripts), a
//! faithful room client, and the checker that judges what clients saw. The suites themselves are in `tests/`.
//!
//! Nothing here links the product: it is met over HTTP, WebSockets and the files an operator may look at.

pub mod checker;
pub mod crowd;
pub mod faults;
pub mod figures;
pub mod fleet;
pub mod history;
pub mod html;
pub mod http;
pub mod mail;
pub mod payments;
pub mod platform;
pub mod player;
pub mod process;
pub mod report;
pub mod seat;
pub mod secrets;
pub mod seeded;
pub mod settings;
pub mod shop;
pub mod socket;
pub mod wait;
