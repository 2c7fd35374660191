//! Which files changed, in order, for those who take changes in later and one by one (views).

use std::collections::VecDeque;

use crate::types::FileKey;

/// More changes than this are not kept: who is further behind starts from nothing.
const KEPT: usize = 4096;

/// The newest changes.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    /// Position of the oldest that is kept.
    first: u64,
    files: VecDeque<FileKey>,
}

/// What happened since a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// These files changed, each once.
    Files(Vec<FileKey>),
    /// Too much to tell.
    Much,
}

impl ChangeLog {
    pub(super) fn push(&mut self, file: FileKey) {
        if self.files.len() == KEPT {
            self.files.pop_front();
            self.first += 1;
        }
        self.files.push_back(file);
    }

    /// Whoever asks for an earlier position is told that it was too much.
    pub(super) fn reset(&mut self) {
        self.first = self.position() + 1;
        self.files.clear();
    }

    /// Position after the newest change.
    pub(super) fn position(&self) -> u64 {
        self.first + self.files.len() as u64
    }

    pub(super) fn since(&self, position: u64) -> Since {
        let Some(skip) = position.checked_sub(self.first).and_then(|skip| usize::try_from(skip).ok()) else {
            return Since::Much;
        };
        let mut files: Vec<FileKey> = self.files.iter().skip(skip).copied().collect();
        files.sort_unstable();
        files.dedup();
        Since::Files(files)
    }
}
