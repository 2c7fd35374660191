//! `cdx tags`: tags with counts, or the notes of one.

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table};
use super::{Context, reply};
use crate::engine::Command;

/// Lists tags with counts, or one tag's notes and children
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx tags
  cdx tags experiment/gpu
  cdx tags --json | jq -r '.tags[].name'")]
pub(crate) struct Tags {
    /// A tag
    tag: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Tags {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let is_one = self.tag.is_some();
        let reply = context.session()?.ask(&Command::Tags { tag: self.tag })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        let tags = reply::list(&reply, if is_one { "children" } else { "tags" });
        let mut table = Table::new(&["TAG", "NOTES"]).right(&[1]);
        for tag in tags {
            let name = tag.as_str().unwrap_or_else(|| reply::text(tag, "name"));
            let notes = tag.get("count").map(reply::shown).unwrap_or_default();
            table.push([Cell::new(name).style(Style::Match), Cell::new(notes)]);
        }
        context.out.table(&table)?;
        for file in reply::list(&reply, "files") {
            let shown = context.out.styled(&super::rows::shown_path(file), Style::Path);
            context.out.line(shown)?;
        }
        Ok(Outcome::Done)
    }
}
