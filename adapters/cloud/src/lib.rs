//! Every port on the services of AWS, on Mongo and on Stripe.

pub mod aws;
pub mod dynamo;
pub mod failure;
pub mod secrets;
pub mod stripe;
