//! A directory to mount at, on behalf of somebody over the network: below one of the roots of the configuration, reached
//! through no link, empty.

use std::path::{Path, PathBuf};

use crate::api::error::{Answer, ApiError};
use crate::sys::{Dir, FileKind, StoreError, StoreStat, paths};
use crate::types::NotePath;

/// See the module.
#[derive(Debug)]
pub(super) struct Place {
    root: Dir,
    rel: NotePath,
    /// The device that the directory is on while nothing is mounted there.
    device: u64,
}

impl Place {
    /// Opens it; the directory is made where it alone is missing. A path that is not absolute is below the first root.
    ///
    /// # Errors
    /// 403 outside of the roots or behind a link, 404 without a parent, 409 for what is no empty directory.
    pub(super) fn open(roots: &[PathBuf], path: &str) -> Answer<Self> {
        let (root, rel) = below(roots, path)?;
        paths::make_dirs(&root)?;
        let root = Dir::open(paths::canonical(&root)?)?;
        match root.stat(&rel) {
            Ok(stat) if stat.is_dir() => {}
            Ok(stat) if stat.kind == FileKind::Symlink => return Err(outside()),
            Ok(_) => return Err(ApiError::conflict("there is a file at that path")),
            Err(error) if error.is_not_found() => {
                root.open_dir(&rel.parent()).map_err(refused)?;
                root.make_dir(&rel, 0o700).map_err(refused)?;
            }
            Err(error) => return Err(refused(error)),
        }
        let folder = root.open_dir(&rel).map_err(refused)?;
        if !folder.list(&NotePath::root())?.is_empty() {
            return Err(ApiError::conflict("the directory is not empty, or something is mounted there"));
        }
        let device = StoreStat::of(&folder).map_err(|error| ApiError::internal(error.to_string()))?.key.dev;
        Ok(Self { root, rel, device })
    }

    /// Its path, without links.
    pub(super) fn path(&self) -> PathBuf {
        self.root.shown(&self.rel)
    }

    /// Whether something is mounted at just this place: mounting goes by path, and somebody may have put a link in the
    /// way since the directory was looked at.
    pub(super) fn is_mounted(&self) -> bool {
        let folder = self.root.open_dir(&self.rel).ok();
        folder.and_then(|folder| StoreStat::of(&folder).ok()).is_some_and(|stat| stat.key.dev != self.device)
    }
}

fn below(roots: &[PathBuf], path: &str) -> Answer<(PathBuf, NotePath)> {
    let wanted = Path::new(path);
    let found = match roots.first() {
        Some(root) if !wanted.is_absolute() => Some((root, wanted)),
        _ => roots.iter().find_map(|root| Some((root, wanted.strip_prefix(root).ok()?))),
    };
    let (root, rest) = found.ok_or_else(outside)?;
    let rel = NotePath::new(rest.as_os_str().as_encoded_bytes()).map_err(|_| outside())?;
    if rel.is_root() { Err(outside()) } else { Ok((root.clone(), rel)) }
}

fn outside() -> ApiError {
    ApiError::forbidden("nothing is mounted there; `mount_roots` of the server's configuration says where")
}

fn refused(error: StoreError) -> ApiError {
    match error.errno() {
        // A link on the way is no directory to who does not follow it.
        libc::ELOOP | libc::EXDEV | libc::ENOTDIR => outside(),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_empty_directories_below_the_roots() {
        let home = tempfile::tempdir().unwrap();
        let base = paths::canonical(home.path()).unwrap();
        let (root, outside) = (base.join("mnt"), base.join("outside"));
        for folder in [root.join("full/x"), root.join("empty"), outside.clone()] {
            paths::make_dirs(&folder).unwrap();
        }
        let dir = Dir::open(&root).unwrap();
        dir.make_symlink(outside.to_str().unwrap().as_bytes(), &NotePath::new("link").unwrap()).unwrap();
        let roots = [root.clone()];
        for (path, expected) in [
            (root.join("empty").to_str().unwrap(), 0),
            ("empty", 0),
            ("made", 0),
            ("full", 409),
            ("full/x/deep", 0),
            ("no/parent", 404),
            ("link", 403),
            ("link/x", 403),
            ("../outside", 403),
            ("", 403),
            (".", 403),
            (outside.to_str().unwrap(), 403),
            (root.to_str().unwrap(), 403),
            ("/", 403),
        ] {
            let status = Place::open(&roots, path).map_or_else(|error| error.status.as_u16(), |_| 0);
            assert_eq!(status, expected, "{path}");
        }
        assert!(!Place::open(&roots, "empty").unwrap().is_mounted());
    }
}
