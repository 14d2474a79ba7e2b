//! Randomness as the business sees it, handed in by a port.

/// The source of unguessable bytes. Adapters read the operating system's; tests count.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` entirely. An adapter that cannot get randomness must not return: nothing safe can be
    /// done without it.
    fn fill(&self, bytes: &mut [u8]);
}

/// A fixed number of random bytes.
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
