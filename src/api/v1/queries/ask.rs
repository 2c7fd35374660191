//! Running a query over the notebooks that the caller may read: there is no other way to a result.

use std::time::Duration;

use crate::api::error::{Answer, ApiError};
use crate::api::extract::{Shelf, Shelved};
use crate::engine::Engine;
use crate::index::notebook::{QueryOptions, QueryResult, QuerySource, run_query};
use crate::index::query::{Query, Scope};

/// How long a request waits for the index.
const BARRIER: Duration = Duration::from_secs(10);

/// How long a query may take (query.md §4).
const BUDGET: Duration = Duration::from_secs(2);

/// Files of a page where nobody says how many.
const LIMIT: u64 = 100;

/// What is asked for.
#[derive(Debug)]
pub(in crate::api::v1) struct Asked {
    pub(in crate::api::v1) query: Query,
    /// Files of a page at most.
    pub(in crate::api::v1) limit_max: u64,
    /// Whether excerpts are wanted.
    pub(in crate::api::v1) snippets: bool,
}

/// Waits for the index and runs the query.
///
/// # Errors
/// 422 for a limit out of bounds and for notebooks that there are none of, or none for this caller; 503 where the index
/// is behind or the query took too long.
pub(in crate::api::v1) fn ask(engine: &Engine, shelf: &Shelf, asked: Asked) -> Answer<QueryResult> {
    let Asked { mut query, limit_max, snippets } = asked;
    let limit = *query.limit.get_or_insert(LIMIT);
    if !(1..=limit_max).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("a number from 1 to {limit_max} is expected")));
    }
    let sources = sources(shelf, &query.scope)?;
    engine.barrier(BARRIER)?;
    let options = QueryOptions { time: engine.time_context(), budget: BUDGET, only: None, snippets };
    Ok(run_query(&query, &sources, &options)?)
}

fn sources(shelf: &Shelf, scope: &Scope) -> Answer<Vec<QuerySource>> {
    let Scope::Named(names) = scope else { return Ok(shelf.all().iter().map(source).collect()) };
    let mut chosen: Vec<&Shelved> = Vec::new();
    for name in names {
        let missing = || ApiError::invalid("notebooks", format!("there is no notebook `{name}`"));
        let found = shelf.named(name).ok_or_else(missing)?;
        if !chosen.iter().any(|one| one.row.id == found.row.id) {
            chosen.push(found);
        }
    }
    Ok(chosen.into_iter().map(source).collect())
}

fn source(one: &Shelved) -> QuerySource {
    QuerySource {
        name: one.row.folder.clone(),
        number: one.notebook.number,
        reader: std::sync::Arc::clone(&one.notebook.reader),
    }
}
