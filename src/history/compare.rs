//! What a commit changed: two trees compared, reading only the folders that differ.
//!
//! libgit2's own comparison costs over a millisecond a commit in a large tree; it is asked only where files were
//! both added and removed, for it knows how to tell renames.

use std::cmp::Ordering;

use git2::{Delta, DiffFindOptions, DiffOptions, Odb, Oid, Repository};

use super::error::Step;
use super::message::CommitText;
use super::tree::{self, Entry, SUBMODULE, Tree};
use crate::types::NotePath;

/// A file that a commit changed: what stood there before and after. Both of them where it was modified or moved.
#[derive(Clone, Debug)]
pub(super) struct FileChange {
    /// Before the commit.
    pub(super) old: Option<(NotePath, Entry)>,
    /// After it.
    pub(super) new: Option<(NotePath, Entry)>,
}

impl FileChange {
    /// Whether the file was not at its place before: it is new or was moved there.
    pub(super) fn is_arrival(&self) -> bool {
        let place = |side: &Option<(NotePath, Entry)>| side.as_ref().map(|(path, _)| path.clone());
        self.new.is_some() && place(&self.old) != place(&self.new)
    }

    /// Where it is after the commit.
    pub(super) fn new_path(&self) -> Option<NotePath> {
        self.new.as_ref().map(|(path, _)| path.clone())
    }

    /// As a commit's listing shows it: `A`, `M`, `D` or `R` and the path.
    pub(super) fn listed(self) -> Option<(char, NotePath)> {
        match (self.old, self.new) {
            (None, None) => None,
            (None, Some((path, _))) => Some(('A', path)),
            (Some((path, _)), None) => Some(('D', path)),
            (Some((old, _)), Some((new, _))) => Some((if old == new { 'M' } else { 'R' }, new)),
        }
    }
}

/// Renames of edited files are searched among so many candidates; identical contents are always found.
const RENAME_LIMIT: usize = 200;

/// The files that a commit changed against its first parent, renames found.
pub(super) fn changes(repo: &Repository, commit: &CommitText) -> Step<Vec<FileChange>> {
    let odb = repo.odb()?;
    let old = commit.parent.map(|parent| CommitText::read(&odb, parent)).transpose()?.map(|parent| parent.tree);
    let mut changes = Vec::new();
    compare(&odb, [old, Some(commit.tree)], &NotePath::root(), &mut changes)?;
    let (added, removed) =
        (changes.iter().any(|change| change.old.is_none()), changes.iter().any(|change| change.new.is_none()));
    if added && removed { with_renames(repo, old, commit.tree) } else { Ok(changes) }
}

/// Compares the trees (before, after) of `folder`.
fn compare(odb: &Odb<'_>, trees: [Option<Oid>; 2], folder: &NotePath, changes: &mut Vec<FileChange>) -> Step<()> {
    if trees[0] == trees[1] {
        return Ok(());
    }
    let read = |id: Option<Oid>| id.map(|id| Tree::read(odb, id)).transpose();
    let (old, new) = (read(trees[0])?, read(trees[1])?);
    let mut olds = old.iter().flat_map(Tree::entries).peekable();
    let mut news = new.iter().flat_map(Tree::entries).peekable();
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => tree::order((old.0, old.1.is_folder()), (new.0, new.1.is_folder())),
        };
        let old = if order == Ordering::Greater { None } else { olds.next() };
        let new = if order == Ordering::Less { None } else { news.next() };
        let Some((name, one)) = old.or(new) else { return Ok(()) };
        let sides = [old, new].map(|side| side.map(|(_, entry)| entry));
        // A foreign commit can hold names that no store has; they are nobody's file.
        let Some(path) = (sides[0] != sides[1]).then(|| folder.join(name).ok()).flatten() else { continue };
        if one.is_folder() {
            compare(odb, sides.map(|side| side.map(|entry| entry.id)), &path, changes)?;
        } else if one.mode != SUBMODULE {
            let [old, new] = sides.map(|side| side.map(|entry| (path.clone(), entry)));
            changes.push(FileChange { old, new });
        }
    }
}

fn with_renames(repo: &Repository, old: Option<Oid>, new: Oid) -> Step<Vec<FileChange>> {
    let old = old.map(|id| repo.find_tree(id)).transpose()?;
    let new = repo.find_tree(new)?;
    let mut options = DiffOptions::new();
    options.include_typechange(true).ignore_submodules(true).skip_binary_check(true);
    let mut diff = repo.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(RENAME_LIMIT)))?;
    Ok(diff.deltas().map(|delta| file_change(&delta)).collect())
}

fn file_change(delta: &git2::DiffDelta<'_>) -> FileChange {
    let side = |file: git2::DiffFile<'_>| {
        let path = NotePath::new(file.path_bytes()?).ok()?;
        Some((path, Entry { mode: file.mode().into(), id: file.id() }))
    };
    let (old, new) = (side(delta.old_file()), side(delta.new_file()));
    match delta.status() {
        Delta::Added | Delta::Copied => FileChange { old: None, new },
        Delta::Deleted => FileChange { old, new: None },
        _ => FileChange { old, new },
    }
}
