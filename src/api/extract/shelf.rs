//! The notebooks that a request may read: what every list, count, search and suggestion is made of.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Engine, Notebook};
use crate::index::system::{NotebookRow, Roster};
use crate::types::{NotebookId, NotebookNumber};

/// See the module.
#[derive(Debug)]
pub(crate) struct Shelf {
    notebooks: Vec<Shelved>,
    by_number: HashMap<NotebookNumber, usize>,
    is_whole: bool,
}

/// A notebook as the server and as the engine knows it.
#[derive(Debug)]
pub(crate) struct Shelved {
    pub(crate) row: NotebookRow,
    pub(crate) notebook: Arc<Notebook>,
}

impl Shelf {
    /// Those of these ids that are open.
    pub(super) fn new(engine: &Engine, roster: &Roster, ids: &[NotebookId]) -> Self {
        let rows = ids.iter().filter_map(|id| roster.notebook(*id));
        let notebooks: Vec<Shelved> = rows
            .filter_map(|row| Some(Shelved { notebook: engine.notebook_named(&row.folder)?, row: row.clone() }))
            .collect();
        let by_number = notebooks.iter().enumerate().map(|(at, one)| (one.notebook.number, at)).collect();
        let is_whole = notebooks.len() == engine.notebooks().len();
        Self { notebooks, by_number, is_whole }
    }

    /// All of them, by name.
    pub(crate) fn all(&self) -> &[Shelved] {
        &self.notebooks
    }

    /// Whether these are all notebooks of the workspace.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// How the engine counts them.
    pub(crate) fn numbers(&self) -> Vec<NotebookNumber> {
        self.notebooks.iter().map(|one| one.notebook.number).collect()
    }

    /// The notebook of a number.
    pub(crate) fn of_number(&self, number: NotebookNumber) -> Option<&Shelved> {
        self.by_number.get(&number).map(|at| &self.notebooks[*at])
    }

    /// The notebook of a folder's name.
    pub(crate) fn of_folder(&self, folder: &str) -> Option<&Shelved> {
        self.notebooks.iter().find(|one| one.row.folder == folder)
    }

    /// The notebook that is meant by an id (all digits), a folder's name, a slug or a shown name.
    pub(crate) fn named(&self, name: &str) -> Option<&Shelved> {
        let id = name.parse().ok().map(NotebookId);
        let by = |is_it: &dyn Fn(&NotebookRow) -> bool| self.notebooks.iter().find(|one| is_it(&one.row));
        by(&|row| Some(row.id) == id)
            .or_else(|| by(&|row| row.folder == name))
            .or_else(|| by(&|row| row.slug == name))
            .or_else(|| by(&|row| row.name == name))
    }
}
