//! Why a command failed, and the exit code of each reason.

use std::process::ExitCode;

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::engine::command::exit_code;
use crate::history::HistoryError;
use crate::index::notebook::IndexError;
use crate::index::system::SystemError;
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
    /// An engine, a database, a history or a file: one table of exit codes for all, [`exit_code`].
    #[error(transparent)]
    Engine(#[from] EngineError),
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
            Self::Engine(error) => match exit_code(error) {
                1 => Code::DoesNotHold,
                2 => Code::Usage,
                3 => Code::Refused,
                4 => Code::NotFound,
                _ => Code::Broken,
            },
        }
    }
}

fn of_config(error: &ConfigError) -> Code {
    match error {
        ConfigError::Store(_) => Code::Broken,
        ConfigError::Syntax { .. } | ConfigError::Type { .. } | ConfigError::Value { .. } => Code::Usage,
    }
}

macro_rules! part_of_engine_error {
    ($($error:ty),*) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::Engine(error.into())
            }
        }
    )*};
}
part_of_engine_error!(IndexError, HistoryError, StoreError);

impl From<SystemError> for CliError {
    fn from(error: SystemError) -> Self {
        match error {
            SystemError::Exists(what) | SystemError::Refused(what) => Self::Refused(what),
            SystemError::NotFound(what) => Self::NotFound(what),
            SystemError::Index(error) => error.into(),
        }
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
