//! `cdx undo`: takes back the last changes.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::tell;
use super::{Context, reply};
use crate::engine::Command;

/// Takes back your own last changes, over all notebooks, as new commits
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx undo          the last thing you did: one save, one tag rename, one rm -r
  cdx undo 3

What is pending is recorded first. Later edits of the same files are kept (merged three ways); where they
cannot be, nothing is changed and the files are named.")]
pub(crate) struct Undo {
    /// How many
    #[arg(default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    /// Of anyone, not only your own
    #[arg(long)]
    anyone: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Undo {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let command = Command::Undo { count: usize::from(self.count), anyone: self.anyone };
        let reply = context.session()?.ask(&command)?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        let undone = reply::list(&reply, "undone");
        for gesture in undone {
            context.out.line(format!("undone: {}", reply::text(gesture, "summary")))?;
        }
        if undone.is_empty() {
            tell("nothing to undo");
        }
        Ok(Outcome::Done)
    }
}
