//! Running a query over notebooks: matches of each, one total order, groups, aggregates, rows of the page.

mod aggregate;
mod budget;
mod collect;
mod first;
mod group;
mod page;
mod rank;
mod sort;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::reader::Lent;
use super::remembered::Remembered;
use super::rows::{FileRow, GroupRow, QueryResult};
use super::sql::Failure;
use super::{IndexError, NotebookReader};
use crate::index::query::{Query, TimeContext};
use crate::types::{FileId, FileKey, NotebookNumber};
pub(super) use budget::Deadline;
use collect::{Found, Matches};
#[cfg(test)]
pub(super) use first::walked_orders;

/// How a query is run.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// What dates are relative to.
    pub time: TimeContext,
    /// Stop after so long.
    pub budget: Duration,
    /// Only this row: whether one note belongs to a result, at the cost of the note.
    pub only: Option<FileId>,
    /// Whether to make snippets. They are made of the text in the notebook's folder, for the page's rows only.
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
/// Full text without `sort` is in the order of relevance, everything else without `sort` by path.
/// Groups and aggregates are over all matches, whatever limit and offset.
///
/// # Errors
/// Past the budget, a bad regular expression, SQLite's.
pub fn run_query(query: &Query, sources: &[QuerySource], options: &QueryOptions) -> Result<QueryResult, IndexError> {
    let search = Search { query, sources, options, deadline: Deadline::after(options.budget) };
    search.with_connections(|connections, memories| {
        let matches = search.matches(connections, memories, query.group.is_some())?;
        let page = matches.page(query);
        let scores = page.iter().filter_map(Found::score).collect();
        let mut files = search.rows(connections, page)?;
        if options.snippets {
            search.add_snippets(&mut files)?;
        }
        let aggregates = aggregate::all(&search, connections, &matches.found)?;
        let groups = match &query.group {
            None => None,
            Some(group) => {
                let mut groups = Vec::new();
                for (value, members) in group::all(&search, connections, group, &matches.found)? {
                    groups.push(GroupRow { value, files: search.rows(connections, &members)? });
                }
                Some(groups)
            }
        };
        Ok(QueryResult {
            files,
            scores,
            groups,
            total: matches.total,
            limit: query.limit,
            offset: query.offset,
            aggregates,
            warnings: query.warnings.clone(),
        })
    })
}

/// Runs a query without loading rows, for folders of names: the files of the page in order, with the values of their
/// groups where the query has any, then ordered by group; a file that is in several comes once for each.
///
/// # Errors
/// As [`run_query`].
pub fn run_ids(
    query: &Query,
    sources: &[QuerySource],
    options: &QueryOptions,
) -> Result<Vec<(Option<String>, FileKey)>, IndexError> {
    let search = Search { query, sources, options, deadline: Deadline::after(options.budget) };
    search.with_connections(|connections, memories| {
        let matches = search.matches(connections, memories, query.group.is_some())?;
        let page = matches.page(query);
        let key = |found: &Found| FileKey { notebook: sources[found.source].number, id: FileId(found.id) };
        let Some(group) = &query.group else {
            return Ok(page.iter().map(|found| (None, key(found))).collect());
        };
        let groups = group::all(&search, connections, group, page)?;
        let entries = groups.into_iter().flat_map(|(value, members)| {
            members.into_iter().map(move |found| (value.clone(), key(&found))).collect::<Vec<_>>()
        });
        Ok(entries.collect())
    })
}

/// A query under way.
struct Search<'a> {
    query: &'a Query,
    sources: &'a [QuerySource],
    options: &'a QueryOptions,
    deadline: Deadline,
}

/// One connection a source, each in a transaction of its own: what is counted, ordered and shown is of one moment.
type Connections<'a> = [&'a Connection];

/// What each of them has read before.
type Memories<'a> = [&'a Mutex<Remembered>];

impl Search<'_> {
    /// Lends a connection of every source to `run`, with the budget watching over each.
    fn with_connections<T>(
        &self,
        run: impl FnOnce(&Connections<'_>, &Memories<'_>) -> Result<T, Failure>,
    ) -> Result<T, IndexError> {
        let mut lent = Vec::with_capacity(self.sources.len());
        for source in self.sources {
            let mut connection = source.reader.lend()?;
            connection.watch(self.deadline, &self.options.time.zone).map_err(|error| source.reader.fail(error))?;
            lent.push(connection);
        }
        let connections: Vec<&Connection> = lent.iter().map(Lent::connection).collect();
        let memories: Vec<&Mutex<Remembered>> = lent.iter().map(Lent::remembered).collect();
        let result = run(&connections, &memories);
        result.map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> IndexError {
        match failure {
            Failure::Bad(message) => IndexError::BadQuery(message),
            Failure::Late => IndexError::Budget(self.options.budget),
            Failure::Sql(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
                IndexError::Budget(self.options.budget)
            }
            Failure::Sql(error) => match self.sources.first() {
                Some(source) => source.reader.fail(error),
                None => IndexError::BadQuery(error.to_string()),
            },
        }
    }

    fn matches(
        &self,
        connections: &Connections<'_>,
        memories: &Memories<'_>,
        needs_all_in_order: bool,
    ) -> Result<Matches, Failure> {
        collect::matches(self, (connections, memories), needs_all_in_order)
    }

    fn rows(&self, connections: &Connections<'_>, found: &[Found]) -> Result<Vec<FileRow>, Failure> {
        page::rows(self, connections, found)
    }

    fn add_snippets(&self, files: &mut [FileRow]) -> Result<(), Failure> {
        page::add_snippets(self, files)
    }
}
