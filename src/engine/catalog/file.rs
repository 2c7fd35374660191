//! A file as the maps hold it, shared by every folder that shows it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ffi::OsStr;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::names;
use crate::index::notebook::IndexedFile;
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
    /// Its tags, each once, as first seen.
    pub tags: Box<[TagName]>,
    /// Whether it is a `.cdx`.
    pub is_view: bool,
    digest: u64,
    /// Where the name begins in the path.
    name_start: u32,
    /// Its name in NFC, where that differs from the bytes.
    composed: Option<Box<[u8]>>,
}

/// MIME type of a view's definition (index.md §3).
const VIEW_TYPE: &str = "application/x-codex-view";

impl CatalogFile {
    /// A row as the maps hold it. `notebook_name` goes into qualified names.
    #[must_use]
    pub fn new(notebook: NotebookNumber, notebook_name: &str, file: IndexedFile) -> Self {
        let digest = names::path_digest(notebook_name, file.path.as_bytes());
        let composed = match names::comparable(file.path.name()) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(name) => Some(name.into_boxed_slice()),
        };
        Self {
            key: FileKey { notebook, id: file.id },
            node: file.node,
            store: file.store,
            tags: file.tags.into_boxed_slice(),
            is_view: &*file.content_type == VIEW_TYPE,
            name_start: u32::try_from(file.path.as_bytes().len() - file.path.name().len()).unwrap_or(0),
            path: file.path,
            digest,
            composed,
        }
    }

    /// Its file name.
    #[must_use]
    pub fn name(&self) -> &OsStr {
        self.path.name()
    }

    /// Its qualified name with the usual number of digits.
    #[must_use]
    pub fn qualified_name(&self) -> std::ffi::OsString {
        names::qualified(self.name(), self.digest, names::DIGITS)
    }

    /// Whether it bears exactly this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &TagName) -> bool {
        self.tags.contains(tag)
    }

    pub(super) fn digest(&self) -> u64 {
        self.digest
    }

    /// Its name as names compare.
    pub(super) fn comparable_name(&self) -> &[u8] {
        match &self.composed {
            Some(name) => name,
            None => &self.path.as_bytes()[self.name_start as usize..],
        }
    }

    /// Whether folders show the one as they show the other.
    pub(crate) fn is_shown_as(&self, other: &Self) -> bool {
        self.key == other.key && self.node == other.node && self.path == other.path && self.digest == other.digest
    }

    pub(super) fn set_digest(&mut self, notebook_name: &str) {
        self.digest = names::path_digest(notebook_name, self.path.as_bytes());
    }
}

/// A file in the order of names: name, then digest, then key.
#[derive(Clone, Debug)]
pub(super) struct ByName(pub(super) Arc<CatalogFile>);

/// What [`ByName`] is ordered by; as a trait so that a borrowed key can be looked for.
pub(super) trait NameKey {
    fn parts(&self) -> (&[u8], u64, FileKey);
}

impl NameKey for ByName {
    fn parts(&self) -> (&[u8], u64, FileKey) {
        (self.0.comparable_name(), self.0.digest, self.0.key)
    }
}

impl NameKey for (&[u8], u64, FileKey) {
    fn parts(&self) -> (&[u8], u64, FileKey) {
        *self
    }
}

impl<'a> Borrow<dyn NameKey + 'a> for ByName {
    fn borrow(&self) -> &(dyn NameKey + 'a) {
        self
    }
}

impl PartialEq for dyn NameKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}
impl Eq for dyn NameKey + '_ {}
impl PartialOrd for dyn NameKey + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for dyn NameKey + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}
impl Eq for ByName {}
impl PartialOrd for ByName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ByName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

/// A file as it is found by its path within its notebook.
#[derive(Clone, Debug)]
pub(super) struct ByPath(pub(super) Arc<CatalogFile>);

impl Borrow<NotePath> for ByPath {
    fn borrow(&self) -> &NotePath {
        &self.0.path
    }
}
impl Hash for ByPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.path.hash(state);
    }
}
impl PartialEq for ByPath {
    fn eq(&self, other: &Self) -> bool {
        self.0.path == other.0.path
    }
}
impl Eq for ByPath {}
