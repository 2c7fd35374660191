//! What goes wrong with a history repository, and how libgit2's errors get their context.

/// What went wrong with a history repository.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// libgit2 refused.
    #[error("history {repository}: cannot {action}: {source}")]
    Git {
        /// Which repository.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// Why not.
        source: git2::Error,
    },
    /// The repository is damaged, or the `git` program refused.
    #[error("history {repository}: {problem}")]
    Damaged {
        /// Which repository.
        repository: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// No such file, revision or commit.
    #[error("{0}")]
    NotFound(String),
    /// Later edits of the same file do not merge with what was asked for.
    #[error("{0}")]
    Conflict(String),
    /// A file of the repository could not be read or written.
    #[error(transparent)]
    Store(#[from] crate::sys::StoreError),
}

/// Inside the module: libgit2's error before it is told which repository and action it concerns.
#[derive(Debug)]
pub(super) enum Fault {
    /// As libgit2 gave it.
    Git(git2::Error),
    /// Ready to be handed out.
    Told(HistoryError),
}

/// The result of one step of a larger action.
pub(super) type Step<T> = Result<T, Fault>;

impl From<git2::Error> for Fault {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

impl From<HistoryError> for Fault {
    fn from(error: HistoryError) -> Self {
        Self::Told(error)
    }
}

impl From<crate::sys::StoreError> for Fault {
    fn from(error: crate::sys::StoreError) -> Self {
        Self::Told(error.into())
    }
}

/// A step's answer where the object may be missing: `None` then.
pub(super) fn optional<T>(result: Result<T, git2::Error>) -> Result<Option<T>, git2::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
