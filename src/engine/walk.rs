//! A parallel walk over a notebook's folders, comparing what it meets with the rows that the index has.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

use super::Notebook;
use super::core::Core;
use super::look::{SidecarFile, Wanted, has_row};
use super::queue::{Hint, Look};
use super::read::read_record;
use super::scan::Found;
use crate::index::notebook::{FileRecord, IndexedStat};
use crate::index::parse;
use crate::sys::{FileKind, StoreError, StoreStat};
use crate::types::{ContentHash, NotePath, StoreKey};

/// What a walk found, apart from the files that it read and pushed.
#[derive(Default)]
pub(super) struct Walk {
    /// Rows of which no file was met.
    pub(super) missing: Vec<NotePath>,
    /// Everything that the history may record, where stock is taken: path, ctime, and whether a row stands for it.
    pub(super) present: Vec<Present>,
    /// The store keys of everything, where stock is taken.
    pub(super) keys: Vec<StoreKey>,
    /// Folders that other filesystems are mounted on.
    pub(super) disks: Vec<NotePath>,
    /// The first folder that could not be read: then nothing follows from what was not met.
    pub(super) error: Option<StoreError>,
}

/// How a walk is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Everything is listed for history and node numbers.
    pub(super) takes_stock: bool,
    /// Every file is read, whatever its attributes say.
    pub(super) is_forced: bool,
    /// Files are read whose ctime is no older, in nanoseconds: their attributes may be newer than their contents.
    pub(super) doubted_from: Option<i64>,
}

impl Manner {
    fn doubts(&self, stat: &StoreStat) -> bool {
        self.doubted_from.is_some_and(|from| stat.ctime_ns >= from)
    }
}

/// A file as the history's stocktaking sees it.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) path: NotePath,
    pub(super) ctime_ns: i64,
    pub(super) is_executable: bool,
    pub(super) has_row: bool,
}

struct Pending {
    folders: Vec<(NotePath, bool)>,
    busy: usize,
}

struct Walker<'a> {
    core: &'a Arc<Core>,
    notebook: &'a Arc<Notebook>,
    manner: Manner,
    /// What a killed process had not finished is removed: at the start, where the store may be written.
    clears_up: bool,
    /// By path, which is how they are found; with whether their file was met.
    rows: Vec<(IndexedStat, AtomicBool)>,
    /// The rows by store key.
    by_key: Vec<usize>,
    by_hash: OnceLock<HashMap<ContentHash, usize>>,
    claimed: Mutex<HashSet<usize>>,
    pending: Mutex<Pending>,
    changed: Condvar,
    outcome: Mutex<Walk>,
}

/// Folders are read by so many threads.
const THREADS: usize = 2;

/// Walks `folder` and all below it. Files that differ from their row are read and pushed to the queue.
pub(super) fn walk(
    core: &Arc<Core>,
    notebook: &Arc<Notebook>,
    folder: &NotePath,
    mut rows: Vec<IndexedStat>,
    manner: Manner,
) -> Walk {
    rows.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let mut by_key: Vec<usize> = (0..rows.len()).collect();
    by_key.sort_unstable_by_key(|at| rows[*at].store);
    let is_ignored = notebook.ignore.is_ignored(folder, true);
    let walker = Walker {
        core,
        notebook,
        manner,
        clears_up: manner.takes_stock && !core.options.read_only,
        rows: rows.into_iter().map(|row| (row, AtomicBool::new(false))).collect(),
        by_key,
        by_hash: OnceLock::new(),
        claimed: Mutex::default(),
        pending: Mutex::new(Pending { folders: vec![(folder.clone(), is_ignored)], busy: 0 }),
        changed: Condvar::new(),
        outcome: Mutex::default(),
    };
    std::thread::scope(|scope| {
        for _ in 1..THREADS {
            scope.spawn(|| walker.work());
        }
        walker.work();
    });
    let mut outcome = walker.outcome.into_inner();
    let unmet = walker.rows.into_iter().filter(|(_, met)| !met.load(Ordering::Relaxed));
    outcome.missing.extend(unmet.map(|(row, _)| row.path));
    outcome
}

impl Walker<'_> {
    fn work(&self) {
        while let Some((folder, is_ignored)) = self.next() {
            // A panic here would leave the other thread waiting for this one's folders.
            let visited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.visit(&folder, is_ignored)));
            let error = match visited {
                Ok(Ok(())) => None,
                // It went while the walk was on its way to it: its own event follows.
                Ok(Err(error)) if error.is_not_found() => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some(StoreError {
                    action: "scan",
                    path: self.notebook.dir.shown(&folder),
                    source: std::io::Error::other("a fault of cdx; please report it"),
                }),
            };
            if let Some(error) = error {
                self.outcome.lock().error.get_or_insert(error);
            }
            self.pending.lock().busy -= 1;
            self.changed.notify_all();
        }
    }

    fn next(&self) -> Option<(NotePath, bool)> {
        let mut pending = self.pending.lock();
        loop {
            if self.core.scans.is_closed() {
                return None;
            }
            if let Some(folder) = pending.folders.pop() {
                pending.busy += 1;
                return Some(folder);
            }
            if pending.busy == 0 {
                return None;
            }
            self.changed.wait(&mut pending);
        }
    }

    fn visit(&self, folder: &NotePath, is_ignored: bool) -> Result<(), StoreError> {
        let dir = self.notebook.dir.open_dir(folder)?;
        let device = StoreStat::of(&dir).map_or(0, |stat| stat.key.dev);
        // Watch first, then list: what is made in between is met by the one or told by the other.
        if let Some(watches) = &self.core.watches
            && watches.add(self.notebook.number, folder, &dir)
        {
            self.core.each_mount(|mount| mount.folder_watched(self.notebook.number, folder));
        }
        let mut files = Vec::new();
        let mut folders = Vec::new();
        let mut keys = Vec::new();
        for entry in dir.list(&NotePath::root())? {
            if folder.is_root() && entry.name == ".codex" {
                continue;
            }
            let Ok(path) = folder.join(std::os::unix::ffi::OsStrExt::as_bytes(&*entry.name)) else { continue };
            let needs_stat = self.manner.takes_stock || !is_ignored || entry.kind.is_none();
            let stat = if needs_stat { StoreStat::at(&dir, &entry.name).ok() } else { None };
            let Some(kind) = stat.map(|stat| stat.kind).or(entry.kind) else { continue };
            if self.clears_up && stat.is_some_and(|stat| dir.remove_if_left(&entry.name, &stat)) {
                continue;
            }
            keys.extend(stat.map(|stat| stat.key));
            match (kind, stat) {
                (FileKind::Directory, stat) => {
                    if stat.is_some_and(|stat| stat.key.dev != device && device != 0) {
                        self.outcome.lock().disks.push(path.clone());
                    }
                    let is_ignored = is_ignored || self.notebook.ignore.is_ignored(&path, true);
                    folders.push((path, is_ignored));
                }
                (FileKind::File | FileKind::Symlink, Some(stat))
                    if !is_ignored && !self.notebook.ignore.is_ignored(&path, false) =>
                {
                    files.push((path, entry.name, stat));
                }
                _ => {}
            }
        }
        self.core.scans.add_met(self.notebook.number, (files.len() + folders.len()) as u64);
        if !folders.is_empty() {
            self.pending.lock().folders.extend(folders);
            self.changed.notify_all();
        }
        if self.manner.takes_stock {
            self.outcome.lock().keys.append(&mut keys);
        }
        self.compare(folder, &files);
        Ok(())
    }

    /// Compares the files of a folder with their rows.
    fn compare(&self, folder: &NotePath, files: &[(NotePath, OsString, StoreStat)]) {
        let sidecars = sidecars_of(folder, files);
        let is_sidecar: HashSet<&NotePath> = sidecars.values().flatten().map(|sidecar| &sidecar.path).collect();
        let mut present = Vec::new();
        let mut looks = Vec::new();
        for (path, name, stat) in files {
            let has_row = stat.is_file() && has_row(path) && !is_sidecar.contains(path);
            if self.manner.takes_stock {
                let is_executable = stat.perm & 0o100 != 0;
                // What is doubted is compared with the history as if it had changed now.
                let ctime_ns = if self.manner.doubts(stat) { i64::MAX } else { stat.ctime_ns };
                present.push(Present { path: path.clone(), ctime_ns, is_executable, has_row });
            }
            if !has_row {
                continue;
            }
            let own = name.to_str().and_then(|name| sidecars.get(name)).cloned().unwrap_or_default();
            let wanted = Wanted::new(*stat, own);
            if let Some(look) = self.compare_one(path, &wanted) {
                looks.push(look);
            }
            if looks.len() >= 128 {
                self.core.queue.push_found(std::mem::take(&mut looks));
            }
        }
        self.core.queue.push_found(looks);
        self.outcome.lock().present.append(&mut present);
    }

    fn compare_one(&self, path: &NotePath, wanted: &Wanted) -> Option<Look> {
        let row = self.rows.binary_search_by(|(row, _)| row.path.cmp(path)).ok().map(|at| &self.rows[at]);
        let is_forced = self.manner.is_forced || wanted.stats().any(|stat| self.manner.doubts(stat));
        if let Some((row, met)) = row {
            met.store(true, Ordering::Relaxed);
            if wanted.is_as(row) && !is_forced {
                return None;
            }
        }
        if self.core.scans.is_closed() {
            return None;
        }
        let hint = match read_record(self.notebook, path, wanted) {
            Ok(record) => {
                let was = if row.is_none() { self.claim(wanted, &record) } else { None };
                Hint::Found(Box::new(Found { record, was, is_forced, is_in_stock: self.manner.takes_stock }))
            }
            // The index thread will say what is wrong with it, if it is still there.
            Err(_) => Hint::Path(path.clone()),
        };
        Some(Look { notebook: self.notebook.number, hint, by: None, seq: None })
    }

    /// Where the index has a file that is new here: it was moved if it is no longer there.
    fn claim(&self, wanted: &Wanted, record: &FileRecord) -> Option<NotePath> {
        let by_hash = || {
            let all = self.by_hash.get_or_init(|| {
                let hashed = self.rows.iter().enumerate().filter(|(_, (row, _))| row.size > 0);
                hashed.filter_map(|(at, (row, _))| Some((row.hash?, at))).collect()
            });
            all.get(&record.hash?).copied()
        };
        let by_key = self.by_key.binary_search_by_key(&wanted.stat.key, |at| self.rows[*at].0.store);
        let at = by_key.ok().map(|found| self.by_key[found]).or_else(by_hash)?;
        let path = &self.rows[at].0.path;
        let is_gone = self.notebook.dir.stat(path).is_err_and(|error| error.is_not_found());
        (is_gone && self.claimed.lock().insert(at)).then(|| path.clone())
    }
}

/// The sidecars in a folder by the name of the file they describe, each file's in the order of merging.
fn sidecars_of(folder: &NotePath, files: &[(NotePath, OsString, StoreStat)]) -> HashMap<String, Vec<SidecarFile>> {
    let regular = files.iter().filter(|(_, _, stat)| stat.is_file());
    let stats: HashMap<&str, &StoreStat> = regular.filter_map(|(_, name, stat)| Some((name.to_str()?, stat))).collect();
    let described: HashSet<String> = stats
        .keys()
        .flat_map(|name| parse::sidecar_subjects(name))
        .filter(|subject| stats.contains_key(subject.as_str()))
        .collect();
    let mut sidecars = HashMap::new();
    for subject in described {
        let mut own = Vec::new();
        for (name, kind) in parse::sidecar_names(&subject) {
            if let (Some(stat), Ok(path)) = (stats.get(name.as_str()), folder.join(&name)) {
                own.push(SidecarFile { path, name, kind, stat: **stat });
            }
        }
        sidecars.insert(subject, own);
    }
    sidecars
}
