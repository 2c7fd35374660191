//! Many files changed at once: each change waits for the disk most of the time, and disks sync many at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::sys::{FaultPoint, pass};

/// Threads that change files for one gesture.
const WRITERS: usize = 8;

/// Does `change` to each item on several threads, in no particular order; none is begun after the first failure.
/// What came of those that were done, in the order of the items, and the first failure.
pub(in crate::engine) fn on_threads<T: Sync, R: Send, E: Send>(
    items: &[T],
    change: impl Fn(&T) -> Result<R, E> + Sync,
) -> (Vec<R>, Option<E>) {
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let (done, failure) = (Mutex::new(Vec::new()), Mutex::new(None));
    let work = || {
        while !has_failed.load(Ordering::Acquire) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return };
            match change(item) {
                Ok(result) => {
                    done.lock().push((at, result));
                    pass(FaultPoint::GesturePartWay);
                }
                Err(error) => {
                    has_failed.store(true, Ordering::Release);
                    failure.lock().get_or_insert(error);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..WRITERS.min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner();
    done.sort_unstable_by_key(|(at, _)| *at);
    (done.into_iter().map(|(_, result)| result).collect(), failure.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_done_in_order_and_a_failure_ends_it() {
        let items: Vec<usize> = (0..1000).collect();
        let (done, failure) = on_threads(&items, |n| Ok::<_, ()>(n * 2));
        assert!(failure.is_none() && done.iter().enumerate().all(|(at, n)| at * 2 == *n) && done.len() == 1000);
        let (done, failure) = on_threads(&items, |n| if *n == 500 { Err("no") } else { Ok(*n) });
        assert_eq!(failure, Some("no"));
        assert!(done.len() >= 492 && !done.contains(&500) && done.len() < 1000);
    }
}
