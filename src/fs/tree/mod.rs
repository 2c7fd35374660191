//! The synthetic part of the mount: root, tags, views and `.codex`. No fuser in it; tested without a mount.
//! The real part, and the kernel's node numbers, are `fs::core`'s.

mod change;
mod echo;
mod errors;
mod facts;
mod inner;
mod list;
mod lookup;
mod membership;
mod moves;
pub mod names;
mod past;
mod place;
mod saves;
mod scratch;
mod settle;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod values;
mod xattr;

use std::ffi::OsStr;
use std::sync::{Arc, Weak};
use std::time::Duration;

pub use errors::Refused;
pub use place::{Caller, Created, Found, KernelCaches, Listed, PastFile, Place, Scratch, TextFile};

use self::inner::Inner;
use crate::engine::Engine;
use crate::types::{FileKey, NodeNumber};

/// How often the tree looks whether link counts have fallen.
const TICK: Duration = Duration::from_millis(250);

/// The synthetic tree of one mount.
#[derive(Debug)]
pub struct Tree {
    inner: Arc<Inner>,
}

/// Answers of the tree.
pub type Answer<T> = Result<T, Refused>;

impl Drop for Tree {
    fn drop(&mut self) {
        self.settle_all();
        self.inner.scratches.close();
    }
}

impl Tree {
    /// The tree of a workspace, for one mount. It creates `.codex/tmp` of notebooks as needed, and sends what an
    /// earlier crash left there to the inbox.
    #[must_use]
    pub fn new(engine: Arc<Engine>, caches: Arc<dyn KernelCaches>, read_only: bool) -> Self {
        let inner = Arc::new(Inner::new(engine, caches, read_only));
        let weak = Arc::downgrade(&inner);
        let started = std::thread::Builder::new().name("tree".to_owned()).spawn(move || {
            if let Some(inner) = weak.upgrade() {
                inner.recover();
            }
            attend(&weak);
        });
        if let Err(error) = started {
            tracing::error!(%error, "new files in tag folders will settle only when the mount ends: no thread for them");
        }
        Self { inner }
    }

    /// Has every file that is being made become what it would become by and by: before the mount ends.
    pub fn settle_all(&self) {
        self.inner.scratches.all_waiting().into_iter().for_each(|id| self.inner.settle(id));
        self.inner.end_saves(true);
    }

    /// What `name` stands for in a directory. Never changes anything on disk. May wait for the index (5 s at most),
    /// so the caller runs it where it blocks nobody unless [`Engine::is_caught_up`].
    ///
    /// # Errors
    /// ENOENT (with a reason where a query or a time does not parse), EAGAIN.
    pub fn lookup(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        self.inner.at(place, name, |inner| inner.lookup(place, name, caller))
    }

    /// The entries of a directory, without `.` and `..`: a snapshot. May wait for the index.
    ///
    /// # Errors
    /// ENOENT if it is gone, EAGAIN.
    pub fn list(&self, place: &Place, caller: Caller) -> Answer<Vec<Listed>> {
        self.inner.list(place, caller)
    }

    /// Whether a directory is still there, and when its entries last changed (nanoseconds since the epoch). May wait
    /// for the index.
    ///
    /// # Errors
    /// ENOENT if it is gone, EAGAIN.
    pub fn changed_ns(&self, place: &Place) -> Answer<i64> {
        self.inner.changed_ns(place)
    }

    /// Permission bits of a directory: 0755, 0555 where nothing can be added or removed.
    #[must_use]
    pub fn permissions(&self, place: &Place) -> u16 {
        self.inner.permissions(place)
    }

    /// The bytes of a generated file now.
    #[must_use]
    pub fn text(&self, file: &TextFile) -> Arc<[u8]> {
        self.inner.text(file)
    }

    /// Creates a file: see [`Created`]. A new scratch file has no open handle: [`Tree::scratch_opened`] tells of one.
    ///
    /// # Errors
    /// EPERM, EROFS, EEXIST, EACCES, the store's.
    pub fn create(&self, place: &Place, name: &OsStr, mode: u32, caller: Caller) -> Answer<Created> {
        self.inner.at(place, name, |inner| inner.create(place, name, mode, caller))
    }

    /// A handle of a scratch file that could write was closed by a close(2); its release comes later.
    pub fn scratch_flushed(&self, id: u64) {
        self.inner.settle_if_known(id);
    }

    /// A handle of a scratch file has gone. Those that only read do not put off what becomes of it.
    pub fn scratch_released(&self, id: u64, could_write: bool) {
        self.inner.scratches.closed(id, could_write);
    }

    /// A scratch file was opened.
    pub fn scratch_opened(&self, id: u64) {
        self.inner.scratches.opened(id);
    }

    /// Whether a file is still being made. Once it has become a note it goes on living on the same inode.
    #[must_use]
    pub fn is_scratch(&self, id: u64) -> bool {
        self.inner.scratches.has(id)
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn unlink(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        self.inner.at(place, name, |inner| inner.unlink(place, name, caller))
    }

    /// Makes a directory: a notebook, a tag, a view's column.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn mkdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        self.inner.at(place, name, |inner| inner.mkdir(place, name, caller))
    }

    /// Removes a directory.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn rmdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        self.inner.at(place, name, |inner| inner.rmdir(place, name, caller))
    }

    /// Renames within the synthetic tree (tag to tag, group to group, scratch over an entry, tag folders, notebooks).
    /// `no_replace`: `RENAME_NOREPLACE`.
    ///
    /// # Errors
    /// As mount.md §5 says; the caller tells refusals to [`Tree::remember_refusal`].
    pub fn rename(&self, from: (&Place, &OsStr), to: (&Place, &OsStr), no_replace: bool, caller: Caller) -> Answer<()> {
        self.inner.at(from.0, from.1, |inner| inner.rename(from, to, no_replace, caller))
    }

    /// `mv note tags/a/`, `mv note views/v/g/`: a real note (known to the index by then) is renamed into a folder.
    /// It stays where it is.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn rename_into(&self, file: FileKey, name: &OsStr, to: (&Place, &OsStr), caller: Caller) -> Answer<()> {
        self.inner.at(to.0, to.1, |inner| inner.rename_into(file, name, to, caller))
    }

    /// `ln note tags/a/`.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn link(&self, file: FileKey, to: (&Place, &OsStr), caller: Caller) -> Answer<()> {
        self.inner.at(to.0, to.1, |inner| inner.add(file, to, caller))
    }

    /// `ln -s note tags/a/`: answered with a symbolic link (the kernel insists); the next lookup finds the note.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn symlink(&self, place: &Place, name: &OsStr, target: &OsStr, caller: Caller) -> Answer<()> {
        self.inner.at(place, name, |inner| inner.symlink(place, name, target, caller))
    }

    /// Remembers that a rename to (directory, name) was refused: for 2 s the same process may not create that name there
    /// (mv's fallback of copy and unlink would lose what it meant to move).
    pub fn remember_refusal(&self, directory: NodeNumber, name: &OsStr, caller: Caller) {
        self.inner.recently.refused(directory, name, caller);
    }

    /// Whether creating `name` in a directory is the echo of a refused rename.
    #[must_use]
    pub fn is_echo(&self, directory: NodeNumber, name: &OsStr, caller: Caller) -> bool {
        self.inner.recently.was_refused(directory, name, caller)
    }

    /// Records why an operation of a user was refused, for `.codex/last-error`. A refusal without a reason (a name that
    /// is not there) is not worth it.
    pub fn record_error(&self, caller: Caller, operation: &str, refused: &Refused) {
        self.inner.errors.record(caller, operation, refused);
    }

    /// `user.xdg.tags` and `user.codex.prop.NAME` of a note; `None` where it has none.
    ///
    /// # Errors
    /// EAGAIN.
    pub fn get_xattr(&self, file: FileKey, name: &str) -> Answer<Option<Vec<u8>>> {
        self.inner.get_xattr(file, name)
    }

    /// Sets (or with `None` removes) such an attribute.
    ///
    /// # Errors
    /// EINVAL and why; ENODATA.
    pub fn set_xattr(&self, file: FileKey, name: &str, value: Option<&[u8]>, caller: Caller) -> Answer<()> {
        self.inner.set_xattr(file, name, value, caller)
    }

    /// Names of such attributes that a note has.
    ///
    /// # Errors
    /// EAGAIN.
    pub fn list_xattr(&self, file: FileKey) -> Answer<Vec<String>> {
        self.inner.list_xattr(file)
    }
}

/// Settles what is due, and has the kernel ask again where link counts have fallen, until the tree is gone.
fn attend(tree: &Weak<Inner>) {
    let mut lowered = 0;
    loop {
        let Some(inner) = tree.upgrade() else { return };
        for id in inner.scratches.wait_for_due(TICK) {
            inner.settle(id);
        }
        inner.end_saves(false);
        let (nodes, position) = inner.catalog().lowered_links(lowered);
        lowered = position;
        for node in nodes {
            inner.caches.drop_attributes(node);
        }
        inner.catalog().views().sweep(inner.catalog());
        if inner.scratches.is_closing() {
            return;
        }
    }
}
