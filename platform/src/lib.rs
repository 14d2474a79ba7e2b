//! The business: titles, orders, prices, fulfilment, games, launch, stats; and the ports it calls.
//!
//! No HTTP, no SDK, no runtime: every port is a trait, clock and randomness among them. [`Platform`] puts the
//! use-cases together over the [`Ports`] a wiring supplies.

pub mod checkout;
pub mod clock;
#[cfg(any(test, feature = "contract"))]
#[expect(
    missing_docs,
    clippy::unwrap_used,
    reason = "rules are tests: their names say all"
)]
pub mod contract;
pub mod effects;
pub mod email;
pub mod entropy;
#[cfg(any(test, feature = "fakes"))]
pub mod fakes;
pub mod fulfil;
pub mod games;
pub mod hex;
pub mod launch;
pub mod ledger;
pub mod limits;
pub mod links;
pub mod mail;
pub mod media;
pub mod money;
pub mod orders;
pub mod payments;
pub mod placement;
pub mod places;
pub mod platform;
pub mod queue;
pub mod rate;
pub mod resend;
pub mod stats;
pub mod store;
pub mod till;
pub mod titles;
pub mod tokens;

pub use platform::{Platform, Ports, Secrets};
