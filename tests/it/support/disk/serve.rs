//! Serves an image to the kernel, a request at a time.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use parking_lot::Mutex;

use super::image::Image;
use super::{State, What};

/// Nobody else changes anything.
const TTL: Duration = Duration::from_secs(60);

/// Blocks that it says to have, each of 4 KiB.
const BLOCKS: u64 = 1 << 24;

/// A listing: name, number, type.
type Listing = Vec<(std::ffi::OsString, u64, FileType)>;

pub(super) struct Server {
    state: Arc<Mutex<State>>,
    listings: Mutex<HashMap<u64, Listing>>,
}

impl Server {
    pub(super) fn new(state: Arc<Mutex<State>>) -> Self {
        Self { state, listings: Mutex::default() }
    }

    /// Serves a request, if it is admitted.
    fn serve<T>(
        &self,
        number: INodeNo,
        name: Option<&OsStr>,
        what: What,
        work: impl FnOnce(&mut Image) -> Result<T, i32>,
    ) -> Result<T, Errno> {
        let mut state = self.state.lock();
        state.admit(number.0, name, what).and_then(|()| work(&mut state.image)).map_err(Errno::from_i32)
    }

    fn flush(&self, number: INodeNo, reply: ReplyEmpty) {
        let is_lie = self.state.lock().is_lie(number.0);
        let flushed =
            self.serve(number, None, What::Flush, |image| if is_lie { Ok(()) } else { image.flush(number.0) });
        reply_empty(flushed, reply);
    }
}

fn kind(mode: u32) -> FileType {
    match mode & libc::S_IFMT {
        libc::S_IFDIR => FileType::Directory,
        libc::S_IFLNK => FileType::Symlink,
        libc::S_IFSOCK => FileType::Socket,
        libc::S_IFIFO => FileType::NamedPipe,
        _ => FileType::RegularFile,
    }
}

fn attr(image: &Image, number: u64) -> Result<FileAttr, i32> {
    let node = image.node(number)?;
    let size = node.bytes.len() as u64;
    Ok(FileAttr {
        ino: INodeNo(number),
        size,
        blocks: size.div_ceil(512),
        atime: node.mtime,
        mtime: node.mtime,
        ctime: node.ctime,
        crtime: node.ctime,
        kind: kind(node.mode),
        perm: u16::try_from(node.mode & 0o7777).unwrap_or(0),
        nlink: if node.is_folder() { 2 } else { image.links(number) },
        uid: node.uid,
        gid: node.gid,
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

fn reply_entry(result: Result<FileAttr, Errno>, reply: ReplyEntry) {
    match result {
        Ok(attr) => reply.entry(&TTL, &attr, Generation(0)),
        Err(error) => reply.error(error),
    }
}

fn reply_empty(result: Result<(), Errno>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn opening(flags: i32) -> What {
    if flags & libc::O_ACCMODE == libc::O_RDONLY && flags & libc::O_TRUNC == 0 { What::Read } else { What::Change }
}

impl Filesystem for Server {
    fn init(&mut self, _req: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // A truncating open is one request, as on a disk it is one operation.
        let _ = config.add_capabilities(InitFlags::FUSE_ATOMIC_O_TRUNC);
        let _ = config.set_max_write(1 << 17);
        Ok(())
    }

    fn lookup(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        // Names are in memory: a disk that fails to read them is asked for its contents.
        let mut state = self.state.lock();
        let found = if state.remains.is_some() { Err(libc::EIO) } else { Ok(&mut state.image) };
        let found = found.and_then(|image| attr(image, image.find(parent.0, name)?));
        reply_entry(found.map_err(Errno::from_i32), reply);
    }

    fn getattr(&self, _req: &Request, ino: INodeNo, _fh: Option<FileHandle>, reply: ReplyAttr) {
        match attr(&self.state.lock().image, ino.0) {
            Ok(attr) => reply.attr(&TTL, &attr),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn setattr(
        &self,
        _req: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let done = self.serve(ino, None, What::Change, |image| {
            if let Some(size) = size {
                image.set_length(ino.0, size)?;
            }
            let node = image.node_mut(ino.0)?;
            node.mode = mode.map_or(node.mode, |mode| node.mode & libc::S_IFMT | mode & 0o7777);
            (node.uid, node.gid) = (uid.unwrap_or(node.uid), gid.unwrap_or(node.gid));
            node.mtime = match mtime {
                None => node.mtime,
                Some(TimeOrNow::Now) => SystemTime::now(),
                Some(TimeOrNow::SpecificTime(time)) => time,
            };
            node.ctime = SystemTime::now();
            attr(image, ino.0)
        });
        match done {
            Ok(attr) => reply.attr(&TTL, &attr),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _req: &Request, ino: INodeNo, reply: ReplyData) {
        match self.serve(ino, None, What::Read, |image| Ok(image.node(ino.0)?.bytes.to_vec())) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        req: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _rdev: u32,
        reply: ReplyEntry,
    ) {
        let owner = (req.uid(), req.gid());
        let made = self.serve(parent, Some(name), What::Change, |image| {
            let number = image.make(parent.0, name, mode & !umask, owner)?;
            attr(image, number)
        });
        reply_entry(made, reply);
    }

    fn mkdir(&self, req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let owner = (req.uid(), req.gid());
        let made = self.serve(parent, Some(name), What::Change, |image| {
            let number = image.make(parent.0, name, libc::S_IFDIR | mode & 0o7777 & !umask, owner)?;
            attr(image, number)
        });
        reply_entry(made, reply);
    }

    fn unlink(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let done = self.serve(parent, Some(name), What::Change, |image| image.unlink(parent.0, name, false));
        reply_empty(done, reply);
    }

    fn rmdir(&self, _req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let done = self.serve(parent, Some(name), What::Change, |image| image.unlink(parent.0, name, true));
        reply_empty(done, reply);
    }

    fn symlink(&self, req: &Request, parent: INodeNo, link_name: &OsStr, target: &Path, reply: ReplyEntry) {
        let owner = (req.uid(), req.gid());
        let made = self.serve(parent, Some(link_name), What::Change, |image| {
            let target = target.as_os_str().as_encoded_bytes();
            let number = image.make_symlink(parent.0, link_name, target, owner)?;
            attr(image, number)
        });
        reply_entry(made, reply);
    }

    fn rename(
        &self,
        _req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let done = self.serve(newparent, Some(newname), What::Change, |image| {
            image.rename((parent.0, name), (newparent.0, newname), flags.bits())
        });
        reply_empty(done, reply);
    }

    fn link(&self, _req: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        let made = self.serve(newparent, Some(newname), What::Change, |image| {
            image.link(ino.0, newparent.0, newname)?;
            attr(image, ino.0)
        });
        reply_entry(made, reply);
    }

    fn open(&self, _req: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = self.serve(ino, None, opening(flags.0), |image| {
            if flags.0 & libc::O_TRUNC != 0 { image.set_length(ino.0, 0) } else { Ok(()) }
        });
        match opened {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        req: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let owner = (req.uid(), req.gid());
        let made = self.serve(parent, Some(name), What::Change, |image| {
            let number = match image.find(parent.0, name) {
                Ok(_) if flags & libc::O_EXCL != 0 => return Err(libc::EEXIST),
                Ok(number) => number,
                Err(_) => image.make(parent.0, name, libc::S_IFREG | mode & 0o7777 & !umask, owner)?,
            };
            if flags & libc::O_TRUNC != 0 && !image.node(number)?.bytes.is_empty() {
                image.set_length(number, 0)?;
            }
            attr(image, number)
        });
        match made {
            Ok(attr) => reply.created(&TTL, &attr, Generation(0), FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.serve(ino, None, What::Read, |image| Ok(Arc::clone(&image.node(ino.0)?.bytes))) {
            Ok(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                reply.data(&bytes[from..(from + size as usize).min(bytes.len())]);
            }
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.serve(ino, None, What::Change, |image| image.write(ino.0, offset, data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        // Nothing to do at close(2), and the kernel need not ask again.
        reply.error(Errno::ENOSYS);
    }

    fn fsync(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        Self::flush(self, ino, reply);
    }

    fn fsyncdir(&self, _req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        Self::flush(self, ino, reply);
    }

    fn opendir(&self, _req: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let listed = self.serve(ino, None, What::Read, |image| {
            let entries = &image.node(ino.0)?.entries;
            let entry = |(name, number): (&std::ffi::OsString, &u64)| {
                Ok((name.clone(), *number, kind(image.node(*number)?.mode)))
            };
            entries.iter().map(entry).collect::<Result<Listing, i32>>()
        });
        match listed {
            Ok(listing) => {
                let mut listings = self.listings.lock();
                let handle = listings.keys().max().map_or(1, |last| last + 1);
                listings.insert(handle, listing);
                drop(listings);
                reply.opened(FileHandle(handle), FopenFlags::empty());
            }
            Err(error) => reply.error(error),
        }
    }

    fn readdir(&self, _req: &Request, ino: INodeNo, fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listings = self.listings.lock();
        let Some(listing) = listings.get(&fh.0) else { return reply.error(Errno::EBADF) };
        let dots = [(".", ino.0), ("..", ino.0)].map(|(name, number)| (name.into(), number, FileType::Directory));
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        for (at, (name, number, kind)) in dots.iter().chain(listing).enumerate().skip(from) {
            if reply.add(INodeNo(*number), at as u64 + 1, *kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(&self, _req: &Request, _ino: INodeNo, fh: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        self.listings.lock().remove(&fh.0);
        reply.ok();
    }

    fn statfs(&self, _req: &Request, _ino: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, 1 << 30, 1 << 30, 4096, 255, 4096);
    }

    fn fallocate(
        &self,
        _req: &Request,
        ino: INodeNo,
        _fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let done = self.serve(ino, None, What::Change, |image| match mode {
            libc::FALLOC_FL_KEEP_SIZE => Ok(()),
            0 if (image.node(ino.0)?.bytes.len() as u64) < offset + length => image.set_length(ino.0, offset + length),
            0 => Ok(()),
            _ => Err(libc::EOPNOTSUPP),
        });
        reply_empty(done, reply);
    }
}
