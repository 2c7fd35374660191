//! Scans: walking a notebook's folders and comparing them with the index, on two threads.
//! A scan reads; what it finds goes through the queue, and the index thread looks again before it believes it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Notebook;
use super::core::Core;
use super::debt::Debt;
use super::look::Wanted;
use super::queue::{Hint, Look};
use super::walk::{Manner, Walk, walk};
use super::watch::Watches;
use crate::index::notebook::{FileRecord, IndexedStat};
use crate::types::{NotePath, NotebookNumber, StoreKey};

/// A file that a scan has read because the index has something else, or nothing, of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: FileRecord,
    /// Where the index has it, if it was moved while nobody looked.
    pub(super) was: Option<NotePath>,
    /// The row is written anew whatever it says.
    pub(super) is_forced: bool,
    /// The scan takes stock: what the history lacks is found in another way.
    pub(super) is_in_stock: bool,
}

impl Found {
    /// Whether it was read from just this state of the file.
    pub(super) fn is_of(&self, wanted: &Wanted) -> bool {
        let record = &self.record;
        (record.store, record.size, record.mtime_ns, record.ctime_ns, record.sidecar_mark)
            == (wanted.stat.key, wanted.stat.size, wanted.stat.mtime_ns, wanted.stat.ctime_ns, wanted.mark)
    }
}

/// What is to be scanned.
struct Request {
    notebook: Arc<Notebook>,
    folder: NotePath,
    /// The first scan since the notebook was opened: takes stock for history and node numbers, too.
    is_first: bool,
    /// Every file is read, whatever its attributes say.
    is_forced: bool,
    /// What readers wait for.
    debts: Vec<Debt>,
}

impl Request {
    fn of(notebook: &Arc<Notebook>, folder: NotePath) -> Self {
        let notebook = Arc::clone(notebook);
        Self { notebook, folder, is_first: false, is_forced: false, debts: Vec::new() }
    }

    /// A reader waits for it, as for what it wrote itself.
    fn is_urgent(&self) -> bool {
        !self.is_first && !self.debts.is_empty()
    }

    /// Where it scans.
    #[expect(clippy::unnecessary_wraps, reason = "beside it stands what has no place")]
    fn place(&self) -> Option<(NotebookNumber, NotePath)> {
        Some((self.notebook.number, self.folder.clone()))
    }

    fn covers(&self, notebook: &Notebook, folder: &NotePath) -> bool {
        self.notebook.number == notebook.number && folder.strip_prefix(&self.folder).is_some()
    }
}

/// How the scans of a notebook stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// The scan of all of it that was asked for first has ended.
    pub(super) is_complete: bool,
    /// One of all of it runs.
    pub(super) is_running: bool,
    /// How many of all of it have ended; walks where it cannot be watched do not count.
    pub(super) scans: u64,
    /// Folders and files met by the scan of all of it that runs, or ran last.
    pub(super) met: u64,
    /// How many it will meet, where that was counted.
    pub(super) expected: Option<u64>,
    /// When the last one of all of it ended.
    pub(super) last: Option<Instant>,
    /// How often it is walked, where not all of its folders are watched.
    pub(super) polled_every: Option<Duration>,
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    folders: bool,
    /// When to look again whether folders that could not be opened can be.
    folders_at: Option<Instant>,
    /// What is being scanned now; `None`: which notebooks there are.
    running: Vec<Option<(NotebookNumber, NotePath)>>,
    progress: BTreeMap<NotebookNumber, Progress>,
    polls: BTreeMap<NotebookNumber, Instant>,
    closed: bool,
}

/// What waits to be scanned.
#[derive(Default)]
pub(super) struct ScanQueue {
    state: Mutex<State>,
    changed: Condvar,
}

impl std::fmt::Debug for ScanQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanQueue").finish_non_exhaustive()
    }
}

/// A scan of so many files leaves much free memory behind.
const LARGE: usize = 2000;

/// What changed so long before the last that is known to have been done is on disk: four times as long as the kernel takes
/// by default (`vm.dirty_expire_centisecs`).
const DOUBTED_NS: i64 = 120_000_000_000;

/// How often a notebook is walked where it cannot be watched.
const POLL: Duration = Duration::from_secs(2);

impl ScanQueue {
    /// Asks for a scan of a folder with all below it; one that waits already and covers it is enough.
    pub(super) fn request(&self, notebook: &Arc<Notebook>, folder: NotePath) {
        let mut state = self.state.lock();
        if state.closed || state.requests.iter().any(|request| request.covers(notebook, &folder)) {
            return;
        }
        state.requests.push(Request::of(notebook, folder));
        self.changed.notify_all();
    }

    /// Asks for the scan of all of a notebook that takes stock; readers wait for it where there is a debt.
    pub(super) fn request_first(&self, notebook: &Arc<Notebook>, debt: Option<Debt>) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        state.progress.insert(notebook.number, Progress::default());
        let debts: Vec<Debt> = debt.into_iter().collect();
        let waits = |request: &Request| request.is_first && request.notebook.number == notebook.number;
        if debts.is_empty() && state.requests.iter().any(waits) {
            return;
        }
        state.requests.push(Request { is_first: true, debts, ..Request::of(notebook, NotePath::root()) });
        self.changed.notify_all();
    }

    /// Asks for a scan that readers wait for. It joins another such, never one that may take long.
    pub(super) fn request_owed(&self, notebook: &Arc<Notebook>, folder: NotePath, debt: Debt) {
        let mut state = self.state.lock();
        if state.closed {
            return;
        }
        let joins = |request: &&mut Request| request.is_urgent() && request.covers(notebook, &folder);
        match state.requests.iter_mut().find(joins) {
            Some(request) => request.debts.push(debt),
            None => state.requests.push(Request { debts: vec![debt], ..Request::of(notebook, folder) }),
        }
        self.changed.notify_all();
    }

    /// Asks for a scan of a notebook that reads every file.
    pub(super) fn request_forced(&self, notebook: &Arc<Notebook>) {
        let request = Request { is_forced: true, ..Request::of(notebook, NotePath::root()) };
        self.state.lock().requests.push(request);
        self.changed.notify_all();
    }

    /// Asks for a look at which notebooks there are.
    pub(super) fn request_folders(&self) {
        self.state.lock().folders = true;
        self.changed.notify_all();
    }

    /// As [`ScanQueue::request_folders`], in a moment: what could not be opened may be openable by then.
    pub(super) fn request_folders_later(&self) {
        self.state.lock().folders_at = Some(Instant::now() + POLL);
        self.changed.notify_all();
    }

    /// Nothing more is scanned; a scan that runs stops at its next folder.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        let requests = std::mem::take(&mut state.requests);
        self.changed.notify_all();
        // Their debts take another lock when they are dropped.
        drop(state);
        drop(requests);
    }

    /// Whether the engine is being closed.
    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Waits until nothing is scanned or waits to be, or until a time; whether it came to that.
    pub(super) fn wait_idle(&self, until: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while !state.closed && (!state.requests.is_empty() || state.folders || !state.running.is_empty()) {
            match until {
                None => self.changed.wait(&mut state),
                Some(until) if self.changed.wait_until(&mut state, until).timed_out() => return false,
                Some(_) => {}
            }
        }
        true
    }

    /// How the scans of a notebook stand.
    pub(super) fn progress(&self, number: NotebookNumber) -> Progress {
        self.state.lock().progress.get(&number).cloned().unwrap_or_default()
    }

    /// Counts entries that a scan has met.
    pub(super) fn add_met(&self, number: NotebookNumber, met: u64) {
        if let Some(progress) = self.state.lock().progress.get_mut(&number) {
            progress.met += met;
        }
    }

    /// Waits for a scan that a reader waits for.
    fn take_urgent(&self) -> Option<Request> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(at) = state.requests.iter().position(Request::is_urgent) {
                let request = state.requests.remove(at);
                state.running.push(request.place());
                return Some(request);
            }
            self.changed.wait(&mut state);
        }
    }

    fn take(&self) -> Option<Task> {
        let mut state = self.state.lock();
        loop {
            if state.closed {
                return None;
            }
            if state.folders_at.is_some_and(|at| at <= Instant::now()) {
                state.folders = true;
            }
            if std::mem::take(&mut state.folders) {
                state.folders_at = None;
                state.running.push(None);
                return Some(Task::Folders);
            }
            if !state.requests.is_empty() {
                let request = state.requests.remove(0);
                state.running.push(request.place());
                return Some(Task::Scan(request));
            }
            let due = state.polls.iter().min_by_key(|(_, at)| **at).map(|(number, at)| (*number, *at));
            match due {
                None => match state.folders_at {
                    Some(at) => drop(self.changed.wait_until(&mut state, at)),
                    None => self.changed.wait(&mut state),
                },
                Some((number, at)) if at <= Instant::now() => {
                    state.polls.remove(&number);
                    state.running.push(Some((number, NotePath::root())));
                    return Some(Task::Poll(number));
                }
                Some((_, at)) => {
                    let until = state.folders_at.map_or(at, |folders| folders.min(at));
                    self.changed.wait_until(&mut state, until);
                }
            }
        }
    }

    fn done(&self, place: Option<&(NotebookNumber, NotePath)>) {
        let mut state = self.state.lock();
        if let Some(at) = state.running.iter().position(|running| running.as_ref() == place) {
            state.running.swap_remove(at);
        }
        self.changed.notify_all();
    }

    /// Whether what is scanned, or waits to be, has to do with a folder: holds it, or is in it.
    pub(super) fn concerns(&self, notebook: &Notebook, folder: &NotePath) -> bool {
        let state = self.state.lock();
        let is_near = |other: &NotePath| other.strip_prefix(folder).is_some() || folder.strip_prefix(other).is_some();
        let running = state.running.iter().flatten().map(|(number, path)| (*number, path));
        let waiting = state.requests.iter().map(|request| (request.notebook.number, &request.folder));
        running.chain(waiting).any(|(number, path)| number == notebook.number && is_near(path))
    }

    /// A scan of all of a notebook begins.
    fn begins(&self, number: NotebookNumber, expected: Option<u64>) {
        let mut state = self.state.lock();
        let progress = state.progress.entry(number).or_default();
        (progress.is_running, progress.met, progress.expected) = (true, 0, expected);
    }

    fn ended(&self, number: NotebookNumber, took: Duration, is_polled: bool) {
        let mut state = self.state.lock();
        let progress = state.progress.entry(number).or_default();
        progress.is_complete = true;
        progress.scans += u64::from(progress.is_running);
        progress.is_running = false;
        progress.last = Some(Instant::now());
        // A walk that takes long must not become all that the machine does.
        progress.polled_every = is_polled.then(|| POLL.max(took * 10));
        match progress.polled_every {
            Some(every) => drop(state.polls.insert(number, Instant::now() + every)),
            None => drop(state.polls.remove(&number)),
        }
    }

    /// Not all of a notebook is watched from now on: it is walked again and again.
    fn poll(&self, number: NotebookNumber) {
        let mut state = self.state.lock();
        state.progress.entry(number).or_default().polled_every.get_or_insert(POLL);
        state.polls.entry(number).or_insert_with(|| Instant::now() + POLL);
        self.changed.notify_all();
    }
}

enum Task {
    Scan(Request),
    Folders,
    Poll(NotebookNumber),
}

/// Runs until the queue is closed.
pub(super) fn run(core: &Arc<Core>) {
    while let Some(task) = core.scans.take() {
        let place = match &task {
            Task::Scan(request) => request.place(),
            Task::Poll(number) => Some((*number, NotePath::root())),
            Task::Folders => None,
        };
        match task {
            Task::Scan(request) => scan_and_pay(core, request),
            Task::Poll(number) => {
                if let Some(notebook) = core.notebook(number) {
                    scan(core, &Request::of(&notebook, NotePath::root()));
                }
            }
            Task::Folders => {
                if let Err(error) = core.follow_folders() {
                    core.problems.set("workspace", error);
                }
            }
        }
        core.scans.done(place.as_ref());
    }
}

/// Runs scans that readers wait for until the queue is closed: beside the others, since the scan of a whole notebook may
/// take minutes.
pub(super) fn run_urgent(core: &Arc<Core>) {
    while let Some(request) = core.scans.take_urgent() {
        let place = request.place();
        scan_and_pay(core, request);
        core.scans.done(place.as_ref());
    }
}

/// Debts are paid behind what the scan has found, by the thread that takes it in.
fn scan_and_pay(core: &Arc<Core>, mut request: Request) {
    let debts = std::mem::take(&mut request.debts);
    scan(core, &request);
    if !debts.is_empty() {
        // Refused where the engine is being closed; then they are dropped, which pays them too.
        core.queue.push_task(Box::new(move |_| drop(debts)));
    }
}

/// From when on files are not taken at their attributes' word where the machine may have lost power: it writes
/// attributes and contents apart, and forgets contents of an old file that it wrote less than half a minute ago.
fn doubted_from(rows: &[IndexedStat]) -> Option<i64> {
    let now = i64::try_from(crate::sys::now().as_nanosecond()).unwrap_or(i64::MAX);
    // The newest that the index knows of is the last that is known to have been done.
    rows.iter().map(|row| row.ctime_ns).filter(|ctime| *ctime <= now).max().map(|newest| newest - DOUBTED_NS)
}

fn scan(core: &Arc<Core>, request: &Request) {
    let Request { notebook, folder, is_first, .. } = request;
    let what = format!("scan of {}", notebook.name());
    let started = Instant::now();
    let loss = core.watches.as_ref().map(Watches::last_loss);
    let rows = match notebook.reader.stats_below(folder) {
        Ok(rows) => rows,
        Err(error) => {
            core.problems.set(&what, error);
            core.scans.ended(notebook.number, started.elapsed(), true);
            return;
        }
    };
    let known = rows.len();
    // A whole notebook is not asked for twice: of its folders the watcher tells.
    let mut before = HashSet::new();
    if !folder.is_root() {
        before.extend(rows.iter().map(|row| row.path.clone()));
    }
    if folder.is_root() {
        let reads_all = request.is_forced || rows.is_empty();
        core.scans.begins(notebook.number, reads_all.then(|| core.count_entries(notebook)).flatten());
    }
    let doubted_from = if *is_first && core.may_have_lost { doubted_from(&rows) } else { None };
    let manner = Manner { takes_stock: *is_first, is_forced: request.is_forced, doubted_from };
    let mut outcome = walk(core, notebook, folder, rows, manner);
    if core.scans.is_closed() {
        return;
    }
    match &outcome.error {
        Some(error) => core.problems.set(&what, error),
        None => core.problems.clear(&what),
    }
    if outcome.error.is_none() {
        core.met_disks(notebook, folder, std::mem::take(&mut outcome.disks));
        push_missing(core, notebook, &outcome);
    }
    let is_watched = core.watches.as_ref().is_some_and(|watches| watches.holds_all(notebook.number));
    let is_polled = core.options.watch && !is_watched;
    if !folder.is_root() {
        push_late(core, notebook, folder, &before);
        if is_polled {
            core.scans.poll(notebook.number);
            core.watches.iter().for_each(|watches| watches.tell_mounts(core));
        }
        return;
    }
    if *is_first && outcome.error.is_none() {
        let met: HashSet<StoreKey> = outcome.keys.iter().copied().collect();
        notebook.nodes.retain(|key| met.contains(key));
    }
    if let (Some(watches), Some(loss)) = (&core.watches, loss) {
        if outcome.error.is_none() && (*is_first || is_polled) {
            watches.forget_absent(notebook);
        }
        watches.caught_up(notebook.number, loss);
        watches.tell_mounts(core);
    }
    // A folder that could not be read may be read again.
    let is_watched = core.watches.as_ref().is_some_and(|watches| watches.holds_all(notebook.number));
    let is_polled = core.options.watch && !(is_watched && outcome.error.is_none());
    let met = outcome.present.len();
    if *is_first {
        // Before it is called complete: who records all from then on records this.
        core.history.take_stock(core, notebook, outcome.present);
    }
    core.scans.ended(notebook.number, started.elapsed(), is_polled);
    let number = notebook.number;
    core.queue.push_task(Box::new(move |thread| thread.look_at_troubled(number)));
    if known.max(met) > LARGE {
        core.queue.push_task(Box::new(|_| crate::sys::release_free_memory()));
    }
    if *is_first && outcome.error.is_none() {
        let number = notebook.number;
        core.queue.push_task(Box::new(move |thread| thread.mark_scanned(number)));
        let (core_then, then) = (Arc::clone(core), Arc::clone(notebook));
        core.queue.push_task(Box::new(move |_| {
            core_then.remember_held(&then);
            let is_read = |one: &Arc<Notebook>| core_then.scans.progress(one.number).is_complete;
            if core_then.open_notebooks().iter().all(is_read) {
                core_then.starts.end();
                if !core_then.starts.skips_any() {
                    core_then.problems.clear("start");
                }
            }
        }));
    }
}

/// Rows that came while the walk was under way, of files that were made through a mount: should one have gone again before
/// its folder was watched, nobody was told.
fn push_late(core: &Core, notebook: &Notebook, folder: &NotePath, before: &HashSet<NotePath>) {
    let rows = notebook.reader.stats_below(folder).unwrap_or_default();
    let late = rows.into_iter().map(|row| row.path).filter(|path| !before.contains(path));
    let number = notebook.number;
    core.queue.push_looks(late.map(|path| Look { notebook: number, hint: Hint::Path(path), by: None, seq: None }));
}

/// Rows of which the walk met no file. Nothing is believed of a notebook that is not in its place any more.
fn push_missing(core: &Core, notebook: &Notebook, outcome: &Walk) {
    if outcome.missing.is_empty() {
        return;
    }
    if !core.is_in_place(notebook) {
        core.scans.request_folders();
        return;
    }
    let number = notebook.number;
    let look = |path: &NotePath| Look { notebook: number, hint: Hint::Path(path.clone()), by: None, seq: None };
    let away = notebook.disks_away();
    let is_gone = |path: &&NotePath| !away.iter().any(|disk| path.strip_prefix(disk).is_some());
    core.queue.push_looks(outcome.missing.iter().filter(is_gone).map(look));
}
