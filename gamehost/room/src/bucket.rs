//! Counting what comes too fast: a bucket for rates that refill, and a tally for what closes a connection.

/// How often something may happen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    /// How many may come at once.
    pub(crate) burst: u32,
}

/// A token bucket in one number: until when what was taken is paid for, in units of 1/`per_second` milliseconds, of
/// which one take costs a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket(u64);

const COST: u64 = 1_000;

impl Bucket {
    /// Takes one.
    ///
    /// # Errors
    /// The milliseconds to wait, when there is none; nothing is taken then.
    pub(crate) fn take(&mut self, rate: Rate, now_ms: u64) -> Result<(), u64> {
        let mut taken = *self;
        match taken.reserve(rate, now_ms) {
            0 => {
                *self = taken;
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Takes one in any case, and tells after how many milliseconds it may be used.
    pub(crate) fn reserve(&mut self, rate: Rate, now_ms: u64) -> u64 {
        let now = units(rate, now_ms);
        self.0 = self.0.max(now) + COST;
        let over = self.0.saturating_sub(now + u64::from(rate.burst) * COST);
        over.div_ceil(u64::from(rate.per_second))
    }
}

fn units(rate: Rate, now_ms: u64) -> u64 {
    now_ms.saturating_mul(u64::from(rate.per_second))
}

/// How many happened since the first one within some time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    since_ms: u64,
    count: u32,
}

impl Tally {
    /// Counts one more, and tells whether there are more than `most` within `within_ms` of the first.
    pub(crate) fn exceeds(&mut self, most: u32, within_ms: u64, now_ms: u64) -> bool {
        if self.count == 0 || now_ms.saturating_sub(self.since_ms) >= within_ms {
            *self = Self {
                since_ms: now_ms,
                count: 0,
            };
        }
        self.count = self.count.saturating_add(1);
        self.count > most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 30,
        burst: 60,
    };

    #[test]
    fn a_burst_is_free_and_then_one_comes_every_thirtieth_of_a_second() {
        let mut bucket = Bucket::default();
        assert!((0..60).all(|_| bucket.take(RATE, 5_000).is_ok()));
        assert_eq!(bucket.take(RATE, 5_000), Err(34));
        assert_eq!(bucket.take(RATE, 5_033), Err(1));
        assert_eq!(bucket.take(RATE, 5_034), Ok(()));
        assert!(bucket.take(RATE, 5_034).is_err());
    }

    #[test]
    fn over_a_long_time_exactly_the_rate_gets_through_and_never_more_than_the_burst_is_saved_up() {
        let mut bucket = Bucket::default();
        let taken = (0..10_000)
            .filter(|ms| bucket.take(RATE, *ms).is_ok())
            .count();
        assert_eq!(taken, 60 + 299);
        let after_a_day = (0..100)
            .filter(|_| bucket.take(RATE, 86_400_000).is_ok())
            .count();
        assert_eq!(after_a_day, 60);
    }

    #[test]
    fn a_tally_begins_anew_when_its_time_is_over() {
        let mut tally = Tally::default();
        assert!((0..300).all(|_| !tally.exceeds(300, 10_000, 700)));
        assert!(tally.exceeds(300, 10_000, 10_699));
        assert!(!tally.exceeds(300, 10_000, 10_700));
    }
}
