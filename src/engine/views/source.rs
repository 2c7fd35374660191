//! Where results come from: the engine's indexes and files, or a test's.

use std::time::Duration;

use super::super::Engine;
use super::super::catalog::CatalogFile;
use crate::index::notebook::{QueryOptions, QuerySource, run_ids};
use crate::index::query::{Query, Scope, TimeContext};
use crate::types::{FileKey, NotebookNumber};

/// Longest definition that is read, in bytes.
const DEFINITION_MAX: u64 = 1 << 20;

/// How long a folder's query may take: as long as a reader waits for the index (mount.md §4).
const BUDGET: Duration = Duration::from_secs(5);

/// A group of a result: the value (`None`: the property is missing) and its notes in order.
pub type EvaluatedGroup = (Option<String>, Vec<FileKey>);

/// A result as folders need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluated {
    /// The notes in order.
    pub files: Vec<FileKey>,
    /// The groups, where the query has any.
    pub groups: Option<Vec<EvaluatedGroup>>,
}

/// Where results come from.
pub trait ResultSource {
    /// Runs a query; with `only`, for one note. `own` is the notebook that the default scope means (`None`: all).
    ///
    /// # Errors
    /// Why it could not be run, in words.
    fn evaluate(&self, query: &Query, own: Option<NotebookNumber>, only: Option<FileKey>) -> Result<Evaluated, String>;

    /// The bytes of a definition.
    ///
    /// # Errors
    /// Why they could not be read, in words.
    fn definition(&self, file: &CatalogFile) -> Result<Vec<u8>, String>;

    /// What dates are relative to now.
    fn time(&self) -> TimeContext;
}

impl ResultSource for Engine {
    fn evaluate(&self, query: &Query, own: Option<NotebookNumber>, only: Option<FileKey>) -> Result<Evaluated, String> {
        let sources: Vec<QuerySource> = self
            .notebooks()
            .into_iter()
            .filter(|notebook| only.is_none_or(|file| file.notebook == notebook.number))
            .map(|notebook| QuerySource {
                name: notebook.name().as_str().to_owned(),
                number: notebook.number,
                reader: notebook.reader.clone(),
            })
            .filter(|source| is_in_scope(&query.scope, own, source))
            .collect();
        let options =
            QueryOptions { time: self.time(), budget: BUDGET, only: only.map(|file| file.id), snippets: false };
        let found = run_ids(query, &sources, &options).map_err(|error| error.to_string())?;
        Ok(evaluated(found, query.group.is_some()))
    }

    fn definition(&self, file: &CatalogFile) -> Result<Vec<u8>, String> {
        let notebook = self.notebook(file.key.notebook).ok_or("its notebook is closed")?;
        notebook.dir.read(&file.path, DEFINITION_MAX).map(|(bytes, _)| bytes).map_err(|error| error.to_string())
    }

    fn time(&self) -> TimeContext {
        let settings = self.settings();
        TimeContext { now: crate::sys::now(), zone: settings.timezone.clone(), week_starts: settings.week_starts }
    }
}

fn is_in_scope(scope: &Scope, own: Option<NotebookNumber>, source: &QuerySource) -> bool {
    match scope {
        Scope::Default => own.is_none_or(|own| own == source.number),
        Scope::All => true,
        // The original named notebooks by number.
        Scope::Named(names) => names.iter().any(|name| *name == source.name || name.parse() == Ok(source.number.0)),
    }
}

/// Files with the value of their group, those of one group together.
fn evaluated(found: Vec<(Option<String>, FileKey)>, is_grouped: bool) -> Evaluated {
    if !is_grouped {
        return Evaluated { files: found.into_iter().map(|(_, file)| file).collect(), groups: None };
    }
    let mut groups: Vec<EvaluatedGroup> = Vec::new();
    for (value, file) in found {
        match groups.last_mut().filter(|(last, _)| *last == value) {
            Some((_, files)) => files.push(file),
            None => groups.push((value, vec![file])),
        }
    }
    Evaluated { files: Vec::new(), groups: Some(groups) }
}
