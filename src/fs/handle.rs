//! Open files and directories, by number. A handle number is a key into this table, never a pointer: a RELEASE may
//! arrive on another thread while a reply is still being sent.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use parking_lot::Mutex;

use super::error::{FsError, FsResult};
use super::node::{Backing, Node};
use crate::engine::Requester;
use crate::types::{NodeNumber, StoreKey};

/// An open file or directory.
#[derive(Debug)]
pub enum Handle {
    /// A file of the store.
    File(FileHandle),
    /// A directory.
    Dir(DirHandle),
    /// A generated or recorded file: its bytes as they were when it was opened.
    Bytes(Arc<[u8]>),
}

/// An open file of the store.
#[derive(Debug)]
pub struct FileHandle {
    /// Which node.
    pub node: Arc<Node>,
    /// What it was in the store when it was opened.
    pub store: StoreKey,
    /// The descriptor.
    pub file: Arc<OwnedFd>,
    /// Whether it may write.
    pub writable: bool,
    /// Who opened it, as far as changes are attributed.
    pub by: Requester,
    /// The kernel's backing file, where data passes the daemon by.
    pub backing: Option<Backing>,
    /// Data bypasses the page cache.
    pub is_direct: bool,
}

/// An open directory: a snapshot, taken at the first read.
#[derive(Debug)]
pub struct DirHandle {
    /// Which node.
    pub node: Arc<Node>,
    /// Its entries with `.` and `..`.
    pub entries: Mutex<Option<Arc<Vec<DirEntry>>>>,
}

/// An entry as readdir(3) shows it.
#[derive(Clone, Debug)]
pub struct DirEntry {
    /// Its name.
    pub name: std::ffi::OsString,
    /// Its inode number.
    pub number: NodeNumber,
    /// What it is.
    pub kind: crate::sys::FileKind,
}

/// The table of handles.
#[derive(Debug, Default)]
pub struct HandleTable {
    handles: DashMap<u64, Arc<Handle>>,
    writers: DashMap<u64, Arc<Handle>>,
    next: AtomicU64,
}

impl HandleTable {
    /// A number for a new handle.
    pub fn reserve(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Puts a handle under a reserved number.
    pub fn insert(&self, number: u64, handle: Handle) {
        let handle = Arc::new(handle);
        if matches!(&*handle, Handle::File(file) if file.writable) {
            self.writers.insert(number, Arc::clone(&handle));
        }
        self.handles.insert(number, handle);
    }

    /// A handle.
    ///
    /// # Errors
    /// EBADF.
    pub fn get(&self, number: u64) -> FsResult<Arc<Handle>> {
        self.handles.get(&number).map(|handle| Arc::clone(&handle)).ok_or(FsError::plain(libc::EBADF))
    }

    /// Takes a handle out.
    pub fn remove(&self, number: u64) -> Option<Arc<Handle>> {
        self.writers.remove(&number);
        self.handles.remove(&number).map(|(_, handle)| handle)
    }

    /// Handles that may write.
    #[must_use]
    pub fn writers(&self) -> Vec<Arc<Handle>> {
        if self.writers.is_empty() {
            return Vec::new();
        }
        self.writers.iter().map(|handle| Arc::clone(&handle)).collect()
    }
}

impl Handle {
    /// The open file.
    ///
    /// # Errors
    /// EBADF where it is none.
    pub fn file(&self) -> FsResult<&FileHandle> {
        match self {
            Self::File(file) => Ok(file),
            Self::Dir(_) | Self::Bytes(_) => Err(FsError::plain(libc::EBADF)),
        }
    }
}
