//! `cdx tag`: adds, removes and renames tags.

use clap::{Args, Subcommand};

use super::error::{CliError, Outcome};
use super::output::{count, tell};
use super::{Context, reply};
use crate::engine::Command;

/// Adds, removes and renames tags of files
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx tag add experiment/gpu lab/runs/*.md
  cdx tag rm draft plan.md
  cdx tag rename gpu experiment/gpu --dry-run
  cdx query 'loss>1' --format paths -0 | xargs -0 cdx tag add diverged")]
pub(crate) struct Tag {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Adds a tag to files
    #[command(after_help = "Example:\n  cdx tag add experiment/gpu lab/runs/*.md")]
    Add {
        /// The tag
        tag: String,
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
    /// Removes a tag from files
    #[command(alias = "remove", after_help = "Example:\n  cdx tag rm draft plan.md")]
    Rm {
        /// The tag; those below it stay
        tag: String,
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
    /// Renames a tag and those below it in every note, sidecar and view
    #[command(after_help = "Examples:\n  cdx tag rename gpu experiment/gpu\n  cdx tag rename wip draft --merge")]
    Rename {
        /// The tag as it is
        #[arg(value_name = "A")]
        from: String,
        /// The tag as it will be
        #[arg(value_name = "B")]
        to: String,
        /// Allows B to be there already: notes of A join those of B
        #[arg(long)]
        merge: bool,
        /// Only says what would change
        #[arg(long)]
        dry_run: bool,
    },
}

impl Tag {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        match self.action {
            Action::Add { tag, files } => {
                let files = session.files(&files)?;
                session.ask(&Command::TagAdd { tag, files })?;
            }
            Action::Rm { tag, files } => {
                let files = session.files(&files)?;
                session.ask(&Command::TagRemove { tag, files })?;
            }
            Action::Rename { from, to, merge, dry_run } => {
                let reply = session.ask(&Command::TagRename { from: from.clone(), to: to.clone(), merge, dry_run })?;
                for file in reply::list(&reply, "files") {
                    context.out.line(super::rows::shown_path(file))?;
                }
                let files = count(reply::number(&reply, "count"), "file", "files");
                let verb = if dry_run { "would rename" } else { "renamed" };
                tell(format!("{verb} {from} to {to} in {files}"));
            }
        }
        Ok(Outcome::Done)
    }
}
