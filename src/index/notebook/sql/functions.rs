//! Functions that the SQL of queries calls. All are pure but for the zone, which is fixed while a query runs.

use std::sync::Arc;

use jiff::tz::TimeZone;
use parking_lot::Mutex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::index::notebook::properties::shown;
use crate::index::query::ast::Field;
use crate::index::query::pattern::{FieldPattern, compile_regex};
use crate::index::query::time::value_interval;
use crate::types::Instant;

/// The zone that dates without one are in, of the query that a connection is running.
pub(in crate::index::notebook) type QueryZone = Arc<Mutex<TimeZone>>;

type Answer = rusqlite::Result<ToSqlOutput<'static>>;

/// Registers all functions on a connection.
pub(in crate::index::notebook) fn register(connection: &Connection, zone: &QueryZone) -> rusqlite::Result<()> {
    crate::index::notebook::fts5::register(connection)?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("cdx_lower", 1, flags, lower)?;
    connection.create_scalar_function("cdx_part", 2, flags, part)?;
    connection.create_scalar_function("cdx_is", 3, flags, is)?;
    connection.create_scalar_function("cdx_matches", 3, flags, matches)?;
    let zone = zone.clone();
    connection.create_scalar_function("cdx_date", 4, flags, move |call| date(call, &zone))
}

fn text_of<'a>(call: &'a Context<'_>, index: usize) -> rusqlite::Result<Option<&'a str>> {
    call.get_raw(index).as_str_or_null().map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "what every function ends with")]
fn answer(value: impl Into<Value>) -> Answer {
    Ok(ToSqlOutput::Owned(value.into()))
}

/// `cdx_lower(text)`: Unicode lower case.
fn lower(call: &Context<'_>) -> Answer {
    text_of(call, 0)?.map_or_else(|| answer(Value::Null), |text| answer(text.to_lowercase()))
}

/// `cdx_part(path, field)`: the name, folder or extension of a path; NULL if it has none.
fn part(call: &Context<'_>) -> Answer {
    let part = text_of(call, 0)?.and_then(|path| path_part(path, field_at(call, 1)));
    part.map_or_else(|| answer(Value::Null), |part| answer(part.to_owned()))
}

/// `cdx_is(text, field, operand)`: whether the field, of a path or a column's text, is what the operand says.
fn is(call: &Context<'_>) -> Answer {
    let field = field_at(call, 1);
    let pattern =
        call.get_or_create_aux(2, |operand| FieldPattern::new(field, operand.as_str().unwrap_or_default()))?;
    let own = text_of(call, 0)?.and_then(|text| path_part(text, field));
    answer(own.is_some_and(|own| pattern.is_match(own)))
}

/// `cdx_matches(value, raw, pattern)`: whether an element matches a regular expression.
fn matches(call: &Context<'_>) -> Answer {
    let regex = call.get_or_create_aux(2, |pattern| compile_regex(pattern.as_str().unwrap_or_default()))?;
    let (value, raw) = (call.get_raw(0), call.get_raw(1));
    answer(!matches!(value, ValueRef::Null) && regex.is_match(&shown(value, raw)))
}

/// `cdx_date(text, lo, hi, otherwise)`: whether what the text means starts in `lo..hi` (NULL: no bound); if it is no
/// date, whether it is `otherwise` in lower case. A number is nanoseconds.
fn date(call: &Context<'_>, zone: &QueryZone) -> Answer {
    let start = match call.get_raw(0) {
        ValueRef::Integer(ns) => Some(i128::from(ns)),
        ValueRef::Text(_) => {
            let text = text_of(call, 0)?.unwrap_or_default();
            match value_interval(text, &zone.lock()) {
                Some((start, _)) => Some(start.as_nanosecond()),
                None => return answer(text_of(call, 3)?.is_some_and(|wanted| text.to_lowercase() == wanted)),
            }
        }
        _ => None,
    };
    let (lo, hi) = (bound_at(call, 1), bound_at(call, 2));
    answer(start.is_some_and(|start| lo.is_none_or(|lo| lo <= start) && hi.is_none_or(|hi| start < hi)))
}

/// An instant as it is bound: nanoseconds of the years -9999 to 9999 are more than SQLite's integers hold.
pub(super) fn instant(instant: Instant) -> Value {
    Value::Blob(instant.as_nanosecond().to_be_bytes().to_vec())
}

fn bound_at(call: &Context<'_>, index: usize) -> Option<i128> {
    let bytes = call.get_raw(index).as_blob_or_null().ok().flatten()?;
    bytes.try_into().ok().map(i128::from_be_bytes)
}

fn field_at(call: &Context<'_>, index: usize) -> Field {
    let number = call.get_raw(index).as_i64().ok().and_then(|number| usize::try_from(number).ok());
    number.and_then(|number| Field::NAMES.get(number)).map_or(Field::Title, |(_, field)| *field)
}

/// A field as it is bound.
pub(super) fn field_number(field: Field) -> Value {
    let number = Field::NAMES.iter().position(|(_, known)| *known == field).unwrap_or_default();
    Value::Integer(i64::try_from(number).unwrap_or_default())
}

/// The part of a path that a field means; of another field's text, all of it.
pub(in crate::index::notebook) fn path_part(text: &str, field: Field) -> Option<&str> {
    let name = || text.rsplit('/').next().unwrap_or_default();
    match field {
        Field::Name => Some(name()),
        Field::Folder => Some(text.rsplit_once('/').map_or("", |(folder, _)| folder)),
        // `.bashrc` and `a.` have none.
        Field::Ext => name().rsplit_once('.').filter(|(stem, ext)| !stem.is_empty() && !ext.is_empty()).map(|(_, e)| e),
        _ => Some(text),
    }
}
