//! The pages, one module for each step of a buyer's and a player's way.

pub(crate) mod catalogue;
pub(crate) mod checkout;
pub(crate) mod end;
pub(crate) mod launch;
pub(crate) mod order;
pub(crate) mod play;
pub(crate) mod resend;
