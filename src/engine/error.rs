//! Why the engine refused or failed, in the words that the user reads (`.codex/last-error`, CLI, API).

use crate::history::HistoryError;
use crate::index::notebook::IndexError;
use crate::index::parse::edit::EditError;
use crate::sys::StoreError;
use crate::types::ContentHash;

/// Why the engine refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing of that name (ENOENT).
    #[error("{0}")]
    NotFound(String),
    /// It is there already (EEXIST).
    #[error("{0}")]
    Exists(String),
    /// It still holds something (ENOTEMPTY).
    #[error("{0}")]
    NotEmpty(String),
    /// The operation means nothing here (EPERM).
    #[error("{0}")]
    Meaningless(String),
    /// Not allowed to the caller (EACCES).
    #[error("{0}")]
    Denied(String),
    /// A value is not legal (EINVAL).
    #[error("{0}")]
    Invalid(String),
    /// The workspace or notebook is read only (EROFS).
    #[error("{0}")]
    ReadOnly(String),
    /// Later edits do not merge, or the file changed meanwhile (EBUSY; API: 409, 412).
    #[error("{0}")]
    Conflict(String),
    /// The file is not what the caller edited (EBUSY; API: 412 with the hash that it has).
    #[error("{path} was changed since it was read; read it again and repeat the edit")]
    Stale {
        /// In its notebook.
        path: String,
        /// Of its contents now.
        current: ContentHash,
    },
    /// It would be more than the workspace may hold (EDQUOT; API: 507).
    #[error("{0}")]
    Full(String),
    /// Another process holds the workspace and does not answer (EBUSY).
    #[error("{0}")]
    Held(String),
    /// A notebook is there and cannot be opened (EIO).
    #[error("{0}")]
    Broken(String),
    /// The engine has been closed (ENOTCONN).
    #[error("the workspace has been closed")]
    Closed,
    /// The index has not caught up in time (EAGAIN).
    #[error(transparent)]
    Behind(#[from] super::Behind),
    /// A metadata edit does not fit (EINVAL).
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The store failed (its own number).
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A database failed (EIO).
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The history failed (EIO).
    #[error(transparent)]
    History(#[from] HistoryError),
}
