//! Random choices that a seed repeats.

/// A generator of the splitmix64 family: small, even, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Seeded(u64);

impl Seeded {
    /// The choices of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for one part of a test, so that parts running at once do not disturb each other.
    #[must_use]
    pub fn part(&self, number: u64) -> Self {
        let mut mixed = Self(self.0 ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        mixed.next();
        mixed
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to below `to`.
    ///
    /// # Panics
    /// When the range is empty.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        assert!(from < to, "an empty range has no number to choose");
        from + self.next() % (to - from)
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.between(0, times) == 0
    }

    /// Random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next().to_le_bytes())
            .flatten()
            .take(length)
            .collect()
    }
}
