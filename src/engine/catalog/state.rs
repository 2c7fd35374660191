//! The maps themselves, behind one lock of the catalog's. No lock of its own but the folders'.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::file::{ByName, ByPath, CatalogFile};
use super::folder::Folder;
use super::tags::TagTree;
use crate::index::notebook::IndexedFile;
use crate::types::{FileId, FileKey, NodeNumber, NotePath, NotebookNumber, TagName};

/// How the number of tags of a file changed.
pub(super) struct TagCount {
    pub(super) file: FileKey,
    pub(super) node: NodeNumber,
    pub(super) before: usize,
    pub(super) after: usize,
}

/// Files of one notebook.
#[derive(Debug, Default)]
struct NotebookFiles {
    name: Box<str>,
    by_id: HashMap<FileId, Arc<CatalogFile>>,
    by_path: HashSet<ByPath>,
}

/// The maps.
#[derive(Debug, Default)]
pub(super) struct State {
    notebooks: HashMap<NotebookNumber, NotebookFiles>,
    by_node: HashMap<NodeNumber, FileKey>,
    /// Files that share a number (hard links in the store), where there are several.
    twins: HashMap<NodeNumber, Vec<FileKey>>,
    pub(super) tags: TagTree,
    /// Every file by its name.
    pub(super) names: Folder,
    /// `.cdx` files by their names.
    pub(super) views: Arc<Folder>,
}

impl State {
    pub(super) fn file(&self, key: FileKey) -> Option<&Arc<CatalogFile>> {
        self.notebooks.get(&key.notebook)?.by_id.get(&key.id)
    }

    /// The files of a notebook, in no order.
    pub(super) fn files_of(&self, notebook: NotebookNumber) -> impl Iterator<Item = &Arc<CatalogFile>> {
        self.notebooks.get(&notebook).into_iter().flat_map(|files| files.by_id.values())
    }

    pub(super) fn by_path(&self, notebook: NotebookNumber, path: &NotePath) -> Option<&Arc<CatalogFile>> {
        self.notebooks.get(&notebook)?.by_path.get(path).map(|entry| &entry.0)
    }

    pub(super) fn by_node(&self, node: NodeNumber) -> Option<FileKey> {
        self.by_node.get(&node).copied()
    }

    /// The files that share a number with this one, itself among them.
    pub(super) fn twins<'a>(&'a self, file: &'a CatalogFile) -> &'a [FileKey] {
        self.twins.get(&file.node).map_or(std::slice::from_ref(&file.key), Vec::as_slice)
    }

    /// How many files a notebook has.
    pub(super) fn len(&self, notebook: NotebookNumber) -> usize {
        self.notebooks.get(&notebook).map_or(0, |files| files.by_id.len())
    }

    /// Names a notebook; where it was called otherwise, its files get the qualified names that follow from it.
    pub(super) fn set_notebook_name(&mut self, notebook: NotebookNumber, name: &str) {
        let files = self.notebooks.entry(notebook).or_default();
        if *files.name == *name {
            return;
        }
        files.name = name.into();
        let old: Vec<Arc<CatalogFile>> = files.by_id.values().cloned().collect();
        for file in old {
            let mut renamed = CatalogFile::clone(&file);
            renamed.set_digest(name);
            self.take_out(&file);
            self.put_in(Arc::new(renamed));
        }
    }

    /// Takes in all rows of a notebook at once. Sorted once, so that every folder is built from a run in order.
    pub(super) fn load(&mut self, notebook: NotebookNumber, rows: Vec<IndexedFile>) {
        if self.len(notebook) > 0 {
            for row in rows {
                self.upsert(notebook, row);
            }
            return;
        }
        let name = self.notebooks.entry(notebook).or_default().name.clone();
        let mut files: Vec<ByName> = Vec::with_capacity(rows.len());
        for row in rows {
            let mut file = CatalogFile::new(notebook, &name, row);
            for tag in &mut file.tags {
                *tag = self.tags.ensure(tag);
            }
            files.push(ByName(Arc::new(file)));
        }
        files.sort_unstable();
        let mut by_tag: HashMap<TagName, Vec<ByName>> = HashMap::new();
        let mut views = Vec::new();
        self.by_node.reserve(files.len());
        let mut of_notebook = self.notebooks.remove(&notebook).unwrap_or_default();
        of_notebook.by_id.reserve(files.len());
        of_notebook.by_path.reserve(files.len());
        for entry in &files {
            let file = &entry.0;
            for tag in &file.tags {
                by_tag.entry(tag.clone()).or_default().push(entry.clone());
            }
            if file.is_view {
                views.push(entry.clone());
            }
            self.put_node(file.node, file.key);
            of_notebook.by_path.replace(ByPath(Arc::clone(file)));
            of_notebook.by_id.insert(file.key.id, Arc::clone(file));
        }
        self.notebooks.insert(notebook, of_notebook);
        for (tag, members) in by_tag {
            if let Some(folder) = self.tags.folder(&tag) {
                folder.insert_all(members);
            }
        }
        self.views.insert_all(views);
        self.names.insert_all(files);
    }

    /// Takes in a row, instead of what was there of it.
    pub(super) fn upsert(&mut self, notebook: NotebookNumber, row: IndexedFile) -> TagCount {
        let files = self.notebooks.entry(notebook).or_default();
        let mut file = CatalogFile::new(notebook, &files.name, row);
        for tag in &mut file.tags {
            *tag = self.tags.ensure(tag);
        }
        let file = Arc::new(file);
        let old = files.by_id.get(&file.key.id).cloned();
        let before = old.as_ref().map_or(0, |old| old.tags.len());
        let count = TagCount { file: file.key, node: file.node, before, after: file.tags.len() };
        match old {
            Some(old) if old.is_shown_as(&file) && old.is_view == file.is_view => self.replace(&old, file),
            Some(old) => self.exchange(&old, file),
            None => self.put_in(file),
        }
        count
    }

    /// A row whose name, place and number stay: only the folders of tags that differ change.
    fn replace(&mut self, old: &CatalogFile, file: Arc<CatalogFile>) {
        for tag in &file.tags {
            match self.tags.folder(tag) {
                Some(folder) if old.tags.contains(tag) => folder.refresh(Arc::clone(&file)),
                _ => self.tags.insert(tag, Arc::clone(&file)),
            }
        }
        for tag in old.tags.iter().filter(|tag| !file.tags.contains(tag)) {
            self.tags.remove(tag, old);
        }
        self.names.refresh(Arc::clone(&file));
        if file.is_view {
            self.views.refresh(Arc::clone(&file));
        }
        let files = self.notebooks.entry(file.key.notebook).or_default();
        files.by_path.replace(ByPath(Arc::clone(&file)));
        files.by_id.insert(file.key.id, file);
    }

    /// A row that is shown otherwise than before; no folder that shows it is without it in between.
    fn exchange(&mut self, old: &CatalogFile, file: Arc<CatalogFile>) {
        for tag in &old.tags {
            match self.tags.folder(tag) {
                Some(folder) if file.tags.contains(tag) => folder.exchange(old, Arc::clone(&file)),
                _ => self.tags.remove(tag, old),
            }
        }
        if old.is_view && file.is_view {
            self.views.exchange(old, Arc::clone(&file));
        }
        self.take_out_of_maps(old);
        self.put_in(file);
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, key: FileKey) -> Option<Arc<CatalogFile>> {
        let file = self.file(key).cloned()?;
        self.take_out(&file);
        Some(file)
    }

    /// Forgets a notebook; the files that it had.
    pub(super) fn unload(&mut self, notebook: NotebookNumber) -> Vec<FileKey> {
        let files: Vec<Arc<CatalogFile>> =
            self.notebooks.get(&notebook).map(|files| files.by_id.values().cloned().collect()).unwrap_or_default();
        for file in &files {
            self.take_out(file);
        }
        self.notebooks.remove(&notebook);
        files.iter().map(|file| file.key).collect()
    }

    fn put_in(&mut self, file: Arc<CatalogFile>) {
        for tag in &file.tags {
            self.tags.insert(tag, Arc::clone(&file));
        }
        self.names.insert(Arc::clone(&file));
        if file.is_view {
            self.views.insert(Arc::clone(&file));
        }
        self.put_node(file.node, file.key);
        let files = self.notebooks.entry(file.key.notebook).or_default();
        files.by_path.replace(ByPath(Arc::clone(&file)));
        files.by_id.insert(file.key.id, file);
    }

    fn take_out(&mut self, file: &CatalogFile) {
        self.take_out_of_maps(file);
        for tag in &file.tags {
            self.tags.remove(tag, file);
        }
    }

    /// Takes a file out of everything but the folders of its tags.
    fn take_out_of_maps(&mut self, file: &CatalogFile) {
        self.names.remove(file);
        self.views.remove(file);
        self.take_node(file.node, file.key);
        let Some(files) = self.notebooks.get_mut(&file.key.notebook) else { return };
        files.by_id.remove(&file.key.id);
        // Another row may have come to the path meanwhile (two files that took each other's place).
        if files.by_path.get(&file.path).is_some_and(|entry| entry.0.key == file.key) {
            files.by_path.remove(&file.path);
        }
    }

    fn put_node(&mut self, node: NodeNumber, key: FileKey) {
        let Some(before) = self.by_node.insert(node, key).filter(|before| *before != key) else { return };
        let twins = self.twins.entry(node).or_insert_with(|| vec![before]);
        if !twins.contains(&key) {
            twins.push(key);
        }
    }

    fn take_node(&mut self, node: NodeNumber, key: FileKey) {
        let Some(twins) = self.twins.get_mut(&node) else {
            if self.by_node.get(&node) == Some(&key) {
                self.by_node.remove(&node);
            }
            return;
        };
        twins.retain(|twin| *twin != key);
        if let [left, ..] = twins.as_slice() {
            self.by_node.insert(node, *left);
        }
        if twins.len() < 2 {
            self.twins.remove(&node);
        }
    }
}
