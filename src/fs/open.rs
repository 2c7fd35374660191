//! Opening, reading and writing files.

use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, Mode, OFlags, SeekFrom};
use rustix::io::ReadWriteFlags;

use super::core::{Context, Core};
use super::error::{FsError, FsResult};
use super::handle::{FileHandle, Handle};
use super::node::{Backing, Node, Version, What};
use crate::sys::{FileKind, StoreStat, without_set_id};
use crate::types::NodeNumber;

/// How the kernel is to treat an open file.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The handle's number.
    pub handle: u64,
    /// Data goes past the daemon to this backing file.
    pub backing: Option<Backing>,
    /// Pages cached from an earlier open are still right.
    pub keep_cache: bool,
    /// Reads and writes bypass the page cache.
    pub direct: bool,
    /// No FLUSH is needed when it is closed.
    pub no_flush: bool,
}

/// Makes a backing file of a descriptor, where the kernel lets this process.
pub type OpenBacking<'a> = &'a dyn Fn(&OwnedFd) -> Option<Backing>;

/// How a file is opened.
#[derive(Clone, Copy)]
pub struct Opening<'a> {
    /// The caller's flags.
    pub flags: i32,
    /// Asks the kernel for passthrough.
    pub backing: OpenBacking<'a>,
}

/// A file that is opened to be read goes past the daemon from this size on, in bytes. A smaller one is read once and is
/// in the page cache then, which is cheaper than to make a backing file of it each time; and since it is opened for
/// reading alone, its close is no event for those who watch the store.
const PASSED_THROUGH_FROM: u64 = 128 << 10;

/// How bytes are written.
#[derive(Clone, Copy, Debug)]
pub struct WriteHow {
    /// At the end of the file, wherever that is by now (`O_APPEND`).
    pub append: bool,
    /// Set-id bits are to go, as the kernel asks.
    pub clear_set_id: bool,
}

impl Core {
    /// Opens a file.
    ///
    /// # Errors
    /// The store's; EROFS and EACCES for generated and recorded files.
    pub fn open(&self, ctx: Context, number: NodeNumber, how: Opening<'_>) -> FsResult<Opened> {
        let flags = how.flags;
        let node = self.nodes.get(number)?;
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
        let bytes = match &node.what {
            What::Real(_) => return self.open_real(ctx, &node, how),
            What::Place(_) => return Err(FsError::plain(libc::EISDIR)),
            What::Symlink(_) => return Err(FsError::plain(libc::ELOOP)),
            What::Text(_) | What::Past(_) if writes => {
                return Err(FsError::refused(libc::EROFS, "this file is generated and can only be read"));
            }
            What::Text(file) => self.tree.text(file),
            What::Past(past) => {
                let notebook = self.engine.notebook(past.notebook).ok_or(FsError::not_found())?;
                notebook
                    .history
                    .blob(past.blob)
                    .map_err(|error| FsError::refused(libc::EIO, format!("cannot read a recorded version: {error}")))?
            }
        };
        let handle = self.handles.reserve();
        self.handles.insert(handle, Handle::Bytes(bytes));
        let is_past = matches!(node.what, What::Past(_));
        Ok(Opened { handle, backing: None, keep_cache: is_past, direct: !is_past, no_flush: true })
    }

    /// Opens a file of the store.
    pub(super) fn open_real(&self, ctx: Context, node: &Arc<Node>, how: Opening<'_>) -> FsResult<Opened> {
        let flags = how.flags;
        if node.kind != FileKind::File {
            return Err(FsError::plain(if node.kind == FileKind::Directory { libc::EISDIR } else { libc::ENXIO }));
        }
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
        if writes {
            self.writable_at(node)?;
        }
        // Until the handle stands in the table: an edit that saw none would replace the inode under it.
        let _guard = self.engine.write_guard(node.number);
        let file = {
            let _clears_set_id = (flags & libc::O_TRUNC != 0).then(without_set_id);
            self.open_store_file(node, flags)?
        };
        let stat = StoreStat::of(&file)?;
        if let Some(id) = node.real().and_then(|real| real.scratch) {
            self.tree.scratch_opened(id);
        }
        if flags & libc::O_TRUNC == 0
            && let Some(real) = node.real()
        {
            // What is there at this moment, the engine has been told of or will find by itself.
            real.told.lock().engine.get_or_insert(Version::from(&stat));
        }
        self.adopt_handle(ctx, node, file, &stat, how)
    }

    /// The store's file of a node. Where it can be, it is opened for reading too: a backing file is shared by all
    /// handles of the node, and the kernel reads the rest of a page that is written in part.
    fn open_store_file(&self, node: &Node, flags: i32) -> FsResult<OwnedFd> {
        let wanted = OFlags::from_bits_retain(flags.cast_unsigned());
        // O_DIRECT: fuser's buffers are not aligned for it; the kernel has seen to what it means for the caller.
        // O_APPEND: the kernel gives offsets, and an appending descriptor would not keep to them.
        let kept = wanted & (OFlags::TRUNC | OFlags::SYNC | OFlags::DSYNC);
        let base = OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK | kept;
        let writes = flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
        let (dir, name, stat) = match self.locate(node) {
            Ok(place) => place,
            Err(error) => return reopen_unlinked(node, base | OFlags::RDWR).ok_or(error),
        };
        let open = |how| rustix::fs::openat(&dir, &name, base | how, Mode::empty());
        if !writes && stat.size < PASSED_THROUGH_FROM {
            return Ok(open(OFlags::RDONLY)?);
        }
        match open(OFlags::RDWR) {
            Ok(file) => Ok(file),
            Err(_) if !writes => Ok(open(OFlags::RDONLY)?),
            Err(error) if flags & libc::O_ACCMODE == libc::O_WRONLY => Ok(open(OFlags::WRONLY).map_err(|_| error)?),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts an open file of the store into the table, and decides how the kernel is to treat it.
    pub(super) fn adopt_handle(
        &self,
        ctx: Context,
        node: &Arc<Node>,
        file: OwnedFd,
        stat: &StoreStat,
        how: Opening<'_>,
    ) -> FsResult<Opened> {
        let real = node.real().ok_or(FsError::plain(libc::EIO))?;
        let writable = how.flags & libc::O_ACCMODE != libc::O_RDONLY;
        let number = self.handles.reserve();
        let file = Arc::new(file);
        let mut open = real.open.lock();
        let version = Version::from(stat);
        let keep_cache = real.told.lock().pages.replace(version) == Some(version);
        let mut direct = false;
        let shared = match &open.backing {
            Some((shared, can)) if *can || !writable => Some(Arc::clone(shared)),
            // Opened to be read while it could not be written: what is cached and what passes must not meet.
            Some(_) => {
                direct = true;
                None
            }
            None if open.cached > 0 || (!writable && stat.size < PASSED_THROUGH_FROM) => None,
            None => {
                let made = (how.backing)(&file);
                if let Some(made) = &made {
                    let can_write = rustix::fs::fcntl_getfl(&*file)?.contains(OFlags::RDWR);
                    open.backing = Some((Arc::clone(made), can_write));
                }
                made
            }
        };
        if shared.is_none() && !direct {
            open.cached += 1;
        }
        open.files.push((number, Arc::clone(&file)));
        open.writers += usize::from(writable);
        drop(open);
        *self.open_stores.entry(stat.key).or_insert(0) += 1;
        let handle = FileHandle {
            node: Arc::clone(node),
            store: stat.key,
            file,
            writable,
            by: self.requester(ctx.caller),
            backing: shared.clone(),
            is_direct: direct,
        };
        self.handles.insert(number, Handle::File(handle));
        Ok(Opened { handle: number, backing: shared, keep_cache, direct, no_flush: !writable })
    }

    /// Reads into `buffer`; how many bytes there were.
    ///
    /// # Errors
    /// EBADF, the store's.
    pub fn read(&self, handle: u64, offset: u64, buffer: &mut [u8]) -> FsResult<usize> {
        match &*self.handles.get(handle)? {
            Handle::Bytes(bytes) => {
                let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                let len = rest.len().min(buffer.len());
                buffer[..len].copy_from_slice(&rest[..len]);
                Ok(len)
            }
            Handle::File(file) => {
                let mut done = 0;
                while done < buffer.len() {
                    match rustix::io::pread(&*file.file, &mut buffer[done..], offset + done as u64) {
                        Ok(0) => break,
                        Ok(n) => done += n,
                        Err(rustix::io::Errno::INTR) => {}
                        Err(error) if done == 0 => return Err(error.into()),
                        Err(_) => break,
                    }
                }
                Ok(done)
            }
            Handle::Dir(_) => Err(FsError::plain(libc::EISDIR)),
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// EBADF, the store's.
    pub fn write(&self, handle: u64, offset: u64, bytes: &[u8], how: WriteHow) -> FsResult<usize> {
        let handle = self.handles.get(handle)?;
        let file = handle.file()?;
        let _clears_set_id = how.clear_set_id.then(without_set_id);
        // An edit of metadata in place replaces all bytes: what is written meanwhile must come before or after it.
        let _guard = self.engine.write_guard(file.node.number);
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let written = if how.append {
                // The end is the store's, not the kernel's guess: somebody else may have appended behind the mount.
                rustix::io::pwritev2(&*file.file, &[IoSlice::new(rest)], offset, ReadWriteFlags::APPEND)
            } else {
                rustix::io::pwrite(&*file.file, rest, offset + done as u64)
            };
            match written {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) if done == 0 => return Err(error.into()),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// A close(2): what was written is the engine's to know before it returns.
    ///
    /// # Errors
    /// EBADF.
    pub fn flush(&self, handle: u64) -> FsResult<()> {
        let handle = self.handles.get(handle)?;
        let Handle::File(file) = &*handle else { return Ok(()) };
        if file.writable {
            self.look_at(file);
            if let Some(id) = file.node.real().and_then(|real| real.scratch) {
                self.tree.scratch_flushed(id);
            }
        }
        Ok(())
    }

    /// Looks at a file that may have been written, and tells the engine if it was.
    pub(super) fn look_at(&self, file: &FileHandle) {
        if file.node.real().and_then(|real| real.scratch).is_some_and(|id| self.tree.is_scratch(id)) {
            return;
        }
        // Not between an edit of the engine's and its word that it was the engine's.
        let _guard = self.engine.write_guard(file.node.number);
        if let Ok(stat) = StoreStat::of(&*file.file) {
            self.note_if_changed(&file.node, &stat, &file.by);
        }
    }

    /// The last reference to a handle is gone.
    pub fn release(&self, number: u64) {
        let Some(handle) = self.handles.remove(number) else { return };
        let Handle::File(file) = &*handle else { return };
        if file.writable {
            self.look_at(file);
        }
        let Some(real) = file.node.real() else { return };
        {
            let mut open = real.open.lock();
            open.files.retain(|(known, _)| *known != number);
            open.writers -= usize::from(file.writable);
            if file.backing.is_none() && !file.is_direct {
                open.cached = open.cached.saturating_sub(1);
            }
            if open.files.is_empty() {
                open.backing = None;
                open.cached = 0;
            }
        }
        self.open_stores.remove_if_mut(&file.store, |_, count| {
            *count -= 1;
            *count == 0
        });
        if let Some(id) = real.scratch {
            self.tree.scratch_released(id, file.writable);
        }
    }

    /// fsync(2) and fdatasync(2).
    ///
    /// # Errors
    /// The store's.
    pub fn fsync(&self, handle: u64, data_only: bool) -> FsResult<()> {
        let handle = self.handles.get(handle)?;
        let Handle::File(file) = &*handle else { return Ok(()) };
        if data_only {
            rustix::fs::fdatasync(&*file.file)?;
        } else {
            rustix::fs::fsync(&*file.file)?;
        }
        Ok(())
    }

    /// fallocate(2).
    ///
    /// # Errors
    /// The store's.
    pub fn fallocate(&self, handle: u64, offset: u64, length: u64, mode: i32) -> FsResult<()> {
        let handle = self.handles.get(handle)?;
        let file = handle.file()?;
        let flags = FallocateFlags::from_bits_retain(mode.cast_unsigned());
        let _guard = self.engine.write_guard(file.node.number);
        Ok(rustix::fs::fallocate(&*file.file, flags, offset, length)?)
    }

    /// `SEEK_DATA` and `SEEK_HOLE`.
    ///
    /// # Errors
    /// ENXIO past the end, EINVAL for other seeks.
    pub fn lseek(&self, handle: u64, offset: u64, whence: i32) -> FsResult<u64> {
        let handle = self.handles.get(handle)?;
        let file = handle.file()?;
        let to = match whence {
            libc::SEEK_DATA => SeekFrom::Data(offset),
            libc::SEEK_HOLE => SeekFrom::Hole(offset),
            _ => return Err(FsError::plain(libc::EINVAL)),
        };
        Ok(rustix::fs::seek(&*file.file, to)?)
    }

    /// `copy_file_range(2)` between two open files.
    ///
    /// # Errors
    /// The store's.
    pub fn copy_file_range(&self, from: (u64, u64), to: (u64, u64), length: usize) -> FsResult<usize> {
        let (source, target) = (self.handles.get(from.0)?, self.handles.get(to.0)?);
        let (mut read_at, mut write_at) = (from.1, to.1);
        let _clears_set_id = without_set_id();
        let (source, target) = (source.file()?, target.file()?);
        let _guard = self.engine.write_guard(target.node.number);
        Ok(rustix::fs::copy_file_range(&*source.file, Some(&mut read_at), &*target.file, Some(&mut write_at), length)?)
    }
}

/// A file that has lost its name but is open still can be opened again (through /proc/self/fd of a program).
fn reopen_unlinked(node: &Node, how: OFlags) -> Option<OwnedFd> {
    let file = node.real()?.open.lock().files.last().map(|(_, file)| Arc::clone(file))?;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&*file));
    rustix::fs::open(path, how & !OFlags::NOFOLLOW, Mode::empty()).ok()
}
