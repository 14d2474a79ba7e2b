//! How often it is tried again to read an item, decide and write it, when others write it meanwhile, and the waits between.
//! Calls that failed are tried again by their client ([`crate::aws`]), not here.

use std::time::Duration;

use super::random;
use super::table::TableError;

/// Times that an item is read and written. The waits before all of them take 0.6 s at most, and half of that on average.
const ROUNDS: u32 = 8;
/// The longest wait after the first round; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// The longest wait of all.
const LONGEST_WAIT: Duration = Duration::from_millis(160);

/// The rounds of one call.
pub(super) struct Rounds {
    what: &'static str,
    lost: u32,
}

impl Rounds {
    pub(super) fn about(what: &'static str) -> Self {
        Self { what, lost: 0 }
    }

    /// Somebody else wrote the item meanwhile: waits a little, unless this was the last round.
    pub(super) async fn lost(&mut self) -> Result<(), TableError> {
        self.lost += 1;
        if self.lost == ROUNDS {
            return Err(TableError::Contended(self.what));
        }
        let longest = longest_wait(self.lost);
        tokio::time::sleep(longest.mul_f64(random::share())).await;
        Ok(())
    }
}

fn longest_wait(lost: u32) -> Duration {
    (FIRST_WAIT * 2_u32.pow(lost - 1)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_waits_of_a_call_are_short() {
        let waits: Duration = (1..ROUNDS).map(longest_wait).sum();
        assert_eq!(waits, Duration::from_millis(630));
    }

    #[tokio::test]
    async fn the_last_round_ends_with_what_was_contended() {
        let mut rounds = Rounds::about("a room");
        for _ in 1..ROUNDS {
            assert_eq!(rounds.lost().await, Ok(()));
        }
        assert_eq!(rounds.lost().await, Err(TableError::Contended("a room")));
    }
}
