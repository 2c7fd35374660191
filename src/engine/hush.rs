//! Folders in which a mount writes and writes: for moments they are not told of contents that change.
//!
//! A write that passes the daemon by costs half as much again when its folder is watched for changed contents, and what
//! it tells is nothing new: the barrier looks at files that are open for writing by itself. So where such writes go on,
//! the folder is watched without them for [`HUSH`], and then its files are looked at once, so that whatever somebody
//! else wrote meanwhile, without closing it, shows in time (mount.md §4: 1 s at the worst).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::catalog::now_ns;
use super::core::Core;
use crate::sys::WatchId;
use crate::types::{NotePath, NotebookNumber};

/// How long a folder is not told.
const HUSH: Duration = Duration::from_millis(400);

/// So many reads in a row tell of a write of our own before that: a program that writes a note is done by then.
const READS: u32 = 4;

/// Reads that follow one another within this are in a row.
const ROW: Duration = Duration::from_millis(20);

/// Time stamps are as coarse as the kernel's tick.
const TICK_NS: i64 = 20_000_000;

/// A folder: where it is, and what its watch is called.
type Folder = (NotebookNumber, NotePath);

#[derive(Debug)]
struct Row {
    reads: u32,
    last: Instant,
}

#[derive(Debug)]
struct Hushed {
    folder: Folder,
    until: Instant,
    since_ns: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Hushes {
    rows: HashMap<WatchId, Row>,
    hushed: HashMap<WatchId, Hushed>,
}

impl Hushes {
    /// A read told of contents that changed in this folder, in a file that a mount has open.
    pub(super) fn told(&mut self, core: &Core, id: WatchId, folder: Folder) {
        let now = Instant::now();
        let row = self.rows.entry(id).or_insert(Row { reads: 0, last: now });
        row.reads = if now.duration_since(row.last) < ROW { row.reads + 1 } else { 1 };
        row.last = now;
        if row.reads < READS || self.hushed.contains_key(&id) {
            return;
        }
        self.rows.remove(&id);
        if watch(core, id, &folder, false) {
            self.hushed.insert(id, Hushed { folder, until: now + HUSH, since_ns: now_ns() - TICK_NS });
        }
    }

    /// When the next folder is to be told again.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.hushed.values().map(|hushed| hushed.until).min()
    }

    /// Has folders told again whose time is over; the files of theirs that changed meanwhile.
    pub(super) fn end(&mut self, core: &Core) -> Vec<(NotebookNumber, NotePath)> {
        let now = Instant::now();
        self.rows.retain(|_, row| now.duration_since(row.last) < ROW);
        let ended: Vec<(WatchId, Hushed)> = self.hushed.extract_if(|_, hushed| hushed.until <= now).collect();
        let mut changed = Vec::new();
        for (id, hushed) in ended {
            // The watch first: what changes between the two is told.
            watch(core, id, &hushed.folder, true);
            changed.extend(changed_since(core, &hushed));
        }
        changed
    }
}

/// Changes what a folder is told; `false` if it is no longer where it was.
fn watch(core: &Core, id: WatchId, (number, path): &Folder, contents: bool) -> bool {
    let (Some(watches), Some(notebook)) = (&core.watches, core.notebook(*number)) else { return false };
    let Ok(dir) = notebook.dir.open_dir(path) else { return false };
    match watches.events.watch_for(&dir, contents) {
        Ok(found) if found == id => true,
        // Another folder has its place: it has a watch of its own, or gets one, with all that is to be told.
        Ok(_) => {
            watches.add(*number, path, &dir);
            false
        }
        Err(_) => false,
    }
}

fn changed_since(core: &Core, hushed: &Hushed) -> Vec<(NotebookNumber, NotePath)> {
    let (number, folder) = &hushed.folder;
    let Some(notebook) = core.notebook(*number) else { return Vec::new() };
    let Ok(dir) = notebook.dir.open_dir(folder) else { return Vec::new() };
    let entries = dir.list(&NotePath::root()).unwrap_or_default();
    let changed = |name: &std::ffi::OsStr| {
        let stat = crate::sys::StoreStat::at(&dir, name).ok()?;
        (stat.is_file() && stat.mtime_ns >= hushed.since_ns).then(|| folder.join(name.as_encoded_bytes()).ok())?
    };
    entries.iter().filter_map(|entry| Some((*number, changed(&entry.name)?))).collect()
}
