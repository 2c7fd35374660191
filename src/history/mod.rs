//! Everything git: each notebook's `history.git` is a plain repository whose trees mirror the notebook.
//! Written and read in process with libgit2: no hooks, no filters, no configuration of the user's, no shell
//! (but for packing in the background). It knows nothing of SQL, mounts or watchers.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::types::{Actor, CommitId, GestureId, Instant, NotePath};

/// What went wrong with a history repository.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// libgit2 refused.
    #[error("history {repository}: cannot {action}: {source}")]
    Git {
        /// Which repository.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// Why not.
        source: git2::Error,
    },
    /// No such file, revision or commit.
    #[error("{0}")]
    NotFound(String),
    /// Later edits of the same file do not merge with what was asked for.
    #[error("{0}")]
    Conflict(String),
    /// A file of the repository could not be read or written.
    #[error(transparent)]
    Store(#[from] crate::sys::StoreError),
}

/// A change that a commit records.
#[derive(Clone, Debug)]
pub enum Recorded {
    /// The file has these contents; `executable` sets mode 100755.
    Written {
        /// Where.
        path: NotePath,
        /// The contents.
        bytes: Arc<[u8]>,
        /// Mode 100755.
        executable: bool,
    },
    /// A symbolic link to `target`.
    Symlink {
        /// Where.
        path: NotePath,
        /// What it says.
        target: Vec<u8>,
    },
    /// The file or folder is gone.
    Removed {
        /// Where it was.
        path: NotePath,
    },
    /// The file or folder moved, contents and all.
    Moved {
        /// Where it was.
        from: NotePath,
        /// Where it is.
        to: NotePath,
    },
}

/// A commit to be made.
#[derive(Clone, Debug)]
pub struct Batch {
    /// In the order in which they happened.
    pub changes: Vec<Recorded>,
    /// Who did it: the author.
    pub actor: Actor,
    /// When: author and committer time.
    pub time: Instant,
    /// First line of the message; a list of the operations follows by itself.
    pub summary: Option<String>,
    /// The trailer `Codex-Gesture`.
    pub gesture: GestureId,
}

/// A commit as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommitInfo {
    /// Its id.
    pub id: CommitId,
    /// Author.
    #[serde(serialize_with = "author")]
    pub actor: Actor,
    /// Author time.
    #[serde(serialize_with = "time")]
    pub time: Instant,
    /// First line of its message.
    pub summary: String,
    /// Its gesture, if it bears one.
    pub gesture: Option<GestureId>,
    /// What it changed: `A`, `M`, `D`, `R` and the path (of `R`: the new one).
    pub changes: Vec<(char, NotePath)>,
}

fn author<S: serde::Serializer>(actor: &Actor, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&actor.author_name())
}

fn time<S: serde::Serializer>(time: &Instant, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(time)
}

/// A version of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The commit that made it.
    pub commit: CommitInfo,
    /// The path that it had then.
    pub path: NotePath,
    /// Blob id; `None` where the commit removed the file.
    pub blob: Option<CommitId>,
}

/// An entry of a past folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEntry {
    /// Its name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: PastKind,
    /// Blob or tree id.
    pub id: CommitId,
}

/// Kinds of past entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PastKind {
    /// A file; whether it was executable.
    File {
        /// Mode 100755.
        executable: bool,
    },
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
}

/// A notebook's history, open. Reading is safe from any thread; one thread records.
#[derive(Debug)]
pub struct History {
    _private: (),
}

impl History {
    /// Opens (or makes) the bare repository at `path` (`<notebook>/.codex/history.git`).
    /// Empty objects that a power cut left are set aside; stale lock files are removed.
    ///
    /// # Errors
    /// If it is there and no repository, or damaged beyond that.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let _ = path;
        todo!()
    }

    /// Records a batch as one commit: one fsynced pack, then the ref. Returns `None` where nothing differs from
    /// what is recorded already.
    ///
    /// # Errors
    /// libgit2's; then nothing was recorded.
    pub fn record(&self, batch: &Batch) -> Result<Option<CommitId>, HistoryError> {
        let _ = batch;
        todo!()
    }

    /// The newest commit.
    ///
    /// # Errors
    /// libgit2's.
    pub fn head(&self) -> Result<Option<CommitId>, HistoryError> {
        todo!()
    }

    /// Commits, newest first; of one file or folder where `path` is given (renames are followed).
    ///
    /// # Errors
    /// libgit2's.
    pub fn log(&self, path: Option<&NotePath>, limit: usize) -> Result<Vec<CommitInfo>, HistoryError> {
        let _ = (path, limit);
        todo!()
    }

    /// Versions of one file, newest first, renames followed.
    ///
    /// # Errors
    /// libgit2's.
    pub fn versions(&self, path: &NotePath, limit: usize) -> Result<Vec<Version>, HistoryError> {
        let _ = (path, limit);
        todo!()
    }

    /// The commit that a prefix of its id names, if it is unambiguous (at least 4 digits).
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn resolve(&self, prefix: &str) -> Result<CommitId, HistoryError> {
        let _ = prefix;
        todo!()
    }

    /// The newest commit at or before a time.
    ///
    /// # Errors
    /// libgit2's.
    pub fn at_time(&self, time: Instant) -> Result<Option<CommitId>, HistoryError> {
        let _ = time;
        todo!()
    }

    /// A commit.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn commit(&self, id: CommitId) -> Result<CommitInfo, HistoryError> {
        let _ = id;
        todo!()
    }

    /// What stood at `path` (root: the whole tree) in a commit.
    ///
    /// # Errors
    /// libgit2's.
    pub fn entry(&self, commit: CommitId, path: &NotePath) -> Result<Option<PastEntry>, HistoryError> {
        let _ = (commit, path);
        todo!()
    }

    /// The entries of a past folder.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn list(&self, commit: CommitId, path: &NotePath) -> Result<Vec<PastEntry>, HistoryError> {
        let _ = (commit, path);
        todo!()
    }

    /// All files of a commit with their blob ids, by path: what `cdx check` compares with the store.
    ///
    /// # Errors
    /// libgit2's.
    pub fn files(&self, commit: CommitId) -> Result<Vec<(NotePath, PastKind, CommitId)>, HistoryError> {
        let _ = commit;
        todo!()
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn blob(&self, id: CommitId) -> Result<Arc<[u8]>, HistoryError> {
        let _ = id;
        todo!()
    }

    /// The size of a blob in bytes, from its header.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn blob_size(&self, id: CommitId) -> Result<u64, HistoryError> {
        let _ = id;
        todo!()
    }

    /// Commits with one of these gestures' trailers or, without any, the newest gestures of `actor`
    /// (of anyone where `None`): newest first, at most `count` gestures. Undone ones (named by a later
    /// commit's trailer `Codex-Undoes`) and undoing ones are left out.
    ///
    /// # Errors
    /// libgit2's.
    pub fn gestures(
        &self,
        actor: Option<&Actor>,
        count: usize,
    ) -> Result<Vec<(GestureId, Vec<CommitInfo>)>, HistoryError> {
        let _ = (actor, count);
        todo!()
    }

    /// What has to be written to undo a commit: for each file that it changed, its contents before it, merged three
    /// ways with what later commits made of it.
    ///
    /// # Errors
    /// [`HistoryError::Conflict`] names the files that do not merge; then nothing is to be written.
    pub fn reverse(&self, commit: CommitId) -> Result<Vec<Recorded>, HistoryError> {
        let _ = commit;
        todo!()
    }

    /// A unified diff of a path (root: all) between two commits; `None` is the empty tree.
    ///
    /// # Errors
    /// libgit2's.
    pub fn diff(&self, from: Option<CommitId>, to: CommitId, path: &NotePath) -> Result<String, HistoryError> {
        let _ = (from, to, path);
        todo!()
    }

    /// A unified diff of a file's recorded version against other bytes.
    ///
    /// # Errors
    /// libgit2's.
    pub fn diff_with(&self, commit: CommitId, path: &NotePath, bytes: &[u8]) -> Result<String, HistoryError> {
        let _ = (commit, path, bytes);
        todo!()
    }

    /// Folds packs together where there are too many, with the `git` program if it is there, else in process.
    /// For a background thread; recording goes on meanwhile.
    ///
    /// # Errors
    /// libgit2's or git's.
    pub fn maintain(&self) -> Result<(), HistoryError> {
        todo!()
    }

    /// Checks that the head's objects can all be read: what is wrong, empty if nothing.
    ///
    /// # Errors
    /// libgit2's.
    pub fn verify(&self) -> Result<Vec<String>, HistoryError> {
        todo!()
    }
}

/// Git's id of a blob with these bytes, without storing it.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> Option<CommitId> {
    let _ = bytes;
    todo!()
}
