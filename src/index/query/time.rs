//! Dates in queries: `today+7d`, `startOfWeek`, `2026-11`, ranges; in the workspace's time zone.
//! Pure: the clock is the caller's.

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::civil::{self, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};

use super::ast::DateBucket;
use crate::types::Instant;

/// What a relative date is relative to.
#[derive(Clone, Debug)]
pub struct TimeContext {
    /// Now.
    pub now: Instant,
    /// The workspace's zone.
    pub zone: TimeZone,
    /// On which day weeks start.
    pub week_starts: Weekday,
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
    /// All of today.
    Today,
    /// All of yesterday.
    Yesterday,
    /// All of tomorrow.
    Tomorrow,
    /// End of today (start of tomorrow).
    EndOfDay,
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
    /// End of this year (start of the next).
    EndOfYear,
    /// A civil date: a whole day, month or year in the workspace's zone.
    Civil {
        /// Its first day.
        first: civil::Date,
        /// How much it spans.
        span: DateUnit,
    },
    /// A local time without zone.
    Local(civil::DateTime),
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

/// The words that stand for a time, in lower case. Those of one base after the first are the placeholders' names.
const WORDS: [(&str, DateBase); 14] = [
    ("now", DateBase::Now),
    ("today", DateBase::Today),
    ("yesterday", DateBase::Yesterday),
    ("tomorrow", DateBase::Tomorrow),
    ("endofday", DateBase::EndOfDay),
    ("startofweek", DateBase::StartOfWeek),
    ("endofweek", DateBase::EndOfWeek),
    ("startofmonth", DateBase::StartOfMonth),
    ("endofmonth", DateBase::EndOfMonth),
    ("startofyear", DateBase::StartOfYear),
    ("endofyear", DateBase::EndOfYear),
    ("todaystart", DateBase::Today),
    ("startofday", DateBase::Today),
    ("todayend", DateBase::EndOfDay),
];

/// How long the thing at the start is.
#[derive(Clone, Copy)]
enum Length {
    /// The end of a period: empty, so that `<= endOfWeek` leaves out the next week's first instant.
    Boundary,
    /// A nanosecond.
    Moment,
    /// A calendar unit.
    Unit(DateUnit),
}

impl DateExpr {
    /// The half-open interval `(lo, hi)` that it means: a day, month or year spans all of it, a moment one nanosecond,
    /// the end of a period nothing. With these, for an instant `s`: `=` is `lo <= s < hi`, `<` is `s < lo`, `<=` is
    /// `s < hi`, `>` is `s >= hi`, `>=` is `s >= lo`; in a range `a..b` both ends are `lo`.
    ///
    /// What lies outside the years -9999 to 9999 is moved to their ends.
    #[must_use]
    pub fn resolve(&self, context: &TimeContext) -> (Instant, Instant) {
        let (mut start, mut length) = self.base.start(context);
        for &(count, unit) in &self.offsets {
            start = start.plus(count, unit, &context.zone);
            if unit == DateUnit::Hour && matches!(length, Length::Unit(_)) {
                length = Length::Moment;
            }
        }
        let end = match length {
            Length::Boundary => start.clone(),
            Length::Moment => return moment(start.instant(&context.zone)),
            Length::Unit(unit) => start.clone().plus(1, unit, &context.zone),
        };
        (start.instant(&context.zone), end.instant(&context.zone))
    }

    /// Whether its meaning changes as time passes.
    #[must_use]
    pub fn is_relative(&self) -> bool {
        !matches!(self.base, DateBase::Civil { .. } | DateBase::Local(_) | DateBase::Moment(_))
    }
}

impl DateBase {
    fn start(&self, context: &TimeContext) -> (Point, Length) {
        let today = context.now.to_zoned(context.zone.clone()).date();
        let week = || start_of_week(today, context.week_starts);
        let year = || today.first_of_year();
        let day = Length::Unit(DateUnit::Day);
        match self {
            Self::Now => (Point::Exact(context.now.to_zoned(context.zone.clone())), Length::Moment),
            Self::Today => (Point::day(today), day),
            Self::Yesterday => (Point::day(shift(today, -1, DateUnit::Day)), day),
            Self::Tomorrow => (Point::day(shift(today, 1, DateUnit::Day)), day),
            Self::EndOfDay => (Point::day(shift(today, 1, DateUnit::Day)), Length::Boundary),
            Self::StartOfWeek => (Point::day(week()), Length::Moment),
            Self::EndOfWeek => (Point::day(shift(week(), 1, DateUnit::Week)), Length::Boundary),
            Self::StartOfMonth => (Point::day(today.first_of_month()), Length::Moment),
            Self::EndOfMonth => (Point::day(shift(today.first_of_month(), 1, DateUnit::Month)), Length::Boundary),
            Self::StartOfYear => (Point::day(year()), Length::Moment),
            Self::EndOfYear => (Point::day(shift(year(), 1, DateUnit::Year)), Length::Boundary),
            Self::Civil { first, span } => (Point::day(*first), Length::Unit(*span)),
            Self::Local(time) => (Point::Local(*time), Length::Moment),
            Self::Moment(instant) => (Point::Exact(instant.to_zoned(context.zone.clone())), Length::Moment),
        }
    }
}

/// A point that offsets are added to: civil as long as only calendar units are added, so that a day that a zone begins
/// at 01:00 does not shift the days after it.
#[derive(Clone)]
enum Point {
    Local(civil::DateTime),
    Exact(Zoned),
}

impl Point {
    fn day(date: civil::Date) -> Self {
        Self::Local(date.at(0, 0, 0, 0))
    }

    fn plus(self, count: i64, unit: DateUnit, zone: &TimeZone) -> Self {
        let step = span(count, unit);
        match self {
            Self::Local(time) if unit == DateUnit::Hour => {
                Self::Exact(local_instant(time, zone).to_zoned(zone.clone()).saturating_add(step))
            }
            Self::Local(time) => Self::Local(time.saturating_add(step)),
            Self::Exact(time) => Self::Exact(time.saturating_add(step)),
        }
    }

    fn instant(&self, zone: &TimeZone) -> Instant {
        match self {
            Self::Local(time) => local_instant(*time, zone),
            Self::Exact(time) => time.timestamp(),
        }
    }
}

/// A span of `count` units, clamped to what the calendar has.
fn span(count: i64, unit: DateUnit) -> Span {
    let within = |most: i64| count.clamp(-most, most);
    match unit {
        DateUnit::Hour => Span::new().hours(within(175_307_616)),
        DateUnit::Day => Span::new().days(within(7_304_484)),
        DateUnit::Week => Span::new().weeks(within(1_043_497)),
        DateUnit::Month => Span::new().months(within(239_976)),
        DateUnit::Year => Span::new().years(within(19_998)),
    }
}

fn shift(date: civil::Date, count: i64, unit: DateUnit) -> civil::Date {
    date.saturating_add(span(count, unit))
}

fn start_of_week(date: civil::Date, week_starts: Weekday) -> civil::Date {
    shift(date, -i64::from(date.weekday().since(week_starts)), DateUnit::Day)
}

/// In a gap the time after it, in a fold the first of the two; out of range the nearest end.
fn local_instant(time: civil::DateTime, zone: &TimeZone) -> Instant {
    let fallback = if time.year() < 0 { Instant::MIN } else { Instant::MAX };
    zone.to_timestamp(time).unwrap_or(fallback)
}

fn moment(instant: Instant) -> (Instant, Instant) {
    (instant, instant.saturating_add(Span::new().nanoseconds(1)).unwrap_or(instant))
}

/// Reads a date expression; `None` if the text is none. A bare year (`2026`) is one; where numbers are expected too,
/// ask whether it is a number first.
#[must_use]
pub fn parse_date(text: &str) -> Option<DateExpr> {
    let (head, offsets) = split_offsets(text.trim());
    let base = parse_word(head).or_else(|| parse_iso(head))?;
    Some(DateExpr { base, offsets })
}

/// Cuts `±7d`… off the end. What is left may be no date at all.
fn split_offsets(text: &str) -> (&str, Vec<(i64, DateUnit)>) {
    let (mut head, mut offsets) = (text, Vec::new());
    while let Some((rest, offset)) = split_last_offset(head) {
        offsets.push(offset);
        head = rest;
    }
    offsets.reverse();
    (head, offsets)
}

fn split_last_offset(text: &str) -> Option<(&str, (i64, DateUnit))> {
    let unit = unit_of(text.chars().next_back()?)?;
    let digits_end = text.len() - 1;
    let digits_start = text[..digits_end].rfind(|c: char| !c.is_ascii_digit())? + 1;
    let digits = text.get(digits_start..digits_end).filter(|digits| !digits.is_empty())?;
    let count = digits.parse().unwrap_or(i64::MAX);
    let head = text[..digits_start].trim_end();
    let (head, sign) =
        head.strip_suffix('+').map(|head| (head, 1)).or_else(|| head.strip_suffix('-').map(|head| (head, -1)))?;
    Some((head.trim_end(), (sign * count, unit)))
}

fn unit_of(letter: char) -> Option<DateUnit> {
    match letter.to_ascii_lowercase() {
        'h' => Some(DateUnit::Hour),
        'd' => Some(DateUnit::Day),
        'w' => Some(DateUnit::Week),
        'm' => Some(DateUnit::Month),
        'y' => Some(DateUnit::Year),
        _ => None,
    }
}

fn parse_word(text: &str) -> Option<DateBase> {
    WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, base)| base.clone())
}

/// ISO 8601 in its extended form: year, month, day, or day and time with or without zone.
fn parse_iso(text: &str) -> Option<DateBase> {
    if !text.is_ascii() || text.len() < 4 {
        return None;
    }
    let year = i16::try_from(digits(text.get(..4)?)?).ok()?;
    let civil = |month, day, span| Some(DateBase::Civil { first: civil::Date::new(year, month, day).ok()?, span });
    let two = |range: std::ops::Range<usize>| text.get(range).and_then(two_digits);
    match text.len() {
        4 => civil(1, 1, DateUnit::Year),
        7 if text[4..].starts_with('-') => civil(two(5..7)?, 1, DateUnit::Month),
        _ => {
            let rest = text.get(10..)?;
            if text.as_bytes()[4] != b'-' || text.as_bytes()[7] != b'-' {
                return None;
            }
            let (month, day) = (two(5..7)?, two(8..10)?);
            if rest.is_empty() {
                return civil(month, day, DateUnit::Day);
            }
            parse_time(civil::Date::new(year, month, day).ok()?, rest.strip_prefix(['T', 't', ' '])?)
        }
    }
}

/// `14:30`, `14:30:05`, `14:30:05.25`, then nothing, `Z` or `±01:00`.
fn parse_time(date: civil::Date, text: &str) -> Option<DateBase> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = (text[..zone_at].trim_end(), &text[zone_at..]);
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, part)| (clock, Some(part)));
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = parts.next();
    if parts.next().is_some() || (second.is_none() && fraction.is_some()) {
        return None;
    }
    let second = second.map_or(Some(0), two_digits)?;
    let time = civil::Time::new(hour, minute, second, fraction.map_or(Some(0), nanoseconds)?).ok()?;
    let local = civil::DateTime::from_parts(date, time);
    if zone.is_empty() {
        return Some(DateBase::Local(local));
    }
    let offset = TimeZone::fixed(parse_zone(zone)?);
    Some(DateBase::Moment(offset.to_timestamp(local).ok()?))
}

fn parse_zone(text: &str) -> Option<jiff::tz::Offset> {
    if text.eq_ignore_ascii_case("z") {
        return Some(jiff::tz::Offset::UTC);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let compact = text[1..].replacen(':', "", 1);
    let (hours, minutes) = match compact.len() {
        2 => (two_digits(&compact)?, 0),
        4 => (two_digits(&compact[..2])?, two_digits(&compact[2..])?),
        _ => return None,
    };
    if minutes > 59 {
        return None;
    }
    jiff::tz::Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn two_digits(text: &str) -> Option<i8> {
    (text.len() == 2).then(|| digits(text)).flatten().and_then(|value| i8::try_from(value).ok())
}

/// A decimal fraction of a second of up to nine digits.
fn nanoseconds(text: &str) -> Option<i32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    i32::try_from(digits(&format!("{text:0<9}"))?).ok()
}

/// The half-open interval of a date that stands in a note (`2026-11`, `2026-11-02`, `2026-11-02T14:30`, with or
/// without offset), in the workspace's zone; `None` if it is no date. Relative words, bare years and dates with
/// offsets (`2026-11-02+7d`) are none.
#[must_use]
pub fn value_interval(text: &str, zone: &TimeZone) -> Option<(Instant, Instant)> {
    let text = text.trim();
    let base = (text.len() > 4).then(|| parse_iso(text)).flatten()?;
    // An absolute date does not look at the clock, so any will do.
    let context = TimeContext { now: Instant::UNIX_EPOCH, zone: zone.clone(), week_starts: Weekday::Monday };
    Some(DateExpr { base, offsets: Vec::new() }.resolve(&context))
}

/// The name of the bucket that an instant falls into, in the workspace's zone: `2026-11-02`, `2026-W45`, `2026-11`,
/// `2026`.
#[must_use]
pub fn bucket_name(instant: Instant, bucket: DateBucket, context: &TimeContext) -> String {
    let date = instant.to_zoned(context.zone.clone()).date();
    match bucket {
        DateBucket::Day => date.to_string(),
        DateBucket::Week => {
            let week = shift(start_of_week(date, context.week_starts), 3, DateUnit::Day).iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        DateBucket::Month => format!("{:04}-{:02}", date.year(), date.month()),
        DateBucket::Year => format!("{:04}", date.year()),
    }
}

impl fmt::Display for DateExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)?;
        self.offsets.iter().try_for_each(|(count, unit)| {
            let letter = match unit {
                DateUnit::Hour => 'h',
                DateUnit::Day => 'd',
                DateUnit::Week => 'w',
                DateUnit::Month => 'm',
                DateUnit::Year => 'y',
            };
            write!(f, "{count:+}{letter}")
        })
    }
}

impl fmt::Display for DateBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Now => "now",
            Self::Today => "today",
            Self::Yesterday => "yesterday",
            Self::Tomorrow => "tomorrow",
            Self::EndOfDay => "endOfDay",
            Self::StartOfWeek => "startOfWeek",
            Self::EndOfWeek => "endOfWeek",
            Self::StartOfMonth => "startOfMonth",
            Self::EndOfMonth => "endOfMonth",
            Self::StartOfYear => "startOfYear",
            Self::EndOfYear => "endOfYear",
            Self::Civil { first, span: DateUnit::Year } => return write!(f, "{:04}", first.year()),
            Self::Civil { first, span: DateUnit::Month } => {
                return write!(f, "{:04}-{:02}", first.year(), first.month());
            }
            Self::Civil { first, .. } => return first.fmt(f),
            Self::Local(time) => return time.fmt(f),
            Self::Moment(instant) => return instant.fmt(f),
        })
    }
}
