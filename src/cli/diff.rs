//! `cdx diff`: what differs between versions of a file.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::Style;
use super::{Context, reply};
use crate::engine::Command;

/// Shows what changed in a file
///
/// Since its newest recorded version, since a revision, or between two.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx diff plan.md                       what is not recorded yet
  cdx diff plan.md@yesterday
  cdx diff plan.md@2026-11-01..3f2a91c0

A revision is the beginning of a commit's id, a date, a time, or `yesterday`.")]
pub(crate) struct Diff {
    /// The file; with @REV from that revision, with @A..B from A to B
    #[arg(value_name = "FILE[@REV[..REV]]")]
    file: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let (file, revision) = session.site.split_revision(&self.file);
        let (from, to) = match revision.and_then(|revision| revision.split_once("..")) {
            Some((from, to)) => (some(from), some(to)),
            None => (revision.map(str::to_owned), None),
        };
        let reply = session.ask(&Command::Diff { file: session.file(file)?, from, to })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        for line in reply::text(&reply, "diff").lines() {
            let style = match line.as_bytes() {
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::Bold,
                [b'+', ..] => Style::Good,
                [b'-', ..] => Style::Bad,
                [b'@', ..] => Style::Path,
                _ => Style::Plain,
            };
            let line = context.out.styled(line, style);
            context.out.line(line)?;
        }
        Ok(Outcome::Done)
    }
}

fn some(revision: &str) -> Option<String> {
    (!revision.is_empty()).then(|| revision.to_owned())
}
