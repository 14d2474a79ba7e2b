//! Time as the business sees it: milliseconds since 1970, handed in by a port.

use std::fmt;
use std::time::Duration;

pub use latchkey_protocol::UnixMs;

/// Arithmetic of moments.
pub trait Moment: Sized {
    /// The moment `by` later; the end of time where it would overflow.
    #[must_use]
    fn plus(self, by: Duration) -> Self;
    /// The moment `by` earlier; 1970 where it would be before.
    #[must_use]
    fn minus(self, by: Duration) -> Self;
    /// How long after `earlier` this is; nothing if it is not after.
    fn since(self, earlier: Self) -> Duration;
    /// Whole seconds since 1970.
    fn seconds(self) -> u64;
    /// The calendar day in UTC.
    fn date(self) -> Date;
}

impl Moment for UnixMs {
    fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(millis(by)))
    }

    fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(millis(by)))
    }

    fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    fn seconds(self) -> u64 {
        self.0 / 1000
    }

    fn date(self) -> Date {
        Date::of_day(self.seconds() / 86_400)
    }
}

/// A duration in whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A day of the Gregorian calendar, displayed as `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// The year.
    pub year: u64,
    /// The month, 1 to 12.
    pub month: u64,
    /// The day of the month, from 1.
    pub day: u64,
}

impl Date {
    /// The date of the day with this number, counted from 1970-01-01. Works in eras of 400 years that begin
    /// on 1 March, so that the leap day is the last of its year.
    fn of_day(day: u64) -> Self {
        let shifted = day + 719_468;
        let era = shifted / 146_097;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        Self {
            year,
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The wall clock. Adapters read the machine's; tests drive their own.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> UnixMs;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_shows_its_day_across_leap_years() {
        let day = |days: u64| UnixMs(days * 86_400_000).date().to_string();
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(11_016), "2000-02-29");
        assert_eq!(day(20_514), "2026-03-02");
        assert_eq!(UnixMs(4_107_542_399_000).date().to_string(), "2100-02-28");
        assert_eq!(UnixMs(4_107_542_400_000).date().to_string(), "2100-03-01");
    }
}
