//! `cdx links`: links out of and to a file.

use clap::Args;
use serde_json::Value;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table};
use super::{Context, reply};
use crate::engine::Command;

/// Lists links out of a file, and notes that link to it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx links lab/runs/2026-11-02.md
  cdx links plan.md --json")]
pub(crate) struct Links {
    /// The file
    file: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Links {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let reply = session.ask(&Command::Links { file: session.file(&self.file)? })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        let mut table = Table::default();
        for link in reply::list(&reply, "outgoing") {
            let (written, resolved) = outgoing(link);
            let target = match resolved {
                Some(path) => Cell::new(path).style(Style::Path),
                None => Cell::new(format!("{written} (leads nowhere)")).style(Style::Bad),
            };
            table.push([Cell::new("→"), target]);
        }
        for note in reply::list(&reply, "incoming") {
            table.push([Cell::new("←"), Cell::new(reply::shown(note)).style(Style::Path)]);
        }
        context.out.table(&table)?;
        Ok(Outcome::Done)
    }
}

/// What stands in the note, and the file that it means: a pair or a mapping.
fn outgoing(link: &Value) -> (String, Option<String>) {
    let part = |index: usize, key: &str| link.get(index).or_else(|| link.get(key)).filter(|value| !value.is_null());
    (part(0, "target").map(reply::shown).unwrap_or_default(), part(1, "path").map(reply::shown))
}
