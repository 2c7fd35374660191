//! `notebook.db`: the index of one notebook. One writer, several readers; the files are the truth.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::parse::{ParsedNote, Problem};
use super::query::{Query, TimeContext};
use crate::types::{ContentHash, FileId, NodeNumber, NotePath, NotebookNumber, Properties, StoreKey, TagName, Value};

/// What went wrong with a database.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// SQLite refused.
    #[error("database {path}: {source}")]
    Sqlite {
        /// Which database.
        path: String,
        /// Why.
        source: rusqlite::Error,
    },
    /// It was made by a newer version.
    #[error(
        "database {path} has version {found}, this cdx knows up to {known}; install a newer cdx, nothing was changed"
    )]
    TooNew {
        /// Which database.
        path: String,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// It is damaged.
    #[error("database {path} is damaged: {reason}; `cdx index --rebuild` makes it anew from the files")]
    Damaged {
        /// Which database.
        path: String,
        /// What SQLite says.
        reason: String,
    },
    /// A query ran past its time budget.
    #[error("the query took longer than {} ms and was stopped; narrow it, or add a limit", .0.as_millis())]
    Budget(Duration),
    /// A query was cancelled.
    #[error("the query was cancelled")]
    Cancelled,
    /// A query that cannot be run (a bad regular expression, an unknown notebook).
    #[error("{0}")]
    BadQuery(String),
    /// A file beside the database could not be read or written.
    #[error(transparent)]
    Store(#[from] crate::sys::StoreError),
}

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
    /// The history holds these contents of the path since the commit.
    Committed(NotePath, crate::types::CommitId),
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

/// What [`NotebookDb::apply`] did, in order.
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

/// The writing side of `notebook.db`; owned by one thread.
#[derive(Debug)]
pub struct NotebookDb {
    _connection: rusqlite::Connection,
}

/// How the database was found when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It was there.
    Existing,
    /// It was made anew: everything has to be indexed.
    Created,
    /// One of the original Codex was adopted: everything has to be indexed again.
    Adopted,
    /// It was damaged, set aside as `notebook.db.damaged-N`, and made anew.
    Replaced,
}

impl NotebookDb {
    /// Opens (or makes) the database at `path`, migrates it, adopts the original's, sets a damaged one aside.
    ///
    /// # Errors
    /// If it was made by a newer version or cannot be opened.
    pub fn open(path: &Path) -> Result<(Self, Opened), IndexError> {
        let _ = path;
        todo!()
    }

    /// A pool of read-only connections to the same database.
    ///
    /// # Errors
    /// SQLite's.
    pub fn reader(&self) -> Result<Arc<NotebookReader>, IndexError> {
        todo!()
    }

    /// Applies the changes in one transaction. Links are resolved again where a change concerns them.
    ///
    /// # Errors
    /// SQLite's; then nothing was applied.
    pub fn apply(&mut self, changes: &[RowChange]) -> Result<Vec<Applied>, IndexError> {
        let _ = changes;
        todo!()
    }

    /// Remembers node numbers: (number, store key), and the counter below which all are taken.
    ///
    /// # Errors
    /// SQLite's.
    pub fn save_nodes(&mut self, nodes: &[(NodeNumber, StoreKey)], forgotten: &[NodeNumber]) -> Result<(), IndexError> {
        let _ = (nodes, forgotten);
        todo!()
    }

    /// A value of the `meta` table.
    ///
    /// # Errors
    /// SQLite's.
    pub fn meta(&self, key: &str) -> Result<Option<String>, IndexError> {
        let _ = key;
        todo!()
    }

    /// Sets a value of the `meta` table, durably where `durable` (synced to disk before it returns).
    ///
    /// # Errors
    /// SQLite's.
    pub fn set_meta(&mut self, key: &str, value: &str, durable: bool) -> Result<(), IndexError> {
        let _ = (key, value, durable);
        todo!()
    }

    /// `PRAGMA integrity_check`, `foreign_key_check` and FTS5's `integrity-check`: what they find, empty if whole.
    ///
    /// # Errors
    /// SQLite's.
    pub fn integrity(&mut self) -> Result<Vec<String>, IndexError> {
        todo!()
    }

    /// Merges full text segments, updates statistics, checkpoints the WAL: after a bulk load and when idle.
    ///
    /// # Errors
    /// SQLite's.
    pub fn optimize(&mut self) -> Result<(), IndexError> {
        todo!()
    }
}

/// The reading side; any thread.
#[derive(Debug)]
pub struct NotebookReader {
    _private: (),
}

/// A row with all that queries show of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileRow {
    /// Row.
    pub id: FileId,
    /// Its notebook's name.
    pub notebook: String,
    /// Its notebook's number.
    #[serde(skip)]
    pub number: NotebookNumber,
    /// The number that the mount shows it under.
    #[serde(skip)]
    pub node: NodeNumber,
    /// Where it is.
    pub path: NotePath,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// Frontmatter `type`.
    #[serde(rename = "type")]
    pub file_type: Option<String>,
    /// MIME type.
    pub content_type: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256.
    pub hash: Option<ContentHash>,
    /// Its tags.
    pub tags: Vec<TagName>,
    /// Its properties.
    pub properties: Properties,
    /// When it was made (ISO 8601).
    pub created: String,
    /// When its contents last changed (ISO 8601).
    pub modified: String,
    /// Excerpt around the full text matches, where the query has any: matches between `\u{2}` and `\u{3}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
}

/// A result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct QueryResult {
    /// The page that `limit` and `offset` ask for, in order.
    pub files: Vec<FileRow>,
    /// Over all matches: group and the positions... see [`GroupRow`]; `None` without `group`.
    pub groups: Option<Vec<GroupRow>>,
    /// How many match in all.
    pub total: u64,
    /// The limit that was applied.
    pub limit: Option<u64>,
    /// The offset that was applied.
    pub offset: u64,
    /// Property, function, value.
    pub aggregates: Vec<(String, String, Value)>,
    /// Warnings of the query.
    pub warnings: Vec<String>,
}

/// A group of a result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRow {
    /// The value that its notes have in common; `None` where the property is missing.
    pub value: Option<String>,
    /// Its notes, in the query's order.
    pub files: Vec<FileRow>,
}

/// How a query is run.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// What dates are relative to.
    pub time: TimeContext,
    /// Stop after so long.
    pub budget: Duration,
    /// Only this row: whether one note belongs to a result, at the cost of the note.
    pub only: Option<FileId>,
    /// Whether to make snippets.
    pub snippets: bool,
}

/// A notebook taking part in a query.
#[derive(Clone, Debug)]
pub struct QuerySource {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: NotebookNumber,
    /// Its index.
    pub reader: Arc<NotebookReader>,
}

/// Runs a query over the notebooks (already chosen by scope), merging their sorted streams.
///
/// # Errors
/// Past the budget, a bad regular expression, SQLite's.
pub fn run_query(query: &Query, sources: &[QuerySource], options: &QueryOptions) -> Result<QueryResult, IndexError> {
    let _ = (query, sources, options);
    todo!()
}

impl NotebookReader {
    /// What a scan compares with the store, all rows.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stats(&self) -> Result<Vec<IndexedStat>, IndexError> {
        todo!()
    }

    /// What a scan compares, of one path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn stat_of(&self, path: &NotePath) -> Result<Option<IndexedStat>, IndexError> {
        let _ = path;
        todo!()
    }

    /// All rows for the in-memory maps.
    ///
    /// # Errors
    /// SQLite's.
    pub fn files(&self) -> Result<Vec<IndexedFile>, IndexError> {
        todo!()
    }

    /// Saved node numbers.
    ///
    /// # Errors
    /// SQLite's.
    pub fn nodes(&self) -> Result<Vec<(NodeNumber, StoreKey)>, IndexError> {
        todo!()
    }

    /// One row by path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn by_path(&self, path: &NotePath) -> Result<Option<FileRow>, IndexError> {
        let _ = path;
        todo!()
    }

    /// One row by id.
    ///
    /// # Errors
    /// SQLite's.
    pub fn by_id(&self, id: FileId) -> Result<Option<FileRow>, IndexError> {
        let _ = id;
        todo!()
    }

    /// Links of a note: out (target as written, resolved path) and in (path of the linking note).
    ///
    /// # Errors
    /// SQLite's.
    pub fn links(&self, path: &NotePath) -> Result<Links, IndexError> {
        let _ = path;
        todo!()
    }

    /// Distinct values of a property with how many notes have each, most first, at most `limit`.
    ///
    /// # Errors
    /// SQLite's.
    pub fn property_values(&self, key: &str, limit: usize) -> Result<Vec<(String, u64)>, IndexError> {
        let _ = (key, limit);
        todo!()
    }

    /// Property keys in use with how many notes have each, most first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn property_keys(&self) -> Result<Vec<(String, u64)>, IndexError> {
        todo!()
    }

    /// Problems of all files (broken frontmatter, illegal tags), by path.
    ///
    /// # Errors
    /// SQLite's.
    pub fn problems(&self) -> Result<Vec<(NotePath, Problem)>, IndexError> {
        todo!()
    }

    /// The newest `limit` files by mtime.
    ///
    /// # Errors
    /// SQLite's.
    pub fn recent(&self, limit: usize) -> Result<Vec<IndexedFile>, IndexError> {
        let _ = limit;
        todo!()
    }
}

/// Links of a note.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Links {
    /// Where it points: as written, and the note or file that this is (`None`: broken).
    pub outgoing: Vec<(String, Option<NotePath>)>,
    /// Notes that point to it.
    pub incoming: Vec<NotePath>,
}
