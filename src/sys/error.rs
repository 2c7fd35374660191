//! I/O errors that say what was attempted and on what.

use std::io;
use std::path::{Path, PathBuf};

/// A system call on a file of the store failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct StoreError {
    /// What was attempted, as in "cannot {action} …".
    pub action: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl StoreError {
    /// The error number of the failed call (EIO where there is none).
    #[must_use]
    pub fn errno(&self) -> i32 {
        self.source.raw_os_error().unwrap_or(libc::EIO)
    }

    /// Whether a flush to disk failed: what of the file is there is not known.
    #[must_use]
    pub fn is_failed_flush(&self) -> bool {
        self.action.starts_with("fsync")
    }

    /// Whether the file or a folder on the way to it does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.errno(), libc::ENOENT | libc::ENOTDIR)
    }
}

/// Adds what was attempted to an I/O error.
pub trait IoContext<T> {
    /// `cannot {action} {path}: …`
    ///
    /// # Errors
    /// The error it was called on, with its context.
    fn context(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, StoreError>;

    /// The same, with a path that is made only for an error.
    ///
    /// # Errors
    /// The error it was called on, with its context.
    fn context_with<P: Into<PathBuf>>(self, action: &'static str, path: impl FnOnce() -> P) -> Result<T, StoreError>;
}

impl<T, E: Into<io::Error>> IoContext<T> for Result<T, E> {
    fn context(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, StoreError> {
        self.map_err(|source| StoreError { action, path: path.as_ref().to_owned(), source: source.into() })
    }

    fn context_with<P: Into<PathBuf>>(self, action: &'static str, path: impl FnOnce() -> P) -> Result<T, StoreError> {
        self.map_err(|source| StoreError { action, path: path().into(), source: source.into() })
    }
}
