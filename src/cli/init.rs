//! `cdx init`: makes a directory a workspace.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, Outcome};
use super::output::{count, tell};
use super::session::Session;
use super::{Context, mounts, reply, site};
use crate::config::Config;
use crate::engine::Command;
use crate::index::system::SystemDb;
use crate::sys::{Dir, FileKind, Replace, paths};
use crate::types::{NotePath, NotebookName};

/// What a new workspace.yaml says: every setting with its default, so that it explains itself.
const SETTINGS: &str = "\
# Settings of this workspace. Unknown keys are kept.
tags: []                # tags that are there without any note
# inbox: lab            # the notebook that takes in new files without a place (needed with several notebooks)
ignore: []              # more patterns, as in .gitignore
timezone: UTC           # IANA name, of dates without a zone
week_starts: monday
rewrite_links: false    # whether renaming a note through the mount rewrites the links to it
history:
  text_max: 16 MiB      # larger text files are not recorded in the history
  binary_max: 1 MiB     # larger binary files neither
";

/// Makes a directory a workspace; its folders become notebooks
///
/// Every folder in it that is not hidden becomes a notebook; nothing in them is changed but for a `.codex` beside
/// your files, which holds the index and the history.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx init ~/lab                            its folders become notebooks
  cdx init ~/journal --notebook lab --notebook papers
  cdx init --name thesis --notebook main    below $CODEX_HOME/workspaces")]
pub(crate) struct Init {
    /// The directory (default: below $CODEX_HOME/workspaces); made if it is missing
    dir: Option<PathBuf>,
    /// What the workspace is called (default: as its directory)
    #[arg(long)]
    name: Option<String>,
    /// Makes an empty notebook; may be given several times
    #[arg(long = "notebook", value_name = "N")]
    notebooks: Vec<String>,
    /// Who owns it (default: you)
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
}

impl Init {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let dir = directory(&context.config, self.dir.as_deref(), self.name.as_deref())?;
        for name in &self.notebooks {
            NotebookName::new(name).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        let name = self.name.unwrap_or_else(|| name_of(&dir));
        let owner = match self.owner {
            Some(owner) => owner,
            None => default_owner(&context.config)?,
        };
        let new = NewWorkspace { name: &name, owner: &owner, notebooks: &self.notebooks, inbox: None };
        let made = create(&context.config, &dir, &new)?;
        let session = Session::find(&context.config, Some(&made.path.to_string_lossy()))?;
        let reply = session.ask(&Command::NotebookList)?;
        register_notebooks(&context.config, &session);
        let notebooks = reply::list(&reply, "notebooks");
        let what = if made.is_new { "made" } else { "was there already:" };
        context.out.line(format!(
            "{what} workspace {name} at {} with {}",
            made.path.display(),
            count(notebooks.len() as u64, "notebook", "notebooks")
        ))?;
        if notebooks.is_empty() {
            tell(format!("make a notebook: cdx notebook add lab -w {}", made.path.display()));
        } else {
            tell(format!("mount it: mkdir -p ~/mnt && cdx mount {} ~/mnt --background", made.path.display()));
        }
        Ok(Outcome::Done)
    }
}

/// A workspace that is there now.
pub(crate) struct Made {
    /// Its directory, without links.
    pub(crate) path: PathBuf,
    /// Whether it was none before.
    pub(crate) is_new: bool,
}

/// Who owns what is made on this machine: the server's owner, where there is a server; else you.
fn default_owner(config: &Config) -> Result<String, CliError> {
    if !site::has_system_db(config) {
        return Ok(config.user.clone());
    }
    Ok(SystemDb::open(&config.home)?.default_owner(&config.user)?)
}

/// What a workspace is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewWorkspace<'a> {
    pub(crate) name: &'a str,
    pub(crate) owner: &'a str,
    /// Notebooks that it has at least.
    pub(crate) notebooks: &'a [String],
    /// The notebook that takes in new files without a place.
    pub(crate) inbox: Option<&'a str>,
}

/// Makes `dir` a workspace, and registers it.
pub(crate) fn create(config: &Config, dir: &Path, new: &NewWorkspace<'_>) -> Result<Made, CliError> {
    paths::make_dirs(dir)?;
    let path = paths::canonical(dir)?;
    refuse_nesting(&path)?;
    let store = Dir::open(&path)?;
    refuse_reserved_folders(&store)?;
    let is_new = !site::is_workspace(&path);
    let part = |text: &str| NotePath::new(text).map_err(|error| CliError::Usage(format!("`{text}`: {error}")));
    store.make_dirs(&part(".codex")?)?;
    for notebook in new.notebooks {
        store.make_dirs(&part(notebook)?)?;
    }
    let settings = part(".codex/workspace.yaml")?;
    let text = match new.inbox {
        Some(inbox) => SETTINGS.replace("# inbox: lab  ", &format!("inbox: {inbox}    ")),
        None => SETTINGS.to_owned(),
    };
    match store.write_durably(&settings, text.as_bytes(), Replace::Never) {
        Err(error) if error.errno() != libc::EEXIST => return Err(error.into()),
        _ => {}
    }
    paths::make_dirs(&config.home)?;
    SystemDb::open(&config.home)?.register_workspace(new.name, &path, new.owner)?;
    Ok(Made { path, is_new })
}

/// Tells the system database which notebooks there are; it is a register, so that a failure is only a warning.
pub(crate) fn register_notebooks(config: &Config, session: &Session) {
    let register = || -> Result<(), CliError> {
        let db = SystemDb::open(&config.home)?;
        let Some(row) = db.find_workspace(&session.site.workspace.to_string_lossy())? else { return Ok(()) };
        let reply = session.ask(&Command::NotebookList)?;
        let names: Vec<String> =
            reply::list(&reply, "notebooks").iter().map(|n| reply::text(n, "name").to_owned()).collect();
        Ok(db.set_notebooks(row.id, &names)?)
    };
    if site::has_system_db(config)
        && let Err(error) = register()
    {
        tell(format!("cdx: warning: the list of notebooks in {} is out of date: {error}", config.home.display()));
    }
}

fn directory(config: &Config, dir: Option<&Path>, name: Option<&str>) -> Result<PathBuf, CliError> {
    match (dir, name) {
        (Some(dir), _) => Ok(dir.to_owned()),
        (None, Some(name)) => Ok(config.home.join("workspaces").join(slug(name)?)),
        (None, None) => Err(CliError::Usage(
            "name the directory (`cdx init ~/lab`), or a workspace to be made in the home (`cdx init --name lab`)"
                .into(),
        )),
    }
}

/// A folder name of a workspace's name.
fn slug(name: &str) -> Result<String, CliError> {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.map(str::to_lowercase).collect::<Vec<_>>().join("-");
    if slug.is_empty() {
        return Err(CliError::Usage(format!(
            "`{name}` has no letter or digit to name a folder by; name the directory"
        )));
    }
    Ok(slug)
}

fn name_of(dir: &Path) -> String {
    let named = paths::canonical(dir).unwrap_or_else(|_| dir.to_owned());
    named.file_name().map_or_else(|| "workspace".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn refuse_nesting(path: &Path) -> Result<(), CliError> {
    if let Some(mount) = mounts::holding(path) {
        return Err(CliError::Refused(format!(
            "{} is in the mount {} of a workspace; name a directory outside of it",
            path.display(),
            mount.mountpoint.display()
        )));
    }
    match path.ancestors().skip(1).find(|folder| site::is_workspace(folder)) {
        Some(outer) => Err(CliError::Refused(format!(
            "{} is in the workspace {}; make a notebook of it there (`cdx notebook add`)",
            path.display(),
            outer.display()
        ))),
        None => Ok(()),
    }
}

/// A folder that cannot be a notebook is said before anything is written.
fn refuse_reserved_folders(store: &Dir) -> Result<(), CliError> {
    for entry in store.list(&NotePath::root())? {
        let Some(name) = entry.name.to_str().filter(|name| !name.starts_with('.')) else { continue };
        if entry.kind == Some(FileKind::Directory)
            && let Err(error) = NotebookName::new(name)
        {
            return Err(CliError::Refused(format!("{error}; rename that folder of {} first", store.path().display())));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn slugs() {
        for (name, expected) in [("Lab", "lab"), ("My  thesis (2026)!", "my-thesis-2026"), ("実験 A", "実験-a")] {
            assert_eq!(super::slug(name).unwrap(), expected);
        }
        assert!(super::slug("../").is_err());
    }
}
