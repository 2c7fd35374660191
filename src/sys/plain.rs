//! Files that can be made again after a crash: written without fsync.

use rustix::fs::{Mode, OFlags, Timespec, Timestamps};

use super::{Dir, IoContext, StoreError};
use crate::types::{Instant, NotePath};

impl Dir {
    /// Writes a new file, and sets its time of last change; folders above it are made. Nothing is synced.
    ///
    /// # Errors
    /// EEXIST where something is there; what the calls say.
    pub fn write_plain(&self, rel: &NotePath, bytes: &[u8], modified: Instant) -> Result<(), StoreError> {
        self.make_dirs(&rel.parent())?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let fd = self.open_at(rel, flags, Mode::from_raw_mode(0o666)).context("write", self.shown(rel))?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = rustix::io::write(&fd, rest).context("write", self.shown(rel))?;
            rest = &rest[written..];
        }
        let time = Timespec { tv_sec: modified.as_second(), tv_nsec: modified.subsec_nanosecond().into() };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::futimens(&fd, &times).context("set the time of", self.shown(rel))
    }
}
