//! The in-memory maps: files, tags and views of the workspace, with the names that folders show.
//! Readers never wait for disk. Written by the index thread alone, after each applied batch.
//! It knows nothing of SQLite, the store or mounts.

mod file;
mod folder;
mod links;
mod log;
#[cfg(test)]
mod model_tests;
pub mod names;
mod operators;
mod state;
mod survey;
mod tags;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};

pub use file::CatalogFile;
pub(crate) use folder::now_ns;
pub use folder::{Folder, Member};
pub use log::Since;
pub use operators::TagPath;

use self::links::Links;
use self::log::ChangeLog;
use self::operators::OperatorFolders;
use self::state::{State, TagCount};
use super::views::Views;
use crate::index::notebook::{Applied, IndexedFile};
use crate::types::{FileKey, NodeNumber, NotePath, NotebookNumber, TagName};

/// The in-memory maps.
#[derive(Debug, Default)]
pub struct Catalog {
    state: RwLock<State>,
    links: RwLock<Links>,
    operators: Mutex<OperatorFolders>,
    changes: Mutex<ChangeLog>,
    /// Counts changes that no list of files tells: notebooks that come, go or are renamed.
    notebooks_generation: AtomicU64,
    views: Views,
}

impl Catalog {
    /// What a notebook is called: qualified names are made of it. To be told before [`Catalog::load`] and when it is
    /// renamed.
    pub fn set_notebook_name(&self, notebook: NotebookNumber, name: &str) {
        self.state.write().set_notebook_name(notebook, name);
        self.notebooks_changed();
    }

    /// Takes in all files of a notebook at start.
    pub fn load(&self, notebook: NotebookNumber, files: Vec<IndexedFile>) {
        self.state.write().load(notebook, files);
        self.notebooks_changed();
    }

    /// Takes in an applied batch.
    pub fn apply(&self, notebook: NotebookNumber, applied: &[Applied]) {
        let mut state = self.state.write();
        let mut links = self.links.write();
        let mut changes = self.changes.lock();
        for change in applied {
            match change {
                Applied::Added(file) | Applied::Changed { file, .. } => {
                    let TagCount { file, node, before, after } = state.upsert(notebook, file.clone());
                    if after < before {
                        links.tags_fell(file, node, before);
                    }
                    links.renumbered(file, node);
                    changes.push(file);
                }
                Applied::Removed { id, .. } => {
                    let key = FileKey { notebook, id: *id };
                    state.remove(key);
                    links.row_went(key);
                    changes.push(key);
                }
            }
        }
    }

    /// Forgets a notebook.
    pub fn unload(&self, notebook: NotebookNumber) {
        let gone = self.state.write().unload(notebook);
        let mut links = self.links.write();
        for file in gone {
            links.forget(file);
        }
        drop(links);
        self.notebooks_changed();
    }

    fn notebooks_changed(&self) {
        self.changes.lock().reset();
        self.notebooks_generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Differs after notebooks came, went or were renamed.
    #[must_use]
    pub fn notebooks_generation(&self) -> u64 {
        self.notebooks_generation.load(Ordering::Relaxed)
    }

    /// Declared tags, from the settings.
    pub fn set_declared(&self, tags: &[TagName]) {
        self.state.write().tags.set_declared(tags);
    }

    /// Whether a tag is declared.
    #[must_use]
    pub fn is_declared(&self, tag: &TagName) -> bool {
        self.state.read().tags.is_declared(tag)
    }

    /// A file.
    #[must_use]
    pub fn file(&self, key: FileKey) -> Option<Arc<CatalogFile>> {
        self.state.read().file(key).cloned()
    }

    /// The file that bears a number in the mount; one of them where several do.
    #[must_use]
    pub fn by_node(&self, node: NodeNumber) -> Option<FileKey> {
        self.state.read().by_node(node)
    }

    /// The files that bear a number: several where the store has hard links.
    #[must_use]
    pub fn all_by_node(&self, node: NodeNumber) -> Vec<Arc<CatalogFile>> {
        let state = self.state.read();
        let Some(file) = state.by_node(node).and_then(|key| state.file(key)) else { return Vec::new() };
        state.twins(file).iter().filter_map(|key| state.file(*key).cloned()).collect()
    }

    /// The file at a path.
    #[must_use]
    pub fn by_path(&self, notebook: NotebookNumber, path: &NotePath) -> Option<FileKey> {
        self.state.read().by_path(notebook, path).map(|file| file.key)
    }

    /// The number of the file at a path.
    #[must_use]
    pub fn node_at(&self, notebook: NotebookNumber, path: &NotePath) -> Option<NodeNumber> {
        self.state.read().by_path(notebook, path).map(|file| file.node)
    }

    /// Whether notes bear a tag or one below it, so that it cannot go without one of them changing.
    #[must_use]
    pub fn bears_notes(&self, tag: &TagName) -> bool {
        self.state.read().tags.bears_notes(tag)
    }

    /// The files of a name, over all notebooks.
    #[must_use]
    pub fn by_name(&self, name: &OsStr) -> Vec<Arc<CatalogFile>> {
        self.state.read().names.named(name)
    }

    /// How many files of a notebook it holds.
    #[must_use]
    pub fn file_count(&self, notebook: NotebookNumber) -> usize {
        self.state.read().len(notebook)
    }

    /// How many synthetic names a file has: its tags, plus one if a view shows it. Rises at once, falls a second late
    /// (the kernel keeps a count of its own that must never reach 0). Files that share a number share the count.
    #[must_use]
    pub fn synthetic_links(&self, file: FileKey) -> u32 {
        let state = self.state.read();
        let Some(file) = state.file(file) else { return 0 };
        let links = self.links.read();
        let count = |key: &FileKey| state.file(*key).map_or(0, |twin| links.count(*key, twin.tags.len()));
        state.twins(file).iter().map(count).fold(0, u32::saturating_add)
    }

    /// The notes whose count has fallen since a position (at first 0), and the position now: for a thread of each mount
    /// that looks several times a second and has the kernel ask again.
    #[must_use]
    pub fn lowered_links(&self, position: u64) -> (Vec<NodeNumber>, u64) {
        let (has_marks, newest) = {
            let links = self.links.read();
            (links.has_marks(), links.position())
        };
        if !has_marks && newest == position {
            return (Vec::new(), position);
        }
        let mut links = self.links.write();
        links.expire(Instant::now());
        links.lowered_since(position)
    }

    /// Whether `tags/…` has a folder of the tag: it has notes or children, is declared, or was emptied within 60 s.
    #[must_use]
    pub fn has_tag(&self, tag: &TagName) -> bool {
        self.expire_tags();
        self.state.read().tags.contains(tag)
    }

    /// A tag as it is shown: as first seen.
    #[must_use]
    pub fn shown_tag(&self, tag: &TagName) -> Option<TagName> {
        self.state.read().tags.shown(tag)
    }

    /// The tags directly below one (`None`: the topmost), as first seen, in order.
    #[must_use]
    pub fn children(&self, tag: Option<&TagName>) -> Vec<TagName> {
        self.expire_tags();
        self.state.read().tags.children(tag)
    }

    /// When the topmost tags last changed, nanoseconds since the epoch.
    #[must_use]
    pub fn tags_changed_ns(&self) -> i64 {
        self.state.read().tags.top_changed_ns()
    }

    /// The notes of `tags/…`.
    #[must_use]
    pub fn tag_folder(&self, path: &TagPath) -> Arc<Folder> {
        let state = self.state.read();
        if path.operators.is_empty() {
            return state.tags.folder(&path.base).cloned().unwrap_or_default();
        }
        self.operators.lock().folder(path, &state.tags)
    }

    /// All tags with the number of notes that bear exactly each, in order.
    #[must_use]
    pub fn tag_counts(&self) -> Vec<(TagName, usize)> {
        self.expire_tags();
        self.state.read().tags.counts()
    }

    /// A note is about to be taken out of a tag through the tag's own folder: should that empty it, the folder stays
    /// for 60 s, so that `rm -r` ends well.
    pub fn keep_if_emptied(&self, tag: &TagName) {
        self.state.write().tags.linger(tag);
    }

    /// The empty folder of a tag was removed.
    pub fn drop_emptied(&self, tag: &TagName) {
        let mut state = self.state.write();
        if let Some(parent) = tag.parent() {
            state.tags.linger(&parent);
        }
        state.tags.end_linger(tag);
    }

    /// A tag was renamed: what stays of it though it is empty stays under the new name.
    pub fn rename_emptied(&self, from: &TagName, to: &TagName) {
        self.state.write().tags.rename_lingering(from, to);
    }

    /// From now on a tag is shown as written here.
    pub fn show_tag_as(&self, tag: &TagName) {
        self.state.write().tags.show_as(tag);
    }

    fn expire_tags(&self) {
        let now = Instant::now();
        if self.state.read().tags.next_expiry().is_some_and(|expiry| expiry <= now) {
            self.state.write().tags.expire(now);
        }
    }

    /// `.cdx` files, by their names.
    #[must_use]
    pub fn view_files(&self) -> Arc<Folder> {
        Arc::clone(&self.state.read().views)
    }

    /// Results of views and queries.
    #[must_use]
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// Position after the newest change, for [`Catalog::changes_since`].
    #[must_use]
    pub fn change_position(&self) -> u64 {
        self.changes.lock().position()
    }

    /// Which files changed since a position.
    #[must_use]
    pub fn changes_since(&self, position: u64) -> Since {
        self.changes.lock().since(position)
    }

    /// A result shows these files now, and no longer those.
    pub(crate) fn shown_by_view(&self, shown: &[FileKey], hidden: &[FileKey]) {
        let state = self.state.read();
        let mut links = self.links.write();
        for file in shown {
            links.show(*file);
        }
        for key in hidden {
            match state.file(*key) {
                Some(file) => links.hide(file.key, file.node, file.tags.len()),
                None => links.hide_gone(*key),
            }
        }
    }
}
