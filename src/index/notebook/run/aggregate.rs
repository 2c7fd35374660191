//! Aggregates over all matches.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::collect::Found;
use super::group::each_element;
use super::sort::{SortValue, column, instant};
use super::{Connections, Search};
use crate::index::notebook::sql::{Failure, functions::path_part, key_id};
use crate::index::query::ast::{Aggregate, Field};
use crate::index::query::time::value_interval;
use crate::types::{Instant, Value};

/// Property, function, value of every aggregate that the query asks for.
pub(super) fn all(
    search: &Search<'_>,
    connections: &Connections<'_>,
    found: &[Found],
) -> Result<Vec<(String, String, Value)>, Failure> {
    let mut results = Vec::new();
    for (key, functions) in &search.query.aggregates {
        let taken = if key == "_" { Taken::default() } else { Taken::of(search, connections, key, found)? };
        for function in functions {
            let value = match (key.as_str(), function) {
                ("_", Aggregate::Count) => found.len().into(),
                ("_", _) => Value::Null,
                _ => taken.value(*function),
            };
            results.push((key.clone(), name(*function), value));
        }
    }
    Ok(results)
}

fn name(function: Aggregate) -> String {
    serde_json::to_value(function).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What the matches have of a key.
#[derive(Default)]
struct Taken {
    /// How many notes have it.
    notes: usize,
    /// In order.
    numbers: Vec<f64>,
    /// As written, in order of their starts.
    dates: Vec<(i128, String)>,
}

impl Taken {
    fn of(search: &Search<'_>, connections: &Connections<'_>, key: &str, found: &[Found]) -> Result<Self, Failure> {
        let mut taken = Self::default();
        let keys: Vec<Option<i64>> =
            connections.iter().map(|connection| key_id(connection, key)).collect::<Result<_, _>>()?;
        for (count, found) in found.iter().enumerate() {
            if count % 256 == 255 {
                search.deadline.check()?;
            }
            let connection = connections[found.source];
            match (Field::from_name(key), keys[found.source]) {
                (Some(Field::Notebook), _) => taken.notes += 1,
                (Some(field), _) => taken.add_field(search, connection, field, found.id)?,
                (None, Some(key)) => taken.add_property(search, connection, key, found.id)?,
                (None, None) => {}
            }
        }
        taken.numbers.sort_by(f64::total_cmp);
        taken.dates.sort();
        Ok(taken)
    }

    fn add_property(&mut self, search: &Search<'_>, connection: &Connection, key: i64, id: i64) -> Result<(), Failure> {
        let sql = "SELECT EXISTS (SELECT 1 FROM properties WHERE file_id = +?1 AND key_id = +?2)";
        let has: bool = connection.prepare_cached(sql)?.query_row((id, key), |row| row.get(0))?;
        if !has {
            return Ok(());
        }
        self.notes += 1;
        each_element(connection, id, key, |text, value| match value {
            SortValue::Number(number) => self.numbers.push(number),
            SortValue::Text(..) => {
                let interval = value_interval(text, &search.options.time.zone);
                self.dates.extend(interval.map(|(start, _)| (start.as_nanosecond(), text.to_owned())));
            }
            SortValue::Bool(_) | SortValue::Instant(_) => {}
        })?;
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "aggregates are floats")]
    fn add_field(
        &mut self,
        search: &Search<'_>,
        connection: &Connection,
        field: Field,
        id: i64,
    ) -> Result<(), Failure> {
        let sql = format!("SELECT {} FROM file_metadata f WHERE f.id = ?1", column(field));
        connection.prepare_cached(&sql)?.query_row([id], |row| {
            let value = row.get_ref(0)?;
            match field {
                Field::Size => self.numbers.push(value.as_i64()? as f64),
                Field::Created | Field::Modified => {
                    let Some(ns) = instant(value, &search.options.time.zone)? else { return Ok(()) };
                    let shown = Instant::from_nanosecond(ns).unwrap_or_default().to_string();
                    self.dates.push((ns, shown));
                }
                _ if value == ValueRef::Null || path_part(value.as_str()?, field).is_none() => return Ok(()),
                _ => {}
            }
            self.notes += 1;
            Ok(())
        })?;
        Ok(())
    }

    /// `null` where there is nothing to take it of.
    fn value(&self, function: Aggregate) -> Value {
        let numbers = &self.numbers;
        let middle = numbers.len() / 2;
        let date = |date: Option<&(i128, String)>| date.map(|(_, text)| text.clone()).into();
        #[expect(clippy::cast_precision_loss, reason = "no workspace has 2^52 notes")]
        match function {
            Aggregate::Count => self.notes.into(),
            Aggregate::Min if numbers.is_empty() => date(self.dates.first()),
            Aggregate::Max if numbers.is_empty() => date(self.dates.last()),
            _ if numbers.is_empty() => Value::Null,
            Aggregate::Sum => numbers.iter().sum::<f64>().into(),
            Aggregate::Avg => (numbers.iter().sum::<f64>() / numbers.len() as f64).into(),
            Aggregate::Min => numbers[0].into(),
            Aggregate::Max => numbers[numbers.len() - 1].into(),
            Aggregate::Median if numbers.len() % 2 == 1 => numbers[middle].into(),
            Aggregate::Median => f64::midpoint(numbers[middle - 1], numbers[middle]).into(),
        }
    }
}
