//! Refusals: one table from the engine's errors to numbers, and what each user was refused last.

use std::collections::HashMap;
use std::ffi::OsStr;

use parking_lot::Mutex;

use super::{Answer, Caller, Place};
use crate::engine::{Behind, EngineError};
use crate::history::HistoryError;

/// A refusal: the error number and the reason in words, which `.codex/last-error` keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// errno.
    pub errno: i32,
    /// Why, in words; empty where the number says it all (a name that is not there).
    pub reason: String,
}

impl Refused {
    /// A refusal with its reason.
    #[must_use]
    pub fn new(errno: i32, reason: impl Into<String>) -> Self {
        Self { errno, reason: reason.into() }
    }

    /// There is nothing of that name.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(libc::ENOENT, "")
    }

    /// It means nothing here.
    pub(super) fn meaningless(reason: impl Into<String>) -> Self {
        Self::new(libc::EPERM, reason)
    }

    /// Only to be read.
    pub(super) fn read_only(reason: impl Into<String>) -> Self {
        Self::new(libc::EROFS, reason)
    }

    /// The same refusal with the entry that it concerns in front of the reason.
    fn of(mut self, place: &Place, name: &OsStr) -> Self {
        if !self.reason.is_empty() {
            self.reason = format!("{}: {}", place.shown_entry(name), self.reason);
        }
        self
    }
}

/// Names the entry that an answer is about.
pub(super) trait About<T> {
    fn about(self, place: &Place, name: &OsStr) -> Answer<T>;
}

impl<T> About<T> for Answer<T> {
    fn about(self, place: &Place, name: &OsStr) -> Answer<T> {
        self.map_err(|refused| refused.of(place, name))
    }
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        let errno = match &error {
            EngineError::NotFound(_) => libc::ENOENT,
            EngineError::Exists(_) => libc::EEXIST,
            EngineError::NotEmpty(_) => libc::ENOTEMPTY,
            EngineError::Meaningless(_) => libc::EPERM,
            EngineError::Denied(_) => libc::EACCES,
            EngineError::Invalid(_) | EngineError::Edit(_) => libc::EINVAL,
            EngineError::ReadOnly(_) => libc::EROFS,
            EngineError::Full(_) => libc::EDQUOT,
            EngineError::Stale { .. } | EngineError::Conflict(_) | EngineError::Held(_) => libc::EBUSY,
            EngineError::Closed => libc::ENOTCONN,
            EngineError::Behind(_) => libc::EAGAIN,
            EngineError::Store(error) => error.errno(),
            EngineError::Broken(_) | EngineError::Index(_) | EngineError::History(_) => libc::EIO,
        };
        Self::new(errno, error.to_string())
    }
}

impl From<Behind> for Refused {
    fn from(behind: Behind) -> Self {
        Self::new(libc::EAGAIN, behind.to_string())
    }
}

impl From<HistoryError> for Refused {
    fn from(error: HistoryError) -> Self {
        let errno = match &error {
            HistoryError::NotFound(_) => return Self::not_found(),
            HistoryError::Conflict(_) => libc::EBUSY,
            HistoryError::Store(error) => error.errno(),
            HistoryError::Git { .. } | HistoryError::Damaged { .. } => libc::EIO,
        };
        Self::new(errno, error.to_string())
    }
}

impl From<crate::sys::StoreError> for Refused {
    fn from(error: crate::sys::StoreError) -> Self {
        Self::new(error.errno(), error.to_string())
    }
}

/// What each user was refused last.
#[derive(Debug, Default)]
pub(super) struct LastErrors {
    texts: Mutex<HashMap<u32, String>>,
}

impl LastErrors {
    pub(super) fn record(&self, caller: Caller, operation: &str, refused: &Refused) {
        if refused.reason.is_empty() {
            return;
        }
        let error = std::io::Error::from_raw_os_error(refused.errno);
        let time = crate::sys::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("{time} {operation}, process {}: {error}\n{}\n", caller.pid, refused.reason);
        self.texts.lock().insert(caller.uid, text);
    }

    pub(super) fn text(&self, uid: u32) -> String {
        self.texts.lock().get(&uid).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_is_told_what_was_refused_to_them_last() {
        let errors = LastErrors::default();
        let caller = |uid| Caller { uid, gid: 0, pid: 7 };
        errors.record(caller(1), "unlink", &Refused::meaningless("views/a.cdx/n.md: the view does not say on_remove"));
        errors.record(caller(1), "lookup", &Refused::not_found());
        assert!(errors.text(1).contains("unlink, process 7: Operation not permitted (os error 1)\nviews/a.cdx/n.md:"));
        assert_eq!(errors.text(2), "");
    }

    #[test]
    fn a_reason_names_the_entry() {
        let refused = Err::<(), _>(Refused::meaningless("no")).about(&Place::Tags, OsStr::new("x")).unwrap_err();
        assert_eq!(refused.reason, "tags/x: no");
        let missing = Err::<(), _>(Refused::not_found()).about(&Place::Tags, OsStr::new("x")).unwrap_err();
        assert_eq!(missing.reason, "");
    }
}
