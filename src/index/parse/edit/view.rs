//! Edits of a `.cdx`'s query and columns.

use super::page::{Document, value_at};
use super::plan::Step;
use super::{EditError, MetaEdit};
use crate::types::{Properties, TagName, Value};

/// Where a view names tags in lists; `=tag` means exactly it.
const TAG_LISTS: [&str; 3] = ["tags", "tags_any", "tags_none"];

/// Renames a tag and those below it in the query of a `.cdx` (`tags`, `tags_any`, `tags_none`, `where`, a query
/// line) and in `on_remove: untag TAG`.
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
                rename_list(query, list, from, to, &mut steps);
            }
        }
        _ => {}
    }
    let untag = document.map().get("on_remove").and_then(Value::as_str).and_then(|text| text.strip_prefix("untag "));
    if let Some(new) = untag.and_then(|tag| renamed(tag.trim(), from, to)) {
        steps.push(Step::Set { path: vec!["on_remove".to_owned()], value: format!("untag {new}").into() });
    }
    steps.iter().try_for_each(|step| document.step(step))?;
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
    let empty = Vec::new();
    let columns = match value_at(document.map(), &["config", "columns"]) {
        Some(Value::Array(columns)) => columns,
        None | Some(Value::Null) => &empty,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            return Err(EditError::Misfit {
                key: "config.columns".to_owned(),
                reason: "is no list of columns".to_owned(),
            });
        }
    };
    let is_group = |column: &&Value| shows(column, group_by, group);
    let mut left: Vec<Value> = columns.iter().filter(|column| add || !is_group(column)).cloned().collect();
    if add && columns.iter().any(|column| is_group(&column)) || !add && left.len() == columns.len() {
        return Ok(bytes.to_vec());
    }
    if add {
        left.push(column(group_by, group));
    }
    document.edit(&MetaEdit::Set { key: "config.columns".to_owned(), value: Value::Array(left) })?;
    Ok(document.into_bytes())
}

/// Whether a column stands for a group: by its filter, or by its id if it has none.
fn shows(column: &Value, group_by: &str, group: &str) -> bool {
    let is_group = |value: &Value| crate::index::parse::tags::scalar_text(value).as_deref() == Some(group);
    match column.get("filter").and_then(|filter| filter.get(group_by)) {
        Some(value) => is_group(value),
        None => column.get("id").is_some_and(is_group) || is_group(column),
    }
}

fn column(group_by: &str, group: &str) -> Value {
    let mut filter = Properties::new();
    filter.insert(group_by.to_owned(), group.into());
    let entries = [("id", group.into()), ("title", group.into()), ("filter", Value::Object(filter))];
    entries.into_iter().map(|(key, value): (&str, Value)| (key.to_owned(), value)).collect()
}

fn renamed(tag: &str, from: &TagName, to: &TagName) -> Option<TagName> {
    let tag = TagName::new(tag.strip_prefix('#').unwrap_or(tag)).ok()?;
    tag.rebased(from, to).filter(|new| new.as_str() != tag.as_str())
}

fn rename_list(query: &Properties, key: &str, from: &TagName, to: &TagName, steps: &mut Vec<Step>) {
    let path = vec!["query".to_owned(), key.to_owned()];
    let rename = |text: &str| {
        let (exactly, tag) = text.strip_prefix('=').map_or(("", text), |tag| ("=", tag));
        renamed(tag.trim(), from, to).map(|new| format!("{exactly}{new}"))
    };
    match query.get(key) {
        Some(Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                if let Some(new) = item.as_str().and_then(rename) {
                    steps.push(Step::Splice { path: path.clone(), at, out: 1, into: vec![new.into()] });
                }
            }
        }
        Some(Value::String(text)) => {
            let mut renamed = text.clone();
            for range in crate::index::parse::tags::tag_ranges(text).into_iter().rev() {
                if let Some(new) = rename(&text[range.clone()]) {
                    renamed.replace_range(range, &new);
                }
            }
            if renamed != *text {
                steps.push(Step::Set { path, value: renamed.into() });
            }
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

/// A search line with the tag renamed in its `tag:` terms: `tag:a`, `tag:=a`, `-tag:a`, `tag:a,b`, `tag:"a b"`.
/// Phrases, other terms and spacing stay.
fn renamed_in_line(line: &str, from: &TagName, to: &TagName) -> String {
    let mut result = String::with_capacity(line.len() + 16);
    let mut rest = line;
    let mut is_term_start = true;
    while let Some(first) = rest.chars().next() {
        let operator = is_term_start.then(|| tag_operator(rest)).flatten();
        let length = match operator {
            Some(length) => {
                result.push_str(&rest[..length]);
                let value = value_length(&rest[length..]);
                result.push_str(&renamed_values(&rest[length..length + value], from, to));
                rest = &rest[length + value..];
                is_term_start = false;
                continue;
            }
            None if first == '"' => quoted_length(rest),
            None => first.len_utf8(),
        };
        result.push_str(&rest[..length]);
        is_term_start = first.is_whitespace() || first == '(' || first == '-' && is_term_start;
        rest = &rest[length..];
    }
    result
}

/// The length of `tag:`, `tag:=`, `tag=` or `tag!=` at the start of a term.
fn tag_operator(term: &str) -> Option<usize> {
    let after = term.get(..3).filter(|word| word.eq_ignore_ascii_case("tag")).map(|_| &term[3..])?;
    let operator = [":=", ":!=", ":", "!=", "="].into_iter().find(|operator| after.starts_with(operator))?;
    Some(3 + operator.len())
}

/// The length of a term's value: to a blank or bracket, quoted parts whole.
fn value_length(text: &str) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => at += quoted_length(&text[at..]),
            c if c.is_whitespace() || c == ')' || c == '(' => break,
            c => at += c.len_utf8(),
        }
    }
    at
}

fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (i, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return i + 1,
            _ => {}
        }
    }
    text.len()
}

fn renamed_values(values: &str, from: &TagName, to: &TagName) -> String {
    let inner = values.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(inner) = inner.filter(|inner| !inner.contains('"')) {
        return renamed(inner, from, to).map_or_else(|| values.to_owned(), |new| format!("\"{new}\""));
    }
    let rename = |value: &str| {
        let (quote, tag) = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(tag) => ("\"", tag),
            None => ("", value),
        };
        match renamed(tag, from, to) {
            None => value.to_owned(),
            Some(new) if quote.is_empty() && !new.as_str().contains(' ') => new.to_string(),
            Some(new) => format!("\"{new}\""),
        }
    };
    values.split(',').map(rename).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_terms_of_a_search_line_are_renamed_and_nothing_else() {
        let (from, to) = (TagName::new("a").unwrap(), TagName::new("x/y z").unwrap());
        for (line, expected) in [
            ("tag:a", "tag:\"x/y z\""),
            ("tag:=A -tag:a/b status:a", "tag:=\"x/y z\" -tag:\"x/y z/b\" status:a"),
            ("(tag:a OR tag:ab) \"tag:a\" tag:b,a", "(tag:\"x/y z\" OR tag:ab) \"tag:a\" tag:b,\"x/y z\""),
            ("mytag:a tag:\"a\"", "mytag:a tag:\"x/y z\""),
            ("tag:\"a b\" Größe", "tag:\"a b\" Größe"),
        ] {
            assert_eq!(renamed_in_line(line, &from, &to), expected);
        }
    }
}
