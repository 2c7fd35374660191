//! `cdx index`: brings the index up to date.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{count, tell};
use super::{Context, reply};
use crate::engine::Command;

/// Brings the index up to date with the files, or makes it anew
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx index
  cdx index --rebuild      the index holds nothing that is not in the files")]
pub(crate) struct Index {
    /// Makes the index anew from the files
    #[arg(long)]
    rebuild: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Index {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let began = std::time::Instant::now();
        let reply = context.session()?.ask(&Command::Index { rebuild: self.rebuild })?;
        if self.json {
            context.out.json(&reply)?;
        } else {
            let files = count(reply::number(&reply, "files"), "file", "files");
            tell(format!("{files} indexed in {:.1} s", began.elapsed().as_secs_f64()));
        }
        Ok(Outcome::Done)
    }
}
