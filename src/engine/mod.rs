//! A workspace alive: one path for every change, from the file to the index, the maps, the kernel and the history.
//! It knows nothing of FUSE, HTTP or the command line; they call it.

pub mod catalog;
pub mod check;
pub mod command;
pub mod doctor;
pub mod edit;
mod error;
mod hooks;
pub mod past;
pub mod views;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use command::Command;
pub use error::EngineError;
pub use hooks::{AppliedChange, AppliedKind, MountHooks, MountRequest, Mounter};
pub use workspace::Settings;

use crate::history::History;
use crate::index::notebook::NotebookReader;
use crate::sys::{Dir, StoreStat};
use crate::types::{Actor, GestureId, NodeNumber, NotePath, NotebookName, NotebookNumber, Seq, StoreKey};

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

    /// The number of a store's inode, if it is known; it may be that of a file which had the inode before.
    #[must_use]
    pub fn known_number(&self, dev: u64, ino: u64) -> Option<NodeNumber> {
        let _ = (dev, ino);
        todo!()
    }

    /// A file that came from elsewhere (another notebook, or a replaced inode) keeps the number that it had.
    pub fn carry_number(&self, stat: &StoreStat, number: NodeNumber) {
        let _ = (stat, number);
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
    /// What edits and commands keep: locks of files that are edited, the control socket. `Workbench::default()`;
    /// `open` calls [`edit::recover_in_place_edits`] for each notebook before its scan and, with
    /// [`EngineOptions::serve`], [`command::serve`] last; `close` calls `workbench.close()` first.
    workbench: edit::Workbench,
    /// Who mounts on behalf of the control socket; `OnceLock::new()`.
    mounter: std::sync::OnceLock<std::sync::Weak<dyn Mounter>>,
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

    /// Lets [`Command::Mount`] and [`Command::Unmount`] be performed, by `mounter` as long as it lives. The first stays.
    pub fn set_mounter(&self, mounter: &Arc<dyn Mounter>) {
        let _ = self.mounter.set(Arc::downgrade(mounter));
    }

    /// Who can mount, if anyone can in this process.
    #[must_use]
    pub fn mounter(&self) -> Option<Arc<dyn Mounter>> {
        self.mounter.get().and_then(std::sync::Weak::upgrade)
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

    // ---- what edits, commands and check ask of the core ----

    /// Whether a file of the store is open or mapped through any mount.
    #[must_use]
    pub fn is_open(&self, store: StoreKey) -> bool {
        let _ = (store, &self.workbench);
        todo!()
    }

    /// Whether the workspace was opened read only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        todo!()
    }

    /// Reads workspace.yaml again, after it was written.
    ///
    /// # Errors
    /// If it cannot be read; then the settings are as they were.
    pub fn reload_settings(&self) -> Result<(), EngineError> {
        todo!()
    }

    /// Compares a notebook (`None`: all) with the store and waits until index and maps have what was found. With
    /// `rebuild` every file is read anew, whatever its stat says, and a damaged database is made anew.
    ///
    /// # Errors
    /// The store's or the index's.
    pub fn rescan(&self, notebook: Option<NotebookNumber>, rebuild: bool) -> Result<(), EngineError> {
        let _ = (notebook, rebuild);
        todo!()
    }

    /// Makes a folder of the workspace that is no notebook yet one; nothing in it is changed.
    ///
    /// # Errors
    /// If there is none of the name, or it is one already.
    pub fn adopt_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        let _ = (name, by);
        todo!()
    }

    /// Brings the newest retired notebook of a name back from the workspace's trash.
    ///
    /// # Errors
    /// If there is none in the trash, or the name is taken.
    pub fn restore_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        let _ = (name, by);
        todo!()
    }

    /// Names of the retired notebooks in the trash and when each was retired, newest first.
    ///
    /// # Errors
    /// The store's.
    pub fn trashed_notebooks(&self) -> Result<Vec<(String, crate::types::Instant)>, EngineError> {
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
