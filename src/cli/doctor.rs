//! `cdx doctor`: what of this machine keeps Codex from working well, and the command that mends it.

use clap::Args;
use serde_json::json;

use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table, count, tell};
use super::{Context, site};
use crate::engine::Command;
use crate::engine::doctor::{self, Advice, Level, Machine, diagnose};
use crate::index::system::SystemDb;

/// Finds what is in the way on this machine, and what mends it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx doctor
  cdx doctor --json

Exit code 1 if something does not work.")]
pub(crate) struct Doctor {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let session = match context.session() {
            Ok(session) => Some(session),
            Err(error) if context.workspace.is_some() => return Err(error),
            Err(_) => None,
        };
        let workspace = session.as_ref().map(|session| session.site.workspace.as_path());
        let mut advice = diagnose(&Machine::look(workspace));
        // One that does not answer is named by every other command.
        let status = session.and_then(|session| session.ask_running(&Command::Status).ok().flatten());
        advice.extend(status.as_ref().map(doctor::of_running).unwrap_or_default());
        advice.extend(home(context));
        advice.sort_by_key(|advice| std::cmp::Reverse(advice.level));
        let is_broken = |advice: &Advice| advice.level == Level::Broken;
        let broken = advice.iter().filter(|one| is_broken(one)).count() as u64;
        let outcome = if broken == 0 { Outcome::Done } else { Outcome::DoesNotHold };
        if self.json {
            context.out.json(&json!({ "advice": advice }))?;
            return Ok(outcome);
        }
        context.out.table(&table(&advice))?;
        tell(match broken {
            0 => "nothing is in the way".to_owned(),
            n => format!("{} in the way", count(n, "thing is", "things are")),
        });
        Ok(outcome)
    }
}

fn table(all: &[Advice]) -> Table {
    let mut table = Table::default();
    for advice in all {
        let (word, style) = match advice.level {
            Level::Good => ("good", Style::Good),
            Level::Slow => ("slow", Style::Match),
            Level::Broken => ("broken", Style::Bad),
        };
        table.push([Cell::new(word).style(style), Cell::new(advice.about), Cell::new(&advice.message)]);
        if let Some(command) = &advice.command {
            table.push([Cell::new(""), Cell::new(""), Cell::new(format!("→ {command}")).style(Style::Bold)]);
        }
    }
    table
}

/// Registered workspaces that are not where they were, and settings that nobody reads.
fn home(context: &Context) -> Vec<Advice> {
    let advice = |about, level, message, command: &str| {
        let command = (!command.is_empty()).then(|| command.to_owned());
        Advice { about, level, message, command }
    };
    let warnings = context.config.warnings.iter();
    let mut found: Vec<Advice> = warnings.map(|text| advice("settings", Level::Slow, text.clone(), "")).collect();
    if !site::has_system_db(&context.config) {
        return found;
    }
    match SystemDb::open(&context.config.home).and_then(|db| db.workspaces()) {
        Ok(rows) => found.extend(rows.into_iter().filter(|row| !site::is_workspace(&row.path)).map(|row| {
            let message = format!("the workspace {} is no longer at {}", row.name, row.path.display());
            advice("workspaces", Level::Slow, message, "if it was moved: cdx init DIR, where it is now")
        })),
        Err(error) => found.push(advice("home", Level::Broken, error.to_string(), "")),
    }
    found
}
