//! Reading directories: a snapshot, taken at the first read and served by offset.

use std::sync::Arc;

use parking_lot::Mutex;
use rustix::fs::{Mode, OFlags, RawDir};

use super::core::{Context, Core, is_hidden, listed_number};
use super::error::{FsError, FsResult};
use super::handle::{DirEntry, DirHandle, Handle};
use super::node::{Node, Version, What};
use crate::sys::{FileKind, StoreStat};
use crate::types::NodeNumber;

/// An open directory.
#[derive(Clone, Copy, Debug)]
pub struct OpenedDir {
    /// The handle's number.
    pub handle: u64,
    /// The kernel may cache the listing.
    pub cache: bool,
    /// The listing that it has cached is still right.
    pub keep: bool,
}

impl Core {
    /// Opens a directory.
    ///
    /// # Errors
    /// ENOTDIR, ENOENT where a synthetic one is gone.
    pub fn opendir(&self, number: NodeNumber) -> FsResult<OpenedDir> {
        let node = self.nodes.get(number)?;
        if node.kind != FileKind::Directory {
            return Err(FsError::plain(libc::ENOTDIR));
        }
        let (cache, keep) = match node.real() {
            Some(real) => {
                // A directory's own times tell whether the listing that the kernel keeps is still right.
                let version = Version::from(&self.stat(&node, real, None)?);
                (true, real.told.lock().pages.replace(version) == Some(version))
            }
            None => (false, false),
        };
        let handle = self.handles.reserve();
        self.handles.insert(handle, Handle::Dir(DirHandle { node, entries: Mutex::default() }));
        Ok(OpenedDir { handle, cache, keep })
    }

    /// The entries of an open directory. Offset 0 takes the snapshot anew (rewinddir).
    ///
    /// # Errors
    /// EBADF; the store's; EAGAIN where the index is behind.
    pub fn entries(&self, ctx: Context, handle: u64, offset: u64) -> FsResult<Arc<Vec<DirEntry>>> {
        let handle = self.handles.get(handle)?;
        let Handle::Dir(dir) = &*handle else { return Err(FsError::plain(libc::ENOTDIR)) };
        if offset > 0
            && let Some(entries) = dir.entries.lock().as_ref()
        {
            return Ok(Arc::clone(entries));
        }
        let entries = Arc::new(match &dir.node.what {
            What::Real(_) => self.real_entries(&dir.node)?,
            What::Place(place) => {
                let mut entries = vec![dot(".", dir.node.number), dot("..", NodeNumber::ROOT)];
                entries.extend(self.tree.list(place, ctx.caller)?.into_iter().filter_map(|listed| {
                    let (number, kind) = listed_number(self, &listed.found)?;
                    Some(DirEntry { name: listed.name, number, kind })
                }));
                entries
            }
            What::Text(_) | What::Past(_) | What::Symlink(_) => return Err(FsError::plain(libc::ENOTDIR)),
        });
        *dir.entries.lock() = Some(Arc::clone(&entries));
        Ok(entries)
    }

    /// Numbers are taken from what is known of the store's inode numbers; only what was never seen costs a stat.
    fn real_entries(&self, node: &Arc<Node>) -> FsResult<Vec<DirEntry>> {
        let real = node.real().ok_or(FsError::plain(libc::ENOTDIR))?;
        let notebook = node.notebook().ok_or(FsError::plain(libc::ENOTDIR))?;
        let dir = self.nodes.dir_fd(node)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listing = rustix::fs::openat(&*dir, ".", flags, Mode::empty())?;
        let dev = StoreStat::of(&listing)?.key.dev;
        let parent = match real.name().map(|name| name.parent) {
            Some(super::node::Parent::Node(parent)) => parent.number,
            Some(super::node::Parent::Tmp(_)) | None => NodeNumber::ROOT,
        };
        let mut entries = vec![dot(".", node.number), dot("..", parent)];
        let mut buffer = Vec::with_capacity(64 * 1024);
        let mut raw = RawDir::new(&listing, buffer.spare_capacity_mut());
        while let Some(entry) = raw.next() {
            let entry = entry?;
            let bytes = entry.file_name().to_bytes();
            let name = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes);
            if bytes == b"." || bytes == b".." || is_hidden(node, name) {
                continue;
            }
            let known = FileKind::from_type(entry.file_type())
                .and_then(|kind| Some((notebook.known_number(dev, entry.ino())?, kind)));
            let (number, kind) = match known {
                Some(known) => known,
                None => match StoreStat::at(&listing, name) {
                    Ok(stat) => (notebook.node_number(&stat), stat.kind),
                    // It went away while the directory was being read.
                    Err(rustix::io::Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                },
            };
            entries.push(DirEntry { name: name.to_owned(), number, kind });
        }
        Ok(entries)
    }

    /// A directory was closed.
    pub fn releasedir(&self, handle: u64) {
        self.handles.remove(handle);
    }
}

fn dot(name: &str, number: NodeNumber) -> DirEntry {
    DirEntry { name: name.into(), number, kind: FileKind::Directory }
}
