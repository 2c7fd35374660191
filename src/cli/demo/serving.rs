//! The sample's server: one process in the background that mounts and serves it, found again by the socket in its home.

use std::path::Path;
use std::time::{Duration, Instant};

use super::NAME;
use crate::cli::error::CliError;
use crate::cli::mount::{self, Detached, How, mountpoint};
use crate::cli::serve::control;
use crate::cli::session::Session;
use crate::cli::{Context, mounts, umount};
use crate::config::Config;
use crate::engine::Command;
use crate::sys::paths;

/// How long a server is given to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sees to it that the sample is mounted at `mnt` and served; the address.
pub(super) fn serve(context: &Context, workspace: &Path, mnt: &Path) -> Result<String, CliError> {
    mounts::free(mnt);
    if let Some(url) = running(context, workspace, mnt)? {
        return Ok(url);
    }
    if !crate::fs::is_stale(mnt) {
        paths::make_dirs(mnt)?;
    }
    let at = mountpoint::prepare(workspace, mnt)?;
    let config = &context.config;
    let arguments = vec![
        "serve".into(),
        "--detached".into(),
        "--home".into(),
        config.home.clone().into(),
        "--mount".into(),
        format!("{NAME}={}", mount::utf8(&at)?).into(),
    ];
    let url = Detached { config, arguments, log: config.home.join("server.log") }.start()?;
    // Whatever was changed in the sample meanwhile: a newcomer's first listing is to be whole.
    session(config, workspace)?.ask_running(&Command::Index { rebuild: false })?;
    Ok(url)
}

/// The address of the server that runs already, once the sample is mounted by it.
fn running(context: &Context, workspace: &Path, mnt: &Path) -> Result<Option<String>, CliError> {
    let Some(about) = control::about(&context.config.home) else { return Ok(None) };
    let is_mounted = mounts::of(workspace).iter().any(|mount| mount.mountpoint == mnt) && !crate::fs::is_stale(mnt);
    if !is_mounted {
        let at = mountpoint::prepare(workspace, mnt)?;
        let mounted = mount::by_running_engine(context, &session(&context.config, workspace)?, &at, How::default())?;
        if mounted.is_none() {
            return Err(CliError::Refused(format!(
                "the server of the sample, process {}, does not mount it; `cdx demo --stop`, then try again",
                about.pid
            )));
        }
    }
    Ok(Some(about.url))
}

fn session(config: &Config, workspace: &Path) -> Result<Session, CliError> {
    Session::find(config, Some(&workspace.to_string_lossy()))
}

/// Ends the server and takes away whatever one that was killed has left; whether there was anything to end.
pub(super) fn stop(context: &Context, home: &Path, workspace: &Path, mnt: &Path) -> Result<bool, CliError> {
    mounts::free(mnt);
    let about = control::about(home);
    if let Some(about) = &about
        && control::end(home)
    {
        wait_for_end(home, workspace, about.pid)?;
    }
    match umount::unmount(context, mnt) {
        Ok(()) => Ok(true),
        Err(CliError::NotFound(_)) => Ok(about.is_some()),
        Err(error) => Err(error),
    }
}

/// Until the server answers no more and has let go of the sample, so that what follows (`rm -r`) finds it at rest.
fn wait_for_end(home: &Path, workspace: &Path, pid: u32) -> Result<(), CliError> {
    let began = Instant::now();
    while control::about(home).is_some() || crate::engine::is_held(workspace) {
        if began.elapsed() > PATIENCE {
            return Err(CliError::Broken(format!(
                "process {pid}, which serves the sample, does not end; `kill -9 {pid}` ends it: what was saved is in the files"
            )));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
