//! Whether something can be mounted at a place, said before an engine is opened for it; and what keeps a user of this
//! machine from mounting at all.

use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::cli::mounts;
use crate::engine::EngineError;
use crate::fs::{MountError, check_mountpoint};
use crate::sys::paths;

/// The mountpoint as a whole path, if the workspace can be mounted there. A mount of ours whose daemon is dead
/// is taken away first.
///
/// # Errors
/// What is in the way, and what to do.
pub(crate) fn prepare(workspace: &Path, mountpoint: &Path) -> Result<PathBuf, EngineError> {
    let whole = std::path::absolute(mountpoint)
        .map_err(|error| EngineError::Invalid(format!("{}: {error}", mountpoint.display())))?;
    let is_dead = crate::fs::is_stale(&whole);
    if let Some(mount) = mounts::all().into_iter().rfind(|mount| mount.mountpoint == whole).filter(|_| !is_dead) {
        let shown = mountpoint.display();
        return Err(EngineError::Exists(format!(
            "{} is mounted at {shown} already; `cdx umount {shown}` ends that",
            mount.workspace.display()
        )));
    }
    check_mountpoint(workspace, &whole).map_err(|error| refused(&error))
}

/// The kind of refusal that a mount's failure is.
pub(crate) fn refused(error: &MountError) -> EngineError {
    let message = error.to_string();
    match error {
        MountError::Missing(_) => EngineError::NotFound(message),
        MountError::NotADirectory(_) | MountError::InsideStore(..) => EngineError::Invalid(message),
        MountError::NotEmpty(_) => EngineError::NotEmpty(message),
        MountError::Busy(_) => EngineError::Exists(message),
        MountError::NoFuse
        | MountError::NotPermitted
        | MountError::NoFusermount
        | MountError::AllowOtherNotPermitted
        | MountError::Io { .. } => EngineError::Denied(message),
    }
}

/// Something about FUSE on this machine that keeps us from mounting, and what mends it.
#[derive(Clone, Debug)]
pub(crate) struct FuseProblem {
    pub(crate) what: &'static str,
    pub(crate) mend: &'static str,
}

/// What keeps this user from mounting.
pub(crate) fn fuse_problems() -> Vec<FuseProblem> {
    let is_root = rustix::process::geteuid().is_root();
    let mut problems = Vec::new();
    match rustix::fs::access("/dev/fuse", Access::READ_OK | Access::WRITE_OK) {
        Ok(()) => {}
        Err(rustix::io::Errno::NOENT) => problems.push(FuseProblem {
            what: "there is no /dev/fuse",
            mend: "sudo modprobe fuse (in a container: start it with --device /dev/fuse)",
        }),
        Err(_) => {
            problems.push(FuseProblem { what: "/dev/fuse cannot be opened by you", mend: "sudo chmod 666 /dev/fuse" });
        }
    }
    if !is_root && find_program("fusermount3").is_none() {
        problems.push(FuseProblem { what: "there is no fusermount3", mend: "sudo apt-get install fuse3" });
    }
    if !is_root && !allows_others() {
        problems.push(FuseProblem {
            what: "`cdx mount --allow-other` is not permitted to users",
            mend: "if you need it: echo user_allow_other | sudo tee -a /etc/fuse.conf",
        });
    }
    problems
}

fn allows_others() -> bool {
    paths::read_text(Path::new("/etc/fuse.conf"))
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "user_allow_other"))
}

/// A program of `PATH`.
fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Dir, Replace};
    use crate::types::NotePath;

    fn refusal(make: impl FnOnce(&Path) -> PathBuf) -> String {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("ws");
        paths::make_dirs(&workspace.join("lab")).unwrap();
        let mountpoint = make(folder.path());
        prepare(&workspace, &mountpoint).unwrap_err().to_string()
    }

    #[test]
    fn bad_mountpoints_are_told_apart() {
        assert!(refusal(|folder| folder.join("missing")).contains("mkdir -p"));
        assert!(refusal(|folder| folder.join("ws/lab")).contains("inside the workspace"));
        assert!(refusal(Path::to_owned).contains("not empty"));
        let file = |folder: &Path| {
            let dir = Dir::open(folder).unwrap();
            dir.write_durably(&NotePath::new("f").unwrap(), b"", Replace::Never).unwrap();
            folder.join("f")
        };
        assert!(refusal(file).contains("not a directory"));
    }
}
