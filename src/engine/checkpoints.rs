//! Folds an index's log into its file, on a thread of its own: it waits for the disk, and nobody waits for it.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use crate::index::notebook::{IndexError, LogFolder, NotebookDb};

/// So many rows written make a log of some megabytes.
const ROWS: usize = 64;

/// See the module. It ends when this is dropped.
pub(super) struct Checkpoints {
    due: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    rows: usize,
}

impl Checkpoints {
    /// Starts the thread for a database; without it, the writer folds its log itself when it has grown large.
    pub(super) fn start(db: &NotebookDb) -> Self {
        let (due, is_due) = sync_channel(1);
        let folder = db.log_folder();
        let started = folder.map_err(|error: IndexError| error.to_string()).and_then(|folder| {
            let thread = std::thread::Builder::new().name("cdx-checkpoint".into());
            thread.spawn(move || fold(&folder, &is_due)).map_err(|error| error.to_string())
        });
        match started {
            Ok(thread) => Self { due: Some(due), thread: Some(thread), rows: 0 },
            Err(error) => {
                tracing::warn!(%error, "the log of the index is folded by its writer");
                Self { due: None, thread: None, rows: 0 }
            }
        }
    }

    /// A transaction wrote so many rows.
    pub(super) fn written(&mut self, rows: usize) {
        self.rows += rows;
        if self.rows < ROWS {
            return;
        }
        self.rows = 0;
        match self.due.as_ref().map(|due| due.try_send(())) {
            // The one that waits will do.
            None | Some(Ok(()) | Err(TrySendError::Full(()))) => {}
            Some(Err(TrySendError::Disconnected(()))) => self.due = None,
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.due = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the thread that folds the log of the index had panicked");
        }
    }
}

fn fold(folder: &LogFolder, is_due: &Receiver<()>) {
    while is_due.recv().is_ok() {
        if let Err(error) = folder.fold() {
            // Its writer does it, once the log is large.
            tracing::debug!(%error, "the log of the index was not folded");
        }
    }
}
