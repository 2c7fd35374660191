//! `cdx doctor`: what of this machine keeps Codex from working well, and the command that mends it.

use clap::Args;
use serde_json::json;

use super::error::{CliError, Outcome};
use super::mount::mountpoint::fuse_problems;
use super::output::{Style, count, tell};
use super::{Context, mounts, site};
use crate::index::system::SystemDb;

/// Looks for what keeps Codex from working well on this machine, and names the command that mends it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx doctor
  cdx doctor --json")]
pub(crate) struct Doctor {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// A finding.
#[derive(Clone, Debug, serde::Serialize)]
struct Finding {
    /// What it is about.
    area: &'static str,
    what: String,
    mend: String,
}

impl Doctor {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let mut findings: Vec<Finding> = fuse_problems()
            .into_iter()
            .map(|problem| Finding { area: "fuse", what: problem.what.into(), mend: problem.mend.into() })
            .collect();
        findings.extend(stale_mounts());
        findings.extend(home(context));
        let outcome = if findings.is_empty() { Outcome::Done } else { Outcome::DoesNotHold };
        if self.json {
            context.out.json(&json!({ "findings": findings }))?;
            return Ok(outcome);
        }
        for finding in &findings {
            let area = context.out.styled(finding.area, Style::Bold);
            context.out.line(format!("{area}: {}", finding.what))?;
            context.out.line(format!("    {}", finding.mend))?;
        }
        tell(match findings.len() {
            0 => "nothing is in the way".to_owned(),
            n => count(n as u64, "finding", "findings"),
        });
        Ok(outcome)
    }
}

fn stale_mounts() -> Vec<Finding> {
    mounts::all()
        .into_iter()
        .filter(|mount| crate::fs::is_stale(&mount.mountpoint))
        .map(|mount| Finding {
            area: "mount",
            what: format!("the daemon of the mount at {} is dead", mount.mountpoint.display()),
            mend: format!("cdx umount {}", mount.mountpoint.display()),
        })
        .collect()
}

/// Registered workspaces that are not where they were, and unknown settings.
fn home(context: &Context) -> Vec<Finding> {
    let mut findings: Vec<Finding> = context
        .config
        .warnings
        .iter()
        .map(|warning| Finding { area: "settings", what: warning.clone(), mend: "mend or remove that line".into() })
        .collect();
    if !site::has_system_db(&context.config) {
        return findings;
    }
    match SystemDb::open(&context.config.home).and_then(|db| db.workspaces()) {
        Ok(rows) => findings.extend(rows.into_iter().filter(|row| !site::is_workspace(&row.path)).map(|row| Finding {
            area: "workspace",
            what: format!("the workspace {} is no longer at {}", row.name, row.path.display()),
            mend: "if it was moved: cdx init DIR where it is now".into(),
        })),
        Err(error) => findings.push(Finding {
            area: "home",
            what: error.to_string(),
            mend: format!("see to {}", context.config.home.display()),
        }),
    }
    findings
}
