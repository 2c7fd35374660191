//! The kernel adapter: unpacks a request, calls [`Core`], packs the answer. No policy of its own.
//! With the session beside it, the only place that knows fuser.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BackingId, BsdFileFlags, CopyFileRangeFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, InitFlags, KernelConfig, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyDirectoryPlus, ReplyEmpty, ReplyEntry, ReplyIoctl, ReplyLseek, ReplyOpen, ReplyStatfs,
    ReplyWrite, ReplyXattr, Request, TimeOrNow, WriteFlags,
};

use super::attr::{Attr, EntryReply};
use super::attributes::{SetAttr, SetTime};
use super::core::{Context, Core};
use super::entries::NodeMode;
use super::error::{FsError, FsResult};
use super::node::Backing;
use super::open::{Opened, Opening, WriteHow};
use super::tree::Caller;
use super::workers::Workers;
use crate::sys::{FaultPoint, FileKind, pass, without_set_id};
use crate::types::NodeNumber;

/// Whether the kernel lets this process pass data through.
const UNKNOWN: u8 = 0;
const WORKS: u8 = 1;
const REFUSED: u8 = 2;

/// The adapter of one mount.
#[derive(Debug)]
pub struct Adapter {
    core: Arc<Core>,
    workers: Workers,
    passthrough: Arc<AtomicU8>,
}

impl Adapter {
    /// The adapter of a filesystem.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, workers: Workers::default(), passthrough: Arc::new(AtomicU8::new(REFUSED)) }
    }

    /// Whether data is passed through, as far as is known: told apart in status and logs.
    #[must_use]
    pub fn passthrough_state(&self) -> Arc<AtomicU8> {
        Arc::clone(&self.passthrough)
    }

    /// Runs a request here, or where it may wait. A panic is that request's alone: its reply says EIO as it is dropped.
    fn run(&self, waits: bool, job: impl FnOnce(&Core) + Send + 'static) {
        let job = |core: &Core| {
            pass(FaultPoint::Request);
            job(core);
        };
        if waits {
            let core = Arc::clone(&self.core);
            self.workers.run(move || job(&core));
        } else if catch_unwind(AssertUnwindSafe(|| job(&self.core))).is_err() {
            tracing::error!("a request panicked");
        }
    }

    /// Runs a request that changes something, in folders that its caller holds locked in the kernel: before it is answered,
    /// the kernel gives up what it may hold of tag folders and is wrong now.
    fn change<R>(
        &self,
        waits: bool,
        folders: [INodeNo; 2],
        job: impl FnOnce(&Core) -> R + Send + 'static,
        answer: impl FnOnce(&Core, R) + Send + 'static,
    ) {
        self.run(waits, move |core| {
            let _hold = core.leases.hold(folders.map(number));
            let result = job(core);
            core.leases.settle();
            answer(core, result);
        });
    }

    fn waits(&self, number: INodeNo) -> bool {
        self.core.may_wait(NodeNumber(number.0))
    }

    /// Changes of synthetic folders edit notes durably, which takes a disk's time.
    fn edits(number: INodeNo) -> bool {
        NodeNumber(number.0).is_synthetic()
    }
}

fn context(req: &Request, umask: u32) -> Context {
    Context { caller: Caller { uid: req.uid(), gid: req.gid(), pid: req.pid() }, umask }
}

fn number(ino: INodeNo) -> NodeNumber {
    NodeNumber(ino.0)
}

/// What the kernel is told of a failure; refusals of Codex's own are kept for the user.
fn errno(core: &Core, ctx: Context, operation: &'static str, error: &FsError) -> Errno {
    core.record_refusal(ctx.caller, operation, error);
    tracing::debug!(operation, errno = error.errno, reason = error.reason.as_deref(), uid = ctx.caller.uid, "refused");
    Errno::from_i32(error.errno)
}

fn kind(kind: FileKind) -> FileType {
    match kind {
        FileKind::File => FileType::RegularFile,
        FileKind::Directory => FileType::Directory,
        FileKind::Symlink => FileType::Symlink,
        FileKind::Fifo => FileType::NamedPipe,
        FileKind::Socket => FileType::Socket,
        FileKind::CharDevice => FileType::CharDevice,
        FileKind::BlockDevice => FileType::BlockDevice,
    }
}

fn time(ns: i64) -> SystemTime {
    if ns >= 0 {
        UNIX_EPOCH + Duration::from_nanos(ns.unsigned_abs())
    } else {
        UNIX_EPOCH - Duration::from_nanos(ns.unsigned_abs())
    }
}

fn file_attr(attr: &Attr) -> FileAttr {
    FileAttr {
        ino: INodeNo(attr.number.0),
        size: attr.size,
        blocks: attr.blocks,
        atime: time(attr.atime_ns),
        mtime: time(attr.mtime_ns),
        ctime: time(attr.ctime_ns),
        crtime: UNIX_EPOCH,
        kind: kind(attr.kind),
        perm: attr.perm,
        nlink: attr.nlink,
        uid: attr.uid,
        gid: attr.gid,
        rdev: attr.rdev,
        blksize: attr.blksize,
        flags: 0,
    }
}

/// A node that is not there: number 0 tells the kernel that it may remember so.
fn no_attr() -> FileAttr {
    let attr = Attr::synthetic(NodeNumber(0), FileKind::File, 0, 0, 0);
    file_attr(&attr)
}

fn reply_entry(core: &Core, ctx: Context, operation: &'static str, result: FsResult<EntryReply>, reply: ReplyEntry) {
    match result {
        Ok(EntryReply { attr: Some(attr), entry_ttl, attr_ttl }) => {
            reply.entry_with_ttls(&attr_ttl, &entry_ttl, &file_attr(&attr), Generation(0));
        }
        Ok(EntryReply { attr: None, entry_ttl, .. }) if entry_ttl.is_zero() => reply.error(Errno::ENOENT),
        Ok(EntryReply { attr: None, entry_ttl, .. }) => reply.entry(&entry_ttl, &no_attr(), Generation(0)),
        Err(error) => reply.error(errno(core, ctx, operation, &error)),
    }
}

fn reply_empty(core: &Core, ctx: Context, operation: &'static str, result: FsResult<()>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(errno(core, ctx, operation, &error)),
    }
}

fn reply_attr(
    core: &Core,
    ctx: Context,
    operation: &'static str,
    result: FsResult<(Attr, Duration)>,
    reply: ReplyAttr,
) {
    match result {
        Ok((attr, ttl)) => reply.attr(&ttl, &file_attr(&attr)),
        Err(error) => reply.error(errno(core, ctx, operation, &error)),
    }
}

/// Asks the kernel for a backing file. The first answer decides for the whole session: an ordinary user is refused
/// always, and asking at every open would only cost time.
fn open_backing(state: &AtomicU8, file: &OwnedFd, ask: impl Fn(&OwnedFd) -> io::Result<BackingId>) -> Option<Backing> {
    if state.load(Ordering::Relaxed) == REFUSED {
        return None;
    }
    // The kernel writes with the rights that this thread has now; without CAP_FSETID it clears set-id bits.
    let _clears_set_id = without_set_id();
    match ask(file) {
        Ok(backing) => {
            state.store(WORKS, Ordering::Relaxed);
            Some(Arc::new(backing))
        }
        Err(error) => {
            if state.compare_exchange(UNKNOWN, REFUSED, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                tracing::info!(%error, "file data goes through the daemon: the kernel grants no passthrough");
            }
            None
        }
    }
}

fn open_flags(opened: &Opened) -> FopenFlags {
    let mut flags = FopenFlags::empty();
    flags.set(FopenFlags::FOPEN_KEEP_CACHE, opened.keep_cache && opened.backing.is_none());
    flags.set(FopenFlags::FOPEN_DIRECT_IO, opened.direct);
    flags.set(FopenFlags::FOPEN_NOFLUSH, opened.no_flush);
    flags
}

fn backing_of(opened: &Opened) -> Option<&BackingId> {
    opened.backing.as_ref().and_then(|backing| backing.downcast_ref::<BackingId>())
}

fn set_time(time: TimeOrNow) -> SetTime {
    match time {
        TimeOrNow::Now => SetTime::Now,
        TimeOrNow::SpecificTime(time) => match time.duration_since(UNIX_EPOCH) {
            Ok(since) => SetTime::At(i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let seconds = -i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => SetTime::At(seconds, 0),
                    nanoseconds => SetTime::At(seconds - 1, 1_000_000_000 - nanoseconds),
                }
            }
        },
    }
}

impl Filesystem for Adapter {
    fn init(&mut self, _req: &Request, config: &mut KernelConfig) -> io::Result<()> {
        let is_root = rustix::process::geteuid().is_root();
        let mut wanted = vec![
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_CACHE_SYMLINKS,
            InitFlags::FUSE_ATOMIC_O_TRUNC,
            InitFlags::FUSE_ASYNC_DIO,
            InitFlags::FUSE_DONT_MASK,
            // Pages are dropped when we say so, not whenever a time stamp differs.
            InitFlags::FUSE_EXPLICIT_INVAL_DATA,
            // Spares a GETXATTR at every write; set-id bits are cleared by the store, see `without_set_id`.
            InitFlags::FUSE_HANDLE_KILLPRIV_V2,
        ];
        if !self.core.options().no_xattr {
            wanted.push(InitFlags::FUSE_POSIX_ACL);
        }
        for capability in wanted {
            // A kernel that lacks one works without it.
            let _ = config.add_capabilities(capability);
        }
        let _ = config.set_max_background(64);
        if is_root
            && config.add_capabilities(InitFlags::FUSE_PASSTHROUGH).is_ok()
            && config.set_max_stack_depth(1).is_ok()
        {
            self.passthrough.store(UNKNOWN, Ordering::Relaxed);
        }
        Ok(())
    }

    fn lookup(&self, req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let (ctx, name) = (context(req, 0), name.to_owned());
        self.run(self.waits(parent), move |core| {
            let result = core.lookup(ctx, number(parent), &name);
            reply_entry(core, ctx, "lookup", result, reply);
        });
    }

    fn forget(&self, _req: &Request, ino: INodeNo, nlookup: u64) {
        self.core.forget(number(ino), nlookup);
    }

    fn getattr(&self, req: &Request, ino: INodeNo, fh: Option<FileHandle>, reply: ReplyAttr) {
        let ctx = context(req, 0);
        self.run(self.waits(ino), move |core| {
            reply_attr(core, ctx, "getattr", core.getattr(number(ino), fh.map(|fh| fh.0)), reply);
        });
    }

    fn setattr(
        &self,
        req: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        atime: Option<TimeOrNow>,
        mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let ctx = context(req, 0);
        let (atime, mtime) = (atime.map(set_time), mtime.map(set_time));
        let set = SetAttr { mode, uid, gid, size, atime, mtime, handle: fh.map(|fh| fh.0) };
        self.change(
            false,
            [ino; 2],
            move |core| core.setattr(ctx, number(ino), &set),
            move |core, result| reply_attr(core, ctx, "setattr", result, reply),
        );
    }

    fn readlink(&self, req: &Request, ino: INodeNo, reply: ReplyData) {
        let ctx = context(req, 0);
        self.run(false, move |core| match core.readlink(number(ino)) {
            Ok(target) => reply.data(&target),
            Err(error) => reply.error(errno(core, ctx, "readlink", &error)),
        });
    }

    fn mknod(&self, req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, rdev: u32, reply: ReplyEntry) {
        let (ctx, name) = (context(req, umask), name.to_owned());
        self.change(
            Self::edits(parent),
            [parent; 2],
            move |core| core.mknod(ctx, (number(parent), &name), NodeMode { mode, rdev }),
            move |core, result| reply_entry(core, ctx, "mknod", result, reply),
        );
    }

    fn mkdir(&self, req: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        let (ctx, name) = (context(req, umask), name.to_owned());
        self.change(
            Self::edits(parent),
            [parent; 2],
            move |core| core.mkdir(ctx, (number(parent), &name), mode),
            move |core, result| reply_entry(core, ctx, "mkdir", result, reply),
        );
    }

    fn unlink(&self, req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (ctx, name) = (context(req, 0), name.to_owned());
        self.change(
            Self::edits(parent),
            [parent; 2],
            move |core| core.unlink(ctx, (number(parent), &name)),
            move |core, result| reply_empty(core, ctx, "unlink", result, reply),
        );
    }

    fn rmdir(&self, req: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let (ctx, name) = (context(req, 0), name.to_owned());
        self.change(
            Self::edits(parent),
            [parent; 2],
            move |core| core.rmdir(ctx, (number(parent), &name)),
            move |core, result| reply_empty(core, ctx, "rmdir", result, reply),
        );
    }

    fn symlink(&self, req: &Request, parent: INodeNo, link_name: &OsStr, target: &Path, reply: ReplyEntry) {
        let (ctx, name, target) = (context(req, 0), link_name.to_owned(), target.as_os_str().to_owned());
        self.change(
            Self::edits(parent),
            [parent; 2],
            move |core| core.symlink(ctx, (number(parent), &name), &target),
            move |core, result| reply_entry(core, ctx, "symlink", result, reply),
        );
    }

    fn rename(
        &self,
        req: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (ctx, name, newname) = (context(req, 0), name.to_owned(), newname.to_owned());
        let flags = rustix::fs::RenameFlags::from_bits_retain(flags.bits());
        self.change(
            Self::edits(parent) || Self::edits(newparent),
            [parent, newparent],
            move |core| core.rename(ctx, (number(parent), &name), (number(newparent), &newname), flags),
            move |core, result| reply_empty(core, ctx, "rename", result, reply),
        );
    }

    fn link(&self, req: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        let (ctx, name) = (context(req, 0), newname.to_owned());
        self.change(
            Self::edits(newparent),
            [newparent; 2],
            move |core| core.link(ctx, number(ino), (number(newparent), &name)),
            move |core, result| reply_entry(core, ctx, "link", result, reply),
        );
    }

    fn open(&self, req: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let (ctx, state) = (context(req, 0), Arc::clone(&self.passthrough));
        self.run(Self::edits(ino), move |core| {
            let backing = |file: &OwnedFd| open_backing(&state, file, |file| reply.open_backing(file.as_fd()));
            match core.open(ctx, number(ino), Opening { flags: flags.0, backing: &backing }) {
                Ok(opened) => {
                    let handle = FileHandle(opened.handle);
                    match backing_of(&opened) {
                        Some(backing) => reply.opened_passthrough(handle, open_flags(&opened), backing),
                        None => reply.opened(handle, open_flags(&opened)),
                    }
                }
                Err(error) => reply.error(errno(core, ctx, "open", &error)),
            }
        });
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
        let (ctx, name, state) = (context(req, umask), name.to_owned(), Arc::clone(&self.passthrough));
        self.run(Self::edits(parent), move |core| {
            let _hold = core.leases.hold([number(parent); 2]);
            let backing = |file: &OwnedFd| open_backing(&state, file, |file| reply.open_backing(file.as_fd()));
            let result = core.create(ctx, (number(parent), &name), mode, Opening { flags, backing: &backing });
            core.leases.settle();
            let (entry, opened) = match result {
                Ok(created) => created,
                Err(error) => return reply.error(errno(core, ctx, "create", &error)),
            };
            let Some(attr) = entry.attr else { return reply.error(Errno::EIO) };
            // The protocol has one timeout here; the shorter is the safe one.
            let ttl = entry.entry_ttl.min(entry.attr_ttl);
            let (attr, handle, flags) = (file_attr(&attr), FileHandle(opened.handle), open_flags(&opened));
            match backing_of(&opened) {
                Some(backing) => reply.created_passthrough(&ttl, &attr, Generation(0), handle, flags, backing),
                None => reply.created(&ttl, &attr, Generation(0), handle, flags),
            }
        });
    }

    fn read(
        &self,
        req: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let ctx = context(req, 0);
        self.run(false, move |core| {
            with_buffer(size as usize, |buffer| match core.read(fh.0, offset, buffer) {
                Ok(len) => reply.data(&buffer[..len]),
                Err(error) => reply.error(errno(core, ctx, "read", &error)),
            });
        });
    }

    fn write(
        &self,
        req: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        data: &[u8],
        write_flags: WriteFlags,
        flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let ctx = context(req, 0);
        let how = WriteHow {
            append: flags.0 & libc::O_APPEND != 0,
            clear_set_id: write_flags.contains(WriteFlags::FUSE_WRITE_KILL_SUIDGID),
        };
        let core = &self.core;
        let outcome = catch_unwind(AssertUnwindSafe(|| core.write(fh.0, offset, data, how)));
        match outcome {
            Ok(Ok(len)) => reply.written(u32::try_from(len).unwrap_or(u32::MAX)),
            Ok(Err(error)) => reply.error(errno(core, ctx, "write", &error)),
            Err(_) => reply.error(Errno::EIO),
        }
    }

    fn flush(&self, req: &Request, ino: INodeNo, fh: FileHandle, _lock_owner: LockOwner, reply: ReplyEmpty) {
        let ctx = context(req, 0);
        self.change(
            false,
            [ino; 2],
            move |core| core.flush(fh.0),
            move |core, result| reply_empty(core, ctx, "flush", result, reply),
        );
    }

    fn release(
        &self,
        _req: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        self.run(false, move |core| {
            core.release(fh.0);
            reply.ok();
        });
    }

    fn fsync(&self, req: &Request, _ino: INodeNo, fh: FileHandle, datasync: bool, reply: ReplyEmpty) {
        let ctx = context(req, 0);
        self.run(false, move |core| reply_empty(core, ctx, "fsync", core.fsync(fh.0, datasync), reply));
    }

    fn opendir(&self, req: &Request, ino: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        let ctx = context(req, 0);
        self.run(false, move |core| match core.opendir(number(ino)) {
            Ok(opened) => {
                let mut flags = FopenFlags::empty();
                flags.set(FopenFlags::FOPEN_CACHE_DIR, opened.cache);
                flags.set(FopenFlags::FOPEN_KEEP_CACHE, opened.keep);
                reply.opened(FileHandle(opened.handle), flags);
            }
            Err(error) => reply.error(errno(core, ctx, "opendir", &error)),
        });
    }

    fn readdir(&self, req: &Request, ino: INodeNo, fh: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let ctx = context(req, 0);
        self.run(self.waits(ino), move |core| {
            let entries = match core.entries(ctx, fh.0, offset) {
                Ok(entries) => entries,
                Err(error) => return reply.error(errno(core, ctx, "readdir", &error)),
            };
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            for (i, entry) in entries.iter().enumerate().skip(start) {
                if reply.add(INodeNo(entry.number.0), i as u64 + 1, kind(entry.kind), &entry.name) {
                    break;
                }
            }
            // The snapshot is shared with the handle, which may be released as soon as the reply is out.
            drop(entries);
            reply.ok();
        });
    }

    fn readdirplus(&self, _req: &Request, _ino: INodeNo, _fh: FileHandle, _offset: u64, reply: ReplyDirectoryPlus) {
        // Not negotiated: names-only walks are four times cheaper without it.
        reply.error(Errno::EOPNOTSUPP);
    }

    fn releasedir(&self, _req: &Request, _ino: INodeNo, fh: FileHandle, _flags: OpenFlags, reply: ReplyEmpty) {
        self.core.releasedir(fh.0);
        reply.ok();
    }

    fn fsyncdir(&self, req: &Request, ino: INodeNo, _fh: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        let ctx = context(req, 0);
        self.run(false, move |core| reply_empty(core, ctx, "fsyncdir", core.fsync_dir(number(ino)), reply));
    }

    fn statfs(&self, req: &Request, ino: INodeNo, reply: ReplyStatfs) {
        let ctx = context(req, 0);
        self.run(false, move |core| match core.statfs(number(ino)) {
            Ok(s) => {
                let (bsize, frsize) =
                    (u32::try_from(s.f_bsize).unwrap_or(4096), u32::try_from(s.f_frsize).unwrap_or(4096));
                reply.statfs(s.f_blocks, s.f_bfree, s.f_bavail, s.f_files, s.f_ffree, bsize, 255, frsize.max(1));
            }
            Err(error) => reply.error(errno(core, ctx, "statfs", &error)),
        });
    }

    fn setxattr(
        &self,
        req: &Request,
        ino: INodeNo,
        name: &OsStr,
        value: &[u8],
        flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        if self.core.options().no_xattr {
            return reply.error(Errno::ENOSYS);
        }
        let (ctx, name, value) = (context(req, 0), name.to_owned(), value.to_vec());
        self.change(
            Core::is_metadata_attribute(&name),
            [ino; 2],
            move |core| core.setxattr(ctx, number(ino), &name, Some(&value), flags),
            move |core, result| reply_empty(core, ctx, "setxattr", result, reply),
        );
    }

    fn getxattr(&self, req: &Request, ino: INodeNo, name: &OsStr, size: u32, reply: ReplyXattr) {
        if self.core.options().no_xattr {
            return reply.error(Errno::ENOSYS);
        }
        let (ctx, name) = (context(req, 0), name.to_owned());
        self.run(Core::is_metadata_attribute(&name), move |core| {
            reply_xattr(core, ctx, "getxattr", core.getxattr(number(ino), &name), size, reply);
        });
    }

    fn listxattr(&self, req: &Request, ino: INodeNo, size: u32, reply: ReplyXattr) {
        if self.core.options().no_xattr {
            return reply.error(Errno::ENOSYS);
        }
        let ctx = context(req, 0);
        self.run(false, move |core| {
            reply_xattr(core, ctx, "listxattr", core.listxattr(number(ino)), size, reply);
        });
    }

    fn removexattr(&self, req: &Request, ino: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        if self.core.options().no_xattr {
            return reply.error(Errno::ENOSYS);
        }
        let (ctx, name): (_, OsString) = (context(req, 0), name.to_owned());
        self.change(
            Core::is_metadata_attribute(&name),
            [ino; 2],
            move |core| core.setxattr(ctx, number(ino), &name, None, 0),
            move |core, result| reply_empty(core, ctx, "removexattr", result, reply),
        );
    }

    fn access(&self, _req: &Request, _ino: INodeNo, _mask: fuser::AccessFlags, reply: ReplyEmpty) {
        // The kernel checks permissions itself (default_permissions); ENOSYS here would silence it for the whole mount.
        reply.ok();
    }

    fn ioctl(
        &self,
        _req: &Request,
        _ino: INodeNo,
        _fh: FileHandle,
        _flags: fuser::IoctlFlags,
        _cmd: u32,
        _in_data: &[u8],
        _out_size: u32,
        reply: ReplyIoctl,
    ) {
        reply.error(Errno::ENOTTY);
    }

    fn fallocate(
        &self,
        req: &Request,
        _ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let ctx = context(req, 0);
        self.run(false, move |core| {
            reply_empty(core, ctx, "fallocate", core.fallocate(fh.0, offset, length, mode), reply);
        });
    }

    fn lseek(&self, req: &Request, _ino: INodeNo, fh: FileHandle, offset: i64, whence: i32, reply: ReplyLseek) {
        let ctx = context(req, 0);
        self.run(false, move |core| {
            let result = u64::try_from(offset)
                .map_err(|_| FsError::plain(libc::EINVAL))
                .and_then(|offset| core.lseek(fh.0, offset, whence));
            match result {
                Ok(offset) => reply.offset(offset.cast_signed()),
                Err(error) => reply.error(errno(core, ctx, "lseek", &error)),
            }
        });
    }

    fn copy_file_range(
        &self,
        req: &Request,
        _ino_in: INodeNo,
        fh_in: FileHandle,
        offset_in: u64,
        _ino_out: INodeNo,
        fh_out: FileHandle,
        offset_out: u64,
        len: u64,
        _flags: CopyFileRangeFlags,
        reply: ReplyWrite,
    ) {
        let ctx = context(req, 0);
        self.run(false, move |core| {
            // The reply has 32 bits for the length; the caller asks again for the rest.
            let len = usize::try_from(len.min(1 << 30)).unwrap_or(1 << 30);
            match core.copy_file_range((fh_in.0, offset_in), (fh_out.0, offset_out), len) {
                Ok(len) => reply.written(u32::try_from(len).unwrap_or(u32::MAX)),
                Err(error) => reply.error(errno(core, ctx, "copy_file_range", &error)),
            }
        });
    }
}

fn reply_xattr(
    core: &Core,
    ctx: Context,
    operation: &'static str,
    result: FsResult<Vec<u8>>,
    size: u32,
    reply: ReplyXattr,
) {
    match result {
        Ok(value) if size == 0 => reply.size(u32::try_from(value.len()).unwrap_or(u32::MAX)),
        Ok(value) if value.len() > size as usize => reply.error(Errno::ERANGE),
        Ok(value) => reply.data(&value),
        Err(error) => reply.error(errno(core, ctx, operation, &error)),
    }
}

/// A buffer that each thread keeps: reads come in up to 1 MiB, and zeroing one each time would cost more than the read.
fn with_buffer(size: usize, fill: impl FnOnce(&mut [u8])) {
    thread_local! {
        static BUFFER: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        fill(&mut buffer[..size]);
    });
}
