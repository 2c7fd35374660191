//! What a mount, and whoever can make one, lets the engine call. Every call must return at once, but where it says otherwise.

use crate::sys::StoreStat;
use crate::types::{Actor, FileId, NodeNumber, NotePath, NotebookNumber, StoreKey};

/// A mount, as the engine sees it.
pub trait MountHooks: Send + Sync + std::fmt::Debug {
    /// Looks again (stat) at files that are open for writing, and notes what changed.
    fn look_again(&self);

    /// Whether a file of the store is open or mapped through this mount.
    fn is_open(&self, store: StoreKey) -> bool;

    /// Something about these paths has changed and is about to be acknowledged: what the kernel holds of tag folders and
    /// may be wrong by it is called back.
    fn noted(&self, notebook: NotebookNumber, paths: &[&NotePath]) {
        let _ = (notebook, paths);
    }

    /// The engine itself has written, made or removed this file and is about to acknowledge it: what the kernel holds of it
    /// (a small file is read from the kernel's pages, up to the size that it knows) is called back.
    fn edited(&self, notebook: NotebookNumber, path: &NotePath) {
        let _ = (notebook, path);
    }

    /// The engine itself has overwritten the bytes of this file, and says so to itself: a handle that is open of it is not
    /// to report that as its own. Called while nobody else writes through a mount.
    fn rewritten(&self, number: NodeNumber, stat: &StoreStat) {
        let _ = (number, stat);
    }

    /// Waits until what was called back has been given up, a third of a second at most: before the acknowledgement.
    fn settle(&self) {}

    /// The store changed at this path, whether indexed or not (also in ignored folders): the kernel's entry, its
    /// listing and, where `node` is known to the mount, attributes and pages are to be dropped.
    fn store_changed(&self, notebook: NotebookNumber, path: &NotePath);

    /// A folder is watched from now on: of what changed in it before, nobody was told.
    fn folder_watched(&self, notebook: NotebookNumber, folder: &NotePath) {
        let _ = (notebook, folder);
    }

    /// A batch was applied to index and maps; readers are let through after this.
    fn applied(&self, changes: &[AppliedChange]);

    /// Events were lost or a rescan found much: everything cached is to be doubted.
    fn forget_all(&self);

    /// While the watcher is down or behind, kernel timeouts are to be short.
    fn set_watching(&self, all_watches_hold: bool);
}

/// A change that has reached index and maps.
#[derive(Clone, Debug)]
pub struct AppliedChange {
    /// In which notebook.
    pub notebook: NotebookNumber,
    /// What happened.
    pub kind: AppliedKind,
    /// To what.
    pub path: NotePath,
    /// Its row.
    pub file: FileId,
    /// Its number in the mount.
    pub node: NodeNumber,
    /// Whether its tags or views, hence its link count, may differ.
    pub links_changed: bool,
    /// Who did it, as far as that is known.
    pub actor: Actor,
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppliedKind {
    /// New.
    Added,
    /// Contents, metadata or path differ; the path before.
    Changed(NotePath),
    /// Gone.
    Removed,
}

/// How a mount is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountRequest {
    /// Nothing can be written through it.
    pub read_only: bool,
    /// Other users may use it.
    pub allow_other: bool,
    /// Extended attributes are answered as not supported.
    pub no_xattr: bool,
}

/// Where an engine's workspace is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountPlace {
    /// The directory.
    pub mountpoint: std::path::PathBuf,
    /// Nothing can be written through it.
    pub read_only: bool,
}

/// Whoever can mount: the process that serves the engine, since the engine knows nothing of FUSE. It performs
/// [`Command::Mount`](super::Command::Mount) and [`Command::Unmount`](super::Command::Unmount); these calls may wait.
pub trait Mounter: Send + Sync + std::fmt::Debug {
    /// Mounts the engine's workspace once more.
    ///
    /// # Errors
    /// What is wrong with the mountpoint, or why the kernel refused.
    fn mount(&self, mountpoint: &std::path::Path, request: MountRequest) -> Result<(), super::EngineError>;

    /// The mounts that it has made and that are still there, by mountpoint.
    fn mounts(&self) -> Vec<MountPlace>;

    /// Takes a mount away, even while files are open in it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`](super::EngineError::NotFound) where none of this engine's is there.
    fn unmount(&self, mountpoint: &std::path::Path) -> Result<(), super::EngineError>;

    /// Whether the process ends, and the engine with it, once the last of its mounts has gone.
    fn ends_with_its_mounts(&self) -> bool {
        false
    }
}
