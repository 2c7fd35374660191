//! Ids, paths, tags and times: pure values, validated where they are made; no I/O, no clock.

mod accounts;
mod actor;
mod ids;
mod note_path;
mod tag;

pub use accounts::{
    NotebookId, Role, SessionId, TaskId, TaskStatus, TokenId, TokenLimit, TokenScope, UserId, WorkspaceId,
};
pub use actor::Actor;
pub use ids::{CommitId, ContentHash, FileId, FileKey, GestureId, NodeNumber, NotebookNumber, Seq, StoreKey};
pub use note_path::{NotePath, NotePathError, NotebookName, NotebookNameError, RESERVED_NAMES};
pub use tag::{TagName, TagNameError};

/// A property value: what YAML's and JSON's core types have in common. Dates are ISO 8601 text.
pub type Value = serde_json::Value;

/// Properties of a note in the order in which they were written.
pub type Properties = serde_json::Map<String, Value>;

/// A point in time, in nanoseconds of UTC.
pub type Instant = jiff::Timestamp;
