//! Values as YAML or JSON text. What comes out is read back as the same value by YAML 1.1 and 1.2.

use std::fmt::Write as _;

use crate::index::parse::spans::Style;
use crate::types::{Properties, Value};

/// The language that a value is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syntax {
    Yaml,
    Json,
}

/// Scalar lists longer than this many characters are written as lines.
const FLOW_WIDTH: usize = 80;

impl Syntax {
    /// A value within a line. `is_nested` where brackets are around it; `style` is how a text was written before.
    pub(super) fn inline(self, value: &Value, is_nested: bool, style: Style) -> String {
        match value {
            Value::Null => "null".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => self.text(text, is_nested, style),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.inline(item, true, Style::Plain)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(map) => {
                let entries: Vec<String> = map.iter().map(|(key, value)| self.pair(key, value)).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    /// `key: value` within brackets.
    pub(super) fn pair(self, key: &str, value: &Value) -> String {
        format!("{}: {}", self.key(key, true), self.inline(value, true, Style::Plain))
    }

    /// A key without its colon.
    pub(super) fn key(self, key: &str, is_nested: bool) -> String {
        self.text(key, is_nested, Style::Plain)
    }

    fn text(self, text: &str, is_nested: bool, style: Style) -> String {
        match (self, style) {
            (Self::Json, _) => Value::from(text).to_string(),
            (Self::Yaml, _) if !is_printable(text) => double_quoted(text),
            (Self::Yaml, Style::Plain) if is_plain(text, is_nested) => text.to_owned(),
            (Self::Yaml, Style::Double) => double_quoted(text),
            (Self::Yaml, Style::Plain | Style::Single) => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// Whether a value is written in the line of its key.
pub(super) fn fits_line(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            items.iter().all(|item| !matches!(item, Value::Array(_) | Value::Object(_)))
                && items.iter().map(|item| item.to_string().len() + 2).sum::<usize>() <= FLOW_WIDTH
        }
        Value::Object(map) => map.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// The lines of `key: value`, indented.
pub(super) fn entry_lines(key: &str, value: &Value, indent: usize, eol: &str) -> String {
    let key = Syntax::Yaml.key(key, false);
    format!("{:indent$}{key}:{}", "", after_colon(value, indent, eol))
}

/// What stands after the colon of a key in this column, with its line's end.
pub(super) fn after_colon(value: &Value, indent: usize, eol: &str) -> String {
    if fits_line(value) {
        return format!(" {}{eol}", Syntax::Yaml.inline(value, false, Style::Plain));
    }
    format!("{eol}{}", value_lines(value, indent + 2, eol))
}

fn value_lines(value: &Value, indent: usize, eol: &str) -> String {
    match value {
        Value::Array(items) => items.iter().map(|item| item_line(item, indent, eol)).collect(),
        Value::Object(map) => map_lines(map, indent, eol),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("{:indent$}{}{eol}", "", Syntax::Yaml.inline(value, false, Style::Plain))
        }
    }
}

fn map_lines(map: &Properties, indent: usize, eol: &str) -> String {
    map.iter().map(|(key, value)| entry_lines(key, value, indent, eol)).collect()
}

/// `- value`, in one line whatever it is.
pub(super) fn item_line(item: &Value, indent: usize, eol: &str) -> String {
    format!("{:indent$}- {}{eol}", "", Syntax::Yaml.inline(item, false, Style::Plain))
}

/// Nothing in it needs an escape.
fn is_printable(text: &str) -> bool {
    text.chars()
        .all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_printable(c.encode_utf8(&mut [0; 4])) => quoted.push(c),
            // Writing to a string does not fail.
            c => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text can stand without quotes and is no number, truth value or null to any YAML.
fn is_plain(text: &str, is_nested: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let is_indicator = "-?:,[]{}#&*!|>'\"%@`".contains(first);
    let breaks = |c: char| is_nested && ",[]{}".contains(c);
    !(is_indicator
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace)
        || text.ends_with(':')
        || text.contains(": ")
        || text.contains(" #")
        || text.contains(breaks)
        || is_word_of_yaml(text)
        || looks_numeric(text))
}

/// Truth values and nulls of YAML 1.1 and 1.2.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 12] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<"];
    text.len() <= 5 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) || text.starts_with("...")
}

/// Numbers of YAML 1.1 and 1.2: also `0o17`, `1_000`, `12:30`, `.5`, `.inf`. A date is none: it stays plain.
fn looks_numeric(text: &str) -> bool {
    let rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = rest.to_ascii_lowercase();
    if matches!(&*lower, ".inf" | ".nan" | "inf" | "nan" | "infinity") {
        return true;
    }
    let starts = rest.starts_with(|c: char| c.is_ascii_digit())
        || rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let is_radix = lower.starts_with("0x") || lower.starts_with("0o") || lower.starts_with("0b");
    let is_number = if is_radix {
        lower[2..].chars().all(|c| c.is_ascii_hexdigit() || c == '_')
    } else {
        lower.chars().all(|c| c.is_ascii_digit() || "._:+-e".contains(c)) && !is_date(rest)
    };
    starts && is_number
}

/// `2026-11-21`, or digits and dashes that no number has (`2026-W47` has a letter already).
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
}
