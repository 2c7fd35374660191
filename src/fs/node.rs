//! Nodes: what the kernel knows by number.

use std::any::Any;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::tree::{PastFile, Place, TextFile};
use crate::engine::Notebook;
use crate::sys::{Dir, FileKind, StoreStat};
use crate::types::{NodeNumber, NotePath};

/// Something that the kernel knows by number.
#[derive(Debug)]
pub struct Node {
    /// Its number: the inode number that users see.
    pub number: NodeNumber,
    /// File, directory, …
    pub kind: FileKind,
    /// What it is.
    pub what: What,
    /// How many times the kernel has been told of it and has not forgotten it.
    pub(super) lookups: AtomicU64,
}

/// What a node is.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all nodes are of the store")]
pub enum What {
    /// Something in the store.
    Real(Real),
    /// A synthetic directory.
    Place(Place),
    /// A generated file.
    Text(TextFile),
    /// A recorded version of a file.
    Past(PastFile),
    /// A synthetic or recorded symbolic link.
    Symlink(Vec<u8>),
}

/// Something in the store.
#[derive(Debug)]
pub struct Real {
    /// The notebook in which it was first met; see [`Node::notebook`] for the one that it is in.
    pub notebook: Arc<Notebook>,
    /// A file that is being made in a synthetic folder: its id in the tree.
    pub scratch: Option<u64>,
    /// Where it can be found, the latest last; the notebook's root has none.
    names: Mutex<Vec<Name>>,
    /// A directory's descriptor, while it is in the cache.
    pub(super) dir_fd: Mutex<Option<Arc<OwnedFd>>>,
    /// When the descriptor was last used, on the table's own clock.
    pub(super) dir_fd_used: AtomicU64,
    /// What kernel and engine have been told of its contents.
    pub(super) told: Mutex<Told>,
    /// Open handles.
    pub(super) open: Mutex<OpenFiles>,
    /// Its names in tag folders that the kernel may hold.
    pub(super) leased: Mutex<Vec<super::leases::Entry>>,
}

/// A name of a file: a directory and an entry.
#[derive(Clone, Debug)]
pub struct Name {
    /// In which directory.
    pub parent: Parent,
    /// The entry.
    pub name: OsString,
}

/// A directory that holds a name.
#[derive(Clone, Debug)]
pub enum Parent {
    /// A directory of the real tree. Held, so that a name never outlives the way to it.
    Node(Arc<Node>),
    /// A notebook's `.codex/tmp`.
    Tmp(Arc<Dir>),
}

impl Parent {
    /// The notebook in which a file of this directory is by now; `real` is that file.
    pub(super) fn notebook(&self, real: &Real) -> Arc<Notebook> {
        match self {
            Self::Node(node) => node.notebook().unwrap_or_else(|| Arc::clone(&real.notebook)),
            Self::Tmp(_) => Arc::clone(&real.notebook),
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Node(a), Self::Node(b)) => a.number == b.number,
            (Self::Tmp(a), Self::Tmp(b)) => Arc::ptr_eq(a, b),
            (Self::Node(_), Self::Tmp(_)) | (Self::Tmp(_), Self::Node(_)) => false,
        }
    }
}

/// The part of a stat that tells whether contents changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Size in bytes.
    pub size: u64,
    /// mtime, nanoseconds.
    pub mtime_ns: i64,
    /// ctime, nanoseconds.
    pub ctime_ns: i64,
}

impl From<&StoreStat> for Version {
    fn from(stat: &StoreStat) -> Self {
        Self { size: stat.size, mtime_ns: stat.mtime_ns, ctime_ns: stat.ctime_ns }
    }
}

/// What kernel and engine have been told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// The version whose attributes the kernel holds.
    pub attributes: Option<Version>,
    /// The version whose pages the kernel may hold.
    pub pages: Option<Version>,
    /// The version that the engine was told of.
    pub engine: Option<Version>,
}

/// A backing file registered with the kernel for passthrough; the adapter knows its type.
pub type Backing = Arc<dyn Any + Send + Sync>;

/// The open handles of a file.
#[derive(Debug, Default)]
pub struct OpenFiles {
    /// Descriptors of the open handles, by handle number.
    pub files: Vec<(u64, Arc<OwnedFd>)>,
    /// How many of them may write.
    pub writers: usize,
    /// The backing file that all passthrough handles share, and whether it can be written.
    pub backing: Option<(Backing, bool)>,
    /// Handles that go through the page cache; passthrough and cached ones exclude each other.
    pub cached: usize,
}

impl Node {
    pub(super) fn new(number: NodeNumber, kind: FileKind, what: What) -> Self {
        Self { number, kind, what, lookups: AtomicU64::new(0) }
    }

    /// The part of it that is in the store.
    #[must_use]
    pub fn real(&self) -> Option<&Real> {
        match &self.what {
            What::Real(real) => Some(real),
            What::Place(_) | What::Text(_) | What::Past(_) | What::Symlink(_) => None,
        }
    }

    /// The synthetic directory that it is.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match &self.what {
            What::Place(place) => Some(place),
            What::Real(_) | What::Text(_) | What::Past(_) | What::Symlink(_) => None,
        }
    }

    /// Its path in its notebook, by the latest of its names; `None` if it has lost its name, is a scratch file or
    /// synthetic.
    #[must_use]
    pub fn path(&self) -> Option<NotePath> {
        self.in_notebook().map(|(_, path)| path)
    }

    /// The notebook that it is in by now: it, or a directory above it, may have been moved from another.
    #[must_use]
    pub fn notebook(&self) -> Option<Arc<Notebook>> {
        self.walk_up(|_| ()).or_else(|| self.real().map(|real| Arc::clone(&real.notebook)))
    }

    /// The notebook that it is in by now, and its path there.
    #[must_use]
    pub fn in_notebook(&self) -> Option<(Arc<Notebook>, NotePath)> {
        let mut parts: Vec<OsString> = Vec::new();
        let notebook = self.walk_up(|part| parts.push(part))?;
        let joined = parts.iter().rev().map(|part| part.as_encoded_bytes()).collect::<Vec<_>>().join(&b'/');
        Some((notebook, NotePath::new(joined).ok()?))
    }

    /// Visits the names from it up to the root of its notebook.
    fn walk_up(&self, mut visit: impl FnMut(OsString)) -> Option<Arc<Notebook>> {
        let real = self.real()?;
        let Some(mut name) = real.name() else { return real.is_root().then(|| Arc::clone(&real.notebook)) };
        loop {
            visit(name.name);
            let Parent::Node(parent) = name.parent else { return None };
            let above = parent.real()?;
            match above.name() {
                Some(next) => name = next,
                None => return above.is_root().then(|| Arc::clone(&above.notebook)),
            }
        }
    }
}

impl Real {
    pub(super) fn new(notebook: Arc<Notebook>, name: Option<Name>, scratch: Option<u64>) -> Self {
        Self {
            notebook,
            scratch,
            names: Mutex::new(name.into_iter().collect()),
            dir_fd: Mutex::default(),
            dir_fd_used: AtomicU64::new(0),
            told: Mutex::default(),
            open: Mutex::default(),
            leased: Mutex::default(),
        }
    }

    /// The root of a notebook keeps its descriptor for ever and has no name.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.dir_fd_used.load(Ordering::Relaxed) == u64::MAX
    }

    /// The latest name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        self.names.lock().last().cloned()
    }

    /// All names, the latest first.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        self.names.lock().iter().rev().cloned().collect()
    }

    /// Visits the names, without a copy of them.
    pub(super) fn each_name(&self, visit: impl FnMut(&Name)) {
        self.names.lock().iter().for_each(visit);
    }

    /// Takes note that it was found by this name.
    pub(super) fn found_at(&self, name: Name) {
        let mut names = self.names.lock();
        if names.last().is_some_and(|last| last.name == name.name && last.parent.is(&name.parent)) {
            return;
        }
        names.retain(|known| !(known.name == name.name && known.parent.is(&name.parent)));
        if names.len() >= MOST_NAMES {
            names.remove(0);
        }
        names.push(name);
    }

    /// Takes note that it no longer bears this name.
    pub(super) fn lost(&self, parent: NodeNumber, name: &OsStr) {
        self.names.lock().retain(|known| {
            !(known.name == name && matches!(&known.parent, Parent::Node(node) if node.number == parent))
        });
    }

    /// Takes note that it was renamed: a directory has one name.
    pub(super) fn renamed(&self, from: (NodeNumber, &OsStr), to: Name) {
        self.lost(from.0, from.1);
        self.found_at(to);
    }

    /// The parents that its names hold.
    pub(super) fn parents(&self) -> Vec<Arc<Node>> {
        let names = self.names.lock();
        names
            .iter()
            .filter_map(|name| match &name.parent {
                Parent::Node(node) => Some(Arc::clone(node)),
                Parent::Tmp(_) => None,
            })
            .collect()
    }
}

/// A file with very many hard links is found by the latest of them.
const MOST_NAMES: usize = 8;
