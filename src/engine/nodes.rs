//! Node numbers: which number the mount shows each file of a store under.
//!
//! Assigned in memory at first sight, written to the index in the background. Numbers are taken from blocks that
//! are reserved durably ahead of use, so that none is used twice, even after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::{DashMap, Entry};
use parking_lot::Mutex;

use super::queue::Queue;
use crate::types::{NodeNumber, NotebookNumber, StoreKey};

/// How many numbers are reserved at a time: a crash forfeits at most as many of the 2^32 that an epoch has.
const BLOCK: u64 = 1 << 18;

/// How long after an inode is used again its old number may have been listed: until a watcher tells of the new file.
const LISTED_WITHIN: Duration = Duration::from_secs(5);

/// Node numbers of a notebook.
#[derive(Debug)]
pub struct NodeNumbers {
    notebook: NotebookNumber,
    epoch: u32,
    next: AtomicU64,
    reserved: AtomicU64,
    /// By device and inode number: where a number of the store is used again, the entry of the file before goes.
    by_inode: DashMap<(u64, u64), Known>,
    unsaved: Mutex<Unsaved>,
    queue: Arc<Queue>,
}

/// A number, and whether anybody asked for it since the notebook was opened.
#[derive(Debug)]
struct Known {
    btime_ns: i64,
    number: NodeNumber,
    asked: AtomicBool,
    /// When it was given, if that was since the notebook was opened.
    given: Option<Instant>,
    /// It took the place of the number of a file that had the inode before.
    has_replaced: bool,
    /// The file has lost its last name, as far as is known: the next that has the inode may be another.
    is_doubtful: AtomicBool,
}

impl Known {
    fn is_new(&self) -> bool {
        self.given.is_some_and(|at| at.elapsed() < LISTED_WITHIN)
    }

    /// Whether the key is that of the file which had the inode until a moment ago.
    fn is_later_than(&self, key: StoreKey) -> bool {
        self.is_new() && key.btime_ns < self.btime_ns
    }
}

/// What the index does not know yet.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    pub(super) assigned: Vec<(NodeNumber, StoreKey)>,
    pub(super) forgotten: Vec<NodeNumber>,
}

impl NodeNumbers {
    /// Those that were saved, and the counter to go on from; `next` is the first that was never reserved.
    pub(super) fn new(
        notebook: NotebookNumber,
        epoch: u32,
        next: u64,
        saved: Vec<(NodeNumber, StoreKey)>,
        queue: Arc<Queue>,
    ) -> Self {
        let by_inode = DashMap::with_capacity_and_shard_amount(saved.len(), 16);
        for (number, key) in saved {
            let known = Known {
                btime_ns: key.btime_ns,
                number,
                asked: AtomicBool::new(false),
                given: None,
                has_replaced: false,
                is_doubtful: AtomicBool::new(false),
            };
            by_inode.insert((key.dev, key.ino), known);
        }
        Self {
            notebook,
            epoch,
            // 0 is no counter: a number of epoch and counter 0 would be that of nothing.
            next: AtomicU64::new(next.max(1)),
            reserved: AtomicU64::new(next.max(1)),
            by_inode,
            unsaved: Mutex::default(),
            queue,
        }
    }

    /// The number of a file; the same ever after.
    pub(super) fn number(&self, key: StoreKey) -> NodeNumber {
        self.number_as(key, true)
    }

    /// The number of a file, for the index rather than for a kernel.
    pub(super) fn number_unasked(&self, key: StoreKey) -> NodeNumber {
        self.number_as(key, false)
    }

    fn number_as(&self, key: StoreKey, asked: bool) -> NodeNumber {
        let inode = (key.dev, key.ino);
        if let Some(known) = self.by_inode.get(&inode).filter(|known| known.btime_ns == key.btime_ns) {
            if asked {
                known.asked.store(true, Ordering::Relaxed);
            }
            known.is_doubtful.store(false, Ordering::Relaxed);
            return known.number;
        }
        match self.by_inode.entry(inode) {
            Entry::Occupied(entry) if entry.get().btime_ns == key.btime_ns => entry.get().number,
            // Somebody who has looked at the file before still asks for it: that one is dead.
            Entry::Occupied(entry) if entry.get().is_later_than(key) => {
                drop(entry);
                self.assign()
            }
            entry => {
                let number = self.assign();
                self.set(entry, key, number, asked);
                number
            }
        }
    }

    /// A file bears a number that was given elsewhere.
    pub(super) fn carry(&self, key: StoreKey, number: NodeNumber) {
        self.set(self.by_inode.entry((key.dev, key.ino)), key, number, true);
    }

    fn set(&self, entry: Entry<'_, (u64, u64), Known>, key: StoreKey, number: NodeNumber, asked: bool) {
        let mut unsaved = self.unsaved.lock();
        let mut has_replaced = false;
        if let Entry::Occupied(entry) = &entry
            && entry.get().number != number
        {
            unsaved.forgotten.push(entry.get().number);
            has_replaced = true;
        }
        let known = Known {
            btime_ns: key.btime_ns,
            number,
            asked: AtomicBool::new(asked),
            given: Some(Instant::now()),
            has_replaced,
            is_doubtful: AtomicBool::new(false),
        };
        // The first of several wakes the thread that will write them all, a second later.
        if unsaved.assigned.is_empty() {
            self.queue.nudge();
        }
        unsaved.assigned.push((number, key));
        entry.insert(known);
    }

    /// What is known of an inode of the store.
    pub(super) fn known_key(&self, dev: u64, ino: u64) -> Option<(StoreKey, NodeNumber)> {
        let known = self.by_inode.get(&(dev, ino))?;
        Some((StoreKey { dev, ino, btime_ns: known.btime_ns }, known.number))
    }

    /// The number of an inode of the store; perhaps that of a file which had the inode before, where nobody has seen
    /// that one go.
    pub(super) fn known(&self, dev: u64, ino: u64) -> Option<NodeNumber> {
        let known = self.by_inode.get(&(dev, ino)).filter(|known| !known.is_doubtful.load(Ordering::Relaxed));
        known.map(|known| known.number)
    }

    /// Whether listings of the last moments may give an inode the number of a file that had it before.
    pub(super) fn was_replaced(&self, key: StoreKey) -> bool {
        self.by_inode.get(&(key.dev, key.ino)).is_some_and(|known| known.has_replaced && known.is_new())
    }

    fn assign(&self) -> NodeNumber {
        let counter = self.next.fetch_add(1, Ordering::Relaxed);
        let reserved = self.reserved.load(Ordering::Acquire);
        if counter + BLOCK / 2 == reserved {
            self.queue.nudge();
        }
        // The index thread reserves half a block ahead; it is outrun only where it is stuck, and then two seconds
        // late the number is used all the same: it could be given again only after a crash within that time.
        let mut patience = 2000;
        while counter >= self.reserved.load(Ordering::Acquire) && patience > 0 {
            self.queue.nudge();
            std::thread::sleep(Duration::from_millis(1));
            patience -= 1;
        }
        NodeNumber::real(self.notebook, self.epoch, u32::try_from(counter).unwrap_or(u32::MAX))
    }

    /// Whether anybody asked for the number of a file since the start.
    pub(super) fn was_asked(&self, key: StoreKey) -> bool {
        let known = self.by_inode.get(&(key.dev, key.ino)).filter(|known| known.btime_ns == key.btime_ns);
        known.is_some_and(|known| known.asked.load(Ordering::Relaxed))
    }

    /// The file has lost its last name: who meets its inode has to look whose it is.
    pub(super) fn doubt(&self, key: StoreKey) {
        if let Some(known) = self.by_inode.get(&(key.dev, key.ino)).filter(|known| known.btime_ns == key.btime_ns) {
            known.is_doubtful.store(true, Ordering::Relaxed);
        }
    }

    /// Drops the number of a file that is gone for good.
    pub(super) fn forget(&self, key: StoreKey) {
        let removed = self.by_inode.remove_if(&(key.dev, key.ino), |_, known| known.btime_ns == key.btime_ns);
        if let Some((_, known)) = removed {
            self.unsaved.lock().forgotten.push(known.number);
        }
    }

    /// An inode no longer bears its number, which another has taken over.
    pub(super) fn release(&self, key: StoreKey) {
        self.by_inode.remove_if(&(key.dev, key.ino), |_, known| known.btime_ns == key.btime_ns);
    }

    /// Drops the numbers of files that a whole walk has not met and that nobody asked for since the start:
    /// a number that a kernel may know is never dropped here.
    pub(super) fn retain(&self, is_there: impl Fn(&StoreKey) -> bool) {
        let key = |(dev, ino): (u64, u64), known: &Known| StoreKey { dev, ino, btime_ns: known.btime_ns };
        let gone: Vec<StoreKey> = self
            .by_inode
            .iter()
            .filter(|entry| !entry.value().asked.load(Ordering::Relaxed))
            .map(|entry| key(*entry.key(), entry.value()))
            .filter(|key| !is_there(key))
            .collect();
        for key in gone {
            self.forget(key);
        }
    }

    /// Whether something has to be written to the index.
    pub(super) fn has_unsaved(&self) -> bool {
        let unsaved = self.unsaved.lock();
        !unsaved.assigned.is_empty() || !unsaved.forgotten.is_empty()
    }

    /// What has to be written to the index.
    pub(super) fn take_unsaved(&self) -> Option<Unsaved> {
        let mut unsaved = self.unsaved.lock();
        if unsaved.assigned.is_empty() && unsaved.forgotten.is_empty() {
            return None;
        }
        let mut taken = std::mem::take(&mut *unsaved);
        drop(unsaved);
        // A number that was replaced or forgotten since would come back with what is written.
        let holds = |number: &NodeNumber, key: &StoreKey| {
            let known = self.by_inode.get(&(key.dev, key.ino));
            known.is_some_and(|known| (known.number, known.btime_ns) == (*number, key.btime_ns))
        };
        taken.assigned.retain(|(number, key)| holds(number, key));
        Some(taken)
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, mut failed: Unsaved) {
        let mut unsaved = self.unsaved.lock();
        failed.assigned.append(&mut unsaved.assigned);
        failed.forgotten.append(&mut unsaved.forgotten);
        *unsaved = failed;
    }

    /// The bound to reserve next, where that is due.
    pub(super) fn wanted_reservation(&self) -> Option<u64> {
        let (next, reserved) = (self.next.load(Ordering::Acquire), self.reserved.load(Ordering::Acquire));
        (next + BLOCK / 2 >= reserved).then_some(next.max(reserved) + BLOCK)
    }

    /// All below `bound` may be handed out: it is durable.
    pub(super) fn reserve(&self, bound: u64) {
        self.reserved.store(bound, Ordering::Release);
    }

    /// The next counter, to be kept when the notebook is closed in order.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// How many files have a number.
    pub(super) fn len(&self) -> usize {
        self.by_inode.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Seq;

    fn key(ino: u64) -> StoreKey {
        StoreKey { dev: 1, ino, btime_ns: 5 }
    }

    #[test]
    fn a_number_that_another_takes_the_place_of_is_not_saved_after_it() {
        let nodes = NodeNumbers::new(NotebookNumber(1), 1, 1, Vec::new(), Arc::new(Queue::new(Seq(1))));
        nodes.reserve(nodes.wanted_reservation().unwrap());
        let own = nodes.number_unasked(key(1));
        let carried = NodeNumber::real(NotebookNumber(2), 1, 7);
        nodes.carry(key(1), carried);
        let unsaved = nodes.take_unsaved().unwrap();
        assert_eq!((unsaved.assigned, unsaved.forgotten), (vec![(carried, key(1))], vec![own]));
    }

    #[test]
    fn who_still_asks_for_the_file_that_had_an_inode_before_does_not_renumber_the_new_one() {
        let nodes = NodeNumbers::new(NotebookNumber(1), 1, 1, Vec::new(), Arc::new(Queue::new(Seq(1))));
        nodes.reserve(nodes.wanted_reservation().unwrap());
        let before = nodes.number(key(1));
        let reused = StoreKey { btime_ns: 6, ..key(1) };
        let after = nodes.number(reused);
        assert!(![before, after].contains(&nodes.number_unasked(key(1))));
        assert_eq!(nodes.number(reused), after);
        assert!(nodes.was_replaced(reused));
        nodes.doubt(key(1));
        assert_eq!(nodes.known(1, 1), Some(after));
        nodes.doubt(reused);
        assert_eq!(nodes.known(1, 1), None);
        assert_eq!((nodes.number(reused), nodes.known(1, 1)), (after, Some(after)));
    }

    #[test]
    fn a_file_keeps_its_number_and_a_forgotten_one_is_not_given_again() {
        let nodes = NodeNumbers::new(NotebookNumber(1), 1, 1, Vec::new(), Arc::new(Queue::new(Seq(1))));
        nodes.reserve(nodes.wanted_reservation().unwrap());
        let first = nodes.number(key(1));
        assert_eq!(nodes.number(key(1)), first);
        nodes.forget(key(1));
        let second = nodes.number(key(1));
        assert_ne!(second, first);
        assert_eq!(nodes.known(1, 1), Some(second));
        let reused = StoreKey { btime_ns: 6, ..key(1) };
        assert!(![first, second].contains(&nodes.number(reused)), "the inode number of a dead file is another file's");
        let unsaved = nodes.take_unsaved().unwrap();
        assert_eq!((unsaved.assigned.len(), unsaved.forgotten), (1, vec![first, second]));
    }
}
