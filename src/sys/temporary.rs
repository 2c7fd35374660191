//! Temporary files of atomic writes: their names, and those that a killed process left. `.codex-PID-N.tmp` is one of the
//! names that index, history and watcher ignore.

use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::time::ClockId;

use super::{Dir, StoreError, StoreStat};
use crate::types::NotePath;

/// Makes names unique within the process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A process that began so much later than a file was made is another one that bears the same number, in nanoseconds.
const SLACK_NS: i128 = 2_000_000_000;

/// The process that made a temporary file, by the file's name; `None` where it is no such name.
#[must_use]
pub fn maker_of_temporary(name: &OsStr) -> Option<u32> {
    let (pid, count) = name.to_str()?.strip_prefix(".codex-")?.strip_suffix(".tmp")?.split_once('-')?;
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain(pid) && is_plain(count)).then(|| pid.parse().ok()).flatten()
}

impl Dir {
    /// Makes a temporary file directly in this folder: its name and descriptor.
    pub(super) fn create_temporary(&self) -> rustix::io::Result<(String, std::os::fd::OwnedFd)> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        loop {
            let name = format!(".codex-{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
            match rustix::fs::openat(self, &*name, flags, Mode::from_raw_mode(0o666)) {
                // Left by a process of the same number, as is usual in containers.
                Err(Errno::EXIST) => {}
                other => return Ok((name, other?)),
            }
        }
    }

    /// Removes the file `name` of this folder if it is a temporary one of ours whose process is gone; whether it did.
    /// For the engine that holds the workspace's lock.
    pub fn remove_if_left(&self, name: &OsStr, stat: &StoreStat) -> bool {
        let Some(pid) = maker_of_temporary(name) else { return false };
        let is_ours = stat.is_file() && stat.nlink == 1 && stat.uid == rustix::process::geteuid().as_raw();
        if !is_ours || !is_gone(pid, stat.ctime_ns) {
            return false;
        }
        let removed = rustix::fs::unlinkat(self, name, AtFlags::empty()).is_ok();
        if removed {
            tracing::info!(path = %self.path().join(name).display(), "removed what a killed process had not finished");
        }
        removed
    }

    /// The same for all that are directly in the folder at `rel`, which may be missing.
    ///
    /// # Errors
    /// What the calls say.
    pub fn remove_left_temporaries(&self, rel: &NotePath) -> Result<(), StoreError> {
        let folder = match self.open_dir(rel) {
            Err(error) if error.is_not_found() => return Ok(()),
            other => other?,
        };
        for entry in folder.list(&NotePath::root())? {
            if maker_of_temporary(&entry.name).is_some()
                && let Ok(stat) = StoreStat::at(&folder, &entry.name)
            {
                folder.remove_if_left(&entry.name, &stat);
            }
        }
        Ok(())
    }
}

/// Whether no process of this number was there when a file was made, or it is there no more.
fn is_gone(pid: u32, made_ns: i64) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return true };
    if rustix::process::test_kill_process(number) == Err(Errno::SRCH) {
        return true;
    }
    began_ns(pid).is_some_and(|began| began > i128::from(made_ns) + SLACK_NS)
}

/// When a process began, in nanoseconds since the epoch by today's clock; `None` where the system does not tell.
fn began_ns(pid: u32) -> Option<i128> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the beginning is the 22nd field, in ticks since the boot.
    let (_, fields) = text.rsplit_once(')')?;
    let ticks: i128 = fields.split_whitespace().nth(19)?.parse().ok()?;
    let nanoseconds = |clock| {
        let time = rustix::time::clock_gettime(clock);
        i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
    };
    let since_boot = ticks * 1_000_000_000 / i128::from(rustix::param::clock_ticks_per_second());
    Some(nanoseconds(ClockId::Realtime) - nanoseconds(ClockId::Boottime) + since_boot)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "what a crash leaves is written by hand")]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_making_are_taken_for_temporary() {
        let maker = |name: &str| maker_of_temporary(OsStr::new(name));
        assert_eq!(maker(".codex-12-3.tmp"), Some(12));
        for other in [
            ".codex-notes.tmp",
            "a.tmp",
            ".codex-1-2-3.tmp",
            ".codex--1.tmp",
            ".codex-1-.tmp",
            "codex-1-2.tmp",
            ".codex-+1-2.tmp",
        ] {
            assert_eq!(maker(other), None, "{other}");
        }
    }

    #[test]
    fn what_an_ended_process_left_goes_and_what_a_living_one_makes_stays() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let left = format!(".codex-{}-0.tmp", ended.id());
        let (own, _file) = dir.create_temporary().unwrap();
        for name in [left.as_str(), ".codex-notes.tmp", "a.tmp"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let linked = format!(".codex-{}-1.tmp", ended.id());
        std::fs::hard_link(folder.path().join("a.tmp"), folder.path().join(&linked)).unwrap();
        dir.remove_left_temporaries(&NotePath::root()).unwrap();
        let mut names: Vec<String> =
            dir.list(&NotePath::root()).unwrap().into_iter().map(|entry| entry.name.into_string().unwrap()).collect();
        names.sort();
        let mut expected = vec![linked, own, ".codex-notes.tmp".to_owned(), "a.tmp".to_owned()];
        expected.sort();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_number_that_another_process_bears_by_now_is_told_from_its_maker() {
        let now = i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap();
        let own = std::process::id();
        assert!(!is_gone(own, now), "we are there");
        assert!(is_gone(own, now - 86_400_000_000_000 * 3650), "ten years ago there was another");
    }

    /// A leftover of a process of the same number, which is usual in containers, made every write fail.
    #[test]
    fn a_leftover_of_the_same_number_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let next = COUNTER.load(Ordering::Relaxed);
        for count in next..next + 50 {
            std::fs::write(folder.path().join(format!(".codex-{}-{count}.tmp", std::process::id())), "x").unwrap();
        }
        dir.write_durably(&NotePath::new("a").unwrap(), b"a", super::super::Replace::Never).unwrap();
    }
}
