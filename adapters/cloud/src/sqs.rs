//! Jobs on SQS. Senders see the port ([`SqsQueue`]); a function that is given messages answers for each of them with the
//! calls of its one queue ([`OneQueue`]). Nothing here asks a queue of work for messages: that does the event source
//! mapping of the function, which also deletes what is done.

mod address;
mod dead;
mod finishes;
mod one;
mod queue;

/// What calls SQS.
pub use aws_sdk_sqs::Client;

pub use address::{BadQueueUrl, QueueUrl};
pub use finishes::QueuedStats;
pub use one::OneQueue;
pub use queue::{SqsQueue, attempts};
