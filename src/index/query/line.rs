//! The search line: `tag:experiment loss<0.1 -tag:failed "learning rate" sort:-modified`.

use super::Query;

/// A search line that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", position + 1)]
pub struct QueryError {
    /// Offset in characters, from 0.
    pub position: usize,
    /// What is wrong, and what is expected.
    pub message: String,
}

/// Parses a search line.
///
/// # Errors
/// What does not parse, with its position; nothing is silently ignored.
pub fn parse_line(line: &str) -> Result<Query, QueryError> {
    let _ = line;
    todo!()
}
