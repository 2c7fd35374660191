//! Fault points: places on the path of a change where a debug build can be told to die, to stop, to panic or to fail, as
//! the tests of crash safety do. In a release build each of them is empty.
//!
//! `CODEX_FAULTS` names a file that is read whenever a point is reached. A line of it is `POINT ACTION [SKIP [TIMES]]`:
//! what is done to the next `TIMES` (all) who reach the point after the first `SKIP` (0). Lines are counted by their
//! text; words after these four only tell one line from another. A line `clock SECONDS` moves the clock (`super::now`).

use std::io;

macro_rules! fault_points {
    ($($(#[doc = $doc:literal])+ $point:ident = $name:literal,)+) => {
        /// The points, in the order of the change path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultPoint {
            $($(#[doc = $doc])+ $point,)+
        }

        impl FaultPoint {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$point,)+];

            /// What `CODEX_FAULTS` calls it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

fault_points! {
    /// A request of a mount is about to be served.
    Request = "request",
    /// What the store's folders tell is about to be read.
    WatchRead = "watch-read",
    /// Lines of the journal are about to be written.
    JournalAppend = "journal-append",
    /// An edit in place has its journal.
    InPlaceJournalled = "in-place-journalled",
    /// Half of the bytes of an edit in place are written.
    InPlaceHalf = "in-place-half",
    /// An edit in place is written, and its journal still there.
    InPlaceWritten = "in-place-written",
    /// The bytes of an edit in place are about to be flushed.
    SyncInPlace = "sync-in-place",
    /// The temporary file of an atomic write is about to be flushed.
    SyncTemporary = "sync-temporary",
    /// The temporary file of an atomic write is on disk under its own name.
    AtomicWritten = "atomic-written",
    /// An atomic write has its name, which may not be on disk.
    AtomicRenamed = "atomic-renamed",
    /// A folder is about to be flushed.
    SyncFolder = "sync-folder",
    /// A gesture has changed some of its files.
    GesturePartWay = "gesture-part-way",
    /// A file made in a tag's folder is about to become a note.
    ScratchSettles = "scratch-settles",
    /// Rows are about to be written.
    IndexBefore = "index-before",
    /// Rows are written and not committed.
    IndexInside = "index-inside",
    /// Rows are committed; maps and mounts do not know of them.
    IndexAfter = "index-after",
    /// A pack is written, unflushed, outside of its place.
    PackStaged = "pack-staged",
    /// A pack is about to be flushed.
    SyncPack = "sync-pack",
    /// A pack is in its place, its index is not.
    PackWithoutIndex = "pack-without-index",
    /// A pack is in its place and the branch does not name its commit.
    PackPlaced = "pack-placed",
    /// The branch names a commit that the index has not heard of.
    BranchMoved = "branch-moved",
    /// The index is about to hear of commits.
    CommitMarked = "commit-marked",
    /// What changed while nothing ran is about to be recorded.
    TakeStock = "take-stock",
    /// Packs are being folded.
    FoldRuns = "fold-runs",
    /// The folded pack is there, and those that it replaces too.
    FoldPacked = "fold-packed",
    /// A database is about to be brought to the schema of this version.
    MigrateBefore = "migrate-before",
    /// A step of it is written and not committed.
    MigrateInside = "migrate-inside",
}

/// Reaches a point: the error that was asked for, if one was.
///
/// # Errors
/// In debug builds what `CODEX_FAULTS` says.
#[inline]
pub fn reach(point: FaultPoint) -> io::Result<()> {
    #[cfg(debug_assertions)]
    if let Some(faults) = armed::faults() {
        return faults.reach(point);
    }
    let _ = point;
    Ok(())
}

/// Reaches a point that has nobody to tell an error.
#[inline]
pub fn pass(point: FaultPoint) {
    let _ = reach(point);
}

/// By how many seconds the clock is to be wrong.
#[cfg(debug_assertions)]
pub(super) fn clock_shift() -> Option<i64> {
    armed::faults()?.clock_shift()
}

#[cfg(debug_assertions)]
mod armed {
    use std::collections::HashMap;
    use std::io;
    use std::path::PathBuf;
    use std::sync::{Mutex, OnceLock, PoisonError};

    use super::FaultPoint;

    /// What `CODEX_FAULTS` names, and how often each of its lines was met.
    pub(super) struct Faults {
        file: PathBuf,
        met: Mutex<HashMap<String, u64>>,
    }

    /// `None` where nothing is asked for, which is looked up once.
    pub(super) fn faults() -> Option<&'static Faults> {
        static FAULTS: OnceLock<Option<Faults>> = OnceLock::new();
        let read = || std::env::var_os("CODEX_FAULTS").map(|file| Faults { file: file.into(), met: Mutex::default() });
        FAULTS.get_or_init(read).as_ref()
    }

    impl Faults {
        pub(super) fn reach(&self, point: FaultPoint) -> io::Result<()> {
            let text = std::fs::read_to_string(&self.file).unwrap_or_default();
            for line in text.lines() {
                let mut words = line.split(' ');
                if words.next() != Some(point.name()) {
                    continue;
                }
                let (action, mut number) = (words.next(), |otherwise| words.next()?.parse().ok().or(otherwise));
                let (skip, times) = (number(None).unwrap_or(0), number(None).unwrap_or(u64::MAX));
                let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
                let count = met.entry(line.to_owned()).or_default();
                *count += 1;
                let is_due = *count > skip && *count - skip <= times;
                drop(met);
                if is_due {
                    act(action.unwrap_or_default(), point)?;
                }
            }
            Ok(())
        }
    }

    impl Faults {
        pub(super) fn clock_shift(&self) -> Option<i64> {
            let text = std::fs::read_to_string(&self.file).ok()?;
            text.lines().find_map(|line| line.strip_prefix("clock ")?.parse().ok())
        }
    }

    fn act(action: &str, point: FaultPoint) -> io::Result<()> {
        let fail = |number| Err(io::Error::from_raw_os_error(number));
        match action {
            "abort" => std::process::abort(),
            // Kills by itself, so many microseconds later.
            _ if action.starts_with("kill:") => {
                let time = std::time::Duration::from_micros(action[5..].parse().unwrap_or(0));
                std::thread::spawn(move || {
                    std::thread::sleep(time);
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
                });
                Ok(())
            }
            "stop" => Ok(rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?),
            "panic" => panic!("asked for by CODEX_FAULTS at {}", point.name()),
            "eio" => fail(libc::EIO),
            "enospc" => fail(libc::ENOSPC),
            "edquot" => fail(libc::EDQUOT),
            "erofs" => fail(libc::EROFS),
            "emfile" => fail(libc::EMFILE),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_point_has_a_name_of_its_own() {
        let mut names: Vec<&str> = FaultPoint::ALL.iter().map(|point| point.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FaultPoint::ALL.len());
    }

    #[test]
    fn what_nobody_asks_for_does_not_happen() {
        assert!(FaultPoint::ALL.iter().all(|point| reach(*point).is_ok()));
    }
}
