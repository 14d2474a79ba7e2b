//! Every port on the services of AWS, on Mongo and on Stripe.
