//! Starts that were cut off. Who dies again and again while it starts, by one file, writes down what it reads; and a
//! file that was being read at two ends of that kind is indexed by its name alone until it changes.
//!
//! `.codex/starting` is there while a start is under way, `.codex/reading` while it is watched what is read. Both tell of
//! processes that died, not of power that failed: they are not synced.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags};

use super::workspace::note_path;
use crate::sys::{Dir, StoreStat};
use crate::types::NotePath;

/// What a start finds of those before it.
#[derive(Debug)]
pub(super) struct Starts {
    codex: Option<Dir>,
    /// Starts in a row that were cut off before this one.
    failed: u32,
    /// Files that were being read when a start was cut off: how often in a row.
    suspects: Vec<(u32, String)>,
    skipped: Mutex<Vec<Skipped>>,
    /// Where it is written down what is read; `None` where it is not.
    reading: Mutex<Option<OwnedFd>>,
    /// A bit for each place in there that is taken.
    taken: AtomicU32,
}

/// A file that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Skipped {
    size: u64,
    mtime_ns: i64,
    file: String,
}

/// What is read, as long as it is.
pub(super) struct Mark<'a>(&'a Starts, u32);

/// After so many starts that were cut off it is written down what is read.
const BLIND: u32 = 2;

/// Named so often in a row, a file is not read any more.
const NAMED: u32 = 2;

/// Files that are read at the same time, and the bytes that a name has at most.
const PLACES: u32 = 8;
const PLACE: usize = 8192;

const STARTING: &str = "starting";
const READING: &str = "reading";

impl Starts {
    /// Begins a start.
    pub(super) fn begin(codex: &Dir, read_only: bool) -> Self {
        let text = |name| {
            let bytes = codex.read(&note_path(name), 1 << 20).map(|(bytes, _)| bytes).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let mut starts = Self::read(&text(STARTING), &text(READING));
        if !read_only {
            starts.codex = codex.try_clone().ok();
            starts.write(true);
            if starts.failed >= BLIND {
                *starts.reading.get_mut() = starts.open(READING);
            }
        }
        starts
    }

    fn read(starting: &str, reading: &str) -> Self {
        let (mut failed, mut before, mut skipped) = (0, Vec::new(), Vec::new());
        for line in starting.lines() {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default();
            match word() {
                "running" => failed = word().parse().unwrap_or(0) + 1,
                "suspect" => before.push((word().parse().unwrap_or(0), words.collect::<Vec<_>>().join(" "))),
                "skip" => {
                    if let (Ok(size), Ok(mtime_ns), Some(file)) = (word().parse(), word().parse(), words.next()) {
                        skipped.push(Skipped { size, mtime_ns, file: file.to_owned() });
                    }
                }
                _ => {}
            }
        }
        let places = reading.as_bytes().chunks(PLACE).filter_map(|place| place.split(|byte| *byte == b'\n').next());
        let named = places.filter(|name| !name.is_empty()).map(|name| String::from_utf8_lossy(name).into_owned());
        let often = |name: &String| before.iter().find(|(_, other)| other == name).map_or(0, |(often, _)| *often);
        let suspects = if failed == 0 { Vec::new() } else { named.map(|name| (often(&name) + 1, name)).collect() };
        Self {
            codex: None,
            failed,
            suspects,
            skipped: Mutex::new(skipped),
            reading: Mutex::new(None),
            taken: AtomicU32::new(0),
        }
    }

    /// What is to be said of it; `None` where nothing was cut off and nothing is skipped.
    pub(super) fn problem(&self) -> Option<String> {
        let skipped = self.skipped.lock();
        let named = skipped.iter().map(|one| &one.file).chain(self.dangerous());
        let named = named.map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
        if named.is_empty() {
            return (self.failed >= BLIND).then(|| {
                format!(
                    "{} starts in a row were cut off; it is watched what is read, to find out by which file",
                    self.failed
                )
            });
        }
        Some(format!("cdx died while it read {named}: indexed by name alone until it changes; please report it"))
    }

    fn dangerous(&self) -> impl Iterator<Item = &String> {
        self.suspects.iter().filter(|(often, _)| *often >= NAMED).map(|(_, file)| file)
    }

    /// Whether a file is not to be read; why, in words.
    pub(super) fn skips(&self, notebook: &str, path: &NotePath, stat: &StoreStat) -> Option<String> {
        let mut skipped = self.skipped.lock();
        if skipped.is_empty() && self.suspects.is_empty() {
            return None;
        }
        let file = format!("{notebook}/{path}");
        if self.dangerous().any(|other| *other == file) && !skipped.iter().any(|one| one.file == file) {
            skipped.push(Skipped { size: stat.size, mtime_ns: stat.mtime_ns, file: file.clone() });
        }
        let this = Skipped { size: stat.size, mtime_ns: stat.mtime_ns, file };
        skipped
            .contains(&this)
            .then(|| "it is not read, since cdx died twice while it did; a change of it makes cdx try again".to_owned())
    }

    /// Whether there are files that are not read.
    pub(super) fn skips_any(&self) -> bool {
        !self.skipped.lock().is_empty()
    }

    /// A file is about to be read.
    pub(super) fn mark(&self, notebook: &str, path: &NotePath) -> Option<Mark<'_>> {
        let reading = self.reading.lock();
        let fd = reading.as_ref()?;
        let taken = self.taken.load(Ordering::Relaxed);
        let place = (0..PLACES).find(|place| taken & (1 << place) == 0)?;
        self.taken.fetch_or(1 << place, Ordering::Relaxed);
        let line = format!("{notebook}/{path}\n");
        // What cannot be written down is not found out.
        let _ = rustix::io::pwrite(fd, line.as_bytes(), u64::from(place) * PLACE as u64);
        Some(Mark(self, place))
    }

    /// The start is over: everything was read once.
    pub(super) fn end(&self) {
        *self.reading.lock() = None;
        self.write(false);
        if let Some(codex) = &self.codex {
            let _ = codex.remove_file(&note_path(READING));
        }
    }

    fn write(&self, is_running: bool) {
        let Some(codex) = &self.codex else { return };
        let mut lines = Vec::new();
        if is_running {
            lines.push(format!("running {}\n", self.failed));
            lines.extend(self.suspects.iter().map(|(often, file)| format!("suspect {often} {file}\n")));
        }
        let skipped = self.skipped.lock();
        lines.extend(skipped.iter().map(|Skipped { size, mtime_ns, file }| format!("skip {size} {mtime_ns} {file}\n")));
        let text = lines.concat();
        if text.is_empty() {
            let _ = codex.remove_file(&note_path(STARTING));
        } else if let Some(fd) = self.open(STARTING) {
            let _ = rustix::io::write(&fd, text.as_bytes());
        }
    }

    fn open(&self, name: &'static str) -> Option<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        self.codex.as_ref()?.open_at(&note_path(name), flags, Mode::from_raw_mode(0o600)).ok()
    }
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        if let Some(fd) = &*self.0.reading.lock() {
            let _ = rustix::io::pwrite(fd, b"\n", u64::from(self.1) * PLACE as u64);
        }
        self.0.taken.fetch_and(!(1 << self.1), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_named_twice_in_a_row_is_skipped_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let codex = Dir::open(folder.path()).unwrap();
        let stat = StoreStat::of(&codex).unwrap();
        let path = NotePath::new("sub/a b.md").unwrap();
        let other = NotePath::new("other.md").unwrap();
        // A start that is cut off is one that is not ended.
        for failed in 0..4 {
            let starts = Starts::begin(&codex, false);
            assert_eq!(starts.failed, failed);
            assert_eq!(starts.skips("lab", &path, &stat), None, "{failed}");
            drop(starts.mark("lab", &other));
            std::mem::forget(starts.mark("lab", &path));
        }
        let starts = Starts::begin(&codex, false);
        assert!(starts.skips("lab", &path, &stat).is_some());
        assert_eq!(starts.skips("lab", &other, &stat), None);
        assert!(starts.problem().unwrap().contains("`lab/sub/a b.md`"));
        starts.end();
        let starts = Starts::begin(&codex, false);
        assert_eq!(starts.failed, 0);
        assert!(starts.skips("lab", &path, &stat).is_some(), "it is remembered");
        assert_eq!(starts.skips("lab", &path, &StoreStat { size: stat.size + 1, ..stat }), None);
        starts.end();
    }

    #[test]
    fn a_start_that_ends_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let codex = Dir::open(folder.path()).unwrap();
        let starts = Starts::begin(&codex, false);
        assert_eq!((starts.failed, starts.problem()), (0, None));
        starts.end();
        assert_eq!(codex.list(&NotePath::root()).unwrap(), []);
    }
}
