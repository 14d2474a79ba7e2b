//! When who says something. The times are laid down before the first message is sent and never wait for an answer
//! (an open loop): a server that is late is late for all that is due meanwhile.

/// Something due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When, in nanoseconds after the beginning.
    pub at: u64,
    /// Which member, by number.
    pub member: usize,
}

/// Every member says something once a period, each at its own moment of it.
#[derive(Debug)]
pub struct Periodic {
    period: u64,
    /// Moments within the period, in order.
    moments: Vec<Due>,
    cycle: u64,
    next: usize,
}

impl Periodic {
    /// A schedule for `members`, with moments drawn from `seed`.
    #[must_use]
    pub fn new(members: impl Iterator<Item = usize>, period: u64, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut moments: Vec<Due> = members
            .map(|member| Due {
                at: random.below(period),
                member,
            })
            .collect();
        moments.sort_by_key(|due| due.at);
        Self {
            period,
            moments,
            cycle: 0,
            next: 0,
        }
    }
}

impl Iterator for Periodic {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        if self.next == self.moments.len() {
            self.next = 0;
            self.cycle += 1;
        }
        let due = self.moments.get(self.next)?;
        self.next += 1;
        Some(Due {
            at: self.cycle * self.period + due.at,
            member: due.member,
        })
    }
}

/// Numbers that look random and are the same for the same seed.
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number. (SplitMix64, Steele, Lea and Flood 2014.)
    #[expect(
        clippy::should_implement_trait,
        reason = "it never ends, and is no sequence to adapt"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `most`; 0 when that is 0.
    pub fn below(&mut self, most: u64) -> u64 {
        self.next().checked_rem(most).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_due_once_a_period_and_always_at_the_same_distance() {
        let dues: Vec<Due> = Periodic::new(0..50, 1_000, 7).take(150).collect();
        assert!(dues.is_sorted_by_key(|due| due.at));
        for member in 0..50 {
            let own: Vec<u64> = dues
                .iter()
                .filter(|due| due.member == member)
                .map(|due| due.at)
                .collect();
            assert_eq!(own, [own[0], own[0] + 1_000, own[0] + 2_000]);
        }
    }

    #[test]
    fn the_moments_are_spread_over_the_period() {
        let first_half = Periodic::new(0..1_000, 1_000, 7)
            .take(1_000)
            .filter(|due| due.at < 500)
            .count();
        assert!((400..600).contains(&first_half), "{first_half}");
    }

    #[test]
    fn nobody_is_never_due() {
        assert_eq!(Periodic::new(0..0, 1_000, 7).next(), None);
    }
}
