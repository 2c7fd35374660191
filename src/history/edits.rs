//! Changes laid over a commit's tree: only folders that change are loaded, and each is written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use git2::{Odb, Oid};

use super::batch::Recorded;
use super::tree::{self, EXECUTABLE, Entry, FILE, FOLDER, SYMLINK, Tree};
use crate::types::NotePath;

/// Where finished objects go.
pub(super) trait Objects {
    /// Keeps the object if it is not there yet, and gives its id.
    fn put(&mut self, kind: git2::ObjectType, bytes: &[u8]) -> Result<Oid, git2::Error>;
}

/// A tree with changes over it.
pub(super) struct Edits<'o> {
    odb: &'o Odb<'o>,
    root: Folder<'o>,
}

/// What stands at a path, recorded already or yet to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// In the object store.
    Kept(Entry),
    /// Not written yet: contents (of a link: its target) and mode.
    Bytes(u32, Arc<[u8]>),
    /// A folder with changes in it.
    Folder,
}

#[derive(Default)]
struct Folder<'o> {
    base: Option<Oid>,
    loaded: Option<Tree<'o>>,
    edits: BTreeMap<Box<[u8]>, Edit<'o>>,
}

impl Content {
    /// Whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        match self {
            Self::Kept(entry) => entry.is_folder(),
            Self::Bytes(..) => false,
            Self::Folder => true,
        }
    }

    /// Whether it is what `entry` records.
    pub(super) fn is(&self, entry: Entry) -> Result<bool, git2::Error> {
        match self {
            Self::Kept(now) => Ok(*now == entry),
            Self::Bytes(mode, bytes) => {
                Ok(*mode == entry.mode && Oid::hash_object(git2::ObjectType::Blob, bytes)? == entry.id)
            }
            Self::Folder => Ok(false),
        }
    }
}

enum Edit<'o> {
    Gone,
    Kept(Entry),
    Bytes(u32, Arc<[u8]>),
    Folder(Folder<'o>),
}

impl<'o> Edits<'o> {
    /// Over the tree `base`, over nothing where there is none.
    pub(super) fn new(odb: &'o Odb<'o>, base: Option<Oid>) -> Self {
        Self { odb, root: Folder { base, ..Folder::default() } }
    }

    /// Makes one change. A path that git cannot hold is left out (see [`is_recordable`]).
    pub(super) fn apply(&mut self, change: &Recorded) -> Result<(), git2::Error> {
        match change {
            Recorded::Written { path, bytes, executable } => {
                let mode = if *executable { EXECUTABLE } else { FILE };
                self.insert(path, Edit::Bytes(mode, Arc::clone(bytes)))
            }
            Recorded::Symlink { path, target } => self.insert(path, Edit::Bytes(SYMLINK, target.as_slice().into())),
            Recorded::Removed { path } => self.take(path).map(drop),
            Recorded::Moved { from, to } if from == to || to.strip_prefix(from).is_some() => Ok(()),
            // A folder without files is not there, to git.
            Recorded::Moved { from, .. } if self.get(from)? == Some(Content::Folder) && !self.has_files(from)? => {
                Ok(())
            }
            Recorded::Moved { from, to } => match self.take(from)? {
                Some(moved) => self.insert(to, moved),
                None => Ok(()),
            },
        }
    }

    /// What stands at `path`.
    pub(super) fn get(&mut self, path: &NotePath) -> Result<Option<Content>, git2::Error> {
        let Some(folder) = self.root.below(self.odb, &path.parent(), false)? else { return Ok(None) };
        let name = path.name().as_encoded_bytes();
        Ok(match folder.edits.get(name) {
            Some(Edit::Gone) => None,
            Some(Edit::Kept(entry)) => Some(Content::Kept(*entry)),
            Some(Edit::Bytes(mode, bytes)) => Some(Content::Bytes(*mode, Arc::clone(bytes))),
            Some(Edit::Folder(_)) => Some(Content::Folder),
            None => folder.original(self.odb, name)?.map(Content::Kept),
        })
    }

    /// Whether a file or link is at or below the folder `path`.
    pub(super) fn has_files(&mut self, path: &NotePath) -> Result<bool, git2::Error> {
        match self.root.below(self.odb, path, false)? {
            Some(folder) => folder.has_files(self.odb),
            None => Ok(false),
        }
    }

    /// Writes the changed trees and blobs, children first; gives the root tree's id.
    pub(super) fn write(mut self, objects: &mut dyn Objects) -> Result<Oid, git2::Error> {
        match self.root.write(self.odb, objects)? {
            Some(id) => Ok(id),
            None => objects.put(git2::ObjectType::Tree, b""),
        }
    }

    fn insert(&mut self, path: &NotePath, edit: Edit<'o>) -> Result<(), git2::Error> {
        if path.is_root() || !is_recordable(path) {
            return Ok(());
        }
        if let Some(folder) = self.root.below(self.odb, &path.parent(), true)? {
            folder.edits.insert(path.name().as_encoded_bytes().into(), edit);
        }
        Ok(())
    }

    /// Removes what stands at `path` and gives it out.
    fn take(&mut self, path: &NotePath) -> Result<Option<Edit<'o>>, git2::Error> {
        if path.is_root() {
            return Ok(Some(Edit::Folder(std::mem::take(&mut self.root))));
        }
        let Some(folder) = self.root.below(self.odb, &path.parent(), false)? else { return Ok(None) };
        let name = path.name().as_encoded_bytes();
        let there = match folder.edits.remove(name) {
            Some(Edit::Gone) => None,
            Some(edit) => Some(edit),
            None => folder.original(self.odb, name)?.map(Edit::Kept),
        };
        folder.edits.insert(name.into(), Edit::Gone);
        Ok(there)
    }
}

impl<'o> Folder<'o> {
    /// What the recorded tree has under `name`.
    fn original(&mut self, odb: &'o Odb<'o>, name: &[u8]) -> Result<Option<Entry>, git2::Error> {
        self.load(odb)?;
        Ok(self.loaded.as_ref().and_then(|tree| tree.find(name)))
    }

    fn load(&mut self, odb: &'o Odb<'o>) -> Result<(), git2::Error> {
        if let (Some(base), None) = (self.base, &self.loaded) {
            self.loaded = Some(Tree::read(odb, base)?);
        }
        Ok(())
    }

    fn has_files(&mut self, odb: &'o Odb<'o>) -> Result<bool, git2::Error> {
        self.load(odb)?;
        let mut originals = self.loaded.iter().flat_map(Tree::entries);
        if originals.any(|(name, _)| !self.edits.contains_key(name)) {
            return Ok(true);
        }
        drop(originals);
        for edit in self.edits.values_mut() {
            match edit {
                Edit::Gone => {}
                Edit::Kept(_) | Edit::Bytes(..) => return Ok(true),
                Edit::Folder(folder) => {
                    if folder.has_files(odb)? {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The folder at `path` below this one, ready to be changed. Where it is missing or a file, `make` decides
    /// whether a new one takes its place.
    fn below(&mut self, odb: &'o Odb<'o>, path: &NotePath, make: bool) -> Result<Option<&mut Self>, git2::Error> {
        let mut folder = self;
        for part in path.components() {
            let name = part.as_encoded_bytes();
            let base = match folder.edits.get(name) {
                Some(Edit::Folder(_)) => None,
                Some(Edit::Kept(entry)) => Some(Some(*entry)),
                Some(Edit::Gone | Edit::Bytes(..)) => Some(None),
                None => Some(folder.original(odb, name)?),
            };
            if let Some(base) = base {
                let base = base.filter(|entry| entry.is_folder()).map(|entry| entry.id);
                if base.is_none() && !make {
                    return Ok(None);
                }
                folder.edits.insert(name.into(), Edit::Folder(Self { base, ..Self::default() }));
            }
            folder = match folder.edits.get_mut(name) {
                Some(Edit::Folder(next)) => next,
                _ => return Ok(None),
            };
        }
        Ok(Some(folder))
    }

    /// The id of the folder's tree; `None` where it is empty, since git knows no empty folders.
    fn write(&mut self, odb: &'o Odb<'o>, objects: &mut dyn Objects) -> Result<Option<Oid>, git2::Error> {
        if self.edits.is_empty() {
            return Ok(self.base);
        }
        self.load(odb)?;
        let mut edited = Vec::with_capacity(self.edits.len());
        for edit in self.edits.values_mut() {
            edited.push(match edit {
                Edit::Gone => None,
                Edit::Kept(entry) => Some(*entry),
                Edit::Bytes(mode, bytes) => {
                    Some(Entry { mode: *mode, id: objects.put(git2::ObjectType::Blob, bytes)? })
                }
                Edit::Folder(folder) => folder.write(odb, objects)?.map(|id| Entry { mode: FOLDER, id }),
            });
        }
        let mut entries = Vec::with_capacity(self.loaded.as_ref().map_or(0, Tree::len) + edited.len());
        if let Some(tree) = &self.loaded {
            entries.extend(tree.entries().filter(|(name, _)| !self.edits.contains_key(*name)));
        }
        let edited = self.edits.keys().zip(edited);
        entries.extend(edited.filter_map(|(name, entry)| entry.map(|entry| (&**name, entry))));
        if entries.is_empty() {
            return Ok(None);
        }
        // The first part is in order already; the standard sort merges such runs in one pass.
        entries.sort_by(|a, b| tree::order((a.0, a.1.is_folder()), (b.0, b.1.is_folder())));
        objects.put(git2::ObjectType::Tree, &serialized(&entries)).map(Some)
    }
}

fn serialized(entries: &[(&[u8], Entry)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|(name, _)| name.len() + 28).sum());
    for (name, entry) in entries {
        bytes.extend_from_slice(format!("{:o} ", entry.mode).as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(entry.id.as_bytes());
    }
    bytes
}

/// Whether git can hold the path: no component may be one that some filesystem takes for `.git`, since
/// `git fsck` calls a tree with such a name an attack and clones refuse it. The rules are those of git's
/// `is_hfs_dotgit` and `is_ntfs_dotgit`.
#[must_use]
pub fn is_recordable(path: &NotePath) -> bool {
    !path.components().any(|part| part.as_encoded_bytes().split(|&b| b == b'\\').any(is_dot_git))
}

fn is_dot_git(name: &[u8]) -> bool {
    // NTFS drops trailing dots and spaces, and what follows a colon.
    let cut = name.iter().position(|&b| b == b':').unwrap_or(name.len());
    let end = name[..cut].iter().rposition(|b| !matches!(b, b'.' | b' ')).map_or(0, |last| last + 1);
    let bare = &name[..end];
    if bare.eq_ignore_ascii_case(b".git") || bare.eq_ignore_ascii_case(b"git~1") {
        return true;
    }
    // HFS+ ignores some invisible characters.
    let Ok(text) = std::str::from_utf8(name) else { return false };
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    !text.is_ascii() && text.chars().filter(|c| !ignored(c)).collect::<String>().eq_ignore_ascii_case(".git")
}
