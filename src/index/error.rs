//! What can go wrong with a database or a query.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

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
    #[error("database {path} is damaged: {reason}; {}", remedy(path))]
    Damaged {
        /// Which database.
        path: String,
        /// What SQLite says.
        reason: String,
    },
    /// The SQLite that was linked has a known fault.
    #[error("SQLite {found} can damage a database in WAL mode; cdx needs 3.51.3 or newer")]
    OldSqlite {
        /// Its version.
        found: &'static str,
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

/// An index is made again from the files; nothing else has what the system database holds.
fn remedy(path: &str) -> &'static str {
    if path.ends_with("notebook.db") {
        "`cdx index --rebuild` makes it anew from the files"
    } else if path.ends_with("journal.db") {
        "move it away and a new one is made: notes, tags and history are not in it"
    } else {
        "put a backup in its place, or have `cdx check --repair`, in a workspace, make one of what can be read"
    }
}

impl IndexError {
    /// Names the database that SQLite complains of; tells a damaged one from other failures.
    pub(crate) fn of(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType};
        let path = path.display().to_string();
        let is_damage = match (source.sqlite_error_code(), &source) {
            (Some(code), _) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
            // A flipped byte can leave a value where the schema allows none of its kind, and nothing else wrong.
            (None, error) => matches!(error, FromSqlConversionFailure(..) | InvalidColumnType(..)),
        };
        if is_damage { Self::Damaged { path, reason: source.to_string() } } else { Self::Sqlite { path, source } }
    }
}
