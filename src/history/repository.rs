//! The repository on disk: how it is laid out, how it is opened, and what a crash leaves of it.
//!
//! Laid out by hand: `git2::Repository::init` reads templates, checks owners and opens with the user's
//! configuration; four files and folders are all that git asks for.

use std::path::{Path, PathBuf};

use git2::{Config, ConfigLevel, Oid, Repository};
use parking_lot::Mutex;

use super::error::{Fault, HistoryError, Step, optional};
use super::isolation::isolate;
use super::residue;
use crate::sys::{Dir, IoContext, Replace, StoreError};
use crate::types::NotePath;

/// The branch that everything is recorded on.
pub(super) const BRANCH: &str = "refs/heads/main";

/// `core.fsync` is for the git program; packing by itself, hooks and reference logs are off.
const CONFIG: &str = "\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = false
\tfsync = all
\thooksPath = /dev/null
[gc]
\tauto = 0
[receive]
\tautogc = false
[maintenance]
\tauto = false
";

/// libgit2 flushes only where this key says so, and the git program calls it deprecated on every command; so
/// libgit2 alone reads it, from a file of ours.
const LIBGIT2_CONFIG: &str = "[core]\n\tfsyncObjectFiles = true\n";

/// For packs of many objects: libgit2 takes this key for the size above which it searches no deltas, and the search
/// is two thirds of an import's time. Folding finds them later.
const BULK_CONFIG: &str = "[pack]\n\tdeltaCacheSize = 1\n";

/// Handles kept open for reading; more are opened under load and dropped afterwards.
const KEPT_HANDLES: usize = 4;

/// An open repository: handles for any number of threads.
pub(super) struct Handles {
    path: PathBuf,
    idle: Mutex<Vec<Repository>>,
}

impl Handles {
    /// Opens the repository at `path`, which is made where it is missing and mended where a crash hurt it.
    pub(super) fn open(path: &Path) -> Result<Self, HistoryError> {
        let dir = lay_out(path)?;
        residue::clear(&dir)?;
        let handles = Self { path: path.to_owned(), idle: Mutex::default() };
        handles.with("open the repository", |repo| residue::check_head(repo, &dir))?;
        Ok(handles)
    }

    /// Opens the repository at `path` as it is, if there is one.
    pub(super) fn open_for_reading(path: &Path) -> Result<Option<Self>, HistoryError> {
        match Dir::open(path) {
            Err(error) if error.is_not_found() => return Ok(None),
            other => drop(other?),
        }
        let handles = Self { path: path.to_owned(), idle: Mutex::default() };
        handles.with("open the repository", |repo| Ok(head(repo).map(drop)?))?;
        Ok(Some(handles))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` with a handle of its own. A handle that lost sight of an object (packs were folded by us or
    /// by the user's own `git gc`) is replaced once.
    pub(super) fn with<T>(
        &self,
        action: &'static str,
        work: impl Fn(&Repository) -> Step<T>,
    ) -> Result<T, HistoryError> {
        let mut is_fresh = false;
        loop {
            let pooled = if is_fresh { None } else { self.idle.lock().pop() };
            is_fresh = pooled.is_none();
            let repo = pooled
                .map_or_else(|| open_handle(&self.path), Ok)
                .map_err(|source| self.error("open the repository", source))?;
            match work(&repo) {
                Ok(value) => {
                    self.put_back(repo);
                    return Ok(value);
                }
                Err(Fault::Git(error)) if !is_fresh && may_be_stale(&error) => {
                    self.forget();
                    is_fresh = true;
                }
                Err(Fault::Git(source)) => return Err(self.error(action, source)),
                Err(Fault::Told(error)) => {
                    self.put_back(repo);
                    return Err(error);
                }
            }
        }
    }

    /// Drops idle handles: after packs were folded their view of them is old.
    pub(super) fn forget(&self) {
        let old = std::mem::take(&mut *self.idle.lock());
        drop(old);
    }

    /// An error of this repository.
    pub(super) fn error(&self, action: &'static str, source: git2::Error) -> HistoryError {
        HistoryError::Git { repository: self.path.display().to_string(), action, source }
    }

    fn put_back(&self, repo: Repository) {
        let mut idle = self.idle.lock();
        if idle.len() < KEPT_HANDLES {
            idle.push(repo);
        }
    }
}

/// Whether a fresh handle may fare better.
fn may_be_stale(error: &git2::Error) -> bool {
    use git2::ErrorClass::{Indexer, Object, Odb, Os};
    error.code() == git2::ErrorCode::NotFound || matches!(error.class(), Odb | Os | Object | Indexer)
}

/// `open_bare` asks for no owner (a daemon that is root opens its users' repositories) and reads no environment.
fn open_handle(path: &Path) -> Result<Repository, git2::Error> {
    isolate();
    let repo = Repository::open_bare(path)?;
    repo.set_config(&own_config(path)?)?;
    Ok(repo)
}

/// The repository's own configuration and nothing of the user's.
pub(super) fn own_config(path: &Path) -> Result<Config, git2::Error> {
    isolate();
    let mut config = Config::new()?;
    config.add_file(&path.join("config"), ConfigLevel::Local, false)?;
    config.add_file(&path.join("codex.config"), ConfigLevel::Worktree, false)?;
    Ok(config)
}

/// What packs of new objects are written by: nothing is flushed, since they are published afterwards.
pub(super) fn pack_config(path: &Path, is_bulk: bool) -> Result<Config, git2::Error> {
    isolate();
    let mut config = Config::new()?;
    config.add_file(&path.join("config"), ConfigLevel::Local, false)?;
    if is_bulk {
        config.add_file(&path.join("bulk.config"), ConfigLevel::App, false)?;
    }
    Ok(config)
}

/// The newest commit; `None` before the first.
pub(super) fn head(repo: &Repository) -> Result<Option<Oid>, git2::Error> {
    optional(repo.refname_to_id(BRANCH))
}

/// `text` as a path within the repository.
pub(super) fn inside(text: &str) -> NotePath {
    NotePath::new(text).expect("paths within the repository are relative and well formed")
}

fn lay_out(path: &Path) -> Result<Dir, HistoryError> {
    let dir = open_or_make(path)?;
    let entries = dir.list(&NotePath::root())?;
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if !entries.is_empty() && !has("objects") && !has("HEAD") && !has("config") {
        let problem = "the folder is in its place but is no git repository; move it away".to_owned();
        return Err(HistoryError::Damaged { repository: path.display().to_string(), problem });
    }
    for folder in ["objects/pack", "objects/info", "refs/heads", "refs/tags", "incoming"] {
        dir.make_dirs(&inside(folder))?;
    }
    // One who was killed may have made some of them.
    for folder in [NotePath::root(), inside("objects"), inside("refs")] {
        dir.sync(&folder)?;
    }
    let files = [
        ("config", CONFIG),
        ("codex.config", LIBGIT2_CONFIG),
        ("bulk.config", BULK_CONFIG),
        ("HEAD", "ref: refs/heads/main\n"),
    ];
    for (name, text) in files {
        // A power cut leaves empty files where a program did not flush; ours are flushed, foreign ones may not be.
        if dir.stat(&inside(name)).map_or(true, |stat| stat.size == 0) || is_damaged(path, name) {
            dir.write_durably(&inside(name), text.as_bytes(), Replace::KeepAttributes)?;
        }
    }
    Ok(dir)
}

/// Whether a configuration of ours does not say any more what it was made for.
fn is_damaged(path: &Path, name: &str) -> bool {
    let key = match name {
        "config" => "core.bare",
        "codex.config" => "core.fsyncObjectFiles",
        "HEAD" => {
            return !Dir::open(path).is_ok_and(|dir| {
                let head = dir.read(&inside(name), 4096).map(|(bytes, _)| bytes);
                head.is_ok_and(|head| head.starts_with(b"ref: refs/heads/"))
            });
        }
        _ => return false,
    };
    isolate();
    !Config::open(&path.join(name)).is_ok_and(|config| config.get_bool(key).is_ok_and(|value| value))
}

fn open_or_make(path: &Path) -> Result<Dir, StoreError> {
    match Dir::open(path) {
        Err(error) if error.is_not_found() => {}
        other => return other,
    }
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Dir::open(path);
    };
    let parent = open_or_make(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    let name =
        NotePath::new(name.as_encoded_bytes()).map_err(|_| rustix::io::Errno::INVAL).context("make folder", path)?;
    parent.make_dirs(&name)?;
    rustix::fs::fsync(&parent).context("fsync folder", parent.path())?;
    Dir::open(path)
}
