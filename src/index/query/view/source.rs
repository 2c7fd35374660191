//! The frontmatter of a `.cdx`: where it is, what it says, and where in the file a key stands.

use super::{MAX_LENGTH, ViewError};
use crate::types::{Properties, Value};

/// The text that errors point into; empty for JSON.
pub(super) struct Source<'a> {
    /// From the first line of the file to the end of the frontmatter, the opening `---` cut off.
    text: &'a str,
}

impl<'a> Source<'a> {
    /// For bodies without text.
    pub(super) fn none() -> Self {
        Self { text: "" }
    }

    /// Finds and reads the frontmatter (LF or CRLF, with or without BOM).
    pub(super) fn of_file(bytes: &'a [u8]) -> Result<(Self, Properties), ViewError> {
        let at_start = |message: &str| ViewError::at(1, 1, message);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let Some(rest) = bytes.strip_prefix(b"---") else {
            return Err(at_start("a .cdx begins with a line `---`, then YAML, then a line `---`"));
        };
        let rest = match std::str::from_utf8(rest) {
            Ok(rest) => rest,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        let Some(length) = frontmatter_length(rest) else {
            return Err(at_start("the YAML that begins here is not closed by a line `---`, or is not UTF-8"));
        };
        if length > MAX_LENGTH {
            return Err(at_start("the YAML is longer than 1 MiB"));
        }
        // With its first line left empty, the parser's line numbers are those of the file.
        let source = Self { text: &rest[..length] };
        let top = source.read()?;
        Ok((source, top))
    }

    fn read(&self) -> Result<Properties, ViewError> {
        let hint = if self.text.contains("{{") { "; `{{ … }}` stands in quotes" } else { "" };
        let value: serde_yaml::Value = serde_yaml::from_str(self.text).map_err(|error| {
            let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            ViewError::at(line, column, format!("{message}{hint}"))
        })?;
        match json(value) {
            Value::Object(top) => Ok(top),
            Value::Null => Ok(Properties::new()),
            _ => Err(ViewError::at(2, 1, "a .cdx holds `key: value` lines")),
        }
    }

    /// An error about the value of a key.
    pub(super) fn error(&self, path: &[&str], message: impl Into<String>) -> ViewError {
        let (line, column) = self.line_and_column(self.find(path).unwrap_or(0));
        ViewError::at(line, column, message)
    }

    /// An error at `position` (in characters) in the text that is the value of a key. Where the text is not written
    /// on one line as it is (escapes, block scalars), the error points to the key.
    pub(super) fn error_within(&self, path: &[&str], value: &str, position: usize, message: &str) -> ViewError {
        if self.text.is_empty() {
            return ViewError::at(1, position + 1, message);
        }
        let key_at = self.find(path).unwrap_or(0);
        let line_end = self.text[key_at..].find('\n').map_or(self.text.len(), |length| key_at + length);
        let colon = self.text[key_at..line_end].find(':').map_or(key_at, |length| key_at + length + 1);
        let value_at = (!value.is_empty()).then(|| self.text[colon..line_end].find(value)).flatten();
        let (line, column) = self.line_and_column(value_at.map_or(key_at, |length| colon + length));
        ViewError::at(line, column + if value_at.is_some() { position } else { 0 }, message)
    }

    /// Byte offset of the key at the end of the path.
    fn find(&self, path: &[&str]) -> Option<usize> {
        let mut found = None;
        let (mut from, mut end) = (0, self.text.len());
        for (depth, key) in path.iter().enumerate() {
            let places = || self.text[from..end].match_indices(key).map(|(at, _)| from + at);
            let own_line = places().find(|&at| self.is_key(at, key) && self.is_first_in_line(at, depth == 0));
            let at = own_line.or_else(|| places().find(|&at| depth > 0 && self.is_key(at, key)))?;
            found = Some(at);
            from = at + key.len();
            if depth == 0 {
                end = self.section_end(from);
            }
        }
        found
    }

    /// Whether the text at `at` is a key, quoted or not, in block or flow style.
    fn is_key(&self, at: usize, key: &str) -> bool {
        let before = self.text[..at].trim_end_matches(['"', '\'']);
        let after = self.text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches(' ');
        before.ends_with(|c: char| c.is_whitespace() || matches!(c, '{' | ',')) && after.starts_with(':')
    }

    fn is_first_in_line(&self, at: usize, is_top: bool) -> bool {
        let before = self.text[..at].trim_end_matches(['"', '\'']);
        if is_top { before.ends_with('\n') } else { before.trim_end_matches([' ', '-']).ends_with('\n') }
    }

    /// Where the next top key begins.
    fn section_end(&self, from: usize) -> usize {
        let mut ends = self.text[from..].match_indices('\n').map(|(at, _)| from + at + 1);
        ends.find(|&at| self.text[at..].starts_with(|c: char| !c.is_whitespace())).unwrap_or(self.text.len())
    }

    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Bytes of what follows the opening `---`, up to the closing line.
fn frontmatter_length(rest: &str) -> Option<usize> {
    let first_line = rest.split_inclusive('\n').next()?;
    if !first_line.trim().is_empty() || !first_line.ends_with('\n') {
        return None;
    }
    let mut length = first_line.len();
    for line in rest[length..].split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some(length);
        }
        length += line.len();
    }
    None
}

/// YAML as JSON: keys become text, tags go, numbers that JSON does not have become text.
fn json(value: serde_yaml::Value) -> Value {
    match value {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(value) => Value::Bool(value),
        serde_yaml::Value::Number(number) => serde_json::to_value(&number)
            .ok()
            .filter(Value::is_number)
            .unwrap_or_else(|| Value::String(number.to_string())),
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(elements) => Value::Array(elements.into_iter().map(json).collect()),
        serde_yaml::Value::Mapping(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key_text(key), json(value))).collect())
        }
        serde_yaml::Value::Tagged(tagged) => json(tagged.value),
    }
}

fn key_text(key: serde_yaml::Value) -> String {
    match json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
