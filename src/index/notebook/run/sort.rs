//! The total order of matches; what sorts where is said in [`crate::index::query::ast`].

use std::cmp::Ordering;

use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};

use crate::index::notebook::sql::functions::path_part;
use crate::index::notebook::sql::{Failure, Fragment, key_id};
use crate::index::query::ast::{Field, SortKey};
use crate::index::query::time::value_interval;

/// What notes are ordered by; kinds in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SortValue {
    Bool(bool),
    Number(f64),
    /// Nanoseconds of UTC.
    Instant(i128),
    /// Lower case, and as written where that differs.
    Text(Box<str>, Option<Box<str>>),
}

impl SortValue {
    pub(super) fn text(text: &str) -> Self {
        let lower = text.to_lowercase();
        let raw = (lower != text).then(|| text.into());
        Self::Text(lower.into(), raw)
    }

    /// Of an element: the columns `kind`, `value`, `raw` from `at` on. NULLs, lists and mappings are nothing.
    pub(super) fn of_element(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Self>> {
        let (value, raw) = (row.get_ref(at + 1)?, row.get_ref(at + 2)?);
        Ok(match (row.get::<_, Option<i64>>(at)?, value) {
            (Some(1), value) => Some(Self::Bool(value.as_str()? == "true")),
            (Some(2), ValueRef::Real(number)) => Some(Self::Number(number)),
            #[expect(clippy::cast_precision_loss, reason = "integers are indexed as such up to 2^53 only")]
            (Some(2), ValueRef::Integer(number)) => Some(Self::Number(number as f64)),
            (Some(3), value) => Some(match raw {
                ValueRef::Null => Self::Text(value.as_str()?.into(), None),
                raw => Self::text(raw.as_str()?),
            }),
            _ => None,
        })
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(..) => 3,
        }
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Text(a, a_raw), Self::Text(b, b_raw)) => {
                a.cmp(b).then_with(|| a_raw.as_ref().unwrap_or(a).cmp(b_raw.as_ref().unwrap_or(b)))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// How matches of one source are read with what they are sorted by (ranks are reckoned in `rank`).
pub(super) struct SortColumns {
    /// What the statement selects beside id and rank, each with a comma before it.
    pub(super) columns: String,
    pub(super) joins: Fragment,
    pub(super) needs_row: bool,
    keys: Vec<KeyColumns>,
}

/// Where the value of a sort key stands in a row.
enum KeyColumns {
    /// Kind, value, raw of a property's first element.
    Element(usize),
    Field(Field, usize),
    /// The same for all notes of the source.
    Constant(SortValue),
    Missing,
}

/// The column before the first sort key's: after id, rank and path.
const FIRST: usize = 3;

impl SortColumns {
    /// For the keys of a query; the path is read too if `with_path`.
    pub(super) fn new(
        connection: &rusqlite::Connection,
        keys: &[SortKey],
        notebook: &str,
        with_path: bool,
    ) -> Result<Self, Failure> {
        let mut columns = if with_path { ", f.path".to_owned() } else { ", NULL".to_owned() };
        let mut joins = Fragment::nothing();
        let (mut needs_row, mut next) = (with_path, FIRST);
        let mut found = Vec::with_capacity(keys.len());
        for (number, key) in keys.iter().enumerate() {
            found.push(match Field::from_name(&key.key) {
                Some(Field::Notebook) => KeyColumns::Constant(SortValue::text(notebook)),
                Some(field) => {
                    columns.push_str(", ");
                    columns.push_str(column(field));
                    needs_row = true;
                    next += 1;
                    KeyColumns::Field(field, next - 1)
                }
                None => match key_id(connection, &key.key)? {
                    None => KeyColumns::Missing,
                    Some(id) => {
                        let alias = format!("s{number}");
                        columns = format!("{columns}, {alias}.kind, {alias}.value, {alias}.raw");
                        joins.sql = format!(
                            "{} LEFT JOIN properties {alias} ON {alias}.file_id = f.id AND {alias}.key_id = ? \
                             AND {alias}.position = 0",
                            joins.sql
                        );
                        joins.params.push(Value::Integer(id));
                        next += 3;
                        KeyColumns::Element(next - 3)
                    }
                },
            });
        }
        Ok(Self { columns, joins, needs_row, keys: found })
    }

    /// The values of a row.
    pub(super) fn read(&self, row: &Row<'_>, zone: &jiff::tz::TimeZone) -> rusqlite::Result<Vec<Option<SortValue>>> {
        let value = |key: &KeyColumns| match key {
            KeyColumns::Element(at) => SortValue::of_element(row, *at),
            KeyColumns::Field(field, at) => of_field(*field, row.get_ref(*at)?, zone),
            KeyColumns::Constant(value) => Ok(Some(value.clone())),
            KeyColumns::Missing => Ok(None),
        };
        self.keys.iter().map(value).collect()
    }
}

/// The column that a field is in.
pub(super) fn column(field: Field) -> &'static str {
    match field {
        Field::Name | Field::Path | Field::Folder | Field::Ext | Field::Notebook => "f.path",
        Field::Type => "f.file_type",
        Field::ContentType => "f.content_type",
        Field::Title => "f.title",
        Field::Description => "f.description",
        Field::Size => "f.size",
        Field::Created => "f.created_at",
        Field::Modified => "f.mtime_ns",
    }
}

/// The value of a field from its column.
pub(super) fn of_field(
    field: Field,
    value: ValueRef<'_>,
    zone: &jiff::tz::TimeZone,
) -> rusqlite::Result<Option<SortValue>> {
    #[expect(clippy::cast_precision_loss, reason = "sizes order the same as floats up to 8 PiB")]
    Ok(match (field, value) {
        (_, ValueRef::Null) => None,
        (Field::Size, value) => Some(SortValue::Number(value.as_i64()? as f64)),
        (Field::Created | Field::Modified, value) => instant(value, zone)?.map(SortValue::Instant),
        (field, value) => path_part(value.as_str()?, field).map(SortValue::text),
    })
}

/// Nanoseconds, or the start of what a text means.
pub(super) fn instant(value: ValueRef<'_>, zone: &jiff::tz::TimeZone) -> rusqlite::Result<Option<i128>> {
    Ok(match value {
        ValueRef::Integer(ns) => Some(ns.into()),
        ValueRef::Text(_) => value_interval(value.as_str()?, zone).map(|(start, _)| start.as_nanosecond()),
        _ => None,
    })
}

/// The order by keys alone; missing last in both directions.
pub(super) fn by_keys(a: &[Option<SortValue>], b: &[Option<SortValue>], descending: &[bool]) -> Ordering {
    for (number, (a, b)) in a.iter().zip(b).enumerate() {
        let order = match (a, b) {
            (Some(a), Some(b)) if descending.get(number) == Some(&true) => b.order(a),
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}
