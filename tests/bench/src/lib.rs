//! Measures the game host against what people would use instead, on one machine, with one load generator for all.
//!
//! The generator is [`drive`], a process of its own that the orchestrator commands over its standard input; what it
//! speaks to each contestant is a [`dialect`]. Which contestants there are and how they are started is
//! [`contestants`]; what is done to them is [`workloads`]; what the kernel says of them is [`measure`]; what is kept
//! of it all is [`rows`]. How to read the figures is `docs/performance.md`.

pub mod clock;
pub mod contestants;
pub mod dialect;
pub mod drive;
pub mod generators;
pub mod measure;
pub mod page;
pub mod plot;
pub mod progress;
pub mod rows;
pub mod run;
pub mod server;
pub mod table;
pub mod trial;
pub mod workloads;
