//! Property values and the tests on them.

use std::cmp::Ordering;

use crate::index::query::ast::{Comparison, Operand, Test};
use crate::index::query::pattern::compile_regex;
use crate::index::query::time::{TimeContext, value_interval};
use crate::types::{Instant, Properties, Value};

/// The elements of a property: of a list its own, else the value itself; none if it is missing. The key as written
/// comes first, then its parts through nested mappings.
#[must_use]
pub fn property_elements<'a>(properties: &'a Properties, key: &str) -> Vec<&'a Value> {
    let found = properties.get(key).or_else(|| {
        let mut parts = key.split('.');
        let top = properties.get(parts.next()?)?;
        parts.try_fold(top, |value, part| value.as_object()?.get(part))
    });
    match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(elements)) => elements.iter().filter(|element| !element.is_null()).collect(),
        Some(value) => vec![value],
    }
}

/// Whether a value with these elements passes the test.
#[must_use]
pub fn passes(elements: &[&Value], test: &Test, context: &TimeContext) -> bool {
    let any = |comparison, operand: &Operand| {
        elements.iter().any(|element| element_compares(element, comparison, operand, context))
    };
    match test {
        Test::Exists => !elements.is_empty(),
        Test::Compare(Comparison::Ne, operand) => !any(Comparison::Eq, operand),
        Test::Compare(comparison, operand) => any(*comparison, operand),
        Test::OneOf(operands) => operands.iter().any(|operand| any(Comparison::Eq, operand)),
        Test::Range(from, to) => elements.iter().any(|element| {
            element_compares(element, Comparison::Ge, from, context)
                && element_compares(element, Comparison::Lt, to, context)
        }),
        Test::Matches(pattern) => compile_regex(pattern)
            .is_ok_and(|regex| elements.iter().filter_map(|element| shown(element)).any(|text| regex.is_match(&text))),
    }
}

/// The table at [`Test`], for one element.
fn element_compares(element: &Value, comparison: Comparison, operand: &Operand, context: &TimeContext) -> bool {
    let is_equality = comparison == Comparison::Eq;
    match (operand, element) {
        (Operand::Number { value, .. }, Value::Number(number)) => {
            number.as_f64().and_then(|own| own.partial_cmp(value)).is_some_and(|order| holds(comparison, order))
        }
        (Operand::Number { text, .. }, Value::String(own)) => is_equality && same_text(own, text),
        (Operand::Date { expr, text }, Value::String(own)) => match value_interval(own, &context.zone) {
            Some((start, _)) => compares_date(start, comparison, expr.resolve(context)),
            None => is_equality && same_text(own, text),
        },
        (Operand::Bool(value), Value::Bool(own)) => is_equality && own == value,
        (Operand::Bool(value), Value::String(own)) => is_equality && same_text(own, &value.to_string()),
        (Operand::Text(text), Value::String(own)) if is_equality => same_text(own, text),
        (Operand::Text(text), Value::String(own)) => holds(comparison, own.as_str().cmp(text)),
        (Operand::Text(text), Value::Bool(own)) => is_equality && same_text(&own.to_string(), text),
        _ => false,
    }
}

fn same_text(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// Whether an instant compares so with what a date means.
pub(super) fn compares_date(instant: Instant, comparison: Comparison, (lo, hi): (Instant, Instant)) -> bool {
    let is_equal = lo <= instant && instant < hi;
    match comparison {
        Comparison::Eq => is_equal,
        Comparison::Ne => !is_equal,
        Comparison::Lt => instant < lo,
        Comparison::Le => instant < hi,
        Comparison::Gt => instant >= hi,
        Comparison::Ge => instant >= lo,
    }
}

/// Whether `order` of a value to an operand is what the comparison asks for.
pub(super) fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
    }
}

/// A scalar as text; lists, mappings and `null` have none.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
