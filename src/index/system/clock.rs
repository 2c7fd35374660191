//! Times as the system database writes them: ISO 8601 in UTC, whole seconds, so that they compare as text.

use crate::types::Instant;

/// The text of a time.
pub(super) fn text(at: Instant) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The text of a time so many seconds later; the end of time where that is beyond it.
pub(super) fn later(at: Instant, seconds: i64) -> String {
    text(at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Instant::MAX))
}
