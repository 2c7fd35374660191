//! A thread for each open workspace, from its engine to the feed: it numbers what happens, keeps the register of
//! notebooks equal to the folders, and says how far indexing is.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::event::{ChangeKind, FileChange, IndexingState};
use super::feed::Feed;
use super::notebook_ids::NotebookIds;
use super::views::LiveViews;
use crate::api::v1::file_reference;
use crate::engine::{AppliedChange, AppliedKind, Engine, EngineEvent, Indexing};
use crate::index::system::{RosterKeeper, SystemDb};
use crate::types::{NotebookNumber, WorkspaceId};

/// How soon it notices that the workspace is closed, and how often it looks how far indexing is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// See the module.
pub(crate) struct Follower {
    pub(crate) workspace: WorkspaceId,
    pub(crate) engine: Weak<Engine>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) views: Arc<LiveViews>,
    pub(crate) system: Arc<Mutex<SystemDb>>,
    pub(crate) roster: Arc<RosterKeeper>,
    /// Held while notebooks and their register change.
    pub(crate) changing: Arc<Mutex<()>>,
}

impl Follower {
    /// Follows an engine until it is closed.
    pub(crate) fn start(self, engine: &Engine) {
        let (workspace, happening) = (self.workspace, engine.subscribe());
        let body = move || self.run(happening);
        if let Err(error) = std::thread::Builder::new().name("cdx-events".to_owned()).spawn(body) {
            tracing::error!(%error, workspace = workspace.0, "events of a workspace are not handed on");
        }
    }

    fn run(self, mut happening: Receiver<EngineEvent>) {
        let mut ids = NotebookIds::new(self.workspace, Arc::clone(&self.roster));
        // What was before is no news. It is looked at from the start, and where nobody listens: a scan that ended before
        // the first look would be told to nobody.
        let mut indexing = self.engine.upgrade().map(|engine| stand_of(&engine)).unwrap_or_default();
        let mut looked = Instant::now();
        loop {
            let event = happening.recv_timeout(LOOK_EVERY);
            let Some(engine) = self.engine.upgrade().filter(|engine| !engine.is_closed()) else { return };
            match event {
                Ok(event) => self.hand_on(&engine, &mut ids, &event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // Too far behind: what was lost, nobody can tell.
                    happening = engine.subscribe();
                    self.register(&engine);
                    ids.forget();
                    self.feed.lose(self.workspace);
                    self.views.wake();
                }
            }
            if looked.elapsed() >= LOOK_EVERY {
                looked = Instant::now();
                let before = std::mem::replace(&mut indexing, stand_of(&engine));
                if self.feed.is_heard() {
                    self.tell_indexing(&engine, &mut ids, &before, &mut indexing);
                }
            }
        }
    }

    fn hand_on(&self, engine: &Engine, ids: &mut NotebookIds, event: &EngineEvent) {
        match event {
            EngineEvent::Applied { notebook, changes, .. } => {
                let id = ids.of(engine, *notebook).or_else(|| {
                    self.register(engine);
                    ids.of(engine, *notebook)
                });
                if let Some(id) = id {
                    let timestamp = jiff::Timestamp::now();
                    for change in changes.iter() {
                        let (event_type, old_path) = kind_of(change);
                        self.feed.changed(
                            self.workspace,
                            FileChange {
                                notebook_id: id,
                                event_type,
                                path: change.path.to_string(),
                                old_path,
                                file_id: change.file.0,
                                reference: file_reference(id, change.file),
                                actor: change.actor.author_name(),
                                timestamp,
                            },
                        );
                    }
                }
            }
            EngineEvent::Notebooks => {
                self.register(engine);
                ids.forget();
            }
            EngineEvent::Committed { .. } => return,
        }
        self.views.wake();
    }

    fn register(&self, engine: &Engine) {
        let _changing = self.changing.lock();
        if let Err(error) = register(self.workspace, engine, &self.system) {
            tracing::warn!(%error, workspace = self.workspace.0, "the register of notebooks is out of date");
        }
    }

    /// Tells what runs and what has ended since `before`. What cannot be told yet, since its notebook is not registered,
    /// stays as it was in `now`.
    fn tell_indexing(&self, engine: &Engine, ids: &mut NotebookIds, before: &Standing, now: &mut Standing) {
        for (number, now) in now.iter_mut() {
            let before = before.get(number).copied().unwrap_or_default();
            if !(now.is_running || now.scans > before.scans) {
                continue;
            }
            let Some(notebook_id) = ids.of(engine, *number) else {
                *now = before;
                continue;
            };
            let status = if now.is_running { "in_progress" } else { "completed" };
            let total = if now.is_running { now.expected } else { Some(now.met) };
            self.feed.indexing(self.workspace, IndexingState { notebook_id, status, done: now.met, total });
        }
    }
}

/// How far the indexes of all notebooks are.
type Standing = HashMap<NotebookNumber, Indexing>;

fn stand_of(engine: &Engine) -> Standing {
    engine.notebooks().iter().map(|notebook| (notebook.number, engine.indexing(notebook.number))).collect()
}

fn kind_of(change: &AppliedChange) -> (ChangeKind, Option<String>) {
    match &change.kind {
        AppliedKind::Added => (ChangeKind::Created, None),
        AppliedKind::Changed(old) if *old == change.path => (ChangeKind::Modified, None),
        AppliedKind::Changed(old) => (ChangeKind::Moved, Some(old.to_string())),
        AppliedKind::Removed => (ChangeKind::Deleted, None),
    }
}

/// Makes the register of a workspace's notebooks equal to its folders.
///
/// # Errors
/// The database's.
pub(in crate::api) fn register(
    id: WorkspaceId,
    engine: &Engine,
    system: &Mutex<SystemDb>,
) -> Result<(), crate::index::system::SystemError> {
    let folders: Vec<String> = engine.notebooks().iter().map(|notebook| notebook.name().as_str().to_owned()).collect();
    // An engine that is closing has no notebooks any more; that is no reason to forget them.
    if engine.is_closed() { Ok(()) } else { system.lock().set_notebooks(id, &folders) }
}
