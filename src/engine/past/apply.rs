//! Past contents put into the store: what restoring and undoing have in common.

use std::sync::Arc;

use crate::engine::edit::{on_threads, stat_of};
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::history::{Recorded, blob_id};
use crate::types::NotePath;

impl Engine {
    /// Makes the changes in the store, in order; the paths that were written or removed. The caller has recorded
    /// what is pending, so that nothing is lost.
    ///
    /// # Errors
    /// The store's; what was done before stays.
    pub(super) fn apply(
        &self,
        notebook: &Notebook,
        changes: &[Recorded],
        by: &Requester,
    ) -> Result<Vec<NotePath>, EngineError> {
        let mut touched = Vec::new();
        let is_write = |change: &Recorded| matches!(change, Recorded::Written { .. } | Recorded::Symlink { .. });
        // Writes that follow each other concern one file each; what is removed and moved makes room for them first.
        for group in changes.chunk_by(|one, next| is_write(one) && is_write(next)) {
            let (paths, failure) = on_threads(group, |change| self.apply_one(notebook, change, by));
            touched.extend(paths.into_iter().flatten());
            if let Some(error) = failure {
                return Err(error);
            }
        }
        touched.dedup();
        Ok(touched)
    }

    /// Makes one change; the path, if anything differed.
    fn apply_one(
        &self,
        notebook: &Notebook,
        change: &Recorded,
        by: &Requester,
    ) -> Result<Option<NotePath>, EngineError> {
        let (path, is_changed) = match change {
            Recorded::Written { path, bytes, executable } => (path, self.put(notebook, path, bytes, *executable, by)?),
            Recorded::Symlink { path, target } => (path, self.put_symlink(notebook, path, target, by)?),
            Recorded::Removed { path } => {
                let is_removed = match self.delete_file_alone(notebook, path, by) {
                    Ok(()) => true,
                    Err(EngineError::NotFound(_)) => false,
                    Err(error) => return Err(error),
                };
                self.remove_empty_folders(notebook, &path.parent(), by);
                (path, is_removed)
            }
            Recorded::Moved { from, to } => {
                self.move_file_alone(notebook, from, to, by)?;
                self.remove_empty_folders(notebook, &from.parent(), by);
                (to, true)
            }
        };
        Ok(is_changed.then(|| path.clone()))
    }

    /// Writes a file, new or over the one that is there; whether anything differed.
    fn put(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        bytes: &Arc<[u8]>,
        executable: bool,
        by: &Requester,
    ) -> Result<bool, EngineError> {
        let changed = match notebook.dir.stat(path) {
            Ok(stat) if stat.is_file() => {
                let is_same = stat.size == bytes.len() as u64
                    && notebook.dir.read(path, stat.size)?.0.as_slice() == &**bytes
                    && (stat.perm & 0o100 != 0) == executable;
                if is_same {
                    return Ok(false);
                }
                self.write_contents_at(notebook, path, None, bytes, by)?;
                true
            }
            Ok(stat) if stat.is_dir() => {
                return Err(EngineError::Exists(format!(
                    "{}/{path} is a folder now; move it away first",
                    notebook.name()
                )));
            }
            Ok(_) => {
                self.delete_file_alone(notebook, path, by)?;
                self.create_file(notebook.number, path, bytes, by)?;
                true
            }
            Err(_) => {
                self.create_file(notebook.number, path, bytes, by)?;
                true
            }
        };
        let stat = stat_of(notebook, path)?;
        if (stat.perm & 0o100 != 0) != executable {
            notebook.dir.set_executable(path, executable)?;
            self.note_written(notebook, path, by);
        }
        Ok(changed)
    }

    fn put_symlink(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        target: &[u8],
        by: &Requester,
    ) -> Result<bool, EngineError> {
        if notebook.dir.read_symlink(path).is_ok_and(|now| now == target) {
            return Ok(false);
        }
        match self.delete_file_alone(notebook, path, by) {
            Ok(()) | Err(EngineError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        notebook.dir.make_dirs(&path.parent())?;
        notebook.dir.make_symlink(target, path)?;
        self.note_written(notebook, path, by);
        Ok(true)
    }
}

/// The paths whose contents in the store are not those that the history holds: to undo there would lose them.
pub(super) fn unrecorded(notebook: &Notebook, changes: &[Recorded]) -> Result<Vec<NotePath>, EngineError> {
    let Some(head) = notebook.history.head()? else { return Ok(Vec::new()) };
    let mut unrecorded = Vec::new();
    for change in changes {
        let path = match change {
            Recorded::Written { path, .. } | Recorded::Symlink { path, .. } | Recorded::Removed { path } => path,
            Recorded::Moved { from, .. } => from,
        };
        let recorded = notebook.history.entry(head, path)?.map(|entry| entry.id);
        let now = match notebook.dir.stat(path) {
            Ok(stat) if stat.is_file() => blob_id(&notebook.dir.read(path, u64::MAX)?.0),
            Ok(stat) if stat.is_dir() => recorded,
            Ok(_) => notebook.dir.read_symlink(path).ok().and_then(|target| blob_id(&target)),
            Err(_) => None,
        };
        // What an earlier change of the same list moves here is not there yet.
        if now.is_some() && now != recorded && !unrecorded.contains(path) {
            unrecorded.push(path.clone());
        }
    }
    Ok(unrecorded)
}
