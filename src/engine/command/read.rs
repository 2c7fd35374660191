//! `query`, `tags`, `links`: from the index, once it has caught up.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::reply;
use crate::engine::catalog::TagPath;
use crate::engine::edit::tag_named;
use crate::engine::{Engine, EngineError, Notebook};
use crate::index::notebook::{QueryOptions, QueryResult, QuerySource, run_query};
use crate::index::query::{Query, Scope, parse_line, parse_view};
use crate::types::{FileKey, TagName};

/// How long a command waits for the index.
pub(super) const BARRIER: Duration = Duration::from_secs(10);

/// How long a query may take.
const BUDGET: Duration = Duration::from_secs(2);

/// Files of a page where neither the query nor its caller says how many (query.md §3).
const PAGE: u64 = 100;

/// Files of a page at most.
const LARGEST_PAGE: u64 = 10_000;

/// Largest `.cdx` that is read, in bytes.
const LARGEST_VIEW: u64 = 4 << 20;

/// What of a result is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) snippets: bool,
}

/// All tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct TagList {
    tags: Vec<TagCount>,
}

/// A tag with the number of notes that bear exactly it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct TagCount {
    name: TagName,
    count: usize,
}

/// One tag: its notes, and the tags directly below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct TagDetail {
    name: TagName,
    count: usize,
    children: Vec<TagCount>,
    files: Vec<String>,
}

/// Links of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct LinksReply {
    file: String,
    /// As it stands in the text, and what it leads to; null if nowhere.
    outgoing: Vec<(String, Option<String>)>,
    /// Notes that point to it.
    incoming: Vec<String>,
}

impl Engine {
    pub(super) fn run_line_or_view(
        &self,
        line: &str,
        view: Option<&str>,
        page: &Page,
    ) -> Result<QueryResult, EngineError> {
        let time = self.time_context();
        let (mut query, own, mut warnings) = match view {
            None => {
                let query = parse_line(line)
                    .map_err(|error| EngineError::Invalid(format!("the query does not parse: {error}")))?;
                (query, None, Vec::new())
            }
            Some(view) => {
                let (notebook, path) = self.place_of(view)?;
                let (bytes, _) = notebook.dir.read(&path, LARGEST_VIEW)?;
                let parsed =
                    parse_view(&bytes, &time).map_err(|error| EngineError::Invalid(format!("{view}: {error}")))?;
                (parsed.query, Some(notebook), parsed.warnings)
            }
        };
        query.limit = Some(page.limit.or(query.limit).unwrap_or(PAGE).min(LARGEST_PAGE));
        if let Some(offset) = page.offset {
            query.offset = offset;
        }
        self.barrier(BARRIER)?;
        let sources = self.query_sources(&query, own.as_ref())?;
        let options = QueryOptions { time, budget: BUDGET, only: None, snippets: page.snippets };
        let mut result = run_query(&query, &sources, &options)?;
        warnings.retain(|warning| !result.warnings.contains(warning));
        result.warnings.append(&mut warnings);
        Ok(result)
    }

    /// The notebooks that a query looks at; `own` is that of its `.cdx`.
    ///
    /// # Errors
    /// If it names a notebook that there is none of.
    pub fn query_sources(&self, query: &Query, own: Option<&Arc<Notebook>>) -> Result<Vec<QuerySource>, EngineError> {
        let notebooks = match (&query.scope, own) {
            (Scope::Default, Some(own)) => vec![Arc::clone(own)],
            (Scope::Default, None) | (Scope::All, _) => self.notebooks(),
            (Scope::Named(names), _) => names.iter().map(|name| self.notebook_of(name)).collect::<Result<_, _>>()?,
        };
        Ok(notebooks
            .into_iter()
            .map(|notebook| QuerySource {
                name: notebook.name().to_string(),
                number: notebook.number,
                reader: Arc::clone(&notebook.reader),
            })
            .collect())
    }

    /// A notebook by name or, as the original wrote it, by number.
    fn notebook_of(&self, name: &str) -> Result<Arc<Notebook>, EngineError> {
        let by_number = || self.notebook(crate::types::NotebookNumber(name.parse().ok()?));
        self.notebook_named(name).or_else(by_number).ok_or_else(|| {
            let known: Vec<String> = self.notebooks().iter().map(|notebook| notebook.name().to_string()).collect();
            EngineError::NotFound(format!("no notebook `{name}`; there are: {}", known.join(", ")))
        })
    }

    pub(super) fn tags_reply(&self, tag: Option<&str>) -> Result<Value, EngineError> {
        self.barrier(BARRIER)?;
        let catalog = self.catalog();
        let Some(tag) = tag else {
            let counts = catalog.tag_counts().into_iter().map(|(name, count)| TagCount { name, count });
            return reply::json(&TagList { tags: counts.collect() });
        };
        let tag = tag_named(tag)?;
        if !catalog.has_tag(&tag) {
            return Err(EngineError::NotFound(format!("no tag `{tag}`")));
        }
        let members =
            |tag: &TagName| catalog.tag_folder(&TagPath { base: tag.clone(), operators: Vec::new() }).members();
        let mut files: Vec<String> = members(&tag).iter().filter_map(|member| self.shown_path(member.file)).collect();
        files.sort_unstable();
        let children = catalog.children(Some(&tag)).into_iter();
        let children = children.map(|name| TagCount { count: members(&name).len(), name }).collect();
        reply::json(&TagDetail { count: files.len(), children, files, name: tag })
    }

    /// `notebook/path` of a file.
    fn shown_path(&self, file: FileKey) -> Option<String> {
        let (notebook, entry) = self.file_of(file).ok()?;
        Some(format!("{}/{}", notebook.name(), entry.path))
    }

    pub(super) fn links_reply(&self, file: &str) -> Result<LinksReply, EngineError> {
        let (notebook, path, _) = self.key_of(file)?;
        let links = notebook.reader.links(&path)?;
        let shown = |path: &crate::types::NotePath| format!("{}/{path}", notebook.name());
        Ok(LinksReply {
            file: shown(&path),
            outgoing: links.outgoing.into_iter().map(|(target, path)| (target, path.as_ref().map(shown))).collect(),
            incoming: links.incoming.iter().map(shown).collect(),
        })
    }
}
