//! Refused renames and removed entries are remembered for a moment: what the same program does next is part of it.

use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Caller, Place};
use crate::types::{FileKey, NodeNumber};

/// How long a refused rename is remembered (mount.md §5).
const REFUSAL: Duration = Duration::from_secs(2);
/// How long after a removal creating the same name is a save (mount.md §5).
const SAVE: Duration = Duration::from_secs(3);

#[derive(Debug)]
struct Refusal {
    at: Instant,
    pid: u32,
    directory: NodeNumber,
    name: OsString,
}

#[derive(Debug)]
struct Removal {
    at: Instant,
    place: Place,
    name: OsString,
    file: FileKey,
}

/// What happened in the last seconds.
#[derive(Debug, Default)]
pub(super) struct Recently {
    refusals: Mutex<Vec<Refusal>>,
    removals: Mutex<Vec<Removal>>,
}

impl Recently {
    pub(super) fn refused(&self, directory: NodeNumber, name: &OsStr, caller: Caller) {
        let mut refusals = self.refusals.lock();
        refusals.retain(|refusal| refusal.at.elapsed() < REFUSAL);
        refusals.push(Refusal { at: Instant::now(), pid: caller.pid, directory, name: name.to_owned() });
    }

    pub(super) fn was_refused(&self, directory: NodeNumber, name: &OsStr, caller: Caller) -> bool {
        self.refusals.lock().iter().any(|refusal| {
            (refusal.pid, refusal.directory, &*refusal.name) == (caller.pid, directory, name)
                && refusal.at.elapsed() < REFUSAL
        })
    }

    /// A note lost its entry in a folder.
    pub(super) fn removed(&self, place: &Place, name: &OsStr, file: FileKey) {
        let mut removals = self.removals.lock();
        removals.retain(|removal| removal.at.elapsed() < SAVE);
        removals.push(Removal { at: Instant::now(), place: place.clone(), name: name.to_owned(), file });
    }

    /// The note that lost this entry a moment ago; told once.
    pub(super) fn take_removed(&self, place: &Place, name: &OsStr) -> Option<FileKey> {
        let mut removals = self.removals.lock();
        let at = removals
            .iter()
            .rposition(|removal| removal.place == *place && removal.name == name && removal.at.elapsed() < SAVE)?;
        Some(removals.swap_remove(at).file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_process_and_name_are_an_echo() {
        let recently = Recently::default();
        let caller = |pid| Caller { uid: 0, gid: 0, pid };
        recently.refused(NodeNumber(5), OsStr::new("n.md"), caller(1));
        assert!(recently.was_refused(NodeNumber(5), OsStr::new("n.md"), caller(1)));
        assert!(!recently.was_refused(NodeNumber(5), OsStr::new("n.md"), caller(2)));
        assert!(!recently.was_refused(NodeNumber(6), OsStr::new("n.md"), caller(1)));
        assert!(!recently.was_refused(NodeNumber(5), OsStr::new("o.md"), caller(1)));
    }

    #[test]
    fn a_removed_entry_can_be_saved_once() {
        let recently = Recently::default();
        let file = FileKey { notebook: crate::types::NotebookNumber(1), id: crate::types::FileId(1) };
        recently.removed(&Place::Tags, OsStr::new("n.md"), file);
        assert_eq!(recently.take_removed(&Place::Views, OsStr::new("n.md")), None);
        assert_eq!(recently.take_removed(&Place::Tags, OsStr::new("n.md")), Some(file));
        assert_eq!(recently.take_removed(&Place::Tags, OsStr::new("n.md")), None);
    }
}
