//! Making a commit durable and visible: its pack and the branch.
//!
//! The order is what survives a power cut: pack, index and the branch's lock file are flushed; pack and index are
//! renamed into place and their folder flushed; the lock becomes the branch and its folder is flushed. So a branch
//! never names an object that may be lost, and a pack is whole or not there. libgit2 keeps the same order with a
//! flush after each step; together they are three instead of six, which halves a commit's time on a busy disk.

use std::os::fd::OwnedFd;
use std::time::Duration;

use git2::{Oid, Repository};
use rustix::io::Errno;

use super::error::{Fault, HistoryError, Step};
use super::repository::{BRANCH, head, inside};
use crate::sys::{Dir, FaultPoint, flush_together, pass};

/// What becomes of the branch.
#[derive(Clone, Copy)]
pub(super) struct Update {
    /// The commit that it must name now.
    pub(super) from: Option<Oid>,
    /// The commit that it then names.
    pub(super) to: Oid,
}

/// How long another program (a push) may hold the branch, in steps of 20 ms.
const PATIENCE: u32 = 100;

/// Puts the pack `stem` from `incoming/` in its place, and the branch upon it if it is where `update` says.
/// `ErrorCode::Modified` if it is elsewhere.
pub(super) fn publish(repo: &Repository, dir: &Dir, stem: &str, update: Update) -> Step<()> {
    let lock = inside(&format!("{BRANCH}.lock"));
    let lock_file = lock_branch(dir, &format!("{}\n", update.to))?;
    let moved = (|| -> Step<()> {
        if head(repo)? != update.from {
            let message = "the branch moved meanwhile";
            return Err(git2::Error::new(git2::ErrorCode::Modified, git2::ErrorClass::Reference, message).into());
        }
        let staged = |suffix: &str| inside(&format!("incoming/{stem}{suffix}"));
        let (pack, index) = (dir.open_file(&staged(".pack"))?, dir.open_file(&staged(".idx"))?);
        pass(FaultPoint::PackStaged);
        flush_together(vec![pack.into(), index.into(), lock_file], dir)?;
        // The pack first: git takes an index for the promise of one.
        for suffix in [".pack", ".idx"] {
            dir.rename(&staged(suffix), &inside(&format!("objects/pack/{stem}{suffix}")))?;
            pass(FaultPoint::PackWithoutIndex);
        }
        dir.sync(&inside("objects/pack"))?;
        pass(FaultPoint::PackPlaced);
        Ok(dir.rename(&lock, &inside(BRANCH))?)
    })();
    if moved.is_err() {
        // Best effort: the next start clears what is left.
        let _ = dir.remove_file(&lock);
    }
    moved?;
    pass(FaultPoint::BranchMoved);
    Ok(dir.sync(&inside("refs/heads"))?)
}

/// Git's own protocol: whoever makes `main.lock` may change `main`.
fn lock_branch(dir: &Dir, text: &str) -> Step<OwnedFd> {
    let lock = inside(&format!("{BRANCH}.lock"));
    for _ in 0..PATIENCE {
        match dir.create_new(&lock, text.as_bytes()) {
            Err(error) if error.errno() == Errno::EXIST.raw_os_error() => std::thread::sleep(Duration::from_millis(20)),
            other => return other.map_err(Fault::from),
        }
    }
    let problem = format!("another git command holds {lock}; end it, or remove the file if there is none");
    Err(HistoryError::Damaged { repository: dir.path().display().to_string(), problem }.into())
}
