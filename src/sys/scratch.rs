//! A folder of one's own outside the store, gone when it is dropped.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::Mode;
use rustix::io::Errno;

use super::{IoContext, StoreError};

/// Tells apart the folders of one process.
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A folder below the system's place for temporary files, open to its user alone.
#[derive(Debug)]
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Makes one.
    ///
    /// # Errors
    /// What mkdir(2) says.
    pub fn new() -> Result<Self, StoreError> {
        loop {
            let n = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("cdx-{}-{n}", std::process::id()));
            match rustix::fs::mkdir(&path, Mode::from_raw_mode(0o700)) {
                Ok(()) => return Ok(Self(path)),
                // Left by a process of the same number that was killed; never used, since it may be another's.
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error).context("make folder", path),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        #[expect(clippy::disallowed_methods, reason = "it is ours alone, and no folder of the store")]
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a scratch folder was left behind");
        }
    }
}
