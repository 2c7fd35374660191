//! From the async edge to the blocking core: a bounded number of threads, and a bounded queue before them. Passwords
//! have threads of their own, so that sign-ins never take those of other requests, nor their processor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::error::ApiError;

/// Requests that may wait for a thread; who comes later is told to come back.
const WAITING_MAX: usize = 1024;

/// Sign-ins that may wait.
const PASSWORDS_WAITING_MAX: usize = 64;

/// Threads for blocking work.
#[derive(Clone, Debug)]
pub(crate) struct Bridge {
    work: Arc<Lane>,
    passwords: Arc<Lane>,
}

#[derive(Debug)]
struct Lane {
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    /// Whether its work leaves the processor to whoever else wants it.
    gives_way: bool,
}

impl Bridge {
    /// Bounds by the number of cores: disk and locks are waited for, so several a core; a password fills a core.
    pub(super) fn new(cores: usize) -> Self {
        let lane = |slots, waiting_max, gives_way| {
            let slots = Arc::new(Semaphore::new(slots));
            Arc::new(Lane { slots, waiting: AtomicUsize::new(0), waiting_max, gives_way })
        };
        Self {
            work: lane(Self::work_threads(cores), WAITING_MAX, false),
            passwords: lane((cores / 2).max(1), PASSWORDS_WAITING_MAX, true),
        }
    }

    /// How many threads the runtime is to have for it.
    pub(super) fn threads(cores: usize) -> usize {
        // A few more for what the runtime itself does on them.
        Self::work_threads(cores) + 4
    }

    fn work_threads(cores: usize) -> usize {
        (cores * 8).clamp(16, 128)
    }

    /// Runs what may wait for disk, locks or SQLite on a thread for that.
    ///
    /// # Errors
    /// The work's; 503 where too many wait already; 500 where it panicked.
    pub(crate) async fn run<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        self.work.run(work).await
    }

    /// Runs the hashing of a password.
    ///
    /// # Errors
    /// As [`Bridge::run`].
    pub(crate) async fn hash<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        self.passwords.run(work).await
    }
}

impl Lane {
    async fn run<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let slot = match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => self.wait().await?,
        };
        let span = tracing::Span::current();
        let body = move || {
            // The work goes on where the caller has gone away, and counts as long.
            let _slot = slot;
            span.in_scope(work)
        };
        let done = if self.gives_way {
            behind_others(body).await
        } else {
            tokio::task::spawn_blocking(body).await.map_err(|error| error.to_string())
        };
        match done {
            Ok(result) => result.map_err(Into::into),
            Err(error) => Err(ApiError::internal(format!("a request died: {error}"))),
        }
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = || ApiError::unavailable("the server is busy; try again");
        let queued = Queued::new(&self.waiting);
        if queued.before >= self.waiting_max {
            return Err(busy());
        }
        Arc::clone(&self.slots).acquire_owned().await.map_err(|_| busy())
    }
}

/// Runs it on a thread of the lowest priority, made for it: the runtime's are everybody's, and a priority that was given
/// up is not got back without privileges. Making one takes a thousandth of what hashing a password does.
async fn behind_others<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (sender, done) = oneshot::channel();
    let body = move || {
        crate::sys::give_way();
        // Nobody waits any more where the caller has gone away.
        let _ = sender.send(work());
    };
    std::thread::Builder::new().name("cdx-password".to_owned()).spawn(body).map_err(|error| error.to_string())?;
    done.await.map_err(|_| "it panicked".to_owned())
}

/// Counts who waits, also one who goes away while waiting.
struct Queued<'a> {
    waiting: &'a AtomicUsize,
    before: usize,
}

impl<'a> Queued<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        Self { waiting, before: waiting.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
    }

    /// File by id took 17 times as long beside sixteen sign-ins.
    #[test]
    fn passwords_give_way_and_other_work_does_not() {
        let bridge = Bridge::new(2);
        let niceness = || Ok::<_, ApiError>(rustix::process::getpriority_process(None).unwrap());
        let (own, passwords, work) = runtime().block_on(async {
            let passwords = bridge.hash(niceness).await.unwrap();
            (niceness().unwrap(), passwords, bridge.run(niceness).await.unwrap())
        });
        assert_eq!((passwords, work), (19, own));
    }

    #[test]
    fn a_panic_while_hashing_ends_that_request_only() {
        let bridge = Bridge::new(2);
        runtime().block_on(async {
            let died = bridge.hash(|| -> Result<(), ApiError> { panic!("on purpose") }).await.unwrap_err();
            assert_eq!(died.status, 500);
            bridge.hash(|| Ok::<_, ApiError>(())).await.unwrap();
        });
    }
}
