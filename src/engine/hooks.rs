//! What a mount lets the engine call. Every call comes from an engine thread and must return at once.

use crate::types::{NodeNumber, NotePath, NotebookNumber, StoreKey};

/// A mount, as the engine sees it.
pub trait MountHooks: Send + Sync + std::fmt::Debug {
    /// Looks again (stat) at files that are open for writing, and notes what changed.
    fn look_again(&self);

    /// Whether a file of the store is open or mapped through this mount.
    fn is_open(&self, store: StoreKey) -> bool;

    /// The store changed at this path, whether indexed or not (also in ignored folders): the kernel's entry, its
    /// listing and, where `node` is known to the mount, attributes and pages are to be dropped.
    fn store_changed(&self, notebook: NotebookNumber, path: &NotePath);

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
    /// Its number in the mount.
    pub node: NodeNumber,
    /// Whether its tags or views, hence its link count, may differ.
    pub links_changed: bool,
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
