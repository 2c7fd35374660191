//! What goes into the index and what comes back from a change of it.

use crate::index::parse::ParsedNote;
use crate::types::{CommitId, ContentHash, FileId, NodeNumber, NotePath, StoreKey, TagName};

/// What the index knows of a file without its metadata: what a scan compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedStat {
    /// Row.
    pub id: FileId,
    /// Where it is.
    pub path: NotePath,
    /// Device, inode, birth time.
    pub store: StoreKey,
    /// Size in bytes.
    pub size: u64,
    /// mtime in nanoseconds.
    pub mtime_ns: i64,
    /// ctime in nanoseconds.
    pub ctime_ns: i64,
    /// Newest mtime of its sidecars in nanoseconds, xor their sizes; 0 without: tells whether one changed.
    pub sidecar_mark: i64,
    /// SHA-256 of its contents.
    pub hash: Option<ContentHash>,
}

/// A file as the engine has read it, to be written into the index.
#[derive(Clone, Debug)]
pub struct FileRecord {
    /// Where it is.
    pub path: NotePath,
    /// Device, inode, birth time.
    pub store: StoreKey,
    /// The number that the mount shows it under.
    pub node: NodeNumber,
    /// Size in bytes.
    pub size: u64,
    /// mtime in nanoseconds.
    pub mtime_ns: i64,
    /// ctime in nanoseconds.
    pub ctime_ns: i64,
    /// Birth time in nanoseconds, else the mtime.
    pub birth_ns: i64,
    /// See [`IndexedStat::sidecar_mark`].
    pub sidecar_mark: i64,
    /// SHA-256 of its contents; `None` where it was too large to read.
    pub hash: Option<ContentHash>,
    /// MIME type.
    pub content_type: &'static str,
    /// The sidecar that new properties would go to, if one exists.
    pub sidecar_path: Option<NotePath>,
    /// What it says.
    pub parsed: ParsedNote,
    /// The row that the file had until a moment ago: where its path has none, it gets this id back.
    pub revive: Option<FileId>,
}

/// One change of the index.
#[derive(Clone, Debug)]
pub enum RowChange {
    /// Writes the row of a path. A row that is there keeps its id.
    Upsert(Box<FileRecord>),
    /// The file of the first path is now at the second, its row keeps its id; a row that was there goes.
    Renamed(NotePath, NotePath),
    /// A folder was renamed, with all rows below it.
    FolderRenamed(NotePath, NotePath),
    /// The row goes.
    Removed(NotePath),
    /// All rows at or below a path go.
    FolderRemoved(NotePath),
    /// The history holds the contents of this hash, at this path and in this blob, since the commit. A row that says
    /// another hash stays as it is.
    Committed {
        /// Of which file.
        path: NotePath,
        /// Of which contents.
        hash: ContentHash,
        /// The commit.
        commit: CommitId,
        /// The blob.
        blob: CommitId,
    },
}

/// A row after a change, for the in-memory maps.
#[derive(Clone, Debug)]
pub struct IndexedFile {
    /// Row.
    pub id: FileId,
    /// Where it is.
    pub path: NotePath,
    /// The number that the mount shows it under.
    pub node: NodeNumber,
    /// Device, inode, birth time.
    pub store: StoreKey,
    /// Its tags, each once.
    pub tags: Vec<TagName>,
    /// MIME type.
    pub content_type: Box<str>,
}

/// What [`crate::index::notebook::NotebookDb::apply`] did, in order.
#[derive(Clone, Debug)]
pub enum Applied {
    /// The row is there and new.
    Added(IndexedFile),
    /// The row is there and was before; with its path before.
    Changed {
        /// The row now.
        file: IndexedFile,
        /// Its path before.
        old_path: NotePath,
    },
    /// The row is gone.
    Removed {
        /// Its id.
        id: FileId,
        /// Where it was.
        path: NotePath,
    },
}
