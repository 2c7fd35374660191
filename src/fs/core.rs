//! The filesystem proper: one operation of the kernel's protocol is one method, without fuser.
//! The real tree is answered here; what is synthetic is asked of [`Tree`].

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dashmap::DashMap;

use super::attr::{Attr, EntryReply};
use super::caches::SharedCaches;
use super::error::{FsError, FsResult};
use super::handle::HandleTable;
use super::leases::{Leases, Mark};
use super::node::{Name, Node, Parent, Real, Version, What};
use super::table::{self, NodeTable, place_number, synthetic_number};
use super::tree::{Caller, Found, Place, Scratch, Tree};
use crate::engine::{Change, ChangeOp, Engine, Notebook, Requester};
use crate::sys::{Credentials, FileKind, StoreStat, login_of};
use crate::types::{Actor, FileKey, NodeNumber, NotePath, StoreKey};

/// How a mount behaves.
#[derive(Clone, Debug, Default)]
pub struct MountOptions {
    /// Nothing can be written through it.
    pub read_only: bool,
    /// Other users may use it, with the store's permissions.
    pub allow_other: bool,
    /// Extended attributes are answered as "not supported", which the kernel remembers: build trees gain most.
    pub no_xattr: bool,
}

/// A request's origin.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Who calls.
    pub caller: Caller,
    /// The caller's umask, where the request creates something.
    pub umask: u32,
}

impl Context {
    pub(super) fn credentials(self) -> Credentials {
        Credentials { uid: self.caller.uid, gid: self.caller.gid, umask: self.umask }
    }
}

/// A mounted workspace.
#[derive(Debug)]
pub struct Core {
    pub(super) engine: Arc<Engine>,
    pub(super) tree: Tree,
    pub(super) nodes: NodeTable,
    pub(super) handles: HandleTable,
    pub(super) caches: SharedCaches,
    pub(super) leases: Leases,
    pub(super) options: MountOptions,
    pub(super) open_stores: DashMap<StoreKey, usize>,
    pub(super) all_watches_hold: AtomicBool,
    requesters: DashMap<u32, Requester>,
}

/// How long the kernel may hold to what it was told while changes behind the mount are seen by watches.
const LONG: Duration = Duration::from_secs(3600);
/// … and while they are not.
const SHORT: Duration = Duration::from_secs(1);
/// A file that becomes a note does so within some milliseconds.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);

impl Core {
    /// The filesystem of a workspace.
    #[must_use]
    pub fn new(engine: Arc<Engine>, caches: SharedCaches, options: MountOptions, most_open_dirs: usize) -> Self {
        let tree = Tree::new(Arc::clone(&engine), Arc::clone(&caches) as _, options.read_only);
        Self {
            engine,
            tree,
            nodes: NodeTable::new(most_open_dirs),
            handles: HandleTable::default(),
            caches,
            leases: Leases::default(),
            options,
            open_stores: DashMap::new(),
            all_watches_hold: AtomicBool::new(true),
            requesters: DashMap::new(),
        }
    }

    /// The synthetic tree.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The workspace's engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// How the mount behaves.
    #[must_use]
    pub fn options(&self) -> &MountOptions {
        &self.options
    }

    /// Whether a request on this node may wait, so that it must not hold up a thread of the real tree.
    #[must_use]
    pub fn may_wait(&self, number: NodeNumber) -> bool {
        if !number.is_synthetic() {
            return false;
        }
        match self.nodes.known(number).as_ref().and_then(|node| node.place()) {
            Some(Place::Root | Place::Codex) | None => false,
            Some(Place::Tags | Place::Tag(_) | Place::Views) => !self.engine.is_caught_up(),
            Some(_) => true,
        }
    }

    /// How long names and attributes of the real tree may be cached.
    pub(super) fn ttl(&self) -> Duration {
        if self.all_watches_hold.load(Ordering::Relaxed) { LONG } else { SHORT }
    }

    /// Who makes the changes of a caller, as the history names it.
    pub(super) fn requester(&self, caller: Caller) -> Requester {
        if caller.uid == rustix::process::geteuid().as_raw() {
            return self.engine.default_requester();
        }
        self.requesters
            .entry(caller.uid)
            .or_insert_with(|| {
                let name = login_of(caller.uid).unwrap_or_else(|| format!("uid {}", caller.uid));
                Requester { actor: Actor::User(name), gesture: None }
            })
            .clone()
    }

    /// Tells the engine of a change.
    pub(super) fn note(&self, notebook: &Notebook, op: ChangeOp, path: NotePath, by: Requester) {
        self.engine.note(Change { notebook: notebook.number, op, path, by });
    }

    pub(super) fn writable(&self) -> FsResult<()> {
        if self.options.read_only { Err(FsError::plain(libc::EROFS)) } else { Ok(()) }
    }

    /// The same for something in the store: its notebook may be read only by itself.
    pub(super) fn writable_at(&self, node: &Node) -> FsResult<()> {
        self.writable()?;
        let reason = node.notebook().and_then(|notebook| notebook.why_read_only());
        reason.map_or(Ok(()), |reason| Err(FsError::refused(libc::EROFS, reason)))
    }

    // ---- attributes ----

    /// Attributes of something in the store as the mount shows them, and a note of what the kernel was told.
    pub(super) fn attr_of(&self, node: &Node, stat: &StoreStat) -> Attr {
        if let Some(real) = node.real() {
            real.told.lock().attributes = Some(Version::from(stat));
        }
        Attr::of(stat, node.number, self.nlink(node.number, stat))
    }

    /// The store's links, its tags, and one if a view shows it; 0 once it is really gone.
    fn nlink(&self, number: NodeNumber, stat: &StoreStat) -> u32 {
        if stat.kind != FileKind::File || stat.nlink == 0 {
            return if stat.kind == FileKind::Directory { stat.nlink.max(2) } else { stat.nlink };
        }
        let catalog = self.engine.catalog();
        let synthetic = catalog.by_node(number).map_or(0, |file| catalog.synthetic_links(file));
        stat.nlink.saturating_add(synthetic)
    }

    pub(super) fn real_entry(&self, node: &Node, stat: &StoreStat) -> EntryReply {
        let ttl = self.ttl();
        EntryReply { attr: Some(self.attr_of(node, stat)), entry_ttl: ttl, attr_ttl: ttl }
    }

    /// Attributes of anything.
    ///
    /// # Errors
    /// ESTALE, ENOENT where it is gone; the store's.
    pub fn getattr(&self, number: NodeNumber, handle: Option<u64>) -> FsResult<(Attr, Duration)> {
        let node = self.nodes.get(number)?;
        if let Some(real) = node.real() {
            let stat = self.stat(&node, real, handle)?;
            return Ok((self.attr_of(&node, &stat), self.ttl()));
        }
        let mark = self.leases.mark();
        let attr = self.synthetic_attr(&node).map_err(|error| match node.place() {
            // The kernel holds to the name of a tag's folder. Where the tag is gone, a note may have the name by now: told
            // so, the kernel looks the path up anew.
            Some(place) if error.errno == libc::ENOENT && is_plain_tag(place) => FsError::plain(libc::ESTALE),
            _ => error,
        })?;
        Ok((attr, self.folder_ttl(&node, mark)))
    }

    pub(super) fn synthetic_attr(&self, node: &Node) -> FsResult<Attr> {
        let attr = |perm, size, time| Attr::synthetic(node.number, node.kind, perm, size, time);
        Ok(match &node.what {
            What::Place(place) => attr(self.tree.permissions(place), 0, self.tree.changed_ns(place)?),
            What::Text(file) => attr(0o444, self.tree.text(file).len() as u64, now_ns()),
            What::Past(past) => {
                let notebook = self.engine.notebook(past.notebook).ok_or(FsError::not_found())?;
                let size = notebook.history.blob_size(past.blob).map_err(|_| FsError::not_found())?;
                attr(if past.executable { 0o555 } else { 0o444 }, size, past.time_ns)
            }
            What::Symlink(target) => attr(0o777, target.len() as u64, 0),
            What::Real(_) => return Err(FsError::plain(libc::EIO)),
        })
    }

    /// What the store says of a node: by an open handle, else by one of its names.
    pub(super) fn stat(&self, node: &Node, real: &Real, handle: Option<u64>) -> FsResult<StoreStat> {
        if let Some(handle) = handle
            && let Ok(handle) = self.handles.get(handle)
            && let Ok(file) = handle.file()
        {
            return Ok(StoreStat::of(&*file.file)?);
        }
        if node.kind == FileKind::Directory && real.is_root() {
            return Ok(StoreStat::of(real.notebook.dir.as_fd())?);
        }
        for name in real.names() {
            let Ok(dir) = self.parent_fd(&name.parent) else { continue };
            if let Ok(stat) = StoreStat::at(dir.as_fd(), &name.name)
                && name.parent.notebook(real).node_number(&stat) == node.number
            {
                return Ok(stat);
            }
        }
        let open = real.open.lock().files.last().map(|(_, file)| Arc::clone(file));
        if let Some(file) = open {
            return Ok(StoreStat::of(&*file)?);
        }
        if let Some(fd) = real.dir_fd.lock().clone() {
            return Ok(StoreStat::of(&*fd)?);
        }
        Err(self.stale(real))
    }

    /// The refusal of a node that is not found where it was. The kernel looks its name up once more: by then a file that
    /// is becoming a note at this moment is to have become it.
    fn stale(&self, real: &Real) -> FsError {
        if let Some(id) = real.scratch {
            self.tree.wait_until_settled(id, SETTLED_WITHIN);
        }
        FsError::plain(libc::ESTALE)
    }

    /// Where a node is now: a directory's descriptor and the name in it, checked to lead to the node.
    pub(super) fn locate(&self, node: &Node) -> FsResult<(ParentFd, OsString, StoreStat)> {
        let real = node.real().ok_or(FsError::plain(libc::EPERM))?;
        for name in real.names() {
            let Ok(dir) = self.parent_fd(&name.parent) else { continue };
            if let Ok(stat) = StoreStat::at(dir.as_fd(), &name.name)
                && name.parent.notebook(real).node_number(&stat) == node.number
            {
                return Ok((dir, name.name, stat));
            }
        }
        Err(self.stale(real))
    }

    pub(super) fn parent_fd(&self, parent: &Parent) -> FsResult<ParentFd> {
        Ok(match parent {
            Parent::Node(node) => ParentFd::Cached(self.nodes.dir_fd(node)?),
            Parent::Tmp(dir) => ParentFd::Tmp(Arc::clone(dir)),
        })
    }

    // ---- lookup ----

    /// What `name` in a directory is.
    ///
    /// # Errors
    /// ENOTDIR, EAGAIN, the store's; "there is nothing" in the real tree is an answer, not an error.
    pub fn lookup(&self, ctx: Context, parent: NodeNumber, name: &OsStr) -> FsResult<EntryReply> {
        let parent = self.nodes.get(parent)?;
        match &parent.what {
            What::Real(_) => self.lookup_real(&parent, name),
            What::Place(place) => {
                let mark = self.leases.mark();
                let mut reply = self.lookup_in(place, name, ctx.caller)?;
                self.lease(&parent, name, mark, &mut reply);
                Ok(reply)
            }
            What::Text(_) | What::Past(_) | What::Symlink(_) => Err(FsError::plain(libc::ENOTDIR)),
        }
    }

    fn lookup_in(&self, place: &Place, name: &OsStr, caller: Caller) -> FsResult<EntryReply> {
        let found = self.tree.lookup(place, name, caller)?;
        let Found::Scratch(Scratch { id, .. }) = found else { return self.entry_of(found, true) };
        match self.entry_of(found, true) {
            // It is becoming a note at this moment: it has left its place, and the note is not shown yet.
            Err(error) if error.errno == libc::ENOENT => {
                self.tree.wait_until_settled(id, SETTLED_WITHIN);
                self.entry_of(self.tree.lookup(place, name, caller)?, true)
            }
            other => other,
        }
    }

    fn lookup_real(&self, parent: &Arc<Node>, name: &OsStr) -> FsResult<EntryReply> {
        if is_hidden(parent, name) {
            return Ok(EntryReply { attr: None, entry_ttl: self.ttl(), attr_ttl: Duration::ZERO });
        }
        let dir = self.nodes.dir_fd(parent)?;
        match StoreStat::at(&*dir, name) {
            Ok(stat) => {
                let node = self.real_node(parent, name, &stat, true)?;
                Ok(self.real_entry(&node, &stat))
            }
            Err(rustix::io::Errno::NOENT) => {
                Ok(EntryReply { attr: None, entry_ttl: self.ttl(), attr_ttl: Duration::ZERO })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The node of an entry of a real directory.
    pub(super) fn real_node(
        &self,
        parent: &Arc<Node>,
        name: &OsStr,
        stat: &StoreStat,
        told: bool,
    ) -> FsResult<Arc<Node>> {
        let notebook = parent.notebook().ok_or(FsError::plain(libc::ENOTDIR))?;
        let name = Name { parent: Parent::Node(Arc::clone(parent)), name: name.to_owned() };
        Ok(self.nodes.real(&notebook, stat, table::Found::At(name), told))
    }

    /// The answer for something that the tree found.
    pub(super) fn entry_of(&self, found: Found, told: bool) -> FsResult<EntryReply> {
        match found {
            Found::Notebook(number) => {
                let notebook = self.engine.notebook(number).ok_or(FsError::not_found())?;
                let stat = StoreStat::of(notebook.dir.as_fd())?;
                let node = self.nodes.notebook_root(&notebook, &stat, told)?;
                Ok(self.real_entry(&node, &stat))
            }
            Found::Note(file) => {
                let (node, stat) = self.note_node(file, told)?;
                // The name belongs to the folder and may go at any time; the attributes are the note's.
                Ok(EntryReply { entry_ttl: Duration::ZERO, ..self.real_entry(&node, &stat) })
            }
            Found::Scratch(scratch) => {
                let (node, stat) = self.scratch_node(&scratch, told)?;
                let attr = self.attr_of(&node, &stat);
                Ok(EntryReply { attr: Some(attr), entry_ttl: Duration::ZERO, attr_ttl: Duration::ZERO })
            }
            Found::Dir(place) => {
                let is_fixed = matches!(place, Place::Tags | Place::Views | Place::Codex);
                let node = self.nodes.synthetic(place_number(&place), FileKind::Directory, What::Place(place), told);
                let attr = self.synthetic_attr(&node)?;
                // A tag's folder is the same thing for ever; whether it is there, its attributes tell. What insists on it
                // (mkdir, rename) has the kernel ask again by itself.
                let is_tag = node.place().is_some_and(is_plain_tag);
                let entry_ttl = if is_fixed || is_tag { LONG } else { Duration::ZERO };
                Ok(EntryReply { attr: Some(attr), entry_ttl, attr_ttl: Duration::ZERO })
            }
            other => {
                let (number, kind, what) = synthetic_file(other)?;
                let node = self.nodes.synthetic(number, kind, what, told);
                let attr = self.synthetic_attr(&node)?;
                Ok(EntryReply { attr: Some(attr), entry_ttl: Duration::ZERO, attr_ttl: Duration::ZERO })
            }
        }
    }

    /// Leases what was found in a tag's folder, or the folder that was found.
    fn lease(&self, parent: &Node, name: &OsStr, mark: Option<Mark>, reply: &mut EntryReply) {
        let Some(node) = reply.attr.and_then(|attr| self.nodes.known(attr.number)) else { return };
        if node.place().is_some() {
            reply.attr_ttl = self.folder_ttl(&node, mark);
        } else if let Some(mark) = mark
            && parent.place().is_some_and(is_plain_tag)
            && node.real().is_some_and(|real| real.scratch.is_none())
            && self.leases.grant_entry(mark, &node, (parent.number, name))
        {
            reply.entry_ttl = self.ttl();
        }
    }

    /// How long the kernel may hold to the attributes of a synthetic folder. It asks for those of every folder on the
    /// way to a file (`default_permissions`): without a while, every stat of a cached file would cost requests.
    fn folder_ttl(&self, node: &Node, mark: Option<Mark>) -> Duration {
        let is_leasable = match node.place() {
            // Only their time can differ.
            Some(Place::Root | Place::Codex) => return SHORT,
            Some(Place::Tags | Place::Views) => true,
            // One without notes may go by itself.
            Some(Place::Tag(path)) => path.operators.is_empty() && self.engine.catalog().bears_notes(&path.base),
            _ => false,
        };
        match mark {
            Some(mark) if is_leasable && self.leases.grant_folder(mark, node.number) => self.ttl(),
            _ => Duration::ZERO,
        }
    }

    /// The node of a note, wherever it was found.
    pub(super) fn note_node(&self, file: FileKey, told: bool) -> FsResult<(Arc<Node>, StoreStat)> {
        let known = self.engine.catalog().file(file).ok_or(FsError::not_found())?;
        let notebook = self.engine.notebook(file.notebook).ok_or(FsError::not_found())?;
        if let Some(node) = self.nodes.known(known.node)
            && node.path().as_ref() == Some(&known.path)
            && let Some(real) = node.real()
            && let Ok(stat) = self.stat(&node, real, None)
        {
            return Ok((self.nodes.real_again(&node, told), stat));
        }
        let parent = self.folder_node(&notebook, &known.path.parent())?;
        let dir = self.nodes.dir_fd(&parent)?;
        let stat = StoreStat::at(&*dir, known.path.name())?;
        let node = self.real_node(&parent, known.path.name(), &stat, told)?;
        Ok((node, stat))
    }

    /// The node of a folder of a notebook; folders on the way become known too.
    pub(super) fn folder_node(&self, notebook: &Arc<Notebook>, path: &NotePath) -> FsResult<Arc<Node>> {
        let stat = StoreStat::of(notebook.dir.as_fd())?;
        let mut node = self.nodes.notebook_root(notebook, &stat, false)?;
        for part in path.components() {
            let dir = self.nodes.dir_fd(&node)?;
            let stat = StoreStat::at(&*dir, part)?;
            if stat.kind != FileKind::Directory {
                return Err(FsError::plain(libc::ENOTDIR));
            }
            node = self.real_node(&node, part, &stat, false)?;
        }
        Ok(node)
    }

    pub(super) fn scratch_node(&self, scratch: &Scratch, told: bool) -> FsResult<(Arc<Node>, StoreStat)> {
        let notebook = self.engine.notebook(scratch.notebook).ok_or(FsError::not_found())?;
        let stat = StoreStat::at(scratch.dir.as_fd(), &scratch.name)?;
        let name = Name { parent: Parent::Tmp(Arc::clone(&scratch.dir)), name: scratch.name.clone() };
        Ok((self.nodes.real(&notebook, &stat, table::Found::Scratch(name, scratch.id), told), stat))
    }

    /// What a symbolic link says.
    ///
    /// # Errors
    /// EINVAL where it is none; the store's.
    pub fn readlink(&self, number: NodeNumber) -> FsResult<Vec<u8>> {
        let node = self.nodes.get(number)?;
        if let What::Symlink(target) = &node.what {
            return Ok(target.clone());
        }
        let (dir, name, _) = self.locate(&node)?;
        Ok(rustix::fs::readlinkat(dir.as_fd(), &name, Vec::new())?.into_bytes())
    }

    /// The kernel has forgotten so many of its mentions of a node.
    pub fn forget(&self, number: NodeNumber, mentions: u64) {
        self.nodes.forget(number, mentions, &|real| self.leases.forgotten(real));
    }

    /// Records why an operation was refused, where the number alone does not tell.
    pub fn record_refusal(&self, caller: Caller, operation: &'static str, error: &FsError) {
        if let Some(reason) = &error.reason {
            let refused = super::tree::Refused { errno: error.errno, reason: reason.clone() };
            self.tree.record_error(caller, operation, &refused);
        }
    }
}

/// A directory's descriptor, however it is held.
#[derive(Debug)]
pub enum ParentFd {
    /// From the cache of the node table.
    Cached(Arc<std::os::fd::OwnedFd>),
    /// A notebook's `.codex/tmp`.
    Tmp(Arc<crate::sys::Dir>),
}

impl AsFd for ParentFd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self {
            Self::Cached(fd) => fd.as_fd(),
            Self::Tmp(dir) => dir.as_fd(),
        }
    }
}

/// Whether a folder is a tag's own, without operators.
fn is_plain_tag(place: &Place) -> bool {
    matches!(place, Place::Tag(path) if path.operators.is_empty())
}

/// Whether a name is never shown: a notebook's own `.codex`.
pub(super) fn is_hidden(parent: &Node, name: &OsStr) -> bool {
    name == ".codex" && parent.real().is_some_and(Real::is_root)
}

fn synthetic_file(found: Found) -> FsResult<(NodeNumber, FileKind, What)> {
    Ok(match found {
        Found::Text(file) => (synthetic_number(&("text", &file)), FileKind::File, What::Text(file)),
        Found::PastFile(past) => (synthetic_number(&("past", &past)), FileKind::File, What::Past(past)),
        Found::Symlink(target) => (synthetic_number(&("link", &target)), FileKind::Symlink, What::Symlink(target)),
        Found::Dir(_) | Found::Notebook(_) | Found::Broken | Found::Note(_) | Found::Scratch(_) => {
            return Err(FsError::plain(libc::EIO));
        }
    })
}

/// The number and kind of something that the tree lists, without asking the store.
pub(super) fn listed_number(core: &Core, found: &Found) -> Option<(NodeNumber, FileKind)> {
    Some(match found {
        Found::Dir(place) => (place_number(place), FileKind::Directory),
        Found::Notebook(number) => {
            let notebook = core.engine.notebook(*number)?;
            let stat = StoreStat::of(notebook.dir.as_fd()).ok()?;
            (notebook.node_number(&stat), FileKind::Directory)
        }
        Found::Broken => (synthetic_number(&"broken"), FileKind::Directory),
        Found::Note(file) => (core.engine.catalog().file(*file)?.node, FileKind::File),
        Found::Scratch(scratch) => {
            let stat = StoreStat::at(scratch.dir.as_fd(), &scratch.name).ok()?;
            (core.engine.notebook(scratch.notebook)?.node_number(&stat), stat.kind)
        }
        Found::Text(file) => (synthetic_number(&("text", file)), FileKind::File),
        Found::PastFile(past) => (synthetic_number(&("past", past)), FileKind::File),
        Found::Symlink(target) => (synthetic_number(&("link", target)), FileKind::Symlink),
    })
}

/// Nanoseconds since the epoch.
pub(super) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
