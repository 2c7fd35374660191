//! Changing attributes; extended attributes; the filesystem's figures.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};

use super::attr::Attr;
use super::core::{Context, Core, ParentFd};
use super::error::{FsError, FsResult};
use super::node::{Node, Real};
use crate::sys::{FileKind, without_set_id};
use crate::types::{FileKey, NodeNumber};

/// What setattr is to change.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetAttr {
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u32>,
    /// Group.
    pub gid: Option<u32>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Last access.
    pub atime: Option<SetTime>,
    /// Last change of contents.
    pub mtime: Option<SetTime>,
    /// An open handle of it.
    pub handle: Option<u64>,
}

/// A time to be set.
#[derive(Clone, Copy, Debug)]
pub enum SetTime {
    /// The store's clock.
    Now,
    /// Seconds and nanoseconds since the epoch.
    At(i64, u32),
}

/// A node's place for calls that take a directory and a name, or its own descriptor.
enum Target {
    Open(Arc<std::os::fd::OwnedFd>),
    Named(ParentFd, OsString),
}

impl Core {
    fn target(&self, node: &Node, real: &Real, handle: Option<u64>) -> FsResult<Target> {
        if let Some(handle) = handle.and_then(|handle| self.handles.get(handle).ok())
            && let Ok(file) = handle.file()
        {
            return Ok(Target::Open(Arc::clone(&file.file)));
        }
        if let Ok((dir, name, _)) = self.locate(node) {
            return Ok(Target::Named(dir, name));
        }
        if node.kind == FileKind::Directory {
            let dir = self.nodes.dir_fd(node)?;
            return Ok(Target::Named(ParentFd::Cached(dir), OsString::from(".")));
        }
        let open = real.open.lock().files.last().map(|(_, file)| Arc::clone(file));
        open.map(Target::Open).ok_or(FsError::plain(libc::ESTALE))
    }

    /// Changes attributes.
    ///
    /// # Errors
    /// The store's; EPERM for what is synthetic.
    pub fn setattr(&self, ctx: Context, number: NodeNumber, set: &SetAttr) -> FsResult<(Attr, Duration)> {
        let node = self.nodes.get(number)?;
        self.writable_at(&node)?;
        let Some(real) = node.real() else {
            return Err(FsError::refused(libc::EPERM, "attributes of a generated file or folder cannot be changed"));
        };
        let target = self.target(&node, real, set.handle)?;
        if let Some(size) = set.size {
            self.truncate(&node, &target, size)?;
        }
        if set.uid.is_some() || set.gid.is_some() {
            change_owner(&target, set)?;
        }
        if let Some(mode) = set.mode {
            change_mode(&target, Mode::from_raw_mode(mode & 0o7777))?;
        }
        if set.atime.is_some() || set.mtime.is_some() {
            change_times(&target, set)?;
        }
        let stat = self.stat(&node, real, set.handle)?;
        let is_being_written = set.handle.is_some() && real.open.lock().writers > 0;
        let is_scratch = real.scratch.is_some_and(|id| self.tree.is_scratch(id));
        if node.kind == FileKind::File && !is_scratch && !is_being_written {
            self.note_if_changed(&node, &stat, &self.requester(ctx.caller));
        }
        Ok((self.attr_of(&node, &stat), self.ttl()))
    }

    fn truncate(&self, node: &Node, target: &Target, size: u64) -> FsResult<()> {
        let _clears_set_id = without_set_id();
        let _guard = self.engine.write_guard(node.number);
        match target {
            Target::Open(file) => Ok(rustix::fs::ftruncate(file, size)?),
            Target::Named(dir, name) => {
                if node.kind != FileKind::File {
                    return Err(FsError::plain(libc::EISDIR));
                }
                let flags = rustix::fs::OFlags::WRONLY
                    | rustix::fs::OFlags::NOFOLLOW
                    | rustix::fs::OFlags::CLOEXEC
                    | rustix::fs::OFlags::NONBLOCK;
                let file = rustix::fs::openat(dir, name, flags, Mode::empty())?;
                Ok(rustix::fs::ftruncate(&file, size)?)
            }
        }
    }

    // ---- extended attributes ----

    /// The note whose metadata an attribute's name stands for, if it does.
    fn metadata_attribute<'a>(&self, node: &Node, name: &'a OsStr) -> Option<(Option<FileKey>, &'a str)> {
        let name = name.to_str()?;
        let stands = name == "user.xdg.tags" || name.starts_with("user.codex.");
        let is_note = node.kind == FileKind::File && node.real().is_some();
        (stands && is_note).then(|| (self.engine.catalog().by_node(node.number), name))
    }

    /// Whether an attribute may need the index, so that asking for it may wait.
    #[must_use]
    pub fn is_metadata_attribute(name: &OsStr) -> bool {
        name.to_str().is_some_and(|name| name == "user.xdg.tags" || name.starts_with("user.codex."))
    }

    /// The value of an extended attribute.
    ///
    /// # Errors
    /// ENODATA; the store's.
    pub fn getxattr(&self, number: NodeNumber, name: &OsStr) -> FsResult<Vec<u8>> {
        let node = self.nodes.get(number)?;
        let Some(real) = node.real() else { return Err(FsError::plain(libc::ENODATA)) };
        if let Some((file, name)) = self.metadata_attribute(&node, name) {
            let value = match file {
                Some(file) => self.tree.get_xattr(file, name)?,
                None => None,
            };
            return value.ok_or(FsError::plain(libc::ENODATA));
        }
        // The kernel asks for `security.capability` before it writes into a new file, which is open then.
        let open = real.open.lock().files.last().map(|(_, file)| Arc::clone(file));
        let path = open.is_none().then(|| self.xattr_path(&node, real)).transpose()?;
        let get = |value: &mut [u8]| match (&open, &path) {
            (Some(file), _) => rustix::fs::fgetxattr(file, name, value),
            (None, Some((path, _))) => rustix::fs::lgetxattr(path, name, value),
            (None, None) => Err(rustix::io::Errno::STALE),
        };
        let mut value = vec![0; 256];
        loop {
            match get(&mut value) {
                Ok(len) => {
                    value.truncate(len);
                    return Ok(value);
                }
                Err(rustix::io::Errno::RANGE) if value.len() < 65_536 => value.resize(65_536, 0),
                // No file of a kernel without SELinux has a label. Told so, `ls -l` asks once; else it asks of every file.
                Err(rustix::io::Errno::NODATA) if name == SELINUX && !has_selinux() => {
                    return Err(FsError::plain(libc::EOPNOTSUPP));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The names of a node's extended attributes, each ended by a NUL. Those that stand for metadata are not listed:
    /// a copy made with them (`cp -a`, `rsync -X`) would carry them as stale text.
    ///
    /// # Errors
    /// The store's.
    pub fn listxattr(&self, number: NodeNumber) -> FsResult<Vec<u8>> {
        let node = self.nodes.get(number)?;
        let Some(real) = node.real() else { return Ok(Vec::new()) };
        let path = self.xattr_path(&node, real)?;
        let mut names = vec![0; 65_536];
        let len = rustix::fs::llistxattr(&path.0, &mut names[..])?;
        names.truncate(len);
        Ok(names)
    }

    /// Sets an extended attribute (`flags`: `XATTR_CREATE`, `XATTR_REPLACE`), or removes it (`None`).
    ///
    /// # Errors
    /// The store's; EINVAL where it stands for metadata and does not fit.
    pub fn setxattr(
        &self,
        ctx: Context,
        number: NodeNumber,
        name: &OsStr,
        value: Option<&[u8]>,
        flags: i32,
    ) -> FsResult<()> {
        let node = self.nodes.get(number)?;
        self.writable_at(&node)?;
        let Some(real) = node.real() else {
            return Err(FsError::refused(libc::EPERM, "a generated file or folder has no extended attributes"));
        };
        if let Some((file, name)) = self.metadata_attribute(&node, name) {
            let file = file.ok_or_else(|| FsError::refused(libc::EINVAL, "this file is not indexed"))?;
            return Ok(self.tree.set_xattr(file, name, value, ctx.caller)?);
        }
        let path = self.xattr_path(&node, real)?;
        match value {
            Some(value) => {
                let flags = XattrFlags::from_bits_retain(flags.cast_unsigned());
                rustix::fs::lsetxattr(&path.0, name, value, flags)?;
            }
            None => rustix::fs::lremovexattr(&path.0, name)?,
        }
        Ok(())
    }

    /// A path for the calls that have no variant relative to a descriptor. The descriptor is part of it and held.
    fn xattr_path(&self, node: &Node, real: &Real) -> FsResult<(CString, Box<dyn AsFdHeld>)> {
        let text = |fd: i32, rest: &[u8]| {
            let mut path = format!("/proc/self/fd/{fd}").into_bytes();
            path.extend_from_slice(rest);
            CString::new(path).map_err(|_| FsError::plain(libc::EINVAL))
        };
        Ok(match self.target(node, real, None)? {
            Target::Named(dir, name) => {
                let rest = [b"/", name.as_encoded_bytes()].concat();
                (text(dir.as_fd().as_raw_fd(), &rest)?, Box::new(dir))
            }
            Target::Open(file) => (text(file.as_raw_fd(), b"/")?, Box::new(file)),
        })
    }

    // ---- the filesystem's figures ----

    /// statfs(2): the figures of the filesystem that holds the notebook, or the workspace.
    ///
    /// # Errors
    /// The store's.
    pub fn statfs(&self, number: NodeNumber) -> FsResult<rustix::fs::StatVfs> {
        let node = self.nodes.known(number);
        if let Some(real) = node.as_ref().and_then(|node| node.real()) {
            return Ok(rustix::fs::fstatvfs(real.notebook.dir.as_fd())?);
        }
        Ok(rustix::fs::statvfs(self.engine.path())?)
    }

    /// fsync(2) of a directory.
    ///
    /// # Errors
    /// The store's.
    pub fn fsync_dir(&self, number: NodeNumber) -> FsResult<()> {
        let node = self.nodes.get(number)?;
        if node.real().is_none() {
            return Ok(());
        }
        let dir = self.nodes.dir_fd(&node)?;
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC;
        let dir = rustix::fs::openat(&*dir, ".", flags, Mode::empty())?;
        Ok(rustix::fs::fsync(&dir)?)
    }
}

const SELINUX: &str = "security.selinux";

/// Whether the kernel knows `SELinux`.
fn has_selinux() -> bool {
    static HAS: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| rustix::fs::access("/sys/fs/selinux", rustix::fs::Access::EXISTS).is_ok());
    *HAS
}

/// Keeps a descriptor open while a path goes through it.
trait AsFdHeld {}
impl AsFdHeld for ParentFd {}
impl AsFdHeld for Arc<std::os::fd::OwnedFd> {}

fn change_owner(target: &Target, set: &SetAttr) -> FsResult<()> {
    let (uid, gid) = (set.uid.map(Uid::from_raw), set.gid.map(Gid::from_raw));
    match target {
        Target::Open(file) => rustix::fs::fchown(file, uid, gid)?,
        Target::Named(dir, name) => rustix::fs::chownat(dir, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?,
    }
    Ok(())
}

fn change_mode(target: &Target, mode: Mode) -> FsResult<()> {
    match target {
        Target::Open(file) => rustix::fs::fchmod(file, mode)?,
        // A symbolic link's mode cannot be changed; the kernel never asks.
        Target::Named(dir, name) => rustix::fs::chmodat(dir, name, mode, AtFlags::empty())?,
    }
    Ok(())
}

fn change_times(target: &Target, set: &SetAttr) -> FsResult<()> {
    let time = |time: Option<SetTime>| match time {
        None => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
        Some(SetTime::Now) => Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW },
        Some(SetTime::At(seconds, nanoseconds)) => Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() },
    };
    let times = Timestamps { last_access: time(set.atime), last_modification: time(set.mtime) };
    match target {
        Target::Open(file) => rustix::fs::futimens(file, &times)?,
        Target::Named(dir, name) => rustix::fs::utimensat(dir, name, &times, AtFlags::SYMLINK_NOFOLLOW)?,
    }
    Ok(())
}
