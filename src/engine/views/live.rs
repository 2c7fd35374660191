//! The result of a view as somebody follows it: whether it differs from before. A change costs a look at the notes that
//! changed; only where the place of a note depends on others is the whole result worked out again.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::super::catalog::Since;
use super::super::{Engine, EngineError};
use super::ResultSource;
use super::refresh::{Refresh, expires, for_one_note, refresh_of};
use crate::index::notebook::{FileRow, QueryOptions, QueryResult, QuerySource, run_query};
use crate::index::query::ast::Group;
use crate::index::query::{Query, parse_view};
use crate::types::{FileKey, Instant, NotebookNumber};

/// More changes than this at once: running the whole query costs less than asking for each note.
const ONE_BY_ONE: usize = 200;

/// How long a query may take.
const BUDGET: Duration = Duration::from_secs(5);

/// A query that failed is tried again after so long.
const RETRY: Duration = Duration::from_secs(10);

/// The result of a `.cdx`, over the notebooks that its follower may read.
#[derive(Debug)]
pub struct LiveResult {
    view: FileKey,
    /// `None`: all.
    readable: Option<BTreeSet<NotebookNumber>>,
    query: Query,
    one: Query,
    refresh: Refresh,
    shown: Shown,
    /// Changes before this one are in.
    position: u64,
    /// `None`: it was never worked out.
    notebooks: Option<u64>,
    expires: Option<Instant>,
}

/// What a result shows, or why it shows nothing.
#[derive(Debug, Default)]
struct Shown {
    /// What is shown of each note: a digest of its row and its groups.
    rows: HashMap<FileKey, u64>,
    /// Order, groups and number of matches; `None` once notes have changed one by one, whose order follows from them.
    frame: Option<u64>,
    error: Option<String>,
}

impl LiveResult {
    /// Of a view; `readable` are the notebooks that count (`None`: all).
    #[must_use]
    pub fn new(view: FileKey, readable: Option<BTreeSet<NotebookNumber>>) -> Self {
        Self {
            view,
            readable,
            query: Query::default(),
            one: Query::default(),
            refresh: Refresh::Whole,
            shown: Shown::default(),
            position: 0,
            notebooks: None,
            expires: None,
        }
    }

    /// Takes in what changed; whether the result differs from when this was last called. The first call only looks.
    pub fn has_changed(&mut self, engine: &Engine) -> bool {
        let catalog = engine.catalog();
        let (position, notebooks) = (catalog.change_position(), catalog.notebooks_generation());
        let is_first = self.notebooks.is_none();
        let is_over = self.expires.is_some_and(|at| at <= jiff::Timestamp::now());
        if self.shown.error.is_some() && !is_over && position == self.position {
            return false;
        }
        let since = match self.notebooks {
            Some(known) if known == notebooks && !is_over && self.shown.error.is_none() => {
                catalog.changes_since(self.position)
            }
            _ => Since::Much,
        };
        (self.position, self.notebooks) = (position, Some(notebooks));
        let has_changed = match since {
            Since::Files(files) if files.is_empty() => false,
            Since::Files(files) if files.len() <= ONE_BY_ONE && self.goes_note_by_note(&files) => {
                self.take_in(engine, &files)
            }
            Since::Files(_) | Since::Much => self.run_whole(engine),
        };
        has_changed && !is_first
    }

    /// When it may differ though nothing changed.
    #[must_use]
    pub fn expires(&self) -> Option<Instant> {
        self.expires
    }

    fn goes_note_by_note(&self, changed: &[FileKey]) -> bool {
        self.refresh != Refresh::Whole && !changed.contains(&self.view)
    }

    fn take_in(&mut self, engine: &Engine, files: &[FileKey]) -> bool {
        let mut has_changed = false;
        for file in files {
            let old = self.shown.rows.get(file).copied();
            match self.row_of(engine, *file) {
                Ok(new) if new == old => {}
                Ok(new) if self.refresh == Refresh::EachNote => {
                    has_changed = true;
                    self.shown.frame = None;
                    match new {
                        Some(new) => drop(self.shown.rows.insert(*file, new)),
                        None => drop(self.shown.rows.remove(file)),
                    }
                }
                Ok(_) | Err(_) => return self.run_whole(engine) || has_changed,
            }
        }
        has_changed
    }

    /// What the result shows of one note; `None` where it is no match.
    fn row_of(&self, engine: &Engine, file: FileKey) -> Result<Option<u64>, EngineError> {
        if engine.catalog().file(file).is_none() {
            return Ok(None);
        }
        let mut sources = self.sources(engine)?;
        sources.retain(|source| source.number == file.notebook);
        if sources.is_empty() {
            return Ok(None);
        }
        let time = engine.time_context();
        let options = QueryOptions { time, budget: BUDGET, only: Some(file.id), snippets: false };
        let found = run_query(&self.one, &sources, &options)?;
        Ok(digests(&self.one, found).remove(&file))
    }

    fn run_whole(&mut self, engine: &Engine) -> bool {
        let before = self.query.clone();
        let shown = self.work_out(engine).unwrap_or_else(|error| {
            self.expires = jiff::Timestamp::now().checked_add(RETRY).ok();
            Shown { error: Some(error.to_string()), ..Shown::default() }
        });
        let is_otherwise_asked = before != self.query;
        let has_changed = self.shown.differs_from(&shown, is_otherwise_asked);
        self.shown = shown;
        has_changed
    }

    fn work_out(&mut self, engine: &Engine) -> Result<Shown, EngineError> {
        let gone = || EngineError::NotFound("the view is gone".to_owned());
        let definition = engine.catalog().file(self.view).filter(|file| file.is_view).ok_or_else(gone)?;
        let bytes = ResultSource::definition(engine, &definition).map_err(EngineError::Invalid)?;
        let time = engine.time_context();
        let view = parse_view(&bytes, &time).map_err(|error| EngineError::Invalid(error.to_string()))?;
        // Aggregates follow from the notes.
        self.query = Query { aggregates: Vec::new(), warnings: Vec::new(), ..view.query };
        self.one = for_one_note(&self.query);
        self.refresh = refresh_of(&self.query, false);
        self.expires = expires(&self.query, view.is_relative, &time);
        let sources = self.sources(engine)?;
        let options = QueryOptions { time, budget: BUDGET, only: None, snippets: false };
        let found = run_query(&self.query, &sources, &options)?;
        let frame = frame(&found);
        Ok(Shown { rows: digests(&self.query, found), frame: Some(frame), error: None })
    }

    fn sources(&self, engine: &Engine) -> Result<Vec<QuerySource>, EngineError> {
        let own = engine.notebook(self.view.notebook);
        let mut sources = engine.query_sources(&self.query, own.as_ref())?;
        sources.retain(|source| self.readable.as_ref().is_none_or(|readable| readable.contains(&source.number)));
        Ok(sources)
    }
}

impl Shown {
    /// Whether another is shown now; `is_otherwise_asked`: by another query.
    fn differs_from(&self, now: &Self, is_otherwise_asked: bool) -> bool {
        let is_reordered = if self.frame.is_some() { self.frame != now.frame } else { is_otherwise_asked };
        self.error != now.error || self.rows != now.rows || is_reordered
    }
}

fn key(row: &FileRow) -> FileKey {
    FileKey { notebook: row.number, id: row.id }
}

/// The order of files and groups, and how many match.
fn frame(result: &QueryResult) -> u64 {
    let mut hasher = DefaultHasher::new();
    result.total.hash(&mut hasher);
    result.files.iter().for_each(|row| key(row).hash(&mut hasher));
    for group in result.groups.iter().flatten() {
        group.value.hash(&mut hasher);
        group.files.len().hash(&mut hasher);
        group.files.iter().for_each(|row| key(row).hash(&mut hasher));
    }
    hasher.finish()
}

/// A digest of each note with the groups that it is in.
fn digests(query: &Query, result: QueryResult) -> HashMap<FileKey, u64> {
    let mut rows: HashMap<FileKey, (FileRow, BTreeSet<Option<String>>)> =
        result.files.into_iter().map(|row| (key(&row), (row, BTreeSet::new()))).collect();
    for group in result.groups.into_iter().flatten() {
        // A tag is one in any spelling.
        let is_tag = query.group == Some(Group::Tag);
        let value = group.value.map(|value| if is_tag { value.to_lowercase() } else { value });
        for row in group.files {
            rows.entry(key(&row)).or_insert_with(|| (row, BTreeSet::new())).1.insert(value.clone());
        }
    }
    rows.into_iter().map(|(key, (row, groups))| (key, digest(row, &groups))).collect()
}

fn digest(row: FileRow, groups: &BTreeSet<Option<String>>) -> u64 {
    let mut hasher = DefaultHasher::new();
    // What its notebook is called is no part of a file.
    let row = FileRow { notebook: String::new(), ..row };
    row.sidecar.hash(&mut hasher);
    serde_json::to_vec(&row).unwrap_or_default().hash(&mut hasher);
    groups.hash(&mut hasher);
    hasher.finish()
}
