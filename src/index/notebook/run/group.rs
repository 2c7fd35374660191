//! Groups of matches.

use std::collections::HashMap;

use rusqlite::Connection;

use super::collect::Found;
use super::sort::{SortValue, column, instant};
use super::{Connections, Search};
use crate::index::notebook::properties::shown;
use crate::index::notebook::rowio;
use crate::index::notebook::sql::{Failure, functions::path_part, key_id};
use crate::index::query::ast::{DateBucket, Field, Group};
use crate::index::query::time::{bucket_name, value_interval};
use crate::types::Instant;

/// A group's value and its matches.
pub(super) type Grouped = (Option<String>, Vec<Found>);

/// Groups of matches that are in order, in the order of their values, those without a value last.
pub(super) fn all(
    search: &Search<'_>,
    connections: &Connections<'_>,
    group: &Group,
    found: &[Found],
) -> Result<Vec<Grouped>, Failure> {
    let values: Vec<Values<'_>> =
        connections.iter().map(|connection| Values::new(search, connection, group)).collect::<Result<_, _>>()?;
    let mut named: Vec<(String, SortValue, Vec<Found>)> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut nameless = Vec::new();
    for (count, found) in found.iter().enumerate() {
        if count % 256 == 255 {
            search.deadline.check()?;
        }
        let values = values[found.source].of(found.id)?;
        if values.is_empty() {
            nameless.push(found.clone());
        }
        for (value, order) in values {
            // Tags are one in any spelling, within a notebook and across notebooks.
            let key = if *group == Group::Tag { value.to_lowercase() } else { value.clone() };
            let number = *numbers.entry(key).or_insert_with(|| {
                named.push((value, order.clone(), Vec::new()));
                named.len() - 1
            });
            let (_, least, members) = &mut named[number];
            if order.order(least).is_lt() {
                *least = order;
            }
            members.push(found.clone());
        }
    }
    named.sort_by(|(a_name, a, _), (b_name, b, _)| a.order(b).then_with(|| a_name.cmp(b_name)));
    let mut groups: Vec<Grouped> = named.into_iter().map(|(value, _, members)| (Some(value), members)).collect();
    groups.extend((!nameless.is_empty()).then_some((None, nameless)));
    Ok(groups)
}

/// How the groups of a note of one source are found.
struct Values<'a> {
    search: &'a Search<'a>,
    connection: &'a Connection,
    kind: Kind,
}

enum Kind {
    Tag,
    /// Text of a column.
    Text(Field),
    /// Bucket of a date column.
    FieldDate(Field, DateBucket),
    /// Elements of a property, by the id of its key.
    Property(i64),
    /// Buckets of the dates among them.
    PropertyDate(i64, DateBucket),
    /// What is grouped by is no date, or no note has it.
    Nothing,
}

impl<'a> Values<'a> {
    fn new(search: &'a Search<'a>, connection: &'a Connection, group: &Group) -> Result<Self, Failure> {
        let property = |key: &str, kind: &dyn Fn(i64) -> Kind| -> rusqlite::Result<Kind> {
            Ok(key_id(connection, key)?.map_or(Kind::Nothing, kind))
        };
        let kind = match group {
            Group::Tag => Kind::Tag,
            Group::Folder => Kind::Text(Field::Folder),
            Group::Type => Kind::Text(Field::Type),
            Group::Property(key) => property(key, &Kind::Property)?,
            Group::Date { bucket, key } => match Field::from_name(key) {
                Some(field) if field.is_date() => Kind::FieldDate(field, *bucket),
                Some(_) => Kind::Nothing,
                None => property(key, &|id| Kind::PropertyDate(id, *bucket))?,
            },
        };
        Ok(Self { search, connection, kind })
    }

    /// Each value once, with what it sorts by.
    fn of(&self, id: i64) -> Result<Vec<(String, SortValue)>, Failure> {
        let mut values: Vec<(String, SortValue)> = Vec::new();
        let mut add = |value: String, order: SortValue| {
            if values.iter().all(|(known, _)| *known != value) {
                values.push((value, order));
            }
        };
        let with_order = |text: String| (SortValue::text(&text), text);
        match &self.kind {
            Kind::Nothing => {}
            Kind::Tag => {
                for tag in rowio::tags_of(self.connection, id)? {
                    let (order, text) = with_order(tag.as_str().to_owned());
                    add(text, order);
                }
            }
            Kind::Text(field) => {
                let text = self.column(*field, id, |value| Ok(value.as_str_or_null()?.map(str::to_owned)))?;
                if let Some(text) = text.as_deref().and_then(|text| path_part(text, *field)) {
                    let (order, text) = with_order(text.to_owned());
                    add(text, order);
                }
            }
            Kind::FieldDate(field, bucket) => {
                let zone = &self.search.options.time.zone;
                if let Some(ns) = self.column(*field, id, |value| instant(value, zone))? {
                    let start = Instant::from_nanosecond(ns).unwrap_or_default();
                    let (order, text) = with_order(bucket_name(start, *bucket, &self.search.options.time));
                    add(text, order);
                }
            }
            Kind::Property(key) => {
                each_element(self.connection, id, *key, |text, order| add(text.to_owned(), order))?;
            }
            Kind::PropertyDate(key, bucket) => {
                let time = &self.search.options.time;
                each_element(self.connection, id, *key, |text, order| {
                    if !matches!(order, SortValue::Text(..)) {
                        return;
                    }
                    if let Some((start, _)) = value_interval(text, &time.zone) {
                        let (order, text) = with_order(bucket_name(start, *bucket, time));
                        add(text, order);
                    }
                })?;
            }
        }
        Ok(values)
    }

    fn column<T>(
        &self,
        field: Field,
        id: i64,
        read: impl FnOnce(rusqlite::types::ValueRef<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let sql = format!("SELECT {} FROM file_metadata f WHERE f.id = ?1", column(field));
        self.connection.prepare_cached(&sql)?.query_row([id], |row| read(row.get_ref(0)?))
    }
}

/// The scalar elements of a note's property, as text and with what they sort by.
pub(super) fn each_element(
    connection: &Connection,
    id: i64,
    key: i64,
    mut each: impl FnMut(&str, SortValue),
) -> rusqlite::Result<()> {
    // `+`, as of a file's tags: compiled once, and not for each value.
    let sql = "SELECT kind, value, raw FROM properties WHERE file_id = +?1 AND key_id = +?2 ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((id, key))?;
    while let Some(row) = rows.next()? {
        if let Some(order) = SortValue::of_element(row, 0)? {
            each(&shown(row.get_ref(1)?, row.get_ref(2)?), order);
        }
    }
    Ok(())
}
