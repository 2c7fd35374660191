//! Commands of the command line and the control socket: what can be asked, and how it is done.
//! It knows nothing of terminals, mounts or HTTP.

mod request;

pub use request::Command;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Engine, EngineError, Requester};

/// Serves the control socket `.codex/engine.sock` until [`Engine::close`].
///
/// # Errors
/// If it cannot be bound.
pub(super) fn serve(engine: &Arc<Engine>) -> Result<(), EngineError> {
    let _ = engine;
    Ok(())
}

/// Asks the engine that runs over a workspace, through its control socket; `None` where none runs.
///
/// # Errors
/// The command's, of the same kind as the engine had it; [`EngineError::Held`] where an engine holds the workspace
/// and does not answer.
pub fn ask_running(workspace: &Path, command: &Command, by: &Requester) -> Result<Option<Value>, EngineError> {
    let _ = (workspace, command, by);
    Ok(None)
}

impl Engine {
    /// Performs a command of the control socket or the command line; the reply is its JSON.
    ///
    /// # Errors
    /// The command's.
    pub fn perform(&self, command: &Command, by: &Requester) -> Result<Value, EngineError> {
        let _ = (command, by);
        todo!()
    }
}
