//! Files that are named by a whole path: the user's own arguments, `$CODEX_HOME`, `/proc`.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{IoContext, StoreError, StoreStat};

/// Makes a folder and those above it where they are missing, following links on the way (the user named it).
///
/// # Errors
/// What mkdir(2) says.
pub fn make_dirs(path: &Path) -> Result<(), StoreError> {
    std::fs::create_dir_all(path).context("make folder", path)
}

/// The path without links, `.` and `..`.
///
/// # Errors
/// What realpath(3) says.
pub fn canonical(path: &Path) -> Result<PathBuf, StoreError> {
    std::fs::canonicalize(path).context("find", path)
}

/// A whole file as text; bytes that are no UTF-8 are replaced.
///
/// # Errors
/// What open(2) and read(2) say.
pub fn read_text(path: &Path) -> Result<String, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "the file is no part of a store: configuration, /proc")]
    let bytes = std::fs::read(path).context("read", path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Opens a log to append to, readable by its owner alone.
///
/// # Errors
/// What open(2) says.
pub fn open_log(path: &Path) -> Result<File, StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).context("open", path)
}

/// A small private file: its text and permission bits. Where there is none it is made with `text`, for its owner alone;
/// of two processes that make it at once, both read what the first one wrote.
///
/// # Errors
/// What open(2), write(2), link(2) and read(2) say.
pub fn read_or_make_private(path: &Path, text: &str) -> Result<(String, u32), StoreError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if std::fs::symlink_metadata(path).is_err() {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.tmp", std::process::id()));
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary)
            .context("make", path)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        // A link has its name only when the bytes are there, and never replaces another's.
        let linked = written.and_then(|()| match std::fs::hard_link(&temporary, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
        let _ = std::fs::remove_file(&temporary);
        linked.context("make", path)?;
    }
    let mode = stat(path)?.perm;
    Ok((read_text(path)?, u32::from(mode)))
}

/// Sets the permission bits of what is at `path`.
///
/// # Errors
/// What chmod(2) says.
pub fn set_mode(path: &Path, mode: u32) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).context("set mode of", path)
}

/// Attributes of what is at `path`, links followed or not.
///
/// # Errors
/// What statx(2) says; ENOTCONN where a dead daemon's mount is in the way.
pub fn stat(path: &Path) -> Result<StoreStat, StoreError> {
    let resolved = canonical(path)?;
    StoreStat::at(rustix::fs::CWD, resolved).context("read attributes of", path)
}
