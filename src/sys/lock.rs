//! Advisory locks that say who holds them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{Dir, IoContext, StoreError};
use crate::types::NotePath;

/// A lock that is held until it is dropped, or the process ends.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    before: String,
}

/// What an attempt to take a lock came to.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Taken(FileLock),
    /// Another process has it; this is what it wrote about itself (empty if it had no time to).
    HeldBy(String),
}

impl FileLock {
    /// Takes the lock of the file `name` in `dir`, made if missing, and writes `holder` into it, which is on disk then.
    ///
    /// flock(2) rather than a file that merely exists: the kernel drops it with the process, so none is ever stale.
    ///
    /// # Errors
    /// What open(2), flock(2) and write(2) say, but for "another holds it".
    pub fn attempt(dir: &Dir, name: &NotePath, holder: &str) -> Result<Attempt, StoreError> {
        let shown = dir.shown(name);
        let fd = dir
            .open_at(name, OFlags::RDWR | OFlags::CREATE, Mode::from_raw_mode(0o600))
            .context("open lock", &shown)?;
        let file = File::from(fd);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut text = String::new();
                // What the holder wrote is a courtesy: unreadable is as good as empty.
                let _ = file.take(4096).read_to_string(&mut text);
                return Ok(Attempt::HeldBy(text));
            }
            Err(error) => return Err(error).context("lock", &shown),
        }
        let mut before = Vec::new();
        // Unreadable is as good as empty here, too.
        let _ = (&file).take(4096).read_to_end(&mut before);
        let mut lock = Self { file, before: String::from_utf8_lossy(&before).into_owned() };
        lock.say(holder).context("write lock", &shown)?;
        Ok(Attempt::Taken(lock))
    }

    /// What it said before it was taken.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.before
    }

    /// Writes something else into it, and flushes it to disk.
    ///
    /// # Errors
    /// What write(2) and fdatasync(2) say.
    pub fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())?;
        self.file.sync_data()
    }
}

impl FileLock {
    /// Whether another process has the lock of the file `name` in `dir`; nothing is made or written.
    #[must_use]
    pub fn is_held(dir: &Dir, name: &NotePath) -> bool {
        let Ok(fd) = dir.open_at(name, OFlags::RDONLY, Mode::empty()) else { return false };
        // A shared one, for an instant: two that ask do not see each other.
        rustix::fs::flock(&fd, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
    }
}

/// The id of this boot of the machine: with a process id it names a process for good.
#[must_use]
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_taker_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let name = NotePath::new("engine.lock").unwrap();
        let Attempt::Taken(first) = FileLock::attempt(&dir, &name, "pid 1").unwrap() else { panic!("free") };
        match FileLock::attempt(&dir, &name, "pid 2").unwrap() {
            Attempt::HeldBy(text) => assert_eq!(text, "pid 1"),
            Attempt::Taken(_) => panic!("held"),
        }
        drop(first);
        let Attempt::Taken(mut second) = FileLock::attempt(&dir, &name, "pid 2").unwrap() else { panic!("free") };
        assert_eq!(second.before(), "pid 1");
        second.say("ended").unwrap();
        drop(second);
        assert!(
            matches!(FileLock::attempt(&dir, &name, "pid 3").unwrap(), Attempt::Taken(lock) if lock.before() == "ended")
        );
    }
}
