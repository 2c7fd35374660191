//! Folders as wholes: making one, naming one for calls that take a path.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::Mode;

use super::{Dir, IoContext, StoreError};
use crate::types::NotePath;

impl Dir {
    /// Makes the folder at `rel` with permission bits `mode` (less the umask); it outlives a power cut.
    ///
    /// # Errors
    /// What mkdirat(2) and fsync(2) say; `EEXIST` where something is there.
    pub fn make_dir(&self, rel: &NotePath, mode: u32) -> Result<(), StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        let made = rustix::fs::mkdirat(&parent, rel.name(), Mode::from_raw_mode(mode));
        made.context("make folder", self.shown(rel))?;
        parent.sync(&NotePath::root())
    }

    /// Opens the folder at `rel`, made with permission bits `mode` if it is missing.
    ///
    /// # Errors
    /// What the calls say.
    pub fn open_or_make_dir(&self, rel: &NotePath, mode: u32) -> Result<Self, StoreError> {
        match self.make_dir(rel, mode) {
            Ok(()) => {}
            Err(error) if error.errno() == libc::EEXIST => {}
            // On a read-only store it may still be there.
            Err(error) if error.errno() == libc::EROFS => {}
            Err(error) => return Err(error),
        }
        self.open_dir(rel)
    }

    /// A path of this directory that stays right when it is renamed, for calls that take no descriptor.
    #[must_use]
    pub fn stable_path(&self) -> std::path::PathBuf {
        use std::os::fd::AsRawFd;
        std::path::PathBuf::from(format!("/proc/self/fd/{}", self.as_fd().as_raw_fd()))
    }

    /// The directory that contains `path`'s last component, and that component; for a path that the user named.
    ///
    /// # Errors
    /// What open(2) says; `EINVAL` where the path has no last component.
    pub fn open_parent(path: &std::path::Path) -> Result<(Self, NotePath), StoreError> {
        let name = path.file_name().ok_or(rustix::io::Errno::INVAL).context("open", path)?;
        let name = NotePath::new(name.as_bytes()).map_err(|_| rustix::io::Errno::INVAL).context("open", path)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok((Self::open(parent.unwrap_or_else(|| std::path::Path::new(".")))?, name))
    }
}
