//! `{{ today }}` and its like: date expressions where a date stands, text elsewhere.

use crate::index::query::TimeContext;
use crate::index::query::ast::Field;
use crate::index::query::time::{DateBase, DateExpr, parse_date};

/// A text with its placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) text: String,
    /// Whether there were any.
    pub(super) has_placeholder: bool,
}

/// Where the text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// As the value of a date: every placeholder becomes an expression.
    Date,
    /// In a search line: an expression where it is the whole value of a condition, else text.
    Line,
    /// In a text.
    Text,
}

/// A placeholder that does not exist.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// Offset in characters, from 0.
    pub(super) position: usize,
    /// What is wrong, and what is expected.
    pub(super) message: String,
}

/// Fills in the placeholders; an unknown one is an error.
pub(super) fn fill(text: &str, place: Place, now: &TimeContext) -> Result<Filled, Unknown> {
    let mut filled = Filled { text: String::new(), has_placeholder: false };
    let mut rest = text;
    while let Some((before, after_open)) = rest.split_once("{{") {
        let Some((inner, after)) = after_open.split_once("}}") else {
            break;
        };
        let expr = parse_date(inner).filter(DateExpr::is_relative).ok_or_else(|| Unknown {
            position: text[..text.len() - rest.len() + before.len()].chars().count(),
            message: format!(
                "`{{{{{inner}}}}}` is unknown; there are today, now, yesterday, tomorrow, startOfWeek, endOfWeek, \
                 startOfMonth, endOfMonth, startOfYear, todayStart and todayEnd, with offsets like +7d"
            ),
        })?;
        filled.text.push_str(before);
        let is_expression = match place {
            Place::Date => true,
            Place::Line => begins_value(&filled.text) && ends_value(after),
            Place::Text => false,
        };
        filled.text.push_str(&if is_expression { expr.to_string() } else { as_text(&expr, now) });
        filled.has_placeholder = true;
        rest = after;
    }
    filled.text.push_str(rest);
    Ok(filled)
}

/// Whether an operator stands just before, and not one of a text field.
fn begins_value(before: &str) -> bool {
    const OPERATORS: [char; 6] = [':', '=', '<', '>', '!', ','];
    let condition = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let key = condition.split(OPERATORS).next().unwrap_or_default().trim_start_matches('-');
    let is_text = Field::from_name(key).is_some_and(|field| !field.is_date());
    !is_text && (condition.ends_with(OPERATORS) || condition.ends_with(".."))
}

fn ends_value(after: &str) -> bool {
    let is_offset = after.strip_prefix(['+', '-']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_end = after.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ')'));
    is_offset || is_end || after.starts_with("..")
}

/// A day, or for `now` a time to the second; of the end of a period its last day.
fn as_text(expr: &DateExpr, now: &TimeContext) -> String {
    let (start, end) = expr.resolve(now);
    if expr.base == DateBase::Now {
        return start.to_zoned(now.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    }
    let is_end = start == end;
    let shown = if is_end { start - jiff::SignedDuration::from_nanos(1) } else { start };
    shown.to_zoned(now.zone.clone()).date().to_string()
}
