//! Rows that went a moment ago: a file that is removed and made again within three seconds is a save, and keeps its
//! identity (mount.md §5); one that turns up elsewhere with the same store key was moved.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::types::{FileId, NodeNumber, NotePath, StoreKey};

/// How long a row may come back.
const REST: Duration = Duration::from_secs(3);

/// More than this are not remembered; should some of them be of a folder that moved, a later scan finds them.
const MISSED_MAX: usize = 10_000;

/// A row that went.
#[derive(Clone, Debug)]
pub(super) struct Grave {
    pub(super) id: FileId,
    pub(super) key: StoreKey,
    pub(super) node: NodeNumber,
    end: Instant,
}

/// Those of one notebook.
#[derive(Debug, Default)]
pub(super) struct Graves {
    by_path: HashMap<NotePath, Grave>,
    by_key: HashMap<StoreKey, NotePath>,
    /// What was looked for in vain, oldest first: a folder above it may have been moved, of which nobody has told yet.
    missed: VecDeque<(Instant, NotePath)>,
}

impl Graves {
    /// A row went.
    pub(super) fn dig(&mut self, path: NotePath, id: FileId, key: StoreKey, node: NodeNumber, now: Instant) {
        self.by_key.insert(key, path.clone());
        self.by_path.insert(path, Grave { id, key, node, end: now + REST });
    }

    /// The row that a new file revives, if there is one: of the same file, or of the same path.
    pub(super) fn revive(&mut self, path: &NotePath, key: StoreKey, now: Instant) -> Option<FileId> {
        let moved = self.by_key.get(&key).filter(|_| key.btime_ns != 0).cloned();
        let from = moved.unwrap_or_else(|| path.clone());
        let grave = self.by_path.remove(&from)?;
        self.by_key.remove(&grave.key);
        (grave.end > now).then_some(grave.id)
    }

    /// A file was changed and then looked for in vain.
    pub(super) fn miss(&mut self, path: NotePath, now: Instant) {
        while self.missed.front().is_some_and(|(end, _)| *end <= now) || self.missed.len() >= MISSED_MAX {
            self.missed.pop_front();
        }
        self.missed.push_back((now + REST, path));
    }

    /// What was missed below a folder of late, which turns out to have moved.
    pub(super) fn missed_below(&mut self, folder: &NotePath) -> Vec<NotePath> {
        let is_below = |path: &NotePath| path != folder && path.strip_prefix(folder).is_some();
        let (below, rest) = std::mem::take(&mut self.missed).into_iter().partition(|(_, path)| is_below(path));
        self.missed = rest;
        let below: VecDeque<(Instant, NotePath)> = below;
        below.into_iter().map(|(_, path)| path).collect()
    }

    /// When the next of them is over.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.by_path.values().map(|grave| grave.end).min()
    }

    /// Those that are over.
    pub(super) fn take_ended(&mut self, now: Instant) -> Vec<Grave> {
        if self.by_path.is_empty() {
            return Vec::new();
        }
        let ended: Vec<Grave> = self.by_path.extract_if(|_, grave| grave.end <= now).map(|(_, grave)| grave).collect();
        for grave in &ended {
            self.by_key.remove(&grave.key);
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_found_once_below_the_folder_that_moved() {
        let path = |text| NotePath::new(text).unwrap();
        let now = Instant::now();
        let mut graves = Graves::default();
        for text in ["d/a", "d", "e/a", "d/f/b", "da/c"] {
            graves.miss(path(text), now);
        }
        assert_eq!(graves.missed_below(&path("d")), [path("d/a"), path("d/f/b")]);
        assert_eq!(graves.missed_below(&path("d")), []);
        graves.miss(path("x"), now + REST);
        assert_eq!(graves.missed_below(&path("e")), [], "it was too long ago");
    }

    #[test]
    fn a_row_comes_back_by_path_or_by_file_and_only_once() {
        let path = |text| NotePath::new(text).unwrap();
        let key = |ino| StoreKey { dev: 1, ino, btime_ns: 9 };
        let now = Instant::now();
        let mut graves = Graves::default();
        graves.dig(path("a"), FileId(1), key(1), NodeNumber(1), now);
        graves.dig(path("b"), FileId(2), key(2), NodeNumber(2), now);
        graves.dig(path("c"), FileId(3), key(3), NodeNumber(3), now);
        assert_eq!(graves.revive(&path("a"), key(9), now), Some(FileId(1)));
        assert_eq!(graves.revive(&path("x"), key(2), now), Some(FileId(2)));
        assert_eq!(graves.revive(&path("a"), key(1), now), None);
        assert_eq!(graves.revive(&path("c"), key(3), now + REST), None);
    }
}
