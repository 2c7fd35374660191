//! The queue in front of the index thread: what was noted, in order, and how far the index has come.
//! It assigns sequence numbers and lets readers wait; it does no I/O.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::debt::{Debt, Debts};
use super::index_thread::IndexThread;
use super::scan::Found;
use super::{Behind, Requester};
use crate::types::{NotePath, NotebookNumber, Seq};

/// Where to look, and why.
#[derive(Debug)]
pub(super) enum Hint {
    /// Something about this path may differ.
    Path(NotePath),
    /// It is to be read again, whatever its attributes say.
    Reread(NotePath),
    /// It was there and is not; with all below it, if it was a folder.
    Gone(NotePath),
    /// It was at the first path and is at the second.
    Moved(NotePath, NotePath),
    /// The two took each other's place.
    Exchanged(NotePath, NotePath),
    /// A scan has read it already.
    Found(Box<Found>),
}

/// A hint with its origin.
#[derive(Debug)]
pub(super) struct Look {
    /// In which notebook.
    pub(super) notebook: NotebookNumber,
    /// What to look at.
    pub(super) hint: Hint,
    /// Who reported it; `None` for what watcher and scans find.
    pub(super) by: Option<Requester>,
    /// Its number, where it was reported.
    pub(super) seq: Option<Seq>,
}

impl Look {
    /// How much memory it holds, roughly, in bytes.
    fn weight(&self) -> usize {
        match &self.hint {
            Hint::Found(found) => found.record.parsed.body.len() + 1024,
            _ => 256,
        }
    }
}

/// Something to be done by the index thread between batches.
pub(super) type Task = Box<dyn FnOnce(&mut IndexThread) + Send>;

/// What waits for the index thread.
pub(super) enum Item {
    /// A hint.
    Look(Look),
    /// A task.
    Task(Task),
}

/// What the index thread takes in one go.
pub(super) struct Taken {
    /// In order.
    pub(super) items: Vec<Item>,
    /// Everything noted up to here is among them or was taken before.
    pub(super) up_to: Seq,
    /// Nothing will follow.
    pub(super) closed: bool,
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a signal of its own between the threads")]
struct State {
    items: Vec<Item>,
    next: u64,
    noted: u64,
    applied: u64,
    broken: Option<String>,
    /// A reader waits: no time for gathering a larger batch.
    hurry: bool,
    /// The index thread sleeps and has to be woken.
    asleep: bool,
    nudged: bool,
    /// Bytes of files that scans have read and that wait here.
    found: usize,
    /// How many items were taken last.
    taken: usize,
    debts: Debts,
    closed: bool,
}

/// See the module.
pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    progressed: Condvar,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Queue").field("noted", &state.noted).field("applied", &state.applied).finish_non_exhaustive()
    }
}

/// How long changes are gathered into one transaction where no reader waits for them.
const GATHER: Duration = Duration::from_millis(8);

/// So many changes at once are a burst (a checkout, an unpacked archive): more of them are gathered then. A transaction
/// and a look at the folders cost much the same for few changes as for many, and who makes them works in those folders.
const BURST: usize = 64;
const GATHER_BURST: Duration = Duration::from_millis(60);

/// So many are not waited for to become more.
const GATHER_MAX: usize = 4000;

/// Scans read so many bytes ahead of the index at most.
const FOUND_MAX: usize = 2 << 20;

impl Queue {
    /// Hands out numbers from `first` on.
    pub(super) fn new(first: Seq) -> Self {
        let before = first.0 - 1;
        let state = State { next: first.0, noted: before, applied: before, ..State::default() };
        Self { state: Mutex::new(state), arrived: Condvar::new(), progressed: Condvar::new() }
    }

    /// Appends what a mount or the API reports; never waits.
    pub(super) fn note(&self, notebook: NotebookNumber, hint: Hint, by: Requester) -> Seq {
        let mut state = self.state.lock();
        let seq = Seq(state.next);
        state.next += 1;
        if state.closed {
            return seq;
        }
        state.noted = seq.0;
        state.items.push(Item::Look(Look { notebook, hint, by: Some(by), seq: Some(seq) }));
        self.wake(&mut state);
        seq
    }

    /// A number for a change that was found rather than reported.
    pub(super) fn number_found(&self) -> Seq {
        let mut state = self.state.lock();
        let seq = Seq(state.next);
        state.next += 1;
        seq
    }

    /// Appends what watcher or scans found.
    pub(super) fn push_looks(&self, looks: impl IntoIterator<Item = Look>) {
        let mut state = self.state.lock();
        if !state.closed {
            state.items.extend(looks.into_iter().map(Item::Look));
            self.wake(&mut state);
        }
    }

    /// Appends files that a scan has read; waits while too many are ahead of the index.
    pub(super) fn push_found(&self, looks: Vec<Look>) {
        let bytes: usize = looks.iter().map(Look::weight).sum();
        let mut state = self.state.lock();
        while state.found > FOUND_MAX && !state.closed && state.broken.is_none() {
            self.progressed.wait(&mut state);
        }
        if !state.closed {
            state.found += bytes;
            state.items.extend(looks.into_iter().map(Item::Look));
            self.wake(&mut state);
        }
    }

    /// Appends a task; `false` where the queue is closed and it will never run.
    pub(super) fn push_task(&self, task: Task) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return false;
        }
        state.items.push(Item::Task(task));
        state.hurry = true;
        self.wake(&mut state);
        true
    }

    /// Makes the index thread look after its housekeeping.
    pub(super) fn nudge(&self) {
        let mut state = self.state.lock();
        state.nudged = true;
        self.wake(&mut state);
    }

    fn wake(&self, state: &mut State) {
        if state.asleep {
            state.asleep = false;
            self.arrived.notify_one();
        }
    }

    /// Waits for items (until `deadline`, where there is one), gathers a little, and takes all.
    pub(super) fn take(&self, deadline: Option<Instant>) -> Taken {
        let mut state = self.state.lock();
        while state.items.is_empty() && !state.closed && !state.nudged {
            state.asleep = true;
            match deadline {
                Some(deadline) if self.arrived.wait_until(&mut state, deadline).timed_out() => break,
                Some(_) => {}
                None => self.arrived.wait(&mut state),
            }
        }
        let gathered = Instant::now() + if state.taken >= BURST { GATHER_BURST } else { GATHER };
        // Nothing comes to those who wait for a scan that waits for them.
        let gathers = |state: &State| {
            !state.items.is_empty()
                && !state.hurry
                && !state.closed
                && state.items.len() < GATHER_MAX
                && state.found <= FOUND_MAX
        };
        while gathers(&state) {
            state.asleep = false;
            if self.arrived.wait_until(&mut state, gathered).timed_out() {
                break;
            }
        }
        (state.asleep, state.hurry, state.nudged) = (false, false, false);
        if std::mem::take(&mut state.found) > FOUND_MAX {
            // Scans read on while the index thread writes.
            self.progressed.notify_all();
        }
        state.taken = state.items.len();
        Taken { items: std::mem::take(&mut state.items), up_to: Seq(state.noted), closed: state.closed }
    }

    /// Everything up to `seq` has reached index and maps.
    pub(super) fn advance(&self, seq: Seq, broken: Option<String>) {
        let mut state = self.state.lock();
        state.applied = state.applied.max(seq.0);
        state.broken = broken;
        self.progressed.notify_all();
    }

    /// Readers wait from now on for something that is about to be looked at: until `until` at most, where there is one,
    /// else as for any change. Opened before the change that it comes from is [advanced](Queue::advance) over.
    pub(super) fn owe(self: &Arc<Self>, until: Option<Instant>) -> Debt {
        let id = self.state.lock().debts.open(until);
        Debt::new(Arc::clone(self), id)
    }

    /// What was owed is in index and maps.
    pub(super) fn pay(&self, id: u64) {
        self.state.lock().debts.pay(id);
        self.progressed.notify_all();
    }

    /// See [`super::Engine::barrier`].
    pub(super) fn wait(&self, within: Duration) -> Result<(), Behind> {
        let deadline = Instant::now() + within;
        let mut state = self.state.lock();
        let target = state.noted;
        // Debts that come of the changes up to the target are all open once the target has been reached.
        let mut bound = None;
        loop {
            if let Some(reason) = &state.broken {
                return Err(Behind { reason: reason.clone() });
            }
            if state.applied >= target {
                let (now, bound) = (Instant::now(), *bound.get_or_insert(state.debts.bound()));
                if state.closed || !state.debts.are_waited_for(bound, now) {
                    return Ok(());
                }
                if now >= deadline {
                    let reason =
                        "the notes of a folder that was moved, or whose ignore file changed, are still being read";
                    let reason = reason.to_owned();
                    return if state.debts.are_due(bound) { Err(Behind { reason }) } else { Ok(()) };
                }
                state.hurry = true;
                let last = state.debts.last(bound, deadline);
                self.progressed.wait_until(&mut state, last);
                continue;
            }
            if state.closed {
                return Err(Behind { reason: "the workspace is being closed".to_owned() });
            }
            state.hurry = true;
            state.asleep = false;
            self.arrived.notify_one();
            if self.progressed.wait_until(&mut state, deadline).timed_out() && state.applied < target {
                let reason = format!("{} changes wait for it", target - state.applied);
                return Err(Behind { reason: state.broken.clone().unwrap_or(reason) });
            }
        }
    }

    /// Whether nothing waits and nothing is broken.
    pub(super) fn is_caught_up(&self) -> bool {
        let state = self.state.lock();
        let waits = state.debts.are_waited_for(state.debts.bound(), Instant::now());
        state.broken.is_none() && state.applied >= state.noted && !waits
    }

    /// Whether a reader waits for what is in the queue.
    pub(super) fn is_awaited(&self) -> bool {
        self.state.lock().hurry
    }

    /// How many items wait, the newest number noted, and why indexing is broken.
    pub(super) fn report(&self) -> (usize, Seq, Option<String>) {
        let state = self.state.lock();
        (state.items.len(), Seq(state.noted), state.broken.clone())
    }

    /// The next number that will be handed out.
    pub(super) fn next(&self) -> Seq {
        Seq(self.state.lock().next)
    }

    /// Nothing more is taken in; what waits is still handed out.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.arrived.notify_all();
        self.progressed.notify_all();
    }

    /// The index thread has ended: nobody is to wait for it.
    pub(super) fn abandon(&self, reason: &str) {
        let mut state = self.state.lock();
        state.closed = true;
        state.broken.get_or_insert_with(|| reason.to_owned());
        let items = std::mem::take(&mut state.items);
        self.progressed.notify_all();
        // Debts among them take the lock when they are dropped.
        drop(state);
        drop(items);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Actor;

    fn root() -> Look {
        Look { notebook: NotebookNumber(1), hint: Hint::Path(NotePath::root()), by: None, seq: None }
    }

    /// A scan that was as far ahead as it may be was waited for all the same, some sixty milliseconds each time: an index
    /// of 100,000 notes took nine seconds longer.
    #[test]
    fn a_scan_that_waits_is_not_waited_for() {
        let queue = Queue::new(Seq(1));
        let by = Requester { actor: Actor::Codex, gesture: None };
        for number in 0..BURST {
            let path = NotePath::new(format!("{number}.md")).expect("a plain name");
            queue.note(NotebookNumber(1), Hint::Path(path), by.clone());
        }
        assert_eq!(queue.take(None).items.len(), BURST);
        let look = |_| root();
        // Such a look weighs 256 bytes; fewer of them than end the gathering by their number.
        queue.push_found((0..100).map(look).collect());
        let began = Instant::now();
        assert_eq!(queue.take(None).items.len(), 100);
        assert!(began.elapsed() >= GATHER_BURST, "more may come of a scan that goes on");
        queue.push_found((0..100).map(look).collect());
        queue.state.lock().found = FOUND_MAX + 1;
        queue.state.lock().taken = BURST;
        let began = Instant::now();
        assert_eq!(queue.take(None).items.len(), 100);
        assert!(began.elapsed() < GATHER_BURST / 2, "{:?}", began.elapsed());
    }

    /// It read on when what it had found was written, and not while it was: with two cores, one rested by turns.
    #[test]
    fn a_scan_reads_on_while_the_index_thread_writes() {
        let queue = Queue::new(Seq(1));
        queue.state.lock().found = FOUND_MAX + 1;
        queue.push_looks([root()]);
        std::thread::scope(|scope| {
            let scan = scope.spawn(|| queue.push_found(vec![root()]));
            std::thread::sleep(Duration::from_millis(50));
            assert!(!scan.is_finished(), "too much is ahead of the index");
            assert_eq!(queue.take(None).items.len(), 1);
            let began = Instant::now();
            while !scan.is_finished() && began.elapsed() < Duration::from_secs(5) {
                std::thread::sleep(Duration::from_millis(1));
            }
            let has_read_on = scan.is_finished();
            queue.advance(Seq(1), None);
            assert!(has_read_on, "it waits for the writing");
        });
    }
}
