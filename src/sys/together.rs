//! Several files flushed at once: a journalling filesystem then commits once for all of them.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::fs::{Mode, OFlags};

use super::{Dir, FaultPoint, IoContext, StoreError, reach};
use crate::types::NotePath;

impl Dir {
    /// Makes the file `rel` with `bytes` in it, unflushed, and gives it open for [`flush_together`].
    ///
    /// # Errors
    /// `EEXIST` if something is there; what the calls say. No file is left then but for a failed write.
    pub fn create_new(&self, rel: &NotePath, bytes: &[u8]) -> Result<OwnedFd, StoreError> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let fd = self.open_at(rel, flags, Mode::from_raw_mode(0o666)).context("create", self.shown(rel))?;
        let mut file = File::from(fd);
        file.write_all(bytes).context("write", self.shown(rel))?;
        Ok(file.into())
    }
}

/// Flushes all of the files (below `dir`, for the message) to disk, each from a thread of its own: three flushes one after the other take a busy
/// disk more than twice as long.
///
/// # Errors
/// The first error; then nothing is known of any of them.
pub fn flush_together(files: Vec<OwnedFd>, dir: &Dir) -> Result<(), StoreError> {
    reach(FaultPoint::SyncPack).context("fsync files in", dir.path())?;
    let files: Vec<File> = files.into_iter().map(File::from).collect();
    let Some((first, others)) = files.split_first() else { return Ok(()) };
    thread::scope(|scope| {
        let threads: Vec<_> =
            others.iter().map(|file| (file, thread::Builder::new().spawn_scoped(scope, || file.sync_all()))).collect();
        let mut result = first.sync_all();
        for (file, thread) in threads {
            let flushed = match thread {
                Ok(thread) => thread.join().unwrap_or_else(|_| Err(rustix::io::Errno::IO.into())),
                // No thread is to be had: one after the other, then.
                Err(_) => file.sync_all(),
            };
            result = result.and(flushed);
        }
        result
    })
    .context("fsync files in", dir.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_new_and_flushed_whole() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let paths = ["a", "b", "c"].map(|name| NotePath::new(name).unwrap());
        let files = paths.each_ref().map(|path| dir.create_new(path, path.as_bytes()).unwrap());
        flush_together(files.into(), &dir).unwrap();
        flush_together(vec![], &dir).unwrap();
        assert_eq!(paths.each_ref().map(|path| dir.read(path, 9).unwrap().0), [b"a", b"b", b"c"]);
        assert_eq!(dir.create_new(&paths[0], b"x").unwrap_err().errno(), libc::EEXIST);
    }
}
