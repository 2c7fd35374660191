//! Change events of folders, from inotify(7), and of the table of mounts: of what is mounted over a folder no folder
//! tells.
//!
//! Asked directly rather than through `notify`: its stable line also subscribes to `IN_OPEN`, so that every read of a
//! watched file, the engine's own included, would wake the engine; and it names folders by the path they had when
//! their watch was added, which a rename makes wrong.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags};
use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Dir, FaultPoint, reach};

/// A folder that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WatchId(i32);

/// What happened to an entry of a watched folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreEventKind {
    /// It was made.
    Created,
    /// Its contents changed; more may follow.
    Modified,
    /// It was closed after it had been open for writing.
    Closed,
    /// Its attributes changed.
    Attributes,
    /// It was removed.
    Removed,
    /// It was renamed away; the same cookie tells where to, if that is watched too.
    MovedFrom(u32),
    /// It was renamed to this name.
    MovedTo(u32),
    /// The folder itself is no longer watched: it is gone, or its filesystem is.
    Unwatched,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreEvent {
    /// The watched folder.
    pub folder: WatchId,
    /// What happened.
    pub kind: StoreEventKind,
    /// To which entry; empty for the folder itself.
    pub name: OsString,
    /// Whether the entry is a folder.
    pub is_dir: bool,
}

/// The queue of events of many folders. Any thread may add watches; one reads.
#[derive(Debug)]
pub struct FolderEvents {
    inotify: OwnedFd,
    wake: OwnedFd,
    /// Told when something is mounted or unmounted; `None` where the kernel does not say.
    mounts: Option<OwnedFd>,
}

/// Whether reading may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// Events, or none within the time.
    Events,
    /// Events were lost before those that were read.
    Overflow,
    /// [`FolderEvents::wake`] was called.
    Woken,
    /// Something was mounted or unmounted; events may wait.
    Mounts,
}

impl FolderEvents {
    /// An empty queue.
    ///
    /// # Errors
    /// `EMFILE` where the user has too many.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            inotify: rustix::fs::inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?,
            wake: rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            mounts: rustix::fs::open("/proc/self/mountinfo", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok(),
        })
    }

    /// Throws away the queue and all watches, and begins a new one in its place.
    ///
    /// # Errors
    /// `EMFILE` where the user has too many.
    #[expect(unsafe_code, reason = "a descriptor that other threads use is replaced, which needs no exclusive access")]
    pub fn begin_anew(&self) -> std::io::Result<()> {
        use std::os::fd::AsRawFd;
        let fresh = rustix::fs::inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // SAFETY: both are open descriptors of ours; the number of the old one stays open, and stays an inotify queue.
        let replaced = unsafe { libc::dup3(fresh.as_raw_fd(), self.inotify.as_raw_fd(), libc::O_CLOEXEC) };
        if replaced < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Watches an open folder; watching it again returns the same id.
    ///
    /// # Errors
    /// `ENOSPC` where the user's limit of watches (`fs.inotify.max_user_watches`) is reached.
    pub fn watch(&self, folder: &Dir) -> std::io::Result<WatchId> {
        self.watch_for(folder, true)
    }

    /// As [`FolderEvents::watch`], with or without contents that change ([`StoreEventKind::Modified`]).
    ///
    /// # Errors
    /// As there.
    pub fn watch_for(&self, folder: &Dir, contents: bool) -> std::io::Result<WatchId> {
        // IN_OPEN and IN_ACCESS are left out on purpose: our own reads must raise no events.
        let mut mask = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::ONLYDIR
            | WatchFlags::EXCL_UNLINK;
        mask.set(WatchFlags::MODIFY, contents);
        Ok(WatchId(rustix::fs::inotify::add_watch(&self.inotify, folder.stable_path(), mask)?))
    }

    /// No longer watches a folder. One that is gone is no error.
    pub fn unwatch(&self, folder: WatchId) {
        let _ = rustix::fs::inotify::remove_watch(&self.inotify, folder.0);
    }

    /// Makes a waiting [`FolderEvents::read`] return.
    pub fn wake(&self) {
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// Appends what happened to `events`; waits at most `within` (for ever without).
    ///
    /// # Errors
    /// What poll(2) and read(2) say.
    pub fn read(&self, within: Option<Duration>, events: &mut Vec<StoreEvent>) -> std::io::Result<ReadOutcome> {
        let timeout = within.map(|time| rustix::event::Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        });
        let mut fds = vec![PollFd::new(&self.inotify, PollFlags::IN), PollFd::new(&self.wake, PollFlags::IN)];
        fds.extend(self.mounts.as_ref().map(|mounts| PollFd::new(mounts, PollFlags::PRI)));
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if fds[1].revents().contains(PollFlags::IN) {
            let _ = rustix::io::read(&self.wake, &mut [0; 8]);
            return Ok(ReadOutcome::Woken);
        }
        // Being asked is what makes the kernel call it read.
        if fds.get(2).is_some_and(|mounts| mounts.revents().intersects(PollFlags::PRI | PollFlags::ERR)) {
            return Ok(ReadOutcome::Mounts);
        }
        reach(FaultPoint::WatchRead)?;
        self.drain(events)
    }

    fn drain(&self, events: &mut Vec<StoreEvent>) -> std::io::Result<ReadOutcome> {
        let mut buffer: Vec<u8> = Vec::with_capacity(64 * 1024);
        let mut reader = Reader::new(self.inotify.as_fd(), buffer.spare_capacity_mut());
        let mut outcome = ReadOutcome::Events;
        // A writer that never rests must not keep the events from being handled.
        for _ in 0..16_384 {
            let event = match reader.next() {
                Ok(event) => event,
                Err(Errno::WOULDBLOCK) => break,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                outcome = ReadOutcome::Overflow;
            } else if let Some(kind) = kind_of(event.events(), event.cookie()) {
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned());
                let event = StoreEvent {
                    folder: WatchId(event.wd()),
                    kind,
                    name: name.unwrap_or_default(),
                    is_dir: event.events().contains(ReadFlags::ISDIR),
                };
                if events.last() != Some(&event) {
                    events.push(event);
                }
            }
        }
        Ok(outcome)
    }
}

fn kind_of(flags: ReadFlags, cookie: u32) -> Option<StoreEventKind> {
    [
        (ReadFlags::CREATE, StoreEventKind::Created),
        (ReadFlags::MODIFY, StoreEventKind::Modified),
        (ReadFlags::CLOSE_WRITE, StoreEventKind::Closed),
        (ReadFlags::ATTRIB, StoreEventKind::Attributes),
        (ReadFlags::DELETE, StoreEventKind::Removed),
        (ReadFlags::MOVED_FROM, StoreEventKind::MovedFrom(cookie)),
        (ReadFlags::MOVED_TO, StoreEventKind::MovedTo(cookie)),
        (ReadFlags::IGNORED, StoreEventKind::Unwatched),
        (ReadFlags::UNMOUNT, StoreEventKind::Unwatched),
    ]
    .into_iter()
    .find_map(|(flag, kind)| flags.contains(flag).then_some(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::NotePath;

    #[test]
    fn a_rename_is_told_by_one_cookie_and_reading_raises_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let events = FolderEvents::new().unwrap();
        dir.make_dir(&NotePath::new("a").unwrap(), 0o777).unwrap();
        let id = events.watch(&dir).unwrap();
        dir.list(&NotePath::root()).unwrap();
        dir.rename(&NotePath::new("a").unwrap(), &NotePath::new("b").unwrap()).unwrap();
        let mut seen = Vec::new();
        events.read(Some(Duration::from_secs(5)), &mut seen).unwrap();
        let [from, to] = &seen[..] else { panic!("{seen:?}") };
        let (StoreEventKind::MovedFrom(one), StoreEventKind::MovedTo(two)) = (from.kind, to.kind) else {
            panic!("{seen:?}")
        };
        assert_eq!((one, from.name.to_str(), to.name.to_str()), (two, Some("a"), Some("b")));
        assert_eq!((from.folder, from.is_dir), (id, true));
    }
}
