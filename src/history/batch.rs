//! The values that history takes and gives: batches to be recorded, commits, versions and past entries.

use std::sync::Arc;

use serde::Serialize;

use crate::types::{Actor, CommitId, GestureId, Instant, NotePath};

/// A change that a commit records.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The file or folder moved, contents and all. Where history holds nothing at `from`, nothing is changed, so
    /// that a batch can be recorded twice; if something history does not hold replaced `to`, add `Removed`.
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
    /// When: author and committer time (git keeps whole seconds).
    pub time: Instant,
    /// First line of the message; a list of the operations follows by itself.
    pub summary: Option<String>,
    /// The trailer `Codex-Gesture`.
    pub gesture: GestureId,
    /// The gestures that this batch undoes: a trailer `Codex-Undoes` each.
    pub undoes: Vec<GestureId>,
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
    /// The gestures that it undoes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undoes: Vec<GestureId>,
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
