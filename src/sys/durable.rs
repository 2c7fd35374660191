//! Replacing a file's contents so that a crash leaves either the old bytes or the new ones.

use std::fs::File;
use std::io::Write;

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
        let shown = self.shown(rel);
        let folder = self.open_dir(&rel.parent())?;
        let old = match StoreStat::at(&folder, rel.name()) {
            Ok(stat) => Some(stat),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error).context("write", &shown),
        };
        let (temporary, fd) = folder.create_temporary().context("write", &shown)?;
        let result = (|| {
            let mut file = File::from(fd);
            file.write_all(bytes).context("write", &shown)?;
            if let (Some(old), Replace::KeepAttributes | Replace::IfUnchanged(_)) = (&old, replace) {
                keep_attributes(&folder, rel, &file, old).context("keep owner and mode of", &shown)?;
            }
            reach(FaultPoint::SyncTemporary).and_then(|()| file.sync_all()).context("fsync", &shown)?;
            pass(FaultPoint::AtomicWritten);
            if !before_rename(&StoreStat::of(&file).context("read attributes of", &shown)?) {
                return Err(Errno::BUSY).context("write", &shown);
            }
            if let Replace::IfUnchanged(expected) = replace {
                let now = StoreStat::at(&folder, rel.name()).context("write", &shown)?;
                if !now.is_unchanged_from(&expected) {
                    return Err(Errno::STALE).context("write", &shown);
                }
            }
            match replace {
                Replace::Never => rustix::fs::renameat_with(
                    &folder,
                    &*temporary,
                    &folder,
                    rel.name(),
                    rustix::fs::RenameFlags::NOREPLACE,
                ),
                Replace::KeepAttributes | Replace::IfUnchanged(_) => {
                    rustix::fs::renameat(&folder, &*temporary, &folder, rel.name())
                }
            }
            .context("write", &shown)?;
            StoreStat::of(&file).context("read attributes of", &shown)
        })();
        if result.is_err() {
            let _ = rustix::fs::unlinkat(&folder, &*temporary, AtFlags::empty());
        }
        let stat = result?;
        pass(FaultPoint::AtomicRenamed);
        reach(FaultPoint::SyncFolder).context("fsync folder of", &shown)?;
        rustix::fs::fsync(&folder).context("fsync folder of", &shown)?;
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
    fn never_does_not_replace() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let path = NotePath::new("a.md").unwrap();
        dir.write_durably(&path, b"one", Replace::Never).unwrap();
        assert_eq!(dir.write_durably(&path, b"two", Replace::Never).unwrap_err().errno(), libc::EEXIST);
        assert_eq!(dir.read(&path, 100).unwrap().0, b"one");
    }
}
