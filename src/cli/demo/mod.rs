//! `cdx demo`: a sample workspace, mounted in the background: the first thing a newcomer runs.

mod lab;
mod png;
mod random;
mod shelves;
mod store;
mod story;
mod views;
mod words;

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, Outcome};
use super::mount::{self, How, mountpoint};
use super::output::{Style, tell};
use super::session::Session;
use super::{Context, init, mounts, site, umount};
use crate::engine::Command;
use crate::sys::{Dir, paths};
use crate::types::{Instant, NotePath};

const NAME: &str = "demo";

/// Makes and mounts a sample workspace, and says what to try
///
/// A lab's notes of thirty days, mounted in the background until `cdx demo --stop`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx demo                  in ./demo: the files in demo/store, mounted at demo/mnt
  cdx demo /tmp/lab
  cdx demo --stop           unmounts; the files stay
  cdx demo && ls demo/mnt/tags")]
pub(crate) struct Demo {
    /// Where; made if it is missing
    #[arg(default_value = "demo")]
    dir: PathBuf,
    /// Ends the mount in the background
    #[arg(long, conflicts_with = "no_mount")]
    stop: bool,
    /// Only makes the workspace
    #[arg(long)]
    no_mount: bool,
}

impl Demo {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        if self.stop {
            return stop(context, &self.dir);
        }
        paths::make_dirs(&self.dir)?;
        let dir = paths::canonical(&self.dir)?;
        let (workspace, now) = (dir.join("store"), crate::sys::now());
        let made = make(context, &workspace, now)?;
        let mnt = dir.join("mnt");
        if !self.no_mount {
            mount(context, &workspace, &mnt)?;
        }
        let shown = if self.dir.is_absolute() { dir } else { self.dir };
        print(context, &shown, &made, !self.no_mount, now)?;
        Ok(Outcome::Done)
    }
}

/// Makes the sample, or takes the one that is there; what it is.
fn make(context: &Context, workspace: &Path, now: Instant) -> Result<String, CliError> {
    if site::is_workspace(workspace) {
        return Ok("The sample that was there already".to_owned());
    }
    paths::make_dirs(workspace)?;
    if !Dir::open(workspace)?.list(&NotePath::root())?.is_empty() {
        return Err(CliError::Refused(format!(
            "{} is there and no workspace (the rest of an interrupted demo?); remove it, or name another directory",
            workspace.display()
        )));
    }
    tell("making a lab's notes of thirty days …");
    let written = store::write(workspace, now)?;
    // Last, since it is what makes the directory a workspace: an interrupted sample is none.
    let notebooks: Vec<String> = store::NOTEBOOKS.map(str::to_owned).to_vec();
    let new = init::NewWorkspace { name: NAME, owner: &context.config.user, notebooks: &notebooks, inbox: Some("lab") };
    init::create(&context.config, workspace, &new)?;
    // A mount is usable before it is indexed; a newcomer's first listing is to be whole.
    let session = Session::find(&context.config, Some(&workspace.to_string_lossy()))?;
    session.ask(&Command::Index { rebuild: false })?;
    Ok(format!(
        "{} files in {} notebooks with {} commits of thirty days",
        written.files,
        notebooks.len(),
        written.commits
    ))
}

fn mount(context: &Context, workspace: &Path, mnt: &Path) -> Result<(), CliError> {
    mounts::free(mnt);
    let is_dead = crate::fs::is_stale(mnt);
    if !is_dead && mounts::of(workspace).iter().any(|mount| mount.mountpoint == mnt) {
        return Ok(());
    }
    if !is_dead {
        paths::make_dirs(mnt)?;
    }
    let how = How::default();
    let path = mountpoint::prepare(workspace, mnt)?;
    let session = Session::find(&context.config, Some(&workspace.to_string_lossy()))?;
    if mount::by_running_engine(&session, &path, how)?.is_none() {
        mount::in_background(context, workspace, &path, how)?;
        // Whatever was changed in the sample meanwhile: a newcomer's first listing is to be whole.
        session.ask_running(&Command::Index { rebuild: false })?;
    }
    Ok(())
}

fn stop(context: &Context, dir: &Path) -> Result<Outcome, CliError> {
    let mnt = dir.join("mnt");
    match umount::unmount(context, &mnt) {
        Ok(()) => tell(format!("stopped; the files are in {}", dir.join("store").display())),
        Err(CliError::NotFound(_)) => tell(format!("no demo is running at {}", mnt.display())),
        Err(error) => return Err(error),
    }
    Ok(Outcome::Done)
}

fn print(context: &mut Context, dir: &Path, made: &str, is_mounted: bool, now: Instant) -> Result<(), CliError> {
    let (store, mnt) = (dir.join("store").display().to_string(), dir.join("mnt").display().to_string());
    let out = &mut context.out;
    out.line(format!("{made}:"))?;
    out.line(format!("  {store}  the files"))?;
    let mut hints: Vec<(String, &str)> = Vec::new();
    if is_mounted {
        out.line(format!("  {mnt}  the same, with tags, views, searches and past days as folders"))?;
        let doing = store::run_with_status(now, "doing").unwrap_or_default();
        let doing = doing.name().to_string_lossy().into_owned();
        hints.extend([
            (format!("ls {mnt}/tags/experiment/gpu"), "a tag is a folder of hard links to your notes"),
            (format!("ln {mnt}/lab/plan.md {mnt}/tags/promising/"), "… that can be added to"),
            (format!("mv {mnt}/views/todo.cdx/doing/{doing} {mnt}/views/todo.cdx/done/"), "sets status: done"),
            (format!("ls '{mnt}/.codex/search/tag:experiment loss<0.05'"), "any query is a folder"),
            (format!("diff {mnt}/.codex/at/yesterday/lab/plan.md {mnt}/lab/plan.md"), "so is any day"),
        ]);
    }
    let cdx = program();
    hints.extend([
        (format!("{cdx} query -w {store} 'tag:experiment loss<0.05 sort:loss'"), "the same on the command line"),
        (format!("{cdx} search -w {store} learning rate"), "full text"),
        (format!("{cdx} log -w {store} lab/plan.md"), "every version is kept"),
        (format!("{cdx} undo -w {store}"), "takes your last change back"),
    ]);
    out.line("Try:")?;
    for (command, what) in hints {
        let what = out.styled(&format!("# {what}"), Style::Dim);
        out.line(format!("  {command}  {what}"))?;
    }
    if is_mounted {
        out.line(format!("Stop it: {cdx} demo --stop {}", dir.display()))?;
    }
    Ok(())
}

/// How the user called us, so that what is printed can be pasted: `target/release/cdx` where it is not in `PATH`.
fn program() -> String {
    std::env::args().next().filter(|name| name.contains('/')).unwrap_or_else(|| "cdx".to_owned())
}
