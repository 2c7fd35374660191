//! Commits picked by time and author.

use git2::{Oid, Repository};

use super::batch::CommitInfo;
use super::error::Step;
use super::message::CommitText;
use super::read;
use crate::types::Instant;

/// Which commits are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// Made at this time or later.
    pub since: Option<Instant>,
    /// Made at this time or before.
    pub until: Option<Instant>,
    /// By an author of this name, without regard to case.
    pub author: Option<String>,
}

impl LogFilter {
    fn lets_through(&self, commit: &CommitText) -> bool {
        let is_author = |name: &String| commit.actor.author_name().to_lowercase() == name.to_lowercase();
        // Commits have whole seconds.
        self.since.is_none_or(|since| commit.seconds >= since.as_second())
            && self.until.is_none_or(|until| commit.seconds <= until.as_second())
            && self.author.as_ref().is_none_or(is_author)
    }
}

/// A clock may have been set back, so that all are looked at; only what is shown is compared with its parent.
pub(super) fn matching(
    repo: &Repository,
    head: Oid,
    filter: &LogFilter,
    (skip, limit): (usize, usize),
) -> Step<Vec<CommitInfo>> {
    let odb = repo.odb()?;
    let (mut found, mut left_out) = (Vec::new(), 0);
    let mut next = Some(head);
    while let Some(id) = next.filter(|_| found.len() < limit) {
        let commit = CommitText::read(&odb, id)?;
        if filter.lets_through(&commit) {
            if left_out < skip {
                left_out += 1;
            } else {
                found.push(read::commit_info(repo, id)?);
            }
        }
        next = commit.parent;
    }
    Ok(found)
}
