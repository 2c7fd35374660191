use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{DateBucket, TimeContext, bucket_name, parse_date, value_interval};

fn context(now: &str, zone: &str, week_starts: Weekday) -> TimeContext {
    TimeContext { now: now.parse().unwrap(), zone: TimeZone::get(zone).unwrap(), week_starts }
}

/// Wednesday, 4 November 2026, 15:30 in Berlin (UTC+1).
fn berlin() -> TimeContext {
    context("2026-11-04T14:30:00Z", "Europe/Berlin", Weekday::Monday)
}

/// What an expression means, as `start/end` in the zone without its name; `!` after the end of a period.
fn check(now: &TimeContext, text: &str, expected: &str) {
    let expr = parse_date(text).unwrap_or_else(|| panic!("{text:?} is no date"));
    let (lo, hi) = expr.resolve(now);
    let show =
        |instant: jiff::Timestamp| instant.to_zoned(now.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let length = hi.as_nanosecond() - lo.as_nanosecond();
    let shown = match length {
        0 => format!("{}!", show(lo)),
        1 => show(lo),
        _ => format!("{}/{}", show(lo), show(hi)),
    };
    assert_eq!(shown, expected, "{text:?}");
    let again = parse_date(&expr.to_string()).map(|expr| expr.resolve(now));
    assert_eq!(again, Some((lo, hi)), "{text:?} is shown as {expr}");
}

#[test]
fn iso_dates_and_times() {
    let now = &berlin();
    check(now, "2026-11-02", "2026-11-02T00:00:00+01:00/2026-11-03T00:00:00+01:00");
    check(now, "2026-11", "2026-11-01T00:00:00+01:00/2026-12-01T00:00:00+01:00");
    check(now, "2026", "2026-01-01T00:00:00+01:00/2027-01-01T00:00:00+01:00");
    check(now, "2026-07-02T14:30", "2026-07-02T14:30:00+02:00");
    check(now, "2026-07-02 14:30:05", "2026-07-02T14:30:05+02:00");
    check(now, "2026-07-02T14:30:05.25", "2026-07-02T14:30:05+02:00");
    check(now, "2026-11-02T14:30Z", "2026-11-02T15:30:00+01:00");
    check(now, "2026-11-02T14:30:05+05:30", "2026-11-02T10:00:05+01:00");
    check(now, "2026-11-02 14:30:05 -0800", "2026-11-02T23:30:05+01:00");
    check(now, "2026-11-02T14:30+02", "2026-11-02T13:30:00+01:00");
}

#[test]
fn relative_words() {
    let now = &berlin();
    check(now, "now", "2026-11-04T15:30:00+01:00");
    check(now, "Today", "2026-11-04T00:00:00+01:00/2026-11-05T00:00:00+01:00");
    check(now, "yesterday", "2026-11-03T00:00:00+01:00/2026-11-04T00:00:00+01:00");
    check(now, "tomorrow", "2026-11-05T00:00:00+01:00/2026-11-06T00:00:00+01:00");
    check(now, "STARTOFWEEK", "2026-11-02T00:00:00+01:00");
    check(now, "endOfWeek", "2026-11-09T00:00:00+01:00!");
    check(now, "startOfMonth", "2026-11-01T00:00:00+01:00");
    check(now, "endOfMonth", "2026-12-01T00:00:00+01:00!");
    check(now, "startOfYear", "2026-01-01T00:00:00+01:00");
    check(now, "endOfYear", "2027-01-01T00:00:00+01:00!");
    check(now, "todayStart", "2026-11-04T00:00:00+01:00/2026-11-05T00:00:00+01:00");
    check(now, "todayEnd", "2026-11-05T00:00:00+01:00!");
}

#[test]
fn offsets_are_added_in_order_and_months_clamp() {
    let now = &berlin();
    check(now, "today+7d", "2026-11-11T00:00:00+01:00/2026-11-12T00:00:00+01:00");
    check(now, "today - 2w", "2026-10-21T00:00:00+02:00/2026-10-22T00:00:00+02:00");
    check(now, "2026-01-31+1m", "2026-02-28T00:00:00+01:00/2026-03-01T00:00:00+01:00");
    check(now, "2026-03-31-1m", "2026-02-28T00:00:00+01:00/2026-03-01T00:00:00+01:00");
    check(now, "2026-01-31+1m+1m", "2026-03-28T00:00:00+01:00/2026-03-29T00:00:00+01:00");
    check(now, "2024-02-29+1y", "2025-02-28T00:00:00+01:00/2025-03-01T00:00:00+01:00");
    check(now, "2026-11+1M", "2026-12-01T00:00:00+01:00/2027-01-01T00:00:00+01:00");
    check(now, "startOfMonth-1d", "2026-10-31T00:00:00+01:00");
    check(now, "now-3h", "2026-11-04T12:30:00+01:00");
    check(now, "today+3h", "2026-11-04T03:00:00+01:00");
    check(now, "endOfWeek+1w", "2026-11-16T00:00:00+01:00!");
    check(now, "2026-11-02T14:30+01:00+1d", "2026-11-03T14:30:00+01:00");
}

#[test]
fn days_have_23_or_25_hours_where_clocks_change() {
    let now = &berlin();
    check(now, "2026-03-29", "2026-03-29T00:00:00+01:00/2026-03-30T00:00:00+02:00");
    check(now, "2026-10-25", "2026-10-25T00:00:00+02:00/2026-10-26T00:00:00+01:00");
    check(now, "2026-03-29T02:30", "2026-03-29T03:30:00+02:00");
    check(now, "2026-10-25T02:30", "2026-10-25T02:30:00+02:00");
    check(now, "2026-03-28T12:00+1d", "2026-03-29T12:00:00+02:00");
    check(now, "2026-03-28T12:00+24h", "2026-03-29T13:00:00+02:00");
    check(now, "2026-03-29+3h", "2026-03-29T04:00:00+02:00");
    // Clocks in Beirut jumped from 00:00 to 01:00: the day begins at 01:00, the next one at 00:00.
    let beirut = &context("2026-03-29T12:00:00Z", "Asia/Beirut", Weekday::Monday);
    check(beirut, "today", "2026-03-29T01:00:00+03:00/2026-03-30T00:00:00+03:00");
    check(beirut, "yesterday+1d", "2026-03-29T01:00:00+03:00/2026-03-30T00:00:00+03:00");
}

#[test]
fn weeks_start_as_the_workspace_says() {
    let sunday = &context("2026-11-04T14:30:00Z", "UTC", Weekday::Sunday);
    check(sunday, "startOfWeek", "2026-11-01T00:00:00+00:00");
    check(sunday, "endOfWeek", "2026-11-08T00:00:00+00:00!");
    let on_monday = &context("2026-11-02T00:00:00Z", "UTC", Weekday::Monday);
    check(on_monday, "startOfWeek", "2026-11-02T00:00:00+00:00");
}

#[test]
fn today_is_today_in_the_zone() {
    check(
        &context("2026-11-04T23:30:00Z", "Asia/Tokyo", Weekday::Monday),
        "today",
        "2026-11-05T00:00:00+09:00/2026-11-06T00:00:00+09:00",
    );
}

#[test]
fn what_is_no_date() {
    for text in [
        "",
        "soon",
        "7d",
        "+7d",
        "today+7",
        "today+d",
        "today7d",
        "2026-13",
        "2026-02-30",
        "2026-1-1",
        "26-01-01",
        "20261102",
        "2026-11-02T",
        "2026-11-02T14",
        "2026-11-02T25:00",
        "2026-11-02T14:60",
        "2026-11-02T14:30:05.",
        "2026-11-02T14:30:05.1234567890",
        "2026-11-02T14:30X",
        "2026-11-02T14:30+1",
        "2026-11-02x",
        "٢٠٢٦",
        "2026-11-0é",
        "123",
        "12345",
        "-2026",
    ] {
        assert_eq!(parse_date(text), None, "{text:?}");
    }
}

#[test]
fn absurd_offsets_stay_within_the_calendar() {
    for text in ["today+99999999999999999999y", "now-999999999h", "9999-12-31+9999m", "0000+1d-99999y"] {
        let (lo, hi) = parse_date(text).unwrap().resolve(&berlin());
        assert!(lo <= hi, "{text}");
    }
}

#[test]
fn dates_in_notes_are_absolute() {
    let zone = TimeZone::UTC;
    for text in ["today", "now", "2026", "2026-11-02+7d", "soon", ""] {
        assert_eq!(value_interval(text, &zone), None, "{text:?}");
    }
    let (start, end) = value_interval(" 2026-11-02 ", &zone).unwrap();
    assert_eq!((start.to_string(), end.to_string()), ("2026-11-02T00:00:00Z".into(), "2026-11-03T00:00:00Z".into()));
    assert!(value_interval("2026-11", &zone).is_some());
}

#[test]
fn names_of_buckets() {
    let sunday = context("2026-11-04T14:30:00Z", "UTC", Weekday::Sunday);
    for (now, instant, day, week, month, year) in [
        (&berlin(), "2026-11-01T22:59:59Z", "2026-11-01", "2026-W44", "2026-11", "2026"),
        (&berlin(), "2026-11-01T23:00:00Z", "2026-11-02", "2026-W45", "2026-11", "2026"),
        (&berlin(), "2025-12-31T23:00:00Z", "2026-01-01", "2026-W01", "2026-01", "2026"),
        (&berlin(), "2024-12-30T12:00:00Z", "2024-12-30", "2025-W01", "2024-12", "2024"),
        (&sunday, "2026-11-01T00:00:00Z", "2026-11-01", "2026-W45", "2026-11", "2026"),
    ] {
        let name = |bucket| bucket_name(instant.parse().unwrap(), bucket, now);
        let names = [DateBucket::Day, DateBucket::Week, DateBucket::Month, DateBucket::Year].map(name);
        assert_eq!(names, [day, week, month, year], "{instant}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[0-9todayn:+.TZ wmyh-]{0,24}|\\PC{0,12}") {
        if let Some(expr) = parse_date(&text) {
            let (lo, hi) = expr.resolve(&berlin());
            prop_assert!(lo <= hi);
        }
        let _ = value_interval(&text, &TimeZone::UTC);
    }
}
