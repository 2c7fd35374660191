//! Node numbers: which number the mount shows each file of a store under.
//!
//! Assigned in memory at first sight, written to the index in the background. Numbers are taken from blocks that
//! are reserved durably ahead of use, so that none is used twice, even after a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dashmap::DashMap;
use parking_lot::Mutex;

use super::queue::Queue;
use crate::types::{NodeNumber, NotebookNumber, StoreKey};

/// How many numbers are reserved at a time: a crash forfeits at most as many of the 2^32 that an epoch has.
const BLOCK: u64 = 1 << 18;

/// Node numbers of a notebook.
#[derive(Debug)]
pub struct NodeNumbers {
    notebook: NotebookNumber,
    epoch: u32,
    next: AtomicU64,
    reserved: AtomicU64,
    by_key: DashMap<StoreKey, Known>,
    unsaved: Mutex<Unsaved>,
    queue: Arc<Queue>,
}

/// A number, and whether anybody asked for it since the notebook was opened.
#[derive(Debug)]
struct Known {
    number: NodeNumber,
    asked: AtomicBool,
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
        let by_key = DashMap::with_capacity_and_shard_amount(saved.len(), 16);
        for (number, key) in saved {
            by_key.insert(key, Known { number, asked: AtomicBool::new(false) });
        }
        Self {
            notebook,
            epoch,
            // 0 is no counter: a number of epoch and counter 0 would be that of nothing.
            next: AtomicU64::new(next.max(1)),
            reserved: AtomicU64::new(next.max(1)),
            by_key,
            unsaved: Mutex::default(),
            queue,
        }
    }

    /// Tells the node numbers of a notebook and epoch from others.
    pub(super) fn is_of(notebook: NotebookNumber, epoch: u32) -> impl Fn(NodeNumber) -> bool {
        let prefix = NodeNumber::real(notebook, epoch, 0).0 >> 32;
        move |number| number.0 >> 32 == prefix
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
        if let Some(known) = self.by_key.get(&key) {
            if asked {
                known.asked.store(true, Ordering::Relaxed);
            }
            return known.number;
        }
        let known = self.by_key.entry(key).or_insert_with(|| {
            let number = self.assign();
            let mut unsaved = self.unsaved.lock();
            unsaved.assigned.push((number, key));
            // The first of several wakes the thread that will write them all, a second later.
            if unsaved.assigned.len() == 1 {
                self.queue.nudge();
            }
            Known { number, asked: AtomicBool::new(asked) }
        });
        known.number
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
        self.by_key.get(&key).is_some_and(|known| known.asked.load(Ordering::Relaxed))
    }

    /// Drops the number of a file that is gone for good.
    pub(super) fn forget(&self, key: StoreKey) {
        if let Some((_, known)) = self.by_key.remove(&key) {
            self.unsaved.lock().forgotten.push(known.number);
        }
    }

    /// Drops the numbers of files that a whole walk has not met and that nobody asked for since the start:
    /// a number that a kernel may know is never dropped here.
    pub(super) fn retain(&self, is_there: impl Fn(&StoreKey) -> bool) {
        let gone: Vec<StoreKey> = self
            .by_key
            .iter()
            .filter(|entry| !entry.value().asked.load(Ordering::Relaxed) && !is_there(entry.key()))
            .map(|entry| *entry.key())
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
        Some(std::mem::take(&mut *unsaved))
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
        self.by_key.len()
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
    fn a_file_keeps_its_number_and_a_forgotten_one_is_not_given_again() {
        let nodes = NodeNumbers::new(NotebookNumber(1), 1, 1, Vec::new(), Arc::new(Queue::new(Seq(1))));
        nodes.reserve(nodes.wanted_reservation().unwrap());
        let first = nodes.number(key(1));
        assert_eq!(nodes.number(key(1)), first);
        nodes.forget(key(1));
        assert_ne!(nodes.number(key(1)), first);
        let unsaved = nodes.take_unsaved().unwrap();
        assert_eq!((unsaved.assigned.len(), unsaved.forgotten), (2, vec![first]));
    }
}
