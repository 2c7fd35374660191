//! A workspace alive: one path for every change, from the file to the index, the maps, the kernel and the history.
//! It knows nothing of FUSE, HTTP or the command line; they call it.

mod announce;
mod away;
mod batch;
pub mod catalog;
pub mod check;
mod checkpoints;
pub mod command;
mod contents;
mod core;
mod debt;
mod distrust;
pub mod doctor;
pub mod edit;
mod error;
mod events;
mod graves;
mod history_thread;
mod hooks;
mod hush;
mod ignore;
mod index_thread;
mod journal_thread;
mod kept;
mod lifecycle;
mod look;
mod merging;
mod moves;
mod nodes;
mod notebooks;
pub mod past;
mod progress;
mod queue;
mod read;
mod recorder;
mod scan;
mod starts;
mod status;
pub mod templates;
#[cfg(test)]
mod tests;
pub mod trash;
pub mod views;
mod walk;
mod watch;
mod watcher;
mod workspace;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use command::Command;
pub use contents::{ContentVersion, Contents};
pub use error::EngineError;
pub use events::EngineEvent;
pub use hooks::{AppliedChange, AppliedKind, MountHooks, MountPlace, MountRequest, Mounter};
pub use nodes::NodeNumbers;
pub use progress::{Indexing, ScanProgress};
pub use workspace::{Holder, Settings, find_workspace, holder_of, is_dying, is_held};

use self::core::Core;
use self::queue::Hint;
use crate::history::History;
use crate::index::notebook::NotebookReader;
use crate::sys::{Dir, FileKind, Replace, StoreError, StoreStat};
use crate::types::{Actor, GestureId, NodeNumber, NotePath, NotebookName, NotebookNumber, Seq, StoreKey};

/// How a workspace is opened.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
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
    nodes: Arc<NodeNumbers>,
    disks: away::Disks,
    starts: Arc<starts::Starts>,
    kept: Arc<kept::KeptLog>,
    ignore: ignore::IgnoreRules,
    /// The store's identity of its folder and of its `.codex`: tells whether they are still in their place.
    key: StoreKey,
    codex_key: StoreKey,
    /// See [`Notebook::why_read_only`].
    distrusted: parking_lot::RwLock<Option<String>>,
}

impl Notebook {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> NotebookName {
        self.name.read().clone()
    }

    /// The number that the mount shows a file of the store under; assigned at first sight, the same ever after.
    pub fn node_number(&self, stat: &StoreStat) -> NodeNumber {
        self.nodes.number(stat.key)
    }

    /// The number of a store's inode, if it is known; it may be that of a file which had the inode before.
    #[must_use]
    pub fn known_number(&self, dev: u64, ino: u64) -> Option<NodeNumber> {
        self.nodes.known(dev, ino)
    }

    /// Whether a folder may have been listed with a number that a file has no more: that of one which had its inode.
    #[must_use]
    pub fn was_renumbered(&self, stat: &StoreStat) -> bool {
        self.nodes.was_replaced(stat.key)
    }

    /// A file that came from elsewhere (another notebook, or a replaced inode) keeps the number that it had.
    pub fn carry_number(&self, stat: &StoreStat, number: NodeNumber) {
        self.nodes.carry(stat.key, number);
    }

    /// A folder of another notebook is about to be moved here: all in it keeps the numbers that it has there, since the
    /// kernel goes on with them. It is only listed, so that a large folder takes no long time.
    pub fn carry_folder(&self, from: &Self, folder: &NotePath) {
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            // What cannot be read cannot have been met.
            let (Ok(stat), Ok(entries)) = (from.dir.stat(&folder), from.dir.list(&folder)) else { continue };
            for entry in entries {
                if let Some((key, number)) = from.nodes.known_key(stat.key.dev, entry.ino) {
                    self.nodes.carry(key, number);
                }
                if entry.kind == Some(FileKind::Directory)
                    && let Ok(below) = folder.join(entry.name.as_encoded_bytes())
                {
                    folders.push(below);
                }
            }
        }
    }

    /// Makes a file. Its number is known before it can be listed: its inode may be that of a dead file.
    ///
    /// # Errors
    /// As [`Dir::write_durably`]; EEXIST where there is one.
    fn make_file(&self, path: &NotePath, bytes: &[u8]) -> Result<StoreStat, StoreError> {
        self.dir.write_durably_with(path, bytes, Replace::Never, |new| {
            self.nodes.number_unasked(new.key);
            true
        })
    }

    /// A file or folder lost its last name: what bears its inode from now on is another, until the contrary is seen.
    pub fn doubt_number(&self, stat: &StoreStat) {
        self.nodes.doubt(stat.key);
    }

    /// The last link of a file was removed and no handle of it is left: its number is never given again.
    pub fn forget_node(&self, key: StoreKey) {
        self.nodes.forget(key);
    }
}

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
    core: Arc<Core>,
    threads: parking_lot::Mutex<lifecycle::Threads>,
    /// What edits and commands keep: locks of files that are edited, the control socket.
    workbench: Arc<edit::Workbench>,
    /// Who mounts on behalf of the control socket.
    mounter: std::sync::OnceLock<std::sync::Weak<dyn Mounter>>,
}

impl Engine {
    /// The workspace's directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.core.path
    }

    /// The workspace's `.codex`.
    #[must_use]
    pub fn codex_path(&self) -> PathBuf {
        self.path().join(".codex")
    }

    /// The workspace's directory, open.
    #[must_use]
    pub fn root_dir(&self) -> &Dir {
        &self.core.root
    }

    /// The workspace's `.codex`, open.
    #[must_use]
    pub fn codex_dir(&self) -> &Dir {
        &self.core.codex
    }

    /// How it was opened.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.core.options
    }

    /// Settings as workspace.yaml has them now.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.core.settings.read())
    }

    /// Whether it is closed or being closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
    }

    /// Whether the workspace was opened read only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.core.options.read_only
    }

    /// Reads workspace.yaml again, after it was written.
    ///
    /// # Errors
    /// If it cannot be read; then the settings are as they were, and `status.json` says so.
    pub fn reload_settings(&self) -> Result<(), EngineError> {
        self.core.reload_settings().map_err(EngineError::Invalid)
    }

    /// Who acts where nobody else is named.
    #[must_use]
    pub fn default_requester(&self) -> Requester {
        Requester { actor: self.core.options.actor.clone(), gesture: None }
    }

    // ---- notebooks ----

    /// All notebooks, by name.
    #[must_use]
    pub fn notebooks(&self) -> Vec<Arc<Notebook>> {
        self.core.open_notebooks()
    }

    /// The notebook of a number.
    #[must_use]
    pub fn notebook(&self, number: NotebookNumber) -> Option<Arc<Notebook>> {
        self.core.notebook(number)
    }

    /// Folders of notebooks that are there and could not be opened, or whose disk is not mounted, each with why.
    #[must_use]
    pub fn broken_notebooks(&self) -> Vec<(String, String)> {
        let of_notebook = |(what, reason): (String, String)| Some((what.strip_prefix("notebook ")?.to_owned(), reason));
        self.core.problems.all().into_iter().filter_map(of_notebook).collect()
    }

    /// The notebook of a name.
    #[must_use]
    pub fn notebook_named(&self, name: &str) -> Option<Arc<Notebook>> {
        self.core.notebooks.read().by_name(name)
    }

    /// Makes a notebook.
    ///
    /// # Errors
    /// If the name is taken or no legal one.
    pub fn create_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        self.refuse_if_closed()?;
        tracing::info!(name, actor = %by.actor.author_name(), "notebook made");
        self.core.create_notebook(name)
    }

    /// Makes a folder of the workspace that is there already a notebook; nothing in it is changed.
    ///
    /// # Errors
    /// If there is none of the name, or the name is no legal one.
    pub fn adopt_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        self.refuse_if_closed()?;
        tracing::info!(name, actor = %by.actor.author_name(), "notebook adopted");
        self.core.adopt_notebook(name)
    }

    /// Renames a notebook's folder.
    ///
    /// # Errors
    /// If the name is taken or no legal one.
    pub fn rename_notebook(&self, from: &str, to: &str, by: &Requester) -> Result<(), EngineError> {
        self.refuse_if_closed()?;
        tracing::info!(from, to, actor = %by.actor.author_name(), "notebook renamed");
        self.core.rename_notebook(from, to)
    }

    /// Retires a notebook to the workspace's trash. With `only_if_empty`: ENOTEMPTY while it shows files.
    ///
    /// # Errors
    /// If there is none of the name, or it is not empty.
    pub fn remove_notebook(&self, name: &str, only_if_empty: bool, by: &Requester) -> Result<(), EngineError> {
        self.refuse_if_closed()?;
        // What was removed just now belongs into its history before the history goes to the trash with it.
        self.barrier(Duration::from_secs(5))?;
        tracing::info!(name, actor = %by.actor.author_name(), "notebook retired");
        self.core.retire_notebook(name, only_if_empty)
    }

    /// Brings a retired notebook back from the trash; the newest, where several bear the name.
    ///
    /// # Errors
    /// If there is none of the name, or a notebook bears it now.
    pub fn restore_notebook(&self, name: &str, by: &Requester) -> Result<Arc<Notebook>, EngineError> {
        self.refuse_if_closed()?;
        tracing::info!(name, actor = %by.actor.author_name(), "notebook restored");
        self.core.restore_notebook(name, None)
    }

    /// Names of the retired notebooks in the trash and when each was retired, newest first.
    ///
    /// # Errors
    /// The store's.
    pub fn trashed_notebooks(&self) -> Result<Vec<(String, crate::types::Instant)>, EngineError> {
        self.core.trashed()
    }

    // ---- changes ----

    /// Takes note of a change that has happened in the store. Returns at once, never waits for disk, index or git.
    pub fn note(&self, change: Change) -> Seq {
        let Change { notebook, op, path, by } = change;
        let (ChangeOp::Renamed(other) | ChangeOp::Exchanged(other)) = &op else {
            self.core.each_mount(|mount| mount.noted(notebook, &[&path]));
            return self.queue_hint(notebook, op, path, by);
        };
        self.core.each_mount(|mount| mount.noted(notebook, &[&path, other]));
        self.queue_hint(notebook, op, path, by)
    }

    fn queue_hint(&self, notebook: NotebookNumber, op: ChangeOp, path: NotePath, by: Requester) -> Seq {
        let hint = match op {
            ChangeOp::Written => {
                self.core.history.mark(notebook, &path, &by);
                Hint::Path(path)
            }
            ChangeOp::Removed => Hint::Gone(path),
            ChangeOp::Renamed(old) => {
                self.core.history.mark(notebook, &path, &by);
                Hint::Moved(old, path)
            }
            ChangeOp::Exchanged(other) => {
                self.core.history.mark(notebook, &path, &by);
                self.core.history.mark(notebook, &other, &by);
                Hint::Exchanged(path, other)
            }
        };
        self.core.queue.note(notebook, hint, by)
    }

    /// As [`Engine::note`], for the engine's own changes: no mount shows any more, by what its kernel holds, what was
    /// before. Waits where a mount's kernel holds something, a third of a second at most.
    fn note_settled(&self, change: Change) {
        let (notebook, path) = (change.notebook, change.path.clone());
        self.note(change);
        self.core.each_mount(|mount| {
            mount.edited(notebook, &path);
            mount.settle();
        });
    }

    /// Before a file is removed or replaced through a mount or the API: keeps its bytes for the history if its last
    /// version is not recorded yet and may be. Cheap where nothing is pending. A write that is not noted yet (an open
    /// handle's) is to be noted first.
    pub fn keep_before_removal(&self, notebook: NotebookNumber, path: &NotePath) {
        self.core.keep_before_removal(notebook, path);
    }

    /// As [`Engine::keep_before_removal`], for who has just asked the store for its attributes.
    pub fn keep_known_before_removal(&self, notebook: NotebookNumber, path: &NotePath, stat: &StoreStat) {
        self.core.keep_known_before_removal(notebook, path, stat);
    }

    /// Waits until the index has taken in every change that was noted before this call, at most `within`.
    /// Looks first at files that mounts hold open for writing. At once an error where indexing is broken.
    ///
    /// # Errors
    /// [`Behind`], with the reason.
    pub fn barrier(&self, within: Duration) -> Result<(), Behind> {
        self.core.each_mount(|mount| mount.look_again());
        self.core.queue.wait(within)
    }

    /// Whether a barrier would pass without waiting.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.core.each_mount(|mount| mount.look_again());
        self.core.queue.is_caught_up()
    }

    /// Registers a mount: it hears of every change. It is forgotten when the last strong reference goes.
    pub fn register_mount(&self, hooks: &Arc<dyn MountHooks>) {
        {
            let mut mounts = self.core.mounts.write();
            mounts.retain(|mount| mount.strong_count() > 0);
            mounts.push(Arc::downgrade(hooks));
        }
        hooks.set_watching(self.core.watches.as_ref().is_some_and(watch::Watches::is_whole));
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

    /// Whether a file of the store is open or mapped through any mount.
    #[must_use]
    pub fn is_open(&self, store: StoreKey) -> bool {
        self.core.is_open(store)
    }

    /// Events from now on. Who falls behind by thousands is cut off, and has to read everything anew.
    #[must_use]
    pub fn subscribe(&self) -> std::sync::mpsc::Receiver<EngineEvent> {
        self.core.subscribers.subscribe()
    }

    /// Whether a name is ignored everywhere (`.git`, `node_modules`, editors' temporary names, …) or by the
    /// notebook's ignore files: neither indexed nor recorded.
    #[must_use]
    pub fn is_ignored(&self, notebook: NotebookNumber, path: &NotePath, is_dir: bool) -> bool {
        self.notebook(notebook).is_some_and(|notebook| notebook.ignore.is_ignored(path, is_dir))
    }

    /// The in-memory maps.
    #[must_use]
    pub fn catalog(&self) -> &catalog::Catalog {
        &self.core.catalog
    }

    /// Records in the history all that is pending, now.
    ///
    /// # Errors
    /// The history's.
    pub fn flush_history(&self) -> Result<(), EngineError> {
        self.refuse_if_closed()?;
        self.barrier(Duration::from_secs(30))?;
        // What was there when a notebook was opened is handed on by the index thread, behind what it takes in.
        let (sender, reached) = std::sync::mpsc::channel();
        if self.core.queue.push_task(Box::new(move |_| sender.send(()).unwrap_or(()))) {
            let _ = reached.recv();
        }
        self.core.history.flush()
    }
}
