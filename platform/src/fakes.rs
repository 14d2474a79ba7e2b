//! In-memory doubles of every port, on a clock and a source of randomness that tests drive, and with faults
//! that stop everything at a chosen call. For tests only; the `contract` module holds them to the same rules as the real adapters.

mod documents;
mod faults;
mod mail;
mod money;
mod queue;
pub mod samples;
mod time;
mod titles;
mod world;

pub use documents::{FakeGames, FakeHistory, FakeLedger, FakeOrders, FakeSends, FakeStats};
pub use faults::Faults;
pub use mail::{FakeMailer, FakeStops};
pub use money::FakePayments;
pub use queue::FakeQueue;
pub use time::{CountingEntropy, FakeRates, ManualClock};
pub use titles::FakeTitles;
pub use world::{FakePlacement, World};
