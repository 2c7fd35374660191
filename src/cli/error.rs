//! Why a command failed, and the exit code of each reason: one exhaustive table.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::history::HistoryError;
use crate::index::notebook::IndexError;
use crate::index::parse::edit::EditError;
use crate::sys::StoreError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did what it was asked to.
    Done,
    /// What was asked does not hold: a check found differences, a search nothing.
    DoesNotHold,
}

/// Exit codes, as cli.md lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Done = 0,
    DoesNotHold = 1,
    Usage = 2,
    Refused = 3,
    NotFound = 4,
    Broken = 5,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(code as u8)
    }
}

impl From<Outcome> for Code {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::DoesNotHold => Self::DoesNotHold,
        }
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The arguments mean nothing.
    #[error("{0}")]
    Usage(String),
    /// Not allowed, or not in this state.
    #[error("{0}")]
    Refused(String),
    /// No such workspace, notebook, file or revision.
    #[error("{0}")]
    NotFound(String),
    /// Something is broken.
    #[error("{0}")]
    Broken(String),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The system database failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A history failed.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The reader of our output has gone (`cdx log | head`): no error of anybody's.
    #[error("the output was closed")]
    ClosedPipe,
}

impl CliError {
    /// The exit code that it means.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::ClosedPipe => Code::Done,
            Self::Usage(_) => Code::Usage,
            Self::Refused(_) => Code::Refused,
            Self::NotFound(_) => Code::NotFound,
            Self::Broken(_) => Code::Broken,
            Self::Config(error) => of_config(error),
            Self::Engine(error) => of_engine(error),
            Self::Index(error) => of_index(error),
            Self::History(error) => of_history(error),
            Self::Store(error) => of_store(error),
        }
    }
}

fn of_engine(error: &EngineError) -> Code {
    match error {
        EngineError::NotFound(_) => Code::NotFound,
        EngineError::Exists(_)
        | EngineError::NotEmpty(_)
        | EngineError::Meaningless(_)
        | EngineError::Denied(_)
        | EngineError::ReadOnly(_)
        | EngineError::Conflict(_)
        | EngineError::Held(_) => Code::Refused,
        EngineError::Invalid(_) => Code::Usage,
        EngineError::Closed | EngineError::Behind(_) => Code::Broken,
        EngineError::Edit(error) => of_edit(error),
        EngineError::Store(error) => of_store(error),
        EngineError::Index(error) => of_index(error),
        EngineError::History(error) => of_history(error),
    }
}

fn of_edit(error: &EditError) -> Code {
    match error {
        EditError::Unreadable(_) => Code::Refused,
        EditError::Misfit { .. } => Code::Usage,
    }
}

fn of_index(error: &IndexError) -> Code {
    match error {
        IndexError::BadQuery(_) => Code::Usage,
        IndexError::TooNew { .. } | IndexError::OldSqlite { .. } | IndexError::Budget(_) | IndexError::Cancelled => {
            Code::Refused
        }
        IndexError::Sqlite { .. } | IndexError::Damaged { .. } => Code::Broken,
        IndexError::Store(error) => of_store(error),
    }
}

fn of_history(error: &HistoryError) -> Code {
    match error {
        HistoryError::NotFound(_) => Code::NotFound,
        HistoryError::Conflict(_) => Code::Refused,
        HistoryError::Git { .. } | HistoryError::Damaged { .. } => Code::Broken,
        HistoryError::Store(error) => of_store(error),
    }
}

fn of_config(error: &ConfigError) -> Code {
    match error {
        ConfigError::Store(error) => of_store(error),
        ConfigError::Syntax { .. } | ConfigError::Type { .. } | ConfigError::Value { .. } => Code::Usage,
    }
}

fn of_store(error: &StoreError) -> Code {
    match error.errno() {
        libc::ENOENT | libc::ENOTDIR => Code::NotFound,
        libc::EACCES | libc::EPERM | libc::EROFS | libc::EEXIST | libc::ENOTEMPTY | libc::EBUSY => Code::Refused,
        libc::EINVAL | libc::ENAMETOOLONG | libc::EISDIR | libc::ELOOP => Code::Usage,
        _ => Code::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::IoContext;

    #[test]
    fn exit_codes() {
        let store = |errno| {
            let failed: Result<(), _> = Err(std::io::Error::from_raw_os_error(errno));
            CliError::from(failed.context("open", "a.md").unwrap_err())
        };
        for (error, code) in [
            (CliError::ClosedPipe, Code::Done),
            (CliError::Usage(String::new()), Code::Usage),
            (EngineError::Denied(String::new()).into(), Code::Refused),
            (EngineError::NotFound(String::new()).into(), Code::NotFound),
            (EngineError::Index(IndexError::BadQuery(String::new())).into(), Code::Usage),
            (store(libc::ENOENT), Code::NotFound),
            (store(libc::EACCES), Code::Refused),
            (store(libc::ENOSPC), Code::Broken),
        ] {
            assert_eq!(error.code(), code, "{error:?}");
        }
    }
}
