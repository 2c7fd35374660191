//! What the store says of a file.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Statx, StatxFlags};
use rustix::io::Result;

use crate::types::StoreKey;

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Regular file.
    File,
    /// Directory.
    Directory,
    /// Symbolic link.
    Symlink,
    /// Named pipe.
    Fifo,
    /// Unix socket.
    Socket,
    /// Character device.
    CharDevice,
    /// Block device.
    BlockDevice,
}

impl FileKind {
    /// From the type of a directory entry; `None` where the filesystem does not tell.
    #[must_use]
    pub fn from_type(kind: FileType) -> Option<Self> {
        match kind {
            FileType::RegularFile => Some(Self::File),
            FileType::Directory => Some(Self::Directory),
            FileType::Symlink => Some(Self::Symlink),
            FileType::Fifo => Some(Self::Fifo),
            FileType::Socket => Some(Self::Socket),
            FileType::CharacterDevice => Some(Self::CharDevice),
            FileType::BlockDevice => Some(Self::BlockDevice),
            FileType::Unknown => None,
        }
    }
}

/// The attributes of a file in the store, from statx(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStat {
    /// Device, inode and birth time.
    pub key: StoreKey,
    /// What it is.
    pub kind: FileKind,
    /// Permission bits with set-id and sticky bits.
    pub perm: u16,
    /// Hard links.
    pub nlink: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size in bytes.
    pub size: u64,
    /// Allocated blocks of 512 bytes.
    pub blocks: u64,
    /// Preferred I/O size in bytes.
    pub blksize: u32,
    /// Device number of a device file, as `makedev` packs it.
    pub rdev: u64,
    /// Last access, nanoseconds since the epoch.
    pub atime_ns: i64,
    /// Last change of the contents, nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Last change of contents or attributes, nanoseconds since the epoch.
    pub ctime_ns: i64,
}

impl StoreStat {
    /// Of `name` relative to `dir`, not following a final symbolic link.
    ///
    /// # Errors
    /// What statx(2) says.
    pub fn at(dir: impl AsFd, name: impl AsRef<Path>) -> Result<Self> {
        Self::statx(dir, name.as_ref(), AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Of an open file.
    ///
    /// # Errors
    /// What statx(2) says.
    pub fn of(file: impl AsFd) -> Result<Self> {
        Self::statx(file, Path::new(""), AtFlags::EMPTY_PATH)
    }

    fn statx(fd: impl AsFd, name: &Path, flags: AtFlags) -> Result<Self> {
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        Ok(Self::from_statx(&rustix::fs::statx(fd, name, flags, wanted)?))
    }

    fn from_statx(s: &Statx) -> Self {
        let has_btime = StatxFlags::from_bits_retain(s.stx_mask).contains(StatxFlags::BTIME);
        let ns = |t: &rustix::fs::StatxTimestamp| {
            t.tv_sec.saturating_mul(1_000_000_000).saturating_add(i64::from(t.tv_nsec))
        };
        Self {
            key: StoreKey {
                dev: rustix::fs::makedev(s.stx_dev_major, s.stx_dev_minor),
                ino: s.stx_ino,
                btime_ns: if has_btime { ns(&s.stx_btime) } else { 0 },
            },
            kind: FileKind::from_type(FileType::from_raw_mode(u32::from(s.stx_mode))).unwrap_or(FileKind::File),
            perm: s.stx_mode & 0o7777,
            nlink: s.stx_nlink,
            uid: s.stx_uid,
            gid: s.stx_gid,
            size: s.stx_size,
            blocks: s.stx_blocks,
            blksize: s.stx_blksize,
            rdev: rustix::fs::makedev(s.stx_rdev_major, s.stx_rdev_minor),
            atime_ns: ns(&s.stx_atime),
            mtime_ns: ns(&s.stx_mtime),
            ctime_ns: ns(&s.stx_ctime),
        }
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == FileKind::File
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.kind == FileKind::Directory
    }

    /// Whether contents and attributes are what `other` says they were.
    #[must_use]
    pub fn is_unchanged_from(&self, other: &Self) -> bool {
        (self.key, self.size, self.mtime_ns, self.ctime_ns) == (other.key, other.size, other.mtime_ns, other.ctime_ns)
    }
}
