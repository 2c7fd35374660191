//! From properties as a note has them to the rows that queries compare with. What a value means is said in
//! [`crate::index::query::ast`]; here each element of it becomes one row.

use std::borrow::Cow;

use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::types::{Properties, Value};

/// What an element was in the note; the numbers are the order in which kinds sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true`, `false`.
    Bool = 1,
    /// A number.
    Number = 2,
    /// Text, dates among it.
    Text = 3,
    /// A list or mapping: it is there, and passes no test.
    Container = 4,
}

/// A row of the table `properties`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PropertyRow<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) kind: Kind,
    pub(crate) value: IndexedValue,
    /// The text as written, where it is not `value`.
    pub(crate) raw: Option<String>,
}

/// What a comparison looks up: a number, or text in lower case without the space around it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum IndexedValue {
    None,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl rusqlite::ToSql for IndexedValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::None => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// Up to here every integer is a float of its own, so that comparing as integers is comparing as floats.
const EXACT: u64 = 1 << 53;

/// What `=` looks up for a text: its lower case without the space around it. Where the space matters, `raw` tells.
pub(crate) fn lookup_key(text: &str) -> String {
    let mut key = text.to_lowercase();
    let trimmed = key.trim();
    if trimmed.len() != key.len() {
        key = trimmed.to_owned();
    }
    key
}

/// All rows of a note's properties, in order.
pub(crate) fn rows_of(properties: &Properties) -> Vec<PropertyRow<'_>> {
    let mut rows = Vec::with_capacity(properties.len());
    for (key, value) in properties {
        add(Cow::Borrowed(key), value, &mut rows);
        // `a.b.c` is followed through mappings by its parts; a name with a dot in it is no part.
        if !key.contains('.') {
            add_members(key, value, properties, &mut rows);
        }
    }
    rows
}

fn add_members<'a>(key: &str, value: &'a Value, top: &Properties, rows: &mut Vec<PropertyRow<'a>>) {
    let Value::Object(members) = value else { return };
    for (name, member) in members.iter().filter(|(name, _)| !name.contains('.')) {
        let nested = format!("{key}.{name}");
        add_members(&nested, member, top, rows);
        // A key of the top that is written like this comes first.
        if !top.contains_key(&nested) {
            add(Cow::Owned(nested), member, rows);
        }
    }
}

fn add<'a>(key: Cow<'a, str>, value: &'a Value, rows: &mut Vec<PropertyRow<'a>>) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                rows.extend(row(key.clone(), element));
            }
        }
        element => rows.extend(row(key, element)),
    }
}

/// `null` is as if it were not there.
fn row<'a>(key: Cow<'a, str>, element: &'a Value) -> Option<PropertyRow<'a>> {
    let (kind, value, raw) = match element {
        Value::Null => return None,
        Value::Bool(is) => (Kind::Bool, IndexedValue::Text(is.to_string()), None),
        Value::Number(number) => match number.as_i64() {
            Some(integer) if integer.unsigned_abs() <= EXACT => (Kind::Number, IndexedValue::Integer(integer), None),
            // The digits that a float cannot hold are kept for what is shown and for regular expressions.
            _ => (Kind::Number, IndexedValue::Real(number.as_f64()?), (!number.is_f64()).then(|| number.to_string())),
        },
        Value::String(text) => {
            let key = lookup_key(text);
            let raw = (key != *text).then(|| text.clone());
            (Kind::Text, IndexedValue::Text(key), raw)
        }
        Value::Array(_) | Value::Object(_) => (Kind::Container, IndexedValue::None, None),
    };
    Some(PropertyRow { key, kind, value, raw })
}

/// An element as text: as it was written, numbers as JSON writes them.
pub(super) fn shown<'a>(value: ValueRef<'a>, raw: ValueRef<'a>) -> Cow<'a, str> {
    match (raw, value) {
        (ValueRef::Text(text), _) | (ValueRef::Null, ValueRef::Text(text)) => String::from_utf8_lossy(text),
        (_, ValueRef::Integer(number)) => number.to_string().into(),
        (_, ValueRef::Real(number)) => Value::from(number).to_string().into(),
        _ => Cow::Borrowed(""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(properties: Value, expected: &[(&str, Kind, IndexedValue, Option<&str>)]) {
        let Value::Object(properties) = properties else { panic!("a mapping") };
        let rows = rows_of(&properties);
        let rows: Vec<_> =
            rows.iter().map(|row| (&*row.key, row.kind, row.value.clone(), row.raw.as_deref())).collect();
        assert_eq!(rows, expected);
    }

    fn text(text: &str) -> IndexedValue {
        IndexedValue::Text(text.to_owned())
    }

    #[test]
    fn every_element_has_a_row_and_null_has_none() {
        check(
            json!({"a": [" X", null, 1, 0.5, true, [2]], "none": null, "empty": []}),
            &[
                ("a", Kind::Text, text("x"), Some(" X")),
                ("a", Kind::Number, IndexedValue::Integer(1), None),
                ("a", Kind::Number, IndexedValue::Real(0.5), None),
                ("a", Kind::Bool, text("true"), None),
                ("a", Kind::Container, IndexedValue::None, None),
            ],
        );
    }

    #[test]
    fn mappings_are_followed_by_parts_and_the_top_comes_first() {
        check(
            json!({"m": {"a": {"b": 1}, "x.y": 2, "c": 3}, "m.c": "top", "d.e": {"f": 4}}),
            &[
                ("m", Kind::Container, IndexedValue::None, None),
                ("m.a.b", Kind::Number, IndexedValue::Integer(1), None),
                ("m.a", Kind::Container, IndexedValue::None, None),
                ("m.c", Kind::Text, text("top"), None),
                ("d.e", Kind::Container, IndexedValue::None, None),
            ],
        );
    }

    #[test]
    fn integers_beyond_floats_keep_their_digits() {
        check(
            json!({"n": 9_007_199_254_740_993_u64}),
            &[("n", Kind::Number, IndexedValue::Real(9_007_199_254_740_992.0), Some("9007199254740993"))],
        );
    }
}
