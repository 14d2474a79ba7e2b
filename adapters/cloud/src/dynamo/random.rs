//! The randomness that tables need: marks of writes, and waits that differ. Nothing secret comes of it.

use latchkey_platform::hex::hex;

/// A mark that no other write has.
pub(super) fn mark() -> String {
    hex(&bytes::<12>())
}

/// A number from 0 to 1.
pub(super) fn share() -> f64 {
    let [byte] = bytes();
    f64::from(byte) / f64::from(u8::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is an adapter, and nothing but marks and waits comes of it"
)]
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness once it has started");
    bytes
}
