//! What the engine tells a mount.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::caches::Drop;
use super::core::Core;
use super::node::{Node, Parent, Version};
use crate::engine::{AppliedChange, AppliedKind, MountHooks, Notebook};
use crate::index::parse::sidecar_subjects;
use crate::sys::StoreStat;
use crate::types::{NodeNumber, NotePath, NotebookNumber, StoreKey};

/// How long after the index has a file's number a listing may still be on its way to the kernel with another.
const LISTED_WITHIN: Duration = Duration::from_millis(100);

/// A folder of the store that this mount knows.
struct KnownFolder {
    node: Arc<Node>,
    dir: Arc<OwnedFd>,
    stat: StoreStat,
}

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

    fn noted(&self, notebook: NotebookNumber, paths: &[&NotePath]) {
        self.leases.changed();
        if self.leases.has_entries() {
            for path in paths {
                self.recall_at(notebook, path);
            }
        }
    }

    fn edited(&self, notebook: NotebookNumber, path: &NotePath) {
        self.leases.call_back(self.look_up(&[Drop::StorePath(notebook, path.clone())]));
    }

    fn rewritten(&self, number: NodeNumber, stat: &StoreStat) {
        if let Some(real) = self.nodes.known(number).as_ref().and_then(|node| node.real()) {
            real.told.lock().engine = Some(Version::from(stat));
        }
    }

    fn settle(&self) {
        self.leases.settle();
    }

    fn store_changed(&self, notebook: NotebookNumber, path: &NotePath) {
        self.caches.drop_soon(Drop::StorePath(notebook, path.clone()));
    }

    fn folder_watched(&self, notebook: NotebookNumber, folder: &NotePath) {
        self.caches.drop_soon(Drop::StoreFolder(notebook, folder.clone()));
    }

    fn applied(&self, changes: &[AppliedChange]) {
        if changes.iter().any(|change| change.links_changed) {
            self.leases.changed();
            if self.leases.has_entries() {
                changes.iter().filter(|change| change.links_changed).for_each(|change| self.recall_after(change));
            }
        }
        for change in changes.iter().filter(|change| change.links_changed && change.kind != AppliedKind::Removed) {
            self.caches.drop_soon(Drop::Attributes(change.node));
            // A count that falls does so a second late, see `Catalog::synthetic_links`.
            self.caches.drop_later(Duration::from_millis(1_100), Drop::Attributes(change.node));
        }
    }

    fn forget_all(&self) {
        self.leases.changed();
        if self.leases.has_entries() {
            self.nodes.for_each(|node| {
                if let Some(real) = node.real() {
                    self.leases.recall(real);
                }
            });
        }
        self.caches.drop_soon(Drop::Everything);
    }

    fn set_watching(&self, all_watches_hold: bool) {
        self.all_watches_hold.store(all_watches_hold, Ordering::Relaxed);
    }
}

impl Core {
    fn recall(&self, number: NodeNumber) {
        if let Some(real) = self.nodes.known(number).as_ref().and_then(|node| node.real()) {
            self.leases.recall(real);
        }
    }

    /// The names of the file at a path; where that is a sidecar, of its subject too.
    fn recall_at(&self, notebook: NotebookNumber, path: &NotePath) {
        if let Some(node) = self.engine.catalog().node_at(notebook, path) {
            self.recall(node);
        }
        let subjects = path.name().to_str().map(sidecar_subjects).unwrap_or_default();
        for subject in subjects.iter().filter_map(|name| path.parent().join(name).ok()) {
            self.recall_at(notebook, &subject);
        }
    }

    /// Its own names, and those of notes of the same file name: which of them bears the plain one may have changed.
    fn recall_after(&self, change: &AppliedChange) {
        self.recall(change.node);
        let old = match &change.kind {
            AppliedKind::Changed(old) => Some(old.name()),
            AppliedKind::Added | AppliedKind::Removed => None,
        };
        let mut names = vec![change.path.name()];
        names.extend(old.filter(|old| *old != change.path.name()));
        let catalog = self.engine.catalog();
        let files = catalog.all_by_node(change.node);
        // A tag below another takes its name from a note there.
        let tags = files.iter().flat_map(|file| file.tags.iter()).filter(|tag| tag.parent().is_some());
        names.extend(tags.filter_map(|tag| tag.segments().next_back()).map(OsStr::new));
        for name in names {
            catalog.by_name(name).iter().for_each(|file| self.recall(file.node));
        }
    }

    /// What is to be dropped for these wishes. No lock is held while the store is asked.
    #[must_use]
    pub fn look_up(&self, due: &[Drop]) -> Vec<Drop> {
        let (mut drops, mut folders, mut watched) = (Vec::new(), HashMap::new(), Vec::new());
        for wish in due {
            match wish {
                Drop::StorePath(notebook, path) => {
                    let Some(notebook) = self.engine.notebook(*notebook) else { continue };
                    if path.is_root() {
                        let stat = StoreStat::of(notebook.dir.as_fd());
                        drops.extend(stat.map(|stat| Drop::Contents(notebook.node_number(&stat))));
                        continue;
                    }
                    let folder = folders.entry((notebook.number, path.parent())).or_insert_with(|| {
                        let folder = self.known_folder(&notebook, &path.parent());
                        drops.extend(folder.as_ref().map(|folder| folder_drop(&folder.node, &folder.stat)));
                        folder
                    });
                    // The kernel cannot hold what is in a folder that it was never told of.
                    if let Some(folder) = folder {
                        self.look_up_entry(&notebook, folder, path, &mut drops);
                    }
                }
                Drop::StoreFolder(notebook, folder) => {
                    watched.extend(self.engine.notebook(*notebook).map(|notebook| (notebook, folder)));
                }
                Drop::Everything => drops.extend(self.everything()),
                // Likewise.
                Drop::Attributes(number) | Drop::Contents(number) if self.nodes.known(*number).is_none() => {}
                Drop::Entry(..) | Drop::Attributes(_) | Drop::Contents(_) => drops.push(wish.clone()),
            }
        }
        self.look_up_folders(watched, &mut drops);
        drops
    }

    /// Everything of these folders, where this mount knows them: what is there, and what it holds that is not there any
    /// more. Who makes many folders is not to have all nodes gone through for each.
    fn look_up_folders(&self, watched: Vec<(Arc<Notebook>, &NotePath)>, drops: &mut Vec<Drop>) {
        let mut folders = HashMap::new();
        for (notebook, path) in watched {
            let Some(folder) = self.known_folder(&notebook, path) else { continue };
            let entries = notebook.dir.list(path).unwrap_or_default();
            let names: BTreeSet<OsString> = entries.into_iter().map(|entry| entry.name).collect();
            folders.insert(folder.node.number, (notebook, path, folder, names));
        }
        if folders.is_empty() {
            return;
        }
        self.nodes.for_each(|node| {
            let Some(real) = node.real() else { return };
            real.each_name(|name| {
                if let Parent::Node(parent) = &name.parent
                    && let Some((.., names)) = folders.get_mut(&parent.number)
                {
                    names.insert(name.name.clone());
                }
            });
        });
        for (notebook, path, folder, names) in folders.values() {
            drops.push(Drop::Contents(folder.node.number));
            for entry in names.iter().filter_map(|name| path.join(name.as_encoded_bytes()).ok()) {
                self.look_up_entry(notebook, folder, &entry, drops);
            }
        }
    }

    /// A folder of the store, if this mount knows it.
    fn known_folder(&self, notebook: &Notebook, path: &NotePath) -> Option<KnownFolder> {
        let stat = notebook.dir.stat(path).ok()?;
        let node = self.nodes.known(notebook.node_number(&stat))?;
        let dir = self.nodes.dir_fd(&node).ok()?;
        Some(KnownFolder { node, dir, stat })
    }

    /// A path changed in the store, by this mount or behind it: drops what the kernel holds that is no longer true.
    fn look_up_entry(&self, notebook: &Notebook, folder: &KnownFolder, path: &NotePath, drops: &mut Vec<Drop>) {
        let child = StoreStat::at(&*folder.dir, path.name()).ok().map(|stat| (notebook.node_number(&stat), stat));
        let is_where_it_was = child
            .is_some_and(|(number, _)| self.nodes.known(number).is_some_and(|node| node.path().as_ref() == Some(path)));
        if !is_where_it_was {
            drops.push(Drop::Entry(folder.node.number, path.name().to_owned()));
        }
        if let Some((number, stat)) = child {
            // A listing takes numbers from inode numbers alone; here the file itself was looked at.
            if notebook.was_renumbered(&stat) {
                drops.push(Drop::Contents(folder.node.number));
                // A listing that is being made just now may reach the kernel after this.
                self.caches.drop_later(LISTED_WITHIN, Drop::Contents(folder.node.number));
            }
            drops.extend(self.file_drop(number, &stat));
        }
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
            if real.is_root() {
                let name = real.notebook.name().as_str().to_owned();
                drops.push(Drop::Entry(NodeNumber::ROOT, name.into()));
            }
            drops.extend(real.names().into_iter().filter_map(|name| match name.parent {
                Parent::Node(parent) => Some(Drop::Entry(parent.number, name.name)),
                Parent::Tmp(_) => None,
            }));
        });
        drops
    }
}

/// A folder's listing and attributes, unless the kernel was told of it as it is.
fn folder_drop(node: &Node, stat: &StoreStat) -> Drop {
    let told = node.real().and_then(|real| real.told.lock().attributes);
    if told == Some(Version::from(stat)) { Drop::Attributes(node.number) } else { Drop::Contents(node.number) }
}
