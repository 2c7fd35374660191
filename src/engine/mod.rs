//! A workspace alive: one path for every change, from the file to the index, the maps, the kernel and the history.
//! It knows nothing of FUSE, HTTP or the command line; they call it.

pub mod catalog;
pub mod command;
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
use crate::index::parse::edit::MetaEdit;
use crate::sys::{Dir, StoreStat};
use crate::types::{Actor, FileKey, GestureId, NodeNumber, NotePath, NotebookName, NotebookNumber, Seq, TagName};

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

    // ---- metadata and contents: atomic, durable, journalled; in src/engine/edit ----

    /// Edits the metadata of notes: frontmatter or sidecar, only the lines concerned. The change is noted and
    /// durable when it returns. One gesture for all.
    ///
    /// # Errors
    /// The first note that cannot be edited; those before it are edited, and named in the error.
    pub fn edit_metadata(&self, edits: &[(FileKey, Vec<MetaEdit>)], by: &Requester) -> Result<(), EngineError> {
        let _ = (edits, by);
        todo!()
    }

    /// Renames a tag and those below it in every note, sidecar and `.cdx`: one gesture.
    ///
    /// # Errors
    /// [`EngineError::Exists`] if `to` is there and `merge` is false; [`EngineError::NotFound`] if `from` is not.
    pub fn rename_tag(&self, from: &TagName, to: &TagName, merge: bool, by: &Requester) -> Result<usize, EngineError> {
        let _ = (from, to, merge, by);
        todo!()
    }

    /// Declares a tag that has no notes yet, in workspace.yaml.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; workspace.yaml cannot be written.
    pub fn declare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = (tag, by);
        todo!()
    }

    /// Removes a tag that has no notes and no children.
    ///
    /// # Errors
    /// [`EngineError::NotEmpty`], [`EngineError::NotFound`].
    pub fn undeclare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = (tag, by);
        todo!()
    }

    /// Replaces a note's contents: atomically, or in place while a handle of it is open or it has several links.
    ///
    /// # Errors
    /// The store's.
    pub fn write_contents(&self, file: FileKey, bytes: &[u8], by: &Requester) -> Result<(), EngineError> {
        let _ = (file, bytes, by);
        todo!()
    }

    /// Makes a new file, durably.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; the store's.
    pub fn create_file(
        &self,
        notebook: NotebookNumber,
        path: &NotePath,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<(), EngineError> {
        let _ = (notebook, path, bytes, by);
        todo!()
    }

    /// Adds or removes an empty column of a view's definition.
    ///
    /// # Errors
    /// If the definition cannot be edited.
    pub fn edit_view_column(&self, view: FileKey, group: &str, add: bool, by: &Requester) -> Result<(), EngineError> {
        let _ = (view, group, add, by);
        todo!()
    }

    /// Records in the history all that is pending, now.
    ///
    /// # Errors
    /// The history's.
    pub fn flush_history(&self) -> Result<(), EngineError> {
        todo!()
    }

    /// Performs a command of the control socket or the command line; the reply is its JSON.
    ///
    /// # Errors
    /// The command's.
    pub fn perform(&self, command: &Command, by: &Requester) -> Result<serde_json::Value, EngineError> {
        let _ = (command, by);
        todo!()
    }
}
