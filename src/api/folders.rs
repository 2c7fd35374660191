//! Directories of workspaces that are made, and moved to a trash, on behalf of somebody over the network: only where the
//! configuration allows it, and never half.

use std::path::{Path, PathBuf};

use super::error::{Answer, ApiError};
use crate::engine::{Engine, find_workspace};
use crate::index::system::SystemDb;
use crate::sys::{Dir, StoreError, paths};
use crate::types::NotePath;

/// Where workspaces are made whose place nobody chose.
const DEFAULT: &str = "workspaces";

/// Beside a workspace, for those that are removed with their files.
const TRASH: &str = ".codex-trash";

/// A directory that is a workspace now; one that was made for it goes again, unless it is kept.
#[derive(Debug)]
pub(super) struct NewFolder {
    path: PathBuf,
    is_made: bool,
    is_kept: bool,
}

impl NewFolder {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The workspace is registered.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if self.is_kept || !self.is_made {
            return;
        }
        // Only what was made here, so that nothing of anybody's is lost: a folder that is not empty stays.
        let undo = || -> Result<(), StoreError> {
            let (parent, name) = Dir::open_parent(&self.path)?;
            let folder = parent.open_dir(&name)?;
            folder.remove_file(&part(".codex/workspace.yaml"))?;
            folder.remove_folder(&part(".codex"))?;
            parent.remove_folder(&name)
        };
        if let Err(error) = undo() {
            tracing::warn!(%error, "a new workspace's folder was left behind");
        }
    }
}

/// A new folder below the home, called like the workspace.
///
/// # Errors
/// The store's.
pub(super) fn make_default(home: &Path, name: &str) -> Answer<NewFolder> {
    let parent = home.join(DEFAULT);
    paths::make_dirs(&parent)?;
    let parent = Dir::open(paths::canonical(&parent)?)?;
    let slug = SystemDb::workspace_folder(name);
    let mut number = 1_u32;
    loop {
        let folder = if number == 1 { slug.clone() } else { format!("{slug}-{number}") };
        let rel = NotePath::new(&folder)?;
        match parent.make_dir(&rel, 0o755) {
            Ok(()) => return begin(parent.shown(&rel), true),
            Err(error) if error.errno() == libc::EEXIST && number < 10_000 => number += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// A folder at a path that the caller chose: below one of the roots, without leaving it by a link. One that is there is
/// taken as it is; nothing in it is changed.
///
/// # Errors
/// 403 outside of the roots, 409 inside of another workspace.
pub(super) fn make_at(roots: &[PathBuf], path: &str) -> Answer<NewFolder> {
    let wanted = Path::new(path);
    let outside = || {
        ApiError::forbidden("workspaces are not made there; `workspace_roots` of the server's configuration says where")
    };
    if !wanted.is_absolute() {
        return Err(ApiError::invalid("path", "a whole path is expected"));
    }
    let (root, rest) =
        roots.iter().find_map(|root| Some((root, wanted.strip_prefix(root).ok()?))).ok_or_else(outside)?;
    let root = Dir::open(paths::canonical(root)?)?;
    let rel = NotePath::new(rest.as_os_str().as_encoded_bytes()).map_err(|_| outside())?;
    if rel.is_root() {
        return Err(outside());
    }
    let is_made = match root.stat(&rel) {
        Ok(stat) if stat.is_dir() => false,
        Ok(_) => return Err(ApiError::conflict("there is a file at that path")),
        Err(error) if error.is_not_found() => {
            root.open_dir(&rel.parent()).map_err(|_| outside())?;
            root.make_dir(&rel, 0o755)?;
            true
        }
        // A link on the way is not followed.
        Err(error) if matches!(error.errno(), libc::ELOOP | libc::EXDEV) => return Err(outside()),
        Err(error) => return Err(error.into()),
    };
    // Opened below the root, through no link.
    root.open_dir(&rel).map_err(|_| outside())?;
    let path = root.shown(&rel);
    if find_workspace(&path).is_some_and(|found| found != path) {
        return Err(ApiError::conflict("that folder is in another workspace"));
    }
    begin(path, is_made)
}

fn begin(path: PathBuf, is_made: bool) -> Answer<NewFolder> {
    let folder = NewFolder { path, is_made, is_kept: false };
    Engine::init(&folder.path, &[])?;
    Ok(folder)
}

/// Moves a workspace's files to the trash beside it; where they are then.
///
/// # Errors
/// The store's.
pub(super) fn to_trash(path: &Path) -> Result<PathBuf, StoreError> {
    let (parent, name) = Dir::open_parent(path)?;
    let trash = parent.open_or_make_dir(&part(TRASH), 0o700)?;
    let now = jiff::Timestamp::now();
    let stamp = now.strftime("%Y%m%dT%H%M%S");
    for number in 0..1000 {
        let entry = NotePath::new(format!("{stamp}-{number}-{}", name.name().to_string_lossy()));
        let Ok(entry) = entry else { break };
        match parent.rename_into(&name, &trash, &entry, || ()) {
            Err(error) if error.errno() == libc::EEXIST => {}
            other => return other.map(|()| trash.shown(&entry)),
        }
    }
    let full = std::io::Error::from_raw_os_error(libc::EEXIST);
    Err(StoreError { action: "move to the trash", path: path.to_owned(), source: full })
}

fn part(text: &'static str) -> NotePath {
    NotePath::new(text).expect("the constants of this file are relative paths")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_kept_goes_and_one_that_was_there_stays() {
        let home = tempfile::tempdir().unwrap();
        let first = make_default(home.path(), "My Lab").unwrap();
        assert!(first.path().ends_with("workspaces/my-lab"));
        let second = make_default(home.path(), "my lab").unwrap();
        assert!(second.path().ends_with("workspaces/my-lab-2"));
        let at = second.path().to_owned();
        drop(second);
        assert!(!at.exists());
        first.keep();
        let there = home.path().join("workspaces/my-lab");
        assert!(there.join(".codex/workspace.yaml").exists());
        let trash = to_trash(&there).unwrap();
        assert!(!there.exists() && trash.join(".codex").exists());
    }

    #[test]
    fn a_chosen_path_stays_below_the_roots() {
        let home = tempfile::tempdir().unwrap();
        let base = paths::canonical(home.path()).unwrap();
        let (root, outside) = (base.join("root"), base.join("outside"));
        for folder in [root.join("old/notes"), outside.clone()] {
            paths::make_dirs(&folder).unwrap();
        }
        Dir::open(&root)
            .unwrap()
            .make_symlink(outside.to_str().unwrap().as_bytes(), &NotePath::new("link").unwrap())
            .unwrap();
        let roots = [root.clone()];
        let status = |path: PathBuf| match make_at(&roots, path.to_str().unwrap()) {
            Ok(folder) => {
                folder.keep();
                201
            }
            Err(error) => error.status.as_u16(),
        };
        for (path, expected) in [
            (root.join("new"), 201),
            (root.join("old"), 201),
            (root.join("old/notes/deep"), 409),
            (root.join("link"), 409),
            (root.join("link/x"), 403),
            (root.join("../outside"), 403),
            (root.clone(), 403),
            (outside, 403),
            (PathBuf::from("relative"), 422),
        ] {
            assert_eq!(status(path.clone()), expected, "{}", path.display());
        }
    }
}
