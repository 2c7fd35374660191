//! What the engine tells a mount.

use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::caches::Drop;
use super::core::Core;
use super::node::Version;
use crate::engine::{AppliedChange, AppliedKind, MountHooks};
use crate::sys::StoreStat;
use crate::types::{NodeNumber, NotePath, NotebookNumber, StoreKey};

/// How long after the index has a file's number a listing may still be on its way to the kernel with another.
const LISTED_WITHIN: Duration = Duration::from_millis(100);

impl MountHooks for Core {
    fn look_again(&self) {
        for handle in self.handles.writers() {
            if let Ok(file) = handle.file() {
                self.look_at(file);
            }
        }
    }

    fn is_open(&self, store: StoreKey) -> bool {
        self.open_stores.contains_key(&store)
    }

    fn store_changed(&self, notebook: NotebookNumber, path: &NotePath) {
        self.caches.drop_soon(Drop::StorePath(notebook, path.clone()));
    }

    fn applied(&self, changes: &[AppliedChange]) {
        for change in changes.iter().filter(|change| change.links_changed && change.kind != AppliedKind::Removed) {
            self.caches.drop_soon(Drop::Attributes(change.node));
            // A count that falls does so a second late, see `Catalog::synthetic_links`.
            self.caches.drop_later(Duration::from_millis(1_100), Drop::Attributes(change.node));
        }
    }

    fn forget_all(&self) {
        self.caches.drop_soon(Drop::Everything);
    }

    fn set_watching(&self, all_watches_hold: bool) {
        self.all_watches_hold.store(all_watches_hold, Ordering::Relaxed);
    }
}

impl Core {
    /// What is to be dropped for a wish. Runs on the thread that speaks to the kernel, with no lock held.
    #[must_use]
    pub fn look_up(&self, wish: &Drop) -> Vec<Drop> {
        match wish {
            Drop::StorePath(notebook, path) => self.look_up_path(*notebook, path),
            Drop::Everything => self.everything(),
            Drop::Entry(..) => vec![wish.clone()],
            Drop::Attributes(number) | Drop::Contents(number) => {
                // The kernel cannot hold what it was never told of.
                if self.nodes.known(*number).is_some() { vec![wish.clone()] } else { Vec::new() }
            }
        }
    }

    /// A path changed in the store, by this mount or behind it: drops what the kernel holds that is no longer true.
    fn look_up_path(&self, notebook: NotebookNumber, path: &NotePath) -> Vec<Drop> {
        let Some(notebook) = self.engine.notebook(notebook) else {
            return Vec::new();
        };
        if path.is_root() {
            return StoreStat::of(notebook.dir.as_fd())
                .map(|stat| vec![Drop::Contents(notebook.node_number(&stat))])
                .unwrap_or_default();
        }
        let Ok(folder) = notebook.dir.stat(&path.parent()) else { return Vec::new() };
        let parent = notebook.node_number(&folder);
        let mut drops = Vec::new();
        let now = notebook.dir.stat(path).ok();
        let child = now.map(|stat| (notebook.node_number(&stat), stat));
        let is_where_it_was = child
            .is_some_and(|(number, _)| self.nodes.known(number).is_some_and(|node| node.path().as_ref() == Some(path)));
        if self.nodes.known(parent).is_some() {
            if !is_where_it_was {
                drops.push(Drop::Entry(parent, path.name().to_owned()));
            }
            // A listing takes numbers from inode numbers alone; here the file itself was looked at.
            let is_misread = child.is_some_and(|(_, stat)| notebook.was_renumbered(&stat));
            if is_misread {
                // A listing that is being made just now may reach the kernel after this.
                self.caches.drop_later(LISTED_WITHIN, Drop::Contents(parent));
            }
            drops.push(if is_misread { Drop::Contents(parent) } else { self.folder_drop(parent, &folder) });
        }
        if let Some((number, stat)) = child {
            drops.extend(self.file_drop(number, &stat));
        }
        drops
    }

    /// A folder's listing and attributes, unless the kernel was told of it as it is.
    fn folder_drop(&self, number: NodeNumber, stat: &StoreStat) -> Drop {
        let told = self.nodes.known(number).and_then(|node| node.real().map(|real| real.told.lock().attributes));
        if told == Some(Some(Version::from(stat))) { Drop::Attributes(number) } else { Drop::Contents(number) }
    }

    fn file_drop(&self, number: NodeNumber, stat: &StoreStat) -> Option<Drop> {
        let node = self.nodes.known(number)?;
        let real = node.real()?;
        let version = Version::from(stat);
        let is_being_written = real.open.lock().writers > 0;
        let mut told = real.told.lock();
        if told.attributes == Some(version) && told.pages.is_none_or(|pages| pages == version) {
            return None;
        }
        let pages_hold = told.pages.is_none_or(|pages| pages == version);
        told.attributes = None;
        if is_being_written || pages_hold {
            return Some(Drop::Attributes(number));
        }
        told.pages = None;
        Some(Drop::Contents(number))
    }

    fn everything(&self) -> Vec<Drop> {
        let mut drops = Vec::new();
        self.nodes.for_each(|node| {
            let Some(real) = node.real() else { return };
            *real.told.lock() = super::node::Told::default();
            drops.push(Drop::Contents(node.number));
            drops.extend(real.names().into_iter().filter_map(|name| match name.parent {
                super::node::Parent::Node(parent) => Some(Drop::Entry(parent.number, name.name)),
                super::node::Parent::Tmp(_) => None,
            }));
        });
        drops
    }
}
