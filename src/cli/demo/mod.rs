//! `cdx demo`: a sample workspace, mounted and served in the background: the first thing a newcomer runs.

mod lab;
mod png;
mod random;
mod serving;
mod shelves;
mod signing_in;
mod store;
mod story;
mod views;
mod words;

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{Output, Style, tell};
use super::session::Session;
use super::{Context, init, site};
use crate::engine::Command;
use crate::index::system::SystemDb;
use crate::sys::{Dir, paths};
use crate::types::{Instant, NotePath};

const NAME: &str = "demo";

/// Makes a sample workspace, mounts and serves it, and says what to try
///
/// A lab's notes of thirty days, mounted and served in the background until `cdx demo --stop`. Its server has a home of
/// its own, and an account whose password is made for it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx demo                  in ./demo: the files in demo/store, mounted at demo/mnt, served at 127.0.0.1:8765
  cdx demo /tmp/lab
  cdx demo --stop           ends it; the files stay
  cdx demo && ls demo/mnt/tags")]
pub(crate) struct Demo {
    /// Where; made if it is missing
    #[arg(default_value = "demo")]
    dir: PathBuf,
    /// Ends what runs in the background
    #[arg(long, conflicts_with = "no_mount")]
    stop: bool,
    /// Only makes the workspace
    #[arg(long)]
    no_mount: bool,
}

/// Where a sample is to be found, for who reads of it.
struct Shown {
    dir: PathBuf,
    /// What it is.
    made: String,
    /// Its address, and how to sign in.
    served: Option<(String, String)>,
}

impl Demo {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        if self.stop {
            return stop(context, &self.dir);
        }
        paths::make_dirs(&self.dir)?;
        let dir = paths::canonical(&self.dir)?;
        let (workspace, now) = (dir.join("store"), crate::sys::now());
        // From here on everything is the sample's, its home included.
        context.config = signing_in::settings(&dir)?;
        let made = make(context, &workspace, now)?;
        let served = if self.no_mount {
            None
        } else {
            let how = signing_in::account(&context.config)?;
            Some((address(context, serving::serve(context, &workspace, &dir.join("mnt"))?), how))
        };
        let shown = if self.dir.is_absolute() { dir } else { self.dir };
        print(&mut context.out, &Shown { dir: shown, made, served }, now)?;
        Ok(Outcome::Done)
    }
}

/// The address, and why it is another one than usual.
fn address(context: &Context, url: String) -> String {
    let usual = context.config.listen.rsplit(':').next().unwrap_or_default();
    let is_usual = usual == "0" || url.ends_with(&format!(":{usual}"));
    if is_usual { url } else { format!("{url} (port {usual} is another program's)") }
}

/// Makes the sample, or takes the one that is there; what it is.
fn make(context: &Context, workspace: &Path, now: Instant) -> Result<String, CliError> {
    let config = &context.config;
    if site::is_workspace(workspace) {
        // By an earlier version, or its home was removed.
        SystemDb::open(&config.home)?.register_workspace(NAME, workspace, &owner(context)?)?;
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
    let new = init::NewWorkspace { name: NAME, owner: &owner(context)?, notebooks: &notebooks, inbox: Some("lab") };
    init::create(config, workspace, &new)?;
    // A mount is usable before it is indexed; a newcomer's first listing is to be whole.
    let session = Session::find(config, Some(&workspace.to_string_lossy()))?;
    session.ask(&Command::Index { rebuild: false })?;
    Ok(format!(
        "{} files in {} notebooks with {} commits of thirty days",
        written.files,
        notebooks.len(),
        written.commits
    ))
}

/// Whose the sample is: the account that is there, else yours, until there is one.
fn owner(context: &Context) -> Result<String, CliError> {
    Ok(SystemDb::open(&context.config.home)?.default_owner(&context.config.user)?)
}

fn stop(context: &Context, dir: &Path) -> Result<Outcome, CliError> {
    let dir = paths::canonical(dir).unwrap_or_else(|_| dir.to_owned());
    let (home, workspace, mnt) = (dir.join(signing_in::HOME), dir.join("store"), dir.join("mnt"));
    if serving::stop(context, &home, &workspace, &mnt)? {
        tell(format!("stopped; the files are in {}", workspace.display()));
    } else {
        tell(format!("no demo is running at {}", mnt.display()));
    }
    Ok(Outcome::Done)
}

fn print(out: &mut Output, shown: &Shown, now: Instant) -> Result<(), CliError> {
    let [store, mnt, home] = ["store", "mnt", signing_in::HOME].map(|name| shown.dir.join(name).display().to_string());
    out.line(format!("{}:", shown.made))?;
    out.line(format!("  {store}  the files"))?;
    if let Some((address, how)) = &shown.served {
        out.line(format!("  {mnt}  the same, with tags, views, searches and past days as folders"))?;
        out.line(format!("  {address}  the same over HTTP: {how}"))?;
    }
    out.line("Try:")?;
    let mut hints =
        shown.served.as_ref().map_or_else(Vec::new, |(address, _)| hints_of_served(&mnt, &home, address, now));
    let cdx = program();
    hints.extend([
        (format!("{cdx} query -w {store} 'tag:experiment loss<0.05 sort:loss'"), "the same on the command line"),
        (format!("{cdx} search -w {store} learning rate"), "full text"),
        (format!("{cdx} log -w {store} lab/plan.md"), "every version is kept"),
        (format!("{cdx} undo -w {store}"), "takes your last change back"),
    ]);
    for (command, what) in hints {
        let what = out.styled(&format!("# {what}"), Style::Dim);
        out.line(format!("  {command}  {what}"))?;
    }
    if shown.served.is_some() {
        out.line(format!("Stop it: {cdx} demo --stop {}", shown.dir.display()))?;
    }
    Ok(())
}

/// What can be tried of a sample that is mounted and served, and what it shows.
fn hints_of_served(mnt: &str, home: &str, address: &str, now: Instant) -> Vec<(String, &'static str)> {
    let doing = store::run_with_status(now, "doing").unwrap_or_default();
    let doing = doing.name().to_string_lossy().into_owned();
    let url = address.split(' ').next().unwrap_or_default();
    vec![
        (format!("ls {mnt}/tags/experiment/gpu"), "a tag is a folder of hard links to your notes"),
        (format!("ln {mnt}/lab/plan.md {mnt}/tags/promising/"), "… that can be added to"),
        (format!("mv {mnt}/views/todo.cdx/doing/{doing} {mnt}/views/todo.cdx/done/"), "sets status: done"),
        (format!("ls '{mnt}/.codex/search/tag:experiment loss<0.05'"), "any query is a folder"),
        (format!("diff {mnt}/.codex/at/yesterday/lab/plan.md {mnt}/lab/plan.md"), "so is any day"),
        (format!("{url}/docs"), "in a browser: what the API offers"),
        (format!("{} user list --home {home}", program()), "who may sign in"),
    ]
}

/// How the user called us, so that what is printed can be pasted: `target/release/cdx` where it is not in `PATH`.
fn program() -> String {
    std::env::args().next().filter(|name| name.contains('/')).unwrap_or_else(|| "cdx".to_owned())
}
