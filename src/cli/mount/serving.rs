//! An engine with its mounts, alive until a signal comes or the last mount has gone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use parking_lot::Mutex;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::mountpoint::{prepare, refused};
use crate::cli::error::CliError;
use crate::engine::{Engine, EngineError, MountPlace, MountRequest, Mounter};
use crate::fs::{MountOptions, MountedFs};

/// How soon it is noticed that the last mount has gone.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long a mount that is ready is kept back, to say whether it is whole.
const MOMENT: Duration = Duration::from_millis(500);

/// Signals that end the process, caught from the moment on that there is something to end in order.
#[derive(Debug)]
pub(crate) struct Signals(signal_hook::iterator::Signals);

impl Signals {
    pub(crate) fn catch() -> Result<Self, CliError> {
        signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map(Self)
            .map_err(|error| CliError::Broken(format!("cannot catch signals: {error}")))
    }

    /// Waits for one.
    pub(crate) fn wait(self) {
        // Only a thread that died leaves nobody to tell.
        let _ = self.told().recv();
    }

    /// Where the first one is told of. A second one ends the process at once.
    fn told(self) -> mpsc::Receiver<()> {
        let (told, hear) = mpsc::channel();
        let mut signals = self.0;
        std::thread::spawn(move || {
            let mut pending = signals.forever();
            if pending.next().is_some() {
                let _ = told.send(());
            }
            if pending.next().is_some() {
                // Asked twice: whoever asks does not want to wait. What was acknowledged is in the store.
                std::process::exit(130);
            }
        });
        hear
    }
}

/// The engine and its mounts.
#[derive(Debug)]
pub(crate) struct Serving {
    engine: Arc<Engine>,
    mounts: Mutex<HashMap<PathBuf, Mounted>>,
    lasts: Lasts,
}

/// How long an engine is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasts {
    /// As long as something is mounted.
    AsItsMounts,
    /// As long as whoever serves it likes.
    Longer,
}

/// A mount and how it was asked for.
#[derive(Debug)]
struct Mounted {
    filesystem: MountedFs,
    read_only: bool,
}

impl Serving {
    /// Offers the engine to mount on behalf of others.
    pub(crate) fn start(engine: Arc<Engine>, lasts: Lasts) -> Arc<Self> {
        let serving = Arc::new(Self { engine, mounts: Mutex::default(), lasts });
        let mounter: Arc<dyn Mounter> = Arc::clone(&serving) as _;
        serving.engine.set_mounter(&mounter);
        serving
    }

    /// The mount that the process was started for: without it, the engine is closed again.
    pub(crate) fn mount_first(&self, mountpoint: &Path, request: MountRequest) -> Result<(), EngineError> {
        self.mount(mountpoint, request).inspect_err(|_| self.engine.close())
    }

    /// Gives what changed while nothing ran a moment to be taken in, which is enough for most stores. Whether notebooks
    /// are still being indexed for the first time after that.
    pub(crate) fn is_indexing(&self) -> bool {
        !self.engine.scans_end_within(MOMENT) && !self.engine.is_caught_up()
    }

    /// Waits for a signal or the end of the last mount, then ends everything in order: mounts first, so that no
    /// change comes any more, then history and index.
    pub(crate) fn until_told_to_end(&self, signals: Signals) {
        let hear = signals.told();
        while matches!(hear.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Timeout)) {
            let mut mounts = self.mounts.lock();
            mounts.retain(|_, mount| !mount.filesystem.is_ended());
            if mounts.is_empty() {
                break;
            }
        }
        self.unmount_all();
        self.engine.close();
    }

    /// Takes every mount away.
    pub(crate) fn unmount_all(&self) {
        for (mountpoint, mount) in self.mounts.lock().drain() {
            if let Err(error) = mount.filesystem.unmount() {
                tracing::warn!(mountpoint = %mountpoint.display(), %error, "could not unmount");
            }
        }
    }
}

impl Mounter for Serving {
    fn mount(&self, mountpoint: &Path, request: MountRequest) -> Result<(), EngineError> {
        let path = prepare(self.engine.path(), mountpoint)?;
        let options =
            MountOptions { read_only: request.read_only, allow_other: request.allow_other, no_xattr: request.no_xattr };
        // One that others have unmounted; it would take the new one away when it goes.
        let gone = self.mounts.lock().remove(&path);
        drop(gone);
        let filesystem = crate::fs::mount(&self.engine, &path, &options).map_err(|error| refused(&error))?;
        self.mounts.lock().insert(path, Mounted { filesystem, read_only: request.read_only });
        Ok(())
    }

    fn mounts(&self) -> Vec<MountPlace> {
        let mut mounts = self.mounts.lock();
        // Somebody may have unmounted one by other means.
        mounts.retain(|_, mount| !mount.filesystem.is_ended());
        let place = |(mountpoint, mount): (&PathBuf, &Mounted)| MountPlace {
            mountpoint: mountpoint.clone(),
            read_only: mount.read_only,
        };
        let mut places: Vec<MountPlace> = mounts.iter().map(place).collect();
        places.sort_by(|a, b| a.mountpoint.cmp(&b.mountpoint));
        places
    }

    fn ends_with_its_mounts(&self) -> bool {
        self.lasts == Lasts::AsItsMounts
    }

    fn unmount(&self, mountpoint: &Path) -> Result<(), EngineError> {
        let mount = self.mounts.lock().remove(mountpoint);
        match mount {
            Some(mount) => mount.filesystem.unmount().map_err(|error| refused(&error)),
            None => Err(EngineError::NotFound(format!(
                "{} is not mounted at {}",
                self.engine.path().display(),
                mountpoint.display()
            ))),
        }
    }
}
