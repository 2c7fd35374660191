//! `cdx restore`: brings a file back as it was.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{count, tell};
use super::{Context, reply};
use crate::engine::Command;

/// Brings a file or folder back as it was
///
/// It is a change like others: `cdx undo` takes it back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx restore lab/plan.md                the newest recorded version (a deleted file comes back)
  cdx restore lab/runs@yesterday")]
pub(crate) struct Restore {
    /// The file or folder and its revision
    #[arg(value_name = "FILE[@REV]")]
    file: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Restore {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let (file, revision) = session.site.split_revision(&self.file);
        let file = session.file(file)?;
        let reply = session.ask(&Command::Restore { file, revision: revision.map(str::to_owned) })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        let files = reply::list(&reply, "files");
        for file in files {
            context.out.line(super::rows::shown_path(file))?;
        }
        tell(format!("restored {}", count(files.len() as u64, "file", "files")));
        Ok(Outcome::Done)
    }
}
