//! Which note the text of a symbolic link means. The text is relative to a folder that nobody tells (the caller's, or
//! the link's own), so it is matched by its ends: a path in a notebook, a path that ends so, a name.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use super::inner::Inner;
use super::{Answer, Refused};
use crate::engine::catalog::CatalogFile;
use crate::types::NotePath;

impl Inner {
    /// The note that a link's text means.
    ///
    /// # Errors
    /// EINVAL where it is none, or may be several.
    pub(super) fn note_meant(&self, target: &OsStr) -> Answer<Arc<CatalogFile>> {
        let parts = normalised(target.as_bytes());
        let shown = target.display();
        let name = parts.last().ok_or_else(|| Refused::new(libc::EINVAL, "the link points to no file"))?;
        for (at, part) in parts.iter().enumerate() {
            if let Some(file) = self.in_notebook(part, &parts[at + 1..]) {
                return Ok(file);
            }
        }
        // `../b/n.md`, `n.md`: an entry of another folder, or relative to where the caller stands.
        let named = self.named(OsStr::from_bytes(name));
        let mut fitting: Vec<&Arc<CatalogFile>> =
            named.iter().filter(|file| ends_so(file.path.as_bytes(), &parts)).collect();
        if fitting.is_empty() && parts.iter().any(|part| *part == b"tags" || *part == b"views") {
            fitting = named.iter().collect();
        }
        match (fitting.as_slice(), named.as_slice()) {
            ([file], _) => Ok(Arc::clone(file)),
            ([], [file]) if is_relative(target) => Ok(Arc::clone(file)),
            ([], _) => Err(Refused::new(
                libc::EINVAL,
                format!("`{shown}` is no note of this workspace: link to a file in one of its notebooks"),
            )),
            _ => Err(Refused::new(
                libc::EINVAL,
                format!("`{shown}` may be any of {} notes: give its path from the notebook on", fitting.len()),
            )),
        }
    }

    fn in_notebook(&self, notebook: &[u8], path: &[&[u8]]) -> Option<Arc<CatalogFile>> {
        let notebook = self.engine.notebook_named(std::str::from_utf8(notebook).ok()?)?;
        let path = NotePath::new(path.join(&b'/')).ok().filter(|path| !path.is_root())?;
        self.catalog().file(self.catalog().by_path(notebook.number, &path)?)
    }

    /// Notes of a name, plain or qualified.
    fn named(&self, name: &OsStr) -> Vec<Arc<CatalogFile>> {
        let named = self.catalog().by_name(name);
        if !named.is_empty() {
            return named;
        }
        let bare = crate::engine::catalog::names::Qualified::parse(name).map(|qualified| qualified.bare());
        let named = bare.map(|bare| self.catalog().by_name(OsStr::from_bytes(&bare))).unwrap_or_default();
        named.into_iter().filter(|file| file.qualified_name() == name).collect()
    }
}

fn is_relative(target: &OsStr) -> bool {
    !target.as_bytes().starts_with(b"/")
}

/// The components of a path, without `.` and with `..` taken in; leading `..` are dropped.
fn normalised(path: &[u8]) -> Vec<&[u8]> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}

/// Whether a path ends in these components.
fn ends_so(path: &[u8], parts: &[&[u8]]) -> bool {
    let mut own = path.rsplit(|&byte| byte == b'/');
    parts.iter().rev().all(|part| own.next() == Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised() {
        let joined = |path: &str| String::from_utf8(normalised(path.as_bytes()).join(&b'/')).unwrap();
        assert_eq!(joined("../../lab/./runs//a.md"), "lab/runs/a.md");
        assert_eq!(joined("/mnt/lab/x/../a.md"), "mnt/lab/a.md");
        assert_eq!(joined(".."), "");
    }

    #[test]
    fn a_path_ends_by_components() {
        assert!(ends_so(b"lab/runs/a.md", &[b"runs", b"a.md"]) && ends_so(b"a.md", &[b"a.md"]));
        assert!(!ends_so(b"lab/myruns/a.md", &[b"runs", b"a.md"]) && !ends_so(b"a.md", &[b"x", b"a.md"]));
    }
}
