//! The engines of workspaces: each opened when it is first asked for, once, and closed when nobody has asked for it in a
//! while. Whoever runs the server is told of each, so that it can mount; the register of notebooks follows the folders.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dashmap::DashMap;
use parking_lot::Mutex;

use super::live::{Feed, Follower, LiveViews, register};
use crate::engine::{Engine, EngineError, EngineOptions};
use crate::index::system::{RosterKeeper, SystemDb, SystemError};
use crate::types::{Actor, WorkspaceId};

/// Whoever runs the server: it can do more with an engine than the API knows of.
pub trait Host: Send + Sync + std::fmt::Debug {
    /// An engine was opened; requests follow.
    fn opened(&self, engine: &Arc<Engine>);

    /// An engine is about to be closed: what is mounted of it is to go first.
    fn closing(&self, engine: &Arc<Engine>);
}

/// A workspace that is open, and stays so as long as somebody holds this.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// Lent and never handed out: who works with it holds the whole, also a closure that goes on when its request has
    /// been given up.
    engine: Arc<Engine>,
    /// Views that somebody follows live.
    pub(crate) views: Arc<LiveViews>,
    /// One at a time changes notebooks and the register of them: a folder that has its new name before the register
    /// knows would be taken for another notebook.
    pub(super) changing: Arc<Mutex<()>>,
    /// When it was asked for last. As many hold this as work with the workspace, and one more.
    used: Arc<Mutex<Instant>>,
}

impl Open {
    /// The engine, for as long as this is held.
    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    fn taken(&self) -> Self {
        *self.used.lock() = Instant::now();
        self.clone()
    }

    fn is_idle(&self, idle: Duration) -> bool {
        Arc::strong_count(&self.used) == 1 && self.used.lock().elapsed() >= idle && self.engine.mount_count() == 0
    }
}

/// One at a time opens or closes a workspace; the others wait for it.
type Slot = Arc<Mutex<Option<Open>>>;

/// The workspaces that are open.
#[derive(Debug)]
pub(crate) struct Workspaces {
    slots: DashMap<WorkspaceId, Slot>,
    system: Arc<Mutex<SystemDb>>,
    roster: Arc<RosterKeeper>,
    feed: Arc<Feed>,
    host: Arc<dyn Host>,
    actor: Actor,
}

impl Workspaces {
    pub(super) fn new(
        (system, roster): (Arc<Mutex<SystemDb>>, Arc<RosterKeeper>),
        feed: Arc<Feed>,
        host: Arc<dyn Host>,
        actor: Actor,
    ) -> Self {
        Self { slots: DashMap::new(), system, roster, feed, host, actor }
    }

    /// A workspace, opened if it is not. It waits for locks and the disk: for threads of the bridge.
    ///
    /// # Errors
    /// [`EngineError::Held`] where another process has it, [`EngineError::NotFound`] for one that is no longer
    /// registered; the engine's.
    pub(super) fn open(&self, id: WorkspaceId, path: &Path) -> Result<Open, EngineError> {
        loop {
            let slot = Arc::clone(&self.slots.entry(id).or_default());
            let mut held = slot.lock();
            // One that was taken away while this waited for it is nobody's: what is opened in it would never be closed.
            if self.slots.get(&id).is_some_and(|current| Arc::ptr_eq(&current, &slot)) {
                return self.open_in(&mut held, id, path);
            }
        }
    }

    fn open_in(&self, slot: &mut Option<Open>, id: WorkspaceId, path: &Path) -> Result<Open, EngineError> {
        if let Some(open) = &*slot {
            return Ok(open.taken());
        }
        // A request may have looked the workspace up before it was removed.
        if self.roster.read()?.workspace(id).is_none() {
            return Err(EngineError::NotFound(format!("no workspace {id}")));
        }
        let options = EngineOptions {
            actor: self.actor.clone(),
            watch: true,
            serve: true,
            wait_for_scan: false,
            read_only: false,
        };
        let engine = Engine::open(path, options)?;
        self.feed.begin(id);
        let views = Arc::new(LiveViews::new(id, Arc::downgrade(&engine), Arc::clone(&self.feed)));
        let used = Arc::new(Mutex::new(Instant::now()));
        let open = Open { engine, views, changing: Arc::default(), used };
        self.follow(id, &open);
        if let Err(error) = self.register(id, &open) {
            tracing::warn!(%error, workspace = id.0, "the register of notebooks could not be brought up to date");
        }
        self.host.opened(&open.engine);
        *slot = Some(open.clone());
        Ok(open)
    }

    /// A workspace, if it is open.
    pub(super) fn opened(&self, id: WorkspaceId) -> Option<Open> {
        let slot = Arc::clone(self.slots.get(&id)?.value());
        slot.try_lock().and_then(|open| open.as_ref().map(Open::taken))
    }

    /// The same, for who only wants to say something of it: that is no use which keeps it open.
    pub(super) fn glance(&self, id: WorkspaceId) -> Option<Open> {
        let slot = Arc::clone(self.slots.get(&id)?.value());
        slot.try_lock().and_then(|open| open.clone())
    }

    /// Those that are open.
    pub(super) fn all(&self) -> Vec<Open> {
        self.slots.iter().filter_map(|slot| slot.value().try_lock().and_then(|open| open.clone())).collect()
    }

    /// Makes the register of notebooks equal to the folders.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn register(&self, id: WorkspaceId, open: &Open) -> Result<(), SystemError> {
        let _changing = open.changing.lock();
        register(id, &open.engine, &self.system)
    }

    /// Closes a workspace, mounts first, then history and index; and does something before it can be opened again.
    pub(super) fn close<T>(&self, id: WorkspaceId, then: impl FnOnce() -> T) -> T {
        let slot = Arc::clone(&self.slots.entry(id).or_default());
        let mut held = slot.lock();
        self.close_slot(id, &mut held);
        let done = then();
        self.slots.remove_if(&id, |_, current| Arc::ptr_eq(current, &slot));
        done
    }

    /// Closes all.
    pub(super) fn close_all(&self) {
        let ids: Vec<WorkspaceId> = self.slots.iter().map(|slot| *slot.key()).collect();
        for id in ids {
            self.close(id, || ());
        }
    }

    /// Closes those that nobody has asked for in so long, that nobody works with, that are not mounted, and that nobody
    /// wants open all the same. Who asks for one meanwhile waits, and opens it again.
    pub(super) fn close_idle(&self, idle: Duration, is_wanted: impl Fn(WorkspaceId) -> bool) {
        let slots: Vec<(WorkspaceId, Slot)> =
            self.slots.iter().map(|slot| (*slot.key(), Arc::clone(slot.value()))).collect();
        for (id, slot) in slots {
            let Some(mut slot) = slot.try_lock() else { continue };
            if slot.as_ref().is_some_and(|open| open.is_idle(idle)) && !is_wanted(id) {
                tracing::info!(workspace = id.0, "closed, since nobody uses it");
                self.close_slot(id, &mut slot);
            }
        }
    }

    fn close_slot(&self, id: WorkspaceId, slot: &mut Option<Open>) {
        if let Some(open) = slot.take() {
            self.host.closing(open.engine());
            open.engine().close();
            self.feed.end(id);
        }
    }

    fn follow(&self, workspace: WorkspaceId, open: &Open) {
        let follower = Follower {
            workspace,
            engine: Arc::downgrade(&open.engine),
            feed: Arc::clone(&self.feed),
            views: Arc::clone(&open.views),
            system: Arc::clone(&self.system),
            roster: Arc::clone(&self.roster),
            changing: Arc::clone(&open.changing),
        };
        follower.start(&open.engine);
    }
}
