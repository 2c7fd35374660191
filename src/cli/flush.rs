//! `cdx flush`: records the history now.

use clap::Args;

use super::Context;
use super::error::{CliError, Outcome};
use crate::engine::Command;

/// Records in the history what is pending, now
///
/// By itself that happens 5 s after the last change.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cdx flush && git -C lab/.codex/history.git log -1")]
pub(crate) struct Flush {}

impl Flush {
    #[expect(clippy::unused_self, reason = "commands are run alike")]
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        context.session()?.ask(&Command::Flush)?;
        Ok(Outcome::Done)
    }
}
