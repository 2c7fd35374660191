//! The kernel's caches: one thread that alone tells the kernel what to drop.
//!
//! Telling it from within a request deadlocks beyond kill -9 (the kernel holds the directory's lock, or a page's, for
//! the caller that the request serves). So every wish goes into an unbounded queue; the thread holds no lock of this
//! program while it speaks to the kernel; nobody waits for it.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::table::place_number;
use super::tree::{KernelCaches, Place};
use crate::types::{NodeNumber, NotePath, NotebookNumber};

/// What can be said to the kernel; the session implements it with fuser's notifier.
pub trait KernelLink: Send {
    /// Drops a directory entry (and what hangs below it).
    ///
    /// # Errors
    /// The kernel's.
    fn inval_entry(&self, parent: NodeNumber, name: &OsStr) -> io::Result<()>;
    /// Drops attributes, and with `pages` the page cache.
    ///
    /// # Errors
    /// The kernel's.
    fn inval_inode(&self, number: NodeNumber, pages: bool) -> io::Result<()>;
}

/// Something to be dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Drop {
    /// A name in a directory.
    Entry(NodeNumber, OsString),
    /// A node's attributes.
    Attributes(NodeNumber),
    /// A node's attributes and pages (of a directory: its cached listing).
    Contents(NodeNumber),
    /// Whatever hangs on a path of the store that changed behind the mount; looked up by the thread.
    StorePath(NotebookNumber, NotePath),
    /// Whatever the kernel holds of a folder of the store, itself and what is in it; looked up likewise.
    StoreFolder(NotebookNumber, NotePath),
    /// Everything.
    Everything,
}

/// Something to be dropped: now, or at a time.
type Wish = (Option<Instant>, Drop);

/// The queue of what is to be dropped.
#[derive(Debug, Default)]
pub struct Caches {
    queue: OnceLock<Mutex<Sender<Wish>>>,
}

impl Caches {
    /// Starts the thread. `look_up` turns changed paths into what is to be dropped, without any lock held.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        &self,
        link: impl KernelLink + 'static,
        look_up: impl Fn(&[Drop]) -> Vec<Drop> + Send + 'static,
    ) -> io::Result<()> {
        let (sender, receiver) = channel();
        let _ = self.queue.set(Mutex::new(sender));
        std::thread::Builder::new()
            .name("kernel-caches".to_owned())
            .spawn(move || serve(&receiver, &link, &look_up))?;
        Ok(())
    }

    /// Queues a wish.
    pub fn drop_soon(&self, what: Drop) {
        self.send(None, what);
    }

    /// Queues a wish that is to be carried out a while later.
    pub fn drop_later(&self, after: Duration, what: Drop) {
        self.send(Some(Instant::now() + after), what);
    }

    fn send(&self, at: Option<Instant>, what: Drop) {
        if let Some(queue) = self.queue.get() {
            // The thread ends with the mount; what is still wished then needs no one.
            let _ = queue.lock().send((at, what));
        }
    }
}

impl KernelCaches for Caches {
    fn drop_entry(&self, place: &Place, name: &OsStr) {
        self.drop_soon(Drop::Entry(place_number(place), name.to_owned()));
    }

    fn drop_attributes(&self, node: NodeNumber) {
        self.drop_soon(Drop::Attributes(node));
    }

    fn drop_contents(&self, node: NodeNumber) {
        self.drop_soon(Drop::Contents(node));
    }
}

fn serve(queue: &Receiver<Wish>, link: &impl KernelLink, look_up: &impl Fn(&[Drop]) -> Vec<Drop>) {
    let mut later: Vec<(Instant, Drop)> = Vec::new();
    loop {
        let wait = later.iter().map(|(at, _)| at.saturating_duration_since(Instant::now())).min();
        let first = match wait {
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(wait) => queue.recv_timeout(wait),
        };
        let mut due: Vec<Drop> = Vec::new();
        match first {
            Ok(wish) => sort_in(wish, &mut due, &mut later),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while let Ok(wish) = queue.try_recv() {
            sort_in(wish, &mut due, &mut later);
        }
        let now = Instant::now();
        later.retain(|(at, wish)| {
            let is_due = *at <= now;
            if is_due {
                due.push(wish.clone());
            }
            !is_due
        });
        let mut seen = HashSet::new();
        due.retain(|wish| seen.insert(wish.clone()));
        for drop in &look_up(&due) {
            tell(link, drop);
        }
    }
}

fn sort_in((at, wish): Wish, due: &mut Vec<Drop>, later: &mut Vec<(Instant, Drop)>) {
    match at {
        None => due.push(wish),
        Some(at) => later.push((at, wish)),
    }
}

/// Tells the kernel.
pub(super) fn tell(link: &impl KernelLink, drop: &Drop) {
    let result = match drop {
        Drop::Entry(parent, name) => link.inval_entry(*parent, name),
        Drop::Attributes(number) => link.inval_inode(*number, false),
        Drop::Contents(number) => link.inval_inode(*number, true),
        Drop::StorePath(..) | Drop::StoreFolder(..) | Drop::Everything => Ok(()),
    };
    // "Not cached" is no failure, and after an unmount there is nobody to tell.
    if let Err(error) = result
        && !matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENODEV | libc::ENOTCONN | libc::EBADF))
    {
        tracing::warn!(?drop, %error, "the kernel did not drop a cached entry");
    }
}

/// Shared by the mount and its tree.
pub type SharedCaches = Arc<Caches>;
