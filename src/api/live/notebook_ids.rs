//! From the numbers by which an engine counts its notebooks to the ids by which the server knows them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::Engine;
use crate::index::system::{NotebookRow, RosterKeeper};
use crate::types::{NotebookId, NotebookNumber, WorkspaceId};

/// The ids of one workspace's notebooks, as far as somebody asked. It may wait for the disk.
#[derive(Debug)]
pub(super) struct NotebookIds {
    workspace: WorkspaceId,
    roster: Arc<RosterKeeper>,
    known: HashMap<NotebookNumber, NotebookId>,
}

impl NotebookIds {
    pub(super) fn new(workspace: WorkspaceId, roster: Arc<RosterKeeper>) -> Self {
        Self { workspace, roster, known: HashMap::new() }
    }

    /// Folders came, went or were renamed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// The id of a notebook; `None` of one that is not registered, which nobody can see.
    pub(super) fn of(&mut self, engine: &Engine, number: NotebookNumber) -> Option<NotebookId> {
        if let Some(id) = self.known.get(&number) {
            return Some(*id);
        }
        let name = engine.notebook(number)?.name();
        let roster = self.roster.read().ok()?;
        let is_it = |row: &&NotebookRow| row.folder == name.as_str();
        let id = roster.notebooks_of(self.workspace).find(is_it)?.id;
        self.known.insert(number, id);
        Some(id)
    }
}
