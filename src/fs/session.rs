//! Mounting and unmounting.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use fuser::{BackgroundSession, Config, INodeNo, MountOption, Notifier, SessionACL};
use parking_lot::Mutex;

use super::adapter::Adapter;
use super::caches::{Caches, KernelLink};
use super::core::{Core, MountOptions};
use crate::engine::{Engine, MountHooks};
use crate::sys::Dir;
use crate::types::{NodeNumber, NotePath};

/// Why a workspace could not be mounted.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// There is no such directory.
    #[error("cannot mount at {0}: there is no such directory; make it with `mkdir -p {0}`")]
    Missing(PathBuf),
    /// It is no directory.
    #[error("cannot mount at {0}: it is not a directory")]
    NotADirectory(PathBuf),
    /// It holds files, which the mount would hide.
    #[error("cannot mount at {0}: it is not empty, and a mount would hide what is in it; choose an empty directory")]
    NotEmpty(PathBuf),
    /// Something is mounted there.
    #[error("cannot mount at {0}: something is mounted there already; `cdx umount {0}` or `umount {0}` first")]
    Busy(PathBuf),
    /// It is in the store, which would contain itself.
    #[error("cannot mount at {0}: it lies inside the workspace {1}; choose a directory outside it")]
    InsideStore(PathBuf, PathBuf),
    /// FUSE is not there.
    #[error("cannot mount: /dev/fuse does not exist; load it with `modprobe fuse`, or run where FUSE is permitted")]
    NoFuse,
    /// An ordinary user may not open it.
    #[error("cannot mount: no permission to open /dev/fuse; `sudo chmod 666 /dev/fuse` (udev does so normally)")]
    NotPermitted,
    /// The setuid program that mounts for users is not there.
    #[error("cannot mount: fusermount3 is not installed; `sudo apt-get install fuse3`")]
    NoFusermount,
    /// `--allow-other` needs the administrator's leave.
    #[error("cannot mount with --allow-other: add the line `user_allow_other` to /etc/fuse.conf, or mount as root")]
    AllowOtherNotPermitted,
    /// The process may open too few files.
    #[error(
        "cannot mount: {most} files may be open at a time, and {wanted} is the least; raise it with `ulimit -n 1024`"
    )]
    FewDescriptors {
        /// So many may.
        most: u64,
        /// So many are needed to begin with.
        wanted: u64,
    },
    /// The kernel or fusermount3 refuses.
    #[error(
        "cannot mount at {path}: {reason}. Choose a directory of your own; where it is, `cdx doctor` says more \
         (a container has to be started with `--device /dev/fuse --cap-add SYS_ADMIN`)"
    )]
    Refused {
        /// Where.
        path: PathBuf,
        /// What they say.
        reason: String,
    },
    /// It is mounted and stays so.
    #[error("cannot unmount {path}: {source}; `umount -l {path}` takes it away all the same")]
    Unmount {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Anything else.
    #[error("cannot mount at {path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A mounted workspace. Dropping it unmounts.
#[derive(Debug)]
pub struct MountedFs {
    mountpoint: PathBuf,
    core: Arc<Core>,
    session: Mutex<Option<BackgroundSession>>,
    passthrough: Arc<AtomicU8>,
}

/// Says to the kernel what `Caches` wants dropped.
struct Link(Notifier);

impl KernelLink for Link {
    fn inval_entry(&self, parent: NodeNumber, name: &OsStr) -> io::Result<()> {
        self.0.inval_entry(INodeNo(parent.0), name)
    }

    fn inval_inode(&self, number: NodeNumber, pages: bool) -> io::Result<()> {
        // A negative offset means "attributes only" and touches no page; 0, 0 means all of them.
        self.0.inval_inode(INodeNo(number.0), if pages { 0 } else { -1 }, 0)
    }
}

/// Mounts a workspace. It is ready when this returns.
///
/// # Errors
/// What is wrong with the mountpoint or the machine, and what to do about it.
pub fn mount(engine: &Arc<Engine>, mountpoint: &Path, options: &MountOptions) -> Result<MountedFs, MountError> {
    let mountpoint = check_mountpoint(engine.path(), mountpoint)?;
    let most_open_dirs = raise_descriptor_limit()?;
    let caches = Arc::new(Caches::default());
    let core = Arc::new(Core::new(Arc::clone(engine), Arc::clone(&caches), options.clone(), most_open_dirs));
    let adapter = Adapter::new(Arc::clone(&core));
    let passthrough = adapter.passthrough_state();
    let session = fuser::spawn_mount(adapter, &mountpoint, &config(engine.path(), options))
        .map_err(|source| explain(&mountpoint, options, &source))?;
    let io_error = |source| MountError::Io { path: mountpoint.clone(), source };
    // The thread holds the filesystem weakly: it must not keep alive what it serves.
    let weak = Arc::downgrade(&core);
    let look_up = move |due: &[super::caches::Drop]| weak.upgrade().map_or_else(Vec::new, |core| core.look_up(due));
    caches.start(Link(session.notifier()), look_up).map_err(io_error)?;
    core.leases.start(Link(session.notifier())).map_err(io_error)?;
    let hooks: Arc<dyn MountHooks> = Arc::clone(&core) as _;
    engine.register_mount(&hooks);
    raise_readahead(&mountpoint);
    Ok(MountedFs { mountpoint, core, session: Mutex::new(Some(session)), passthrough })
}

impl MountedFs {
    /// Where it is mounted.
    #[must_use]
    pub fn mountpoint(&self) -> &Path {
        &self.mountpoint
    }

    /// The filesystem behind it.
    #[must_use]
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Whether the kernel passes file data through; `None` until the first file is opened.
    #[must_use]
    pub fn is_passthrough(&self) -> Option<bool> {
        match self.passthrough.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(true),
            _ => Some(false),
        }
    }

    /// Whether somebody else (`umount`, `fusermount3 -u`) has ended it.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.session.lock().as_ref().is_none_or(|session| session.guard.is_finished())
    }

    /// Unmounts, even while files are open: they keep working until they are closed, new ones are not found.
    ///
    /// # Errors
    /// The kernel's.
    pub fn unmount(&self) -> Result<(), MountError> {
        let Some(session) = self.session.lock().take() else { return Ok(()) };
        if session.guard.is_finished() {
            return Ok(());
        }
        detach(&self.mountpoint).map_err(|source| MountError::Unmount { path: self.mountpoint.clone(), source })?;
        // What is still open is served until its last close; the process may end before, which closes it with ENOTCONN.
        self.core.look_again();
        drop(session);
        Ok(())
    }
}

impl std::ops::Drop for MountedFs {
    fn drop(&mut self) {
        if let Err(error) = self.unmount() {
            tracing::warn!(%error, "could not unmount");
        }
    }
}

/// Takes a mountpoint out of the tree, open files or not: as root by itself, else through fusermount3.
///
/// # Errors
/// What umount(2) or fusermount3 says.
pub fn detach(mountpoint: &Path) -> io::Result<()> {
    match rustix::mount::unmount(mountpoint, rustix::mount::UnmountFlags::DETACH) {
        // EINVAL: nothing is mounted there any more.
        Ok(()) | Err(rustix::io::Errno::INVAL) => Ok(()),
        Err(rustix::io::Errno::PERM) => {
            let output = fusermount(mountpoint)?;
            if output.status.success() {
                Ok(())
            } else {
                Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// A daemon's PATH is whatever its starter had; mounting finds the program in these places too.
fn fusermount(mountpoint: &Path) -> io::Result<std::process::Output> {
    let named = std::env::var_os("FUSERMOUNT_PATH");
    let places = ["fusermount3", "/bin/fusermount3", "/usr/bin/fusermount3"].map(Into::into);
    for program in named.into_iter().chain(places) {
        match std::process::Command::new(program).args(["-u", "-z", "--"]).arg(mountpoint).output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "fusermount3 is not installed; `sudo apt-get install fuse3`"))
}

fn config(store: &Path, options: &MountOptions) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(format!("cdx:{}", store.display())),
        MountOption::Subtype("cdx".to_owned()),
        MountOption::DefaultPermissions,
        MountOption::NoAtime,
    ];
    // Only root's own mounts of root's own store may hold devices and set-id programs, as the store itself does.
    let trusted = rustix::process::geteuid().is_root();
    config.mount_options.extend(if trusted {
        [MountOption::Dev, MountOption::Suid]
    } else {
        [MountOption::NoDev, MountOption::NoSuid]
    });
    if options.read_only {
        config.mount_options.push(MountOption::RO);
    }
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(4);
    config.clone_fd = true;
    config
}

/// The mountpoint without links, if a workspace can be mounted there; a dead daemon's mount is taken away first.
///
/// # Errors
/// What is wrong with it, and what to do about it.
pub fn check_mountpoint(store: &Path, mountpoint: &Path) -> Result<PathBuf, MountError> {
    let shown = || mountpoint.to_owned();
    if is_stale(mountpoint) {
        // A daemon died there; nobody can be using it.
        detach(mountpoint).map_err(|source| MountError::Unmount { path: shown(), source })?;
    }
    let resolved = match mountpoint.canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(MountError::Missing(shown())),
        Err(source) => return Err(MountError::Io { path: shown(), source }),
    };
    if !resolved.is_dir() {
        return Err(MountError::NotADirectory(shown()));
    }
    if store.canonicalize().is_ok_and(|store| resolved.starts_with(store)) {
        return Err(MountError::InsideStore(shown(), store.to_owned()));
    }
    if is_mountpoint(&resolved) {
        return Err(MountError::Busy(shown()));
    }
    let entries = crate::sys::Dir::open(&resolved).and_then(|dir| dir.list(&crate::types::NotePath::root()));
    match entries {
        Ok(entries) if entries.is_empty() => Ok(resolved),
        Ok(_) => Err(MountError::NotEmpty(shown())),
        Err(error) => Err(MountError::Io { path: shown(), source: error.source }),
    }
}

/// Ends the connection of a mount, whatever waits for it: all of that fails. For one whose daemon is dying, see
/// [`crate::engine::is_dying`]; only root may. It stays mounted: who writes there is to hear that the daemon is dead, and
/// not to find an empty folder that takes everything.
pub fn abort(mountpoint: &Path) {
    // It aborts first, and then says EBUSY, since somebody is in there: we are. A path asks nothing of the daemon.
    let flags = rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC;
    let _held = rustix::fs::open(mountpoint, flags, rustix::fs::Mode::empty());
    let _ = rustix::mount::unmount(mountpoint, rustix::mount::UnmountFlags::FORCE);
}

/// Whether a FUSE daemon died here: "transport endpoint is not connected".
#[must_use]
pub fn is_stale(mountpoint: &Path) -> bool {
    // Not stat(2), which the kernel answers for a second from what it was told while the daemon lived.
    matches!(rustix::fs::statvfs(mountpoint), Err(rustix::io::Errno::NOTCONN))
}

fn is_mountpoint(path: &Path) -> bool {
    let (Ok(here), Ok(above)) = (rustix::fs::stat(path), rustix::fs::stat(path.join(".."))) else { return false };
    here.st_dev != above.st_dev || here.st_ino == above.st_ino
}

fn explain(mountpoint: &Path, options: &MountOptions, source: &io::Error) -> MountError {
    let is_root = rustix::process::geteuid().is_root();
    let device = rustix::fs::access("/dev/fuse", rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK);
    match device {
        Err(rustix::io::Errno::NOENT) => return MountError::NoFuse,
        Err(rustix::io::Errno::ACCESS | rustix::io::Errno::PERM) => return MountError::NotPermitted,
        Ok(()) | Err(_) => {}
    }
    if !is_root && source.kind() == io::ErrorKind::NotFound {
        return MountError::NoFusermount;
    }
    if !is_root && options.allow_other && source.to_string().contains("allow_other") {
        return MountError::AllowOtherNotPermitted;
    }
    // What fusermount3 says comes as the text of an error without a number, with its line break.
    let reason = source.to_string();
    let (path, reason) = (mountpoint.to_owned(), reason.trim().trim_end_matches('.'));
    if source.kind() == io::ErrorKind::PermissionDenied || reason.contains("ermission") || reason.contains("access") {
        return MountError::Refused { path, reason: reason.to_owned() };
    }
    MountError::Io { path, source: io::Error::new(source.kind(), reason.to_owned()) }
}

/// Raises the limit of descriptors to what is permitted; a quarter of it is for directories.
fn raise_descriptor_limit() -> Result<usize, MountError> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
    let most = getrlimit(Resource::Nofile).current.unwrap_or(1 << 20);
    // A mount that cannot be served to its end makes everybody wait who looks at it.
    let own = NotePath::new("self/fd").expect("two plain names");
    let used = match Dir::open("/proc").and_then(|proc| proc.list(&own)) {
        Ok(open) => open.len() as u64,
        Err(error) if matches!(error.errno(), libc::EMFILE | libc::ENFILE) => most,
        // A system that does not tell.
        Err(_) => 0,
    };
    if most.saturating_sub(used) < DESCRIPTORS_MIN {
        return Err(MountError::FewDescriptors { most, wanted: used + DESCRIPTORS_MIN });
    }
    Ok(usize::try_from(most / 4).unwrap_or(4096).clamp(64, 4096))
}

/// A mount needs a handful for itself and one for each file that is open.
const DESCRIPTORS_MIN: u64 = 32;

/// A FUSE mount reads ahead 128 KiB by default; the store itself does no less than this. Only root may say so.
fn raise_readahead(mountpoint: &Path) {
    let Ok(stat) = rustix::fs::stat(mountpoint) else { return };
    let (major, minor) = (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev));
    crate::sys::write_sysfs(&format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb"), "1024");
}
