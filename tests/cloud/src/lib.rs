//! The platform as it runs on AWS, on this machine: every program a process of its own, every service an emulator. Beside the
//! ordinary suites, because of what the emulators bring with them.

pub mod aws;
pub mod door;
pub mod fleet;
pub mod hosts;
pub mod made;
pub mod operator;
pub mod platform;
pub mod program;
pub mod services;
