//! Edits of a `.cdx`'s query and columns.

use super::page::{Document, value_at};
use super::plan::Step;
use super::search_line::{renamed, renamed_in_line, renamed_in_list};
use super::{EditError, MetaEdit};
use crate::index::parse::tags::scalar_text;
use crate::types::{Properties, TagName, Value};

/// Where a view names tags in lists; `=tag` means exactly it.
const TAG_LISTS: [&str; 3] = ["tags", "tags_any", "tags_none"];

const COLUMNS: [&str; 2] = ["config", "columns"];

/// Renames a tag and those below it in the query of a `.cdx` (`tags`, `tags_any`, `tags_none`, `where`, a query
/// line), its columns, and `on_remove: untag TAG`.
///
/// # Errors
/// If its frontmatter cannot be read.
pub fn rename_tag_in_view(name: &str, bytes: &[u8], from: &TagName, to: &TagName) -> Result<Vec<u8>, EditError> {
    let mut document = Document::of_frontmatter(name, bytes)?;
    let mut steps = Vec::new();
    match document.map().get("query") {
        Some(Value::String(line)) => rename_line(&["query"], line, from, to, &mut steps),
        Some(Value::Object(query)) => {
            if let Some(Value::String(line)) = query.get("where") {
                rename_line(&["query", "where"], line, from, to, &mut steps);
            }
            for list in TAG_LISTS {
                rename_list(query, &["query", list], from, to, &mut steps);
            }
            if let Some(Value::Object(properties)) = query.get("properties") {
                rename_list(properties, &["query", "properties", "tags"], from, to, &mut steps);
            }
        }
        _ => {}
    }
    let untag = document.map().get("on_remove").and_then(Value::as_str).and_then(|text| text.strip_prefix("untag "));
    if let Some(new) = untag.and_then(|tag| renamed(tag.trim(), from, to)) {
        steps.push(Step::Set { path: vec!["on_remove".to_owned()], value: format!("untag {new}").into() });
    }
    steps.iter().try_for_each(|step| document.step(step))?;
    if let Some(columns) = renamed_columns(document.map(), from, to) {
        document.edit(&MetaEdit::Set { key: COLUMNS.join("."), value: columns })?;
    }
    Ok(document.into_bytes())
}

/// Adds or removes an empty column of a view: `{id: g, title: g, filter: {<group_by>: g}}` in `config.columns`.
///
/// # Errors
/// If its frontmatter cannot be read or `config.columns` is no list.
pub fn edit_view_column(
    name: &str,
    bytes: &[u8],
    group_by: &str,
    group: &str,
    add: bool,
) -> Result<Vec<u8>, EditError> {
    let mut document = Document::of_frontmatter(name, bytes)?;
    let group_by = filter_key(group_by);
    let empty = Vec::new();
    let columns = match value_at(document.map(), &COLUMNS) {
        Some(Value::Array(columns)) => columns,
        None | Some(Value::Null) => &empty,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(EditError::Misfit { key: COLUMNS.join("."), reason: "is no list of columns".to_owned() });
        }
    };
    let mut left: Vec<Value> = columns.clone();
    if add && columns.iter().any(|column| shows(column, group_by, group)) {
        return Ok(bytes.to_vec());
    }
    if add {
        left.push(new_column(group_by, group));
    } else {
        left = columns.iter().filter_map(|column| without_group(column, group_by, group)).collect();
    }
    if left != *columns {
        document.edit(&MetaEdit::Set { key: COLUMNS.join("."), value: Value::Array(left) })?;
    }
    Ok(document.into_bytes())
}

/// The key that a column's filter has for a grouping.
fn filter_key(group_by: &str) -> &str {
    match group_by {
        "tag" => "tags",
        property => property.strip_prefix("properties.").unwrap_or(property),
    }
}

/// Whether a column stands for a group: by its filter, or by its id if it has none.
fn shows(column: &Value, group_by: &str, group: &str) -> bool {
    let is_group = |value: &Value| scalar_text(value).as_deref() == Some(group);
    match column.get("filter").and_then(|filter| filter.get(group_by)) {
        Some(Value::Array(values)) => values.iter().any(is_group),
        Some(value) => is_group(value),
        None => column.get("id").is_some_and(is_group) || is_group(column),
    }
}

/// The column without a group: nothing if that was all it showed.
fn without_group(column: &Value, group_by: &str, group: &str) -> Option<Value> {
    if !shows(column, group_by, group) {
        return Some(column.clone());
    }
    let mut left = column.clone();
    let values = left.get_mut("filter")?.get_mut(group_by)?.as_array_mut()?;
    values.retain(|value| scalar_text(value).as_deref() != Some(group));
    (!values.is_empty()).then_some(left)
}

fn new_column(group_by: &str, group: &str) -> Value {
    let filter = Properties::from_iter([(group_by.to_owned(), group.into())]);
    let entries = [("id", group.into()), ("title", group.into()), ("filter", Value::Object(filter))];
    entries.into_iter().map(|(key, value): (&str, Value)| (key.to_owned(), value)).collect()
}

/// The columns with a tag renamed in their filters, if that changes one.
fn renamed_columns(map: &Properties, from: &TagName, to: &TagName) -> Option<Value> {
    let mut columns = value_at(map, &COLUMNS)?.as_array()?.clone();
    let mut is_changed = false;
    for column in &mut columns {
        let Some(tags) = column.get_mut("filter").and_then(|filter| filter.get_mut("tags")) else { continue };
        let texts = match tags {
            Value::Array(items) => items.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for text in texts {
            if let Some(new) = text.as_str().and_then(|text| renamed_in_list(text, from, to)) {
                *text = new.into();
                is_changed = true;
            }
        }
    }
    is_changed.then_some(Value::Array(columns))
}

fn rename_list(map: &Properties, path: &[&str], from: &TagName, to: &TagName, steps: &mut Vec<Step>) {
    let keys: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
    match path.last().and_then(|key| map.get(*key)) {
        Some(Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                if let Some(new) = item.as_str().and_then(|text| renamed_in_list(text, from, to)) {
                    steps.push(Step::Splice { path: keys.clone(), at, out: 1, into: vec![new.into()] });
                }
            }
        }
        Some(Value::String(text)) => {
            let new = renamed_in_list(text, from, to);
            steps.extend(new.map(|new| Step::Set { path: keys, value: new.into() }));
        }
        _ => {}
    }
}

fn rename_line(path: &[&str], line: &str, from: &TagName, to: &TagName, steps: &mut Vec<Step>) {
    let new = renamed_in_line(line, from, to);
    if new != line {
        let path = path.iter().map(|&key| key.to_owned()).collect();
        steps.push(Step::Set { path, value: new.into() });
    }
}
