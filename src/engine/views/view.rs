//! A view: its definition as last read, and its result.

use std::sync::Arc;

use super::super::catalog::{Catalog, CatalogFile, Folder, Since, names, now_ns};
use super::cached::Cached;
use super::members::GroupFolder;
use super::source::ResultSource;
use crate::index::query::{View, parse_view};
use crate::types::FileKey;

/// A `.cdx` of the workspace and its results, as they were at one moment.
#[derive(Clone, Debug)]
pub struct ViewFolder {
    /// The definition's file.
    pub file: FileKey,
    /// The last definition that could be read.
    pub view: Option<Arc<View>>,
    /// Why the present one cannot be used: shown as `ERROR.txt`.
    pub error: Option<Arc<str>>,
    /// Its results, where it has no groups.
    pub members: Arc<Folder>,
    /// Its groups, where it has any, in order.
    pub groups: Option<Arc<[GroupFolder]>>,
    /// When what it lists last changed, nanoseconds since the epoch.
    pub changed_ns: i64,
}

impl ViewFolder {
    /// The group of a folder name. That of the notes without a value is always there, for notes to be moved into it.
    #[must_use]
    pub fn group(&self, name: &std::ffi::OsStr) -> Option<GroupFolder> {
        let groups = self.groups.as_ref()?;
        let empty = || GroupFolder { name: name.to_owned(), value: None, folder: Arc::default() };
        groups.iter().find(|group| group.name == name).cloned().or_else(|| (name == names::NONE).then(empty))
    }
}

/// A view as it is kept.
#[derive(Debug)]
pub(super) struct CachedView {
    file: FileKey,
    view: Option<Arc<View>>,
    cached: Cached,
    /// What is wrong with the definition.
    definition_error: Option<String>,
    /// Changes before this one are in the definition; `None`: it was never read.
    position: Option<u64>,
    error: Option<Arc<str>>,
    error_changed_ns: i64,
}

impl CachedView {
    pub(super) fn new(file: FileKey) -> Self {
        Self {
            file,
            view: None,
            cached: Cached::new(Some(file.notebook), true),
            definition_error: None,
            position: None,
            error: None,
            error_changed_ns: now_ns(),
        }
    }

    /// The folder as it is now.
    pub(super) fn folder(
        &mut self,
        catalog: &Catalog,
        source: &impl ResultSource,
        definition: &CatalogFile,
    ) -> ViewFolder {
        self.read_definition(catalog, source, definition);
        if self.view.is_some() {
            self.cached.bring_up_to_date(catalog, source);
        }
        self.set_error(definition);
        let is_grouped = self.view.as_ref().is_some_and(|view| view.query.group.is_some());
        let members = if is_grouped { Arc::default() } else { self.cached.all() };
        let listed_ns = if is_grouped { self.cached.members.groups_changed_ns() } else { members.changed_ns() };
        ViewFolder {
            file: self.file,
            view: self.view.clone(),
            error: self.error.clone(),
            groups: is_grouped.then(|| self.cached.members.groups()),
            members,
            changed_ns: listed_ns.max(self.error_changed_ns),
        }
    }

    /// Reads the definition again if it changed, or if it says other things as time passes.
    fn read_definition(&mut self, catalog: &Catalog, source: &impl ResultSource, definition: &CatalogFile) {
        let position = catalog.change_position();
        let time = source.time();
        let changed = match self.position.map(|position| catalog.changes_since(position)) {
            Some(Since::Files(files)) => files.contains(&self.file),
            Some(Since::Much) | None => true,
        };
        let outdated = self.view.as_ref().is_some_and(|view| view.is_relative) && self.cached.has_expired(time.now);
        if changed || outdated {
            let parsed = source
                .definition(definition)
                .and_then(|bytes| parse_view(&bytes, &time).map_err(|error| error.to_string()));
            match parsed {
                Ok(view) => {
                    self.cached.set_query(&view.query, view.numbered, &view.columns, view.is_relative);
                    self.view = Some(Arc::new(view));
                    self.definition_error = None;
                }
                Err(error) => self.definition_error = Some(error),
            }
        }
        self.position = Some(position);
    }

    fn set_error(&mut self, definition: &CatalogFile) {
        let why = self.definition_error.as_deref().or(self.cached.error.as_deref());
        let results = if self.cached.is_evaluated() {
            "The folder shows the results of the last definition that could be used."
        } else {
            "The folder is empty until the definition can be used."
        };
        let error = why.map(|why| format!("{}: {why}\n\n{results}\n", definition.path));
        if error.as_deref() != self.error.as_deref() {
            self.error_changed_ns = now_ns().max(self.error_changed_ns + 1);
            self.error = error.map(Into::into);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, catalog: &Catalog) {
        self.cached.clear(catalog);
    }
}
