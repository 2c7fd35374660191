//! Tests of properties, over the rows of their elements.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::dates::Bounds;
use super::fragment::{Failure, Fragment, text};
use super::functions::instant;
use crate::index::notebook::properties::lookup_key;
use crate::index::query::ast::{Comparison, Operand, Test};
use crate::index::query::pattern::compile_regex;
use crate::index::query::time::TimeContext;

/// The row id of a property key, if any note has it.
pub(in crate::index::notebook) fn key_id(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM property_keys WHERE key = ?1")?;
    statement.query_row([key], |row| row.get(0)).optional()
}

/// What `test` asks of one element, the row `p`; its negation for `!=`, which the caller turns round.
#[derive(Debug)]
pub(super) struct ElementTest {
    /// True or false for an element.
    pub(super) condition: Fragment,
    /// Conditions of which one holds wherever `condition` does, each one range of the index over values.
    pub(super) ranges: Vec<Fragment>,
}

impl ElementTest {
    /// # Errors
    /// A regular expression that does not parse.
    pub(super) fn of(test: &Test, time: &TimeContext) -> Result<Self, Failure> {
        Ok(match test {
            Test::Exists => Self::unbounded(Fragment::constant(true)),
            Test::Compare(Comparison::Eq | Comparison::Ne, operand) => equals(operand, time),
            Test::Compare(comparison, operand) => compares(*comparison, operand, time),
            Test::OneOf(operands) => {
                let tests: Vec<Self> = operands.iter().map(|operand| equals(operand, time)).collect();
                let (conditions, ranges): (Vec<_>, Vec<_>) =
                    tests.into_iter().map(|test| (test.condition, test.ranges)).unzip();
                Self { condition: Fragment::or(conditions), ranges: ranges.concat() }
            }
            Test::Range(from, to) => {
                let (from, to) = (compares(Comparison::Ge, from, time), compares(Comparison::Lt, to, time));
                let both = [from.ranges, to.ranges].concat();
                Self { condition: Fragment::and(vec![from.condition, to.condition]), ranges: vec![Fragment::and(both)] }
            }
            Test::Matches(pattern) => {
                compile_regex(pattern).map_err(|error| Failure::Bad(format!("`{pattern}`: {error}")))?;
                Self::unbounded(Fragment::new("cdx_matches(p.value, p.raw, ?)", [text(pattern)]))
            }
        })
    }

    fn unbounded(condition: Fragment) -> Self {
        Self { condition, ranges: vec![Fragment::constant(true)] }
    }

    fn never() -> Self {
        Self { condition: Fragment::constant(false), ranges: vec![Fragment::constant(false)] }
    }
}

/// An element's text as written.
const TEXT: &str = "iif(p.raw IS NULL, p.value, p.raw)";

/// The one range in which values are that look like `wanted`, and the condition that they are it.
fn same_text(wanted: &str) -> ElementTest {
    let (lower, key) = (wanted.to_lowercase(), lookup_key(wanted));
    // Where nothing else was written, `value` says it all.
    let exact = if lower == key { "(p.raw IS NULL OR cdx_lower(p.raw) = ?)" } else { "cdx_lower(p.raw) = ?" };
    let exact = Fragment::new(exact, [text(lower)]);
    let range = Fragment::new("p.value = ?", [text(key)]);
    ElementTest { condition: Fragment::and(vec![range.clone(), exact]), ranges: vec![range] }
}

fn equals(operand: &Operand, time: &TimeContext) -> ElementTest {
    match operand {
        Operand::Number { value, text } => {
            let number = Fragment::new("p.value = ?", [Value::Real(*value)]);
            let as_text = same_text(text);
            ElementTest {
                // Text that looks like a number is no bool, so its kind need not be asked.
                condition: Fragment::or(vec![number.clone(), as_text.condition]),
                ranges: [vec![number], as_text.ranges].concat(),
            }
        }
        Operand::Bool(is) => same_text(if *is { "true" } else { "false" }),
        Operand::Text(wanted) => same_text(wanted),
        Operand::Date { expr, text: written } => {
            let as_text = same_text(written);
            let bounds = Bounds::of(Comparison::Eq, expr, time);
            let within = within(&bounds, Some(written));
            let (from, to) = bounds.texts();
            let range = Fragment::new("(p.value >= ? AND p.value < ?)", [text(from), text(to)]);
            ElementTest { condition: within, ranges: [vec![range], as_text.ranges].concat() }
        }
    }
}

/// Order; equality is [`equals`].
fn compares(comparison: Comparison, operand: &Operand, time: &TimeContext) -> ElementTest {
    let operator = match comparison {
        Comparison::Eq | Comparison::Ne => return equals(operand, time),
        Comparison::Lt => "<",
        Comparison::Le => "<=",
        Comparison::Gt => ">",
        Comparison::Ge => ">=",
    };
    match operand {
        Operand::Number { value, .. } => {
            // Text comes after all numbers, so that a range to the end of the numbers ends before it.
            let sql = format!("(p.value {operator} ? AND p.value < '')");
            let range = Fragment::new(sql, [Value::Real(*value)]);
            ElementTest { condition: range.clone(), ranges: vec![range] }
        }
        Operand::Date { expr, .. } => {
            let bounds = Bounds::of(comparison, expr, time);
            let (from, to) = bounds.texts();
            let range = Fragment::new("(p.value >= ? AND p.value < ?)", [text(from), text(to)]);
            ElementTest { condition: within(&bounds, None), ranges: vec![range] }
        }
        Operand::Text(wanted) => {
            let sql = format!("(p.kind = 3 AND {TEXT} {operator} ?)");
            let texts = Fragment::new("p.value >= ''", []);
            ElementTest { condition: Fragment::new(sql, [text(wanted)]), ranges: vec![texts] }
        }
        Operand::Bool(_) => ElementTest::never(),
    }
}

fn within(bounds: &Bounds, otherwise: Option<&str>) -> Fragment {
    let bound = |bound: Option<crate::types::Instant>| bound.map_or(Value::Null, instant);
    let otherwise = otherwise.map_or(Value::Null, |written| text(written.to_lowercase()));
    let sql = format!("(p.kind = 3 AND cdx_date({TEXT}, ?, ?, ?))");
    Fragment::new(sql, [bound(bounds.from), bound(bounds.to), otherwise])
}
