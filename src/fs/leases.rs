//! Leases: what the kernel may hold of tag folders, and how it is called back before a change is acknowledged.
//!
//! An entry of `tags/a/` may be cached like one of the real tree, but a note that loses its tag must be gone from there
//! the moment the write that took the tag away is acknowledged. So each such answer is a lease: granted while nothing
//! has changed for a moment, recorded with the note, and called back by the first change that may make it wrong. The
//! acknowledgement waits for the recall, not the index; where nothing was leased it waits for nothing.
//!
//! A recall takes the folder's lock in the kernel, which a caller of ours may hold while we serve it. So recalls have a
//! thread of their own that holds no lock, entries of the caller's own folders are called back after its reply, and no
//! wait is longer than [`PATIENCE`].

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::caches::{Drop, KernelLink, tell};
use super::node::{Node, Real};
use crate::types::NodeNumber;

/// Nothing is leased while changes follow one another faster than this.
const QUIET: Duration = Duration::from_millis(100);

/// How long an acknowledgement waits for a recall at most. It is reached only where two callers, each in a folder of
/// their own, make changes that concern the other's folder at the same moment.
const PATIENCE: Duration = Duration::from_millis(300);

/// A note with more names in tag folders than this has the others looked up each time.
const MOST_NAMES: usize = 16;

/// A name in a synthetic folder.
pub type Entry = (NodeNumber, OsString);

/// The state of things before a question was answered.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

/// The leases of a mount.
#[derive(Debug)]
pub struct Leases {
    started: Instant,
    /// Counts the changes that may make a lease wrong.
    changes: AtomicU64,
    /// When the last of them was, in milliseconds since the start.
    changed_at: AtomicU64,
    /// How many entries were granted and not called back: 0 spares the search for them.
    entries: AtomicUsize,
    /// Folders whose attributes (and whose being there) are leased.
    folders: Mutex<HashSet<NodeNumber>>,
    recalls: Arc<Recalls>,
}

#[derive(Debug, Default)]
struct Recalls {
    state: Mutex<State>,
    /// Something is to be called back, or nothing will be any more.
    wanted: Condvar,
    /// Something has been called back.
    finished: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: Vec<Drop>,
    sent: u64,
    done: u64,
    is_over: bool,
    /// There is a kernel to tell.
    is_started: bool,
}

thread_local! {
    /// The folders that the caller of the request on this thread holds locked, and what is to be called back in them.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

struct Held {
    /// Whose folders they are: another mount gives the same numbers to folders of its own, which nobody holds.
    of: *const Recalls,
    folders: [NodeNumber; 2],
    later: Vec<Drop>,
}

/// While it lives, entries of the caller's own folders are not called back; when it goes, they are.
#[derive(Debug)]
#[must_use]
pub struct Hold<'a> {
    recalls: &'a Recalls,
}

impl std::ops::Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(held) = HELD.take() {
            self.recalls.send(held.later);
        }
    }
}

impl Default for Leases {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            changes: AtomicU64::new(0),
            changed_at: AtomicU64::new(0),
            entries: AtomicUsize::new(0),
            folders: Mutex::default(),
            recalls: Arc::default(),
        }
    }
}

impl std::ops::Drop for Leases {
    fn drop(&mut self) {
        self.recalls.state.lock().is_over = true;
        self.recalls.wanted.notify_all();
        self.recalls.finished.notify_all();
    }
}

impl Leases {
    /// Starts the thread that calls back. Before, and where it cannot be started, nothing is leased.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(&self, link: impl KernelLink + 'static) -> io::Result<()> {
        let recalls = Arc::clone(&self.recalls);
        std::thread::Builder::new().name("kernel-leases".to_owned()).spawn(move || recalls.serve(&link))?;
        self.recalls.state.lock().is_started = true;
        Ok(())
    }

    // ---- granting ----

    /// To be taken before the index is asked; `None` while nothing is leased.
    pub fn mark(&self) -> Option<Mark> {
        let mark = self.changes.load(Ordering::SeqCst);
        let since =
            self.started.elapsed().saturating_sub(Duration::from_millis(self.changed_at.load(Ordering::SeqCst)));
        (since > QUIET && self.recalls.state.lock().is_started).then_some(Mark(mark))
    }

    /// Leases a name of a note, unless something has changed since the mark, or the note is open for writing.
    pub fn grant_entry(&self, mark: Mark, node: &Node, (folder, name): (NodeNumber, &OsStr)) -> bool {
        let Some(real) = node.real() else { return false };
        {
            let mut leased = real.leased.lock();
            if !leased.iter().any(|known| (known.0, &*known.1) == (folder, name)) {
                if leased.len() >= MOST_NAMES {
                    return false;
                }
                leased.push((folder, name.to_owned()));
                self.entries.fetch_add(1, Ordering::SeqCst);
            }
        }
        // A change bumps the count first and takes the leases then: either it finds this one, or this finds the change.
        if self.changes.load(Ordering::SeqCst) == mark.0 && real.open.lock().writers == 0 {
            return true;
        }
        // Not taken back: an earlier answer may have granted the same, which is for the recall to find.
        false
    }

    /// Leases the attributes of a folder, unless something has changed since the mark.
    pub fn grant_folder(&self, mark: Mark, folder: NodeNumber) -> bool {
        self.folders.lock().insert(folder);
        self.changes.load(Ordering::SeqCst) == mark.0
    }

    // ---- calling back ----

    /// Something changes: from now on no lease is granted on what was known before, and all folders' are called back.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.changed_at.store(now, Ordering::SeqCst);
        let folders = std::mem::take(&mut *self.folders.lock());
        if !folders.is_empty() {
            self.recalls.send(folders.into_iter().map(Drop::Attributes).collect());
        }
    }

    /// Whether a note may have a name that is leased.
    pub fn has_entries(&self) -> bool {
        self.entries.load(Ordering::SeqCst) > 0
    }

    /// Calls the names of a file back.
    pub fn recall(&self, real: &Real) {
        let leased = std::mem::take(&mut *real.leased.lock());
        if leased.is_empty() {
            return;
        }
        self.entries.fetch_sub(leased.len(), Ordering::SeqCst);
        self.call_back(leased.into_iter().map(|(folder, name)| Drop::Entry(folder, name)).collect());
    }

    /// Has the kernel give these up.
    pub fn call_back(&self, drops: Vec<Drop>) {
        let mut now = Vec::with_capacity(drops.len());
        HELD.with_borrow_mut(|held| {
            for drop in drops {
                let held = held.as_mut().filter(|held| std::ptr::eq(held.of, &raw const *self.recalls));
                match (held, &drop) {
                    (Some(held), Drop::Entry(folder, _)) if held.folders.contains(folder) => held.later.push(drop),
                    _ => now.push(drop),
                }
            }
        });
        self.recalls.send(now);
    }

    /// The kernel has forgotten a file, and its names with it.
    pub fn forgotten(&self, real: &Real) {
        self.entries.fetch_sub(std::mem::take(&mut *real.leased.lock()).len(), Ordering::SeqCst);
    }

    /// Called for a request whose caller holds these folders locked in the kernel until it is answered.
    pub fn hold(&self, folders: [NodeNumber; 2]) -> Hold<'_> {
        HELD.set(Some(Held { of: &raw const *self.recalls, folders, later: Vec::new() }));
        Hold { recalls: &self.recalls }
    }

    /// Waits until the kernel has given up what was called back; see the module for how long at most.
    pub fn settle(&self) {
        let mut state = self.recalls.state.lock();
        let (until, target) = (Instant::now() + PATIENCE, state.sent);
        while state.done < target && !state.is_over {
            if self.recalls.finished.wait_until(&mut state, until).timed_out() {
                tracing::debug!(waiting = target - state.done, "the kernel has not given up names yet");
                return;
            }
        }
    }
}

impl Recalls {
    fn send(&self, recalls: Vec<Drop>) {
        if recalls.is_empty() {
            return;
        }
        let mut state = self.state.lock();
        state.sent += recalls.len() as u64;
        state.queue.extend(recalls);
        self.wanted.notify_one();
    }

    fn serve(&self, link: &impl KernelLink) {
        loop {
            let batch = {
                let mut state = self.state.lock();
                while state.queue.is_empty() && !state.is_over {
                    self.wanted.wait(&mut state);
                }
                if state.is_over {
                    return;
                }
                std::mem::take(&mut state.queue)
            };
            for recall in &batch {
                tell(link, recall);
                self.state.lock().done += 1;
            }
            self.finished.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A kernel that gives up what it is told to when the test lets it.
    struct Kernel {
        told: Sender<NodeNumber>,
        leave: Receiver<()>,
    }

    impl KernelLink for Kernel {
        fn inval_entry(&self, parent: NodeNumber, _name: &OsStr) -> io::Result<()> {
            let _ = self.leave.recv_timeout(Duration::from_secs(10));
            let _ = self.told.send(parent);
            Ok(())
        }

        fn inval_inode(&self, number: NodeNumber, _pages: bool) -> io::Result<()> {
            let _ = self.told.send(number);
            Ok(())
        }
    }

    fn started() -> (Leases, Receiver<NodeNumber>, Sender<()>) {
        let (leases, (told, hears), (let_go, leave)) = (Leases::default(), channel(), channel());
        leases.start(Kernel { told, leave }).unwrap();
        std::thread::sleep(QUIET + Duration::from_millis(20));
        (leases, hears, let_go)
    }

    #[test]
    fn nothing_is_leased_before_there_is_a_kernel_nor_while_changes_follow_one_another() {
        assert!(Leases::default().mark().is_none());
        let (leases, ..) = started();
        assert!(leases.mark().is_some());
        leases.changed();
        assert!(leases.mark().is_none());
    }

    #[test]
    fn a_folder_is_called_back_by_the_first_change_and_an_old_mark_leases_nothing() {
        let (leases, hears, _let_go) = started();
        let mark = leases.mark().unwrap();
        assert!(leases.grant_folder(mark, NodeNumber(7)));
        leases.changed();
        leases.settle();
        assert_eq!(hears.try_recv(), Ok(NodeNumber(7)), "before the change is acknowledged");
        assert!(!leases.grant_folder(mark, NodeNumber(8)));
    }

    #[test]
    fn no_acknowledgement_waits_for_ever() {
        let (leases, hears, let_go) = started();
        leases.recalls.send(vec![Drop::Entry(NodeNumber(9), "a".into())]);
        let began = Instant::now();
        leases.settle();
        assert!(began.elapsed() >= PATIENCE && hears.try_recv().is_err());
        let_go.send(()).unwrap();
        assert_eq!(hears.recv_timeout(Duration::from_secs(10)), Ok(NodeNumber(9)));
    }

    /// Both mounts number their folders alike: what the caller of one held was not called back from the other, whose
    /// kernel went on showing a note in the tag that it had lost.
    #[test]
    fn folders_that_a_caller_holds_in_one_mount_are_called_back_at_once_in_another() {
        let ((one, ..), (other, hears, let_go)) = (started(), started());
        let_go.send(()).unwrap();
        let hold = one.hold([NodeNumber(3), NodeNumber(4)]);
        other.call_back(vec![Drop::Entry(NodeNumber(3), "a".into())]);
        other.settle();
        assert_eq!(hears.try_recv(), Ok(NodeNumber(3)));
        drop(hold);
    }

    #[test]
    fn folders_that_the_caller_holds_are_called_back_after_its_reply() {
        let (leases, hears, let_go) = started();
        let_go.send(()).unwrap();
        let hold = leases.hold([NodeNumber(3), NodeNumber(4)]);
        HELD.with_borrow_mut(|held| {
            held.as_mut().unwrap().later.push(Drop::Entry(NodeNumber(3), "a".into()));
        });
        leases.settle();
        assert!(hears.try_recv().is_err());
        drop(hold);
        assert_eq!(hears.recv_timeout(Duration::from_secs(10)), Ok(NodeNumber(3)));
    }
}
