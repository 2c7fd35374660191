//! What there is to know of a machine.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use super::WatchLimit;
use crate::sys::{Dir, paths};
use crate::types::NotePath;

/// Folders that are counted at most.
const FOLDERS: u64 = 2_000_000;

/// How long a mountpoint may take to answer before it is passed over: a mount may hang.
const PATIENCE: Duration = Duration::from_secs(2);

/// What there is to know of a machine; `None` where it cannot be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Whether this process is root's.
    pub is_root: bool,
    /// Where fusermount3 is.
    pub fusermount: Option<String>,
    /// Permission bits of /dev/fuse.
    pub fuse_device_mode: Option<u16>,
    /// Whether /etc/fuse.conf says so.
    pub user_allow_other: bool,
    /// Major and minor version.
    pub kernel: Option<(u32, u32)>,
    /// Effective capabilities of this process, a bit each.
    pub capabilities: u64,
    /// Folders that a user may watch.
    pub watches: Option<WatchLimit>,
    /// `fs.inotify.max_user_instances`.
    pub max_instances: Option<u64>,
    /// Folders of the workspace: each takes a watch.
    pub folders: Option<u64>,
    /// Soft limit of open files.
    pub max_descriptors: Option<u64>,
    /// Where git is.
    pub git: Option<String>,
    /// The workspace's filesystem.
    pub store: Option<Filesystem>,
    /// Mounts of Codex whose daemon is dead.
    pub stale_mounts: Vec<String>,
}

/// The filesystem that holds a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filesystem {
    /// The workspace.
    pub path: String,
    /// `ext4`, `nfs4`, …
    pub kind: String,
    /// Bytes that this user may still write.
    pub free: u64,
    /// Files that can still be made; `None` where the filesystem has no such limit.
    pub free_inodes: Option<u64>,
    /// Whether it records when files were made.
    pub has_birth_times: bool,
}

impl Machine {
    /// Looks at this machine and, if one is named, a workspace.
    #[must_use]
    pub fn look(workspace: Option<&Path>) -> Self {
        let mounts = text("/proc/self/mountinfo").map(|text| mounts(&text)).unwrap_or_default();
        Self {
            is_root: rustix::process::geteuid().is_root(),
            fusermount: program("fusermount3"),
            fuse_device_mode: paths::stat(Path::new("/dev/fuse")).ok().map(|stat| stat.perm),
            user_allow_other: text("/etc/fuse.conf")
                .is_some_and(|text| text.lines().any(|line| line.trim() == "user_allow_other")),
            kernel: text("/proc/sys/kernel/osrelease").and_then(|text| version(&text)),
            capabilities: text("/proc/self/status").and_then(|text| capabilities(&text)).unwrap_or(0),
            watches: WatchLimit::look(),
            max_instances: number("/proc/sys/fs/inotify/max_user_instances"),
            folders: workspace.and_then(folders),
            max_descriptors: rustix::process::getrlimit(rustix::process::Resource::Nofile).current,
            git: program("git"),
            store: workspace.and_then(|path| filesystem(path, &mounts)),
            stale_mounts: mounts
                .iter()
                .filter(|mount| mount.is_codex() && is_stale(&mount.point))
                .map(Mount::shown)
                .collect(),
        }
    }
}

fn text(path: &str) -> Option<String> {
    paths::read_text(Path::new(path)).ok()
}

fn number(path: &str) -> Option<u64> {
    text(path)?.trim().parse().ok()
}

/// Where a program of the search path is.
fn program(name: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| paths::stat(file).is_ok_and(|stat| stat.is_file() && stat.perm & 0o111 != 0))
        .map(|file| file.display().to_string())
}

/// `6.12.3-generic`
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn capabilities(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

/// Folders of a workspace that are watched.
fn folders(workspace: &Path) -> Option<u64> {
    let root = Dir::open(workspace).ok()?;
    let mut count = 0;
    let mut left = vec![NotePath::root()];
    while let Some(folder) = left.pop() {
        count += 1;
        if count >= FOLDERS {
            break;
        }
        for entry in root.list(&folder).unwrap_or_default() {
            let is_folder = entry.kind == Some(crate::sys::FileKind::Directory);
            let is_watched = entry.name != ".codex" && entry.name != ".git" && entry.name != "node_modules";
            if let (true, true, Ok(path)) = (is_folder, is_watched, folder.join(entry.name.as_encoded_bytes())) {
                left.push(path);
            }
        }
    }
    Some(count)
}

fn filesystem(workspace: &Path, mounts: &[Mount]) -> Option<Filesystem> {
    let path = paths::canonical(workspace).ok()?;
    let figures = rustix::fs::statvfs(&path).ok()?;
    // The last of several at one point covers the others.
    let mount = mounts
        .iter()
        .enumerate()
        .filter(|(_, mount)| path.starts_with(&mount.point))
        .max_by_key(|(at, mount)| (mount.point.components().count(), *at));
    Some(Filesystem {
        kind: mount.map_or_else(|| "an unknown filesystem".to_owned(), |(_, mount)| mount.kind.clone()),
        free: figures.f_bavail.saturating_mul(figures.f_frsize),
        free_inodes: (figures.f_files > 0).then_some(figures.f_favail),
        has_birth_times: paths::stat(&path).is_ok_and(|stat| stat.key.btime_ns != 0),
        path: path.display().to_string(),
    })
}

/// Where anything is mounted.
pub(in crate::engine) fn mountpoints() -> Vec<PathBuf> {
    let text = text("/proc/self/mountinfo").unwrap_or_default();
    mounts(&text).into_iter().map(|mount| mount.point).collect()
}

/// A line of mountinfo.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    kind: String,
}

impl Mount {
    fn is_codex(&self) -> bool {
        self.kind == "fuse.cdx"
    }

    fn shown(&self) -> String {
        self.point.display().to_string()
    }
}

/// See `proc_pid_mountinfo(5)`.
fn mounts(text: &str) -> Vec<Mount> {
    text.lines()
        .filter_map(|line| {
            let (left, right) = line.split_once(" - ")?;
            let mut right = right.split(' ');
            Some(Mount { point: PathBuf::from(unescaped(left.split(' ').nth(4)?)), kind: right.next()?.to_owned() })
        })
        .collect()
}

/// Spaces, tabs, line ends and backslashes stand as `\040`, …
fn unescaped(text: &str) -> String {
    let octal = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    octal.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// Whether the daemon behind a mountpoint is dead. Asked on a thread of its own, since a daemon that hangs never
/// answers; that one is not dead.
fn is_stale(point: &Path) -> bool {
    let (answer, answered) = mpsc::channel();
    let point = point.to_owned();
    let asked = std::thread::Builder::new().name("doctor-stat".to_owned()).spawn(move || {
        let _ = answer.send(paths::stat(&point).err().map(|error| error.errno()));
    });
    asked.is_ok() && answered.recv_timeout(PATIENCE) == Ok(Some(libc::ENOTCONN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_capabilities_and_mounts_are_read_as_the_kernel_writes_them() {
        assert_eq!(version("6.12.3-amd64\n"), Some((6, 12)));
        assert_eq!(version("5.15\n"), Some((5, 15)));
        assert_eq!(capabilities("Name:\tx\nCapEff:\t0000000000200000\n"), Some(1 << 21));
        let line = "36 35 0:31 / /mnt/my\\040notes rw,nosuid shared:1 - fuse.cdx cdx:/w rw,user_id=0\n";
        let found = mounts(line);
        assert_eq!(found[0].point, PathBuf::from("/mnt/my notes"));
        assert!(found[0].is_codex());
    }
}
