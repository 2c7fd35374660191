//! The in-memory maps: files, tags and views of the workspace, with the names that folders show.
//! Readers never wait for disk. Written by the index thread alone, after each applied batch.

use std::ffi::OsString;
use std::sync::Arc;

use crate::index::notebook::Applied;
use crate::index::query::View;
use crate::types::{FileKey, NodeNumber, NotePath, NotebookNumber, StoreKey, TagName};

/// A file as the maps hold it.
#[derive(Clone, Debug)]
pub struct CatalogFile {
    /// Notebook and row.
    pub key: FileKey,
    /// Where it is.
    pub path: NotePath,
    /// Its number in the mount.
    pub node: NodeNumber,
    /// Device, inode and birth time.
    pub store: StoreKey,
    /// Its tags.
    pub tags: Box<[TagName]>,
    /// Whether it is a `.cdx`.
    pub is_view: bool,
}

/// A member of a synthetic folder: the name that it bears there, and the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The note's own file name, qualified (`stem~xxxxxx.ext`) where two members would bear the same.
    pub name: OsString,
    /// Which note.
    pub file: FileKey,
    /// Its number in the mount.
    pub node: NodeNumber,
}

/// `tags/a/+b/-c`: a tag, and operators.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagPath {
    /// Notes that bear exactly this tag …
    pub base: TagName,
    /// … and each of these (`true`) or not it (`false`), exactly.
    pub operators: Vec<(bool, TagName)>,
}

/// The members of a folder, as a snapshot: listed in order, looked up by name in constant time.
#[derive(Debug, Default)]
pub struct Folder {
    _private: (),
}

impl Folder {
    /// Its members, in order.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        todo!()
    }

    /// The member that bears a name.
    #[must_use]
    pub fn lookup(&self, name: &std::ffi::OsStr) -> Option<Member> {
        let _ = name;
        todo!()
    }

    /// The name that a note bears in it.
    #[must_use]
    pub fn name_of(&self, file: FileKey) -> Option<OsString> {
        let _ = file;
        todo!()
    }

    /// When its members last changed, nanoseconds since the epoch.
    #[must_use]
    pub fn changed_ns(&self) -> i64 {
        todo!()
    }
}

/// A `.cdx` of the workspace and its results.
#[derive(Debug)]
pub struct ViewFolder {
    /// The definition's file.
    pub file: FileKey,
    /// The last definition that could be read.
    pub view: Option<Arc<View>>,
    /// Why the present one cannot be used: shown as `ERROR.txt`.
    pub error: Option<String>,
    /// Its results, where it has no groups.
    pub members: Arc<Folder>,
    /// Its groups by folder name, in order, with the value that each stands for (`None`: the property is missing).
    pub groups: Option<Vec<(OsString, Option<String>, Arc<Folder>)>>,
}

/// The in-memory maps.
#[derive(Debug, Default)]
pub struct Catalog {
    _private: (),
}

impl Catalog {
    /// Takes in all files of a notebook at start.
    pub fn load(&self, notebook: NotebookNumber, files: Vec<crate::index::notebook::IndexedFile>) {
        let _ = (notebook, files);
        todo!()
    }

    /// Takes in an applied batch.
    pub fn apply(&self, notebook: NotebookNumber, applied: &[Applied]) {
        let _ = (notebook, applied);
        todo!()
    }

    /// Forgets a notebook.
    pub fn unload(&self, notebook: NotebookNumber) {
        let _ = notebook;
        todo!()
    }

    /// Declared tags, from the settings.
    pub fn set_declared(&self, tags: &[TagName]) {
        let _ = tags;
        todo!()
    }

    /// A file.
    #[must_use]
    pub fn file(&self, key: FileKey) -> Option<Arc<CatalogFile>> {
        let _ = key;
        todo!()
    }

    /// The file that bears a number in the mount.
    #[must_use]
    pub fn by_node(&self, node: NodeNumber) -> Option<FileKey> {
        let _ = node;
        todo!()
    }

    /// The file at a path.
    #[must_use]
    pub fn by_path(&self, notebook: NotebookNumber, path: &NotePath) -> Option<FileKey> {
        let _ = (notebook, path);
        todo!()
    }

    /// How many synthetic names a file has: its tags, plus one if a view shows it. Rises at once, falls a second late
    /// (the kernel keeps a count of its own that must never reach 0).
    #[must_use]
    pub fn synthetic_links(&self, file: FileKey) -> u32 {
        let _ = file;
        todo!()
    }

    /// Whether `tags/…` has a folder of the tag: it has notes or children, is declared, or was emptied within 60 s.
    #[must_use]
    pub fn has_tag(&self, tag: &TagName) -> bool {
        let _ = tag;
        todo!()
    }

    /// The tags directly below one (`None`: the topmost), as first seen, in order.
    #[must_use]
    pub fn children(&self, tag: Option<&TagName>) -> Vec<TagName> {
        let _ = tag;
        todo!()
    }

    /// The notes of `tags/…`.
    #[must_use]
    pub fn tag_folder(&self, path: &TagPath) -> Arc<Folder> {
        let _ = path;
        todo!()
    }

    /// All tags with the number of notes that bear exactly each, in order.
    #[must_use]
    pub fn tag_counts(&self) -> Vec<(TagName, usize)> {
        todo!()
    }
}
