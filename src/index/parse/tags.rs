//! How tags stand in metadata: a list, or a text with commas or spaces between them.

use std::ops::Range;

use crate::types::{TagName, Value};

/// The tag that a text stands for; `#tag` is one.
pub(super) fn tag_of(text: &str) -> Result<TagName, String> {
    let text = text.trim();
    TagName::new(text.strip_prefix('#').unwrap_or(text)).map_err(|_| text.to_owned())
}

/// Where each tag of a text stands: between commas if it has any, else between blanks.
pub(super) fn tag_ranges(text: &str) -> Vec<Range<usize>> {
    let has_comma = text.contains(',');
    let is_separator = |c: char| if has_comma { c == ',' } else { c.is_whitespace() };
    let start_of = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    text.split(is_separator)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| start_of(part)..start_of(part) + part.len())
        .collect()
}

/// A scalar as the text it was written with; `None` for null, lists and mappings.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Every tag that the value of `tags` names, the illegal ones as they are written.
#[must_use]
pub fn tags_in(value: &Value) -> Vec<Result<TagName, String>> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => tag_ranges(text).into_iter().map(|range| tag_of(&text[range])).collect(),
        Value::Array(items) => items.iter().flat_map(tags_of_item).collect(),
        // `<tags><tag>a</tag></tags>` of an XML sidecar.
        Value::Object(map) => map.values().flat_map(tags_in).collect(),
        Value::Bool(_) | Value::Number(_) => tags_of_item(value),
    }
}

/// A list's item is one tag: it may have blanks in it.
fn tags_of_item(item: &Value) -> Vec<Result<TagName, String>> {
    match (item, scalar_text(item)) {
        (Value::Null, _) => Vec::new(),
        (_, Some(text)) if text.trim().is_empty() => Vec::new(),
        (_, Some(text)) => vec![tag_of(&text)],
        (_, None) => vec![Err(item.to_string())],
    }
}
