//! From the async edge to the blocking core: a bounded number of threads, and a bounded queue before them. Passwords
//! have threads of their own, which let all others go first and rest, so that sign-ins take neither threads nor cores of
//! other requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::error::ApiError;
use crate::sys::step_back;

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
}

impl Bridge {
    /// Bounds by the number of cores: disk and locks are waited for, so several a core; a password fills a core.
    pub(super) fn new(cores: usize) -> Self {
        let lane = |slots, waiting_max| {
            Arc::new(Lane { slots: Arc::new(Semaphore::new(slots)), waiting: AtomicUsize::new(0), waiting_max })
        };
        Self {
            work: lane(Self::work_threads(cores), WAITING_MAX),
            passwords: lane(Self::password_threads(cores), PASSWORDS_WAITING_MAX),
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

    fn password_threads(cores: usize) -> usize {
        (cores / 2).max(1)
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
        let (work, slot) = self.work.enter(work).await?;
        let body = move || {
            // The work goes on where the caller has gone away, and counts as long.
            let _slot = slot;
            work()
        };
        tokio::task::spawn_blocking(body).await.map_err(died)?.map_err(Into::into)
    }

    /// Runs the hashing of a password. Of the cores that passwords may take, half of the time is left to others: about 20
    /// sign-ins a second on two cores.
    ///
    /// # Errors
    /// As [`Bridge::run`].
    pub(crate) async fn hash<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let (work, slot) = self.passwords.enter(work).await?;
        let (sender, receiver) = oneshot::channel();
        let body = move || {
            step_back();
            let began = Instant::now();
            let _ = sender.send(work());
            // As long a rest as the work took, before the next one: each time that somebody waits for the core of a thread
            // that hashes, it is for milliseconds, and is to be rare however many sign in at once.
            std::thread::sleep(began.elapsed());
            drop(slot);
        };
        // A thread that has stepped back cannot come forward again, so it does nothing else.
        std::thread::Builder::new().name("password".to_owned()).spawn(body).map_err(died)?;
        receiver.await.map_err(died)?.map_err(Into::into)
    }
}

fn died(error: impl std::fmt::Display) -> ApiError {
    ApiError::internal(format!("a request died: {error}"))
}

impl Lane {
    /// The work in its span, and the slot that it is to hold while it runs, as soon as one is free.
    async fn enter<T, W>(
        &self,
        work: W,
    ) -> Result<(impl FnOnce() -> T + Send + use<T, W>, OwnedSemaphorePermit), ApiError>
    where
        W: FnOnce() -> T + Send,
    {
        let slot = match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(slot) => slot,
            Err(_) => self.wait().await?,
        };
        let span = tracing::Span::current();
        Ok((move || span.in_scope(work), slot))
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

/// Counts who waits, also one who goes away while waiting.
pub(crate) struct Queued<'a> {
    waiting: &'a AtomicUsize,
    /// How many waited before.
    pub(crate) before: usize,
}

impl<'a> Queued<'a> {
    /// One more waits.
    pub(crate) fn new(waiting: &'a AtomicUsize) -> Self {
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
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_hashed_rests_before_the_next_one_and_its_answer_does_not_wait() {
        const WORK: Duration = Duration::from_millis(300);
        // One password at a time.
        let (bridge, began) = (Bridge::new(2), Instant::now());
        let work = || {
            let started = Instant::now();
            std::thread::sleep(WORK);
            Ok::<_, ApiError>(started)
        };
        bridge.hash(work).await.unwrap();
        assert!(began.elapsed() < WORK * 2, "{:?}", began.elapsed());
        let second = bridge.hash(work).await.unwrap();
        assert!(second - began >= WORK * 2, "{:?}", second - began);
    }
}
