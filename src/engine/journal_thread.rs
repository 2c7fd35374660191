//! The journal's own thread: lines are written in batches, and nobody waits for them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use super::core::Core;
use crate::index::IndexError;
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

/// How soon lines that could not be written are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// So many wait for that; of more the oldest are given up.
const WAITING_MAX: usize = 200_000;

/// Runs until the queue is closed. `below`: numbers below it are reserved.
pub(super) fn run(core: &Arc<Core>, receiver: &Receiver<Vec<JournalEntry>>, mut below: Seq) {
    let mut waiting: Vec<JournalEntry> = Vec::new();
    let mut has_failed = false;
    loop {
        match if has_failed { receiver.recv_timeout(RETRY) } else { receiver.recv().map_err(Into::into) } {
            Ok(mut entries) => waiting.append(&mut entries),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if !core.is_closed() && !has_failed {
            std::thread::sleep(GATHER);
        }
        while let Ok(mut more) = receiver.try_recv() {
            waiting.append(&mut more);
        }
        pass(FaultPoint::JournalAppend);
        let written = write(core, &mut waiting, &mut below);
        has_failed = written.is_err();
        match written {
            Ok(()) => core.problems.clear("journal"),
            Err(error) => core.problems.set("journal", error),
        }
    }
    let mut journal = core.journal_db.lock();
    let last = journal.append(&waiting).and_then(|()| journal.set_reserved(core.queue.next()));
    if let Err(error) = last.and_then(|()| journal.prune(KEPT)) {
        core.problems.set("journal", error);
    }
}

/// Writes what waits, and reserves more numbers where few are left.
fn write(core: &Core, waiting: &mut Vec<JournalEntry>, below: &mut Seq) -> Result<(), IndexError> {
    waiting.drain(..waiting.len().saturating_sub(WAITING_MAX));
    let mut journal = core.journal_db.lock();
    journal.append(waiting)?;
    waiting.clear();
    if core.queue.next().0 + (1 << 19) > below.0 {
        *below = journal.reserve()?.1;
    }
    Ok(())
}
