//! The history of notes, for people: log, diff, show, restore, undo.
//! It knows nothing of git; [`crate::history`] does.

mod apply;
mod deleted;
mod diff;
mod restore;
mod revision;
#[cfg(test)]
mod tests;
mod undo;

use std::sync::Arc;

use super::{Engine, EngineError, Notebook};
use crate::history::{CommitInfo, PastKind};
use crate::types::{CommitId, NotePath};

pub use deleted::Deleted;
pub use undo::{Gesture, UndoReply, Undone};

/// A file as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastFile {
    /// The commit that was asked for, or that holds the newest version.
    pub commit: CommitId,
    /// The path that it had then.
    pub path: NotePath,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// Whether it was executable.
    pub executable: bool,
}

impl Engine {
    /// Commits with their notebooks' names, newest first, at most `limit`: of one file or folder (renames are
    /// followed), or of all notebooks.
    ///
    /// # Errors
    /// The history's.
    pub fn log(
        &self,
        of: Option<(&Notebook, &NotePath)>,
        limit: usize,
    ) -> Result<Vec<(String, CommitInfo)>, EngineError> {
        if let Some((notebook, path)) = of {
            let path = (!path.is_root()).then_some(path);
            let name = notebook.name().to_string();
            let commits = notebook.history.log(path, limit)?;
            return Ok(commits.into_iter().map(|commit| (name.clone(), commit)).collect());
        }
        let mut all = Vec::new();
        for notebook in self.notebooks() {
            let name = notebook.name().to_string();
            all.extend(notebook.history.log(None, limit)?.into_iter().map(|commit| (name.clone(), commit)));
        }
        // Stable: commits of one second and one notebook stay in their order.
        all.sort_by_key(|(_, commit)| std::cmp::Reverse(commit.time));
        all.truncate(limit);
        Ok(all)
    }

    /// A file's bytes at a revision; without one, its newest recorded version.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] where it was not there, or nothing of it is recorded; the history's.
    pub fn show(&self, notebook: &Notebook, path: &NotePath, revision: Option<&str>) -> Result<PastFile, EngineError> {
        let Some(revision) = revision else {
            return newest(notebook, path)?.ok_or_else(|| nothing_recorded(notebook, path));
        };
        let commit = self.revision(notebook, revision)?;
        file_at(notebook, path, commit)?.ok_or_else(|| not_there(notebook, path, revision))
    }
}

/// Versions of one file that are looked through: far more than a file has.
const VERSIONS: usize = 100_000;

/// The newest recorded version of a file, though it may have been removed since.
fn newest(notebook: &Notebook, path: &NotePath) -> Result<Option<PastFile>, EngineError> {
    for version in notebook.history.versions(path, VERSIONS)? {
        // Of a folder, versions say that it was there, and it is no file.
        let entry = notebook.history.entry(version.commit.id, &version.path)?;
        if entry.is_some_and(|entry| entry.kind != PastKind::Folder) {
            return file_in(notebook, &version.path, version.commit.id);
        }
    }
    Ok(None)
}

/// A file in a commit, under the path that it had then.
fn file_at(notebook: &Notebook, path: &NotePath, commit: CommitId) -> Result<Option<PastFile>, EngineError> {
    if let Some(file) = file_in(notebook, path, commit)? {
        return Ok(Some(file));
    }
    let time = notebook.history.commit(commit)?.time;
    // Times are whole seconds, so that a version of the same second may be a later one: what counts is what is there.
    for version in notebook.history.versions(path, VERSIONS)? {
        if version.commit.time <= time
            && let Some(file) = file_in(notebook, &version.path, commit)?
        {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// What is at exactly this path in a commit.
fn file_in(notebook: &Notebook, path: &NotePath, commit: CommitId) -> Result<Option<PastFile>, EngineError> {
    let Some(entry) = notebook.history.entry(commit, path)? else { return Ok(None) };
    let executable = match entry.kind {
        PastKind::File { executable } => executable,
        PastKind::Symlink => false,
        PastKind::Folder => {
            return Err(EngineError::Invalid(format!("{}/{path} was a folder; name a file in it", notebook.name())));
        }
    };
    let bytes = notebook.history.blob(entry.id)?;
    Ok(Some(PastFile { commit, path: path.clone(), bytes, executable }))
}

fn nothing_recorded(notebook: &Notebook, path: &NotePath) -> EngineError {
    EngineError::NotFound(format!("the history of {} has nothing of {path}", notebook.name()))
}

fn not_there(notebook: &Notebook, path: &NotePath, revision: &str) -> EngineError {
    EngineError::NotFound(format!(
        "{}/{path} was not there at {revision}; `cdx log {}/{path}` lists its versions",
        notebook.name(),
        notebook.name()
    ))
}
