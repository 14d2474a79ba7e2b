//! The game host: it takes connections, finds or opens their rooms, moves frames between the two, and moves records to
//! the archive. Order, seats and limits are the room's (`latchkey-room`), surviving a crash is the journal's
//! (`latchkey-journal`); what the host needs from outside are its [`ports`].
//!
//! The path of a connection: `listener` (the upgrade is judged), `upgrade` (the socket is taken), `join` (the seat is
//! taken, through `opening` if the room is not in memory), `connection` (the loop). The path of a record: `live` (it is
//! ordered, journaled and written to the sockets), `connection` (the rest is written when a socket was full),
//! `migration` (it is stored).

mod admin;
mod aside;
mod backlog;
mod backoff;
mod connection;
mod desk;
mod drain;
mod fence;
mod figures;
mod frames;
mod gather;
mod handover;
mod health;
mod host;
mod housekeeping;
mod join;
mod lease;
pub mod limits;
mod line;
mod listener;
mod live;
mod membership;
mod metrics;
mod migration;
mod opening;
mod operate;
mod owed;
mod own_page;
pub mod ownership;
pub mod ports;
mod reach;
mod rooms;
mod stop;
mod time;
pub mod timing;
mod unstored;
mod upgrade;
mod waits;
mod wire;
pub mod wiring;

#[cfg(feature = "fakes")]
pub mod contracts;
#[cfg(feature = "fakes")]
pub mod fakes;

pub use drain::Drained;
pub use figures::Figures;
pub use host::{Config, Host, Origins, Ports};
pub use limits::HostLimits;
pub use metrics::{Count, DelayCounts, Metrics};
pub use own_page::sent_by_own_page;
pub use stop::Summary as StopSummary;
