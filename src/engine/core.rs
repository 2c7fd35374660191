//! What the threads of an engine share. Locks here are held for memory alone, never over I/O.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};

use super::catalog::Catalog;
use super::edit::Workbench;
use super::events::Subscribers;
use super::history_thread::HistoryQueue;
use super::journal_thread::JournalQueue;
use super::notebooks::NotebookTable;
use super::queue::Queue;
use super::scan::ScanQueue;
use super::starts::Starts;
use super::watch::Watches;
use super::{EngineOptions, MountHooks, Notebook, Settings};
use crate::index::journal::Journal;
use crate::sys::{Dir, FileLock, ScratchFolder, StoreStat, paths};
use crate::types::{NotebookNumber, StoreKey};

/// See the module.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) path: PathBuf,
    pub(super) root: Dir,
    pub(super) codex: Dir,
    pub(super) options: EngineOptions,
    pub(super) settings: RwLock<Arc<Settings>>,
    /// Held while workspace.yaml is read and what it says is put in force, so that an older reading never comes last.
    pub(super) reloading: Mutex<()>,
    pub(super) notebooks: RwLock<NotebookTable>,
    /// Held while notebooks are opened, renamed or retired, so that two such changes do not cross.
    pub(super) changing_notebooks: Mutex<()>,
    pub(super) catalog: Catalog,
    pub(super) mounts: RwLock<Vec<Weak<dyn MountHooks>>>,
    pub(super) queue: Arc<Queue>,
    pub(super) journal: JournalQueue,
    pub(super) journal_db: Mutex<Journal>,
    pub(super) history: HistoryQueue,
    pub(super) scans: ScanQueue,
    pub(super) watches: Option<Watches>,
    pub(super) subscribers: Subscribers,
    pub(super) problems: Problems,
    pub(super) starts: Arc<Starts>,
    /// The engine before this one did not end in good order, or the machine was started since: what changed last may
    /// not be as the index saw it, whatever its attributes say.
    pub(super) may_have_lost: bool,
    pub(super) closed: AtomicBool,
    pub(super) started: Instant,
    pub(super) workbench: Arc<Workbench>,
    /// Where databases are while the store is only read.
    pub(super) scratch: Option<ScratchFolder>,
    /// Given up when the engine is closed.
    pub(super) lock: Mutex<Option<FileLock>>,
}

/// What is wrong at present, by what it concerns; shown in status.json.
#[derive(Debug, Default)]
pub(super) struct Problems(Mutex<std::collections::BTreeMap<String, String>>);

impl Problems {
    /// Something is wrong with `what`.
    pub(super) fn set(&self, what: &str, reason: impl std::fmt::Display) {
        let reason = reason.to_string();
        let before = self.0.lock().insert(what.to_owned(), reason.clone());
        // What is tried again every few seconds fails in the same words each time; once is enough for the log.
        if before.as_ref() != Some(&reason) {
            // Most reasons name what they are about themselves.
            let about = if reason.starts_with(what) { String::new() } else { format!("{what}: ") };
            tracing::warn!("{about}{reason}");
        }
    }

    /// It is well again.
    pub(super) fn clear(&self, what: &str) {
        self.0.lock().remove(what);
    }

    /// What is wrong with `what`.
    pub(super) fn of(&self, what: &str) -> Option<String> {
        self.0.lock().get(what).cloned()
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.0.lock().iter().map(|(what, reason)| (what.clone(), reason.clone())).collect()
    }
}

impl Core {
    /// The notebook of a number.
    pub(super) fn notebook(&self, number: NotebookNumber) -> Option<Arc<Notebook>> {
        self.notebooks.read().by_number(number)
    }

    /// All open notebooks, by name. (A list, not a guard: what is done for each must not keep the table locked.)
    pub(super) fn open_notebooks(&self) -> Vec<Arc<Notebook>> {
        self.notebooks.read().all()
    }

    /// Calls every mount that is still there.
    pub(super) fn each_mount(&self, call: impl Fn(&dyn MountHooks)) {
        let mounts: Vec<_> = self.mounts.read().iter().filter_map(Weak::upgrade).collect();
        for mount in &mounts {
            call(&**mount);
        }
    }

    /// Whether a file of the store is open or mapped through a mount.
    pub(super) fn is_open(&self, key: StoreKey) -> bool {
        let mounts: Vec<_> = self.mounts.read().iter().filter_map(Weak::upgrade).collect();
        mounts.iter().any(|mount| mount.is_open(key))
    }

    /// Whether the engine is being closed.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Why the workspace's folder is not the one at its path any more, if it is not: moved, removed, or on a drive that
    /// was taken away. Open folders are reached all the same; databases and histories, which go by path, are not.
    pub(super) fn why_store_is_gone(&self) -> Option<String> {
        let path = self.path.display();
        match (StoreStat::of(&self.root), paths::stat(&self.path)) {
            (Ok(open), Ok(there)) if open.key == there.key => None,
            (Ok(open), _) if open.nlink == 0 => Some(format!(
                "the folder of the workspace, {path}, was removed; unmount, bring it back (from a backup, say) and mount \
                 it again"
            )),
            _ => Some(format!(
                "the folder of the workspace is not at {path} any more; put it back there, or unmount and mount it where it \
                 is now. Until then notes can be read and written, and wait to be recorded"
            )),
        }
    }

    /// Whether a notebook's `.codex` is surely not there any more; one that may not be looked at is.
    pub(super) fn has_lost_codex(&self, notebook: &Notebook) -> bool {
        let there = || notebook.dir.stat(&super::workspace::note_path(".codex"));
        self.scratch.is_none()
            && there().map_or_else(|error| error.is_not_found(), |stat| stat.key != notebook.codex_key)
    }

    /// Whether a notebook's folder is where it was: what a mass deletion has to be checked against, since an
    /// unmounted drive and a moved folder look like one.
    pub(super) fn is_in_place(&self, notebook: &Notebook) -> bool {
        let there = |dir: &Dir, name: &std::ffi::OsStr, key: StoreKey| {
            StoreStat::at(dir, name).is_ok_and(|stat| stat.key == key)
        };
        let name = notebook.name();
        there(&self.root, name.as_str().as_ref(), notebook.key)
            && (self.scratch.is_some() || there(&notebook.dir, ".codex".as_ref(), notebook.codex_key))
    }
}
