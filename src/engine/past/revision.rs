//! Which commit a revision means: the beginning of its id, or a date.

use crate::engine::{Engine, EngineError, Notebook};
use crate::history::HistoryError;
use crate::index::query::TimeContext;
use crate::index::query::time::parse_date;
use crate::types::{CommitId, Instant};

/// Fewest digits of a commit's id.
const DIGITS: usize = 4;

impl Engine {
    /// The commit that a revision means in a notebook: at least 4 digits of its id, or a date or time: the newest
    /// commit at it, for a day (`2026-11-21`, `yesterday`), month or year at its end.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] without such a commit; [`EngineError::Invalid`] for what is neither.
    pub fn revision(&self, notebook: &Notebook, text: &str) -> Result<CommitId, EngineError> {
        let text = text.trim();
        if text.len() >= DIGITS && text.chars().all(|c| c.is_ascii_hexdigit()) {
            match notebook.history.resolve(text) {
                Ok(commit) => return Ok(commit),
                // `2026` may be a year.
                Err(HistoryError::NotFound(_)) if parse_date(text).is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let Some(time) = last_moment(text, &self.time_context()) else {
            return Err(EngineError::Invalid(format!(
                "`{text}` is no revision; give 4 or more digits of a commit's id, or a date such as 2026-11-21 or yesterday"
            )));
        };
        notebook
            .history
            .at_time(time)?
            .ok_or_else(|| EngineError::NotFound(format!("the history of {} begins after {text}", notebook.name())))
    }
}

/// The last moment that belongs to a date.
fn last_moment(text: &str, context: &TimeContext) -> Option<Instant> {
    let (start, end) = parse_date(text)?.resolve(context);
    let last = end.checked_sub(jiff::SignedDuration::from_nanos(1)).ok()?;
    Some(last.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_means_its_end_in_the_workspaces_zone_and_a_moment_itself() {
        let context = TimeContext {
            now: "2026-11-22T10:00:00Z".parse().unwrap(),
            zone: jiff::tz::TimeZone::get("Europe/Berlin").unwrap(),
            week_starts: jiff::civil::Weekday::Monday,
        };
        for (text, expected) in [
            ("2026-11-20", "2026-11-20T22:59:59.999999999Z"),
            ("yesterday", "2026-11-21T22:59:59.999999999Z"),
            ("2026-10", "2026-10-31T22:59:59.999999999Z"),
            ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
        ] {
            assert_eq!(last_moment(text, &context), Some(expected.parse().unwrap()), "{text}");
        }
        assert_eq!(last_moment("nonsense", &context), None);
    }
}
