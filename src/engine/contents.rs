//! A file's bytes as they are served, and what tells one version of them from another.

use std::fmt;

use sha2::{Digest, Sha256};

use super::read::HASHED_MAX;
use super::{Engine, EngineError, Notebook};
use crate::index::notebook::IndexedStat;
use crate::sys::{OpenFile, StoreStat};
use crate::types::{ContentHash, NotePath};

/// Files up to this size are read at once, so that what is served is one version of them whole. 1 MiB.
const AT_ONCE: u64 = 1 << 20;

/// A file held open.
#[derive(Debug)]
pub struct Contents {
    /// To be read from.
    pub file: OpenFile,
    /// How large it was when it was opened, in bytes.
    pub size: u64,
    /// Its beginning; all of it where it is no larger than this.
    pub head: Vec<u8>,
    /// Of the bytes.
    pub version: ContentVersion,
}

/// What tells one version of a file's bytes from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentVersion {
    /// SHA-256.
    Hash(ContentHash),
    /// Of a file too large to be read for that: what the store says of it.
    Attributes {
        /// Bytes.
        size: u64,
        /// Nanoseconds.
        mtime_ns: i64,
        /// Nanoseconds.
        ctime_ns: i64,
    },
}

impl fmt::Display for ContentVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => hash.fmt(f),
            Self::Attributes { size, mtime_ns, ctime_ns } => write!(f, "{size:x}-{mtime_ns:x}-{ctime_ns:x}"),
        }
    }
}

impl Contents {
    /// Whether `head` is all of it.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.head.len() as u64 == self.size
    }
}

impl Engine {
    /// Opens a file to serve its bytes.
    ///
    /// # Errors
    /// The store's; the index's.
    pub fn open_contents(&self, notebook: &Notebook, path: &NotePath) -> Result<Contents, EngineError> {
        let file = notebook.dir.open_regular(path)?;
        let head = file.read_at(0, usize::try_from(AT_ONCE).unwrap_or(usize::MAX))?;
        // After the bytes: where the index has seen just this, its hash is theirs.
        let stat = file.stat()?;
        let size = if (head.len() as u64) < AT_ONCE { head.len() as u64 } else { stat.size };
        let indexed = notebook.reader.stat_of(path)?.filter(|row| is_of(row, &stat)).and_then(|row| row.hash);
        let version = match indexed {
            Some(hash) if size == stat.size => ContentVersion::Hash(hash),
            _ if size == head.len() as u64 => ContentVersion::Hash(ContentHash(Sha256::digest(&head).into())),
            _ if size <= HASHED_MAX => ContentVersion::Hash(hash_of(&file)?),
            _ => ContentVersion::Attributes { size, mtime_ns: stat.mtime_ns, ctime_ns: stat.ctime_ns },
        };
        Ok(Contents { file, size, head, version })
    }
}

fn is_of(row: &IndexedStat, stat: &StoreStat) -> bool {
    (row.store, row.size, row.mtime_ns, row.ctime_ns) == (stat.key, stat.size, stat.mtime_ns, stat.ctime_ns)
}

fn hash_of(file: &OpenFile) -> Result<ContentHash, EngineError> {
    let mut hasher = Sha256::new();
    let mut at = 0;
    loop {
        let part = file.read_at(at, 1 << 20)?;
        if part.is_empty() {
            return Ok(ContentHash(hasher.finalize().into()));
        }
        at += part.len() as u64;
        hasher.update(&part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::edit::scratch::{Workspace, path};
    use crate::sys::Replace;

    #[test]
    fn a_version_is_the_hash_of_what_is_there_whether_the_index_knows_it_or_not() {
        let w = Workspace::holding(&[("lab/a.md", "one")]);
        let lab = w.notebook("lab");
        let open = || w.engine.open_contents(&lab, &path("a.md")).unwrap();
        let of = |text: &str| ContentVersion::Hash(ContentHash(Sha256::digest(text).into()));
        assert_eq!((open().version, open().is_whole(), open().size), (of("one"), true, 3));
        lab.dir.write_durably(&path("a.md"), b"another", Replace::KeepAttributes).unwrap();
        assert_eq!((open().version, open().head.as_slice()), (of("another"), &b"another"[..]));
        let large = "x".repeat(3 << 20);
        lab.dir.write_durably(&path("a.md"), large.as_bytes(), Replace::KeepAttributes).unwrap();
        assert_eq!((open().version, open().is_whole(), open().size), (of(&large), false, 3 << 20));
    }
}
