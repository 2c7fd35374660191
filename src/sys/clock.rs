//! The clock on the wall, which people and time servers set forward and back. What waits for something to pass uses
//! `std::time::Instant`, which nobody sets.

use std::sync::OnceLock;
use std::time::Duration;

use crate::types::Instant;

/// What the clock and the time since the start said when the clock was first read.
static BEGAN: OnceLock<(Instant, std::time::Instant)> = OnceLock::new();

/// For so long nobody has set a clock that is taken for right.
const STEADY: Duration = Duration::from_secs(3600);

/// A clock that is kept right by a time server goes so much too fast or too slow.
const DRIFT: Duration = Duration::from_secs(60);

/// What it shows. In debug builds `CODEX_FAULTS` may move it: a line `clock SECONDS`.
#[must_use]
pub fn now() -> Instant {
    let now = shown();
    BEGAN.get_or_init(|| (now, std::time::Instant::now()));
    now
}

/// Whether the clock has gone at the pace of time for an hour. One that was set, or was wrong when the machine started,
/// proves of nothing that it is old.
#[must_use]
pub fn is_clock_steady() -> bool {
    let now = now();
    BEGAN.get().is_some_and(|(clock, began)| is_steady(now.duration_since(*clock), began.elapsed()))
}

fn is_steady(by_clock: jiff::SignedDuration, passed: Duration) -> bool {
    // A time that the clock says is before the start is no time that passed.
    Duration::try_from(by_clock).is_ok_and(|by_clock| passed >= STEADY && by_clock.abs_diff(passed) <= DRIFT)
}

fn shown() -> Instant {
    let now = Instant::now();
    #[cfg(debug_assertions)]
    if let Some(seconds) = super::fault::clock_shift() {
        return now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
    }
    now
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_steady_that_agrees_with_the_time_that_passed() {
        let check = |clock: i64, passed: u64, expected: bool| {
            let is = is_steady(jiff::SignedDuration::from_secs(clock), Duration::from_secs(passed));
            assert_eq!(is, expected, "{clock} {passed}");
        };
        check(10, 10, false);
        check(7200, 7200, true);
        check(7230, 7200, true);
        check(-7200, 7200, false);
        check(320_000_000, 7200, false);
    }

    #[test]
    fn nobody_moves_it_unasked() {
        let (before, now, after) = (Instant::now(), now(), Instant::now());
        assert!(before <= now && now <= after);
    }
}
