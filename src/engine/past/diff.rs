//! Unified diffs of revisions with each other and with the store.

use super::{file_at, not_there};
use crate::engine::{Engine, EngineError, Notebook};
use crate::history::PastKind;
use crate::types::{CommitId, NotePath};

/// Files of a folder that one diff shows at most.
const FILES: usize = 1000;

impl Engine {
    /// A unified diff of a file or folder: two revisions, one and the store, or the newest recorded and the store.
    /// Empty where nothing differs.
    ///
    /// # Errors
    /// As [`Engine::revision`]; the history's.
    pub fn diff(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<String, EngineError> {
        match (from, to) {
            (Some(from), Some(to)) => {
                let commits = (self.revision(notebook, from)?, self.revision(notebook, to)?);
                diff_of_commits(notebook, path, (from, commits.0), commits.1)
            }
            (Some(from), None) | (None, Some(from)) => {
                let commit = self.revision(notebook, from)?;
                self.diff_with_store(notebook, path, Some(from), commit)
            }
            (None, None) => match notebook.history.head()? {
                Some(head) => self.diff_with_store(notebook, path, None, head),
                None => Err(EngineError::NotFound(format!("{} has no history yet", notebook.name()))),
            },
        }
    }

    fn diff_with_store(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        revision: Option<&str>,
        commit: CommitId,
    ) -> Result<String, EngineError> {
        match notebook.dir.stat(path) {
            Ok(stat) if stat.is_file() => {
                let (bytes, _) = notebook.dir.read(path, u64::MAX)?;
                let then = file_at(notebook, path, commit)?;
                let at = match (then, revision) {
                    (Some(then), _) => then.path,
                    // Not recorded yet: all of it is new.
                    (None, None) => path.clone(),
                    (None, Some(revision)) => return Err(not_there(notebook, path, revision)),
                };
                Ok(notebook.history.diff_with(commit, &at, &bytes)?)
            }
            // The file is gone, or it is a folder: what the store has is recorded first.
            _ if revision.is_some() => {
                self.flush_history()?;
                let head = notebook.history.head()?.unwrap_or(commit);
                Ok(notebook.history.diff(Some(commit), head, path)?)
            }
            _ => pending_below(notebook, path, commit),
        }
    }
}

fn diff_of_commits(
    notebook: &Notebook,
    path: &NotePath,
    (revision, from): (&str, CommitId),
    to: CommitId,
) -> Result<String, EngineError> {
    let is_file = |commit| -> Result<bool, EngineError> {
        let entry = notebook.history.entry(commit, path)?;
        Ok(entry.is_some_and(|entry| entry.kind != PastKind::Folder))
    };
    // A file that bore another name at the older revision is compared under that name.
    if is_file(to)? && !is_file(from)? {
        let (old, new) = (file_at(notebook, path, from)?, file_at(notebook, path, to)?);
        if let (Some(old), Some(new)) = (old, new) {
            return Ok(notebook.history.diff_with(from, &old.path, &new.bytes)?);
        }
    }
    let diff = notebook.history.diff(Some(from), to, path)?;
    if diff.is_empty()
        && !path.is_root()
        && notebook.history.entry(from, path)?.is_none()
        && notebook.history.entry(to, path)?.is_none()
    {
        return Err(not_there(notebook, path, revision));
    }
    Ok(diff)
}

/// What differs between the newest recorded version and the store, of recorded files at or below a path.
fn pending_below(notebook: &Notebook, path: &NotePath, head: CommitId) -> Result<String, EngineError> {
    let mut diff = String::new();
    let mut shown = 0;
    for (file, kind, id) in notebook.history.files(head)? {
        if file.strip_prefix(path).is_none() || !matches!(kind, PastKind::File { .. }) {
            continue;
        }
        let bytes = match notebook.dir.read(&file, u64::MAX) {
            Ok((bytes, _)) => bytes,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if crate::history::blob_id(&bytes) == Some(id) {
            continue;
        }
        shown += 1;
        if shown > FILES {
            diff.push_str("… more files differ; name one of them\n");
            break;
        }
        diff.push_str(&notebook.history.diff_with(head, &file, &bytes)?);
    }
    Ok(diff)
}
