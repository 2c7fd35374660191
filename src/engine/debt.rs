//! What readers wait for besides the queue: scans on behalf of a change that named no files. It knows nothing of
//! scans; it counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::queue::Queue;

/// A scan that readers wait for; they do until it is dropped, whatever becomes of the scan.
pub(super) struct Debt {
    queue: Arc<Queue>,
    id: u64,
}

impl Debt {
    pub(super) fn new(queue: Arc<Queue>, id: u64) -> Self {
        Self { queue, id }
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        self.queue.pay(self.id);
    }
}

impl std::fmt::Debug for Debt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Debt").field(&self.id).finish()
    }
}

/// The debts that are open.
#[derive(Debug, Default)]
pub(super) struct Debts {
    /// Until when readers wait for each; `None`: as long as they wait for anything.
    open: BTreeMap<u64, Option<Instant>>,
    next: u64,
}

impl Debts {
    /// Opens one.
    pub(super) fn open(&mut self, until: Option<Instant>) -> u64 {
        let id = self.next;
        self.next += 1;
        self.open.insert(id, until);
        id
    }

    /// It is settled.
    pub(super) fn pay(&mut self, id: u64) {
        self.open.remove(&id);
    }

    /// Those that are open now have lower numbers.
    pub(super) fn bound(&self) -> u64 {
        self.next
    }

    /// Whether a reader with a bound would wait for any.
    pub(super) fn are_waited_for(&self, bound: u64, now: Instant) -> bool {
        self.open.range(..bound).any(|(_, until)| until.is_none_or(|until| until > now))
    }

    /// Until when such a reader waits at most, whose patience ends at `deadline`.
    pub(super) fn last(&self, bound: u64, deadline: Instant) -> Instant {
        let ends = self.open.range(..bound).map(|(_, until)| until.unwrap_or(deadline).min(deadline));
        ends.max().unwrap_or(deadline)
    }

    /// Whether one of them must be paid for a reader to see what was written before its call.
    pub(super) fn are_due(&self, bound: u64) -> bool {
        self.open.range(..bound).any(|(_, until)| until.is_none())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::types::Seq;

    const SHORT: Duration = Duration::from_millis(50);

    fn queue() -> Arc<Queue> {
        Arc::new(Queue::new(Seq(1)))
    }

    #[test]
    fn readers_wait_until_a_debt_is_paid() {
        let queue = queue();
        let debt = queue.owe(None);
        assert!(!queue.is_caught_up());
        assert!(queue.wait(SHORT).is_err());
        let paying = std::thread::spawn(move || {
            std::thread::sleep(SHORT);
            drop(debt);
        });
        assert_eq!(queue.wait(Duration::from_secs(60)), Ok(()));
        paying.join().unwrap();
        assert!(queue.is_caught_up());
    }

    #[test]
    fn a_debt_with_an_end_holds_nobody_longer() {
        let queue = queue();
        let began = Instant::now();
        let _first = queue.owe(Some(began + SHORT));
        assert_eq!(queue.wait(Duration::from_secs(60)), Ok(()));
        assert!(began.elapsed() >= SHORT && began.elapsed() < Duration::from_secs(30));
        // Who has less patience is let through too: what there is is better than nothing.
        let _second = queue.owe(Some(Instant::now() + Duration::from_secs(60)));
        assert_eq!(queue.wait(SHORT), Ok(()));
    }

    #[test]
    fn who_waits_is_not_held_by_debts_that_come_later() {
        let mut debts = Debts::default();
        let bound = debts.bound();
        debts.open(None);
        let now = Instant::now();
        assert!(!debts.are_waited_for(bound, now) && !debts.are_due(bound));
        assert!(debts.are_waited_for(debts.bound(), now) && debts.are_due(debts.bound()));
    }

    #[test]
    fn a_queue_that_is_abandoned_with_debts_in_it_holds_nobody() {
        let queue = queue();
        let debt = queue.owe(None);
        assert!(queue.push_task(Box::new(move |_| drop(debt))));
        queue.abandon("a test");
        assert!(queue.wait(Duration::from_secs(60)).is_err());
        let refused = queue.owe(None);
        assert!(!queue.push_task(Box::new(move |_| drop(refused))));
    }
}
