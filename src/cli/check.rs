//! `cdx check`: whether files, index and history say the same.

use clap::Args;
use serde_json::{Value, json};

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, count, tell};
use super::{Context, reply};
use crate::engine::Command;
use crate::index::IndexError;
use crate::index::system::{SystemDb, SystemSalvage};

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
        let mut reply = context.session()?.ask(&Command::Check { repair: self.repair })?;
        self.home(context, &mut reply)?;
        let holds = reply.get("clean").and_then(Value::as_bool).unwrap_or(false);
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

    /// The database of the home: it belongs to all workspaces, and to no engine.
    fn home(&self, context: &Context, reply: &mut Value) -> Result<(), CliError> {
        let home = &context.config.home;
        let found = match SystemDb::examine(home) {
            Ok(found) => found,
            // Made by a newer version: nothing is wrong with it.
            Err(IndexError::TooNew { .. }) => return Ok(()),
            Err(error) => vec![error.to_string()],
        };
        let Some(reason) = found.first() else { return Ok(()) };
        let message = format!("{}: {reason}", home.join("codex_system.db").display());
        if self.repair {
            let SystemSalvage { aside, lost } = SystemDb::salvage(home)?;
            let what = if lost.is_empty() { "nothing of it is lost".to_owned() } else { lost.join("; ") };
            let done = format!("the database of accounts was damaged: it is kept as {}; {what}", aside.display());
            push(reply, "actions", json!(done));
        } else if let Some(clean) = reply.get_mut("clean") {
            *clean = Value::Bool(false);
        }
        let finding = json!({
            "kind": "home_damaged", "notebook": "", "path": "", "message": message, "repaired": self.repair,
        });
        push(reply, "differences", finding);
        Ok(())
    }
}

fn push(reply: &mut Value, key: &str, value: Value) {
    if let Some(list) = reply.get_mut(key).and_then(Value::as_array_mut) {
        list.push(value);
    }
}
