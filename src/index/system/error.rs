//! What the system database refuses, and how SQLite's errors get their context.

use crate::index::IndexError;

/// The system database refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// A name, an address or a membership is there already.
    #[error("{0}")]
    Exists(String),
    /// No such account, member, session or token.
    #[error("{0}")]
    NotFound(String),
    /// It would leave something without its owner.
    #[error("{0}")]
    Refused(String),
    /// SQLite failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Inside the module: SQLite's error before it is told which database it concerns.
#[derive(Debug)]
pub(super) enum Fault {
    Sql(rusqlite::Error),
    Told(SystemError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<SystemError> for Fault {
    fn from(error: SystemError) -> Self {
        Self::Told(error)
    }
}

pub(super) fn exists(what: impl Into<String>) -> Fault {
    Fault::Told(SystemError::Exists(what.into()))
}

pub(super) fn not_found(what: impl Into<String>) -> Fault {
    Fault::Told(SystemError::NotFound(what.into()))
}

pub(super) fn refused(what: impl Into<String>) -> Fault {
    Fault::Told(SystemError::Refused(what.into()))
}
