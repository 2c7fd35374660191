//! Order, groups and aggregates of the notes that match.

use std::cmp::Ordering;

use super::value::{property_elements, shown};
use super::{NoteFacts, matches};
use crate::index::query::ast::{Aggregate, Field, Group, Query, SortKey};
use crate::index::query::time::{TimeContext, bucket_name, value_interval};
use crate::types::{Instant, TagName, Value};

/// What notes are ordered by; variants in order.
#[derive(Clone, Debug, PartialEq)]
enum SortValue {
    Bool(bool),
    Number(f64),
    Instant(Instant),
    /// Lower case, and as written.
    Text(String, String),
}

impl SortValue {
    fn text(text: &str) -> Self {
        Self::Text(text.to_lowercase(), text.to_owned())
    }

    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::String(text) => Some(Self::text(text)),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Bool(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(..) => 3,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Text(a, a_raw), Self::Text(b, b_raw)) => a.cmp(b).then_with(|| a_raw.cmp(b_raw)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn sort_value(note: &NoteFacts, key: &str) -> Option<SortValue> {
    #[expect(clippy::cast_precision_loss, reason = "sizes order the same as floats up to 8 PiB")]
    match Field::from_name(key) {
        None => property_elements(&note.properties, key).first().and_then(|value| SortValue::of(value)),
        Some(Field::Size) => Some(SortValue::Number(note.size as f64)),
        Some(field) => {
            note.instant_of(field).map(SortValue::Instant).or_else(|| note.text_of(field).map(SortValue::text))
        }
    }
}

/// The order of two notes; equal only for one and the same.
#[must_use]
pub fn compare(a: &NoteFacts, b: &NoteFacts, keys: &[SortKey]) -> Ordering {
    let by_keys = keys.iter().fold(Ordering::Equal, |order, key| {
        order.then_with(|| match (sort_value(a, &key.key), sort_value(b, &key.key)) {
            (Some(a), Some(b)) if key.descending => b.order(&a),
            (Some(a), Some(b)) => a.order(&b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        })
    });
    by_keys.then_with(|| a.path.cmp(&b.path)).then_with(|| a.notebook.cmp(&b.notebook))
}

/// The notes that match, in order; scope, limit and offset are the caller's.
#[must_use]
pub fn select<'a>(query: &Query, notes: &'a [NoteFacts], context: &TimeContext) -> Vec<&'a NoteFacts> {
    let mut found: Vec<_> = notes.iter().filter(|note| matches(&query.filter, note, context)).collect();
    found.sort_by(|a, b| compare(a, b, &query.sort));
    found
}

/// The groups that a note is in, each once.
#[must_use]
pub fn group_values(note: &NoteFacts, group: &Group, context: &TimeContext) -> Vec<Option<String>> {
    let values = grouped(note, group, context);
    if values.is_empty() { vec![None] } else { values.into_iter().map(|(value, _)| Some(value)).collect() }
}

fn grouped(note: &NoteFacts, group: &Group, context: &TimeContext) -> Vec<(String, SortValue)> {
    let mut values: Vec<(String, SortValue)> = Vec::new();
    let mut add = |value: String, order: SortValue| {
        if values.iter().all(|(known, _)| *known != value) {
            values.push((value, order));
        }
    };
    let mut add_text = |text: &str| add(text.to_owned(), SortValue::text(text));
    match group {
        Group::Tag => note.tags.iter().map(TagName::as_str).for_each(add_text),
        Group::Folder => note.text_of(Field::Folder).into_iter().for_each(add_text),
        Group::Type => note.file_type.as_deref().into_iter().for_each(add_text),
        Group::Date { bucket, key } => {
            for instant in instants(note, key, context) {
                add_text(&bucket_name(instant, *bucket, context));
            }
        }
        Group::Property(key) => {
            for element in property_elements(&note.properties, key) {
                if let (Some(text), Some(order)) = (shown(element), SortValue::of(element)) {
                    add(text, order);
                }
            }
        }
    }
    values
}

/// Starts of the dates that stand in a property or a date field.
fn instants(note: &NoteFacts, key: &str, context: &TimeContext) -> Vec<Instant> {
    if let Some(field) = Field::from_name(key) {
        return note.instant_of(field).into_iter().collect();
    }
    let texts = property_elements(&note.properties, key).into_iter().filter_map(Value::as_str);
    texts.filter_map(|text| value_interval(text, &context.zone)).map(|(start, _)| start).collect()
}

/// Groups of notes that are in order, in the order of their values, `None` last. A tag is shown as first seen.
#[must_use]
pub fn groups<'a>(
    notes: &[&'a NoteFacts],
    group: &Group,
    context: &TimeContext,
) -> Vec<(Option<String>, Vec<&'a NoteFacts>)> {
    let mut named: Vec<(String, SortValue, Vec<&NoteFacts>)> = Vec::new();
    let mut nameless = Vec::new();
    let same = |a: &str, b: &str| if *group == Group::Tag { a.to_lowercase() == b.to_lowercase() } else { a == b };
    for note in notes {
        let values = grouped(note, group, context);
        if values.is_empty() {
            nameless.push(*note);
        }
        for (value, order) in values {
            match named.iter_mut().find(|(known, ..)| same(known, &value)) {
                Some((_, least, members)) => {
                    members.push(note);
                    if order.order(least).is_lt() {
                        *least = order;
                    }
                }
                None => named.push((value, order, vec![note])),
            }
        }
    }
    named.sort_by(|(a_name, a, _), (b_name, b, _)| a.order(b).then_with(|| a_name.cmp(b_name)));
    let mut groups: Vec<_> = named.into_iter().map(|(value, _, members)| (Some(value), members)).collect();
    groups.extend((!nameless.is_empty()).then_some((None, nameless)));
    groups
}

/// An aggregate over notes; `null` where there is nothing to take it of.
#[must_use]
pub fn aggregate(notes: &[&NoteFacts], key: &str, function: Aggregate, context: &TimeContext) -> Value {
    if key == "_" {
        return if function == Aggregate::Count { notes.len().into() } else { Value::Null };
    }
    let mut numbers: Vec<f64> = notes.iter().flat_map(|note| numbers_of(note, key)).collect();
    numbers.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "no workspace has 2^52 notes")]
    let count = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let middle = numbers.len() / 2;
    match function {
        Aggregate::Count => notes.iter().filter(|note| has(note, key)).count().into(),
        Aggregate::Min if numbers.is_empty() => dates_of(notes, key, context).first().cloned().into(),
        Aggregate::Max if numbers.is_empty() => dates_of(notes, key, context).last().cloned().into(),
        _ if numbers.is_empty() => Value::Null,
        Aggregate::Sum => sum.into(),
        Aggregate::Avg => (sum / count).into(),
        Aggregate::Min => numbers[0].into(),
        Aggregate::Max => numbers[numbers.len() - 1].into(),
        Aggregate::Median if numbers.len() % 2 == 1 => numbers[middle].into(),
        Aggregate::Median => f64::midpoint(numbers[middle - 1], numbers[middle]).into(),
    }
}

fn has(note: &NoteFacts, key: &str) -> bool {
    match Field::from_name(key) {
        Some(Field::Size | Field::Created | Field::Modified) => true,
        Some(field) => note.text_of(field).is_some(),
        None => !property_elements(&note.properties, key).is_empty(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "aggregates are floats")]
fn numbers_of(note: &NoteFacts, key: &str) -> Vec<f64> {
    match Field::from_name(key) {
        Some(Field::Size) => vec![note.size as f64],
        Some(_) => Vec::new(),
        None => property_elements(&note.properties, key).into_iter().filter_map(Value::as_f64).collect(),
    }
}

/// Dates as they are written, of fields in UTC, earliest first.
fn dates_of(notes: &[&NoteFacts], key: &str, context: &TimeContext) -> Vec<String> {
    let mut dates: Vec<(Instant, String)> = Vec::new();
    for note in notes {
        if let Some(field) = Field::from_name(key) {
            dates.extend(note.instant_of(field).map(|instant| (instant, instant.to_string())));
            continue;
        }
        for text in property_elements(&note.properties, key).into_iter().filter_map(Value::as_str) {
            dates.extend(value_interval(text, &context.zone).map(|(start, _)| (start, text.to_owned())));
        }
    }
    dates.sort();
    dates.into_iter().map(|(_, text)| text).collect()
}
