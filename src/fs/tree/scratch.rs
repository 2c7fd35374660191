//! Files that are being made in synthetic folders: each is held in a notebook's `.codex/tmp`, seen in its folder alone.
//! This is the table of them; what becomes of them is `settle`'s.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::fs::{Mode, OFlags};

use super::inner::Inner;
use super::names::is_temporary;
use super::{Answer, Caller, Place, Refused, Scratch};
use crate::engine::Notebook;
use crate::engine::catalog::now_ns;
use crate::sys::Dir;
use crate::types::{FileKey, NotePath, NotebookNumber};

/// How long after its last close a file settles (mount.md §5).
pub(super) const SETTLES_AFTER: Duration = Duration::from_secs(1);

/// Folder of a notebook's `.codex` that holds them.
pub(super) const TMP: &str = "tmp";

/// Names there: `new-<process>-<number>-<name>`.
pub(super) const PREFIX: &str = "new-";

/// Tells apart the files of this process from those that a crashed one left.
pub(super) fn process_mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| format!("{:x}x{:x}", now_ns(), std::process::id()))
}

/// A file that is being made.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) place: Place,
    pub(super) name: OsString,
    pub(super) scratch: Scratch,
    pub(super) by: Caller,
    /// The note that lost an entry of this name a moment before: these are its new contents.
    pub(super) saves: Option<FileKey>,
    /// Open handles.
    opens: u32,
    /// When it was made, renamed, or closed by somebody who could write.
    touched: Instant,
    /// When it settles.
    pub(super) due: Option<Instant>,
    /// Somebody is busy with what becomes of it.
    is_settling: bool,
}

#[derive(Debug, Default)]
struct State {
    held: HashMap<u64, Held>,
    by_name: HashMap<Place, HashMap<OsString, u64>>,
    dirs: HashMap<NotebookNumber, Arc<Dir>>,
    changed_ns: HashMap<Place, i64>,
    is_closing: bool,
}

/// All files that are being made through one mount.
#[derive(Debug, Default)]
pub(super) struct Scratches {
    state: Mutex<State>,
    wake: Condvar,
}

/// Ids are unique in the process: several mounts share a notebook's `.codex/tmp`.
static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);

impl State {
    fn enter(&mut self, place: &Place, name: &OsStr, id: u64) {
        self.by_name.entry(place.clone()).or_default().insert(name.to_owned(), id);
        self.touch(place);
    }

    fn leave(&mut self, place: &Place, name: &OsStr) {
        if let Some(names) = self.by_name.get_mut(place) {
            names.remove(name);
            if names.is_empty() {
                self.by_name.remove(place);
            }
        }
        self.touch(place);
    }

    fn touch(&mut self, place: &Place) {
        let changed = self.changed_ns.entry(place.clone()).or_default();
        *changed = now_ns().max(*changed + 1);
    }
}

impl Scratches {
    pub(super) fn find(&self, place: &Place, name: &OsStr) -> Option<Scratch> {
        let state = self.state.lock();
        let id = state.by_name.get(place)?.get(name)?;
        state.held.get(id).map(|held| held.scratch.clone())
    }

    pub(super) fn has(&self, id: u64) -> bool {
        self.state.lock().held.contains_key(&id)
    }

    pub(super) fn id_of(&self, place: &Place, name: &OsStr) -> Option<u64> {
        self.state.lock().by_name.get(place)?.get(name).copied()
    }

    pub(super) fn list(&self, place: &Place) -> Vec<(OsString, Scratch)> {
        let state = self.state.lock();
        let names = state.by_name.get(place).into_iter().flatten();
        names.filter_map(|(name, id)| Some((name.clone(), state.held.get(id)?.scratch.clone()))).collect()
    }

    pub(super) fn changed_ns(&self, place: &Place) -> i64 {
        self.state.lock().changed_ns.get(place).copied().unwrap_or_default()
    }

    pub(super) fn opened(&self, id: u64) {
        if let Some(held) = self.state.lock().held.get_mut(&id) {
            held.opens += 1;
            held.due = None;
        }
    }

    /// A handle was closed; a while after the last one that could write the file settles.
    pub(super) fn closed(&self, id: u64, could_write: bool) {
        if let Some(held) = self.state.lock().held.get_mut(&id) {
            held.opens = held.opens.saturating_sub(1);
            if could_write {
                held.touched = Instant::now();
            }
            held.await_settling();
        }
        self.wake.notify_all();
    }

    /// It is a save of a note, see [`Held::saves`].
    pub(super) fn is_save_of(&self, id: u64, note: FileKey) {
        if let Some(held) = self.state.lock().held.get_mut(&id) {
            held.saves = Some(note);
        }
    }

    fn insert(&self, held: Held) {
        let mut state = self.state.lock();
        state.enter(&held.place, &held.name, held.scratch.id);
        state.held.insert(held.scratch.id, held);
    }

    /// Takes it out of the table; its file is the caller's.
    pub(super) fn remove(&self, id: u64) -> Option<Held> {
        let mut state = self.state.lock();
        let held = state.held.remove(&id)?;
        state.leave(&held.place, &held.name);
        Some(held)
    }

    /// Gives it another name, or another folder.
    pub(super) fn rename(&self, id: u64, place: &Place, name: &OsStr) {
        let mut state = self.state.lock();
        let Some(held) = state.held.get_mut(&id) else { return };
        let (old_place, old_name) = (held.place.clone(), held.name.clone());
        (held.place, held.name, held.touched) = (place.clone(), name.to_owned(), Instant::now());
        held.await_settling();
        state.leave(&old_place, &old_name);
        state.enter(place, name, id);
        self.wake.notify_all();
    }

    /// Its file is elsewhere now.
    pub(super) fn moved(&self, id: u64, dir: Arc<Dir>, name: OsString) {
        if let Some(held) = self.state.lock().held.get_mut(&id) {
            (held.scratch.dir, held.scratch.name) = (dir, name);
        }
    }

    /// Whether nobody else decides what becomes of it; until [`Scratches::release`] nobody else does.
    pub(super) fn claim(&self, id: u64) -> Option<Held> {
        let mut state = self.state.lock();
        let held = state.held.get_mut(&id).filter(|held| !held.is_settling)?;
        (held.is_settling, held.due) = (true, None);
        Some(held.clone())
    }

    /// It stays for now; with `again`, it settles later.
    pub(super) fn release(&self, id: u64, again: bool) {
        if let Some(held) = self.state.lock().held.get_mut(&id) {
            held.is_settling = false;
            if again {
                held.touched = Instant::now();
                held.await_settling();
            }
        }
        self.wake.notify_all();
    }

    /// Waits for the next that is due, at most `within`; also those that are due because the mount ends.
    pub(super) fn wait_for_due(&self, within: Duration) -> Vec<u64> {
        let mut state = self.state.lock();
        if !state.is_closing {
            let next = state.held.values().filter_map(|held| held.due).min();
            let wait = next.map_or(within, |due| due.saturating_duration_since(Instant::now()).min(within));
            self.wake.wait_for(&mut state, wait);
        }
        let now = Instant::now();
        state.held.iter().filter(|(_, held)| held.due.is_some_and(|due| due <= now)).map(|(id, _)| *id).collect()
    }

    /// All that would settle by and by.
    pub(super) fn all_waiting(&self) -> Vec<u64> {
        let state = self.state.lock();
        state.held.iter().filter(|(_, held)| !is_temporary(&held.name)).map(|(id, _)| *id).collect()
    }

    pub(super) fn close(&self) {
        self.state.lock().is_closing = true;
        self.wake.notify_all();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state.lock().is_closing
    }
}

impl Held {
    fn await_settling(&mut self) {
        let waits = self.opens == 0 && !self.is_settling && !is_temporary(&self.name);
        self.due = waits.then(|| self.touched + SETTLES_AFTER);
    }
}

impl Inner {
    /// A new file of a folder, empty.
    pub(super) fn make_scratch(
        &self,
        notebook: &Notebook,
        at: (&Place, &OsStr),
        mode: u32,
        caller: Caller,
    ) -> Answer<Scratch> {
        let dir = self.tmp_dir(notebook)?;
        let id = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = tmp_name(id, at.1);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat(&*dir, &name, flags, Mode::from_raw_mode(mode & 0o7777)).map_err(|errno| {
            let error = std::io::Error::from(errno);
            Refused::new(errno.raw_os_error(), format!("cannot make a file in {}: {error}", dir.path().display()))
        })?;
        let scratch = Scratch { id, notebook: notebook.number, dir, name };
        self.scratches.insert(Held {
            place: at.0.clone(),
            name: at.1.to_owned(),
            scratch: scratch.clone(),
            by: caller,
            saves: None,
            opens: 0,
            touched: Instant::now(),
            due: None,
            is_settling: false,
        });
        Ok(scratch)
    }

    /// The notebook's `.codex/tmp`, always by the same handle.
    pub(super) fn tmp_dir(&self, notebook: &Notebook) -> Answer<Arc<Dir>> {
        let mut state = self.scratches.state.lock();
        if let Some(dir) = state.dirs.get(&notebook.number) {
            return Ok(Arc::clone(dir));
        }
        let tmp = NotePath::new(TMP).map_err(|error| Refused::new(libc::EINVAL, error.to_string()))?;
        notebook.codex.make_dirs(&tmp)?;
        let dir = Arc::new(notebook.codex.open_dir(&tmp)?);
        state.dirs.insert(notebook.number, Arc::clone(&dir));
        Ok(dir)
    }

    /// Removes a file that is being made.
    pub(super) fn drop_scratch(&self, id: u64) {
        if let Some(held) = self.scratches.remove(id) {
            let _ = rustix::fs::unlinkat(&*held.scratch.dir, &held.scratch.name, rustix::fs::AtFlags::empty());
            self.caches.drop_entry(&held.place, &held.name);
        }
    }
}

/// `new-<process>-<number>-<name>`, the name cut where it is long.
fn tmp_name(id: u64, name: &OsStr) -> OsString {
    let mut text = format!("{PREFIX}{}-{id:x}-", process_mark()).into_bytes();
    let mut end = name.len().min(255 - text.len());
    // Not within a character: the name may be an inbox's after a crash.
    while end < name.len() && end > 0 && name.as_bytes()[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    text.extend_from_slice(&name.as_bytes()[..end]);
    OsString::from_vec(text)
}

/// The name that a file bore in its folder, if it is one that another process left.
pub(super) fn left_behind(tmp_name: &OsStr) -> Option<&OsStr> {
    let mut parts = tmp_name.as_bytes().strip_prefix(PREFIX.as_bytes())?.splitn(3, |&byte| byte == b'-');
    let (mark, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    (mark != process_mark().as_bytes() && !name.is_empty()).then(|| OsStr::from_bytes(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_process_and_of_others() {
        let own = tmp_name(7, OsStr::new("a-b.md"));
        assert_eq!(left_behind(&own), None);
        assert_eq!(left_behind(OsStr::new("new-1x2-7-a-b.md")), Some(OsStr::new("a-b.md")));
        for name in ["edit-1x2-7-a.md", "new-1x2-7-", "new-1x2", ".codex-1-2.tmp"] {
            assert_eq!(left_behind(OsStr::new(name)), None, "{name}");
        }
        let long = OsString::from("ä".repeat(127));
        let name = tmp_name(7, &long);
        assert!(name.len() <= 255 && name.to_str().is_some());
    }
}
