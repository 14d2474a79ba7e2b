//! The functions: how each is wired from its settings, secrets and clients, and what they share: their life, their logs and
//! figures, and batches of jobs. The binaries hand in their environment; nothing here reads it.

pub mod batch;
pub mod confirm;
pub mod edge;
pub mod logs;
pub mod mail;
mod run;
pub mod settings;
pub mod site;
pub mod stats;
mod wiring;

pub use run::run;
