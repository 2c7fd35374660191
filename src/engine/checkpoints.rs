//! Folds an index's log into its file, on a thread of its own: it waits for the disk, and nobody waits for it. The thread
//! is there while much is written; a thousand notebooks at rest have none.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::index::notebook::{IndexError, LogFolder, NotebookDb};

/// So many rows written make a log of some megabytes.
const ROWS: usize = 64;

/// How long a thread waits for more.
const LINGER: Duration = Duration::from_secs(10);

/// See the module. Its thread ends when this is dropped.
#[derive(Default)]
pub(super) struct Checkpoints {
    thread: Option<(SyncSender<()>, JoinHandle<()>)>,
    rows: usize,
}

impl Checkpoints {
    /// A transaction wrote so many rows into this database.
    pub(super) fn written(&mut self, rows: usize, db: &NotebookDb) {
        self.rows += rows;
        if self.rows < ROWS {
            return;
        }
        self.rows = 0;
        match self.thread.as_ref().map(|(due, _)| due.try_send(())) {
            // The one that waits will do.
            Some(Ok(()) | Err(TrySendError::Full(()))) => {}
            // It has had nothing to do for a while.
            None | Some(Err(TrySendError::Disconnected(()))) => self.start(db),
        }
    }

    /// Starts the thread; without it, the writer folds its log itself when it has grown large.
    fn start(&mut self, db: &NotebookDb) {
        self.end();
        let (due, is_due) = sync_channel(1);
        let folder = db.log_folder();
        let started = folder.map_err(|error: IndexError| error.to_string()).and_then(|folder| {
            let thread = std::thread::Builder::new().name("cdx-checkpoint".into());
            thread.spawn(move || fold(&folder, &is_due)).map_err(|error| error.to_string())
        });
        match started {
            Ok(thread) => {
                // There is room for one.
                let _ = due.try_send(());
                self.thread = Some((due, thread));
            }
            Err(error) => tracing::warn!(%error, "the log of the index is folded by its writer"),
        }
    }

    fn end(&mut self) {
        let Some((due, thread)) = self.thread.take() else { return };
        drop(due);
        if thread.join().is_err() {
            tracing::warn!("the thread that folds the log of the index had panicked");
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.end();
    }
}

fn fold(folder: &LogFolder, is_due: &Receiver<()>) {
    while is_due.recv_timeout(LINGER).is_ok() {
        if let Err(error) = folder.fold() {
            // Its writer does it, once the log is large.
            tracing::debug!(%error, "the log of the index was not folded");
        }
    }
}
