//! Commands of the command line and the control socket: what can be asked, and how it is done.
//! It knows nothing of terminals, mounts or HTTP.

mod request;

pub use request::Command;

use super::{Engine, EngineError, Requester};

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
