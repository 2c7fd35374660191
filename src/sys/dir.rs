//! A directory held open: every path below it is resolved beneath its descriptor and follows no
//! symbolic link, so that nothing outside can be reached, whatever is swapped meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{FileKind, IoContext, StoreError, StoreStat};
use crate::types::NotePath;

/// A directory's descriptor with the path it was opened by (for messages only).
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// An entry of a directory, without `.` and `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// Its name.
    pub name: OsString,
    /// Its kind; `None` where the filesystem does not tell without a stat.
    pub kind: Option<FileKind>,
    /// The store's inode number.
    pub ino: u64,
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Beneath the directory, through no symbolic link: openat2(2) makes the kernel hold to it.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

impl Dir {
    /// Opens a directory by its path, following links on the way (the user named it).
    ///
    /// # Errors
    /// What open(2) says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty()).context("open folder", path)?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// Takes an open descriptor of a directory; `path` is for messages only.
    #[must_use]
    pub fn from_fd(fd: OwnedFd, path: PathBuf) -> Self {
        Self { fd, path }
    }

    /// A second handle of the same directory.
    ///
    /// # Errors
    /// EMFILE.
    pub fn try_clone(&self) -> Result<Self, StoreError> {
        let fd = rustix::io::fcntl_dupfd_cloexec(&self.fd, 3).context("open folder", &self.path)?;
        Ok(Self { fd, path: self.path.clone() })
    }

    /// The path it was opened by; it may have been renamed since.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `rel` as it is shown in messages.
    #[must_use]
    pub fn shown(&self, rel: &NotePath) -> PathBuf {
        if rel.is_root() { self.path.clone() } else { self.path.join(rel.as_path()) }
    }

    /// Opens what is at `rel` with `flags` (`O_CLOEXEC` and `O_NOFOLLOW` are added).
    ///
    /// # Errors
    /// What openat2(2) says; `EXDEV` or `ELOOP` where the path would leave the directory.
    pub fn open_at(&self, rel: &NotePath, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        loop {
            match rustix::fs::openat2(
                &self.fd,
                rel.as_path(),
                flags | OFlags::CLOEXEC | OFlags::NOFOLLOW,
                mode,
                BENEATH,
            ) {
                // EAGAIN: a rename happened during the resolution; the kernel asks to try again.
                Err(Errno::AGAIN | Errno::INTR) => {}
                other => return other,
            }
        }
    }

    /// Opens a folder below this one.
    ///
    /// # Errors
    /// What openat2(2) says.
    pub fn open_dir(&self, rel: &NotePath) -> Result<Self, StoreError> {
        let fd = self
            .open_at(rel, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .context_with("open folder", || self.shown(rel))?;
        Ok(Self { fd, path: self.shown(rel) })
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// What openat2(2) says.
    pub fn open_file(&self, rel: &NotePath) -> Result<File, StoreError> {
        // O_NONBLOCK: a fifo in the store must not hang the index.
        let fd = self
            .open_at(rel, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())
            .context_with("open", || self.shown(rel))?;
        Ok(File::from(fd))
    }

    /// Attributes of what is at `rel`.
    ///
    /// # Errors
    /// What openat2(2) and statx(2) say.
    pub fn stat(&self, rel: &NotePath) -> Result<StoreStat, StoreError> {
        let at = || self.shown(rel);
        if rel.is_root() {
            return StoreStat::of(&self.fd).context("read attributes of", at());
        }
        let parent = rel.parent();
        if parent.is_root() {
            return StoreStat::at(&self.fd, rel.name()).context("read attributes of", at());
        }
        let folder = self
            .open_at(&parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
            .context("read attributes of", at())?;
        StoreStat::at(&folder, rel.name()).context("read attributes of", at())
    }

    /// The file's bytes and the attributes they belong to, at most `limit` bytes of it.
    ///
    /// # Errors
    /// What the calls say; `EISDIR` where it is a folder.
    pub fn read(&self, rel: &NotePath, limit: u64) -> Result<(Vec<u8>, StoreStat), StoreError> {
        let mut bytes = Vec::new();
        let stat = self.read_into(rel, limit, &mut bytes)?;
        Ok((bytes, stat))
    }

    /// The same, into `bytes` in the place of what they held: for who reads many files, one after another.
    ///
    /// # Errors
    /// As [`Dir::read`].
    pub fn read_into(&self, rel: &NotePath, limit: u64, bytes: &mut Vec<u8>) -> Result<StoreStat, StoreError> {
        bytes.clear();
        let file = self.open_file(rel)?;
        let stat = StoreStat::of(&file).context_with("read attributes of", || self.shown(rel))?;
        bytes.reserve_exact(usize::try_from(stat.size.min(limit)).unwrap_or(0));
        file.take(limit).read_to_end(bytes).context_with("read", || self.shown(rel))?;
        Ok(stat)
    }

    /// The entries of the folder at `rel`, in the filesystem's order.
    ///
    /// # Errors
    /// What the calls say.
    pub fn list(&self, rel: &NotePath) -> Result<Vec<DirEntry>, StoreError> {
        let fd = self
            .open_at(rel, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())
            .context_with("list", || self.shown(rel))?;
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::new(fd).context_with("list", || self.shown(rel))? {
            let entry = entry.context_with("list", || self.shown(rel))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                let name = OsStr::from_bytes(name).to_owned();
                entries.push(DirEntry { name, kind: FileKind::from_type(entry.file_type()), ino: entry.ino() });
            }
        }
        Ok(entries)
    }

    /// Makes the folder at `rel` and those above it, where they are missing. A folder that was made outlives a power cut,
    /// as what is written durably in it does.
    ///
    /// # Errors
    /// What mkdirat(2) and fsync(2) say.
    pub fn make_dirs(&self, rel: &NotePath) -> Result<(), StoreError> {
        let mut made = NotePath::root();
        for part in rel.components() {
            let parent = self
                .open_at(&made, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
                .context("open folder", self.shown(&made))?;
            match rustix::fs::mkdirat(&parent, part, Mode::from_raw_mode(0o777)) {
                Ok(()) => self.sync(&made)?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error).context_with("make folder", || self.shown(rel)),
            }
            made =
                made.join(part.as_bytes()).map_err(|_| Errno::INVAL).context_with("make folder", || self.shown(rel))?;
        }
        Ok(())
    }

    /// Removes the file at `rel`.
    ///
    /// # Errors
    /// What unlinkat(2) says.
    pub fn remove_file(&self, rel: &NotePath) -> Result<(), StoreError> {
        let parent = self.open_dir(&rel.parent())?;
        rustix::fs::unlinkat(&parent, rel.name(), rustix::fs::AtFlags::empty())
            .context_with("remove", || self.shown(rel))
    }

    /// Renames `from` to `to`, both below this directory, replacing a file that is there.
    ///
    /// # Errors
    /// What renameat(2) says.
    pub fn rename(&self, from: &NotePath, to: &NotePath) -> Result<(), StoreError> {
        let (old, new) = (self.open_dir(&from.parent())?, self.open_dir(&to.parent())?);
        rustix::fs::renameat(&old, from.name(), &new, to.name()).context_with("rename", || self.shown(from))
    }
}
