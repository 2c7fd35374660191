//! Mounts of workspaces on this machine, as the kernel lists them.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::sys::{paths, write_sysfs};

/// What a mount's filesystem type is called: root's mounts bear no subtype, those of fusermount3 do.
const TYPES: [&str; 2] = ["fuse", "fuse.cdx"];
/// What its source begins with; the workspace's path follows.
const SOURCE: &str = "cdx:";

/// How long a process takes to end once nothing holds it.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A mount of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mounted {
    /// Where.
    pub(crate) mountpoint: PathBuf,
    /// Of which workspace.
    pub(crate) workspace: PathBuf,
    /// Whether nothing can be written through it.
    pub(crate) read_only: bool,
    /// What the kernel calls its connection to the daemon.
    pub(crate) connection: String,
}

/// All mounts of workspaces; none where the kernel does not say.
pub(crate) fn all() -> Vec<Mounted> {
    paths::read_text(Path::new("/proc/self/mountinfo")).map_or_else(|_| Vec::new(), |text| parse(&text))
}

/// The mounts of one workspace.
pub(crate) fn of(workspace: &Path) -> Vec<Mounted> {
    all().into_iter().filter(|mount| mount.workspace == workspace).collect()
}

/// The mount that holds a path, the innermost if several do.
pub(crate) fn holding(path: &Path) -> Option<Mounted> {
    all()
        .into_iter()
        .filter(|mount| path.starts_with(&mount.mountpoint))
        // `max_by_key` takes the last of equals, which lies on top of the others.
        .max_by_key(|mount| mount.mountpoint.components().count())
}

/// Frees a mountpoint whose daemon was killed and cannot end; every look at it would wait for ever.
pub(crate) fn free(mountpoint: &Path) {
    for mount in all().iter().filter(|mount| mount.mountpoint == mountpoint) {
        if crate::engine::is_dying(&mount.workspace) {
            // The owner of a mount may abort it here, root in either way.
            write_sysfs(&format!("/sys/fs/fuse/connections/{}/abort", mount.connection), "1");
            crate::fs::abort(mountpoint);
            // Its last thread ends now, and with it the lock and the socket.
            let began = Instant::now();
            while crate::engine::is_dying(&mount.workspace) && began.elapsed() < ENDS_WITHIN {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Reads the format of proc_pid_mountinfo(5).
fn parse(mountinfo: &str) -> Vec<Mounted> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, filesystem) = line.split_once(" - ")?;
            let mut filesystem = filesystem.split(' ');
            if !TYPES.contains(&filesystem.next()?) {
                return None;
            }
            let workspace = unescape(filesystem.next()?.strip_prefix(SOURCE)?);
            let mut mount = mount.split(' ').skip(2);
            let (_, connection) = mount.next()?.split_once(':')?;
            let mut mount = mount.skip(1);
            let mountpoint = unescape(mount.next()?);
            let read_only = mount.next()?.split(',').any(|option| option == "ro");
            Some(Mounted { mountpoint, workspace, read_only, connection: connection.to_owned() })
        })
        .collect()
}

/// The kernel writes blanks and backslashes as three octal digits.
fn unescape(text: &str) -> PathBuf {
    let bytes = text.as_bytes();
    let mut path = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let octal = bytes.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        let byte = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        path.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 4 } else { 1 };
    }
    PathBuf::from(OsString::from_vec(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_workspaces_are_told_from_others() {
        let text = "\
23 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 23 0:52 / /mnt/my\\040lab rw,nosuid,nodev,relatime shared:9 - fuse.cdx cdx:/data/my\\040lab rw,user_id=1000
91 23 0:53 / /mnt/ro ro,nosuid - fuse cdx:/data/lab ro,user_id=1000
92 23 0:54 / /mnt/other rw - fuse.sshfs cdx:/x rw";
        let mounted = |at: &str, of: &str, read_only, connection: &str| Mounted {
            mountpoint: at.into(),
            workspace: of.into(),
            read_only,
            connection: connection.to_owned(),
        };
        assert_eq!(
            parse(text),
            [mounted("/mnt/my lab", "/data/my lab", false, "52"), mounted("/mnt/ro", "/data/lab", true, "53")]
        );
    }
}
