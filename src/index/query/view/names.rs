//! Names in a `.cdx`: keys of the original Codex, sort keys, groups, functions.

use crate::index::query::ast::{Aggregate, Group, SortKey};
use crate::index::query::line::{group_of, sort_key};
use crate::types::Value;

/// The function of this name.
pub(super) fn aggregate(name: &str) -> Option<Aggregate> {
    Some(match name {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "avg" => Aggregate::Avg,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "median" => Aggregate::Median,
        _ => return None,
    })
}

/// The name that a key of the original Codex (a row's attribute, `properties.x`) has here.
pub(super) fn current_name(key: &str) -> &str {
    match key.trim() {
        "filename" => "name",
        "file_type" => "type",
        "created_at" | "file_created_at" => "created",
        "updated_at" | "modified_at" | "file_modified_at" => "modified",
        key => key.strip_prefix("properties.").unwrap_or(key),
    }
}

/// `due`, `priority desc`, `-modified`.
pub(super) fn parse_sort_key(text: &str) -> SortKey {
    let (text, minus) = text.strip_prefix('-').map_or((text, false), |text| (text, true));
    let (key, word) = match text.rsplit_once(char::is_whitespace) {
        Some((key, word)) if word.eq_ignore_ascii_case("desc") || word.eq_ignore_ascii_case("asc") => (key, word),
        _ => (text, ""),
    };
    sort_key(current_name(key), minus != word.eq_ignore_ascii_case("desc"))
}

/// `status`, `month(date)`.
pub(super) fn parse_group(text: &str) -> Result<Group, String> {
    let text = text.trim();
    match text.split_once('(').and_then(|(bucket, rest)| Some((bucket, rest.strip_suffix(')')?))) {
        Some((bucket, key)) => group_of(current_name(key), Some(bucket.trim())),
        None if text.starts_with("properties.") => Ok(Group::Property(current_name(text).to_owned())),
        None => group_of(current_name(text), None),
    }
}

/// What a value is, for people.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping (a `{{ … }}` stands in quotes)",
    }
}

/// The known name that this one is likely to be a slip of.
pub(super) fn near<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    known.iter().copied().find(|known| distance(known, name) <= 2)
}

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
