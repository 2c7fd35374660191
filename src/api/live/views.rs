//! Live views of one workspace: each is worked out when somebody begins to follow it, and looked at again after each
//! change by a thread that is there as long as somebody does.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::feed::Feed;
use crate::api::v1::file_reference;
use crate::engine::views::LiveResult;
use crate::engine::{Engine, EngineError};
use crate::types::{FileId, FileKey, NotebookId, NotebookNumber, WorkspaceId};

/// Changes that come together are looked at together.
const GATHER: Duration = Duration::from_millis(20);

/// How soon the thread notices that the workspace is closed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A view that nobody follows any more is looked after for so long, so that a reconnect loses nothing.
const KEPT: Duration = Duration::from_secs(300);

/// How long who begins to follow a view waits for the index.
const BARRIER: Duration = Duration::from_secs(10);

/// A view, for those who may read the same notebooks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ViewKey {
    pub(crate) notebook: NotebookId,
    pub(crate) file: FileKey,
    /// `None`: all.
    pub(crate) readable: Option<BTreeSet<NotebookNumber>>,
}

impl ViewKey {
    /// `<notebook id>:<id>`.
    pub(crate) fn reference(&self) -> String {
        file_reference(self.notebook, self.file.id)
    }

    /// Takes `<notebook id>:<id>` apart.
    pub(crate) fn parse(text: &str) -> Option<(NotebookId, FileId)> {
        let (notebook, file) = text.split_once(':')?;
        Some((NotebookId(notebook.parse().ok()?), FileId(file.parse().ok()?)))
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct LiveViews {
    workspace: WorkspaceId,
    engine: Weak<Engine>,
    feed: Arc<Feed>,
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct State {
    views: HashMap<ViewKey, Watched>,
    is_dirty: bool,
    is_running: bool,
}

#[derive(Debug)]
struct Watched {
    result: Arc<Mutex<LiveResult>>,
    /// Changes since this event are known; `None` until it was worked out.
    since: Option<u64>,
    followers: usize,
    left: Instant,
}

/// Somebody follows a view, until this goes.
#[derive(Debug)]
pub(crate) struct Following {
    views: Arc<LiveViews>,
    key: ViewKey,
    /// Changes since this event were looked for; `None` where nobody followed it before.
    pub(super) known_since: Option<u64>,
    /// What has changed up to here is in the result that is read from now on.
    pub(super) from: u64,
}

impl LiveViews {
    pub(crate) fn new(workspace: WorkspaceId, engine: Weak<Engine>, feed: Arc<Feed>) -> Self {
        Self { workspace, engine, feed, state: Mutex::default(), woken: Condvar::new() }
    }

    /// Something has changed.
    pub(crate) fn wake(&self) {
        let mut state = self.state.lock();
        if state.is_running {
            state.is_dirty = true;
            self.woken.notify_one();
        }
    }

    /// Begins to follow a view: what has changed before is in what is read after. It waits for the index and runs the
    /// view's query.
    ///
    /// # Errors
    /// The index is behind; the workspace is closed.
    pub(super) fn follow(self: &Arc<Self>, key: &ViewKey) -> Result<Following, EngineError> {
        let engine = self.open_engine().ok_or(EngineError::Closed)?;
        engine.barrier(BARRIER)?;
        let (result, known_since) = {
            let mut state = self.state.lock();
            let watched = state.views.entry(key.clone()).or_insert_with(|| Watched {
                result: Arc::new(Mutex::new(LiveResult::new(key.file, key.readable.clone()))),
                since: None,
                followers: 0,
                left: Instant::now(),
            });
            watched.followers += 1;
            (Arc::clone(&watched.result), watched.since)
        };
        // Whoever is counted is taken off again when this goes.
        let mut following = Following { views: Arc::clone(self), key: key.clone(), known_since, from: 0 };
        self.look_at(&engine, key, &result);
        following.from = self.feed.newest();
        if let Some(watched) = self.state.lock().views.get_mut(key) {
            watched.since.get_or_insert(following.from);
        }
        self.run_if_needed();
        Ok(following)
    }

    /// Looks at a result; those who follow it already hear of what has changed.
    fn look_at(&self, engine: &Engine, key: &ViewKey, result: &Mutex<LiveResult>) {
        let mut result = result.lock();
        if result.has_changed(engine) {
            self.feed.view_changed(self.workspace, key.clone());
        }
    }

    fn run_if_needed(self: &Arc<Self>) {
        let mut state = self.state.lock();
        if state.is_running {
            return;
        }
        let views = Arc::clone(self);
        let started = std::thread::Builder::new().name("cdx-live-views".to_owned()).spawn(move || views.run());
        match started {
            Ok(_) => state.is_running = true,
            Err(error) => tracing::error!(%error, workspace = self.workspace.0, "views are not followed"),
        }
    }

    fn run(&self) {
        while self.wait() {
            std::thread::sleep(GATHER);
            let Some(engine) = self.open_engine() else { continue };
            self.state.lock().is_dirty = false;
            for (key, result) in self.all() {
                self.look_at(&engine, &key, &result);
            }
        }
    }

    fn open_engine(&self) -> Option<Arc<Engine>> {
        self.engine.upgrade().filter(|engine| !engine.is_closed())
    }

    /// Waits for a change, or for time to make one; whether there is anything left to follow.
    fn wait(&self) -> bool {
        loop {
            let expires = self.all().iter().filter_map(|(_, result)| result.lock().expires()).min();
            let mut state = self.state.lock();
            state.views.retain(|_, view| view.followers > 0 || view.left.elapsed() < KEPT);
            if state.views.is_empty() || self.open_engine().is_none() {
                // Under the lock, so that who comes now starts another.
                state.is_running = false;
                return false;
            }
            if state.is_dirty || expires.is_some_and(|at| at <= jiff::Timestamp::now()) {
                return true;
            }
            self.woken.wait_for(&mut state, LOOK_EVERY);
        }
    }

    fn all(&self) -> Vec<(ViewKey, Arc<Mutex<LiveResult>>)> {
        let state = self.state.lock();
        state.views.iter().map(|(key, view)| (key.clone(), Arc::clone(&view.result))).collect()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(view) = self.views.state.lock().views.get_mut(&self.key) {
            view.followers = view.followers.saturating_sub(1);
            view.left = Instant::now();
        }
    }
}
