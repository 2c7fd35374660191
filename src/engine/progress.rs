//! How far scans of whole notebooks have come, for those who wait for them.

use super::core::Core;
use super::{Engine, Notebook};
use crate::types::{NotePath, NotebookNumber};

/// How far the scans that run have come, all notebooks together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanProgress {
    /// Files and folders that were met.
    pub met: u64,
    /// How many there are, where that is known: of scans that read every file.
    pub expected: Option<u64>,
}

/// How far the index of one notebook has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexing {
    /// All that it held when it was opened is in its index.
    pub is_complete: bool,
    /// A scan of all of it runs.
    pub is_running: bool,
    /// How many scans of all of it have ended.
    pub scans: u64,
    /// Files and folders that the scan which runs, or ran last, has met.
    pub met: u64,
    /// How many there are, where that was counted.
    pub expected: Option<u64>,
}

impl Engine {
    /// How far the index of a notebook has come.
    #[must_use]
    pub fn indexing(&self, notebook: NotebookNumber) -> Indexing {
        let progress = self.core.scans.progress(notebook);
        Indexing {
            is_complete: progress.is_complete,
            is_running: progress.is_running,
            scans: progress.scans,
            met: progress.met,
            expected: progress.expected,
        }
    }

    /// How many mounts there are of it.
    #[must_use]
    pub fn mount_count(&self) -> usize {
        self.core.mounts.read().iter().filter(|mount| mount.strong_count() > 0).count()
    }

    /// How far the scans of whole notebooks have come; `None` where none runs.
    #[must_use]
    pub fn scan_progress(&self) -> Option<ScanProgress> {
        let stands = self.notebooks().into_iter().map(|notebook| self.core.scans.progress(notebook.number));
        let running: Vec<_> = stands.filter(|progress| progress.is_running).collect();
        let met = running.iter().map(|progress| progress.met).sum();
        let expected = running.iter().map(|progress| progress.expected).sum();
        (!running.is_empty()).then_some(ScanProgress { met, expected })
    }
}

impl Core {
    /// What a scan of all of a notebook will meet, counted by names alone: a small part of reading the files.
    pub(super) fn count_entries(&self, notebook: &Notebook) -> Option<u64> {
        let (mut folders, mut count) = (vec![(NotePath::root(), false)], 0);
        while let Some((folder, is_ignored)) = folders.pop() {
            if self.scans.is_closed() {
                return None;
            }
            // It may be gone by now, or not ours to read; the scan will say.
            for entry in notebook.dir.list(&folder).unwrap_or_default() {
                let Ok(path) = folder.join(entry.name.as_encoded_bytes()) else { continue };
                if folder.is_root() && entry.name == ".codex" {
                    continue;
                }
                let is_folder = entry.kind == Some(crate::sys::FileKind::Directory);
                let is_ignored = is_ignored || notebook.ignore.is_ignored(&path, is_folder);
                count += u64::from(is_folder || !is_ignored);
                if is_folder {
                    folders.push((path, is_ignored));
                }
            }
        }
        Some(count)
    }
}
