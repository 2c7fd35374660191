//! What follows a failed flush to disk. The kernel may have dropped the bytes and call them clean, so that the next flush
//! proves nothing: the notebook is read only, and says why, until its disk takes writes again and files, index and
//! history have been looked at anew. Files that are there are served meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::{Engine, EngineError, Notebook};
use crate::history::HistoryError;
use crate::sys::{Replace, StoreError};
use crate::types::NotePath;

/// How often it is tried whether the disk takes writes again.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// How soon it is noticed that the engine is closed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Notebook {
    /// Why nothing in it may be changed at present, if that is so.
    #[must_use]
    pub fn why_read_only(&self) -> Option<String> {
        self.distrusted.read().clone()
    }

    /// Refuses every change of a notebook whose disk failed to take one.
    pub(super) fn check_trusted(&self) -> Result<(), EngineError> {
        self.why_read_only().map_or(Ok(()), |reason| Err(EngineError::ReadOnly(reason)))
    }
}

impl Engine {
    /// The error of a write in a notebook; after a failed flush the notebook is read only.
    pub(super) fn heed(&self, notebook: &Notebook, error: &StoreError) {
        self.core.heed(notebook, error);
    }
}

impl Core {
    /// See [`Engine::heed`].
    pub(super) fn heed(&self, notebook: &Notebook, error: &StoreError) {
        // A full disk says so at a flush too, on some filesystems, and has dropped nothing that was there.
        if !error.is_failed_flush() || matches!(error.errno(), libc::ENOSPC | libc::EDQUOT) {
            return;
        }
        let name = notebook.name();
        let reason = format!(
            "{name} is read only since its disk failed: {error}. It is tried again every second; nothing that was \
             acknowledged before is lost as far as the disk keeps it, see `dmesg` for what it says"
        );
        *notebook.distrusted.write() = Some(reason.clone());
        self.problems.set(&what(notebook), reason);
    }

    /// The same for what the history says.
    pub(super) fn heed_history(&self, notebook: &Notebook, error: &EngineError) {
        if let EngineError::History(HistoryError::Store(error)) = error {
            self.heed(notebook, error);
        }
    }
}

fn what(notebook: &Notebook) -> String {
    format!("notebook {}", notebook.name())
}

/// Runs until the engine is closed.
pub(super) fn run(core: &Arc<Core>) {
    let mut next = Instant::now() + TRY_EVERY;
    while !core.is_closed() {
        std::thread::sleep(LOOK_EVERY);
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + TRY_EVERY;
        for notebook in core.open_notebooks() {
            if notebook.why_read_only().is_some() && is_well_again(&notebook) {
                tracing::info!(notebook = %notebook.name(), "the disk takes writes again");
                core.scans.request(&notebook, NotePath::root());
                *notebook.distrusted.write() = None;
                core.problems.clear(&what(&notebook));
            }
        }
    }
}

/// Whether a new file reaches the disk, and the history can be read whole and recorded in.
fn is_well_again(notebook: &Notebook) -> bool {
    let Ok(probe) = NotePath::new("probe") else { return false };
    let written = notebook.codex.write_durably(&probe, b"whether the disk takes writes\n", Replace::KeepAttributes);
    let tried = written.map(drop).and_then(|()| notebook.codex.remove_file(&probe));
    let outcome = tried.map_err(EngineError::from).and_then(|()| Ok(notebook.history.trust_again()?));
    if let Err(error) = &outcome {
        tracing::debug!(notebook = %notebook.name(), %error, "the disk does not take writes yet");
    }
    outcome.is_ok()
}
