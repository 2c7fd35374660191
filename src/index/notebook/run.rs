//! Running a query.

use std::sync::Arc;
use std::time::Duration;

use super::{IndexError, NotebookReader, QueryResult};
use crate::index::query::{Query, TimeContext};
use crate::types::{FileId, NotebookNumber};

/// How a query is run.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// What dates are relative to.
    pub time: TimeContext,
    /// Stop after so long.
    pub budget: Duration,
    /// Only this row: whether one note belongs to a result, at the cost of the note.
    pub only: Option<FileId>,
    /// Whether to make snippets.
    pub snippets: bool,
}

/// A notebook taking part in a query.
#[derive(Clone, Debug)]
pub struct QuerySource {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: NotebookNumber,
    /// Its index.
    pub reader: Arc<NotebookReader>,
}

/// Runs a query over the notebooks (already chosen by scope), merging their sorted streams.
///
/// # Errors
/// Past the budget, a bad regular expression, SQLite's.
pub fn run_query(query: &Query, sources: &[QuerySource], options: &QueryOptions) -> Result<QueryResult, IndexError> {
    let _ = (query, sources, options);
    todo!()
}
