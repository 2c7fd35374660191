//! Attributes as the kernel is told them.

use std::time::Duration;

use crate::sys::{FileKind, StoreStat};
use crate::types::NodeNumber;

/// Attributes of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attr {
    /// Its number.
    pub number: NodeNumber,
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
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// Preferred I/O size in bytes.
    pub blksize: u32,
    /// Device number, as the kernel's FUSE protocol packs it.
    pub rdev: u32,
    /// Nanoseconds since the epoch.
    pub atime_ns: i64,
    /// Nanoseconds since the epoch.
    pub mtime_ns: i64,
    /// Nanoseconds since the epoch.
    pub ctime_ns: i64,
}

impl Attr {
    /// Of something in the store, with its number and link count in the mount.
    #[must_use]
    pub fn of(stat: &StoreStat, number: NodeNumber, nlink: u32) -> Self {
        Self {
            number,
            kind: stat.kind,
            perm: stat.perm,
            nlink,
            uid: stat.uid,
            gid: stat.gid,
            size: stat.size,
            blocks: stat.blocks,
            blksize: stat.blksize,
            rdev: encode_rdev(stat.rdev),
            atime_ns: stat.atime_ns,
            mtime_ns: stat.mtime_ns,
            ctime_ns: stat.ctime_ns,
        }
    }

    /// Of something synthetic that belongs to the owner of the mount.
    #[must_use]
    pub fn synthetic(number: NodeNumber, kind: FileKind, perm: u16, size: u64, time_ns: i64) -> Self {
        Self {
            number,
            kind,
            perm,
            // One link says "unknown" to find's leaf optimisation, which would else skip tag folders.
            nlink: 1,
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
            size,
            blocks: size.div_ceil(512),
            blksize: 4096,
            rdev: 0,
            atime_ns: time_ns,
            mtime_ns: time_ns,
            ctime_ns: time_ns,
        }
    }
}

/// The kernel's 32-bit packing of a device number (`new_encode_dev`).
fn encode_rdev(rdev: u64) -> u32 {
    let (major, minor) = (rustix::fs::major(rdev), rustix::fs::minor(rdev));
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

/// The inverse of the kernel's packing, as mknod(2) takes it.
#[must_use]
pub fn decode_rdev(rdev: u32) -> u64 {
    rustix::fs::makedev((rdev & 0x000f_ff00) >> 8, rdev & 0xff | rdev >> 12 & 0x000f_ff00)
}

/// An answer to a lookup, with how long the kernel may hold to it.
#[derive(Clone, Copy, Debug)]
pub struct EntryReply {
    /// The attributes; `None`: there is nothing of that name.
    pub attr: Option<Attr>,
    /// How long the name may be cached.
    pub entry_ttl: Duration,
    /// How long the attributes may be cached.
    pub attr_ttl: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_survive_the_kernels_packing() {
        for (major, minor) in [(1, 3), (8, 0), (259, 1_000), (0xfff, 0xf_ffff)] {
            let rdev = rustix::fs::makedev(major, minor);
            assert_eq!(decode_rdev(encode_rdev(rdev)), rdev, "{major}:{minor}");
        }
    }
}
