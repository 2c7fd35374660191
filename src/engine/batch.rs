//! One batch of hints for one notebook: from "something may differ here" to rows, maps, mounts and history.
//!
//! The order in which things happened is not replayed. Every path concerned is compared with the store as it is now;
//! moves are recognised by the store's own identity of a file. So a hint may be late, doubled or wrong, and the
//! outcome is the same.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::announce::{Authors, announce};
use super::core::Core;
use super::history_thread::Recording;
use super::index_thread::IndexedNotebook;
use super::look::{Looker, There, Wanted, has_row};
use super::moves::{self, Move};
use super::queue::{Hint, Look};
use super::read::read_record;
use super::scan::Found;
use super::{Notebook, Requester, ignore};
use crate::index::journal::JournalEntry;
use crate::index::notebook::{FileRecord, IndexError, IndexedStat, RowChange};
use crate::sys::{FaultPoint, FileKind, StoreError, pass};
use crate::types::{Actor, NotePath};

/// Rows that one transaction writes at most, so that readers of the database and barriers are not kept long.
pub(super) const ROWS_MAX: usize = 1000;

/// So many bytes are read before they are written into the index, and so many paths are settled in one go.
const READ_MAX: u64 = 32 << 20;
const SLICE_MAX: usize = 4 * ROWS_MAX;

/// Notes that moved with their folder are read again so long after it.
const TROUBLED: std::time::Duration = std::time::Duration::from_secs(3);
const REREAD: std::time::Duration = std::time::Duration::from_millis(500);

/// What hints say of a path.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that a hint adds")]
struct Dirty {
    by: Option<Requester>,
    /// Reported by whoever changed it, hence in the journal already.
    is_noted: bool,
    /// It may have been a folder with files below it.
    is_gone: bool,
    found: Option<Box<Found>>,
    /// Looked at because of another path only.
    is_neighbour: bool,
    /// Found by a first scan, which compares all files with the history by itself.
    is_in_stock: bool,
    /// Read again although its attributes are as the index has them.
    is_forced: bool,
}

/// A path, what the index has of it, and what it should have.
pub(super) struct Verdict {
    pub(super) path: NotePath,
    pub(super) row: Option<IndexedStat>,
    pub(super) wanted: Option<Wanted>,
    pub(super) record: Option<Box<FileRecord>>,
    dirty: Dirty,
    /// Something that has no row but is recorded: a sidecar, a symbolic link, a name that is no text.
    is_recorded_only: bool,
    is_absent: bool,
}

impl Verdict {
    /// How many bytes of text will be held for it.
    fn read_bytes(&self) -> u64 {
        match &self.wanted {
            Some(wanted) if !self.is_settled() => wanted.stat.size.min(super::read::PARSED_MAX),
            _ => 0,
        }
    }

    /// Whether index and store say the same.
    pub(super) fn is_settled(&self) -> bool {
        match (&self.row, &self.wanted) {
            (None, None) => true,
            (Some(row), Some(wanted)) => !self.dirty.is_forced && wanted.is_as(row),
            _ => false,
        }
    }
}

/// See the module.
pub(super) struct Batch<'a> {
    core: &'a Arc<Core>,
    open: &'a mut IndexedNotebook,
    notebook: Arc<Notebook>,
    dirty: BTreeMap<NotePath, Dirty>,
    /// All paths that were looked at, for a second try.
    paths: BTreeSet<NotePath>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(core: &'a Arc<Core>, open: &'a mut IndexedNotebook) -> Self {
        let notebook = Arc::clone(&open.notebook);
        Self { core, open, notebook, dirty: BTreeMap::new(), paths: BTreeSet::new() }
    }

    /// The paths that have to be looked at again where the batch failed.
    pub(super) fn into_paths(self) -> BTreeSet<NotePath> {
        self.paths
    }

    /// Brings the index to what the store says of these hints.
    pub(super) fn run(&mut self, looks: Vec<Look>) -> Result<(), IndexError> {
        self.core.journal.send(looks.iter().filter_map(|look| journal_entry(look, &self.notebook)).collect());
        for look in looks {
            self.take_in(look)?;
        }
        self.paths.extend(self.dirty.keys().cloned());
        // What went comes first: what comes later may be the same file (see `graves`).
        let (mut verdicts, present): (Vec<_>, Vec<_>) = self.judge()?.into_iter().partition(|v| v.wanted.is_none());
        let mut bytes = 0;
        for verdict in present {
            bytes += verdict.read_bytes();
            verdicts.push(verdict);
            if bytes > READ_MAX || verdicts.len() >= SLICE_MAX {
                bytes = 0;
                self.settle(std::mem::take(&mut verdicts))?;
            }
        }
        self.settle(verdicts)
    }

    /// Reads what has to be read, and brings history, index and maps up to date.
    fn settle(&mut self, mut verdicts: Vec<Verdict>) -> Result<(), IndexError> {
        for (path, error) in self.read(&mut verdicts) {
            self.is_troubled(path, &error);
        }
        let moves = moves::find(&verdicts);
        self.record_history(&verdicts, &moves);
        let reported = |verdict: &Verdict| Some((verdict.path.clone(), verdict.dirty.by.as_ref()?.actor.clone()));
        let authors = Authors::new(verdicts.iter().filter_map(reported), Actor::Unknown);
        // Nobody is kept by what a first scan finds: who reads waits for all of it.
        let rows_max = if verdicts.iter().all(|verdict| verdict.dirty.is_in_stock) { SLICE_MAX } else { ROWS_MAX };
        let changes = self.changes(verdicts, &moves);
        for chunk in chunks(changes, rows_max) {
            self.apply(&chunk, &authors)?;
        }
        Ok(())
    }

    // ---- hints ----

    fn take_in(&mut self, look: Look) -> Result<(), IndexError> {
        let Look { hint, by, seq, .. } = look;
        let is_noted = seq.is_some();
        match hint {
            Hint::Path(path) => self.add(path, by, is_noted, false),
            Hint::Gone(path) => self.add(path, by, is_noted, true),
            Hint::Reread(path) => self.dirty.entry(path).or_default().is_forced = true,
            Hint::Found(found) => {
                if let Some(was) = &found.was {
                    self.add(was.clone(), None, false, false);
                }
                let entry = self.dirty.entry(found.record.path.clone()).or_default();
                entry.is_forced |= found.is_forced;
                entry.is_in_stock = found.is_in_stock && entry.by.is_none();
                entry.found = Some(found);
            }
            Hint::Exchanged(one, other) => {
                for path in [one, other] {
                    self.rescan_if_folder(&path, is_noted);
                    self.add(path, by.clone(), is_noted, false);
                }
            }
            Hint::Moved(old, new) => self.take_in_move(old, new, by.as_ref(), is_noted)?,
        }
        Ok(())
    }

    fn add(&mut self, path: NotePath, by: Option<Requester>, is_noted: bool, is_gone: bool) {
        if path.is_root() {
            return;
        }
        if path.name().to_str().is_some_and(|name| ignore::RULE_FILES.contains(&name)) {
            self.notebook.ignore.forget();
            self.scan(path.parent(), is_noted);
        }
        let entry = self.dirty.entry(path).or_default();
        if by.is_some() {
            entry.by = by;
        }
        entry.is_noted |= is_noted;
        entry.is_gone |= is_gone;
    }

    /// A scan of a folder that came as a whole. Whoever reported it (`by`) sees its notes in the next listing.
    fn scan(&self, folder: NotePath, is_reported: bool) {
        if is_reported {
            self.core.scans.request_owed(&self.notebook, folder, self.core.queue.owe(None));
        } else {
            self.core.scans.request(&self.notebook, folder);
        }
    }

    fn rescan_if_folder(&self, path: &NotePath, is_reported: bool) {
        if let There::Present(stat) = Looker::new(&self.notebook).at(path)
            && stat.is_dir()
        {
            self.scan(path.clone(), is_reported);
        }
    }

    /// A folder's rows are moved at once, since none of its files was named. Where the store does not confirm the
    /// move (any more), both places are scanned instead.
    fn take_in_move(
        &mut self,
        old: NotePath,
        new: NotePath,
        by: Option<&Requester>,
        is_noted: bool,
    ) -> Result<(), IndexError> {
        let mut looker = Looker::new(&self.notebook);
        let (at_old, at_new) = (looker.at(&old), looker.at(&new));
        let is_folder = matches!(at_new, There::Present(stat) if stat.is_dir());
        let rules = &self.notebook.ignore;
        if !is_folder {
            // Neither is there any more: a folder may have been moved on, and takes its rows along.
            let has_moved_on = matches!((at_old, at_new), (There::Absent, There::Absent));
            if has_moved_on && self.notebook.reader.stat_of(&old)?.is_none() {
                self.move_folder(&old, &new, by)?;
            }
            self.add(old, by.cloned(), is_noted, true);
            self.add(new, by.cloned(), is_noted, has_moved_on);
            return Ok(());
        }
        rules.forget();
        match (rules.is_ignored(&old, true), rules.is_ignored(&new, true)) {
            (true, true) => {}
            (true, false) => self.scan(new, is_noted),
            (false, true) => self.add(old, by.cloned(), is_noted, true),
            (false, false) if matches!(at_old, There::Absent) => self.move_folder(&old, &new, by)?,
            (false, false) => {
                self.scan(old, is_noted);
                self.scan(new, is_noted);
            }
        }
        Ok(())
    }

    fn move_folder(&mut self, old: &NotePath, new: &NotePath, by: Option<&Requester>) -> Result<(), IndexError> {
        self.paths.extend([old.clone(), new.clone()]);
        // What was noted before the move bears the old name.
        let below: Vec<NotePath> = self.dirty.keys().filter(|path| path.strip_prefix(old).is_some()).cloned().collect();
        for path in below {
            let (Some(rest), Some(mut dirty)) = (path.strip_prefix(old), self.dirty.remove(&path)) else { continue };
            dirty.found = None;
            self.dirty.insert(rest.below(new), dirty);
        }
        // Who looked at these between the move and its report found nothing, and took their rows away.
        for path in self.open.graves.missed_below(old) {
            if let Some(rest) = path.strip_prefix(old) {
                self.add(rest.below(new), by.cloned(), by.is_some(), false);
            }
        }
        let requester = by.cloned().unwrap_or_else(unknown);
        let authors = Authors::new([], requester.actor.clone());
        let applied = self.apply(&[RowChange::FolderRenamed(old.clone(), new.clone())], &authors)?;
        self.core.history.push(self.notebook.number, Recording::Moved(old.clone(), new.clone()), requester);
        if applied > 0 {
            self.open.reread_at = Some(Instant::now() + REREAD);
        }
        // What a watcher tells of a move comes without what happened in the folder since. And a scan that was to look at
        // the folder does not find it by its old name.
        if by.is_none() || self.core.scans.concerns(&self.notebook, old) {
            self.core.scans.request(&self.notebook, new.clone());
        }
        Ok(())
    }

    // ---- verdicts ----

    /// Compares each path with store and index, and those that depend on it: the subject of a sidecar, the sidecars of
    /// a file that came or went.
    fn judge(&mut self) -> Result<Vec<Verdict>, IndexError> {
        let notebook = Arc::clone(&self.notebook);
        let mut looker = Looker::new(&notebook);
        looker.expect(self.dirty.keys());
        let mut waiting: VecDeque<(NotePath, Dirty)> = std::mem::take(&mut self.dirty).into_iter().collect();
        let mut judged: BTreeSet<NotePath> = waiting.iter().map(|(path, _)| path.clone()).collect();
        let mut verdicts = Vec::with_capacity(waiting.len());
        while let Some((path, dirty)) = waiting.pop_front() {
            let (by, is_noted) = (dirty.by.clone(), dirty.is_noted);
            if is_noted && matches!(looker.at(&path), There::Present(stat) if stat.is_dir()) {
                let came = self.files_below(&path).into_iter().filter(|path| judged.insert(path.clone()));
                waiting.extend(came.map(|path| (path, Dirty { by: by.clone(), ..Dirty::default() })));
            }
            let Some(verdict) = self.judge_one(&mut looker, path, dirty)? else { continue };
            let there = looker.at(&verdict.path);
            for path in self.twins(&verdict, &there) {
                if judged.insert(path.clone()) {
                    // A file of its own by now (inodes come back within seconds) was changed by somebody else.
                    let key = |there: &There| there.file().map(|stat| stat.key);
                    let is_twin = key(&there).is_some() && key(&looker.at(&path)) == key(&there);
                    let by = by.clone().filter(|_| is_twin);
                    waiting.push_back((path, Dirty { by, is_noted, ..Dirty::default() }));
                }
            }
            let mut neighbours = looker.subjects(&verdict.path);
            // While it was gone, its sidecars were files of their own to whoever looked.
            let had = verdict.row.as_ref().map(|row| row.store);
            if had != verdict.wanted.as_ref().map(|wanted| wanted.stat.key) {
                neighbours.extend(looker.sidecars(&verdict.path).into_iter().map(|sidecar| sidecar.path));
            }
            for path in neighbours {
                if judged.insert(path.clone()) {
                    waiting.push_back((path, Dirty { is_neighbour: true, ..Dirty::default() }));
                }
            }
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    /// The other names of the file that is, or was, at a path: what is written by one is read by all, and a name that
    /// comes or goes changes the attributes of each.
    fn twins(&self, verdict: &Verdict, there: &There) -> Vec<NotePath> {
        // A sidecar has no row, and may be a note by another name.
        let now = there.file().map(|stat| (stat.key, stat.nlink));
        let before = verdict.row.as_ref().map(|row| row.store);
        let now = now.filter(|(key, links)| *links > 1 || before.is_some_and(|before| before != *key));
        let stores =
            now.map(|(key, _)| key).into_iter().chain(before.filter(|_| now.is_some() || verdict.wanted.is_none()));
        stores
            .filter_map(|store| self.notebook.known_number(store.dev, store.ino))
            .flat_map(|number| self.core.catalog.all_by_node(number))
            .filter(|file| file.key.notebook == self.notebook.number && file.path != verdict.path)
            .map(|file| file.path.clone())
            .collect()
    }

    fn judge_one(
        &mut self,
        looker: &mut Looker<'_>,
        path: NotePath,
        dirty: Dirty,
    ) -> Result<Option<Verdict>, IndexError> {
        let row = if has_row(&path) { self.notebook.reader.stat_of(&path)? } else { None };
        if self.notebook.ignore.is_ignored(&path, false) {
            // Rules may have come after the row.
            let verdict =
                Verdict { path, row, wanted: None, record: None, dirty, is_recorded_only: false, is_absent: false };
            return Ok(verdict.row.is_some().then_some(verdict));
        }
        let wanted = match looker.wanted(&path) {
            Ok(wanted) => wanted,
            Err(error) => {
                self.is_troubled(path, &error);
                return Ok(None);
            }
        };
        if self.open.troubled.remove(&path) {
            self.core.problems.clear(&self.trouble(&path));
        }
        let there = looker.at(&path);
        let is_recorded_only = wanted.is_none()
            && matches!(there, There::Present(stat) if stat.is_file() || stat.kind == crate::sys::FileKind::Symlink);
        let is_absent = matches!(there, There::Absent);
        if is_absent && self.notebook.is_away(&path) {
            return Ok(None);
        }
        if is_absent && self.notebook.was_disk(&path) {
            self.core.met_disks(&self.notebook, &path, Vec::new());
        }
        if is_absent && !dirty.is_neighbour && !dirty.is_gone {
            self.open.graves.miss(path.clone(), Instant::now());
        }
        Ok(Some(Verdict { path, row, wanted, record: None, dirty, is_recorded_only, is_absent }))
    }

    /// A path could not be looked at. One that may not be is told of by its event when it may.
    fn is_troubled(&mut self, path: NotePath, error: &StoreError) {
        self.core.problems.set(&self.trouble(&path), error);
        self.open.troubled.insert(path);
        if !matches!(error.errno(), libc::EACCES | libc::EPERM) {
            self.open.troubled_at.get_or_insert_with(|| Instant::now() + TROUBLED);
        }
    }

    /// What a problem of a path is filed under.
    fn trouble(&self, path: &NotePath) -> String {
        format!("file {}/{path}", self.notebook.name())
    }

    /// A folder that was made is empty; one that was moved here from another notebook or from outside is not. Who reads
    /// next waits for what came with it; where that is very much, for a scan that finds the rest.
    fn files_below(&self, folder: &NotePath) -> Vec<NotePath> {
        let (mut folders, mut files) = (vec![folder.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            let entries = self.notebook.dir.list(&folder).unwrap_or_default();
            for entry in entries {
                let Ok(path) = folder.join(entry.name.as_encoded_bytes()) else { continue };
                match entry.kind {
                    Some(FileKind::Directory) if self.notebook.ignore.is_ignored(&path, true) => {}
                    Some(FileKind::Directory) => folders.push(path),
                    _ => files.push(path),
                }
            }
            if files.len() > SLICE_MAX {
                self.scan(folder, true);
                folders.drain(..).for_each(|folder| self.scan(folder, true));
            }
        }
        files
    }

    // ---- reading ----

    /// Reads the files whose rows have to be written, on two threads where they are many. Those that the store did not
    /// give, with why.
    fn read(&self, verdicts: &mut [Verdict]) -> Vec<(NotePath, StoreError)> {
        let notebook = &*self.notebook;
        let mut due: Vec<&mut Verdict> =
            verdicts.iter_mut().filter(|v| v.wanted.is_some() && !v.is_settled()).collect();
        let read = |due: &mut [&mut Verdict]| -> Vec<(NotePath, StoreError)> {
            due.iter_mut().filter_map(|verdict| read_one(notebook, verdict)).collect()
        };
        if due.len() < 8 {
            return read(&mut due);
        }
        let half = due.len() / 2;
        let (one, other) = due.split_at_mut(half);
        std::thread::scope(|scope| {
            let one = scope.spawn(|| read(one));
            let mut failed = read(other);
            // What panics there panics here.
            failed.extend(one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            failed
        })
    }

    // ---- history ----

    fn record_history(&self, verdicts: &[Verdict], moves: &[Move]) {
        let number = self.notebook.number;
        let requester = |verdict: &Verdict| verdict.dirty.by.clone().unwrap_or_else(unknown);
        for one in moves {
            let (from, to) = (&verdicts[one.from], &verdicts[one.to]);
            self.core.history.push(number, Recording::Moved(from.path.clone(), to.path.clone()), requester(to));
        }
        let mut found = Vec::new();
        for verdict in verdicts.iter().filter(|verdict| !verdict.dirty.is_neighbour) {
            let recording = match (&verdict.wanted, &verdict.row) {
                (Some(_), _) if verdict.dirty.is_in_stock => continue,
                (Some(_), _) if verdict.is_settled() && verdict.dirty.is_noted => {
                    self.core.history.push_late(number, &verdict.path, &requester(verdict));
                    continue;
                }
                (Some(_), _) if !verdict.is_settled() => Recording::Written(verdict.path.clone()),
                (None, _) if verdict.is_recorded_only => Recording::Written(verdict.path.clone()),
                (None, Some(_)) if verdict.is_absent => Recording::Removed(verdict.path.clone()),
                (None, None) if verdict.is_absent && (verdict.dirty.is_gone || !has_row(&verdict.path)) => {
                    Recording::Removed(verdict.path.clone())
                }
                (_, _) => continue,
            };
            if !verdict.dirty.is_noted {
                found.extend(self.found_entry(&recording));
            }
            self.core.history.push(number, recording, requester(verdict));
        }
        self.core.journal.send(found);
    }

    fn found_entry(&self, recording: &Recording) -> Option<JournalEntry> {
        let (op, path) = match recording {
            Recording::Written(path) => ("written", path),
            Recording::Kept(_) => return None,
            Recording::Removed(path) | Recording::Moved(path, _) => ("removed", path),
        };
        Some(JournalEntry {
            seq: self.core.queue.number_found(),
            time: crate::sys::now(),
            actor: Actor::Unknown,
            notebook: self.notebook.number,
            op,
            path: path.as_bytes().to_vec(),
            old_path: None,
        })
    }

    // ---- rows ----

    /// Moves first, then what went, then what is to be written.
    fn changes(&mut self, verdicts: Vec<Verdict>, moves: &[Move]) -> Vec<RowChange> {
        let mut changes = moves::row_changes(&verdicts, moves);
        let moved_away: BTreeSet<usize> = moves.iter().map(|one| one.from).collect();
        let arrived: BTreeSet<usize> = moves.iter().map(|one| one.to).collect();
        let mut went = Vec::new();
        let mut written = Vec::new();
        let now = Instant::now();
        for (at, verdict) in verdicts.into_iter().enumerate() {
            let has_row_now = arrived.contains(&at) || (verdict.row.is_some() && !moved_away.contains(&at));
            match verdict.record {
                Some(mut record) => {
                    if !has_row_now {
                        record.revive = self.open.graves.revive(&record.path, record.store, now);
                    }
                    written.push(RowChange::Upsert(record));
                }
                None if verdict.wanted.is_some() => {}
                None if has_row_now => went.push(RowChange::Removed(verdict.path)),
                None if verdict.dirty.is_gone && verdict.is_absent && verdict.row.is_none() => {
                    went.push(RowChange::FolderRemoved(verdict.path));
                }
                None => {}
            }
        }
        if !went.is_empty() {
            if self.core.is_in_place(&self.notebook) {
                changes.append(&mut went);
            } else {
                self.core.scans.request_folders();
            }
        }
        changes.append(&mut written);
        changes
    }

    fn apply(&mut self, changes: &[RowChange], authors: &Authors) -> Result<usize, IndexError> {
        if changes.is_empty() {
            return Ok(0);
        }
        pass(FaultPoint::IndexBefore);
        let applied = self.open.db.apply(changes)?;
        pass(FaultPoint::IndexAfter);
        self.open.merging.written(applied.len(), Instant::now());
        self.open.checkpoints.written(applied.len(), &self.open.db);
        announce(self.core, self.open, &applied, authors);
        Ok(applied.len())
    }
}

fn read_one(notebook: &Notebook, verdict: &mut Verdict) -> Option<(NotePath, StoreError)> {
    let wanted = verdict.wanted.as_ref()?;
    if let Some(found) = verdict.dirty.found.take()
        && found.is_of(wanted)
    {
        verdict.record = Some(Box::new(found.record));
        return None;
    }
    match read_record(notebook, &verdict.path, wanted) {
        Ok(record) => verdict.record = Some(Box::new(record)),
        // Gone since. Its own hint follows, but whoever waits for this one must not see what was there before it.
        Err(error) if error.is_not_found() => {
            verdict.wanted = None;
            verdict.is_absent = true;
        }
        Err(error) => return Some((verdict.path.clone(), error)),
    }
    None
}

/// Somebody who changed the store behind Codex's back.
pub(super) fn unknown() -> Requester {
    Requester { actor: Actor::Unknown, gesture: None }
}

fn chunks(changes: Vec<RowChange>, rows_max: usize) -> Vec<Vec<RowChange>> {
    let mut rest = changes;
    let mut chunks = Vec::new();
    while rest.len() > rows_max {
        let tail = rest.split_off(rows_max);
        chunks.push(std::mem::replace(&mut rest, tail));
    }
    chunks.push(rest);
    chunks
}

fn journal_entry(look: &Look, notebook: &Notebook) -> Option<JournalEntry> {
    let (op, path, old_path) = match &look.hint {
        Hint::Path(path) => ("written", path, None),
        Hint::Gone(path) => ("removed", path, None),
        Hint::Moved(old, new) => ("renamed", new, Some(old)),
        Hint::Exchanged(one, other) => ("exchanged", one, Some(other)),
        Hint::Found(_) | Hint::Reread(_) => return None,
    };
    let (seq, by) = (look.seq?, look.by.as_ref()?);
    Some(JournalEntry {
        seq,
        time: crate::sys::now(),
        actor: by.actor.clone(),
        notebook: notebook.number,
        op,
        path: path.as_bytes().to_vec(),
        old_path: old_path.map(|path| path.as_bytes().to_vec()),
    })
}
