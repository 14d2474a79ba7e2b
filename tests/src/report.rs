//! What a suite tells the person who runs it. It goes past the test harness's capture, because a suite that runs for
//! two minutes in silence looks like one that hangs.

use std::io::Write as _;
use std::time::Duration;

/// One line about what is going on.
pub fn say(suite: &str, line: impl std::fmt::Display) {
    // A closed terminal is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "  {suite}: {line}");
}

/// The value below which `share` (0 to 1) of `times` lie; `times` is sorted here.
///
/// # Panics
/// When there are no times.
#[must_use]
pub fn quantile(times: &mut [Duration], share: f64) -> Duration {
    assert!(!times.is_empty(), "nothing was measured");
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a count of samples is a small positive number"
    )]
    let at = (times.len() as f64 * share) as usize;
    times[at.min(times.len() - 1)]
}
