//! Folders as wholes: making one, moving one elsewhere, reading a symbolic link in one.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, RenameFlags};

use super::{Dir, IoContext, StoreError, StoreStat};
use crate::types::NotePath;

impl Dir {
    /// Makes the folder at `rel` with permission bits `mode` (less the umask).
    ///
    /// # Errors
    /// What mkdirat(2) says; `EEXIST` where something is there.
    pub fn make_dir(&self, rel: &NotePath, mode: u32) -> Result<(), StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        rustix::fs::mkdirat(&parent, rel.name(), Mode::from_raw_mode(mode)).context("make folder", self.shown(rel))
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

    /// Moves what is at `from` to `to` below another directory of the same filesystem; nothing is replaced.
    /// Durable when it returns.
    ///
    /// # Errors
    /// What renameat2(2) says; `EEXIST` where something is at `to`.
    pub fn move_to(&self, from: &NotePath, target: &Self, to: &NotePath) -> Result<(), StoreError> {
        let (old, new) = (self.open_dir(&from.parent())?, target.open_dir(&to.parent())?);
        rustix::fs::renameat_with(&old, from.name(), &new, to.name(), RenameFlags::NOREPLACE)
            .context("rename", self.shown(from))?;
        rustix::fs::fsync(&new).context("fsync folder of", target.shown(to))?;
        rustix::fs::fsync(&old).context("fsync folder of", self.shown(from))
    }

    /// What the symbolic link at `rel` says.
    ///
    /// # Errors
    /// What readlinkat(2) says.
    pub fn read_link(&self, rel: &NotePath) -> Result<Vec<u8>, StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        let target =
            rustix::fs::readlinkat(&parent, rel.name(), Vec::new()).context("read link", self.shown(rel))?;
        Ok(target.into_bytes())
    }

    /// Attributes of an entry of this very directory.
    ///
    /// # Errors
    /// What statx(2) says.
    pub fn stat_entry(&self, name: &std::ffi::OsStr) -> Result<StoreStat, StoreError> {
        StoreStat::at(self.as_fd(), name).context("read attributes of", self.path().join(name))
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
