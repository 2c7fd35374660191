//! `.cdx` files and JSON query bodies.

use super::{Query, TimeContext};
use crate::types::{TagName, Value};

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
}

/// Reads a `.cdx`. Placeholders such as `{{ today }}` become date expressions or, in text, values of `now`.
///
/// # Errors
/// What is wrong, with line and column in the file.
pub fn parse_view(bytes: &[u8], now: &TimeContext) -> Result<View, ViewError> {
    let _ = (bytes, now);
    todo!()
}

/// Reads the JSON of a query body: the mapping of a `.cdx`'s `query`, or `{"q": "search line"}`.
///
/// # Errors
/// What is wrong; line 1, column 1 where JSON gives no position.
pub fn query_from_json(body: &Value, now: &TimeContext) -> Result<Query, ViewError> {
    let _ = (body, now);
    todo!()
}
