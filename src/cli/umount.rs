//! `cdx umount`: records what is pending, then takes a mount away.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::error::{CliError, Outcome};
use super::output::tell;
use super::session::Session;
use super::{Context, mounts};
use crate::engine::Command;
use crate::sys::paths;

/// How long the engine of the last mount is given to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Records what is pending in the history, then unmounts
///
/// It does so even while files are open; they keep working until they are closed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cdx umount ~/mnt")]
pub(crate) struct Umount {
    /// Where it is mounted
    mountpoint: PathBuf,
}

impl Umount {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        unmount(context, &self.mountpoint)?;
        Ok(Outcome::Done)
    }
}

/// Unmounts by the engine that mounted; where none answers, without it.
pub(crate) fn unmount(context: &Context, mountpoint: &Path) -> Result<(), CliError> {
    let whole = std::path::absolute(mountpoint)
        .map_err(|error| CliError::Usage(format!("{}: {error}", mountpoint.display())))?;
    mounts::free(&whole);
    // Fails where the daemon is dead; then the path is as it was given.
    let path = paths::canonical(&whole).unwrap_or(whole);
    let Some(mount) = mounts::all().into_iter().rfind(|mount| mount.mountpoint == path) else {
        return Err(CliError::NotFound(format!(
            "no workspace is mounted at {}; `cdx status` lists mounts",
            mountpoint.display()
        )));
    };
    let text = path.to_str().ok_or_else(|| CliError::Usage(format!("{} is not UTF-8", path.display())))?;
    let command = Command::Unmount { mountpoint: text.to_owned() };
    let session = Session::find(&context.config, Some(&mount.workspace.to_string_lossy()));
    let ends = match session.as_ref().map(|session| session.ask_running(&command)) {
        // A server goes on without its mounts.
        Ok(Ok(Some(reply))) => reply.get("ends") == Some(&Value::Bool(true)),
        Ok(Ok(None)) | Err(_) => {
            tell(format!("no engine answers for {}; unmounting without it", mount.workspace.display()));
            crate::fs::detach(&path)
                .map_err(|error| CliError::Refused(format!("cannot unmount {}: {error}", mountpoint.display())))?;
            mounts::of(&mount.workspace).is_empty()
        }
        Ok(Err(error)) => return Err(error),
    };
    if ends {
        wait_for_end(&mount.workspace);
    }
    Ok(())
}

/// Until the engine has let go of the workspace, so that what follows (`rm -r`, a backup) finds it at rest.
fn wait_for_end(workspace: &Path) {
    let began = Instant::now();
    while began.elapsed() < PATIENCE && crate::engine::is_held(workspace) {
        std::thread::sleep(Duration::from_millis(20));
    }
}
