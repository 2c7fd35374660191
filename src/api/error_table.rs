//! The one table from errors of the engine, the index, the history and the store to HTTP. It is exhaustive: a new error
//! has to be given its status here.

use axum::http::StatusCode;

use super::error::ApiError;
use crate::access::{HashError, SecretError};
use crate::engine::{Behind, EngineError};
use crate::history::HistoryError;
use crate::index::notebook::IndexError;
use crate::index::parse::edit::EditError;
use crate::index::system::SystemError;
use crate::sys::StoreError;
use crate::types::{NotePathError, NotebookNameError, TagNameError};

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotFound(what) => worded(StatusCode::NOT_FOUND, "not_found", what, "there is no such thing"),
            EngineError::Exists(what) => worded(StatusCode::CONFLICT, "exists", what, "it is there already"),
            EngineError::NotEmpty(what) => worded(StatusCode::CONFLICT, "not_empty", what, "it still holds something"),
            EngineError::Meaningless(what) | EngineError::Denied(what) => {
                worded(StatusCode::FORBIDDEN, "forbidden", what, "this is not possible here")
            }
            EngineError::Invalid(what) => worded(StatusCode::BAD_REQUEST, "bad_request", what, "a value is not legal"),
            EngineError::ReadOnly(what) => {
                worded(StatusCode::SERVICE_UNAVAILABLE, "read_only", what, "the workspace is read only")
            }
            EngineError::Conflict(what) => worded(StatusCode::CONFLICT, "conflict", what, "it was changed meanwhile"),
            EngineError::Stale { path, current } => {
                let detail = format!("{path} was changed since it was read; read it again and repeat the edit");
                Self::changed_meanwhile(detail, Some(current.to_string()))
            }
            EngineError::Full(what) => {
                worded(StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", what, "the workspace is full")
            }
            EngineError::Held(what) => Self::unavailable(
                "the workspace is in use by another process on the server, which takes no requests; try again once it has ended",
            )
            .because(what),
            EngineError::Broken(what) => Self::internal(what),
            EngineError::Closed => Self::unavailable("the workspace is being closed"),
            EngineError::Behind(behind) => behind.into(),
            EngineError::Edit(error) => error.into(),
            EngineError::Store(error) => error.into(),
            EngineError::Index(error) => error.into(),
            EngineError::History(error) => error.into(),
        }
    }
}

impl From<Behind> for ApiError {
    fn from(error: Behind) -> Self {
        Self::unavailable("the index is behind; try again").because(error)
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        worded(StatusCode::CONFLICT, "conflict", error.to_string(), "the metadata cannot be edited")
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let (status, word, detail) = match error.errno() {
            // A path that would leave the notebook, or a link on the way: as if it were not there.
            libc::ENOENT | libc::ENOTDIR | libc::EXDEV | libc::ELOOP => {
                (StatusCode::NOT_FOUND, "not_found", "there is no such file")
            }
            libc::EEXIST => (StatusCode::CONFLICT, "exists", "there is a file of that name already"),
            libc::ENOTEMPTY => (StatusCode::CONFLICT, "not_empty", "the folder is not empty"),
            libc::EISDIR => (StatusCode::CONFLICT, "conflict", "there is a folder of that name"),
            libc::ESTALE | libc::EBUSY => (StatusCode::CONFLICT, "conflict", "the file was changed meanwhile"),
            libc::EINVAL | libc::ENAMETOOLONG | libc::EILSEQ => {
                (StatusCode::BAD_REQUEST, "bad_request", "the store takes no such name")
            }
            libc::EACCES | libc::EPERM => (StatusCode::FORBIDDEN, "forbidden", "the server's files do not allow it"),
            libc::EROFS => (StatusCode::SERVICE_UNAVAILABLE, "read_only", "the store is read only"),
            libc::ENOSPC | libc::EDQUOT | libc::EFBIG => {
                (StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", "the server's disk is full")
            }
            libc::EMFILE | libc::ENFILE | libc::ENOMEM => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server is at its limits; try again")
            }
            _ => return Self::internal(error.to_string()),
        };
        Self::new(status, word, detail).because(error)
    }
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Budget(_) | IndexError::Cancelled => {
                Self::unavailable("the query took too long and was stopped; narrow it, or add a limit").because(error)
            }
            IndexError::BadQuery(what) => {
                worded(StatusCode::BAD_REQUEST, "bad_request", what, "the query cannot be run")
            }
            IndexError::Store(error) => error.into(),
            IndexError::Sqlite { .. }
            | IndexError::TooNew { .. }
            | IndexError::Damaged { .. }
            | IndexError::OldSqlite { .. } => Self::internal(error.to_string()),
        }
    }
}

impl From<HistoryError> for ApiError {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::NotFound(what) => {
                worded(StatusCode::NOT_FOUND, "not_found", what, "the history has no such version")
            }
            HistoryError::Conflict(what) => {
                worded(StatusCode::CONFLICT, "conflict", what, "later edits do not merge with it")
            }
            HistoryError::Store(error) => error.into(),
            HistoryError::Git { .. } | HistoryError::Damaged { .. } => Self::internal(error.to_string()),
        }
    }
}

impl From<SystemError> for ApiError {
    fn from(error: SystemError) -> Self {
        match error {
            SystemError::Exists(what) => Self::new(StatusCode::CONFLICT, "exists", what),
            SystemError::NotFound(what) => Self::not_found(what),
            SystemError::Refused(what) => Self::conflict(what),
            SystemError::Index(error) => error.into(),
        }
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<NotePathError> for ApiError {
    fn from(error: NotePathError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<NotebookNameError> for ApiError {
    fn from(error: NotebookNameError) -> Self {
        Self::invalid("name", error.to_string())
    }
}

impl From<TagNameError> for ApiError {
    fn from(error: TagNameError) -> Self {
        Self::invalid("tag", error.to_string())
    }
}

/// The engine's words, unless they name a place of the server: then those of the table.
fn worded(status: StatusCode, word: &'static str, said: String, instead: &str) -> ApiError {
    if names_a_place(&said) {
        ApiError::new(status, word, instead).because(said)
    } else {
        ApiError::new(status, word, said)
    }
}

/// Whether a word of the text begins as a whole path does.
fn names_a_place(text: &str) -> bool {
    let begins =
        |before: Option<char>| before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '*' | '-' | '_'));
    text.match_indices('/').any(|(at, _)| {
        let next = text[at + 1..].chars().next();
        begins(text[..at].chars().next_back()) && next.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::IoContext;

    #[test]
    fn places_of_the_server_are_told_from_paths_in_a_notebook() {
        for (text, expected) in [
            ("no notebook `lab` in /srv/lab", true),
            ("/srv/lab is no workspace", true),
            ("cannot open `/etc/passwd`", true),
            ("there is a note at lab/runs/a.md", false),
            ("runs/a.md: later edits and/or renames", false),
            ("a / b", false),
        ] {
            assert_eq!(names_a_place(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_become_statuses_and_never_say_where_files_are() {
        let store = |errno| -> ApiError {
            let failed: Result<(), _> = Err(std::io::Error::from_raw_os_error(errno));
            failed.context("open", "/srv/lab/secret.md").unwrap_err().into()
        };
        let sql = IndexError::Damaged { path: "/srv/lab/.codex/notebook.db".into(), reason: "x".into() };
        for (error, status) in [
            (EngineError::NotFound("no note at lab/a.md".into()).into(), 404),
            (EngineError::NotFound("no notebook in /srv/lab".into()).into(), 404),
            (EngineError::Exists("`lab` is there".into()).into(), 409),
            (EngineError::Held("/srv/lab is in use by process 1 (`cdx mount`)".into()).into(), 503),
            (EngineError::Invalid("`..`".into()).into(), 400),
            (EngineError::Closed.into(), 503),
            (EngineError::Index(sql).into(), 500),
            (IndexError::BadQuery("at 3: what".into()).into(), 400),
            (HistoryError::NotFound("no commit abc".into()).into(), 404),
            (SystemError::Refused("the last owner".into()).into(), 409),
            (store(libc::ENOENT), 404),
            (store(libc::EXDEV), 404),
            (store(libc::EACCES), 403),
            (store(libc::ENOSPC), 507),
            (store(libc::EROFS), 503),
            (store(libc::EIO), 500),
        ] as [(ApiError, u16); 16]
        {
            assert_eq!(error.status.as_u16(), status, "{error:?}");
            assert!(!error.detail.contains("/srv"), "{error:?}");
        }
    }
}
