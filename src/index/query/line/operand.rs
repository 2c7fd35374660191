//! What a value is: number, date, truth value or text.

use super::QueryError;
use crate::index::query::ast::{Comparison, Field, Operand, Test};
use crate::index::query::pattern::FieldPattern;
use crate::index::query::time::{DateExpr, parse_date};

/// What is expected of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::index::query) enum Kind {
    /// Anything: unquoted, it is what it looks like.
    Property,
    /// Text, whatever it looks like.
    Text,
    /// Bytes.
    Size,
    /// An instant.
    Date,
}

impl Kind {
    pub(in crate::index::query) fn of(field: Field) -> Self {
        match field {
            Field::Size => Self::Size,
            field if field.is_date() => Self::Date,
            _ => Self::Text,
        }
    }
}

/// The operand that a text stands for.
pub(in crate::index::query) fn classify(text: &str, is_quoted: bool, kind: Kind) -> Result<Operand, String> {
    match kind {
        Kind::Text => Ok(Operand::Text(text.to_owned())),
        Kind::Property if is_quoted => Ok(Operand::Text(text.to_owned())),
        Kind::Property => property(text),
        Kind::Size => size(text)
            .map(|value| Operand::Number { value, text: text.to_owned() })
            .ok_or_else(|| format!("`{text}` is no size; write bytes, or 10k, 5M, 1G")),
        Kind::Date => parse_date(text).map(|expr| date(expr, text)).ok_or_else(|| {
            format!("`{text}` is no date; write 2026-11-02, 2026-11, 2026-11-02T14:30, today, startOfWeek, today-7d")
        }),
    }
}

fn property(text: &str) -> Result<Operand, String> {
    if let Some(value) = number(text) {
        let text = text.to_owned();
        return if value.is_finite() { Ok(Operand::Number { value, text }) } else { Err(too_large(&text)) };
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Ok(Operand::Bool(text.eq_ignore_ascii_case("true")));
    }
    match parse_date(text) {
        Some(expr) => Ok(date(expr, text)),
        None if looks_like_date(text) => Err(format!("`{text}` is no day of the calendar; quote it if it is text")),
        None => Ok(Operand::Text(text.to_owned())),
    }
}

fn too_large(text: &str) -> String {
    format!("the number `{text}` is too large; quote it if it is text")
}

/// `text` is kept as long as it can stand in a line without quotes.
pub(in crate::index::query) fn date(expr: DateExpr, text: &str) -> Operand {
    let text = if text.chars().any(char::is_whitespace) { expr.to_string() } else { text.to_owned() };
    Operand::Date { expr, text }
}

/// A decimal number: `5`, `-0.25`, `.5`, `1e-3`; neither `inf` nor `nan`, and a point is followed by a digit, so that
/// `1..2` is a range.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let point_ok = unsigned.find('.').is_none_or(|at| unsigned[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    (plain && point_ok && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')).then(|| text.parse().ok())?
}

/// A number of bytes; `k`, `M`, `G`, `T` (also `kB`, `KiB`) are powers of 1024.
fn size(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let bare = lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower);
    let (digits, factor) = match bare.char_indices().next_back()? {
        (at, 'k') => (&bare[..at], 1024.0),
        (at, 'm') => (&bare[..at], 1024.0 * 1024.0),
        (at, 'g') => (&bare[..at], 1024.0 * 1024.0 * 1024.0),
        (at, 't') => (&bare[..at], 1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => (bare, 1.0),
    };
    number(digits).map(|value| value * factor).filter(|value| value.is_finite())
}

/// `2026-02-30`: meant as a date.
fn looks_like_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00" || shape == "0000-00"
}

/// `a..b`, `a..`, `..b` of numbers or dates.
pub(super) fn range(text: &str, kind: Kind, at: usize) -> Result<Test, QueryError> {
    let Some((from, to)) = text.split_once("..") else {
        return Err(QueryError::new(at, "a range is expected"));
    };
    let to_at = at + from.chars().count() + 2;
    let end = |text: &str, at| {
        let read = (!text.is_empty()).then(|| classify(text, false, kind)).transpose();
        read.map_err(|message| QueryError::new(at, message))
    };
    let (mut from_end, mut to_end) = (end(from, at)?, end(to, to_at)?);
    if matches!(from_end, Some(Operand::Date { .. })) {
        year_to_date(&mut to_end);
    } else if matches!(to_end, Some(Operand::Date { .. })) {
        year_to_date(&mut from_end);
    }
    match (from_end, to_end) {
        (Some(from), Some(to)) if is_pair(&from, &to) => Ok(Test::Range(from, to)),
        (Some(from), None) if is_pair(&from, &from) => Ok(Test::Compare(Comparison::Ge, from)),
        (None, Some(to)) if is_pair(&to, &to) => Ok(Test::Compare(Comparison::Lt, to)),
        _ => Err(QueryError::new(at, "a range goes from number to number or from date to date; quote text with `..`")),
    }
}

fn is_pair(from: &Operand, to: &Operand) -> bool {
    matches!(
        (from, to),
        (Operand::Number { .. }, Operand::Number { .. }) | (Operand::Date { .. }, Operand::Date { .. })
    )
}

/// Beside a date, `2026` is a year.
fn year_to_date(end: &mut Option<Operand>) {
    if let Some(Operand::Number { text, .. }) = end
        && let Some(expr) = parse_date(text)
    {
        *end = Some(Operand::Date { expr, text: std::mem::take(text) });
    }
}

/// Refuses globs that do not parse.
pub(in crate::index::query) fn check_field(field: Field, operand: &Operand) -> Result<(), String> {
    match operand {
        Operand::Text(text) => FieldPattern::new(field, text).map(|_| ()),
        _ => Ok(()),
    }
}

/// Whether a text means the same without quotes, as the value of such a test.
pub(in crate::index::query) fn is_bare_value(text: &str, kind: Kind) -> bool {
    let plain = !text.is_empty()
        && text != "*"
        && !text.starts_with(['~', '<', '>', '='])
        && !text.starts_with("!=")
        && !text.chars().any(|c| c.is_whitespace() || matches!(c, '"' | '(' | ')' | ',' | '{' | '}'));
    plain
        && (kind == Kind::Text
            || (!text.contains("..") && matches!(classify(text, false, kind), Ok(Operand::Text(same)) if same == text)))
}
