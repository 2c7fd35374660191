//! When the full text of an index is merged: every transaction leaves a segment, and each makes searching dearer.
//! Merging is done between batches in short steps, in quiet moments where there are any.

use std::time::{Duration, Instant};

use crate::index::notebook::{IndexError, Merge, NotebookDb};

/// So many segments, and then such a time of quiet: they are merged.
const FEW: (usize, Duration) = (16, Duration::from_millis(300));

/// So many are not waited with for a quiet moment.
const MANY: usize = 48;

/// So many are not put off for readers that wait, either.
const TOO_MANY: usize = 160;

/// So many rows written, and then such a time of quiet: all is merged into one.
const ALL: (usize, Duration) = (5000, Duration::from_secs(3));

/// A database found with so many segments was left in the middle of a load.
const LEFT: usize = 64;

/// What is to be merged.
#[derive(Debug, Default)]
pub(super) struct Merging {
    /// Segments that came since the last merge ended.
    segments: usize,
    /// Rows written since all was merged.
    rows: usize,
    merge_at: Option<Instant>,
    merge_all_at: Option<Instant>,
    /// A merge of all has begun.
    is_of_all: bool,
    has_begun: bool,
}

impl Merging {
    /// Of a database that was just opened.
    pub(super) fn of(db: &NotebookDb, now: Instant) -> Self {
        let segments = db.segments().unwrap_or_default();
        let merge_all_at = (segments >= LEFT).then(|| now + ALL.1);
        let rows = if merge_all_at.is_some() { ALL.0 } else { 0 };
        Self { rows, merge_all_at, ..Self::default() }
    }

    /// A transaction wrote so many rows.
    pub(super) fn written(&mut self, rows: usize, now: Instant) {
        self.segments += 1;
        self.rows += rows;
        if self.rows >= ALL.0 && !self.is_of_all {
            self.merge_all_at = Some(now + ALL.1);
        }
        if self.segments >= FEW.0 {
            self.merge_at = Some(now + FEW.1);
        }
    }

    /// When there is something to do.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let is_urgent = self.has_begun || self.segments >= MANY;
        if is_urgent { Some(now) } else { self.merge_at.into_iter().chain(self.merge_all_at).min() }
    }

    /// Does a step, where one is due; while a reader waits for the index, only where it must be.
    pub(super) fn step(&mut self, db: &mut NotebookDb, now: Instant, is_awaited: bool) -> Result<(), IndexError> {
        if self.due(now).is_none_or(|at| at > now) || (is_awaited && self.segments < TOO_MANY) {
            return Ok(());
        }
        let begins_all = self.merge_all_at.is_some_and(|at| at <= now) && !self.is_of_all;
        if begins_all {
            (self.merge_all_at, self.is_of_all, self.rows) = (None, true, 0);
        }
        let merged = db.merge(if begins_all { Merge::All } else { Merge::Similar });
        self.has_begun = matches!(merged, Ok(true));
        if !self.has_begun {
            // After a failure it is tried again, but not at once.
            (self.segments, self.merge_at) = (0, merged.is_err().then(|| now + ALL.1));
            if std::mem::take(&mut self.is_of_all) && merged.is_ok() {
                db.tidy()?;
            }
        }
        merged.map(drop)
    }

    /// Ends what a load left to be done, as far as it can be done until `until`.
    pub(super) fn finish(&mut self, db: &mut NotebookDb, until: Instant) -> Result<(), IndexError> {
        if self.merge_all_at.is_none() && !self.is_of_all {
            return Ok(());
        }
        self.merge_all_at = self.merge_all_at.map(|_| Instant::now());
        loop {
            let now = Instant::now();
            self.step(db, now, false)?;
            if !self.has_begun || now >= until {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::notebook::{FileRecord, RowChange};
    use crate::index::parse::ParsedNote;
    use crate::types::{NodeNumber, NotePath, StoreKey};

    fn write(db: &mut NotebookDb, merging: &mut Merging, from: usize, transactions: usize, now: Instant) {
        for number in from..from + transactions {
            let record = FileRecord {
                path: NotePath::new(format!("{number}.md")).unwrap(),
                store: StoreKey { dev: 1, ino: 7, btime_ns: 5 },
                node: NodeNumber(9),
                size: 100,
                mtime_ns: 1,
                ctime_ns: 3,
                birth_ns: 1,
                revive: None,
                sidecar_mark: 0,
                hash: None,
                content_type: "text/markdown",
                sidecar_path: None,
                parsed: ParsedNote { body: format!("word {number}"), ..ParsedNote::default() },
            };
            db.apply(&[RowChange::Upsert(Box::new(record))]).unwrap();
            merging.written(1, now);
        }
    }

    fn database() -> (tempfile::TempDir, NotebookDb, Merging, Instant) {
        let folder = tempfile::tempdir().unwrap();
        let db = NotebookDb::open(&folder.path().join("notebook.db")).unwrap().0;
        let now = Instant::now();
        let merging = Merging::of(&db, now);
        (folder, db, merging, now)
    }

    fn run(db: &mut NotebookDb, merging: &mut Merging, now: Instant, is_awaited: bool) {
        for _ in 0..100 {
            merging.step(db, now, is_awaited).unwrap();
        }
    }

    #[test]
    fn some_segments_are_merged_in_a_quiet_moment_and_not_before() {
        let (_folder, mut db, mut merging, now) = database();
        write(&mut db, &mut merging, 0, FEW.0 - 1, now);
        assert_eq!(merging.due(now), None);
        write(&mut db, &mut merging, 100, 1, now);
        run(&mut db, &mut merging, now, false);
        assert_eq!((db.segments().unwrap(), merging.due(now)), (FEW.0, Some(now + FEW.1)));
        run(&mut db, &mut merging, now + FEW.1, false);
        assert_eq!((db.segments().unwrap(), merging.due(now)), (1, None));
    }

    #[test]
    fn many_segments_are_merged_beside_a_writer_that_never_rests_and_never_grow_without_end() {
        let (_folder, mut db, mut merging, now) = database();
        write(&mut db, &mut merging, 0, MANY, now);
        run(&mut db, &mut merging, now, true);
        assert_eq!(db.segments().unwrap(), MANY, "a reader waits");
        run(&mut db, &mut merging, now, false);
        assert_eq!(db.segments().unwrap(), 1);
        write(&mut db, &mut merging, 1000, TOO_MANY, now);
        run(&mut db, &mut merging, now, true);
        assert!(db.segments().unwrap() < FEW.0, "{}", db.segments().unwrap());
    }

    #[test]
    fn what_a_load_left_is_merged_into_one_later_or_at_the_end() {
        let (_folder, mut db, mut merging, now) = database();
        write(&mut db, &mut merging, 0, LEFT, now);
        // As after a start.
        let mut found = Merging::of(&db, now);
        assert_eq!(found.due(now), Some(now + ALL.1));
        found.finish(&mut db, now + Duration::from_secs(60)).unwrap();
        assert_eq!((db.segments().unwrap(), found.due(now)), (1, None));
        write(&mut db, &mut merging, 1000, 1, now);
        merging = Merging::of(&db, now);
        merging.finish(&mut db, now + Duration::from_secs(60)).unwrap();
        assert_eq!(db.segments().unwrap(), 2, "nothing was left by a load");
    }
}
