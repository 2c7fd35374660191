//! `cdx mount`: mounts a workspace and serves it until ^C, or asks the engine that runs already.

mod background;
mod guard;
pub(crate) mod mountpoint;
pub(super) mod serving;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, Outcome};
use super::serve::control;
use super::session::Session;
use super::{Context, reply};
use crate::engine::{Command, EngineOptions, MountRequest};

pub(crate) use background::{Detached, announce, report};
pub(super) use guard::Guard;

/// Mounts a workspace: tags, views, searches and past days as folders
///
/// It serves until ^C, or until `cdx umount`; where an engine of the workspace runs already, it is asked for one more
/// mount.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx mount ~/lab ~/mnt                until ^C
  cdx mount lab ~/mnt --background     ended by `cdx umount ~/mnt`
  cdx mount lab ~/mnt --read-only")]
pub(crate) struct Mount {
    /// Its name, slug or directory
    #[arg(value_name = "WORKSPACE")]
    of: String,
    /// An empty directory outside of the workspace
    #[arg(value_name = "MOUNTPOINT")]
    mountpoint: PathBuf,
    #[command(flatten)]
    how: How,
    /// Returns once it is mounted; the log goes to .codex/cdx.log of the workspace
    #[arg(long)]
    background: bool,
    /// We are the process in the background: detach, and report over stdout
    #[arg(long, hide = true, conflicts_with = "background")]
    detached: bool,
    /// We are the guard of the daemon that started us
    #[arg(long, hide = true, conflicts_with_all = ["background", "detached"])]
    guard: bool,
}

/// How a mount is made.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct How {
    /// Nothing can be written through it
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Lets other users in, as far as permissions of the files allow (needs user_allow_other in /etc/fuse.conf)
    #[arg(long)]
    pub(crate) allow_other: bool,
    /// Answers extended attributes as not supported: faster `ls -l`
    #[arg(long)]
    pub(crate) no_xattr: bool,
}

impl From<How> for MountRequest {
    fn from(how: How) -> Self {
        Self { read_only: how.read_only, allow_other: how.allow_other, no_xattr: how.no_xattr }
    }
}

impl Mount {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        if self.guard {
            return guard::watch(&self.mountpoint);
        }
        if self.detached {
            return background::report(self.serve(context, background::announce));
        }
        let session = Session::find(&context.config, Some(&self.of))?;
        let mountpoint = mountpoint::prepare(&session.site.workspace, &self.mountpoint)?;
        if let Some(line) = by_running_engine(context, &session, &mountpoint, self.how)? {
            context.out.line(line)?;
        } else if self.background {
            let line = in_background(context, &session.site.workspace, &mountpoint, self.how)?;
            context.out.line(line)?;
        } else {
            let announce = |line: &str| {
                let mut out = super::output::Output::stdout();
                let _ = out.line(line).and_then(|()| out.flush());
            };
            return self.serve(context, announce);
        }
        Ok(Outcome::Done)
    }

    /// Opens an engine, mounts, and serves until it is told to end.
    fn serve(&self, context: &Context, announce: impl FnOnce(&str)) -> Result<Outcome, CliError> {
        let session = Session::find(&context.config, Some(&self.of))?;
        let options = EngineOptions {
            actor: session.actor.clone(),
            watch: true,
            serve: true,
            wait_for_scan: false,
            // A mount that only reads shows what the index keeps up to date all the same.
            read_only: false,
        };
        let signals = serving::Signals::catch()?;
        let _guard = guard::Guard::start(&session.site.workspace);
        let serving = serving::Serving::start(session.open_to_serve(&options)?, serving::Lasts::AsItsMounts);
        serving.mount_first(&self.mountpoint, self.how.into())?;
        let mut said = line(&session.site.workspace, &self.mountpoint);
        if serving.is_indexing() {
            said += "; it is being indexed for the first time, tags and views fill meanwhile (`cdx status`)";
        }
        announce(&said);
        serving.until_told_to_end(signals);
        Ok(Outcome::Done)
    }
}

/// The mount in a process that goes on after the command has returned; the line that says so.
fn in_background(context: &Context, workspace: &Path, mountpoint: &Path, how: How) -> Result<String, CliError> {
    let mut arguments: Vec<OsString> = vec!["mount".into()];
    let flags =
        [(how.read_only, "--read-only"), (how.allow_other, "--allow-other"), (how.no_xattr, "--no-xattr")].into_iter();
    arguments.extend(flags.filter_map(|(is_set, flag)| is_set.then_some(flag.into())));
    // It begins in another directory.
    let home = std::path::absolute(&context.config.home).unwrap_or_else(|_| context.config.home.clone());
    arguments.extend(["--detached".into(), "--home".into(), home.into(), "--".into()]);
    arguments.extend([workspace.into(), utf8(mountpoint)?.into()]);
    Detached { config: &context.config, arguments, log: workspace.join(".codex/cdx.log") }.start()
}

/// Lets the engine that runs already mount once more, where a server has closed the workspace after that has opened it
/// again; the line that says so.
pub(crate) fn by_running_engine(
    context: &Context,
    session: &Session,
    mountpoint: &Path,
    how: How,
) -> Result<Option<String>, CliError> {
    let command = Command::Mount {
        mountpoint: utf8(mountpoint)?.to_owned(),
        read_only: how.read_only,
        allow_other: how.allow_other,
        no_xattr: how.no_xattr,
    };
    let reply = match session.ask_running(&command)? {
        None if control::open(&context.config.home, &session.site.workspace) => session.ask_running(&command)?,
        reply => reply,
    };
    Ok(reply.map(|reply| {
        let at = reply::text(&reply, "mountpoint");
        let at = if at.is_empty() { mountpoint } else { Path::new(at) };
        format!("{} (by the engine that is running)", line(&session.site.workspace, at))
    }))
}

fn line(workspace: &Path, mountpoint: &Path) -> String {
    format!("{} is mounted at {}", workspace.display(), mountpoint.display())
}

pub(super) fn utf8(path: &Path) -> Result<&str, CliError> {
    path.to_str().ok_or_else(|| CliError::Usage(format!("{} is not UTF-8; choose another mountpoint", path.display())))
}
