//! What is to be recorded, and the thread that records it: 5 s after the last change, 60 s after the first at the
//! most, grouped by who made the changes and in which gesture.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::core::Core;
use super::recorder::Recorder;
use super::walk::Present;
use super::{EngineError, Notebook, Requester};
use crate::history::Recorded;
use crate::types::{Actor, NotePath, NotebookNumber};

/// A change to be recorded. Contents are read when they are, but for those that were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recording {
    /// It had these contents before they went: a version of its own, whatever came after it.
    Kept(Recorded),
    /// It has new contents.
    Written(NotePath),
    /// It is gone, with all below it.
    Removed(NotePath),
    /// It moved, with all below it.
    Moved(NotePath, NotePath),
}

/// Contents that were kept before they went.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) recorded: Recorded,
    pub(super) by: Requester,
    pub(super) size: usize,
}

/// A path whose contents are not in the history yet.
#[derive(Clone, Debug)]
struct Unrecorded {
    by: Requester,
    noted: Instant,
    /// It is among the changes; before that, its hint still waits for the index thread.
    is_queued: bool,
    /// Grows with each change of it.
    version: u64,
}

/// What waits of one notebook.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// In the order in which they happened.
    pub(super) changes: Vec<(Recording, Requester)>,
    unrecorded: BTreeMap<NotePath, Unrecorded>,
    /// Who is about to change a path: the watcher may see it before it is reported.
    foretold: BTreeMap<NotePath, (Requester, Instant)>,
    stock: Option<Vec<Present>>,
    /// What was there when the notebook was opened is recorded; before that, any file may be unrecorded.
    is_stocked: bool,
}

#[derive(Default)]
struct State {
    pending: BTreeMap<NotebookNumber, Pending>,
    first: Option<Instant>,
    last: Option<Instant>,
    version: u64,
    kept_bytes: usize,
    flush_wanted: u64,
    flush_done: u64,
    failure: Option<String>,
    /// workspace.yaml is to be recorded.
    settings: bool,
    /// Packs are to be folded together then, if nothing happens before.
    fold_at: Option<Instant>,
    closed: bool,
}

/// See the module.
pub(super) struct HistoryQueue {
    /// Whether anything is recorded at all.
    records: bool,
    state: Mutex<State>,
    changed: Condvar,
    /// No round is recorded while a test holds it.
    #[cfg(test)]
    pub(super) held: Mutex<()>,
}

impl std::fmt::Debug for HistoryQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HistoryQueue").finish_non_exhaustive()
    }
}

/// What one round records, by notebook, and up to which version marks are lifted after it.
pub(super) struct Round {
    pub(super) pending: BTreeMap<NotebookNumber, Pending>,
    pub(super) version: u64,
    /// Flushes that are answered by it.
    wanted: u64,
    settings: bool,
}

/// What the thread is to do.
enum Due {
    Record(Round),
    Fold,
}

const QUIET: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(60);
/// After so long without a change packs are folded,
const FOLD: Duration = Duration::from_secs(30);
/// and after so many rounds, if that moment never comes.
const FOLD_ROUNDS: u32 = 100;
/// Kept contents beyond this are recorded without waiting for a quiet moment.
const KEPT_MAX: usize = 64 << 20;
/// A mark whose hint never led to a change (an ignored file) is lifted after this.
const MARK_MAX: Duration = Duration::from_secs(120);

impl Recording {
    /// Whose contents were kept.
    pub(super) fn kept(&self) -> Option<&NotePath> {
        match self {
            Self::Kept(recorded) => super::recorder::path_of(recorded),
            Self::Written(_) | Self::Removed(_) | Self::Moved(..) => None,
        }
    }

    /// Whether it moves or removes what is at a path.
    pub(super) fn moves(&self, path: &NotePath) -> bool {
        let concerns = |place: &NotePath| path.strip_prefix(place).is_some();
        match self {
            Self::Written(_) | Self::Kept(_) => false,
            Self::Removed(gone) => concerns(gone),
            Self::Moved(from, to) => concerns(from) || concerns(to),
        }
    }

    /// The path of which it is a version.
    pub(super) fn version_of(&self) -> Option<&NotePath> {
        if let Self::Written(path) = self { Some(path) } else { self.kept() }
    }
}

impl Unrecorded {
    fn is_by(&self, by: &Requester) -> bool {
        (&self.by.actor, &self.by.gesture) == (&by.actor, &by.gesture)
    }
}

impl Pending {
    /// A folder moves: what was to be read in it has to be read in its new place.
    fn move_marks(&mut self, from: &NotePath, to: &NotePath) -> Vec<(Recording, Requester)> {
        let is_near = |path: &NotePath| path.as_bytes().starts_with(from.as_bytes());
        let near = self.unrecorded.range(from.clone()..).map(|(path, _)| path).take_while(|path| is_near(path));
        let old: Vec<NotePath> =
            near.filter(|path| *path != from && path.strip_prefix(from).is_some()).cloned().collect();
        let mut moved = Vec::new();
        for path in old {
            let (Some(rest), Some(mark)) = (path.strip_prefix(from), self.unrecorded.remove(&path)) else { continue };
            let new = rest.below(to);
            if mark.is_queued {
                moved.push((Recording::Written(new.clone()), mark.by.clone()));
            }
            self.unrecorded.insert(new, mark);
        }
        moved
    }
}

impl HistoryQueue {
    /// Empty; `records` is false where the store is only read.
    pub(super) fn new(records: bool) -> Self {
        Self {
            records,
            state: Mutex::default(),
            changed: Condvar::new(),
            #[cfg(test)]
            held: Mutex::default(),
        }
    }

    /// The settings of the workspace may have changed.
    pub(super) fn push_settings(&self) {
        let mut state = self.state.lock();
        state.settings = self.records;
        if self.records {
            touch(&mut state, &self.changed);
        }
    }

    /// A change that the index thread has seen.
    ///
    /// The watcher, who does not know who did it, may be ahead of the report or behind it: a report that is on its way
    /// says who it was.
    pub(super) fn push(&self, number: NotebookNumber, recording: Recording, mut by: Requester) {
        if !self.records {
            return;
        }
        let mut state = self.state.lock();
        state.version += 1;
        let version = state.version;
        let pending = state.pending.entry(number).or_default();
        match &recording {
            Recording::Written(path) | Recording::Moved(_, path) => {
                let reported = pending.unrecorded.get(path).filter(|mark| !mark.is_queued);
                if by.actor == Actor::Unknown {
                    let foretold = pending.foretold.get(path).filter(|(_, end)| *end > Instant::now());
                    let known = reported.map(|mark| &mark.by).or(foretold.map(|(by, _)| by));
                    by = known.cloned().unwrap_or(by);
                }
                // Somebody else has written since, whose report is on its way: what will be read is theirs.
                if reported.is_none_or(|mark| mark.is_by(&by)) {
                    let mark = Unrecorded { by: by.clone(), noted: Instant::now(), is_queued: true, version };
                    pending.unrecorded.insert(path.clone(), mark);
                }
            }
            Recording::Removed(path) => drop(pending.unrecorded.remove(path)),
            Recording::Kept(_) => {}
        }
        let moved = if let Recording::Moved(from, to) = &recording { pending.move_marks(from, to) } else { Vec::new() };
        pending.changes.push((recording, by));
        pending.changes.extend(moved);
        touch(&mut state, &self.changed);
    }

    /// A report has come to the index thread that has the change already: it was there when an earlier one was looked at.
    pub(super) fn push_late(&self, number: NotebookNumber, path: &NotePath, by: &Requester) {
        let is_awaited = {
            let state = self.state.lock();
            let mark = state.pending.get(&number).and_then(|pending| pending.unrecorded.get(path));
            mark.is_some_and(|mark| !mark.is_queued && mark.is_by(by))
        };
        if is_awaited {
            self.push(number, Recording::Written(path.clone()), by.clone());
        }
    }

    /// A change was reported; its hint is on its way.
    pub(super) fn mark(&self, number: NotebookNumber, path: &NotePath, by: &Requester) {
        if !self.records {
            return;
        }
        let mut state = self.state.lock();
        state.version += 1;
        let version = state.version;
        let pending = state.pending.entry(number).or_default();
        pending.foretold.remove(path);
        let mark = Unrecorded { by: by.clone(), noted: Instant::now(), is_queued: false, version };
        pending.unrecorded.insert(path.clone(), mark);
    }

    /// A change is about to be made, and will be reported: whoever sees it before learns whose it is.
    pub(super) fn foretell(&self, number: NotebookNumber, path: &NotePath, by: &Requester) {
        if self.records {
            let end = Instant::now() + MARK_MAX;
            self.state.lock().pending.entry(number).or_default().foretold.insert(path.clone(), (by.clone(), end));
        }
    }

    /// What was foretold did not happen.
    pub(super) fn retract(&self, number: NotebookNumber, path: &NotePath) {
        if let Some(pending) = self.state.lock().pending.get_mut(&number) {
            pending.foretold.remove(path);
        }
    }

    /// Who last changed a path whose contents are not recorded yet, as far as is known.
    pub(super) fn unrecorded(&self, number: NotebookNumber, path: &NotePath) -> Option<Requester> {
        if !self.records {
            return None;
        }
        let state = self.state.lock();
        let pending = state.pending.get(&number);
        match pending.and_then(|pending| pending.unrecorded.get(path)) {
            Some(mark) => Some(mark.by.clone()),
            None if pending.is_some_and(|pending| pending.is_stocked) => None,
            None => Some(Requester { actor: Actor::Codex, gesture: None }),
        }
    }

    /// What was there when the notebook was opened is recorded.
    pub(super) fn set_stocked(&self, number: NotebookNumber) {
        self.state.lock().pending.entry(number).or_default().is_stocked = true;
    }

    /// Contents that are about to go. They come after the changes that the index thread has seen by now.
    pub(super) fn keep(&self, number: NotebookNumber, kept: Kept) {
        let mut state = self.state.lock();
        state.kept_bytes += kept.size;
        let pending = state.pending.entry(number).or_default();
        pending.changes.push((Recording::Kept(kept.recorded), kept.by));
        touch(&mut state, &self.changed);
        if state.kept_bytes > KEPT_MAX {
            state.flush_wanted += 1;
            self.changed.notify_all();
        }
    }

    /// The first version of a file that was kept since the last round, for whoever records the file now; versions of
    /// another that came to this path since are not of it.
    pub(super) fn take_kept(&self, number: NotebookNumber, path: &NotePath) -> Option<(Recorded, Requester)> {
        let mut state = self.state.lock();
        let changes = &mut state.pending.get_mut(&number)?.changes;
        let at = changes.iter().position(|(change, _)| change.moves(path) || change.kept() == Some(path))?;
        if !matches!(changes[at].0, Recording::Kept(_)) {
            return None;
        }
        let (Recording::Kept(kept), by) = changes.remove(at) else { return None };
        Some((kept, by))
    }

    /// It could not be recorded.
    pub(super) fn keep_again(&self, number: NotebookNumber, (kept, by): (Recorded, Requester)) {
        let mut state = self.state.lock();
        state.pending.entry(number).or_default().changes.insert(0, (Recording::Kept(kept), by));
    }

    /// Compares the files that a first scan has met with what is recorded, once the index has taken them in.
    pub(super) fn take_stock(&self, core: &Arc<Core>, notebook: &Notebook, present: Vec<Present>) {
        if !self.records {
            return;
        }
        let number = notebook.number;
        let core_then = Arc::clone(core);
        core.queue.push_task(Box::new(move |_| {
            let history = &core_then.history;
            let mut state = history.state.lock();
            state.pending.entry(number).or_default().stock = Some(present);
            history.changed.notify_all();
        }));
    }

    /// The notebook is closed: what was not recorded is found at its next start.
    pub(super) fn forget(&self, number: NotebookNumber) {
        self.state.lock().pending.remove(&number);
    }

    /// Records all that waits, now.
    pub(super) fn flush(&self) -> Result<(), EngineError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(EngineError::Closed);
        }
        state.flush_wanted += 1;
        let target = state.flush_wanted;
        self.changed.notify_all();
        while state.flush_done < target && !state.closed {
            self.changed.wait(&mut state);
        }
        match &state.failure {
            Some(reason) => Err(EngineError::Conflict(format!("the history cannot be written: {reason}"))),
            None => Ok(()),
        }
    }

    /// How many changes wait, and for how long.
    pub(super) fn report(&self) -> (usize, Option<Duration>, Option<String>) {
        let state = self.state.lock();
        let waiting = state.pending.values().map(|pending| pending.changes.len()).sum();
        (waiting, state.first.map(|first| first.elapsed()), state.failure.clone())
    }

    /// What waits is recorded; then the thread ends.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until a round is due, and takes it, after `begin`; `None` after the last.
    fn take(&self, begin: impl FnOnce()) -> Option<Due> {
        let mut state = self.state.lock();
        loop {
            let has_stock = state.pending.values().any(|pending| pending.stock.is_some());
            let due = match (state.first, state.last) {
                (Some(first), Some(last)) => Some(due_at(first, last)),
                _ => None,
            };
            let is_due = due.is_some_and(|due| due <= Instant::now());
            if is_due || has_stock || state.flush_wanted > state.flush_done {
                break;
            }
            if state.closed {
                state.first?;
                break;
            }
            if state.fold_at.is_some_and(|at| at <= Instant::now()) {
                state.fold_at = None;
                return Some(Due::Fold);
            }
            match due.or(state.fold_at) {
                Some(due) => drop(self.changed.wait_until(&mut state, due)),
                None => self.changed.wait(&mut state),
            }
        }
        MutexGuard::unlocked(&mut state, begin);
        (state.first, state.last, state.kept_bytes) = (None, None, 0);
        let version = state.version;
        let mut taken = BTreeMap::new();
        for (number, pending) in &mut state.pending {
            let mut changes = std::mem::take(&mut pending.changes);
            for (recording, by) in &mut changes {
                if let Recording::Written(path) = recording
                    && let Some(mark) = pending.unrecorded.get(path)
                    && (by.actor == Actor::Unknown || !mark.is_queued)
                {
                    *by = mark.by.clone();
                }
            }
            taken.insert(*number, Pending { changes, stock: pending.stock.take(), ..Pending::default() });
        }
        state.fold_at = Some(Instant::now() + FOLD);
        let settings = std::mem::take(&mut state.settings);
        Some(Due::Record(Round { pending: taken, version, wanted: state.flush_wanted, settings }))
    }

    /// The contents of these paths are recorded as they were when the round was taken.
    pub(super) fn lift_marks(&self, number: NotebookNumber, version: u64) {
        let mut state = self.state.lock();
        let Some(pending) = state.pending.get_mut(&number) else { return };
        pending
            .unrecorded
            .retain(|_, mark| mark.version > version || (!mark.is_queued && mark.noted.elapsed() < MARK_MAX));
    }

    /// What could not be recorded waits again, before what came since.
    fn put_back(&self, number: NotebookNumber, failed: Pending) {
        let mut state = self.state.lock();
        let pending = state.pending.entry(number).or_default();
        let newer = std::mem::replace(&mut pending.changes, failed.changes);
        pending.changes.extend(newer);
        if pending.stock.is_none() {
            pending.stock = failed.stock;
        }
    }

    fn done(&self, wanted: u64, failure: Option<String>) {
        let mut state = self.state.lock();
        state.flush_done = wanted;
        if failure.is_some() && !state.closed {
            state.first.get_or_insert_with(Instant::now);
            state.last = Some(Instant::now());
        }
        state.failure = failure;
        self.changed.notify_all();
    }
}

/// When what waits is recorded, by its first and its last change.
fn due_at(first: Instant, last: Instant) -> Instant {
    (last + QUIET).min(first + LATEST)
}

fn touch(state: &mut State, changed: &Condvar) {
    let now = Instant::now();
    state.last = Some(now);
    if state.first.is_none() {
        state.first = Some(now);
        // The thread sleeps without a deadline only while nothing waits.
        changed.notify_all();
    }
}

/// Runs until the queue is closed and empty.
pub(super) fn run(core: &Arc<Core>) {
    let recorder = Recorder::new(core);
    let mut folding: Option<std::thread::JoinHandle<()>> = None;
    // What the last run left is folded after the first round.
    let mut rounds = FOLD_ROUNDS;
    let begin = || core.open_notebooks().iter().for_each(|notebook| notebook.kept.begin_round());
    while let Some(due) = core.history.take(begin) {
        let is_folding = folding.as_ref().is_some_and(|folding| !folding.is_finished());
        match due {
            Due::Fold => {
                if !is_folding {
                    folding = Some(fold(core));
                }
            }
            Due::Record(round) => {
                let wanted = round.wanted;
                let failure = record_round(core, &recorder, round);
                match &failure {
                    Some(reason) => core.problems.set("history", core.why_store_is_gone().as_ref().unwrap_or(reason)),
                    None => core.problems.clear("history"),
                }
                let has_failed = failure.is_some();
                core.history.done(wanted, failure);
                if has_failed && core.is_closed() {
                    // What was not recorded is found at the next start.
                    break;
                }
                rounds += 1;
                let has_many = core.open_notebooks().iter().any(|notebook| notebook.history.has_many_packs());
                if (rounds > FOLD_ROUNDS || has_many) && !is_folding && !core.is_closed() {
                    rounds = 0;
                    folding = Some(fold(core));
                }
            }
        }
    }
    end(folding);
    core.history.done(u64::MAX, None);
}

/// Folds packs together; recording goes on meanwhile.
fn fold(core: &Arc<Core>) -> std::thread::JoinHandle<()> {
    let core = Arc::clone(core);
    std::thread::spawn(move || {
        for notebook in core.open_notebooks() {
            if let Err(error) = notebook.history.maintain() {
                tracing::warn!(notebook = %notebook.name(), %error, "packs were not folded");
            }
        }
    })
}

fn end(folding: Option<std::thread::JoinHandle<()>>) {
    if let Some(folding) = folding {
        // Nothing depends on its outcome.
        let _ = folding.join();
    }
}

fn record_round(core: &Arc<Core>, recorder: &Recorder<'_>, round: Round) -> Option<String> {
    #[cfg(test)]
    let _held = core.history.held.lock();
    let mut failure = None;
    if round.settings
        && let Err(error) = recorder.record_settings()
    {
        failure = Some(error.to_string());
    }
    let mut gestures = super::recorder::Gestures::default();
    for (number, mut pending) in round.pending {
        let Some(notebook) = core.notebook(number) else { continue };
        let recording = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            // A notebook's first commit is that of everything; later, who reported a change comes before who found it.
            let is_new = notebook.history.head()?.is_none();
            if !is_new {
                recorder.record(&notebook, &pending, &mut gestures)?;
            }
            if let Some(present) = &pending.stock {
                recorder.take_stock(&notebook, present, &pending.changes)?;
                crate::sys::release_free_memory();
                core.history.set_stocked(number);
            }
            if is_new {
                recorder.record(&notebook, &pending, &mut gestures)?;
            }
            Ok(())
        }));
        match recording {
            Ok(Ok(())) => {
                core.history.lift_marks(number, round.version);
                notebook.kept.end_round();
            }
            Ok(Err(error)) => {
                let error: EngineError = error;
                core.heed_history(&notebook, &error);
                failure = Some(error.to_string());
                core.history.put_back(number, pending);
            }
            Err(_) => {
                failure = Some("recording failed by a fault of cdx; please report it".to_owned());
                // Once is enough: what made it fail would make it fail again. The next start finds what is missing.
                pending.changes.clear();
            }
        }
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    /// README: "five seconds after the last change and at the latest after sixty".
    #[test]
    fn what_waits_is_recorded_after_a_quiet_moment_or_a_minute() {
        let first = Instant::now();
        for (last, due) in [(0, 5), (3, 8), (54, 59), (55, 60), (58, 60), (600, 60)] {
            assert_eq!(due_at(first, first + Duration::from_secs(last)), first + Duration::from_secs(due));
        }
    }
}
