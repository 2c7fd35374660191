//! A disk for tests, as a filesystem in memory below a real daemon: it knows what was flushed and what was not, so that
//! its power can be cut, and it fails as it is told to. It knows nothing of Codex.

mod image;
mod serve;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fuser::{BackgroundSession, Config, MountOption};
use parking_lot::Mutex;

pub use image::{Image, Remains};
use serve::Server;

use crate::support::random::Random;

/// What a disk refuses, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Requests that read contents or folders.
    pub reads: bool,
    /// Requests that change anything, or open something to change it.
    pub writes: bool,
    /// Flushes of files and folders.
    pub flushes: bool,
    /// Only of what has this in its path.
    pub within: String,
    /// The error number.
    pub errno: i32,
}

impl Fault {
    /// Every read fails.
    pub fn of_reads(within: &str, errno: i32) -> Self {
        Self { reads: true, writes: false, flushes: false, within: within.to_owned(), errno }
    }

    /// Every change fails.
    pub fn of_writes(within: &str, errno: i32) -> Self {
        Self { reads: false, writes: true, flushes: false, within: within.to_owned(), errno }
    }
}

/// What the serving thread and the test share.
struct State {
    image: Image,
    faults: Vec<Fault>,
    /// Flushes of paths with one of these in them are answered and not done.
    lies: Vec<String>,
    /// The power goes before so many more changes or flushes.
    left: Option<u64>,
    /// What is there once it is gone; chosen at that moment.
    remains: Option<Image>,
    how: Remains,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

/// A disk, mounted; it goes with the value.
#[derive(Debug)]
pub struct Disk {
    at: PathBuf,
    state: Arc<Mutex<State>>,
    session: Option<BackgroundSession>,
}

impl Disk {
    /// Mounts a disk that holds this.
    pub fn mount(at: &Path, image: Image) -> Self {
        let state =
            State { image, faults: Vec::new(), lies: Vec::new(), left: None, remains: None, how: Remains::Flushed };
        let state = Arc::new(Mutex::new(state));
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("cdx-test-disk".to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoAtime,
        ];
        let session = fuser::spawn_mount(Server::new(Arc::clone(&state)), at, &config).expect("a mount");
        Self { at: at.to_owned(), state, session: Some(session) }
    }

    /// Refuses these from now on, and nothing else.
    pub fn fail(&self, faults: Vec<Fault>) {
        self.state.lock().faults = faults;
    }

    /// Says of flushes of paths with this in them that they are done, and does nothing.
    pub fn lie_about(&self, within: &str) {
        self.state.lock().lies.push(within.to_owned());
    }

    /// Cuts the power before so many more changes and flushes. What was flushed remains; of the rest, what `how` says.
    pub fn cut_after(&self, count: u64, how: Remains) {
        let mut state = self.state.lock();
        (state.left, state.how) = (Some(count), how);
    }

    /// Cuts the power now, if it is not cut yet.
    pub fn cut(&self) {
        self.state.lock().cut();
    }

    /// Whether the power is gone.
    pub fn is_cut(&self) -> bool {
        self.state.lock().remains.is_some()
    }

    /// Takes a disk whose power was cut away, with what remains on it.
    pub fn take(mut self) -> Image {
        self.unmount();
        let mut state = self.state.lock();
        state.cut();
        state.remains.take().expect("it was cut")
    }

    fn unmount(&mut self) {
        if let Some(session) = self.session.take() {
            while cdx::fs::detach(&self.at).is_ok() && is_mounted(&self.at) {}
            drop(session);
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn is_mounted(at: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts.lines().any(|line| line.split(' ').nth(4) == at.to_str())
}

impl State {
    /// Whether a request may be served; the error where it may not.
    fn admit(&mut self, number: u64, name: Option<&std::ffi::OsStr>, what: What) -> Result<(), i32> {
        if self.remains.is_some() {
            return Err(libc::EIO);
        }
        if matches!(what, What::Change | What::Flush) {
            if self.left == Some(0) {
                self.cut();
                return Err(libc::EIO);
            }
            self.left = self.left.map(|left| left - 1);
        }
        if self.faults.is_empty() {
            return Ok(());
        }
        let path = self.image.path(number, name);
        let concerns = |fault: &&Fault| match what {
            What::Read => fault.reads,
            What::Change => fault.writes,
            What::Flush => fault.flushes,
        };
        let fault = self.faults.iter().filter(concerns).find(|fault| path.contains(&fault.within));
        fault.map_or(Ok(()), |fault| Err(fault.errno))
    }

    fn is_lie(&self, number: u64) -> bool {
        !self.lies.is_empty() && {
            let path = self.image.path(number, None);
            self.lies.iter().any(|lie| path.contains(lie))
        }
    }

    fn cut(&mut self) {
        if self.remains.is_none() {
            self.remains = Some(self.image.after_cut(&mut self.how));
        }
    }
}

/// Kinds of requests.
#[derive(Clone, Copy)]
enum What {
    Read,
    Change,
    Flush,
}

impl Remains {
    /// Any of the ways, by the dice.
    pub fn any(random: &mut Random) -> Self {
        match random.below(4) {
            0 | 1 => Self::Flushed,
            2 => Self::All,
            _ => Self::Some(Random::of(random.next())),
        }
    }
}
