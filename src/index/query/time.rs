//! Dates in queries: `today+7d`, `startOfWeek`, `2026-11`, ranges; in the workspace's time zone.

use crate::types::Instant;

/// What a relative date is relative to.
#[derive(Clone, Debug)]
pub struct TimeContext {
    /// Now.
    pub now: Instant,
    /// The workspace's zone.
    pub zone: jiff::tz::TimeZone,
    /// On which day weeks start.
    pub week_starts: jiff::civil::Weekday,
}

/// A date as written in a query. The parts are the parser's own affair; see [`DateExpr::resolve`].
#[derive(Clone, Debug, PartialEq)]
pub struct DateExpr {
    /// What the offsets are added to.
    pub base: DateBase,
    /// `±7d`, `±2w`, `±1m`, `±1y`, `±3h`, in order.
    pub offsets: Vec<(i64, DateUnit)>,
}

/// The fixed part of a date.
#[derive(Clone, Debug, PartialEq)]
pub enum DateBase {
    /// The current moment.
    Now,
    /// Start of today.
    Today,
    /// Start of yesterday.
    Yesterday,
    /// Start of tomorrow.
    Tomorrow,
    /// Start of this week.
    StartOfWeek,
    /// End of this week (start of the next).
    EndOfWeek,
    /// Start of this month.
    StartOfMonth,
    /// End of this month (start of the next).
    EndOfMonth,
    /// Start of this year.
    StartOfYear,
    /// A civil date: a whole day, month or year in the workspace's zone.
    Civil {
        /// Its first day.
        first: jiff::civil::Date,
        /// How much it spans.
        span: DateUnit,
    },
    /// A local time without zone, to the second.
    Local(jiff::civil::DateTime),
    /// A moment.
    Moment(Instant),
}

/// Units of offsets and spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateUnit {
    /// Hour.
    Hour,
    /// Calendar day.
    Day,
    /// Seven calendar days.
    Week,
    /// Calendar month, clamped to its end.
    Month,
    /// Calendar year.
    Year,
}

impl DateExpr {
    /// The half-open interval that it means: a moment has no length, a day, month or year spans all of it.
    /// `= 2026-11` means "within", `< 2026-11` "before its start", `<= 2026-11` "before its end".
    #[must_use]
    pub fn resolve(&self, context: &TimeContext) -> (Instant, Instant) {
        let _ = context;
        todo!()
    }

    /// Whether its meaning changes as time passes.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        !matches!(self.base, DateBase::Civil { .. } | DateBase::Local(_) | DateBase::Moment(_))
    }
}

/// Reads a date expression; `None` if the text is none.
#[must_use]
pub fn parse_date(text: &str) -> Option<DateExpr> {
    let _ = text;
    todo!()
}

/// The half-open interval of a date that stands in a note (`2026-11-02`, `2026-11-02T14:30`, with or without
/// offset), in the workspace's zone; `None` if it is no date. Relative words are none.
#[must_use]
pub fn value_interval(text: &str, zone: &jiff::tz::TimeZone) -> Option<(Instant, Instant)> {
    let _ = (text, zone);
    todo!()
}
