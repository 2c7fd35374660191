//! The engines of workspaces: each opened when it is first asked for, and once. Whoever runs the server is told of each,
//! so that it can mount; the register of notebooks follows the folders.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use dashmap::DashMap;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use crate::engine::{Engine, EngineError, EngineEvent, EngineOptions};
use crate::index::system::{SystemDb, SystemError};
use crate::types::{Actor, WorkspaceId};

/// Events that a subscriber of a workspace may be behind by.
const BEHIND_MAX: usize = 4096;

/// How soon the thread of a workspace's events notices that the workspace is closed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Whoever runs the server: it can do more with an engine than the API knows of.
pub trait Host: Send + Sync + std::fmt::Debug {
    /// An engine was opened; requests follow.
    fn opened(&self, engine: &Arc<Engine>);

    /// An engine is about to be closed: what is mounted of it is to go first.
    fn closing(&self, engine: &Arc<Engine>);
}

/// A workspace that is open.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) engine: Arc<Engine>,
    /// What happens in it, for those who watch.
    pub(crate) events: broadcast::Sender<EngineEvent>,
    /// One at a time changes notebooks and the register of them: a folder that has its new name before the register
    /// knows would be taken for another notebook.
    pub(super) changing: Arc<Mutex<()>>,
}

/// One at a time opens a workspace; the others wait for it.
type Slot = Arc<Mutex<Option<Open>>>;

/// The workspaces that are open.
#[derive(Debug)]
pub(crate) struct Workspaces {
    slots: DashMap<WorkspaceId, Slot>,
    system: Arc<Mutex<SystemDb>>,
    host: Arc<dyn Host>,
    actor: Actor,
}

impl Workspaces {
    pub(super) fn new(system: Arc<Mutex<SystemDb>>, host: Arc<dyn Host>, actor: Actor) -> Self {
        Self { slots: DashMap::new(), system, host, actor }
    }

    /// A workspace, opened if it is not. It waits for locks and the disk: for threads of the bridge.
    ///
    /// # Errors
    /// [`EngineError::Held`] where another process has it; the engine's.
    pub(super) fn open(&self, id: WorkspaceId, path: &Path) -> Result<Open, EngineError> {
        let slot = Arc::clone(&self.slots.entry(id).or_default());
        let mut slot = slot.lock();
        if let Some(open) = &*slot {
            return Ok(open.clone());
        }
        let options = EngineOptions {
            actor: self.actor.clone(),
            watch: true,
            serve: true,
            wait_for_scan: false,
            read_only: false,
        };
        let engine = Engine::open(path, options)?;
        let (events, _) = broadcast::channel(BEHIND_MAX);
        let open = Open { engine, events, changing: Arc::default() };
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

    /// Closes a workspace: mounts first, then history and index.
    pub(super) fn close(&self, id: WorkspaceId) {
        let Some((_, slot)) = self.slots.remove(&id) else { return };
        let open = slot.lock().take();
        if let Some(open) = open {
            self.host.closing(&open.engine);
            open.engine.close();
        }
    }

    /// Closes all.
    pub(super) fn close_all(&self) {
        let ids: Vec<WorkspaceId> = self.slots.iter().map(|slot| *slot.key()).collect();
        for id in ids {
            self.close(id);
        }
    }

    /// A thread that hands on what happens, and keeps the register of notebooks.
    fn follow(&self, id: WorkspaceId, open: &Open) {
        let happening = open.engine.subscribe();
        let (engine, events, changing) =
            (Arc::downgrade(&open.engine), open.events.clone(), Arc::clone(&open.changing));
        let system = Arc::clone(&self.system);
        let body = move || {
            loop {
                match happening.recv_timeout(LOOK_EVERY) {
                    Ok(event) => {
                        if let (EngineEvent::Notebooks, Some(engine)) = (&event, engine.upgrade()) {
                            let _changing = changing.lock();
                            if let Err(error) = register(id, &engine, &system) {
                                tracing::warn!(%error, workspace = id.0, "the register of notebooks is out of date");
                            }
                        }
                        // Nobody watches: nothing is missed.
                        let _ = events.send(event);
                    }
                    Err(RecvTimeoutError::Timeout) if engine.strong_count() > 0 => {}
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("cdx-events".to_owned()).spawn(body) {
            tracing::error!(%error, workspace = id.0, "events of a workspace are not handed on");
        }
    }
}

fn register(id: WorkspaceId, engine: &Engine, system: &Mutex<SystemDb>) -> Result<(), SystemError> {
    let folders: Vec<String> = engine.notebooks().iter().map(|notebook| notebook.name().as_str().to_owned()).collect();
    // An engine that is closing has no notebooks any more; that is no reason to forget them.
    if engine.is_closed() { Ok(()) } else { system.lock().set_notebooks(id, &folders) }
}
