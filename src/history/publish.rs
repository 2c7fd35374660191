//! Making a commit durable and visible: its pack and the branch.
//!
//! The order is what survives a power cut: pack, index and the branch's lock file are flushed; pack and index are
//! renamed into place and their folder flushed; the lock becomes the branch and its folder is flushed. So a branch
//! never names an object that may be lost, and a pack is whole or not there. libgit2 keeps the same order with a
//! flush after each step; together they are three instead of six, which halves a commit's time on a busy disk.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use git2::{Oid, Repository};
use parking_lot::Mutex;
use rustix::io::Errno;

use super::error::{HistoryError, Step};
use super::repository::{BRANCH, head, inside};
use crate::sys::{Dir, FaultPoint, flush_together, pass};
use crate::types::NotePath;

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
        give_up(dir, &lock);
    }
    moved?;
    pass(FaultPoint::BranchMoved);
    Ok(dir.sync(&inside("refs/heads"))?)
}

/// Repositories whose lock is ours although nobody works there: their disk took no writes when it was to go.
static LEFT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes our lock; where that fails, the next who wants it does.
fn give_up(dir: &Dir, lock: &NotePath) {
    match dir.remove_file(lock) {
        Err(error) if !error.is_not_found() => drop(LEFT.lock().insert(dir.path().to_owned())),
        _ => {}
    }
}

/// Git's own protocol: whoever makes `main.lock` may change `main`.
fn lock_branch(dir: &Dir, text: &str) -> Step<OwnedFd> {
    let lock = inside(&format!("{BRANCH}.lock"));
    if LEFT.lock().remove(dir.path()) {
        give_up(dir, &lock);
    }
    for _ in 0..PATIENCE {
        match dir.create_new(&lock, text.as_bytes()) {
            Err(error) if error.errno() == Errno::EXIST.raw_os_error() => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => {
                // It may have been made and not written.
                if error.action == "write" {
                    give_up(dir, &lock);
                }
                return Err(error.into());
            }
            Ok(file) => return Ok(file),
        }
    }
    let problem = format!("another git command holds {lock}; end it, or remove the file if there is none");
    Err(HistoryError::Damaged { repository: dir.path().display().to_string(), problem }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing was recorded any more until the next start: "another git command holds refs/heads/main.lock".
    #[test]
    fn a_lock_that_could_not_be_removed_is_removed_by_the_next_who_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        dir.make_dirs(&inside("refs/heads")).unwrap();
        drop(dir.create_new(&inside("refs/heads/main.lock"), b"half").unwrap());
        LEFT.lock().insert(dir.path().to_owned());
        drop(lock_branch(&dir, "whole\n").unwrap());
        assert_eq!(dir.read(&inside("refs/heads/main.lock"), 100).unwrap().0, b"whole\n");
        assert!(!LEFT.lock().contains(dir.path()));
    }
}
