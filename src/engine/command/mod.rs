//! Commands of the command line and the control socket: what can be asked, and how it is done.
//! It knows nothing of terminals, mounts or HTTP.

mod request;

pub use request::Command;

use std::sync::Arc;

use super::{Engine, EngineError, Requester};

/// Serves the control socket `.codex/engine.sock` until [`Engine::close`].
///
/// # Errors
/// If it cannot be bound.
pub(super) fn serve(engine: &Arc<Engine>) -> Result<(), EngineError> {
    let _ = engine;
    Ok(())
}

impl Engine {
    /// Performs a command of the control socket or the command line; the reply is its JSON.
    ///
    /// # Errors
    /// The command's.
    pub fn perform(&self, command: &Command, by: &Requester) -> Result<serde_json::Value, EngineError> {
        let _ = (command, by);
        todo!()
    }
}
