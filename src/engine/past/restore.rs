//! Files and folders brought back as they were, as new changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{file_at, newest, not_there, nothing_recorded};
use crate::engine::edit::{GestureWords, new_gesture};
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::history::{PastKind, Recorded};
use crate::types::{CommitId, NotePath};

/// Commits of a folder that are looked through for the newest that had it.
const COMMITS: usize = 10_000;

impl Engine {
    /// Writes a file (or folder) as it was at a revision; without one, as its newest recorded version, though it may
    /// have been removed since. What is there now is recorded first. Other files in the folder stay. Returns the
    /// paths that were written.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] where nothing of it is recorded; the store's.
    pub fn restore(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        revision: Option<&str>,
        by: &Requester,
    ) -> Result<Vec<NotePath>, EngineError> {
        self.check_writable()?;
        // Looked up before what is pending is recorded: the newest version then is not the one that is to go.
        let (changes, commit) = match revision {
            Some(revision) => {
                let commit = self.revision(notebook, revision)?;
                (wanted_at(notebook, path, commit)?.ok_or_else(|| not_there(notebook, path, revision))?, Some(commit))
            }
            None => self.wanted_newest(notebook, path)?,
        };
        self.flush_history()?;
        let gesture = by.gesture.clone().unwrap_or_else(new_gesture);
        let of = commit.map(|commit| format!(" as of {:.8}", commit.to_string())).unwrap_or_default();
        let summary =
            Some(format!("Restore {}{of}", if path.is_root() { "all files".to_owned() } else { path.to_string() }));
        self.describe_gesture(&gesture, GestureWords { summary, undoes: Vec::new() });
        let by = Requester { actor: by.actor.clone(), gesture: Some(gesture) };
        self.apply(notebook, &changes, &by)
    }

    fn wanted_newest(
        &self,
        notebook: &Notebook,
        path: &NotePath,
    ) -> Result<(Vec<Recorded>, Option<CommitId>), EngineError> {
        let is_folder = path.is_root() || notebook.dir.stat(path).is_ok_and(|stat| stat.is_dir());
        let file = if is_folder { None } else { newest(notebook, path)? };
        if let Some(file) = file {
            let wanted = wanted_at(notebook, &file.path, file.commit)?.unwrap_or_default();
            return Ok((wanted.into_iter().map(|change| at_path(change, path)).collect(), Some(file.commit)));
        }
        let folder = newest_folder(notebook, path)?;
        if !folder.is_empty() {
            return Ok((folder, None));
        }
        match crate::engine::edit::find_in_trash(&self.codex_path(), notebook.name().as_str(), path)? {
            Some(bytes) => {
                Ok((vec![Recorded::Written { path: path.clone(), bytes: bytes.into(), executable: false }], None))
            }
            None => Err(nothing_recorded(notebook, path)),
        }
    }
}

/// What stood at or below a path in a commit, as writes; `None` where nothing did.
fn wanted_at(notebook: &Notebook, path: &NotePath, commit: CommitId) -> Result<Option<Vec<Recorded>>, EngineError> {
    let history = &notebook.history;
    let entry = if path.is_root() { None } else { history.entry(commit, path)? };
    match entry.map(|entry| (entry.kind, entry.id)) {
        Some((PastKind::File { executable }, id)) => {
            Ok(Some(vec![Recorded::Written { path: path.clone(), bytes: history.blob(id)?, executable }]))
        }
        Some((PastKind::Symlink, id)) => {
            Ok(Some(vec![Recorded::Symlink { path: path.clone(), target: history.blob(id)?.to_vec() }]))
        }
        Some((PastKind::Folder, _)) => below(notebook, path, commit).map(Some),
        None if path.is_root() => below(notebook, path, commit).map(Some),
        // It bore another name then.
        None => Ok(file_at(notebook, path, commit)?.map(|file| {
            vec![Recorded::Written { path: path.clone(), bytes: file.bytes, executable: file.executable }]
        })),
    }
}

fn below(notebook: &Notebook, folder: &NotePath, commit: CommitId) -> Result<Vec<Recorded>, EngineError> {
    let mut wanted = Vec::new();
    for entry in notebook.history.list(commit, folder)? {
        let Ok(path) = folder.join(&entry.name) else { continue };
        match entry.kind {
            PastKind::Folder => wanted.extend(below(notebook, &path, commit)?),
            PastKind::File { executable } => {
                wanted.push(Recorded::Written { path, bytes: notebook.history.blob(entry.id)?, executable });
            }
            PastKind::Symlink => {
                let target = notebook.history.blob(entry.id)?.to_vec();
                wanted.push(Recorded::Symlink { path, target });
            }
        }
    }
    Ok(wanted)
}

/// The newest recorded version of a folder. If it was removed, also of what the last gesture that removed from it
/// took away before the commit that emptied it.
fn newest_folder(notebook: &Notebook, folder: &NotePath) -> Result<Vec<Recorded>, EngineError> {
    let history = &notebook.history;
    let path = (!folder.is_root()).then_some(folder);
    let commits = history.log(path, COMMITS)?;
    let mut wanted = BTreeMap::new();
    let last_removal = commits.iter().find(|commit| commit.changes.iter().any(|(kind, _)| *kind == 'D'));
    let is_gone = notebook.dir.stat(folder).is_err() || (folder.is_root() && history_is_empty(notebook)?);
    if let (true, Some(last)) = (is_gone, last_removal) {
        let of_gesture = commits
            .iter()
            .filter(|commit| commit.id == last.id || (last.gesture.is_some() && commit.gesture == last.gesture));
        for (_, removed) in of_gesture.flat_map(|commit| &commit.changes).filter(|(kind, _)| *kind == 'D') {
            if removed.strip_prefix(folder).is_some()
                && let Some(file) = newest(notebook, removed)?
            {
                for change in wanted_at(notebook, &file.path, file.commit)?.unwrap_or_default() {
                    wanted.insert(removed.clone(), at_path(change, removed));
                }
            }
        }
    }
    for commit in &commits {
        let found = match history.entry(commit.id, folder)? {
            Some(entry) if entry.kind == PastKind::Folder => below(notebook, folder, commit.id)?,
            None if folder.is_root() => below(notebook, folder, commit.id)?,
            _ => continue,
        };
        for change in found {
            if let Recorded::Written { path, .. } | Recorded::Symlink { path, .. } = &change {
                wanted.entry(path.clone()).or_insert(change);
            }
        }
        break;
    }
    Ok(wanted.into_values().collect())
}

fn history_is_empty(notebook: &Notebook) -> Result<bool, EngineError> {
    Ok(match notebook.history.head()? {
        Some(head) => notebook.history.list(head, &NotePath::root())?.is_empty(),
        None => true,
    })
}

/// The same contents at another path.
fn at_path(change: Recorded, path: &NotePath) -> Recorded {
    let path = path.clone();
    match change {
        Recorded::Written { bytes, executable, .. } => {
            Recorded::Written { path, bytes: Arc::clone(&bytes), executable }
        }
        Recorded::Symlink { target, .. } => Recorded::Symlink { path, target },
        other => other,
    }
}
