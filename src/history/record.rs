//! Recording a batch: trees edited, the new objects in one pack, then the branch.

use std::collections::HashSet;
use std::path::Path;

use git2::{ObjectType, Odb, OdbLookupFlags, Oid, Repository};

use super::batch::Batch;
use super::edits::{Edits, Objects};
use super::error::Step;
use super::message::{self, CommitText};
use super::publish::{Update, publish};
use super::repository::{head, pack_config};
use crate::sys::Dir;

/// More new objects than this are packed without a search for deltas.
const BULK: usize = 500;

/// Records `batch` upon the head; `None` where its tree is the head's already.
pub(super) fn record(repo: &Repository, path: &Path, batch: &Batch) -> Step<Option<Oid>> {
    let old = repo.odb()?;
    // Objects of commits that another handle made must be known, or they would be packed once more.
    old.refresh()?;
    let parent = head(repo)?;
    let base = parent.map(|id| CommitText::read(&old, id)).transpose()?.map(|commit| commit.tree);
    let mut edits = Edits::new(&old, base);
    for change in &batch.changes {
        edits.apply(change)?;
    }
    let memory = in_memory()?;
    let fresh = memory.odb()?;
    let mut objects = Fresh { old: &old, memory: &fresh, ids: Vec::new(), known: HashSet::new() };
    let tree = edits.write(&mut objects)?;
    let empty = Oid::hash_object(ObjectType::Tree, b"")?;
    if tree == base.unwrap_or(empty) {
        return Ok(None);
    }
    let commit = objects.put(ObjectType::Commit, &message::commit_object(batch, tree, parent))?;
    let mut ids = objects.ids;
    // The order that packs like best: the commit, trees from the root down, blobs.
    ids.reverse();
    let stem = stage_pack(&memory, path, &ids)?;
    publish(repo, &Dir::open(path)?, &stem, Update { from: parent, to: commit })?;
    Ok(Some(commit))
}

/// A repository whose objects live in memory alone: what is not new is never read from here.
fn in_memory() -> Result<Repository, git2::Error> {
    let odb = Odb::new()?;
    odb.add_new_mempack_backend(1)?;
    Repository::from_odb(odb)
}

/// Writes the objects as a pack with its index into `incoming/`, unflushed; gives their name without suffix.
fn stage_pack(memory: &Repository, path: &Path, ids: &[Oid]) -> Step<String> {
    memory.set_config(&pack_config(path, ids.len() > BULK)?)?;
    let mut pack = memory.packbuilder()?;
    // Threads cost more than they save on a few objects.
    pack.set_threads(1);
    for &id in ids {
        pack.insert_object(id, None)?;
    }
    pack.write(&path.join("incoming"), 0o444)?;
    let name = pack.name()?.ok_or_else(|| git2::Error::from_str("the pack has no name"))?;
    Ok(format!("pack-{name}"))
}

/// The objects of one commit that are not in the repository yet, in memory.
struct Fresh<'a> {
    old: &'a Odb<'a>,
    memory: &'a Odb<'a>,
    ids: Vec<Oid>,
    known: HashSet<Oid>,
}

impl Objects for Fresh<'_> {
    fn put(&mut self, kind: ObjectType, bytes: &[u8]) -> Result<Oid, git2::Error> {
        let id = Oid::hash_object(kind, bytes)?;
        if self.known.insert(id) && !self.old.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
            self.memory.write(kind, bytes)?;
            self.ids.push(id);
        }
        Ok(id)
    }
}
