//! What the queues drive: *mail* sends the e-mails of purchases and of resent links, *stats* makes the stats of
//! finished games. [`Handlers`] does one job, whoever delivered it; [`worker`] drives a queue with them.

pub mod attempt;
mod confirm;
pub mod feedback;
mod handlers;
mod letter;
mod resend;
mod stats;
mod text;
pub mod worker;

pub use handlers::{Handled, Handlers, JobError, Letters, Results};
