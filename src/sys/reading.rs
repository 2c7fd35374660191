//! A regular file held open for reading: what is served of it is of one file, whatever takes its name meanwhile.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rustix::io::Errno;

use super::{Dir, IoContext, StoreError, StoreStat};
use crate::types::NotePath;

/// See the module.
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    shown: PathBuf,
}

impl Dir {
    /// Opens a regular file to be read from.
    ///
    /// # Errors
    /// What openat2(2) says; EISDIR for a folder, EINVAL for what is neither.
    pub fn open_regular(&self, rel: &NotePath) -> Result<OpenFile, StoreError> {
        let open = OpenFile { file: self.open_file(rel)?, shown: self.shown(rel) };
        let stat = open.stat()?;
        if stat.is_file() {
            return Ok(open);
        }
        Err(if stat.is_dir() { Errno::ISDIR } else { Errno::INVAL }).context("read", open.shown)
    }
}

impl OpenFile {
    /// Its attributes now.
    ///
    /// # Errors
    /// What statx(2) says.
    pub fn stat(&self) -> Result<StoreStat, StoreError> {
        StoreStat::of(&self.file).context("read attributes of", &self.shown)
    }

    /// At most `len` bytes from `at` on; fewer at its end alone.
    ///
    /// # Errors
    /// What pread(2) says.
    pub fn read_at(&self, at: u64, len: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while filled < len {
            match self.file.read_at(&mut bytes[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("read", &self.shown),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Replace;

    #[test]
    fn what_is_open_stays_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open(folder.path()).unwrap();
        let path = NotePath::new("a/b.md").unwrap();
        dir.make_dirs(&path.parent()).unwrap();
        dir.write_durably(&path, b"old contents", Replace::Never).unwrap();
        let open = dir.open_regular(&path).unwrap();
        dir.write_durably(&path, b"new", Replace::KeepAttributes).unwrap();
        assert_eq!(open.read_at(4, 100).unwrap(), b"contents");
        assert_eq!(open.read_at(100, 1).unwrap(), b"");
        assert_eq!(dir.open_regular(&path.parent()).unwrap_err().errno(), libc::EISDIR);
    }
}
