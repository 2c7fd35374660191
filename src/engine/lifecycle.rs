//! Opening and closing an engine: lock, databases, threads, in this order and back.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use super::core::{Core, Problems};
use super::history_thread::{HistoryQueue, Kept, Recording};
use super::journal_thread::JournalQueue;
use super::queue::Queue;
use super::scan::ScanQueue;
use super::starts::Starts;
use super::watch::{WATCHES, Watches};
use super::workspace::{self, Holder, note_path};
use super::{Engine, EngineError, EngineOptions, Settings, command, edit, recorder};
use crate::index::journal::Journal;
use crate::sys::{Attempt, Dir, FileLock, ScratchFolder, StoreStat};
use crate::types::{NotePath, NotebookNumber};

/// How long an edit waits for what came before the version that it replaces.
const KEEP_WAIT: Duration = Duration::from_secs(5);

/// The threads of an engine, in the order in which they end.
#[derive(Debug, Default)]
pub(super) struct Threads {
    watcher: Option<JoinHandle<()>>,
    scanner: Option<JoinHandle<()>>,
    urgent: Option<JoinHandle<()>>,
    history: Option<JoinHandle<()>>,
    index: Option<JoinHandle<()>>,
    journal: Option<JoinHandle<()>>,
    distrust: Option<JoinHandle<()>>,
}

impl Engine {
    /// Makes the folder at `path` (made if missing) a workspace: every folder in it that is not hidden is a notebook
    /// from then on, and nothing in them is changed. `notebooks` are made where they are missing.
    ///
    /// # Errors
    /// If a name is no legal one; the store's.
    pub fn init(path: &Path, notebooks: &[String]) -> Result<(), EngineError> {
        workspace::init(path)?;
        let root = Dir::open(path)?;
        for name in notebooks {
            root.open_or_make_dir(&super::notebooks::folder_of(name)?, 0o777)?;
        }
        Ok(())
    }

    /// Opens the workspace at `path`: takes its lock, opens journal and notebooks, starts index, history and watcher
    /// threads and the start-up scan.
    ///
    /// # Errors
    /// If another process holds it (the error says who), it is no workspace, or a database refuses.
    pub fn open(path: &Path, options: EngineOptions) -> Result<Arc<Self>, EngineError> {
        let root = Dir::open(path)?;
        let codex = match root.open_dir(&note_path(".codex")) {
            Ok(codex) => codex,
            Err(error) if error.is_not_found() => {
                let reason = format!("{} is no workspace; `cdx init` makes it one", path.display());
                return Err(EngineError::NotFound(reason));
            }
            Err(error) => return Err(error.into()),
        };
        let scratch = if options.read_only { Some(ScratchFolder::new()?) } else { None };
        let lock = if options.read_only { None } else { Some(take_lock(&codex, path)?) };
        let may_have_lost = lock.as_ref().is_some_and(|lock| lock.before() != Holder::ended());
        let journal_at = scratch.as_ref().map_or_else(|| path.join(".codex"), |scratch| scratch.path().to_owned());
        let (mut journal_db, damaged) = Journal::open_or_replace(&journal_at.join("journal.db"))?;
        let (first, below) = journal_db.reserve()?;
        let (journal, lines) = JournalQueue::new();
        let problems = Problems::default();
        if let Some(aside) = damaged {
            tracing::warn!(
                "the journal of the workspace was damaged: it is kept as {}, and a new one was begun; who changed what \
                 before is in the histories, notes and tags are as they were",
                aside.display()
            );
        }
        let settings = Settings::read(&codex).unwrap_or_else(|reason| {
            problems.set(workspace::FILE, reason);
            Settings::default()
        });
        if !options.read_only {
            codex.remove_left_temporaries(&NotePath::root())?;
        }
        let starts = Arc::new(Starts::begin(&codex, options.read_only));
        if let Some(reason) = starts.problem() {
            problems.set("start", reason);
        }
        let watches = if options.watch { start_watching(&root, &codex, &problems) } else { None };
        let core = Arc::new(Core {
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            root,
            codex,
            settings: RwLock::new(Arc::new(settings)),
            reloading: Mutex::default(),
            notebooks: RwLock::default(),
            changing_notebooks: Mutex::default(),
            catalog: super::catalog::Catalog::default(),
            mounts: RwLock::default(),
            queue: Arc::new(Queue::new(first)),
            journal,
            journal_db: Mutex::new(journal_db),
            history: HistoryQueue::new(!options.read_only),
            scans: ScanQueue::default(),
            watches,
            subscribers: super::events::Subscribers::default(),
            problems,
            starts,
            may_have_lost,
            closed: AtomicBool::new(false),
            started: Instant::now(),
            workbench: Arc::new(edit::Workbench::default()),
            scratch,
            lock: Mutex::new(lock),
            options,
        });
        core.catalog.set_declared(&core.settings.read().tags);
        if core.options.watch {
            core.history.push_settings();
        }
        let threads = Threads {
            journal: Some(spawn("cdx-journal", &core, move |core| super::journal_thread::run(core, &lines, below))),
            index: Some(spawn("cdx-index", &core, super::index_thread::run)),
            ..Threads::default()
        };
        let engine = Arc::new(Self {
            workbench: Arc::clone(&core.workbench),
            mounter: std::sync::OnceLock::new(),
            threads: Mutex::new(threads),
            core: Arc::clone(&core),
        });
        core.follow_folders()?;
        {
            let mut threads = engine.threads.lock();
            threads.history = Some(spawn("cdx-history", &core, super::history_thread::run));
            threads.scanner = Some(spawn("cdx-scan", &core, super::scan::run));
            threads.urgent = Some(spawn("cdx-scan-now", &core, super::scan::run_urgent));
            threads.distrust = Some(spawn("cdx-distrust", &core, super::distrust::run));
            threads.watcher = core.watches.is_some().then(|| spawn("cdx-watch", &core, super::watcher::run));
        }
        if core.options.wait_for_scan {
            engine.wait_for_scans();
        }
        // A socket is bound by whoever holds the lock.
        if core.options.serve && !core.options.read_only {
            command::serve(&engine)?;
        }
        Ok(engine)
    }

    /// Waits until nothing is scanned and the index has taken in what was found.
    pub fn wait_for_scans(&self) {
        self.core.scans.wait_idle(None);
        let (sender, reached) = std::sync::mpsc::channel();
        if self.core.queue.push_task(Box::new(move |_| sender.send(()).unwrap_or(()))) {
            // An error means that the thread has ended.
            let _ = reached.recv();
        }
    }

    /// The same, for a moment only; whether it came to that.
    #[must_use]
    pub fn scans_end_within(&self, moment: Duration) -> bool {
        let until = Instant::now() + moment;
        if !self.core.scans.wait_idle(Some(until)) {
            return false;
        }
        let (sender, reached) = std::sync::mpsc::channel();
        self.core.queue.push_task(Box::new(move |_| sender.send(()).unwrap_or(())))
            && reached.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
    }

    /// Compares a notebook (`None`: all) with the store and waits until index and maps have what was found. With
    /// `rebuild` every file is read anew, whatever its stat says, and a damaged database is made anew.
    ///
    /// # Errors
    /// The store's or the index's.
    pub fn rescan(&self, notebook: Option<NotebookNumber>, rebuild: bool) -> Result<(), EngineError> {
        self.refuse_if_closed()?;
        for notebook in self.notebooks().into_iter().filter(|one| notebook.is_none_or(|number| number == one.number)) {
            notebook.ignore.forget();
            if rebuild {
                drop(self.core.rebuild_index(notebook.name().as_str())?);
            } else {
                self.core.scans.request(&notebook, NotePath::root());
            }
        }
        self.wait_for_scans();
        Ok(())
    }

    /// Flushes history, stops the threads, gives up the lock. Later calls fail with [`EngineError::Closed`].
    pub fn close(&self) {
        if self.core.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.workbench.close();
        let core = &self.core;
        let mut threads = std::mem::take(&mut *self.threads.lock());
        core.scans.close();
        if let Some(watches) = &core.watches {
            watches.events.wake();
        }
        join(threads.distrust.take());
        join(threads.watcher.take());
        join(threads.scanner.take());
        join(threads.urgent.take());
        // Open files and what waits: the index is to have it before the history is written.
        core.each_mount(|mount| mount.look_again());
        if let Err(behind) = core.queue.wait(Duration::from_secs(60)) {
            tracing::warn!(%behind, "closing; the next start makes up for it");
        }
        core.history.close();
        join(threads.history.take());
        core.queue.close();
        join(threads.index.take());
        core.journal.close();
        join(threads.journal.take());
        core.starts.end();
        // After a failed flush attributes may tell of contents that the disk never took.
        let is_orderly = core.open_notebooks().iter().all(|notebook| notebook.why_read_only().is_none());
        core.notebooks.write().clear();
        if let Some(mut lock) = core.lock.lock().take()
            && is_orderly
            && let Err(error) = lock.say(&Holder::ended())
        {
            tracing::debug!(%error, "the next start reads what changed last anew");
        }
    }

    pub(super) fn refuse_if_closed(&self) -> Result<(), EngineError> {
        if self.core.is_closed() { Err(EngineError::Closed) } else { Ok(()) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Core {
    /// See [`Engine::reload_settings`].
    pub(super) fn reload_settings(&self) -> Result<(), String> {
        let _turn = self.reloading.lock();
        match Settings::read(&self.codex) {
            Ok(settings) => {
                self.problems.clear(workspace::FILE);
                let old = std::mem::replace(&mut *self.settings.write(), Arc::new(settings));
                let new = Arc::clone(&self.settings.read());
                if old.ignore != new.ignore {
                    for notebook in self.open_notebooks() {
                        notebook.ignore.set_workspace(&new.ignore);
                        self.scans.request(&notebook, NotePath::root());
                    }
                }
                self.catalog.set_declared(&new.tags);
                if old != new {
                    self.history.push_settings();
                }
                Ok(())
            }
            Err(reason) => {
                self.problems.set(workspace::FILE, &reason);
                Err(reason)
            }
        }
    }

    /// Before an edit of Codex's own replaces contents that somebody else wrote, or that belong to another gesture,
    /// and that are not recorded yet: keeps them for the history, so that each can be undone by itself. Foretells the
    /// edit, which is to be noted or retracted.
    pub(super) fn keep_before_edit(&self, notebook: &super::Notebook, path: &NotePath, by: &super::Requester) {
        let last = self.history.unrecorded(notebook.number, path);
        if last.is_some_and(|last| (&last.actor, &last.gesture) != (&by.actor, &by.gesture)) {
            // A move that is on its way to the history comes before this version of what it moved.
            if let Err(behind) = self.queue.wait(KEEP_WAIT) {
                tracing::warn!(%behind, "the versions of a note may be recorded out of order");
            }
            self.keep_before_removal(notebook.number, path);
        }
        self.history.foretell(notebook.number, path, by);
    }

    /// See [`Engine::keep_before_removal`].
    pub(super) fn keep_before_removal(&self, number: NotebookNumber, path: &NotePath) {
        let load = |notebook: &super::Notebook| recorder::load(self, notebook, path);
        self.keep_loaded(number, path, load);
    }

    /// See [`Engine::keep_known_before_removal`].
    pub(super) fn keep_known_before_removal(&self, number: NotebookNumber, path: &NotePath, stat: &StoreStat) {
        let load = |notebook: &super::Notebook| recorder::load_known(self, notebook, path, stat);
        self.keep_loaded(number, path, load);
    }

    fn keep_loaded(
        &self,
        number: NotebookNumber,
        path: &NotePath,
        load: impl FnOnce(&super::Notebook) -> Option<recorder::Loaded>,
    ) {
        let Some(by) = self.history.unrecorded(number, path) else { return };
        let Some(notebook) = self.notebook(number) else { return };
        if notebook.ignore.is_ignored(path, false) {
            return;
        }
        if let Some(loaded) = load(&notebook) {
            let kept = Kept { recorded: loaded.recorded, by, size: loaded.size };
            notebook.kept.keep(kept, |kept| self.history.keep(number, kept));
        }
    }

    /// Versions that a killed daemon had kept and not recorded wait to be recorded again, before what is there now.
    pub(super) fn restore_kept(&self, notebook: &super::Notebook) -> Result<(), EngineError> {
        if self.options.read_only {
            return Ok(());
        }
        let number = notebook.number;
        let mut paths = std::collections::BTreeSet::new();
        notebook.kept.restore(|kept| {
            let Some(path) = recorder::path_of(&kept.recorded).cloned() else { return };
            if !recorder::is_recorded(notebook, &kept.recorded) {
                self.history.keep(number, kept);
                paths.insert(path);
            }
        })?;
        for path in paths {
            let is_gone = notebook.dir.stat(&path).is_err_and(|error| error.is_not_found());
            let now = if is_gone { Recording::Removed(path) } else { Recording::Written(path) };
            self.history.push(number, now, super::batch::unknown());
        }
        Ok(())
    }
}

fn take_lock(codex: &Dir, path: &Path) -> Result<FileLock, EngineError> {
    match FileLock::attempt(codex, &note_path(workspace::LOCK), &Holder::ourselves())? {
        Attempt::Taken(lock) => Ok(lock),
        Attempt::HeldBy(text) => {
            let by = Holder::read(&text).map_or_else(
                || "another process".to_owned(),
                |Holder { pid, command }| format!("process {pid} (`{command}`)"),
            );
            Err(EngineError::Held(format!(
                "{} is in use by {by}, which takes no commands; wait until it has ended, or end it",
                path.display()
            )))
        }
    }
}

fn start_watching(root: &Dir, codex: &Dir, problems: &Problems) -> Option<Watches> {
    let watches = Watches::new().and_then(|watches| {
        watches.add_workspace(root, codex)?;
        Ok(watches)
    });
    match watches {
        Ok(watches) => Some(watches),
        Err(error) => {
            problems.set(WATCHES, format!("the store cannot be watched ({error}): it is looked at every few seconds"));
            None
        }
    }
}

fn spawn(name: &str, core: &Arc<Core>, run: impl FnOnce(&Arc<Core>) + Send + 'static) -> JoinHandle<()> {
    let core = Arc::clone(core);
    let name = name.to_owned();
    let body = move || {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&core)));
        if outcome.is_err() {
            core.problems.set("engine", "a thread of the engine has died by a fault of cdx; start it anew");
            core.queue.abandon("a thread of the engine has died");
            core.history.close();
        }
    };
    std::thread::Builder::new().name(name).spawn(body).expect("a process that cannot start a thread cannot go on")
}

fn join(thread: Option<JoinHandle<()>>) {
    if let Some(thread) = thread {
        // Its panic was caught and reported where it happened.
        let _ = thread.join();
    }
}
