//! `cdx check`: whether files, index and history say the same.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, count, tell};
use super::{Context, reply};
use crate::engine::Command;

/// Compares files, index and history; exit code 1 if they differ
///
/// Every difference is named; notes (broken frontmatter, tags that are none, sidecars without a file) are for their
/// author to mend and make no check fail.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx check
  cdx check --repair
  cdx check --json | jq '.differences'")]
pub(crate) struct Check {
    /// Mends what differs
    #[arg(long)]
    repair: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let reply = context.session()?.ask(&Command::Check { repair: self.repair })?;
        let holds = reply.get("clean").and_then(serde_json::Value::as_bool).unwrap_or(false);
        let outcome = if holds { Outcome::Done } else { Outcome::DoesNotHold };
        if self.json {
            context.out.json(&reply)?;
            return Ok(outcome);
        }
        let mut table = Table::default();
        for (key, style) in [("differences", Style::Bad), ("notes", Style::Dim)] {
            for finding in reply::list(&reply, key) {
                let kind = Cell::new(reply::text(finding, "kind").replace('_', " ")).style(style);
                let place = Cell::new(super::rows::shown_path(finding)).style(Style::Path);
                table.push([kind, place, Cell::new(reply::text(finding, "message"))]);
            }
        }
        context.out.table(&table)?;
        for action in reply::list(&reply, "actions") {
            tell(action.as_str().unwrap_or_default());
        }
        let differences = reply::list(&reply, "differences").len() as u64;
        tell(match (holds, differences) {
            (true, 0) => "files, index and history agree".to_owned(),
            (true, n) => format!("mended {}", count(n, "difference", "differences")),
            (false, n) => format!("{}; `cdx check --repair` mends what can be", count(n, "difference", "differences")),
        });
        Ok(outcome)
    }
}
