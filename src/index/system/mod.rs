//! `codex_system.db`: users, workspaces, permissions, notebooks, agents, plugins, audit.

use std::path::{Path, PathBuf};

use crate::index::notebook::IndexError;

/// The system database, open for reading and writing.
#[derive(Debug)]
pub struct SystemDb {
    _connection: rusqlite::Connection,
}

/// A workspace as the system database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRow {
    /// Row id.
    pub id: i64,
    /// Shown name.
    pub name: String,
    /// Short name, unique per owner.
    pub slug: String,
    /// Its directory.
    pub path: PathBuf,
    /// Login of its owner.
    pub owner: String,
}

impl SystemDb {
    /// Opens (or makes) `codex_system.db` in `home`, migrates it, adopts the original's.
    ///
    /// # Errors
    /// If it was made by a newer version, is damaged, or cannot be opened.
    pub fn open(home: &Path) -> Result<Self, IndexError> {
        let _ = home;
        todo!()
    }

    /// Registers the workspace at `path`, or returns the row that it has. The slug is made from the name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn register_workspace(&self, name: &str, path: &Path, owner: &str) -> Result<WorkspaceRow, IndexError> {
        let _ = (name, path, owner);
        todo!()
    }

    /// All workspaces, by name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceRow>, IndexError> {
        todo!()
    }

    /// The workspace of a name, slug or directory.
    ///
    /// # Errors
    /// SQLite's.
    pub fn find_workspace(&self, name_slug_or_path: &str) -> Result<Option<WorkspaceRow>, IndexError> {
        let _ = name_slug_or_path;
        todo!()
    }

    /// Makes the rows of a workspace's notebooks equal to the names of its folders.
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_notebooks(&self, workspace: i64, names: &[String]) -> Result<(), IndexError> {
        let _ = (workspace, names);
        todo!()
    }
}
