//! `cdx config`: the merged settings of the program and where each comes from.

use clap::Args;

use super::Context;
use super::error::{CliError, Outcome};
use super::output::{Cell, Style, Table};

/// Shows settings, and where each value comes from
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx config
  CODEX_LISTEN=0.0.0.0:80 cdx config --json

Flags beat the environment, which beats config.toml in the home. Settings of a workspace are in its
.codex/workspace.yaml.")]
pub(crate) struct ShowConfig {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl ShowConfig {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let settings = context.config.settings.clone();
        if self.json {
            context.out.json(&settings)?;
            return Ok(Outcome::Done);
        }
        let mut table = Table::new(&["KEY", "VALUE", "FROM", "MEANING"]);
        for setting in &settings {
            let value = match &setting.value {
                Some(value) => Cell::new(value),
                None => Cell::new("(none)").style(Style::Dim),
            };
            let origin = Cell::new(setting.origin.to_string());
            table.push([Cell::new(setting.key), value, origin, Cell::new(setting.meaning).style(Style::Dim)]);
        }
        context.out.table(&table)?;
        Ok(Outcome::Done)
    }
}
