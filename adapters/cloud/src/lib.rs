//! Every port on the services of AWS, on Mongo and on Stripe.

pub mod aws;
pub mod dynamo;
pub mod failure;
pub mod machine;
pub mod mongo;
pub mod s3;
pub mod secrets;
pub mod ses;
pub mod sqs;
pub mod stripe;
pub mod titles;
