//! Changes of files that are there already: overwritten in place, moved between directories, made executable.

use std::fs::File;
use std::os::unix::fs::FileExt;

use rustix::fs::{Access, AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::{Dir, FaultPoint, IoContext, StoreError, StoreStat, pass, reach};
use crate::types::NotePath;

/// A file opened to be overwritten in place.
#[derive(Debug)]
pub struct InPlace {
    file: File,
    shown: std::path::PathBuf,
}

impl InPlace {
    /// Its attributes now.
    ///
    /// # Errors
    /// What statx(2) says.
    pub fn stat(&self) -> Result<StoreStat, StoreError> {
        StoreStat::of(&self.file).context("read attributes of", &self.shown)
    }

    /// Its bytes now, at most `limit`.
    ///
    /// # Errors
    /// What pread(2) says.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, StoreError> {
        let size = self.stat()?.size.min(limit);
        let mut bytes = vec![0; usize::try_from(size).map_err(|_| Errno::FBIG).context("read", &self.shown)?];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], filled as u64).context("read", &self.shown)? {
                0 => break,
                n => filled += n,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Writes `bytes` over what it holds. Longer contents are made room for first, so that a full disk is
    /// noticed before a byte is lost.
    ///
    /// # Errors
    /// What the calls say; ENOSPC leaves the old bytes whole.
    pub fn overwrite(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let old = self.stat()?.size;
        let new = bytes.len() as u64;
        if new > old {
            match rustix::fs::fallocate(&self.file, rustix::fs::FallocateFlags::KEEP_SIZE, old, new - old) {
                // A filesystem without the call finds out as it writes.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
                Err(error) => return Err(error).context("make room in", &self.shown),
            }
        }
        // In two parts where a test may want to be between them.
        let (half, rest) = bytes.split_at(if cfg!(debug_assertions) { bytes.len() / 2 } else { 0 });
        self.file.write_all_at(half, 0).context("write", &self.shown)?;
        pass(FaultPoint::InPlaceHalf);
        self.file.write_all_at(rest, half.len() as u64).context("write", &self.shown)?;
        if new < old {
            rustix::fs::ftruncate(&self.file, new).context("cut", &self.shown)?;
        }
        Ok(())
    }

    /// Waits until its bytes are on disk.
    ///
    /// # Errors
    /// What fsync(2) says.
    pub fn sync(&self) -> Result<(), StoreError> {
        reach(FaultPoint::SyncInPlace).and_then(|()| self.file.sync_all()).context("fsync", &self.shown)
    }
}

impl Dir {
    /// Opens a regular file to be overwritten in place.
    ///
    /// # Errors
    /// What openat2(2) says.
    pub fn open_in_place(&self, rel: &NotePath) -> Result<InPlace, StoreError> {
        let fd = self.open_at(rel, OFlags::RDWR | OFlags::NONBLOCK, Mode::empty()).context("write", self.shown(rel))?;
        Ok(InPlace { file: File::from(fd), shown: self.shown(rel) })
    }

    /// Whether this process may write the file at `rel`.
    ///
    /// # Errors
    /// What openat2(2) says of the folder.
    pub fn may_write(&self, rel: &NotePath) -> Result<bool, StoreError> {
        let folder = self.open_dir(&rel.parent())?;
        match rustix::fs::accessat(&folder, rel.name(), Access::WRITE_OK, AtFlags::EACCESS) {
            Ok(()) => Ok(true),
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => Ok(false),
            Err(error) => Err(error).context("write", self.shown(rel)),
        }
    }

    /// Renames `from` to `to` below `other`, unless something is there (EEXIST); EXDEV across filesystems. Calls
    /// `renamed` as soon as it has its new name, which is not on disk then.
    ///
    /// # Errors
    /// What renameat2(2) says.
    pub fn rename_into(
        &self,
        from: &NotePath,
        other: &Self,
        to: &NotePath,
        renamed: impl FnOnce(),
    ) -> Result<(), StoreError> {
        let (old, new) = (self.open_dir(&from.parent())?, other.open_dir(&to.parent())?);
        match rustix::fs::renameat_with(&old, from.name(), &new, to.name(), RenameFlags::NOREPLACE) {
            Err(Errno::INVAL) => {
                // A filesystem without RENAME_NOREPLACE: look first.
                if StoreStat::at(&new, to.name()).is_ok() {
                    return Err(Errno::EXIST).context("rename", self.shown(from));
                }
                rustix::fs::renameat(&old, from.name(), &new, to.name())
            }
            other => other,
        }
        .context("rename", self.shown(from))?;
        renamed();
        new.sync(&NotePath::root())?;
        old.sync(&NotePath::root())
    }

    /// Removes the empty folder at `rel`.
    ///
    /// # Errors
    /// What unlinkat(2) says.
    pub fn remove_folder(&self, rel: &NotePath) -> Result<(), StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        rustix::fs::unlinkat(&parent, rel.name(), AtFlags::REMOVEDIR).context("remove folder", self.shown(rel))
    }

    /// Waits until the entries of the folder at `rel` are on disk.
    ///
    /// # Errors
    /// What fsync(2) says.
    pub fn sync(&self, rel: &NotePath) -> Result<(), StoreError> {
        let folder = self.open_dir(rel)?;
        reach(FaultPoint::SyncFolder).context("fsync folder", self.shown(rel))?;
        rustix::fs::fsync(&folder).context("fsync folder", self.shown(rel))
    }

    /// Makes a symbolic link at `rel` that says `target`.
    ///
    /// # Errors
    /// What symlinkat(2) says.
    pub fn make_symlink(&self, target: &[u8], rel: &NotePath) -> Result<(), StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        rustix::fs::symlinkat(target, &parent, rel.name()).context("link", self.shown(rel))
    }

    /// What the symbolic link at `rel` says.
    ///
    /// # Errors
    /// What readlinkat(2) says.
    pub fn read_symlink(&self, rel: &NotePath) -> Result<Vec<u8>, StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        rustix::fs::readlinkat(&parent, rel.name(), Vec::new())
            .map(std::ffi::CString::into_bytes)
            .context("read link", self.shown(rel))
    }

    /// Sets or clears the execute bits of a file, where its read bits are set.
    ///
    /// # Errors
    /// What the calls say.
    pub fn set_executable(&self, rel: &NotePath, executable: bool) -> Result<(), StoreError> {
        let bits = u32::from(self.stat(rel)?.perm);
        let wanted = if executable { bits | (bits & 0o444) >> 2 } else { bits & !0o111 };
        if wanted == bits {
            return Ok(());
        }
        let file = self.open_file(rel)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(wanted)).context("change mode of", self.shown(rel))
    }

    /// Gives a new file the owner (as far as this process may) and the read and write bits of another.
    ///
    /// # Errors
    /// What the calls say.
    pub fn take_owner_and_mode(&self, rel: &NotePath, other: &StoreStat) -> Result<(), StoreError> {
        let file = self.open_file(rel)?;
        let (owner, group) = (rustix::fs::Uid::from_raw(other.uid), rustix::fs::Gid::from_raw(other.gid));
        match rustix::fs::fchown(&file, Some(owner), Some(group)) {
            Ok(()) | Err(Errno::PERM) => {}
            Err(error) => return Err(error).context("change owner of", self.shown(rel)),
        }
        let mode = Mode::from_raw_mode(u32::from(other.perm) & 0o666);
        rustix::fs::fchmod(&file, mode).context("change mode of", self.shown(rel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Replace;

    fn path(text: &str) -> NotePath {
        NotePath::new(text).unwrap()
    }

    #[test]
    fn overwriting_keeps_the_inode_and_cuts_or_grows() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let before = dir.write_durably(&path("a"), b"long contents", Replace::Never).unwrap();
        for bytes in [&b"short"[..], b"longer than it ever was", b""] {
            let file = dir.open_in_place(&path("a")).unwrap();
            file.overwrite(bytes).unwrap();
            file.sync().unwrap();
            let (found, stat) = dir.read(&path("a"), 100).unwrap();
            assert_eq!((found.as_slice(), stat.key), (bytes, before.key));
        }
    }

    #[test]
    fn moving_between_directories_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        dir.make_dirs(&path("x")).unwrap();
        dir.make_dirs(&path("y")).unwrap();
        let (x, y) = (dir.open_dir(&path("x")).unwrap(), dir.open_dir(&path("y")).unwrap());
        x.write_durably(&path("a"), b"1", Replace::Never).unwrap();
        x.rename_into(&path("a"), &y, &path("b"), || ()).unwrap();
        assert_eq!(y.read(&path("b"), 9).unwrap().0, b"1");
        x.write_durably(&path("a"), b"2", Replace::Never).unwrap();
        assert_eq!(x.rename_into(&path("a"), &y, &path("b"), || ()).unwrap_err().errno(), libc::EEXIST);
    }

    #[test]
    fn replacing_a_file_that_changed_meanwhile_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let stat = dir.write_durably(&path("a"), b"1", Replace::Never).unwrap();
        dir.write_durably(&path("a"), b"two", Replace::KeepAttributes).unwrap();
        let error = dir.write_durably(&path("a"), b"3", Replace::IfUnchanged(stat)).unwrap_err();
        assert_eq!(error.errno(), libc::ESTALE);
        assert_eq!(dir.read(&path("a"), 9).unwrap().0, b"two");
    }
}
