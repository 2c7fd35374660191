//! A workspace alive: one path for every change, from the file to the index, the maps, the kernel and the history.
//! It knows nothing of FUSE, HTTP or the command line; they call it.

pub mod catalog;
pub mod check;
pub mod command;
pub mod doctor;
mod edit;
mod error;
mod hooks;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use command::Command;
pub use error::EngineError;
pub use hooks::{AppliedChange, AppliedKind, MountHooks};
pub use workspace::Settings;

use crate::history::History;
use crate::index::notebook::NotebookReader;
use crate::sys::{Dir, StoreStat};
use crate::types::{Actor, GestureId, NodeNumber, NotePath, NotebookName, NotebookNumber, Seq};

/// How a workspace is opened.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Who acts, where nobody else is named: the user that runs the process.
    pub actor: Actor,
    /// Whether to watch the store for changes made behind Codex's back (a daemon does, a single command need not).
    pub watch: bool,
    /// Whether to serve the control socket `.codex/engine.sock`.
    pub serve: bool,
    /// Whether to wait for the start-up scan before [`Engine::open`] returns (a single command does).
    pub wait_for_scan: bool,
    /// Nothing in the store is written: no index, no history, no locks; queries answer from what is there.
    pub read_only: bool,
}

/// Who asks for a change.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The author that the journal and the history record.
    pub actor: Actor,
    /// What the change belongs to, if it is part of something larger.
    pub gesture: Option<GestureId>,
}

/// A change of the store, as its maker reports it.
#[derive(Clone, Debug)]
pub struct Change {
    /// In which notebook.
    pub notebook: NotebookNumber,
    /// What happened.
    pub op: ChangeOp,
    /// To what.
    pub path: NotePath,
    /// Who did it.
    pub by: Requester,
}

/// What happened to a path. The engine looks at the store itself; this says where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOp {
    /// A file was made or its contents or attributes changed, or a folder was made.
    Written,
    /// It was removed.
    Removed,
    /// It was at this path before; what was at the new path, if anything, is replaced.
    Renamed(NotePath),
    /// It and what is at this path took each other's place.
    Exchanged(NotePath),
}

/// An open notebook.
#[derive(Debug)]
pub struct Notebook {
    /// Number in the workspace.
    pub number: NotebookNumber,
    /// Its folder.
    pub dir: Dir,
    /// Its `.codex`.
    pub codex: Dir,
    /// Its index, for reading.
    pub reader: Arc<NotebookReader>,
    /// Its history.
    pub history: Arc<History>,
    name: parking_lot::RwLock<NotebookName>,
    nodes: NodeNumbers,
}

impl Notebook {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> NotebookName {
        self.name.read().clone()
    }

    /// The number that the mount shows a file of the store under; assigned at first sight, the same ever after.
    pub fn node_number(&self, stat: &StoreStat) -> NodeNumber {
        let _ = (&self.nodes, stat);
        todo!()
    }
}

/// Node numbers of a notebook: in memory, written to its index in the background, reserved in blocks so that
/// none is used twice even after a crash.
#[derive(Debug)]
pub struct NodeNumbers {}

/// The readers' wait for the index ran out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index is behind: {reason}; try again")]
pub struct Behind {
    /// Why.
    pub reason: String,
}

/// A workspace alive. One a workspace; shared by mounts and server.
#[derive(Debug)]
pub struct Engine {
    catalog: catalog::Catalog,
}

impl Engine {
    /// Opens the workspace at `path`: takes its lock, opens journal and notebooks, starts index, history and watcher
    /// threads and the start-up scan.
    ///
    /// # Errors
    /// If another process holds it (the error says who), it is no workspace, or a database refuses.
    pub fn open(path: &Path, options: EngineOptions) -> Result<Arc<Self>, EngineError> {
        let _ = (path, options);
        todo!()
    }

    /// Flushes history, stops the threads, gives up the lock. Later calls fail with [`EngineError::Closed`].
    pub fn close(&self) {
        todo!()
    }

    /// The workspace's directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        todo!()
    }

    /// The workspace's `.codex`.
    #[must_use]
    pub fn codex_path(&self) -> PathBuf {
        self.path().join(".codex")
    }

    /// Settings as workspace.yaml has them now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        todo!()
    }

    /// Who acts where nobody else is named.
    #[must_use]
    pub fn default_requester(&self) -> Requester {
        todo!()
    }

    // ---- notebooks ----

    /// All notebooks, by name.
    #[must_use]
    pub fn notebooks(&self) -> Vec<Arc<Notebook>> {
        todo!()
    }

    /// The notebook of a number.
    #[must_use]
    pub fn notebook(&self, number: NotebookNumber) -> Option<Arc<Notebook>> {
        let _ = number;
        todo!()
    }

    /// The notebook of a name.
    #[must_use]
    pub fn notebook_named(&self, name: &str) -> Option<Arc<Notebook>> {
        let _ = name;
        todo!()
    }

    /// Makes a notebook.
    ///
    /// # Errors
    /// If the name is taken or no legal one.
    pub fn create_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        let _ = (name, by);
        todo!()
    }

    /// Renames a notebook's folder.
    ///
    /// # Errors
    /// If the name is taken or no legal one.
    pub fn rename_notebook(&self, from: &str, to: &str, by: &Requester) -> Result<(), EngineError> {
        let _ = (from, to, by);
        todo!()
    }

    /// Retires a notebook to the workspace's trash. With `only_if_empty`: ENOTEMPTY while it shows files.
    ///
    /// # Errors
    /// If there is none of the name, or it is not empty.
    pub fn remove_notebook(&self, name: &str, only_if_empty: bool, by: &Requester) -> Result<(), EngineError> {
        let _ = (name, only_if_empty, by);
        todo!()
    }

    // ---- changes ----

    /// Takes note of a change that has happened in the store. Returns at once, never waits for disk, index or git.
    pub fn note(&self, change: Change) -> Seq {
        let _ = change;
        todo!()
    }

    /// Before a file is removed or replaced through a mount or the API: keeps its bytes for the history if its last
    /// version is not recorded yet and may be. Cheap where nothing is pending.
    pub fn keep_before_removal(&self, notebook: NotebookNumber, path: &NotePath) {
        let _ = (notebook, path);
        todo!()
    }

    /// Waits until the index has taken in every change that was noted before this call, at most `within`.
    /// Looks first at files that mounts hold open for writing. At once an error where indexing is broken.
    ///
    /// # Errors
    /// [`Behind`], with the reason.
    pub fn barrier(&self, within: Duration) -> Result<(), Behind> {
        let _ = within;
        todo!()
    }

    /// Whether a barrier would pass without waiting.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        todo!()
    }

    /// Registers a mount: it hears of every change. It is forgotten when the last strong reference goes.
    pub fn register_mount(&self, hooks: &Arc<dyn MountHooks>) {
        let _ = hooks;
        todo!()
    }

    /// Whether a name is ignored everywhere (`.git`, `node_modules`, editors' temporary names, …) or by the
    /// notebook's ignore files: neither indexed nor recorded.
    #[must_use]
    pub fn is_ignored(&self, notebook: NotebookNumber, path: &NotePath, is_dir: bool) -> bool {
        let _ = (notebook, path, is_dir);
        todo!()
    }

    /// The in-memory maps.
    #[must_use]
    pub fn catalog(&self) -> &catalog::Catalog {
        &self.catalog
    }

    /// What the daemon is doing, as `.codex/status.json` shows it.
    #[must_use]
    pub fn status(&self) -> serde_json::Value {
        todo!()
    }

    // ---- metadata and contents: src/engine/edit; commands: src/engine/command ----

    /// Records in the history all that is pending, now.
    ///
    /// # Errors
    /// The history's.
    pub fn flush_history(&self) -> Result<(), EngineError> {
        todo!()
    }
}
