//! `notebook add`, `adopt`, `list`, `rename`, `remove`, `restore`.

use serde::Serialize;
use serde_json::Value;

use super::{Command, reply};
use crate::engine::{Engine, EngineError, Notebook, Requester};

/// The notebooks of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NotebookList {
    notebooks: Vec<NotebookEntry>,
    /// Retired ones, newest first.
    trash: Vec<TrashEntry>,
}

/// A notebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NotebookEntry {
    name: String,
    /// Its folder.
    path: String,
    /// How many files are indexed; null where the index cannot tell.
    files: Option<usize>,
}

/// A retired notebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct TrashEntry {
    name: String,
    /// When it was retired, ISO 8601.
    retired: String,
}

impl Engine {
    pub(super) fn perform_on_notebooks(&self, command: &Command, by: &Requester) -> Result<Value, EngineError> {
        match command {
            Command::NotebookAdd { name } => reply::json(&describe(&*self.create_notebook(name, by)?)),
            Command::NotebookAdopt { name } => reply::json(&describe(&*self.adopt_notebook(name, by)?)),
            Command::NotebookRestore { name } => reply::json(&describe(&*self.restore_notebook(name, by)?)),
            Command::NotebookRename { from, to } => {
                self.rename_notebook(from, to, by)?;
                Ok(serde_json::json!({ "from": from, "name": to }))
            }
            Command::NotebookRemove { name } => {
                self.remove_notebook(name, false, by)?;
                Ok(serde_json::json!({ "name": name, "in": "trash" }))
            }
            _ => self.list_notebooks(),
        }
    }

    fn list_notebooks(&self) -> Result<Value, EngineError> {
        let trash = self.trashed_notebooks()?;
        reply::json(&NotebookList {
            notebooks: self.notebooks().iter().map(|notebook| describe(notebook)).collect(),
            trash: trash.into_iter().map(|(name, time)| TrashEntry { name, retired: time.to_string() }).collect(),
        })
    }
}

fn describe(notebook: &Notebook) -> NotebookEntry {
    NotebookEntry {
        name: notebook.name().to_string(),
        path: notebook.dir.path().display().to_string(),
        files: notebook.reader.stats().ok().map(|rows| rows.len()),
    }
}
