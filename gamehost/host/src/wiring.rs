//! What every program that runs hosts needs around them, whatever it wires them to: a listener and signals. The host itself
//! uses none of it.

pub mod listener;
mod places;
pub mod signals;
