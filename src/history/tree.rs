//! Git's tree objects, read as bytes: an entry is `MODE NAME\0` and twenty bytes of id.
//!
//! Not through `git2::Tree`: parsed in place, a tree of 50,000 entries costs one pass and one allocation.

use std::cmp::Ordering;

use git2::{ObjectType, Odb, OdbObject, Oid};

use super::batch::PastKind;
use super::error::{Step, optional};
use crate::types::{CommitId, NotePath};

/// Mode of a file.
pub(super) const FILE: u32 = 0o100_644;
/// Mode of an executable file.
pub(super) const EXECUTABLE: u32 = 0o100_755;
/// Mode of a symbolic link.
pub(super) const SYMLINK: u32 = 0o120_000;
/// Mode of a folder.
pub(super) const FOLDER: u32 = 0o040_000;
/// Mode of a submodule, which only a foreign commit can have.
pub(super) const SUBMODULE: u32 = 0o160_000;

/// What a name stands for in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// One of git's modes.
    pub(super) mode: u32,
    /// Blob or tree.
    pub(super) id: Oid,
}

impl Entry {
    /// Whether it is a tree.
    pub(super) fn is_folder(self) -> bool {
        self.mode == FOLDER
    }

    /// Its kind; `None` for a submodule.
    pub(super) fn kind(self) -> Option<PastKind> {
        match self.mode {
            FOLDER => Some(PastKind::Folder),
            SYMLINK => Some(PastKind::Symlink),
            SUBMODULE => None,
            mode => Some(PastKind::File { executable: mode & 0o100 != 0 }),
        }
    }
}

/// The id of an object as the rest of Codex knows it.
pub(super) fn commit_id(id: Oid) -> CommitId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&id.as_bytes()[..20]);
    CommitId(bytes)
}

/// The inverse of [`commit_id`].
pub(super) fn oid(id: CommitId) -> Result<Oid, git2::Error> {
    Oid::from_bytes(&id.0)
}

/// Git's order of names: a folder's compares as if `/` followed it.
pub(super) fn order(a: (&[u8], bool), b: (&[u8], bool)) -> Ordering {
    let common = a.0.len().min(b.0.len());
    let next = |(name, is_folder): (&[u8], bool)| name.get(common).copied().unwrap_or(if is_folder { b'/' } else { 0 });
    a.0[..common].cmp(&b.0[..common]).then_with(|| next(a).cmp(&next(b)))
}

/// A tree object with the places where its entries begin.
pub(super) struct Tree<'o> {
    object: OdbObject<'o>,
    starts: Vec<u32>,
}

impl<'o> Tree<'o> {
    /// Reads the tree; anything else under that id is an error.
    pub(super) fn read(odb: &'o Odb<'_>, id: Oid) -> Result<Self, git2::Error> {
        let object = odb.read(id)?;
        if object.kind() != git2::ObjectType::Tree {
            return Err(git2::Error::from_str(&format!("object {id} is no folder")));
        }
        let bytes = object.data();
        let mut starts = Vec::with_capacity(bytes.len() / 40);
        let mut at = 0;
        while at < bytes.len() {
            let name_end = bytes[at..].iter().position(|&b| b == 0);
            let (Some(len), Ok(start)) = (name_end, u32::try_from(at)) else { break };
            starts.push(start);
            at += len + 21;
        }
        if at != bytes.len() {
            return Err(git2::Error::from_str(&format!("object {id} is a damaged folder")));
        }
        Ok(Self { object, starts })
    }

    fn entry(&self, start: u32) -> (&[u8], Entry) {
        let bytes = &self.object.data()[start as usize..];
        let space = bytes.iter().position(|&b| b == b' ').unwrap_or(0);
        let nul = space + bytes[space..].iter().position(|&b| b == 0).unwrap_or(0);
        let mode = bytes[..space].iter().fold(0, |mode, &digit| mode << 3 | u32::from(digit & 7));
        // Group-writable files of old repositories are what git itself reads them as.
        let mode = if mode == 0o100_664 { FILE } else { mode };
        let id = Oid::from_bytes(&bytes[nul + 1..nul + 21]).unwrap_or(Oid::ZERO_SHA1);
        (&bytes[(space + 1).min(nul)..nul], Entry { mode, id })
    }

    /// Its entries in git's order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], Entry)> {
        self.starts.iter().map(|&start| self.entry(start))
    }

    /// What stands under a name.
    pub(super) fn find(&self, name: &[u8]) -> Option<Entry> {
        [false, true].into_iter().find_map(|is_folder| {
            let at = self.starts.binary_search_by(|&start| {
                let (other, entry) = self.entry(start);
                order((other, entry.is_folder()), (name, is_folder))
            });
            at.ok().map(|at| self.entry(self.starts[at]).1)
        })
    }

    /// How many entries it has.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }
}

/// What stands at `path` below the tree `root`; the root itself for the root's path.
pub(super) fn entry_at(odb: &Odb<'_>, root: Oid, path: &NotePath) -> Result<Option<Entry>, git2::Error> {
    let mut entry = Entry { mode: FOLDER, id: root };
    for part in path.components() {
        if !entry.is_folder() {
            return Ok(None);
        }
        match Tree::read(odb, entry.id)?.find(part.as_encoded_bytes()) {
            Some(next) => entry = next,
            None => return Ok(None),
        }
    }
    Ok(Some(entry))
}

/// Calls `visit` with every file and link below the tree `root`, in git's order.
pub(super) fn walk(
    odb: &Odb<'_>,
    root: Oid,
    folder: &NotePath,
    visit: &mut dyn FnMut(NotePath, Entry) -> Step<()>,
) -> Step<()> {
    let tree = Tree::read(odb, root)?;
    for (name, entry) in tree.entries() {
        // A foreign commit can hold names that no store has; they are nobody's file.
        let Ok(path) = folder.join(name) else { continue };
        match entry.mode {
            FOLDER => walk(odb, entry.id, &path, visit)?,
            SUBMODULE => {}
            _ => visit(path, entry)?,
        }
    }
    Ok(())
}

/// The size of an object in bytes, `None` if there is none.
pub(super) fn size(odb: &Odb<'_>, id: Oid) -> Result<Option<u64>, git2::Error> {
    Ok(optional(header(odb, id))?.map(|(len, _)| len as u64))
}

/// The size and type of an object. In a damaged pack an object can have a type that git does not know, at which `git2`
/// panics: an error like any other damage.
pub(super) fn header(odb: &Odb<'_>, id: Oid) -> Result<(usize, ObjectType), git2::Error> {
    let read = std::panic::AssertUnwindSafe(|| odb.read_header(id));
    std::panic::catch_unwind(read)
        .unwrap_or_else(|_| Err(git2::Error::from_str("an object in a damaged pack is of no known type")))
}
