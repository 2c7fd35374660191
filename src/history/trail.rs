//! The commits of one file or folder, found without diffs: a commit touched it if the entry at its path differs
//! from the parent's. Trees are compared from the root down and no further than the first equal one.

use git2::{Odb, Oid, Repository};

use super::compare::{self, FileChange};
use super::error::Step;
use super::message::CommitText;
use super::tree::{Entry, FOLDER, Tree};
use crate::types::NotePath;

/// A commit that changed what stands at the path.
#[derive(Clone, Debug)]
pub(super) struct Footprint {
    /// The commit.
    pub(super) commit: Oid,
    /// The path at that time.
    pub(super) path: NotePath,
    /// What stood there after it.
    pub(super) entry: Option<Entry>,
}

/// The newest `limit` commits of `path`, newest first, renames followed.
pub(super) fn trail(repo: &Repository, head: Oid, path: &NotePath, limit: usize) -> Step<Vec<Footprint>> {
    let odb = repo.odb()?;
    let mut found = Vec::new();
    let mut path = path.clone();
    let mut next = Some((head, CommitText::read(&odb, head)?));
    let mut spine = Spine::of(&odb, next.as_ref().map(|(_, text)| text.tree), &path)?;
    while let Some((commit, text)) = next.take()
        && found.len() < limit
    {
        let parent = text.parent.map(|id| CommitText::read(&odb, id).map(|text| (id, text))).transpose()?;
        let tree = parent.as_ref().map(|(_, text)| text.tree);
        let mut before = spine.parent(&odb, tree, &path)?;
        // Of the root every commit is one, even a foreign one that changed nothing.
        if path.is_root() || spine.entry() != before.entry() {
            found.push(Footprint { commit, path: path.clone(), entry: spine.entry() });
            if before.entry().is_none()
                && parent.is_some()
                && let Some(source) = source_of(&compare::changes(repo, &text)?, &path)
            {
                before = Spine::of(&odb, tree, &source)?;
                path = source;
            }
        }
        (spine, next) = (before, parent);
    }
    Ok(found)
}

/// Where `path`, which the commit brought in, was before: the file itself, or for a folder the place that most of
/// its files came from.
fn source_of(changes: &[FileChange], path: &NotePath) -> Option<NotePath> {
    let mut votes: Vec<(NotePath, usize)> = Vec::new();
    for change in changes {
        let (Some((old, _)), Some((new, _))) = (&change.old, &change.new) else { continue };
        if old == new {
            continue;
        }
        let Some(rest) = new.strip_prefix(path) else { continue };
        if rest.is_root() {
            return Some(old.clone());
        }
        let folder = old.as_bytes().strip_suffix(rest.as_bytes()).and_then(|folder| folder.strip_suffix(b"/"));
        let Some(folder) = folder.and_then(|folder| NotePath::new(folder).ok()) else { continue };
        match votes.iter_mut().find(|(voted, _)| *voted == folder) {
            Some((_, count)) => *count += 1,
            None => votes.push((folder, 1)),
        }
    }
    votes.into_iter().max_by_key(|(_, count)| *count).map(|(folder, _)| folder)
}

/// Where what stood at `path` after the oldest of `commits` (oldest first) stands after the newest.
pub(super) fn follow_forward(repo: &Repository, start: &NotePath, commits: &[Oid]) -> Step<Option<NotePath>> {
    let odb = repo.odb()?;
    let mut path = start.clone();
    let Some((&first, rest)) = commits.split_first() else { return Ok(Some(path)) };
    let mut spine = Spine::of(&odb, Some(CommitText::read(&odb, first)?.tree), &path)?;
    for &commit in rest {
        let text = CommitText::read(&odb, commit)?;
        let mut after = spine.parent(&odb, Some(text.tree), &path)?;
        if spine.entry().is_some() && after.entry().is_none() {
            let moved = compare::changes(repo, &text)?.into_iter().find_map(|change| match (change.old, change.new) {
                (Some((old, _)), Some((new, _))) if old == path && new != path => Some(new),
                _ => None,
            });
            let Some(moved) = moved else { return Ok(None) };
            after = Spine::of(&odb, Some(text.tree), &moved)?;
            path = moved;
        }
        spine = after;
    }
    Ok(Some(path))
}

/// The entries on the way to a path in one commit: the root tree, each folder, what stands at the path.
#[derive(Clone, Debug)]
struct Spine(Vec<Option<Entry>>);

impl Spine {
    fn of(odb: &Odb<'_>, tree: Option<Oid>, path: &NotePath) -> Result<Self, git2::Error> {
        Self(Vec::new()).parent(odb, tree, path)
    }

    /// The spine of the same path below another root, reading only where it differs from this one.
    fn parent(&self, odb: &Odb<'_>, tree: Option<Oid>, path: &NotePath) -> Result<Self, git2::Error> {
        let mut spine = vec![tree.map(|id| Entry { mode: FOLDER, id })];
        for part in path.components() {
            let level = spine.len() - 1;
            if self.0.get(level) == Some(&spine[level]) {
                spine.extend_from_slice(&self.0[level + 1..]);
                break;
            }
            spine.push(match spine[level] {
                Some(entry) if entry.is_folder() => Tree::read(odb, entry.id)?.find(part.as_encoded_bytes()),
                _ => None,
            });
        }
        Ok(Self(spine))
    }

    fn entry(&self) -> Option<Entry> {
        self.0.last().copied().flatten()
    }
}
