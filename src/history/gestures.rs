//! Gestures: commits that belong together, by their trailers.

use std::collections::HashSet;

use git2::{Oid, Repository};

use super::batch::CommitInfo;
use super::error::Step;
use super::message::CommitText;
use super::read;
use crate::types::{Actor, GestureId};

/// Commits that are looked through beyond the last gesture's newest: the commits of several actors' gestures of one
/// quiet moment lie mingled, so that an older commit of it may follow others.
const MINGLED: usize = 256;

/// The newest `count` gestures of `actor` (of anyone where `None`) that are not undone, newest first, each with its
/// commits, newest first.
pub(super) fn newest(
    repo: &Repository,
    head: Oid,
    actor: Option<&Actor>,
    count: usize,
) -> Step<Vec<(GestureId, Vec<CommitInfo>)>> {
    let odb = repo.odb()?;
    let mut undone = HashSet::new();
    let mut found: Vec<(GestureId, Vec<Oid>)> = Vec::new();
    let mut beyond = 0;
    let mut next = Some(head);
    while let Some(id) = next
        && (found.len() < count || beyond < MINGLED)
    {
        let commit = CommitText::read(&odb, id)?;
        next = commit.parent;
        beyond += usize::from(found.len() >= count);
        let undoes = commit.undoes();
        let is_undo = !undoes.is_empty();
        undone.extend(undoes);
        let Some(gesture) = commit.gesture() else { continue };
        if is_undo || undone.contains(&gesture) || actor.is_some_and(|actor| *actor != commit.actor) {
            continue;
        }
        match found.iter().position(|(known, _)| *known == gesture) {
            Some(at) => found[at].1.push(id),
            None if found.len() < count => found.push((gesture, vec![id])),
            None => {}
        }
    }
    let infos = |commits: Vec<Oid>| commits.into_iter().map(|id| read::commit_info(repo, id)).collect::<Step<_>>();
    found.into_iter().map(|(gesture, commits)| Ok((gesture, infos(commits)?))).collect()
}

/// All commits of these gestures, newest first: what `cdx undo` reverses in one notebook.
pub(super) fn commits_of(repo: &Repository, head: Oid, gestures: &[GestureId]) -> Step<Vec<Oid>> {
    let odb = repo.odb()?;
    let (mut found, mut beyond) = (Vec::new(), 0);
    let mut seen = HashSet::new();
    let mut next = Some(head);
    while let Some(id) = next
        && (seen.len() < gestures.len() || beyond < MINGLED)
    {
        let commit = CommitText::read(&odb, id)?;
        next = commit.parent;
        beyond += usize::from(seen.len() == gestures.len());
        if let Some(gesture) = commit.gesture().filter(|gesture| gestures.contains(gesture)) {
            found.push(id);
            seen.insert(gesture);
        }
    }
    Ok(found)
}
