//! One result that is kept: a query, its notes, and up to which change it has been brought.

use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

use super::super::catalog::{Catalog, Since};
use super::members::Members;
use super::refresh::{Refresh, expires, for_one_note, refresh_of};
use super::source::{Evaluated, ResultSource};
use crate::index::query::Query;
use crate::index::query::ast::Group;
use crate::types::{FileKey, Instant, NotebookNumber, TagName};

/// More changes than this at once: running the whole query costs less than asking for each note.
const ONE_BY_ONE: usize = 200;

/// A query that failed is not run again for so long unless something changes: it may have cost its whole budget.
const RETRY: Duration = Duration::from_secs(10);

/// A query as it is kept.
#[derive(Debug)]
pub(super) struct Cached {
    query: Query,
    one: Query,
    own: Option<NotebookNumber>,
    refresh: Refresh,
    has_placeholders: bool,
    pub(super) members: Members,
    /// Why it could not be run.
    pub(super) error: Option<String>,
    failed_at: Option<Clock>,
    /// Changes before this one are in.
    position: u64,
    notebooks: u64,
    expires: Option<Instant>,
    is_evaluated: bool,
}

impl Cached {
    pub(super) fn new(own: Option<NotebookNumber>, counts: bool) -> Self {
        let query = Query::default();
        Self {
            one: query.clone(),
            query,
            own,
            refresh: Refresh::Whole,
            has_placeholders: false,
            members: Members::new(counts),
            error: None,
            failed_at: None,
            position: 0,
            notebooks: 0,
            expires: None,
            is_evaluated: false,
        }
    }

    /// What is to be shown from now on. `has_placeholders`: the text of the query depends on the time.
    pub(super) fn set_query(&mut self, query: &Query, numbered: bool, columns: &[String], has_placeholders: bool) {
        // Folders show no aggregates.
        let query = Query { aggregates: Vec::new(), warnings: Vec::new(), ..query.clone() };
        let is_formed_otherwise = self.members.set_form(numbered, columns);
        let refresh = refresh_of(&query, numbered);
        let is_same = query == self.query && refresh == self.refresh && self.has_placeholders == has_placeholders;
        if is_same && !is_formed_otherwise {
            return;
        }
        self.one = for_one_note(&query);
        (self.query, self.refresh, self.has_placeholders) = (query, refresh, has_placeholders);
        self.is_evaluated = false;
    }

    /// Whether time alone has made it out of date.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// Takes in what changed since it was last looked at.
    pub(super) fn bring_up_to_date(&mut self, catalog: &Catalog, source: &impl ResultSource) {
        let (position, notebooks) = (catalog.change_position(), catalog.notebooks_generation());
        let is_whole = !self.is_evaluated || self.notebooks != notebooks || self.has_expired(source.time().now);
        if !is_whole && self.position == position && self.error.is_none() {
            return;
        }
        if self.failed_at.is_some_and(|failed| failed.elapsed() < RETRY) && self.position == position {
            return;
        }
        let since = if is_whole || self.error.is_some() { Since::Much } else { catalog.changes_since(self.position) };
        let result = match since {
            Since::Files(files) if files.len() <= ONE_BY_ONE => self.take_in(catalog, source, &files),
            Since::Files(_) | Since::Much => self.run_whole(catalog, source),
        };
        (self.position, self.notebooks) = (position, notebooks);
        self.failed_at = result.is_err().then(Clock::now);
        self.error = result.err();
    }

    fn take_in(&mut self, catalog: &Catalog, source: &impl ResultSource, files: &[FileKey]) -> Result<(), String> {
        if files.is_empty() {
            return Ok(());
        }
        if self.refresh == Refresh::Whole {
            return self.run_whole(catalog, source);
        }
        for file in files {
            let result = match catalog.file(*file) {
                Some(_) => Some(self.evaluate(catalog, source, Some(*file))?),
                None => None,
            };
            let matches = result.as_ref().is_some_and(|result| {
                result.files.contains(file) || result.groups.iter().flatten().any(|(_, files)| files.contains(file))
            });
            if self.refresh == Refresh::EachNote {
                self.members.set(catalog, *file, result);
            } else if matches || self.members.contains(*file) {
                return self.run_whole(catalog, source);
            }
        }
        Ok(())
    }

    fn run_whole(&mut self, catalog: &Catalog, source: &impl ResultSource) -> Result<(), String> {
        let expires = expires(&self.query, self.has_placeholders, &source.time());
        let result = self.evaluate(catalog, source, None)?;
        self.members.replace(catalog, &result);
        self.expires = expires;
        self.is_evaluated = true;
        Ok(())
    }

    fn evaluate(
        &self,
        catalog: &Catalog,
        source: &impl ResultSource,
        only: Option<FileKey>,
    ) -> Result<Evaluated, String> {
        let query = if only.is_some() { &self.one } else { &self.query };
        let mut result = source.evaluate(query, self.own, only)?;
        if query.group == Some(Group::Tag) {
            // One note alone cannot tell how its tag was written first.
            for (value, _) in result.groups.iter_mut().flatten() {
                let tag = value.as_deref().and_then(|text| TagName::new(text).ok());
                if let Some(shown) = tag.and_then(|tag| catalog.shown_tag(&tag)) {
                    *value = Some(shown.as_str().to_owned());
                }
            }
        }
        Ok(result)
    }

    /// Whether it was worked out at least once.
    pub(super) fn is_evaluated(&self) -> bool {
        self.is_evaluated
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, catalog: &Catalog) {
        self.members.clear(catalog);
        self.is_evaluated = false;
    }

    pub(super) fn all(&mut self) -> Arc<super::super::catalog::Folder> {
        self.members.all()
    }
}
