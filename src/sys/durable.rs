//! Replacing a file's contents so that a crash leaves either the old bytes or the new ones.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, Uid, XattrFlags};
use rustix::io::Errno;

use super::{Dir, FaultPoint, IoContext, StoreError, StoreStat, pass, reach};
use crate::types::NotePath;

/// How a file of Codex's own making is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Only if nothing is at the path: EEXIST otherwise.
    Never,
    /// Owner, mode and extended attributes of the file that is replaced are kept.
    KeepAttributes,
    /// As [`Replace::KeepAttributes`], if the file is still what it was: ESTALE otherwise.
    IfUnchanged(StoreStat),
}

/// A file that is being written under a temporary name in some folder. It is gone when it is dropped, unless it was
/// given a name of its own.
#[derive(Debug)]
pub struct Staged {
    folder: Dir,
    temporary: String,
    file: File,
    shown: PathBuf,
    len: u64,
    is_placed: bool,
}

impl Dir {
    /// Writes `bytes` to `rel`: temporary file in the same folder, fsync, rename, fsync of the folder.
    /// When it returns, the bytes survive a power cut; when it fails, the old file is whole.
    ///
    /// # Errors
    /// What the calls say; `EEXIST` with [`Replace::Never`].
    pub fn write_durably(&self, rel: &NotePath, bytes: &[u8], replace: Replace) -> Result<StoreStat, StoreError> {
        self.write_durably_with(rel, bytes, replace, |_| true)
    }

    /// As [`Dir::write_durably`]; `before_rename` learns the attributes of the new file just before it has its name,
    /// and says whether it is to have it.
    ///
    /// # Errors
    /// As there; EBUSY where it is not to.
    pub fn write_durably_with(
        &self,
        rel: &NotePath,
        bytes: &[u8],
        replace: Replace,
        before_rename: impl FnOnce(&StoreStat) -> bool,
    ) -> Result<StoreStat, StoreError> {
        let mut staged = self.stage(&rel.parent(), self.shown(rel))?;
        staged.append(bytes)?;
        staged.place_beside(rel, replace, before_rename)
    }

    /// Begins a file under a temporary name in the folder at `rel`; `shown` is what errors name.
    ///
    /// # Errors
    /// What openat2(2) says.
    pub fn stage(&self, rel: &NotePath, shown: PathBuf) -> Result<Staged, StoreError> {
        let folder = self.open_dir(rel)?;
        let (temporary, fd) = folder.create_temporary().context("write", &shown)?;
        Ok(Staged { folder, temporary, file: File::from(fd), shown, len: 0, is_placed: false })
    }
}

impl Staged {
    /// Writes more.
    ///
    /// # Errors
    /// What write(2) says.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).context("write", &self.shown)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Bytes that were written.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Hands what was written to `take`, part by part.
    ///
    /// # Errors
    /// What pread(2) says; `take`'s.
    pub fn read_back(&self, mut take: impl FnMut(&[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut chunk = vec![0; 256 << 10];
        let mut at = 0;
        while at < self.len {
            match self.file.read_at(&mut chunk, at).context("read", &self.shown)? {
                0 => break,
                n => {
                    take(&chunk[..n])?;
                    at += n as u64;
                }
            }
        }
        Ok(())
    }

    /// Takes the group that a file made in the folder at `rel` would have: a set-group-id folder hands its own on.
    ///
    /// # Errors
    /// What the calls say.
    pub fn take_group_of(&self, dir: &Dir, rel: &NotePath) -> Result<(), StoreError> {
        let folder = dir.stat(rel)?;
        if folder.perm & 0o2000 == 0 {
            return Ok(());
        }
        match rustix::fs::fchown(&self.file, None, Some(Gid::from_raw(folder.gid))) {
            Ok(()) | Err(Errno::PERM) => Ok(()),
            Err(error) => Err(error).context("change group of", &self.shown),
        }
    }

    /// Makes it the file at `rel` below `dir`, durably; `before_rename` as in [`Dir::write_durably_with`].
    ///
    /// # Errors
    /// As there; then it is still there to be placed. EXDEV where that is another filesystem.
    pub fn place(
        &mut self,
        dir: &Dir,
        rel: &NotePath,
        replace: Replace,
        before_rename: impl FnOnce(&StoreStat) -> bool,
    ) -> Result<StoreStat, StoreError> {
        let to = dir.open_dir(&rel.parent())?;
        let renaming = Renaming { file: &self.file, from: &self.folder, temporary: &self.temporary, to: &to, rel };
        renaming.carry_out(&dir.shown(rel), replace, before_rename, &mut self.is_placed)
    }

    /// As [`Staged::place`] where `rel` is in the folder that it was begun in.
    fn place_beside(
        mut self,
        rel: &NotePath,
        replace: Replace,
        before_rename: impl FnOnce(&StoreStat) -> bool,
    ) -> Result<StoreStat, StoreError> {
        let (from, temporary) = (&self.folder, &*self.temporary);
        let renaming = Renaming { file: &self.file, from, temporary, to: from, rel };
        renaming.carry_out(&self.shown, replace, before_rename, &mut self.is_placed)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = rustix::fs::unlinkat(&self.folder, &*self.temporary, AtFlags::empty());
        }
    }
}

/// The last step of a durable write.
struct Renaming<'a> {
    file: &'a File,
    from: &'a Dir,
    temporary: &'a str,
    /// The folder of `rel`.
    to: &'a Dir,
    rel: &'a NotePath,
}

impl Renaming<'_> {
    fn carry_out(
        &self,
        shown: &Path,
        replace: Replace,
        before_rename: impl FnOnce(&StoreStat) -> bool,
        is_placed: &mut bool,
    ) -> Result<StoreStat, StoreError> {
        let Self { file, to, rel, .. } = *self;
        let old = match StoreStat::at(to, rel.name()) {
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error).context("write", shown),
        };
        if let (Some(old), Replace::KeepAttributes | Replace::IfUnchanged(_)) = (&old, replace) {
            keep_attributes(to, rel, file, old).context("keep owner and mode of", shown)?;
        }
        reach(FaultPoint::SyncTemporary).and_then(|()| file.sync_all()).context("fsync", shown)?;
        pass(FaultPoint::AtomicWritten);
        if !before_rename(&StoreStat::of(file).context("read attributes of", shown)?) {
            return Err(Errno::BUSY).context("write", shown);
        }
        if let Replace::IfUnchanged(expected) = replace {
            let now = StoreStat::at(to, rel.name()).context("write", shown)?;
            if !now.is_unchanged_from(&expected) {
                return Err(Errno::STALE).context("write", shown);
            }
        }
        match replace {
            Replace::Never => {
                rustix::fs::renameat_with(self.from, self.temporary, to, rel.name(), rustix::fs::RenameFlags::NOREPLACE)
            }
            Replace::KeepAttributes | Replace::IfUnchanged(_) => {
                rustix::fs::renameat(self.from, self.temporary, to, rel.name())
            }
        }
        .context("write", shown)?;
        *is_placed = true;
        let stat = StoreStat::of(file).context("read attributes of", shown)?;
        pass(FaultPoint::AtomicRenamed);
        reach(FaultPoint::SyncFolder).context("fsync folder of", shown)?;
        rustix::fs::fsync(to).context("fsync folder of", shown)?;
        Ok(stat)
    }
}

/// Owner first: chown clears set-id bits that chmod then sets again.
fn keep_attributes(folder: &Dir, rel: &NotePath, new: &File, old: &StoreStat) -> rustix::io::Result<()> {
    let now = StoreStat::of(new)?;
    if (now.uid, now.gid) != (old.uid, old.gid) {
        rustix::fs::fchown(new, Some(Uid::from_raw(old.uid)), Some(Gid::from_raw(old.gid)))?;
    }
    rustix::fs::fchmod(new, Mode::from_raw_mode(u32::from(old.perm)))?;
    let source =
        rustix::fs::openat(folder, rel.name(), OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    let Ok(source) = source else { return Ok(()) };
    let mut names = vec![0; 65_536];
    let len = match rustix::fs::flistxattr(&source, &mut names[..]) {
        Ok(len) => len,
        Err(Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut value = vec![0; 65_536];
    for name in names[..len].split(|&b| b == 0).filter(|name| !name.is_empty()) {
        let Ok(size) = rustix::fs::fgetxattr(&source, name, &mut value[..]) else { continue };
        match rustix::fs::fsetxattr(new, name, &value[..size], XattrFlags::empty()) {
            // security.* and trusted.* are not ours to set as an ordinary user.
            Ok(()) | Err(Errno::PERM | Errno::NOTSUP | Errno::ACCESS) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_keeps_mode_and_xattrs_and_leaves_no_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let path = NotePath::new("a.md").unwrap();
        dir.write_durably(&path, b"one", Replace::Never).unwrap();
        let file = dir.open_file(&path).unwrap();
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o640)).unwrap();
        rustix::fs::fsetxattr(&file, "user.colour", b"blue", XattrFlags::empty()).unwrap();
        dir.write_durably(&path, b"two", Replace::KeepAttributes).unwrap();
        let (bytes, stat) = dir.read(&path, 100).unwrap();
        assert_eq!((bytes.as_slice(), stat.perm), (&b"two"[..], 0o640));
        let mut value = [0; 16];
        let n = rustix::fs::fgetxattr(dir.open_file(&path).unwrap(), "user.colour", &mut value[..]).unwrap();
        assert_eq!(&value[..n], b"blue");
        assert_eq!(dir.list(&NotePath::root()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_staged_is_placed_elsewhere_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let (at, path) = (NotePath::new("tmp").unwrap(), NotePath::new("a.bin").unwrap());
        dir.make_dirs(&at).unwrap();
        for replace in [Replace::Never, Replace::KeepAttributes] {
            let mut staged = dir.stage(&at, "a.bin".into()).unwrap();
            staged.append(b"one ").unwrap();
            staged.append(b"two").unwrap();
            let mut back = Vec::new();
            let mut take = |part: &[u8]| {
                back.extend_from_slice(part);
                Ok(())
            };
            staged.read_back(&mut take).unwrap();
            assert_eq!((back.as_slice(), staged.len()), (&b"one two"[..], 7));
            staged.place(&dir, &path, replace, |_| true).unwrap();
            assert_eq!(dir.read(&path, 100).unwrap().0, b"one two");
        }
        let mut staged = dir.stage(&at, "a.bin".into()).unwrap();
        assert_eq!(staged.place(&dir, &path, Replace::Never, |_| true).unwrap_err().errno(), libc::EEXIST);
        assert_eq!(dir.list(&at).unwrap().len(), 1);
        drop(staged);
        assert!(dir.list(&at).unwrap().is_empty());
    }

    #[test]
    fn never_does_not_replace() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let path = NotePath::new("a.md").unwrap();
        dir.write_durably(&path, b"one", Replace::Never).unwrap();
        assert_eq!(dir.write_durably(&path, b"two", Replace::Never).unwrap_err().errno(), libc::EEXIST);
        assert_eq!(dir.read(&path, 100).unwrap().0, b"one");
    }
}
