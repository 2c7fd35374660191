//! Events for those who follow a workspace live: API subscribers, tests.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;

use super::AppliedChange;
use crate::types::{CommitId, NotebookNumber, Seq};

/// Something that has happened in a workspace.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// Changes have reached index and maps.
    Applied {
        /// In which notebook.
        notebook: NotebookNumber,
        /// Everything noted up to here is visible, once the batch is done.
        seq: Seq,
        /// What differs.
        changes: Arc<[AppliedChange]>,
    },
    /// The history has recorded a commit.
    Committed {
        /// In which notebook.
        notebook: NotebookNumber,
        /// Which commit.
        commit: CommitId,
    },
    /// A notebook came, went or was renamed.
    Notebooks,
}

/// Events that a subscriber may be behind by; who is further behind is cut off and has to read everything anew.
const BEHIND_MAX: usize = 4096;

/// Those who listen.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Mutex<Vec<SyncSender<EngineEvent>>>);

impl Subscribers {
    /// One more.
    pub(super) fn subscribe(&self) -> Receiver<EngineEvent> {
        let (sender, receiver) = sync_channel(BEHIND_MAX);
        self.0.lock().push(sender);
        receiver
    }

    /// Tells all; never waits.
    pub(super) fn send(&self, event: &EngineEvent) {
        self.0.lock().retain(|subscriber| subscriber.try_send(event.clone()).is_ok());
    }
}
