//! `cdx log`: the history.

use clap::Args;
use serde_json::Value;

use super::error::{CliError, Outcome};
use super::output::{Style, printable};
use super::site::Named;
use super::{Context, reply};
use crate::engine::Command;

/// Lists recorded changes, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx log
  cdx log lab/runs/2026-11-02.md
  cdx log lab -n 5 --json")]
pub(crate) struct Log {
    /// A notebook, folder or file; renames are followed
    file: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 20, value_name = "N")]
    limit: usize,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Log {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = context.session()?;
        let is_workspace = |file: &str| session.site.file(file).is_ok_and(|named| named == Named::File(String::new()));
        let file = self.file.filter(|file| !is_workspace(file)).map(|file| session.file(&file)).transpose()?;
        let is_of_one = file.is_some();
        let reply = session.ask(&Command::Log { file, limit: self.limit })?;
        if self.json {
            context.out.json(&reply)?;
            return Ok(Outcome::Done);
        }
        for commit in commits(&reply) {
            print(context, commit, is_of_one)?;
        }
        Ok(Outcome::Done)
    }
}

fn commits(reply: &Value) -> &[Value] {
    reply.as_array().map_or_else(|| reply::list(reply, "commits"), Vec::as_slice)
}

fn print(context: &mut Context, commit: &Value, is_of_one: bool) -> Result<(), CliError> {
    let out = &mut context.out;
    let id = out.styled(reply::text(commit, "id").get(..8).unwrap_or_default(), Style::Match);
    let time = out.styled(&local(reply::text(commit, "time")), Style::Dim);
    let notebook = reply::text(commit, "notebook");
    let summary = printable(reply::text(commit, "summary"));
    let actor = printable(reply::text(commit, "actor"));
    let place = if notebook.is_empty() { String::new() } else { format!("{}  ", out.styled(notebook, Style::Path)) };
    out.line(format!("{id}  {time}  {place}{actor}  {summary}"))?;
    if is_of_one {
        return Ok(());
    }
    for change in reply::list(commit, "changes") {
        let kind = change.get(0).map_or_else(|| reply::text(change, "kind").to_owned(), reply::shown);
        let path = change.get(1).map_or_else(|| reply::text(change, "path").to_owned(), reply::shown);
        out.line(format!("    {kind} {}", printable(&path)))?;
    }
    Ok(())
}

/// A moment in the user's own zone, to the minute; as it came where it is none.
pub(crate) fn local(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(
        |_| time.to_owned(),
        |instant| instant.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    )
}
