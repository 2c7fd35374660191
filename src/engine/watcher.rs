//! The thread that reads the store's events. Mounts hear of each at once; the index hears of what is worth a look,
//! after a short rest where more is likely to follow.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::away::Mounted;
use super::core::Core;
use super::hush::Hushes;
use super::ignore::is_ignored_name;
use super::queue::{Hint, Look};
use super::watch::{Place, Watches};
use super::workspace;
use crate::sys::{ReadOutcome, StoreEvent, StoreEventKind};
use crate::types::{NotePath, NotebookNumber};

/// Its writer has it open still: the close, which follows, is the better moment.
const REST_OPEN: Duration = Duration::from_millis(40);
/// Editors remove and make anew.
const REST_GONE: Duration = Duration::from_millis(30);
/// chmod after chown after utimes.
const REST_ATTRIBUTES: Duration = Duration::from_millis(15);
/// The other half of a rename is in the same or the next read.
const REST_MOVED: Duration = Duration::from_millis(20);
/// A large file that is being written is read again and again: ever more seldom.
const REST_PER_MIB: Duration = Duration::from_millis(8);
/// After a read the kernel gathers events for so long: a program that writes in small pieces, or makes many files, would
/// else wake this thread at each, and the kernel merges what repeats.
const GATHER: Duration = Duration::from_millis(5);
/// "1 s at the worst" (mount.md §4).
const REST_MAX: Duration = Duration::from_millis(800);

type Path = (NotebookNumber, NotePath);

struct Resting {
    until: Instant,
    is_gone: bool,
}

struct HalfMove {
    cookie: u32,
    from: Path,
    is_dir: bool,
    until: Instant,
}

struct Watcher<'a> {
    core: &'a Arc<Core>,
    watches: &'a Watches,
    resting: HashMap<Path, Resting>,
    half_moves: Vec<HalfMove>,
    hushes: Hushes,
    mounted: Mounted,
    looks: Vec<Look>,
}

/// How long after a failure the watching is begun anew.
const ANEW_AFTER: Duration = Duration::from_secs(1);

/// How soon it is noticed that the engine is closed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs until the engine is closed. Where the watching ends, folders are looked at instead until it has begun anew.
pub(super) fn run(core: &Arc<Core>) {
    let Some(watches) = &core.watches else { return };
    loop {
        let watching = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watch(core, watches)));
        let why = match watching {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a fault of cdx; please report it".to_owned(),
        };
        watches.die(format!("the watcher failed ({why}): folders are looked at instead"));
        overflow(core);
        while !rests(core, ANEW_AFTER) {
            match watches.begin_anew(&core.root, &core.codex) {
                Ok(()) => break,
                Err(error) => tracing::debug!(%error, "the store cannot be watched yet"),
            }
        }
        // Their walks watch the folders again.
        overflow(core);
    }
}

/// Waits; whether the engine was closed meanwhile.
fn rests(core: &Core, time: Duration) -> bool {
    let until = Instant::now() + time;
    while !core.is_closed() && Instant::now() < until {
        std::thread::sleep(LOOK_EVERY);
    }
    core.is_closed()
}

/// Until the engine is closed, or the events cannot be read any more.
fn watch(core: &Arc<Core>, watches: &Watches) -> std::io::Result<()> {
    let mut state = Watcher {
        core,
        watches,
        resting: HashMap::new(),
        half_moves: Vec::new(),
        hushes: Hushes::default(),
        mounted: Mounted::look(core),
        looks: Vec::new(),
    };
    let mut events = Vec::new();
    while !core.is_closed() {
        events.clear();
        match watches.events.read(state.rest(), &mut events)? {
            ReadOutcome::Overflow => overflow(core),
            ReadOutcome::Mounts => state.mounted.changed(core),
            ReadOutcome::Events | ReadOutcome::Woken => {}
        }
        state.take_in(&events);
        state.end_rests();
        state.end_hushes();
        core.queue.push_looks(state.looks.drain(..));
        if !events.is_empty() {
            std::thread::sleep(GATHER);
        }
    }
    Ok(())
}

/// Events were lost: everything is looked at, and until then no cache is to be trusted.
pub(super) fn overflow(core: &Arc<Core>) {
    let Some(watches) = &core.watches else { return };
    let notebooks = core.open_notebooks();
    watches.lose(notebooks.iter().map(|notebook| notebook.number));
    watches.tell_mounts(core);
    core.scans.request_folders();
    for notebook in notebooks {
        notebook.ignore.forget();
        core.scans.request_first(&notebook, None);
    }
}

impl Watcher<'_> {
    /// How long until something that rests is due.
    fn rest(&self) -> Option<Duration> {
        let resting = self.resting.values().map(|resting| resting.until);
        let halves = self.half_moves.iter().map(|half| half.until);
        let next = resting.chain(halves).chain(self.hushes.next_end()).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn take_in(&mut self, events: &[StoreEvent]) {
        let (mut told, mut hushed) = (HashSet::new(), HashMap::new());
        for event in events {
            let Some(place) = self.watches.place(event.folder) else { continue };
            match place {
                Place::Workspace => self.core.scans.request_folders(),
                // Not while it is being written: an emptied file would mean the defaults.
                Place::Settings if event.name == workspace::FILE && is_whole(event.kind) => {
                    // What is wrong with it is told in status.json.
                    drop(self.core.reload_settings());
                }
                Place::Settings => {}
                Place::Folder(number, folder) => {
                    let name = std::os::unix::ffi::OsStrExt::as_bytes(&*event.name);
                    if name.is_empty() {
                        self.about_itself(event, number, &folder);
                        continue;
                    }
                    let Ok(path) = folder.join(name) else { continue };
                    if folder.is_root() && name == b".codex" {
                        continue;
                    }
                    if told.insert((number, path.clone())) {
                        self.core.each_mount(|mount| mount.store_changed(number, &path));
                        if event.kind == StoreEventKind::Modified && self.is_own(number, &path) {
                            hushed.insert(event.folder, (number, folder.clone()));
                        }
                    }
                    self.about_entry(event, number, path);
                }
            }
        }
        for (id, folder) in hushed {
            self.hushes.told(self.core, id, folder);
        }
    }

    /// Whether a mount has the file open.
    fn is_own(&self, number: NotebookNumber, path: &NotePath) -> bool {
        let stat = self.core.notebook(number).and_then(|notebook| notebook.dir.stat(path).ok());
        stat.is_some_and(|stat| self.core.is_open(stat.key))
    }

    fn end_hushes(&mut self) {
        for (number, path) in self.hushes.end(self.core) {
            self.core.each_mount(|mount| mount.store_changed(number, &path));
            self.push(number, Hint::Path(path));
        }
    }

    fn about_itself(&mut self, event: &StoreEvent, number: NotebookNumber, folder: &NotePath) {
        match event.kind {
            StoreEventKind::Unwatched => {
                self.watches.drop_id(event.folder);
                if folder.is_root() {
                    self.core.scans.request_folders();
                }
            }
            _ => self.core.each_mount(|mount| mount.store_changed(number, folder)),
        }
    }

    fn about_entry(&mut self, event: &StoreEvent, number: NotebookNumber, path: NotePath) {
        let now = Instant::now();
        match event.kind {
            StoreEventKind::MovedFrom(cookie) => self.half_moves.push(HalfMove {
                cookie,
                from: (number, path),
                is_dir: event.is_dir,
                until: now + REST_MOVED,
            }),
            StoreEventKind::MovedTo(cookie) => self.moved_to(cookie, number, path, event.is_dir),
            _ if is_ignored_name(path.name(), event.is_dir) && !event.is_dir => {}
            StoreEventKind::Created if event.is_dir => self.scan(number, path),
            StoreEventKind::Closed => {
                self.resting.remove(&(number, path.clone()));
                self.push(number, Hint::Path(path));
            }
            StoreEventKind::Created => self.rest_until(number, path, now + REST_OPEN, false),
            StoreEventKind::Modified => {
                let until = now + self.rest_of_open(number, &path);
                self.rest_until(number, path, until, false);
            }
            StoreEventKind::Attributes if event.is_dir => {}
            StoreEventKind::Attributes => self.rest_until(number, path, now + REST_ATTRIBUTES, false),
            StoreEventKind::Removed => self.rest_until(number, path, now + REST_GONE, true),
            StoreEventKind::Unwatched => {}
        }
    }

    fn rest_of_open(&self, number: NotebookNumber, path: &NotePath) -> Duration {
        if self.resting.contains_key(&(number, path.clone())) {
            return REST_OPEN;
        }
        let size = self.core.notebook(number).and_then(|notebook| notebook.dir.stat(path).ok()).map_or(0, |s| s.size);
        let mib = u32::try_from(size >> 20).unwrap_or(u32::MAX);
        (REST_OPEN + REST_PER_MIB.saturating_mul(mib)).min(REST_MAX)
    }

    /// A rest is not prolonged by what comes during it, so that a steady writer is seen to write.
    fn rest_until(&mut self, number: NotebookNumber, path: NotePath, until: Instant, is_gone: bool) {
        let resting = self.resting.entry((number, path)).or_insert(Resting { until, is_gone });
        resting.is_gone |= is_gone;
    }

    fn moved_to(&mut self, cookie: u32, number: NotebookNumber, path: NotePath, is_dir: bool) {
        let half = self.half_moves.iter().position(|half| half.cookie == cookie && half.is_dir == is_dir);
        match half.map(|at| self.half_moves.remove(at)) {
            Some(HalfMove { from: (from, old), .. }) if from == number => {
                if is_dir {
                    self.watches.rebase(number, &old, &path);
                }
                self.push(number, Hint::Moved(old, path));
            }
            Some(half) => {
                self.left(half);
                self.arrived(number, path, is_dir);
            }
            None => self.arrived(number, path, is_dir),
        }
    }

    fn arrived(&mut self, number: NotebookNumber, path: NotePath, is_dir: bool) {
        if is_dir {
            self.scan(number, path);
        } else {
            self.push(number, Hint::Path(path));
        }
    }

    fn left(&mut self, half: HalfMove) {
        let (number, path) = half.from;
        if half.is_dir {
            self.watches.drop_below(number, &path);
        }
        self.push(number, Hint::Gone(path));
    }

    fn scan(&self, number: NotebookNumber, path: NotePath) {
        if let Some(notebook) = self.core.notebook(number) {
            self.core.scans.request(&notebook, path);
        }
    }

    fn push(&mut self, number: NotebookNumber, hint: Hint) {
        self.looks.push(Look { notebook: number, hint, by: None, seq: None });
    }

    fn end_rests(&mut self) {
        let now = Instant::now();
        let ended: Vec<_> = self.resting.extract_if(|_, resting| resting.until <= now).collect();
        for ((number, path), resting) in ended {
            self.push(number, if resting.is_gone { Hint::Gone(path) } else { Hint::Path(path) });
        }
        let (ended, waiting) = std::mem::take(&mut self.half_moves).into_iter().partition(|half| half.until <= now);
        self.half_moves = waiting;
        let ended: Vec<HalfMove> = ended;
        for half in ended {
            self.left(half);
        }
    }
}

/// Whether a file is complete after such an event, as far as its writer goes.
fn is_whole(kind: StoreEventKind) -> bool {
    matches!(kind, StoreEventKind::Closed | StoreEventKind::MovedTo(_) | StoreEventKind::Removed)
}
