//! Where a command acts: the workspace, and how the user's file arguments and our printed paths relate to it.

use std::path::{Component, Path, PathBuf};

use super::error::CliError;
use super::mounts;
use crate::config::Config;
use crate::index::system::SystemDb;
use crate::sys::{StoreStat, paths};

/// The workspace of a command, seen from the current directory.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The workspace's directory, without links.
    pub(crate) workspace: PathBuf,
    /// The current directory.
    cwd: PathBuf,
    /// The store or the mount that holds the current directory.
    root: Option<PathBuf>,
}

/// What a file argument names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// `notebook/path` (`""`: the workspace itself), as commands take it.
    File(String),
    /// An entry of a tag or view folder of a mount: the inode number of its note.
    Entry(u64),
}

impl Site {
    /// The workspace that `-w` names, else the one that holds the current directory, else the configured one.
    pub(crate) fn find(config: &Config, flag: Option<&str>) -> Result<Self, CliError> {
        let cwd = std::env::current_dir()
            .map_err(|error| CliError::NotFound(format!("the current directory is gone ({error}); cd to one")))?;
        let around = around(&cwd);
        if let Some(named) = flag {
            let workspace = named_workspace(config, named)?;
            let root = around.filter(|(found, _)| *found == workspace).map(|(_, root)| root);
            return Ok(Self { workspace, cwd, root });
        }
        if let Some((workspace, root)) = around {
            return Ok(Self { workspace, cwd, root: Some(root) });
        }
        if let Some(named) = &config.workspace {
            return Ok(Self { workspace: named_workspace(config, named)?, cwd, root: None });
        }
        Err(CliError::NotFound(format!(
            "no workspace holds {}; cd into one, name one with -w{}, or make one with `cdx init`",
            cwd.display(),
            known(config)
        )))
    }

    /// What a file argument names: relative to the current directory where that is in the workspace,
    /// else relative to the workspace.
    pub(crate) fn file(&self, argument: &str) -> Result<Named, CliError> {
        let path = self.whole(argument);
        if let Ok(inside) = path.strip_prefix(&self.workspace) {
            return utf8(inside).map(Named::File);
        }
        for mount in mounts::of(&self.workspace) {
            if let Ok(inside) = path.strip_prefix(&mount.mountpoint) {
                return within_mount(inside, &path);
            }
        }
        Err(CliError::Usage(format!("{argument} is not in the workspace {}", self.workspace.display())))
    }

    /// `FILE@REV` taken apart; a file whose whole name is there is no revision.
    pub(crate) fn split_revision<'a>(&self, argument: &'a str) -> (&'a str, Option<&'a str>) {
        if StoreStat::at(rustix::fs::CWD, self.whole(argument)).is_ok() {
            return (argument, None);
        }
        match argument.rsplit_once('@') {
            Some((file, revision)) if !file.is_empty() && !revision.is_empty() => (file, Some(revision)),
            _ => (argument, None),
        }
    }

    /// How a path of the workspace is reached from the current directory, for programs that open it.
    pub(crate) fn reachable(&self, notebook: &str, path: &str) -> PathBuf {
        let whole = self.root.as_ref().unwrap_or(&self.workspace).join(notebook).join(path);
        whole.strip_prefix(&self.cwd).map(Path::to_owned).unwrap_or(whole)
    }

    /// The argument as a whole path: links on the way resolved, the last component left as it is.
    fn whole(&self, argument: &str) -> PathBuf {
        let base = if self.root.is_some() { &self.cwd } else { &self.workspace };
        let path = lexical(&base.join(argument));
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path };
        let mut missing = vec![name.to_owned()];
        let mut existing = parent;
        loop {
            if let Ok(mut found) = paths::canonical(existing) {
                found.extend(missing.iter().rev());
                return found;
            }
            match (existing.parent(), existing.file_name()) {
                (Some(parent), Some(name)) => {
                    missing.push(name.to_owned());
                    existing = parent;
                }
                _ => return path,
            }
        }
    }
}

/// The workspace that holds a directory, and the root (store or mountpoint) it was found under.
fn around(cwd: &Path) -> Option<(PathBuf, PathBuf)> {
    if let Some(mount) = mounts::holding(cwd) {
        return Some((mount.workspace, mount.mountpoint));
    }
    cwd.ancestors().find(|folder| is_workspace(folder)).map(|folder| (folder.to_owned(), folder.to_owned()))
}

/// Whether a directory is a workspace. A notebook has a `.codex` too, without these.
pub(crate) fn is_workspace(folder: &Path) -> bool {
    ["workspace.yaml", "journal.db"].iter().any(|file| paths::stat(&folder.join(".codex").join(file)).is_ok())
}

/// The directory of the workspace of a name, a slug or a directory.
pub(crate) fn named_workspace(config: &Config, named: &str) -> Result<PathBuf, CliError> {
    if let Ok(path) = paths::canonical(Path::new(named)) {
        if is_workspace(&path) {
            return Ok(path);
        }
        if let Some(mount) = mounts::all().into_iter().rfind(|mount| mount.mountpoint == path) {
            return Ok(mount.workspace);
        }
    }
    let row = if has_system_db(config) { SystemDb::open(&config.home)?.find_workspace(named)? } else { None };
    match row {
        Some(row) if is_workspace(&row.path) => Ok(paths::canonical(&row.path)?),
        Some(row) => Err(CliError::NotFound(format!(
            "the workspace `{named}` was at {}, where none is now; if it was moved, `cdx init` it where it is",
            row.path.display()
        ))),
        None if Path::new(named).is_dir() => {
            Err(CliError::NotFound(format!("{named} is no workspace; `cdx init {named}` makes it one")))
        }
        None => Err(CliError::NotFound(format!("no workspace `{named}`{}", known(config)))),
    }
}

/// Whether there is a system database to look into; reading must not make one.
pub(crate) fn has_system_db(config: &Config) -> bool {
    paths::stat(&config.home.join("codex_system.db")).is_ok()
}

/// ` (there are a, b)`, for messages.
fn known(config: &Config) -> String {
    let rows = if has_system_db(config) {
        SystemDb::open(&config.home).and_then(|db| db.workspaces()).unwrap_or_default()
    } else {
        Vec::new()
    };
    let names: Vec<String> = rows.into_iter().map(|row| row.slug).collect();
    if names.is_empty() { String::new() } else { format!(" (there are {})", names.join(", ")) }
}

fn within_mount(inside: &Path, whole: &Path) -> Result<Named, CliError> {
    let first = inside.components().next().map(|part| part.as_os_str().to_owned());
    if first.is_none_or(|name| !crate::types::RESERVED_NAMES.iter().any(|reserved| name == *reserved)) {
        return utf8(inside).map(Named::File);
    }
    let stat = StoreStat::at(rustix::fs::CWD, whole).map_err(|error| {
        CliError::NotFound(format!("cannot find {}: {}", whole.display(), std::io::Error::from(error)))
    })?;
    if !stat.is_file() {
        return Err(CliError::Usage(format!("{} is no note; name the note itself", whole.display())));
    }
    Ok(Named::Entry(stat.key.ino))
}

fn utf8(path: &Path) -> Result<String, CliError> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        CliError::Usage(format!("{} is not UTF-8, so it is not indexed; rename it first", path.display()))
    })
}

/// The path without `.` and `..`, by its text alone.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(root: Option<&str>, cwd: &str) -> Site {
        Site { workspace: "/none/ws".into(), cwd: cwd.into(), root: root.map(Into::into) }
    }

    #[test]
    fn arguments_are_relative_to_the_current_directory_inside_and_to_the_workspace_outside() {
        let named = |site: &Site, argument: &str| match site.file(argument) {
            Ok(Named::File(path)) => path,
            other => format!("{other:?}"),
        };
        let inside = site(Some("/none/ws"), "/none/ws/lab/runs");
        assert_eq!(named(&inside, "a.md"), "lab/runs/a.md");
        assert_eq!(named(&inside, "../plan.md"), "lab/plan.md");
        assert_eq!(named(&inside, "/none/ws/lab/./x.md"), "lab/x.md");
        assert!(named(&inside, "../../../other/x.md").contains("not in the workspace"));
        let outside = site(None, "/elsewhere");
        assert_eq!(named(&outside, "lab/a.md"), "lab/a.md");
    }

    #[test]
    fn printed_paths_can_be_opened_from_here() {
        let shown = |site: &Site| site.reachable("lab", "runs/a.md").display().to_string();
        assert_eq!(shown(&site(Some("/none/ws"), "/none/ws/lab")), "runs/a.md");
        assert_eq!(shown(&site(Some("/mnt"), "/mnt/papers")), "/mnt/lab/runs/a.md");
        assert_eq!(shown(&site(None, "/elsewhere")), "/none/ws/lab/runs/a.md");
    }

    #[test]
    fn a_revision_follows_the_last_at_sign() {
        let site = site(None, "/elsewhere");
        assert_eq!(site.split_revision("a@b.md@yesterday"), ("a@b.md", Some("yesterday")));
        assert_eq!(site.split_revision("a.md"), ("a.md", None));
    }
}
