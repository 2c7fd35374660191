//! The journal's own thread: lines are written in batches, and nobody waits for them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use super::core::Core;
use crate::index::journal::JournalEntry;
use crate::sys::{FaultPoint, pass};
use crate::types::Seq;

/// Where lines are handed in.
#[derive(Debug)]
pub(super) struct JournalQueue {
    sender: Mutex<Option<Sender<Vec<JournalEntry>>>>,
}

impl JournalQueue {
    /// The two ends.
    pub(super) fn new() -> (Self, Receiver<Vec<JournalEntry>>) {
        let (sender, receiver) = channel();
        (Self { sender: Mutex::new(Some(sender)) }, receiver)
    }

    /// Hands in lines.
    pub(super) fn send(&self, entries: Vec<JournalEntry>) {
        if !entries.is_empty()
            && let Some(sender) = &*self.sender.lock()
        {
            // Fails only after the thread has ended, when there is nobody left to write for.
            let _ = sender.send(entries);
        }
    }

    /// Nothing follows: the thread writes what it has and ends.
    pub(super) fn close(&self) {
        self.sender.lock().take();
    }
}

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(200);

/// Lines that are kept when a workspace is closed: some hundred megabytes at the most.
const KEPT: u64 = 1_000_000;

/// Runs until the queue is closed. `below`: numbers below it are reserved.
pub(super) fn run(core: &Arc<Core>, receiver: &Receiver<Vec<JournalEntry>>, mut below: Seq) {
    while let Ok(mut entries) = receiver.recv() {
        if !core.is_closed() {
            std::thread::sleep(GATHER);
        }
        while let Ok(mut more) = receiver.try_recv() {
            entries.append(&mut more);
        }
        pass(FaultPoint::JournalAppend);
        let mut journal = core.journal_db.lock();
        match journal.append(&entries) {
            Ok(()) => core.problems.clear("journal"),
            Err(error) => core.problems.set("journal", error),
        }
        if core.queue.next().0 + (1 << 19) > below.0 {
            match journal.reserve() {
                Ok((_, next)) => below = next,
                Err(error) => core.problems.set("journal", error),
            }
        }
    }
    let mut journal = core.journal_db.lock();
    if let Err(error) = journal.set_reserved(core.queue.next()).and_then(|()| journal.prune(KEPT)) {
        core.problems.set("journal", error);
    }
}
