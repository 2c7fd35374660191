//! How many synthetic names each note has. The number rises at once and falls late: the kernel keeps a count of its
//! own, lowers it when it removes a name, and must not meet a number that was lowered already
//! (background/hard-link-entries.md, surprise 1).

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::types::{FileKey, NodeNumber};

/// How long after the last fall the lower number is shown.
const DELAY: Duration = Duration::from_secs(1);

/// The number that is still shown, and until when.
#[derive(Debug)]
struct Mark {
    count: u32,
    until: Instant,
    node: NodeNumber,
}

/// High-water marks, and which notes views show.
#[derive(Debug, Default)]
pub(super) struct Links {
    marks: HashMap<FileKey, Mark>,
    /// How many evaluated views show the note.
    shown: HashMap<FileKey, u32>,
    /// Whose count was lowered, newest last: several mounts read along.
    lowered: VecDeque<NodeNumber>,
    /// Position of the first of them.
    first_lowered: u64,
}

/// More than this are not kept: a mount asks several times a second.
const KEPT: usize = 65_536;

impl Links {
    /// The number shown for a file that has `tags` tags.
    pub(super) fn count(&self, file: FileKey, tags: usize) -> u32 {
        let actual = self.actual(file, tags);
        self.marks.get(&file).filter(|mark| mark.until > Instant::now()).map_or(actual, |mark| mark.count.max(actual))
    }

    fn actual(&self, file: FileKey, tags: usize) -> u32 {
        u32::try_from(tags).unwrap_or(u32::MAX) + u32::from(self.shown.contains_key(&file))
    }

    /// The file had `before` tags, and has fewer now.
    pub(super) fn tags_fell(&mut self, file: FileKey, node: NodeNumber, before: usize) {
        let count = self.count(file, before);
        self.marks.insert(file, Mark { count, until: Instant::now() + DELAY, node });
    }

    /// The file bears this number now: its kernel is told when the count falls.
    pub(super) fn renumbered(&mut self, file: FileKey, node: NodeNumber) {
        if let Some(mark) = self.marks.get_mut(&file) {
            mark.node = node;
        }
    }

    /// A view shows the file.
    pub(super) fn show(&mut self, file: FileKey) {
        *self.shown.entry(file).or_default() += 1;
    }

    /// A view shows the file, which has `tags` tags, no longer.
    pub(super) fn hide(&mut self, file: FileKey, node: NodeNumber, tags: usize) {
        let count = self.count(file, tags);
        let Some(views) = self.shown.get_mut(&file) else { return };
        *views -= 1;
        if *views == 0 {
            self.shown.remove(&file);
            self.marks.insert(file, Mark { count, until: Instant::now() + DELAY, node });
        }
    }

    /// The row of the file went. It may come back (a save, a move by way of another notebook) before the views that show
    /// it have noticed: what they show is theirs to take back.
    pub(super) fn row_went(&mut self, file: FileKey) {
        self.marks.remove(&file);
    }

    /// A view shows the file, which is gone, no longer.
    pub(super) fn hide_gone(&mut self, file: FileKey) {
        if let Some(views) = self.shown.get_mut(&file) {
            *views -= 1;
            if *views == 0 {
                self.shown.remove(&file);
            }
        }
    }

    /// The file is gone with its notebook.
    pub(super) fn forget(&mut self, file: FileKey) {
        self.marks.remove(&file);
        self.shown.remove(&file);
    }

    /// Drops marks that are over by `now`.
    pub(super) fn expire(&mut self, now: Instant) {
        let Self { marks, lowered, .. } = self;
        marks.retain(|_, mark| {
            let stays = mark.until > now;
            if !stays {
                lowered.push_back(mark.node);
            }
            stays
        });
        let surplus = self.lowered.len().saturating_sub(KEPT);
        self.lowered.drain(..surplus);
        self.first_lowered += surplus as u64;
    }

    /// Whose count was lowered since a position, and the position now.
    pub(super) fn lowered_since(&self, position: u64) -> (Vec<NodeNumber>, u64) {
        let skip = usize::try_from(position.saturating_sub(self.first_lowered)).unwrap_or(usize::MAX);
        let nodes = self.lowered.iter().skip(skip).copied().collect();
        (nodes, self.first_lowered + self.lowered.len() as u64)
    }

    pub(super) fn position(&self) -> u64 {
        self.first_lowered + self.lowered.len() as u64
    }

    pub(super) fn has_marks(&self) -> bool {
        !self.marks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{FileId, NotebookNumber};

    #[test]
    fn the_number_that_a_file_bears_when_its_count_falls_is_told() {
        let file = FileKey { notebook: NotebookNumber(1), id: FileId(1) };
        let mut links = Links::default();
        links.tags_fell(file, NodeNumber(7), 2);
        links.renumbered(file, NodeNumber(8));
        links.expire(Instant::now() + 2 * DELAY);
        assert_eq!(links.lowered_since(0).0, [NodeNumber(8)]);
    }

    #[test]
    fn a_count_rises_at_once_and_falls_late() {
        let (file, node) = (FileKey { notebook: NotebookNumber(1), id: FileId(1) }, NodeNumber(7));
        let mut links = Links::default();
        assert_eq!(links.count(file, 2), 2);
        links.show(file);
        assert_eq!(links.count(file, 2), 3);
        links.tags_fell(file, node, 2);
        assert_eq!(links.count(file, 0), 3);
        links.hide(file, node, 0);
        assert_eq!(links.count(file, 0), 3);
        assert_eq!(links.count(file, 5), 5);
        let now = Instant::now();
        links.expire(now);
        assert!(links.has_marks() && links.lowered_since(0).0.is_empty());
        links.expire(now + 2 * DELAY);
        assert_eq!(links.lowered_since(0), (vec![node], 1));
        assert!(links.lowered_since(1).0.is_empty());
        assert_eq!(links.count(file, 0), 0);
    }
}
