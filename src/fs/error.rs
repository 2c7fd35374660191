//! One error for every operation of the mount: an error number and, where Codex itself refuses, the reason.

use crate::sys::StoreError;

use super::tree::Refused;

/// Why an operation failed.
#[derive(Debug)]
pub struct FsError {
    /// errno.
    pub errno: i32,
    /// Why, in words, where the number alone would not tell: kept for `.codex/last-error`.
    pub reason: Option<String>,
}

/// Results of the mount's operations.
pub type FsResult<T> = Result<T, FsError>;

impl FsError {
    /// A failure that the number explains.
    #[must_use]
    pub fn plain(errno: i32) -> Self {
        Self { errno, reason: None }
    }

    /// A refusal of Codex's own.
    #[must_use]
    pub fn refused(errno: i32, reason: impl Into<String>) -> Self {
        Self { errno, reason: Some(reason.into()) }
    }

    /// Nothing of that name.
    #[must_use]
    pub fn not_found() -> Self {
        Self::plain(libc::ENOENT)
    }
}

impl From<rustix::io::Errno> for FsError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self::plain(errno.raw_os_error())
    }
}

impl From<StoreError> for FsError {
    fn from(error: StoreError) -> Self {
        Self::plain(error.errno())
    }
}

impl From<Refused> for FsError {
    fn from(refused: Refused) -> Self {
        Self { errno: refused.errno, reason: Some(refused.reason) }
    }
}
