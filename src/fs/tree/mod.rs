//! The synthetic part of the mount: root, tags, views and `.codex`. No fuser in it; tested without a mount.
//! The real part, and the kernel's node numbers, are `fs::core`'s.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use crate::engine::catalog::TagPath;
use crate::engine::{Engine, EngineError};
use crate::sys::Dir;
use crate::types::{CommitId, FileKey, NodeNumber, NotePath, NotebookNumber};

/// Who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Process (thread group as the kernel tells it).
    pub pid: u32,
}

/// A synthetic directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The mount root.
    Root,
    /// `tags`
    Tags,
    /// `tags/…`
    Tag(TagPath),
    /// `views`
    Views,
    /// `views/NAME`, by its name there.
    View(String),
    /// `views/NAME/GROUP`, by both names.
    Group(String, OsString),
    /// `.codex`
    Codex,
    /// `.codex/search`
    SearchRoot,
    /// `.codex/search/QUERY`, decoded.
    Search(String),
    /// `.codex/by`
    ByRoot,
    /// `.codex/by/PROPERTY`
    By(String),
    /// `.codex/by/PROPERTY/VALUE`, the value's folder name.
    ByValue(String, OsString),
    /// `.codex/at`
    AtRoot,
    /// `.codex/at/TIME`, as written.
    At(String),
    /// A folder of a notebook as it was in a commit.
    Past {
        /// `TIME`, as written.
        time: String,
        /// Which notebook.
        notebook: NotebookNumber,
        /// The commit.
        commit: CommitId,
        /// Which folder.
        path: NotePath,
    },
    /// `.codex/history`, or a folder below it (`None`: not in a notebook yet); a file's path is a folder of versions.
    History(Option<(NotebookNumber, NotePath)>),
    /// `.codex/recent`
    Recent,
    /// `.codex/untagged`
    Untagged,
}

/// Generated files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TextFile {
    /// `.codex/status.json`
    Status,
    /// `.codex/last-error` of a user.
    LastError(u32),
    /// `CACHEDIR.TAG` of `tags` or `views`.
    CacheDirTag(Box<Place>),
    /// `.ignore` of the root.
    Ignore,
    /// `.metadata_never_index` of the root.
    MetadataNeverIndex,
    /// `ERROR.txt` of a view, by the view's name.
    ViewError(String),
}

/// What a name in a synthetic directory stands for.
#[derive(Clone, Debug)]
pub enum Found {
    /// A synthetic directory.
    Dir(Place),
    /// A notebook's root.
    Notebook(NotebookNumber),
    /// A note: a hard link to it.
    Note(FileKey),
    /// A file that is being made in this folder: held in a notebook's `.codex/tmp`.
    Scratch(Scratch),
    /// A generated file.
    Text(TextFile),
    /// A recorded version.
    PastFile(PastFile),
    /// A recorded symbolic link, or the echo of `ln -s`: what it says.
    Symlink(Vec<u8>),
}

/// A recorded version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PastFile {
    /// Which notebook's history.
    pub notebook: NotebookNumber,
    /// The blob.
    pub blob: CommitId,
    /// When it was recorded, nanoseconds since the epoch.
    pub time_ns: i64,
    /// Mode 0555 rather than 0444.
    pub executable: bool,
}

/// A file that is being made in a synthetic folder.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// Names it in later calls.
    pub id: u64,
    /// The notebook in whose `.codex/tmp` it is.
    pub notebook: NotebookNumber,
    /// That folder.
    pub dir: Arc<Dir>,
    /// Its name there.
    pub name: OsString,
}

/// An entry of a listing.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: OsString,
    /// What it stands for.
    pub found: Found,
}

/// What `create` in a synthetic folder means.
#[derive(Debug)]
pub enum Created {
    /// A new scratch file, empty, to be opened.
    Scratch(Scratch),
    /// A save that unlinks first: the note, to be opened and truncated.
    Note(FileKey),
}

/// A refusal: the error number and the reason in words, which `.codex/last-error` keeps.
#[derive(Debug)]
pub struct Refused {
    /// errno.
    pub errno: i32,
    /// Why, in words.
    pub reason: String,
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        let _ = error;
        todo!()
    }
}

/// The kernel's caches, as the tree asks to have them dropped. Every call only queues.
pub trait KernelCaches: Send + Sync + std::fmt::Debug {
    /// Drops the entry `name` of a directory, given by place.
    fn drop_entry(&self, place: &Place, name: &OsStr);
    /// Drops the attributes of a node.
    fn drop_attributes(&self, node: NodeNumber);
    /// Drops attributes and pages of a node.
    fn drop_contents(&self, node: NodeNumber);
}

/// The synthetic tree.
#[derive(Debug)]
pub struct Tree {
    _engine: Arc<Engine>,
}

/// Answers of the tree.
pub type Answer<T> = Result<T, Refused>;

impl Tree {
    /// The tree of a workspace, for one mount. It creates `.codex/tmp` of notebooks as needed, and sends what an
    /// earlier crash left there to the inbox.
    #[must_use]
    pub fn new(engine: Arc<Engine>, caches: Arc<dyn KernelCaches>, read_only: bool) -> Self {
        let _ = (caches, read_only);
        Self { _engine: engine }
    }

    /// What `name` stands for in a directory. Never changes anything on disk. May wait for the index (5 s at most),
    /// so the caller runs it where it blocks nobody unless [`Engine::is_caught_up`].
    ///
    /// # Errors
    /// ENOENT, EAGAIN.
    pub fn lookup(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        let _ = (place, name, caller);
        todo!()
    }

    /// The entries of a directory, without `.` and `..`: a snapshot. May wait for the index.
    ///
    /// # Errors
    /// ENOENT if it is gone, EAGAIN.
    pub fn list(&self, place: &Place, caller: Caller) -> Answer<Vec<Listed>> {
        let _ = (place, caller);
        todo!()
    }

    /// Whether a directory is still there, and when its entries last changed (nanoseconds since the epoch).
    ///
    /// # Errors
    /// ENOENT if it is gone.
    pub fn changed_ns(&self, place: &Place) -> Answer<i64> {
        let _ = place;
        todo!()
    }

    /// Permission bits of a directory: 0755, 0555 where nothing can be added or removed.
    #[must_use]
    pub fn permissions(&self, place: &Place) -> u16 {
        let _ = place;
        todo!()
    }

    /// The bytes of a generated file now.
    #[must_use]
    pub fn text(&self, file: &TextFile) -> Arc<[u8]> {
        let _ = file;
        todo!()
    }

    /// Creates a file: see [`Created`].
    ///
    /// # Errors
    /// EPERM, EROFS, EEXIST, the store's.
    pub fn create(&self, place: &Place, name: &OsStr, mode: u32, caller: Caller) -> Answer<Created> {
        let _ = (place, name, mode, caller);
        todo!()
    }

    /// The last handle of a scratch file was closed (`flushed`: a close(2), before the release).
    pub fn scratch_closed(&self, id: u64, flushed: bool, caller: Caller) {
        let _ = (id, flushed, caller);
        todo!()
    }

    /// A scratch file was opened (again).
    pub fn scratch_opened(&self, id: u64) {
        let _ = id;
        todo!()
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn unlink(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        let _ = (place, name, caller);
        todo!()
    }

    /// Makes a directory: a notebook, a tag, a view's column.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn mkdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        let _ = (place, name, caller);
        todo!()
    }

    /// Removes a directory.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn rmdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        let _ = (place, name, caller);
        todo!()
    }

    /// Renames within the synthetic tree (tag to tag, group to group, scratch over an entry, tag folders, notebooks).
    /// `no_replace`: RENAME_NOREPLACE.
    ///
    /// # Errors
    /// As mount.md §5 says; refusals are remembered for [`Tree::is_echo`].
    pub fn rename(&self, from: (&Place, &OsStr), to: (&Place, &OsStr), no_replace: bool, caller: Caller) -> Answer<()> {
        let _ = (from, to, no_replace, caller);
        todo!()
    }

    /// `mv note tags/a/`, `mv note views/v/g/`: a real note (known to the index by then) is renamed into a folder.
    /// It stays where it is.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn rename_into(&self, file: FileKey, name: &OsStr, to: (&Place, &OsStr), caller: Caller) -> Answer<()> {
        let _ = (file, name, to, caller);
        todo!()
    }

    /// `ln note tags/a/`.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn link(&self, file: FileKey, to: (&Place, &OsStr), caller: Caller) -> Answer<()> {
        let _ = (file, to, caller);
        todo!()
    }

    /// `ln -s note tags/a/`: answered with a symbolic link (the kernel insists); the next lookup finds the note.
    ///
    /// # Errors
    /// As mount.md §5 says.
    pub fn symlink(&self, place: &Place, name: &OsStr, target: &OsStr, caller: Caller) -> Answer<()> {
        let _ = (place, name, target, caller);
        todo!()
    }

    /// Remembers that a rename to (directory, name) was refused: for 2 s the same process may not create that name there
    /// (mv's fallback of copy and unlink would lose what it meant to move).
    pub fn remember_refusal(&self, directory: NodeNumber, name: &OsStr, caller: Caller) {
        let _ = (directory, name, caller);
        todo!()
    }

    /// Whether creating `name` in a directory is the echo of a refused rename.
    #[must_use]
    pub fn is_echo(&self, directory: NodeNumber, name: &OsStr, caller: Caller) -> bool {
        let _ = (directory, name, caller);
        todo!()
    }

    /// Records why an operation of a user was refused, for `.codex/last-error`.
    pub fn record_error(&self, caller: Caller, operation: &str, refused: &Refused) {
        let _ = (caller, operation, refused);
        todo!()
    }

    /// `user.xdg.tags` and `user.codex.prop.NAME` of a note; `None` where it has none.
    ///
    /// # Errors
    /// EAGAIN.
    pub fn get_xattr(&self, file: FileKey, name: &str) -> Answer<Option<Vec<u8>>> {
        let _ = (file, name);
        todo!()
    }

    /// Sets (or with `None` removes) such an attribute.
    ///
    /// # Errors
    /// EINVAL and why.
    pub fn set_xattr(&self, file: FileKey, name: &str, value: Option<&[u8]>, caller: Caller) -> Answer<()> {
        let _ = (file, name, value, caller);
        todo!()
    }

    /// Names of such attributes that a note has.
    ///
    /// # Errors
    /// EAGAIN.
    pub fn list_xattr(&self, file: FileKey) -> Answer<Vec<String>> {
        let _ = file;
        todo!()
    }
}
