//! Whether something can be mounted at a place, said before it is tried; and what a dead daemon left there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::Access;

use crate::cli::mounts;
use crate::engine::{EngineError, MountRequest};
use crate::sys::{Dir, paths};
use crate::types::NotePath;

/// The mountpoint as a whole path, if the workspace can be mounted there. A mount of ours whose daemon is dead
/// is taken away first.
///
/// # Errors
/// What is in the way, and what to do.
pub(crate) fn prepare(workspace: &Path, mountpoint: &Path, request: MountRequest) -> Result<PathBuf, EngineError> {
    let whole = std::path::absolute(mountpoint)
        .map_err(|error| EngineError::Invalid(format!("{}: {error}", mountpoint.display())))?;
    remove_stale(&whole)?;
    let shown = mountpoint.display();
    let path = match paths::canonical(&whole) {
        Ok(path) => path,
        Err(error) if error.is_not_found() => {
            return Err(EngineError::NotFound(format!("the mountpoint {shown} does not exist; mkdir -p {shown}")));
        }
        Err(error) => return Err(error.into()),
    };
    if path.starts_with(workspace) {
        return Err(EngineError::Invalid(format!(
            "the mountpoint {shown} is inside the workspace {}; choose a directory outside of it",
            workspace.display()
        )));
    }
    if !path.is_dir() {
        return Err(EngineError::Invalid(format!("the mountpoint {shown} is not a directory; choose an empty one")));
    }
    if let Some(mount) = mounts::all().into_iter().rfind(|mount| mount.mountpoint == path) {
        return Err(EngineError::Exists(format!(
            "{} is mounted at {shown} already; `cdx umount {shown}` ends that",
            mount.workspace.display()
        )));
    }
    if !Dir::open(&path)?.list(&NotePath::root())?.is_empty() {
        return Err(EngineError::NotEmpty(format!(
            "the mountpoint {shown} is not empty, and mounting would hide what is in it; choose an empty directory"
        )));
    }
    match fuse_problems(request.allow_other).into_iter().next() {
        Some(problem) => Err(EngineError::Denied(format!("cannot mount: {}; {}", problem.what, problem.mend))),
        None => Ok(path),
    }
}

/// Something about FUSE on this machine that keeps us from mounting, and what mends it.
#[derive(Clone, Debug)]
pub(crate) struct FuseProblem {
    pub(crate) what: String,
    pub(crate) mend: String,
}

/// What keeps this user from mounting.
pub(crate) fn fuse_problems(allow_other: bool) -> Vec<FuseProblem> {
    let is_root = rustix::process::geteuid().is_root();
    let mut problems = Vec::new();
    let mut problem = |what: &str, mend: &str| problems.push(FuseProblem { what: what.into(), mend: mend.into() });
    let device = Path::new("/dev/fuse");
    match rustix::fs::access(device, Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => {}
        Err(rustix::io::Errno::NOENT) => problem(
            "there is no /dev/fuse",
            "load the kernel module (`modprobe fuse`); in a container, start it with --device /dev/fuse",
        ),
        Err(_) => problem("/dev/fuse cannot be opened by you", "as root: chmod 666 /dev/fuse"),
    }
    if !is_root && find_program("fusermount3").is_none() {
        problem("there is no fusermount3", "install it: apt-get install fuse3");
    }
    if allow_other && !is_root && !user_allow_other() {
        problem("--allow-other is not allowed to users", "as root, add the line `user_allow_other` to /etc/fuse.conf");
    }
    problems
}

fn user_allow_other() -> bool {
    paths::read_text(Path::new("/etc/fuse.conf"))
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "user_allow_other"))
}

/// A program of `PATH`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Takes away a mount of ours whose daemon is dead (ENOTCONN); the store is as the daemon left it.
fn remove_stale(path: &Path) -> Result<(), EngineError> {
    let Err(error) = paths::stat(path) else { return Ok(()) };
    if error.errno() != libc::ENOTCONN {
        return Ok(());
    }
    if !mounts::all().iter().any(|mount| mount.mountpoint == path) {
        return Err(EngineError::Exists(format!(
            "{} is the mountpoint of another program that has died; unmount it: fusermount3 -u {0}",
            path.display()
        )));
    }
    detach(path)
}

/// Takes a mount away, without the help of its daemon and even while files are open in it.
///
/// # Errors
/// What umount2(2) or fusermount3 says.
pub(crate) fn detach(path: &Path) -> Result<(), EngineError> {
    let refused = |why: String| EngineError::Denied(format!("cannot unmount {}: {why}", path.display()));
    if rustix::process::geteuid().is_root() {
        let lazily = rustix::mount::UnmountFlags::DETACH;
        return rustix::mount::unmount(path, lazily).map_err(|error| refused(std::io::Error::from(error).to_string()));
    }
    let output = Command::new("fusermount3").args(["-u", "-z", "--"]).arg(path).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(refused(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Err(error) => Err(refused(format!("fusermount3: {error}; install it: apt-get install fuse3"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(make: impl FnOnce(&Path) -> PathBuf) -> String {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("ws");
        paths::make_dirs(&workspace.join("lab")).unwrap();
        let mountpoint = make(folder.path());
        prepare(&workspace, &mountpoint, MountRequest::default()).unwrap_err().to_string()
    }

    #[test]
    fn bad_mountpoints_are_told_apart() {
        assert!(refusal(|folder| folder.join("missing")).contains("does not exist; mkdir -p"));
        assert!(refusal(|folder| folder.join("ws/lab")).contains("inside the workspace"));
        assert!(refusal(|folder| folder.to_owned()).contains("not empty"));
        let file = |folder: &Path| {
            let dir = Dir::open(folder).unwrap();
            dir.write_durably(&NotePath::new("f").unwrap(), b"", crate::sys::Replace::Never).unwrap();
            folder.join("f")
        };
        assert!(refusal(file).contains("not a directory"));
    }
}
