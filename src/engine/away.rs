//! Disks within the store that are not mounted: what they held is away, not gone. A notebook whose folder is the empty
//! mountpoint of its disk is not opened, and nothing below such a mountpoint within a notebook is taken for removed.
//! What is mounted, devices tell; the kernel's table of mounts tells where to look, since no folder does.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::core::Core;
use super::doctor::mountpoints;
use super::notebooks::meta;
use super::{EngineError, Notebook};
use crate::sys::paths;
use crate::sys::{Dir, StoreStat};
use crate::types::{NotePath, NotebookName, StoreKey};

/// Folders of a notebook that other filesystems were mounted on when they were last seen.
#[derive(Debug, Default)]
pub(super) struct Disks(Mutex<BTreeSet<NotePath>>);

impl Disks {
    /// As [`Disks::written`] wrote them.
    pub(super) fn read(text: &str) -> Self {
        Self(Mutex::new(text.lines().filter_map(|line| NotePath::new(line).ok()).collect()))
    }

    /// For the notebook's database: a line each. A mountpoint whose name is no text is not remembered.
    fn written(known: &BTreeSet<NotePath>) -> String {
        let lines = known.iter().filter_map(|path| path.to_str()).filter(|path| !path.contains('\n'));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What another knows, too.
    pub(super) fn learn(&self, other: &Self) {
        let known = other.0.lock().clone();
        self.0.lock().extend(known);
    }
}

impl Notebook {
    /// Whether the disk that held this path is not mounted: then nothing follows from its absence.
    pub(super) fn is_away(&self, path: &NotePath) -> bool {
        self.disk_away(path).is_some()
    }

    /// Whether a disk was mounted on this folder.
    pub(super) fn was_disk(&self, folder: &NotePath) -> bool {
        self.disks.0.lock().contains(folder)
    }

    /// The mountpoint of the disk that held this path, if that is not mounted.
    fn disk_away(&self, path: &NotePath) -> Option<NotePath> {
        let above: Vec<NotePath> = {
            let known = self.disks.0.lock();
            known.iter().filter(|disk| path.strip_prefix(disk).is_some()).cloned().collect()
        };
        above.into_iter().find(|disk| self.is_unmounted(disk))
    }

    /// Mountpoints of disks that are not mounted.
    pub(super) fn disks_away(&self) -> Vec<NotePath> {
        let known: Vec<NotePath> = self.disks.0.lock().iter().cloned().collect();
        known.into_iter().filter(|disk| self.is_unmounted(disk)).collect()
    }

    /// The folder is there, and on the device of the folder that it is in.
    fn is_unmounted(&self, disk: &NotePath) -> bool {
        let device = |path: &NotePath| self.dir.stat(path).ok().filter(StoreStat::is_dir).map(|stat| stat.key.dev);
        device(disk).is_some_and(|own| Some(own) == device(&disk.parent()))
    }

    /// They are gone for good, and what they held is.
    pub(super) fn give_up_disks(&self) {
        let away = self.disks_away();
        self.disks.0.lock().retain(|disk| !away.contains(disk));
    }
}

impl Core {
    /// A scan of `folder` has met other filesystems mounted on these folders: remembered, and told which are away.
    pub(super) fn met_disks(&self, notebook: &Notebook, folder: &NotePath, met: Vec<NotePath>) {
        let is_gone = |disk: &NotePath| notebook.dir.stat(disk).is_err_and(|error| error.is_not_found());
        let before = notebook.disks.0.lock().clone();
        let mut now = before.clone();
        now.retain(|disk| disk.strip_prefix(folder).is_none() || !is_gone(disk));
        now.extend(met);
        for disk in before.iter().chain(&now) {
            let what = format!("disk {}/{disk}", notebook.name());
            if now.contains(disk) && notebook.is_unmounted(disk) {
                self.problems.set(
                    &what,
                    format!(
                        "a disk was mounted on {}, and is not: what it held is kept in index and history; mount it \
                         again, or remove the empty folder if it is gone for good",
                        notebook.dir.shown(disk).display()
                    ),
                );
            } else {
                self.problems.clear(&what);
            }
        }
        if now == before {
            return;
        }
        let (number, text) = (notebook.number, Disks::written(&now));
        *notebook.disks.0.lock() = now;
        self.queue.push_task(Box::new(move |thread| thread.set_meta(number, meta::DISKS, &text)));
    }

    /// How many files the notebook holds, for the day that its folder is found empty.
    pub(super) fn remember_held(&self, notebook: &Notebook) {
        let held = self.catalog.file_count(notebook.number) as u64;
        if !self.options.read_only
            && let Err(error) = self.journal_db.lock().set_held(notebook.number, held)
        {
            self.problems.set("journal", error);
        }
    }

    /// Why the folder of this name is not opened although it is there: it stands where a notebook full of files was, and
    /// looks like the mountpoint of a disk that is not mounted.
    pub(super) fn why_away(&self, name: &NotebookName) -> Result<Option<String>, EngineError> {
        let folder = NotePath::new(name.as_str()).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let held = {
            let journal = self.journal_db.lock();
            let record = journal.notebooks()?.into_iter().find(|record| record.name == name.as_str());
            record.map_or(Ok(0), |record| journal.held(record.number))?
        };
        if held == 0 || !is_empty(&self.root.open_dir(&folder)?)? {
            return Ok(None);
        }
        Ok(Some(format!(
            "its folder is empty, without even its .codex, and it held {held} {} when it was last open; if that is on \
             a disk, mount that; if it was emptied on purpose, `cdx notebook adopt {name}` takes the folder as it is",
            if held == 1 { "file" } else { "files" },
        )))
    }

    /// Whether a notebook that was open on a disk of its own is now a folder without one.
    pub(super) fn was_unmounted(&self, notebook: &Notebook, now: StoreKey) -> bool {
        let above = StoreStat::of(&self.root).map(|stat| stat.key.dev);
        above.is_ok_and(|above| above == now.dev && notebook.key.dev != above)
    }
}

fn is_empty(dir: &Dir) -> Result<bool, EngineError> {
    // What makers of filesystems leave at their top is no content, and neither are litter of desktops.
    const LITTER: [&str; 3] = ["lost+found", ".DS_Store", ".directory"];
    Ok(dir.list(&NotePath::root())?.iter().all(|entry| LITTER.iter().any(|litter| entry.name == **litter)))
}

/// Mountpoints within the workspace, as they were when they were last looked at.
#[derive(Debug)]
pub(super) struct Mounted {
    points: BTreeSet<NotePath>,
}

impl Mounted {
    /// Those that there are.
    pub(super) fn look(core: &Core) -> Self {
        let root = paths::canonical(&core.path).unwrap_or_else(|_| core.path.clone());
        let below = |point: PathBuf| {
            let below = point.strip_prefix(&root).ok()?;
            NotePath::new(below.as_os_str().as_encoded_bytes()).ok()
        };
        Self { points: mountpoints().into_iter().filter_map(below).collect() }
    }

    /// Something was mounted or unmounted somewhere: where that was within a notebook, it is looked at.
    pub(super) fn changed(&mut self, core: &Arc<Core>) {
        let before = std::mem::replace(self, Self::look(core));
        core.scans.request_folders();
        for point in before.points.symmetric_difference(&self.points) {
            let mut parts = point.as_bytes().splitn(2, |byte| *byte == b'/');
            let name = parts.next().map(String::from_utf8_lossy).unwrap_or_default();
            let path = parts.next().and_then(|path| NotePath::new(path).ok());
            if let (Some(notebook), Some(path)) = (core.notebooks.read().by_name(&name), path) {
                core.each_mount(|mount| mount.store_changed(notebook.number, &path));
                core.each_mount(|mount| mount.forget_all());
                let is_other = notebook.dir.stat(&path).is_ok_and(|stat| stat.key.dev != notebook.key.dev);
                core.met_disks(&notebook, &path, if is_other { vec![path.clone()] } else { Vec::new() });
                core.scans.request(&notebook, path);
            }
        }
    }
}
