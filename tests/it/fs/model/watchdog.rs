//! A mount that hangs must end its test, not the machine: with nobody left to answer, no process can be killed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest time between two signs of life.
const LIMIT: Duration = Duration::from_secs(90);

/// Ends the process, and the mount, if nothing is heard for a while.
pub struct Watchdog {
    start: Instant,
    heard_ms: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Watchdog {
    /// Watches over a mount.
    pub fn start(mount: &Path) -> Self {
        let dog = Self { start: Instant::now(), heard_ms: Arc::default(), is_over: Arc::default() };
        let (start, heard, is_over, mount) =
            (dog.start, Arc::clone(&dog.heard_ms), Arc::clone(&dog.is_over), mount.to_owned());
        std::thread::spawn(move || watch(start, &heard, &is_over, &mount));
        dog
    }

    /// A sign of life.
    pub fn alive(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard_ms.store(now, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn watch(start: Instant, heard: &AtomicU64, is_over: &AtomicBool, mount: &PathBuf) {
    loop {
        std::thread::sleep(Duration::from_secs(1));
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let heard = Duration::from_millis(heard.load(Ordering::Relaxed));
        if start.elapsed().saturating_sub(heard) > LIMIT {
            eprintln!("nothing happens at {} for {LIMIT:?}: it is unmounted and the test ended", mount.display());
            let _ = Command::new("umount").arg("-l").arg(mount).status();
            std::process::abort();
        }
    }
}
