//! `.cdx` files and JSON query bodies.
//!
//! `*_after` means from the start of the date on, `*_before` up to, but without, its start; `{{ todayEnd }}` and the
//! other ends are the start of what follows. It knows nothing of files and clocks.

mod body;
mod names;
mod placeholder;
mod source;
#[cfg(test)]
mod tests;

use super::ast::{Group, Term};
use super::line::group_of;
use super::{Expr, Query, TimeContext};
use crate::types::{Properties, TagName, Value};
use body::Body;
use names::{current_name, kind_of, parse_group};
use source::Source;

/// A saved query with how it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// `title`, if it has one.
    pub title: Option<String>,
    /// `view_type`.
    pub view_type: String,
    /// Its query; the scope `Default` means the view's own notebook.
    pub query: Query,
    /// Names in the mounted folder are `001 name`.
    pub numbered: bool,
    /// What `rm` in the mounted folder does.
    pub on_remove: OnRemove,
    /// Group values that are shown as folders even when empty (from `config.columns`), in order.
    pub columns: Vec<String>,
    /// `config`, as written.
    pub config: Value,
    /// Unknown keys and other things to tell the author.
    pub warnings: Vec<String>,
    /// Whether its result changes as time passes (relative dates).
    pub is_relative: bool,
}

/// What removing an entry of a view's folder does to the note.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum OnRemove {
    /// EPERM.
    #[default]
    Deny,
    /// The note loses a tag.
    Untag(TagName),
    /// The note loses a property.
    Unset(String),
    /// A property is set.
    Set(String, Value),
}

/// A `.cdx` or query body that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ViewError {
    /// Line in the file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what is expected.
    pub message: String,
    /// Where it is about a search line: the key that has the line (empty if the body is one), and the offset in it in
    /// characters, from 0; 0 where placeholders made another line of it.
    pub in_line: Option<(String, usize)>,
}

impl ViewError {
    fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self { line, column, message: message.into(), in_line: None }
    }
}

/// The longest frontmatter in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// Keys of a `.cdx` beside those of any note.
const KEYS: [&str; 13] = [
    "type",
    "view_type",
    "title",
    "description",
    "tags",
    "created",
    "date",
    "query",
    "aggregate",
    "config",
    "order",
    "on_remove",
    "version",
];

/// Reads a `.cdx`. Placeholders such as `{{ today }}` become date expressions or, in text, values of `now`.
///
/// # Errors
/// What is wrong, with line and column in the file.
pub fn parse_view(bytes: &[u8], now: &TimeContext) -> Result<View, ViewError> {
    let (source, top) = Source::of_file(bytes)?;
    let text = |key: &'static str| match top.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(source.error(&[key], format!("`{key}` is text, not {}; put it in quotes", kind_of(other)))),
    };
    let title = text("title")?;
    let view_type = text("view_type")?.unwrap_or_else(|| "table".to_owned());
    let numbered = match text("order")?.as_deref() {
        None | Some("plain") => false,
        Some("numbered") => true,
        Some(other) => return Err(source.error(&["order"], format!("`order` is plain or numbered, not `{other}`"))),
    };
    let on_remove = text("on_remove")?.map_or(Ok(OnRemove::Deny), |text| {
        parse_on_remove(&text).map_err(|message| source.error(&["on_remove"], message))
    })?;
    let mut body = Body::new(&source, now, &["query"]);
    let mut query = body.query(top.get("query").unwrap_or(&Value::Null))?;
    let mut outer = Body::new(&source, now, &[]);
    query.aggregates.extend(outer.aggregates(top.get("aggregate"))?);
    outer.warn_of_unknown(&top, &KEYS);
    if text("type")?.is_some_and(|kind| kind != "view") {
        outer.warnings.push("`type` of a .cdx is view".to_owned());
    }
    let config = top.get("config").cloned().unwrap_or(Value::Null);
    if query.group.is_none() {
        query.group = group_of_config(&config).map_err(|message| source.error(&["config"], message))?;
    }
    if view_type == "calendar" {
        query.warnings.retain(|warning| warning != body::IDLE_DATE_PROPERTY);
    }
    let columns = query.group.as_ref().map_or_else(Vec::new, |group| columns_of(&config, group));
    let is_relative = body.has_placeholder || query.is_relative();
    let warnings = [outer.warnings, query.warnings.clone()].concat();
    Ok(View { title, view_type, query, numbered, on_remove, columns, config, warnings, is_relative })
}

/// Reads the JSON of a query body: the mapping of a `.cdx`'s `query`, or `{"q": "search line"}`, or the line itself.
///
/// # Errors
/// What is wrong; line 1, column 1, and in a search line the column in that line.
pub fn query_from_json(body: &Value, now: &TimeContext) -> Result<Query, ViewError> {
    Body::new(&Source::none(), now, &[]).query(body)
}

impl Query {
    /// Whether its result changes as time passes (relative dates).
    #[must_use]
    pub fn is_relative(&self) -> bool {
        is_relative(&self.filter)
    }
}

fn is_relative(expr: &Expr) -> bool {
    use super::{Operand, Test};
    let relative = |operand: &Operand| matches!(operand, Operand::Date { expr, .. } if expr.is_relative());
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(is_relative),
        Expr::Not(inner) => is_relative(inner),
        Expr::Term(Term::Property { test, .. } | Term::Field { test, .. }) => match test {
            Test::Compare(_, operand) => relative(operand),
            Test::OneOf(operands) => operands.iter().any(relative),
            Test::Range(from, to) => relative(from) || relative(to),
            Test::Exists | Test::Matches(_) => false,
        },
        Expr::All | Expr::Term(_) => false,
    }
}

/// `deny`, `untag TAG`, `unset PROP`, `set PROP=VALUE`.
fn parse_on_remove(text: &str) -> Result<OnRemove, String> {
    let (verb, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let rest = rest.trim();
    match verb {
        "deny" if rest.is_empty() => Ok(OnRemove::Deny),
        "untag" => TagName::new(rest).map(OnRemove::Untag).map_err(|error| error.to_string()),
        "unset" if !rest.is_empty() => Ok(OnRemove::Unset(rest.to_owned())),
        "set" => match rest.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(OnRemove::Set(key.trim().to_owned(), scalar(value))),
            _ => Err("`on_remove: set` is followed by PROPERTY=VALUE".to_owned()),
        },
        _ => Err(format!("`on_remove` is deny, untag TAG, unset PROPERTY or set PROPERTY=VALUE, not `{text}`")),
    }
}

/// What the text would be as the value of a key in YAML, if that is a scalar, else the text.
fn scalar(text: &str) -> Value {
    match serde_yaml::from_str::<Value>(text.trim()) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => value,
        _ => Value::String(text.trim().to_owned()),
    }
}

/// The original's `config.group_by` (with `group_format`), or the one property that all columns filter by.
fn group_of_config(config: &Value) -> Result<Option<Group>, String> {
    if let Some(key) = config.get("group_by").and_then(Value::as_str) {
        let key = current_name(key);
        let is_date = super::ast::Field::from_name(key).is_some_and(super::ast::Field::is_date);
        let format = config.get("group_format").and_then(Value::as_str);
        return match (is_date, format) {
            (true, Some(bucket @ ("day" | "week" | "month" | "year"))) => group_of(key, Some(bucket)),
            _ => parse_group(key),
        }
        .map(Some)
        .map_err(|message| format!("`group_by`: {message}"));
    }
    let mut filters = column_list(config).map(|column| column.get("filter").and_then(Value::as_object));
    let only_key = |filter: Option<&Properties>| {
        filter.filter(|filter| filter.len() == 1).and_then(|filter| filter.keys().next().cloned())
    };
    let first = filters.next().and_then(only_key);
    Ok(first.filter(|key| filters.all(|filter| only_key(filter).as_ref() == Some(key))).map(Group::Property))
}

fn column_list(config: &Value) -> impl Iterator<Item = &Value> {
    config.get("columns").and_then(Value::as_array).into_iter().flatten()
}

/// Group values that the columns stand for: what they filter the group's property by, else their ids.
fn columns_of(config: &Value, group: &Group) -> Vec<String> {
    let key = match group {
        Group::Property(key) => key.as_str(),
        Group::Type => "type",
        Group::Tag => "tags",
        Group::Folder | Group::Date { .. } => "",
    };
    let mut values = Vec::new();
    for column in column_list(config) {
        let value = column.get("filter").and_then(|filter| filter.get(key)).or_else(|| column.get("id"));
        let elements =
            value.map_or(&[][..], |value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
        for element in elements.iter().chain(column.is_string().then_some(column)) {
            match element {
                Value::String(text) => values.push(text.clone()),
                Value::Number(_) | Value::Bool(_) => values.push(element.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => {}
            }
        }
    }
    values
}
