//! The one thread that writes the indexes. It takes hints from the queue, brings index and maps to what the store
//! says, and only then lets readers through. What a hint says is never believed: the store is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Notebook;
use super::batch::Batch;
use super::checkpoints::Checkpoints;
use super::core::Core;
use super::graves::Graves;
use super::merging::Merging;
use super::notebooks::meta;
use super::queue::{Hint, Item, Look};
use crate::index::notebook::{IndexError, NotebookDb, RowChange};
use crate::sys::{FaultPoint, pass};
use crate::types::{NotePath, NotebookNumber};

/// A notebook as the index thread has it.
pub(super) struct IndexedNotebook {
    pub(super) notebook: Arc<Notebook>,
    pub(super) db: NotebookDb,
    /// Rows that went a moment ago and may come back.
    pub(super) graves: Graves,
    /// Paths that the database did not take; `None` in it would be the whole notebook.
    stuck: BTreeSet<NotePath>,
    /// Paths that could not be looked at; there is a problem of each.
    pub(super) troubled: BTreeSet<NotePath>,
    /// Those that may fare better by themselves are looked at again then.
    pub(super) troubled_at: Option<Instant>,
    rescan: bool,
    retry_at: Option<Instant>,
    /// Why it is tried again.
    failure: String,
    save_nodes_at: Option<Instant>,
    pub(super) merging: Merging,
    pub(super) checkpoints: Checkpoints,
    /// Rows moved with their folder have the full text of their old path until they are read again.
    pub(super) reread_at: Option<Instant>,
}

impl IndexedNotebook {
    /// A notebook that was just opened.
    pub(super) fn new(notebook: Arc<Notebook>, db: NotebookDb) -> Self {
        let (merging, checkpoints) = (Merging::of(&db, Instant::now()), Checkpoints::default());
        Self {
            notebook,
            db,
            merging,
            checkpoints,
            graves: Graves::default(),
            stuck: BTreeSet::new(),
            troubled: BTreeSet::new(),
            troubled_at: None,
            rescan: false,
            retry_at: None,
            failure: String::new(),
            save_nodes_at: None,
            reread_at: None,
        }
    }
}

/// See the module.
pub(super) struct IndexThread {
    core: Arc<Core>,
    notebooks: BTreeMap<NotebookNumber, IndexedNotebook>,
    panicked: Option<String>,
}

/// How long after a failure of a database it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// So many files that could not be read are looked at again at a time; the others follow as these are well.
const TROUBLED_MAX: usize = 200;

/// Node numbers are written so long after the first that is new.
const SAVE_NODES: Duration = Duration::from_secs(1);

/// A load that is cut off by the end is put in order for so long at most.
const LAST_MERGE: Duration = Duration::from_secs(5);

/// Runs until the queue is closed and empty.
pub(super) fn run(core: &Arc<Core>) {
    let mut thread = IndexThread { core: Arc::clone(core), notebooks: BTreeMap::new(), panicked: None };
    loop {
        let taken = core.queue.take(thread.deadline());
        if !taken.items.is_empty() {
            thread.handle_safely(taken.items);
        }
        core.queue.advance(taken.up_to, thread.broken());
        thread.keep_house(taken.closed);
        if taken.closed {
            break;
        }
    }
    let numbers: Vec<_> = thread.notebooks.keys().copied().collect();
    for number in numbers {
        thread.remove(number);
    }
}

impl IndexThread {
    /// Takes in a notebook that was opened.
    pub(super) fn insert(&mut self, notebook: IndexedNotebook) {
        self.notebooks.insert(notebook.notebook.number, notebook);
    }

    /// Closes a notebook's database.
    pub(super) fn remove(&mut self, number: NotebookNumber) {
        let Some(mut open) = self.notebooks.remove(&number) else { return };
        // The last connection to a database is to be the one that can fold its log into it.
        open.notebook.reader.close_idle();
        save_nodes(&mut open);
        drop(open.checkpoints);
        if let Err(error) = open.merging.finish(&mut open.db, Instant::now() + LAST_MERGE) {
            tracing::warn!(notebook = %open.notebook.name(), %error, "the full text was not merged");
        }
        // A block that was not used up is given back, so that orderly restarts cost no numbers.
        let next = open.notebook.nodes.next().to_string();
        if let Err(error) = open.db.set_meta(meta::NODE_NEXT, &next, true) {
            tracing::warn!(notebook = %open.notebook.name(), %error, "the node counter was not kept");
        }
    }

    /// What a notebook's database says is wrong with it; empty if it is whole, or not open.
    pub(super) fn integrity(&mut self, number: NotebookNumber) -> Result<Vec<String>, IndexError> {
        self.notebooks.get_mut(&number).map_or(Ok(Vec::new()), |open| open.db.integrity())
    }

    /// Whether SQLite finds nothing wrong with a notebook's database.
    pub(super) fn is_whole(&mut self, number: NotebookNumber) -> bool {
        let open = self.notebooks.get_mut(&number);
        open.is_none_or(|open| open.db.integrity().is_ok_and(|findings| findings.is_empty()))
    }

    /// Everything that the notebook held when it was opened is in its index.
    pub(super) fn mark_scanned(&mut self, number: NotebookNumber) {
        let Some(open) = self.notebooks.get_mut(&number) else { return };
        if let Err(error) = open.db.set_meta(meta::SCANNED, "1", false) {
            // Readers wait for the next first scan, too.
            tracing::warn!(notebook = %open.notebook.name(), %error, "the first scan was not marked");
        }
    }

    /// What could not be looked at before is looked at again.
    pub(super) fn look_at_troubled(&mut self, number: NotebookNumber) {
        let Some(open) = self.notebooks.get(&number) else { return };
        let look = |path: &NotePath| Look { notebook: number, hint: Hint::Path(path.clone()), by: None, seq: None };
        let looks = open.troubled.iter().map(look).collect();
        self.look_at(BTreeMap::from([(number, looks)]));
    }

    /// Sets a value of a notebook's database.
    pub(super) fn set_meta(&mut self, number: NotebookNumber, key: &str, value: &str) {
        let Some(open) = self.notebooks.get_mut(&number) else { return };
        if let Err(error) = open.db.set_meta(key, value, false) {
            tracing::warn!(notebook = %open.notebook.name(), %error, key, "it was not kept");
        }
    }

    /// The history holds these contents: noted in the index where the row is still of them.
    pub(super) fn mark_committed(&mut self, number: NotebookNumber, changes: &[RowChange]) {
        let Some(open) = self.notebooks.get_mut(&number) else { return };
        pass(FaultPoint::CommitMarked);
        for chunk in changes.chunks(super::batch::ROWS_MAX) {
            if let Err(error) = open.db.apply(chunk) {
                // Only costs a look at these files at the next start.
                tracing::warn!(notebook = %open.notebook.name(), %error, "commits were not marked");
            }
        }
    }

    fn handle_safely(&mut self, items: Vec<Item>) {
        if catch_unwind(AssertUnwindSafe(|| self.handle(items))).is_ok() {
            if self.panicked.take().is_some() {
                self.core.problems.clear("index");
            }
            return;
        }
        // What was in the batch is found again by looking at everything.
        let reason = "indexing failed by a fault of cdx; everything is looked at again".to_owned();
        self.core.problems.set("index", &reason);
        self.panicked = Some(reason);
        for open in self.notebooks.values() {
            self.core.scans.request(&open.notebook, NotePath::root());
        }
    }

    fn handle(&mut self, items: Vec<Item>) {
        let mut waiting: BTreeMap<NotebookNumber, Vec<Look>> = BTreeMap::new();
        for item in items {
            match item {
                Item::Look(look) => waiting.entry(look.notebook).or_default().push(look),
                Item::Task(task) => {
                    self.look_at(std::mem::take(&mut waiting));
                    task(self);
                }
            }
        }
        self.look_at(waiting);
    }

    fn look_at(&mut self, waiting: BTreeMap<NotebookNumber, Vec<Look>>) {
        for (number, looks) in waiting {
            // A notebook that has been closed meanwhile is looked at when it is opened again.
            if let Some(open) = self.notebooks.get_mut(&number) {
                let mut batch = Batch::new(&self.core, open);
                let result = batch.run(looks);
                let paths = batch.into_paths();
                Self::settle(&self.core, open, result, paths);
            }
        }
    }

    fn settle(core: &Core, open: &mut IndexedNotebook, result: Result<(), IndexError>, paths: BTreeSet<NotePath>) {
        let what = format!("index of {}", open.notebook.name());
        match result {
            Ok(()) => {
                open.stuck.retain(|path| !paths.contains(path));
                if open.stuck.is_empty() && !open.rescan && open.retry_at.take().is_some() {
                    core.problems.clear(&what);
                }
            }
            Err(error) => {
                core.problems.set(&what, &error);
                open.failure = error.to_string();
                open.stuck.extend(paths);
                if open.stuck.len() > 10_000 {
                    open.stuck.clear();
                    open.rescan = true;
                }
                open.retry_at = Some(Instant::now() + RETRY);
            }
        }
    }

    /// Why readers cannot be let through, if that is so.
    fn broken(&self) -> Option<String> {
        let stuck = self.notebooks.values().find(|open| open.retry_at.is_some());
        let reason = stuck.map(|open| {
            let failure = if open.failure.is_empty() { String::new() } else { format!(": {}", open.failure) };
            format!("the index of `{}` cannot be written{failure}", open.notebook.name())
        });
        self.panicked.clone().or(reason)
    }

    /// When the thread has to wake although nothing arrives.
    fn deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        self.notebooks
            .values()
            .flat_map(|open| {
                let merge_at = open.merging.due(now);
                [open.graves.next_end(), open.retry_at, open.save_nodes_at, merge_at, open.reread_at, open.troubled_at]
            })
            .flatten()
            .min()
    }

    fn keep_house(&mut self, is_last: bool) {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let numbers: Vec<_> = self.notebooks.keys().copied().collect();
        for number in numbers {
            let Some(mut open) = self.notebooks.remove(&number) else { continue };
            self.reserve_nodes(&mut open);
            if open.notebook.nodes.has_unsaved() && open.save_nodes_at.is_none() {
                open.save_nodes_at = Some(now + SAVE_NODES);
            }
            if due(open.save_nodes_at) {
                open.save_nodes_at = None;
                save_nodes(&mut open);
            }
            self.bury(&mut open, now);
            if !is_last && let Err(error) = open.merging.step(&mut open.db, now, self.core.queue.is_awaited()) {
                tracing::warn!(notebook = %open.notebook.name(), %error, "the full text was not merged");
            }
            if due(open.reread_at) {
                self.reread(&mut open);
            }
            if due(open.troubled_at) {
                open.troubled_at = None;
                self.look_again(&open);
            }
            let retries = due(open.retry_at) || (is_last && open.retry_at.is_some());
            self.notebooks.insert(number, open);
            if retries {
                self.retry(number);
            }
        }
        self.core.queue.advance(crate::types::Seq(0), self.broken());
    }

    fn reread(&self, open: &mut IndexedNotebook) {
        open.reread_at = None;
        let number = open.notebook.number;
        match open.notebook.reader.stale() {
            Ok(paths) => self.core.queue.push_looks(paths.into_iter().map(|path| Look {
                notebook: number,
                hint: Hint::Reread(path),
                by: None,
                seq: None,
            })),
            Err(error) => {
                tracing::warn!(notebook = %open.notebook.name(), %error, "moved notes are not read again yet");
            }
        }
    }

    /// A disk that fails for a while tells nobody that it is well again.
    fn look_again(&self, open: &IndexedNotebook) {
        let number = open.notebook.number;
        self.core.queue.push_looks(open.troubled.iter().take(TROUBLED_MAX).map(|path| Look {
            notebook: number,
            hint: Hint::Path(path.clone()),
            by: None,
            seq: None,
        }));
    }

    fn retry(&mut self, number: NotebookNumber) {
        let Some(open) = self.notebooks.get_mut(&number) else { return };
        if std::mem::take(&mut open.rescan) {
            open.retry_at = None;
            self.core.scans.request(&open.notebook, NotePath::root());
        }
        let looks = std::mem::take(&mut open.stuck)
            .into_iter()
            .map(|path| Look { notebook: number, hint: Hint::Path(path), by: None, seq: None })
            .collect();
        self.look_at(BTreeMap::from([(number, looks)]));
    }

    fn reserve_nodes(&self, open: &mut IndexedNotebook) {
        if let Some(bound) = open.notebook.nodes.wanted_reservation() {
            match open.db.set_meta(meta::NODE_NEXT, &bound.to_string(), true) {
                Ok(()) => open.notebook.nodes.reserve(bound),
                Err(error) => self.core.problems.set(&format!("index of {}", open.notebook.name()), error),
            }
        }
    }

    /// Rows that have not come back are gone; their node numbers too, unless a kernel may know them.
    fn bury(&self, open: &mut IndexedNotebook, now: Instant) {
        for grave in open.graves.take_ended(now) {
            if self.core.catalog.by_node(grave.node).is_none() {
                if open.notebook.nodes.was_asked(grave.key) {
                    open.notebook.nodes.doubt(grave.key);
                } else {
                    open.notebook.nodes.forget(grave.key);
                }
            }
        }
    }
}

/// Writes new node numbers into the index.
fn save_nodes(open: &mut IndexedNotebook) {
    let nodes = &open.notebook.nodes;
    let Some(unsaved) = nodes.take_unsaved() else { return };
    if let Err(error) = open.db.save_nodes(&unsaved.assigned, &unsaved.forgotten) {
        tracing::warn!(notebook = %open.notebook.name(), %error, "node numbers were not saved yet");
        nodes.put_back(unsaved);
        open.save_nodes_at = Some(Instant::now() + RETRY);
    }
}
