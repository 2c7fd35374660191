//! Bounds of dates: the exact ones, which need a zone, and those of their texts, which an index can use.

use jiff::Span;
use jiff::tz::TimeZone;

use crate::index::query::ast::Comparison;
use crate::index::query::time::{DateExpr, TimeContext};
use crate::types::Instant;

/// Instants `from <= s < to`; `None` is no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) from: Option<Instant>,
    pub(super) to: Option<Instant>,
}

impl Bounds {
    /// Where an instant compares so with a date.
    pub(super) fn of(comparison: Comparison, date: &DateExpr, time: &TimeContext) -> Self {
        let (lo, hi) = date.resolve(time);
        let (from, to) = match comparison {
            Comparison::Eq | Comparison::Ne => (Some(lo), Some(hi)),
            Comparison::Lt => (None, Some(lo)),
            Comparison::Le => (None, Some(hi)),
            Comparison::Gt => (Some(hi), None),
            Comparison::Ge => (Some(lo), None),
        };
        Self { from, to }
    }

    /// Texts between which every date is that starts within: dates sort as their texts but for the zones that they
    /// are in, which make less than two days, and a month's text comes before its first day's.
    pub(super) fn texts(&self) -> (String, String) {
        let day = |instant: Instant, days: i64| {
            let date = instant.to_zoned(TimeZone::UTC).date().saturating_add(Span::new().days(days));
            (0..=9999).contains(&date.year()).then(|| date.to_string())
        };
        let from = self.from.map_or(Some(String::new()), |from| day(from, -3));
        let to = self.to.and_then(|to| day(to, 3));
        // Dates begin with a digit: `:` comes after all of them. Years before 0000 have no texts.
        (from.unwrap_or_default(), to.unwrap_or_else(|| ":".to_owned()))
    }

    /// As nanoseconds, clamped to what SQLite's integers hold (the years 1677 to 2262), which is more than
    /// the store's times.
    pub(super) fn nanoseconds(&self) -> (i64, i64) {
        let clamped = |instant: Instant| {
            let ns = instant.as_nanosecond();
            i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX })
        };
        (self.from.map_or(i64::MIN, clamped), self.to.map_or(i64::MAX, clamped))
    }
}
