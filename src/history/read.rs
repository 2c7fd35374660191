//! Reading commits, past folders and blobs.

use std::collections::HashSet;
use std::sync::Arc;

use git2::{Odb, OdbObject, Oid, Repository};

use super::batch::{CommitInfo, PastEntry, PastKind};
use super::compare::{self, FileChange};
use super::error::{HistoryError, Step};
use super::message::CommitText;
use super::tree::{self, Entry, Tree, commit_id};
use crate::types::{CommitId, NotePath};

/// The commit as it is listed.
pub(super) fn commit_info(repo: &Repository, id: Oid) -> Step<CommitInfo> {
    let commit = CommitText::read(&repo.odb()?, id)?;
    let changes = compare::changes(repo, &commit)?.into_iter().filter_map(FileChange::listed).collect();
    Ok(CommitInfo {
        id: commit_id(id),
        summary: commit.summary().to_owned(),
        time: commit.time(),
        gesture: commit.gesture(),
        undoes: commit.undoes(),
        actor: commit.actor,
        changes,
    })
}

/// The tree of a commit, or that there is no such commit.
pub(super) fn tree_of(odb: &Odb<'_>, commit: CommitId) -> Step<Oid> {
    match CommitText::read(odb, tree::oid(commit)?) {
        Ok(text) => Ok(text.tree),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Err(no_commit(commit).into()),
        Err(error) => Err(error.into()),
    }
}

/// That there is no such commit.
pub(super) fn no_commit(commit: CommitId) -> HistoryError {
    HistoryError::NotFound(format!("no commit {commit} in this notebook's history; see `cdx log`"))
}

/// The commit that a prefix names.
pub(super) fn resolve(repo: &Repository, prefix: &str) -> Step<CommitId> {
    let told = |what: String| Err(HistoryError::NotFound(what).into());
    if prefix.len() < 4 || prefix.len() > 40 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return told(format!("`{prefix}` is no revision: give 4 to 40 hex digits of a commit's id"));
    }
    match repo.find_commit_by_prefix(prefix) {
        Ok(commit) => Ok(commit_id(commit.id())),
        Err(error) if error.code() == git2::ErrorCode::Ambiguous => {
            told(format!("`{prefix}` begins several ids in this notebook's history; give more digits"))
        }
        Err(error) if error.code() == git2::ErrorCode::NotFound => {
            told(format!("no commit `{prefix}` in this notebook's history; see `cdx log`"))
        }
        Err(error) => Err(error.into()),
    }
}

/// What stood at `path`.
pub(super) fn entry(odb: &Odb<'_>, commit: CommitId, path: &NotePath) -> Step<Option<PastEntry>> {
    let entry = tree::entry_at(odb, tree_of(odb, commit)?, path)?;
    Ok(entry.and_then(|entry| past_entry(path.name().as_encoded_bytes(), entry)))
}

fn past_entry(name: &[u8], entry: Entry) -> Option<PastEntry> {
    Some(PastEntry { name: name.to_owned(), kind: entry.kind()?, id: commit_id(entry.id) })
}

/// The entries of the folder at `path`.
pub(super) fn list(odb: &Odb<'_>, commit: CommitId, path: &NotePath) -> Step<Vec<PastEntry>> {
    match tree::entry_at(odb, tree_of(odb, commit)?, path)? {
        Some(folder) if folder.is_folder() => {
            let tree = Tree::read(odb, folder.id)?;
            Ok(tree.entries().filter_map(|(name, entry)| past_entry(name, entry)).collect())
        }
        Some(_) => Err(HistoryError::NotFound(format!("{path} is no folder in commit {commit}")).into()),
        None => Err(HistoryError::NotFound(format!("{path} is not in commit {commit}")).into()),
    }
}

/// All files and links of a commit.
pub(super) fn files(odb: &Odb<'_>, commit: CommitId) -> Step<Vec<(NotePath, PastKind, CommitId)>> {
    let mut files = Vec::new();
    tree::walk(odb, tree_of(odb, commit)?, &NotePath::root(), &mut |path, entry| {
        files.extend(entry.kind().map(|kind| (path, kind, commit_id(entry.id))));
        Ok(())
    })?;
    Ok(files)
}

/// The bytes of a blob.
pub(super) fn blob(odb: &Odb<'_>, id: Oid) -> Step<Arc<[u8]>> {
    match super::error::optional(sound(odb, id))? {
        Some(object) => Ok(object.data().into()),
        None => Err(HistoryError::NotFound(format!("no object {id} in this notebook's history")).into()),
    }
}

/// The object, if its bytes are those that it is named after.
pub(super) fn sound<'o>(odb: &'o Odb<'_>, id: Oid) -> Result<OdbObject<'o>, git2::Error> {
    let object = odb.read(id)?;
    if Oid::hash_object(object.kind(), object.data())? == id {
        Ok(object)
    } else {
        Err(git2::Error::from_str(&format!("object {id} is damaged")))
    }
}

/// So many problems are told of; by then it is clear what is to be done.
const PROBLEMS_MAX: usize = 200;

/// Reads every object of the head and of all commits before it; what cannot be read.
pub(super) fn verify(odb: &Odb<'_>, head: Oid) -> Vec<String> {
    let mut check = Check { odb, problems: Vec::new(), seen: HashSet::new() };
    let mut next = Some(head);
    while let Some(id) = next.filter(|_| check.problems.len() < PROBLEMS_MAX) {
        match sound(odb, id).and_then(|_| CommitText::read(odb, id)) {
            Ok(commit) => {
                let of = if id == head { String::new() } else { format!(" (in commit {id:.8})") };
                check.folder(commit.tree, &of);
                next = commit.parent;
            }
            Err(error) => {
                check.problems.push(format!("commit {id}: {}", error.message()));
                next = None;
            }
        }
    }
    check.problems
}

struct Check<'a> {
    odb: &'a Odb<'a>,
    problems: Vec<String>,
    seen: HashSet<Oid>,
}

impl Check<'_> {
    /// All below a tree that was not looked at before.
    fn folder(&mut self, root: Oid, of: &str) {
        let mut folders = vec![(NotePath::root(), root)];
        while let Some((folder, id)) = folders.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            let tree = match sound(self.odb, id).and_then(|_| Tree::read(self.odb, id)) {
                Ok(tree) => tree,
                Err(error) => {
                    self.problems.push(format!("folder {folder}/{of}: {}", error.message()));
                    continue;
                }
            };
            for (name, entry) in tree.entries() {
                let Ok(path) = folder.join(name) else { continue };
                if entry.is_folder() {
                    folders.push((path, entry.id));
                } else if entry.mode != tree::SUBMODULE
                    && self.seen.insert(entry.id)
                    && let Err(error) = sound(self.odb, entry.id)
                {
                    self.problems.push(format!("{path}{of}: {}", error.message()));
                }
            }
        }
    }
}
