//! The game host: listener, connections, claims, migration to the archive, drain, and the ports it calls.

pub mod ports;
