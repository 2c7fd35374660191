//! Whether something can be mounted at a place, said before an engine is opened for it.

use std::path::{Path, PathBuf};

use crate::cli::mounts;
use crate::engine::EngineError;
use crate::fs::{MountError, check_mountpoint};

/// The mountpoint as a whole path, if the workspace can be mounted there. A mount of ours whose daemon is dead
/// is taken away first.
///
/// # Errors
/// What is in the way, and what to do.
pub(crate) fn prepare(workspace: &Path, mountpoint: &Path) -> Result<PathBuf, EngineError> {
    let whole = std::path::absolute(mountpoint)
        .map_err(|error| EngineError::Invalid(format!("{}: {error}", mountpoint.display())))?;
    mounts::free(&whole);
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
        | MountError::FewDescriptors { .. }
        | MountError::Refused { .. }
        | MountError::Unmount { .. }
        | MountError::Io { .. } => EngineError::Denied(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Dir, Replace, paths};
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
