//! Payments by Stripe: over a stand-in that behaves like it, whatever goes wrong on the way and in whatever order its events
//! come; and over stripe-mock, which knows what every request must look like.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod contract;
mod faults;
mod purchase;
mod shape;
mod shop;
