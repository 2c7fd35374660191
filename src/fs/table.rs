//! The table of nodes that the kernel knows, and the cache of directory descriptors.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rustix::fs::{Mode, OFlags};

use super::error::{FsError, FsResult};
use super::node::{Name, Node, Parent, Real, What};
use super::tree::Place;
use crate::engine::Notebook;
use crate::sys::{FileKind, StoreStat};
use crate::types::NodeNumber;

/// The nodes that the kernel knows.
#[derive(Debug)]
pub struct NodeTable {
    nodes: DashMap<NodeNumber, Arc<Node>>,
    clock: AtomicU64,
    open_dirs: AtomicUsize,
    most_open_dirs: usize,
}

/// The number of a synthetic thing: the same for the same thing in every mount and after every start.
#[must_use]
pub fn synthetic_number(what: &impl Hash) -> NodeNumber {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    NodeNumber(hasher.finish() & (NodeNumber::SYNTHETIC_BIT - 1) | NodeNumber::SYNTHETIC_BIT)
}

/// The number of a synthetic directory.
#[must_use]
pub fn place_number(place: &Place) -> NodeNumber {
    if *place == Place::Root { NodeNumber::ROOT } else { synthetic_number(place) }
}

impl NodeTable {
    /// A table that keeps at most so many descriptors of directories.
    #[must_use]
    pub fn new(most_open_dirs: usize) -> Self {
        let root = Node::new(NodeNumber::ROOT, FileKind::Directory, What::Place(Place::Root));
        root.lookups.store(1, Ordering::Relaxed);
        let nodes = DashMap::new();
        nodes.insert(NodeNumber::ROOT, Arc::new(root));
        Self { nodes, clock: AtomicU64::new(1), open_dirs: AtomicUsize::new(0), most_open_dirs }
    }

    /// A node by its number.
    ///
    /// # Errors
    /// ESTALE: the kernel knows a number that this table does not.
    pub fn get(&self, number: NodeNumber) -> FsResult<Arc<Node>> {
        self.known(number).ok_or(FsError::plain(libc::ESTALE))
    }

    /// A node by its number, if it is known.
    #[must_use]
    pub fn known(&self, number: NodeNumber) -> Option<Arc<Node>> {
        self.nodes.get(&number).map(|node| Arc::clone(&node))
    }

    /// Every known node.
    pub fn for_each(&self, mut visit: impl FnMut(&Arc<Node>)) {
        self.nodes.iter().for_each(|node| visit(&node));
    }

    /// The node of something in the store, found by `name`; `told` counts one more mention to the kernel.
    pub fn real(&self, notebook: &Arc<Notebook>, stat: &StoreStat, found: Found, told: bool) -> Arc<Node> {
        let number = notebook.node_number(stat);
        let (name, scratch) = match found {
            Found::At(name) => (name, None),
            Found::Scratch(name, id) => (name, Some(id)),
        };
        let node = match self.nodes.entry(number) {
            Entry::Occupied(known) => {
                let node = Arc::clone(known.get());
                if let Some(real) = node.real() {
                    real.found_at(name);
                }
                node
            }
            Entry::Vacant(vacant) => {
                let real = Real::new(Arc::clone(notebook), Some(name), scratch);
                let node = Arc::new(Node::new(number, stat.kind, What::Real(real)));
                vacant.insert(Arc::clone(&node));
                node
            }
        };
        self.mention(&node, told)
    }

    /// The root of a notebook.
    ///
    /// # Errors
    /// What the store says.
    pub fn notebook_root(&self, notebook: &Arc<Notebook>, stat: &StoreStat, told: bool) -> FsResult<Arc<Node>> {
        let number = notebook.node_number(stat);
        if let Some(node) = self.known(number) {
            return Ok(self.mention(&node, told));
        }
        let fd = rustix::io::fcntl_dupfd_cloexec(notebook.dir.as_fd(), 3)?;
        let real = Real::new(Arc::clone(notebook), None, None);
        *real.dir_fd.lock() = Some(Arc::new(fd));
        real.dir_fd_used.store(u64::MAX, Ordering::Relaxed);
        let node = Node::new(number, FileKind::Directory, What::Real(real));
        let node = Arc::clone(self.nodes.entry(number).or_insert_with(|| Arc::new(node)).value());
        Ok(self.mention(&node, told))
    }

    /// The node of something synthetic.
    pub fn synthetic(&self, number: NodeNumber, kind: FileKind, what: What, told: bool) -> Arc<Node> {
        let node =
            Arc::clone(self.nodes.entry(number).or_insert_with(|| Arc::new(Node::new(number, kind, what))).value());
        self.mention(&node, told)
    }

    /// One more mention of a node to the kernel, where `told`.
    pub fn real_again(&self, node: &Arc<Node>, told: bool) -> Arc<Node> {
        self.mention(node, told)
    }

    fn mention(&self, node: &Arc<Node>, told: bool) -> Arc<Node> {
        if told {
            node.lookups.fetch_add(1, Ordering::AcqRel);
            // A concurrent forget may have taken it out between finding and counting it.
            self.nodes.entry(node.number).or_insert_with(|| Arc::clone(node));
        }
        Arc::clone(node)
    }

    /// The kernel has forgotten `mentions` of its mentions of a node.
    /// Whatever goes out of the table by it is shown to `gone`.
    pub fn forget(&self, number: NodeNumber, mentions: u64, gone: &dyn Fn(&Real)) {
        let Some(node) = self.known(number) else { return };
        let before = node.lookups.fetch_sub(mentions, Ordering::AcqRel);
        if before <= mentions && number != NodeNumber::ROOT {
            self.reap(node, gone);
        }
    }

    /// Drops a node that neither the kernel nor a child holds, then its parents likewise.
    fn reap(&self, node: Arc<Node>, show: &dyn Fn(&Real)) {
        // The two references are the table's and the caller's.
        let unused = |_: &NodeNumber, known: &Arc<Node>| {
            known.lookups.load(Ordering::Acquire) == 0 && Arc::strong_count(known) <= 2
        };
        let Some((_, gone)) = self.nodes.remove_if(&node.number, unused) else { return };
        drop(node);
        let Some(real) = gone.real() else { return };
        show(real);
        if !real.is_root() && real.dir_fd.lock().take().is_some() {
            self.open_dirs.fetch_sub(1, Ordering::Relaxed);
        }
        let parents = real.parents();
        drop(gone);
        parents
            .into_iter()
            .filter(|parent| parent.lookups.load(Ordering::Acquire) == 0)
            .for_each(|p| self.reap(p, show));
    }

    /// A descriptor of a directory (`O_PATH`), from the cache or opened through its parent's.
    ///
    /// # Errors
    /// ENOTDIR; ESTALE where it is no longer found where it was.
    pub fn dir_fd(&self, node: &Node) -> FsResult<Arc<OwnedFd>> {
        let real = node.real().ok_or(FsError::plain(libc::ENOTDIR))?;
        if node.kind != FileKind::Directory {
            return Err(FsError::plain(libc::ENOTDIR));
        }
        if let Some(fd) = real.dir_fd.lock().as_ref() {
            if !real.is_root() {
                real.dir_fd_used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            }
            return Ok(Arc::clone(fd));
        }
        let fd = Arc::new(self.open_dir(node, real)?);
        if real.dir_fd.lock().replace(Arc::clone(&fd)).is_none()
            && self.open_dirs.fetch_add(1, Ordering::Relaxed) >= self.most_open_dirs
        {
            self.close_oldest_dirs();
        }
        real.dir_fd_used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Ok(fd)
    }

    fn open_dir(&self, node: &Node, real: &Real) -> FsResult<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for name in real.names() {
            let Parent::Node(parent) = &name.parent else { continue };
            let Ok(above) = self.dir_fd(parent) else { continue };
            let Ok(fd) = rustix::fs::openat(&*above, &name.name, flags, Mode::empty()) else { continue };
            if StoreStat::of(&fd).is_ok_and(|stat| name.parent.notebook(real).node_number(&stat) == node.number) {
                return Ok(fd);
            }
        }
        Err(FsError::plain(libc::ESTALE))
    }

    /// Closes the half of the cached descriptors that were used longest ago.
    fn close_oldest_dirs(&self) {
        let mut open: Vec<(u64, Arc<Node>)> = Vec::new();
        self.for_each(|node| {
            if let Some(real) = node.real()
                && !real.is_root()
                && real.dir_fd.lock().is_some()
            {
                open.push((real.dir_fd_used.load(Ordering::Relaxed), Arc::clone(node)));
            }
        });
        open.sort_unstable_by_key(|(used, _)| *used);
        let half = open.len() / 2;
        for (_, node) in open.into_iter().take(half) {
            if node.real().is_some_and(|real| real.dir_fd.lock().take().is_some()) {
                self.open_dirs.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

/// How something in the store was found.
#[derive(Debug)]
pub enum Found {
    /// By this name.
    At(Name),
    /// As a scratch file of the tree.
    Scratch(Name, u64),
}
