//! Paths relative to a notebook, and names of notebooks.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::{Serialize, Serializer};

/// A path relative to its notebook's root: components joined by `/`, none empty, `.` or `..`, no NUL.
///
/// It holds bytes, since the store's names are bytes; the index takes only those that are UTF-8
/// ([`NotePath::to_str`]). The empty path is the notebook's root.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct NotePath(Box<[u8]>);

/// Why bytes are no [`NotePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotePathError {
    /// It begins with `/`.
    #[error("an absolute path; give it relative to the notebook")]
    Absolute,
    /// It has an empty, `.` or `..` component.
    #[error("a component is empty, `.` or `..`")]
    BadComponent,
    /// It has a NUL byte.
    #[error("it has a NUL byte")]
    Nul,
    /// A component is longer than 255 bytes.
    #[error("a component is longer than 255 bytes")]
    TooLong,
}

impl NotePath {
    /// The notebook's root.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Takes the bytes if they are a relative path.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, NotePathError> {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return Ok(Self::root());
        }
        if bytes[0] == b'/' {
            return Err(NotePathError::Absolute);
        }
        bytes.split(|&b| b == b'/').try_for_each(check_component)?;
        Ok(Self(bytes.into()))
    }

    /// This path with one more component.
    ///
    /// # Errors
    /// If `name` is no single component.
    pub fn join(&self, name: impl AsRef<[u8]>) -> Result<Self, NotePathError> {
        let name = name.as_ref();
        if name.contains(&b'/') {
            return Err(NotePathError::BadComponent);
        }
        check_component(name)?;
        Ok(Self(if self.is_root() { name.into() } else { [&*self.0, b"/", name].concat().into() }))
    }

    /// `self` below `base`: the components of both.
    #[must_use]
    pub fn below(&self, base: &Self) -> Self {
        match (base.is_root(), self.is_root()) {
            (true, _) => self.clone(),
            (_, true) => base.clone(),
            _ => Self([&*base.0, b"/", &*self.0].concat().into()),
        }
    }

    /// Whether it is the notebook's root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text, if it is UTF-8; only such paths are indexed.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// For system calls relative to the notebook's directory (`.` for the root).
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(if self.is_root() { b"." } else { &self.0 }))
    }

    /// The last component; empty for the root.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.0.rsplit(|&b| b == b'/').next().unwrap_or_default())
    }

    /// The folder it is in; the root's is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        self.0.iter().rposition(|&b| b == b'/').map_or_else(Self::root, |at| Self(self.0[..at].into()))
    }

    /// Its components, outermost first; none for the root.
    pub fn components(&self) -> impl Iterator<Item = &OsStr> {
        self.0.split(|&b| b == b'/').filter(|part| !part.is_empty()).map(OsStr::from_bytes)
    }

    /// What is left of it below `folder`, if it is in it (the root if it is `folder` itself).
    #[must_use]
    pub fn strip_prefix(&self, folder: &Self) -> Option<Self> {
        if folder.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(&*folder.0)?;
        match rest {
            [] => Some(Self::root()),
            [b'/', rest @ ..] => Some(Self(rest.into())),
            _ => None,
        }
    }
}

fn check_component(part: &[u8]) -> Result<(), NotePathError> {
    match part {
        b"" | b"." | b".." => Err(NotePathError::BadComponent),
        _ if part.contains(&0) => Err(NotePathError::Nul),
        _ if part.len() > 255 => Err(NotePathError::TooLong),
        _ => Ok(()),
    }
}

impl fmt::Display for NotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for NotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

impl Serialize for NotePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names that the mount root keeps for itself; no notebook may bear one.
pub const RESERVED_NAMES: [&str; 3] = ["tags", "views", ".codex"];

/// The name of a notebook: its folder's name in the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct NotebookName(String);

/// Why a name cannot be a notebook's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotebookNameError {
    /// The mount root uses the name.
    #[error("`{0}` is reserved: the mount shows tags, views and .codex beside the notebooks")]
    Reserved(String),
    /// It begins with a dot.
    #[error("`{0}` is hidden: a notebook's name does not begin with a dot")]
    Hidden(String),
    /// It is empty, too long, not UTF-8, or has `/`, NUL or a control character.
    #[error("`{0}` is no folder name: use 1 to 255 bytes of text without `/` and control characters")]
    Malformed(String),
}

impl NotebookName {
    /// Takes the name if it can be a notebook's.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str) -> Result<Self, NotebookNameError> {
        let shown = || name.escape_debug().to_string();
        if name.is_empty() || name.len() > 255 || name.contains('/') || name.chars().any(char::is_control) {
            return Err(NotebookNameError::Malformed(shown()));
        }
        if RESERVED_NAMES.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(NotebookNameError::Reserved(shown()));
        }
        if name.starts_with('.') {
            return Err(NotebookNameError::Hidden(shown()));
        }
        Ok(Self(name.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NotebookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_would_leave_the_notebook_are_refused() {
        for (bytes, error) in [
            ("/etc", NotePathError::Absolute),
            ("a/../b", NotePathError::BadComponent),
            ("a//b", NotePathError::BadComponent),
            ("a/", NotePathError::BadComponent),
            (".", NotePathError::BadComponent),
            ("a\0", NotePathError::Nul),
        ] {
            assert_eq!(NotePath::new(bytes), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn parts_of_a_path() {
        let path = NotePath::new("runs/2026/a.md").unwrap();
        assert_eq!(path.name(), "a.md");
        assert_eq!(path.parent(), NotePath::new("runs/2026").unwrap());
        assert_eq!(path.strip_prefix(&NotePath::new("runs").unwrap()), Some(NotePath::new("2026/a.md").unwrap()));
        assert_eq!(path.strip_prefix(&NotePath::new("run").unwrap()), None);
        assert_eq!(path.components().count(), 3);
        assert_eq!(NotePath::new("x").unwrap().parent(), NotePath::root());
    }

    #[test]
    fn notebook_names_leave_the_mount_root_its_own() {
        assert!(NotebookName::new("lab").is_ok());
        for bad in ["tags", "Views", ".codex", ".git", "", "a/b", "a\nb"] {
            assert!(NotebookName::new(bad).is_err(), "{bad:?}");
        }
    }
}
