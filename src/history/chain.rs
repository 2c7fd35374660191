//! The ids and times of all commits, kept in memory: what "the newest commit at that time" is asked of.

use std::sync::Arc;

use git2::{Oid, Repository};
use parking_lot::Mutex;

use super::error::Step;
use super::message::CommitText;

/// Commits, oldest first, as far as they were known when last asked.
#[derive(Debug, Default)]
pub(super) struct Chain(Mutex<Arc<Vec<(Oid, i64)>>>);

impl Chain {
    /// The commits up to `head`, oldest first, with their times in seconds; only new ones are read.
    pub(super) fn up_to(&self, repo: &Repository, head: Oid) -> Step<Arc<Vec<(Oid, i64)>>> {
        let known = Arc::clone(&self.0.lock());
        if known.last().is_some_and(|last| last.0 == head) {
            return Ok(known);
        }
        let odb = repo.odb()?;
        let mut new = Vec::new();
        let mut next = Some(head);
        // A head that is not built on the known one (somebody pushed with force) is read to its root.
        while let Some(id) = next.filter(|&id| known.last().is_none_or(|last| last.0 != id)) {
            let commit = CommitText::read(&odb, id)?;
            new.push((id, commit.seconds));
            next = commit.parent;
        }
        let mut commits = if next.is_some() { known.to_vec() } else { Vec::new() };
        commits.extend(new.into_iter().rev());
        let commits = Arc::new(commits);
        *self.0.lock() = Arc::clone(&commits);
        Ok(commits)
    }
}
