//! The shapes of replies, and of errors as the control socket sends them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::EngineError;
use crate::history::HistoryError;
use crate::index::notebook::IndexError;
use crate::sys::StoreError;

/// Makes a reply's JSON.
pub(super) fn json(reply: &impl Serialize) -> Result<Value, EngineError> {
    serde_json::to_value(reply).map_err(|error| EngineError::Invalid(format!("the reply is no JSON: {error}")))
}

/// An error as it goes over the control socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ErrorReply {
    /// `not_found`, `exists`, `denied`, …
    pub kind: String,
    /// What happened, to what, and what to do.
    pub message: String,
    /// The exit code of a command that fails with it.
    pub exit: u8,
}

impl From<&EngineError> for ErrorReply {
    fn from(error: &EngineError) -> Self {
        let (kind, exit) = kind_and_exit(error);
        Self { kind: kind.to_owned(), message: error.to_string(), exit }
    }
}

/// The exit code of a command that fails with this error: 2 usage, 3 refused, 4 not found, 5 broken.
#[must_use]
pub fn exit_code(error: &EngineError) -> u8 {
    kind_and_exit(error).1
}

fn kind_and_exit(error: &EngineError) -> (&'static str, u8) {
    match error {
        EngineError::NotFound(_) | EngineError::History(HistoryError::NotFound(_)) => ("not_found", 4),
        EngineError::Exists(_) => ("exists", 3),
        EngineError::NotEmpty(_) => ("not_empty", 3),
        EngineError::Meaningless(_) => ("meaningless", 3),
        EngineError::Denied(_) => ("denied", 3),
        EngineError::Invalid(_) => ("invalid", 2),
        EngineError::ReadOnly(_) => ("read_only", 3),
        EngineError::Stale { .. } | EngineError::Conflict(_) | EngineError::History(HistoryError::Conflict(_)) => {
            ("conflict", 3)
        }
        EngineError::Full(_) => ("full", 3),
        EngineError::Held(_) => ("held", 3),
        EngineError::Broken(_) => ("broken", 5),
        EngineError::Closed => ("closed", 5),
        EngineError::Behind(_) => ("behind", 5),
        EngineError::Edit(_) => ("metadata", 3),
        EngineError::Store(error) => of_store(error),
        EngineError::Index(IndexError::BadQuery(_)) => ("query", 2),
        EngineError::Index(IndexError::Budget(_) | IndexError::Cancelled) => ("stopped", 3),
        EngineError::Index(IndexError::Store(error)) | EngineError::History(HistoryError::Store(error)) => {
            of_store(error)
        }
        EngineError::Index(
            IndexError::Sqlite { .. }
            | IndexError::TooNew { .. }
            | IndexError::OldSqlite { .. }
            | IndexError::Damaged { .. },
        ) => ("index", 5),
        EngineError::History(HistoryError::Git { .. } | HistoryError::Damaged { .. }) => ("history", 5),
    }
}

fn of_store(error: &StoreError) -> (&'static str, u8) {
    match error.errno() {
        libc::ENOENT | libc::ENOTDIR => ("not_found", 4),
        libc::EACCES | libc::EPERM => ("denied", 3),
        libc::EROFS => ("read_only", 3),
        libc::EEXIST => ("exists", 3),
        _ => ("store", 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_user_and_of_the_machine_have_different_exit_codes() {
        let io = |errno| {
            EngineError::Store(StoreError {
                action: "write",
                path: "a".into(),
                source: std::io::Error::from_raw_os_error(errno),
            })
        };
        for (error, kind, exit) in [
            (EngineError::NotFound("x".into()), "not_found", 4),
            (EngineError::Invalid("x".into()), "invalid", 2),
            (io(libc::EROFS), "read_only", 3),
            (io(libc::ENOSPC), "store", 5),
            (io(libc::ENOENT), "not_found", 4),
        ] {
            let reply = ErrorReply::from(&error);
            assert_eq!((&*reply.kind, reply.exit), (kind, exit), "{error}");
        }
    }
}
