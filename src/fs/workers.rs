//! Threads for requests that may wait (for the index, a query, an fsync), so that the threads which serve the real tree
//! never do. They are started as needed and end when idle.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

type Job = Box<dyn FnOnce() + Send>;

/// The pool.
#[derive(Clone, Default)]
pub struct Workers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    idle: usize,
    threads: usize,
}

/// So many requests may wait at once; more queue.
const MOST_THREADS: usize = 64;
const IDLE_FOR: Duration = Duration::from_secs(10);

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Workers")
    }
}

impl Workers {
    /// Runs a job on a thread of its own.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        let mut state = self.0.state.lock();
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() || state.threads >= MOST_THREADS {
            self.0.wake.notify_one();
            return;
        }
        state.threads += 1;
        drop(state);
        let shared = Arc::clone(&self.0);
        let started = std::thread::Builder::new().name("fs-worker".to_owned()).spawn(move || shared.work());
        if started.is_err() {
            self.0.state.lock().threads -= 1;
            self.0.wake.notify_one();
        }
    }
}

impl Shared {
    fn work(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                // A panic in one request is that request's alone; its reply says EIO as it is dropped.
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)).is_err() {
                    tracing::error!("a request panicked");
                }
                state = self.state.lock();
                continue;
            }
            state.idle += 1;
            let timed_out = self.wake.wait_for(&mut state, IDLE_FOR).timed_out();
            state.idle -= 1;
            if timed_out && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn waiting_jobs_do_not_hold_up_others_and_a_panic_is_survived() {
        let workers = Workers::default();
        let (release, wait) = channel::<()>();
        workers.run(move || wait.recv().unwrap());
        workers.run(|| panic!("one request"));
        let (send, done) = channel();
        workers.run(move || send.send(()).unwrap());
        done.recv_timeout(Duration::from_secs(10)).unwrap();
        release.send(()).unwrap();
    }
}
