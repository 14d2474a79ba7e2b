//! The commands for an environment on AWS, as processes, on emulators of its services. What they decide is proved beside
//! their code; here they meet services.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod hosts;
mod support;
