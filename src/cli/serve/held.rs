//! Workspaces that another process has: a server that starts says so, since it cannot serve them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::Opener;
use crate::cli::error::CliError;
use crate::cli::mounts;
use crate::cli::output::tell;
use crate::engine::{Command, Engine, EngineError, Requester, holder_of, is_held};
use crate::index::system::SystemDb;
use crate::types::Actor;

/// How long a command, or a daemon that is ending, is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says which of the registered workspaces are not served for now, and what to do.
pub(super) fn tell_of_held(home: &Path) -> Result<(), CliError> {
    for row in SystemDb::open(home)?.workspaces()? {
        if is_held(&row.path) {
            tell(format!("cdx: the workspace {}; it is served once that has ended", in_words(&row.name, &row.path)));
        }
    }
    Ok(())
}

/// Opens a workspace that is to be mounted at once. A command that has it for its own length is waited for.
pub(super) fn open(server: &Opener, home: &Path, named: &str) -> Result<Arc<Engine>, CliError> {
    let began = Instant::now();
    loop {
        match server.open(named) {
            Err(EngineError::Held(said)) => {
                let row = SystemDb::open(home)?.find_workspace(named)?;
                let Some(row) = row else { return Err(EngineError::Held(said).into()) };
                if began.elapsed() >= PATIENCE || lasts(&row.path) {
                    return Err(CliError::Refused(format!("the workspace {}", in_words(&row.name, &row.path))));
                }
                std::thread::sleep(Duration::from_millis(30));
            }
            other => return Ok(other?),
        }
    }
}

/// Whether whoever has the workspace takes commands: a daemon, which does not end by itself.
fn lasts(workspace: &Path) -> bool {
    let by = Requester { actor: Actor::User(String::new()), gesture: None };
    matches!(crate::engine::command::ask_running(workspace, &Command::Status, &by), Ok(Some(_)))
}

fn in_words(name: &str, workspace: &Path) -> String {
    let holder = holder_of(workspace);
    let by = holder.as_ref().map_or_else(
        || "another process".to_owned(),
        |holder| format!("process {} (`{}`)", holder.pid, holder.command),
    );
    let mounts = mounts::of(workspace);
    let ends = match (mounts.is_empty(), holder) {
        (true, Some(holder)) => format!("; `kill {}` ends that", holder.pid),
        (true, None) => String::new(),
        (false, _) => {
            let unmount = |mount: &mounts::Mounted| format!("`cdx umount {}`", mount.mountpoint.display());
            format!("; {} ends that", mounts.iter().map(unmount).collect::<Vec<_>>().join(" with "))
        }
    };
    format!("`{name}` at {} is in use by {by}{ends}", workspace.display())
}
