//! One file read, edited and written again, whoever else writes to it meanwhile.

use super::in_place::{Edit, InPlaceError, edit_in_place};
use crate::engine::{Change, ChangeOp, Engine, EngineError, Notebook, Requester};
use crate::sys::{Dir, Replace, StoreError, StoreStat};
use crate::types::NotePath;

/// Files larger than this are not edited: all of it has to be read and written. 256 MiB.
pub(super) const LARGEST: u64 = 256 << 20;

/// So often an edit starts again because the file changed under it.
pub(super) const ATTEMPTS: usize = 16;

/// A file as it was read.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) bytes: Vec<u8>,
    pub(super) stat: StoreStat,
}

/// Whether a write happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is on disk.
    Written,
    /// The file is no longer what was read: read it again.
    Changed,
}

/// Whether another file took the place of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swapped {
    /// It is on disk.
    Written,
    /// The old one is no longer what it was.
    Changed,
    /// Something holds to the old one's inode, or the folder takes no other: its bytes are to be replaced instead.
    Held,
}

/// Reads a file whole, or says why it cannot be edited. `None`: there is none.
pub(super) fn read(dir: &Dir, path: &NotePath) -> Result<Option<Current>, EngineError> {
    let stat = match dir.stat(path) {
        Ok(stat) => stat,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !stat.is_file() {
        return Err(EngineError::Invalid(format!("{} is no regular file", dir.shown(path).display())));
    }
    if stat.size > LARGEST {
        return Err(EngineError::Invalid(format!(
            "{} is larger than {} MiB; edit it with a program made for such files",
            dir.shown(path).display(),
            LARGEST >> 20
        )));
    }
    match dir.read(path, LARGEST) {
        Ok((bytes, stat)) => Ok(Some(Current { bytes, stat })),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Engine {
    /// Replaces a file that is there: on the same inode where something holds to it, else atomically.
    pub(super) fn replace(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        current: &Current,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<Outcome, EngineError> {
        let replaced = self.replace_foretold(notebook, path, current, bytes, by);
        self.retract_unless_written(notebook, path, replaced)
    }

    fn replace_foretold(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        current: &Current,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<Outcome, EngineError> {
        let swapped = self.swap(notebook, path, &current.stat, by, |replace, before_rename| {
            notebook.dir.write_durably_with(path, bytes, replace, |new| before_rename(new))
        })?;
        match swapped {
            Swapped::Written => Ok(Outcome::Written),
            Swapped::Changed => Ok(Outcome::Changed),
            Swapped::Held => self.replace_in_place(notebook, path, current, bytes),
        }
    }

    /// What was foretold of a path is taken back, unless it happened.
    pub(super) fn retract_unless_written(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        outcome: Result<Outcome, EngineError>,
    ) -> Result<Outcome, EngineError> {
        if !matches!(outcome, Ok(Outcome::Written)) {
            self.core.history.retract(notebook.number, path);
        }
        outcome
    }

    /// Puts another file in the place of one that is there, unless something holds to its inode. `place` does it, as it
    /// is told. The change is foretold: what comes of it, in the end, is to be noted or retracted.
    pub(super) fn swap(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        old: &StoreStat,
        by: &Requester,
        place: impl FnOnce(Replace, &mut dyn FnMut(&StoreStat) -> bool) -> Result<StoreStat, StoreError>,
    ) -> Result<Swapped, EngineError> {
        notebook.check_trusted()?;
        if !notebook.dir.may_write(path)? {
            return Err(EngineError::Denied(format!(
                "{} cannot be written by the user that runs cdx; change its mode or owner first",
                notebook.dir.shown(path).display()
            )));
        }
        if self.is_open(old.key) {
            // What was written through a handle and not reported yet is its writer's, not this edit's.
            self.core.each_mount(|mount| mount.look_again());
        }
        self.core.keep_before_edit(notebook, path, by);
        if old.nlink > 1 || self.is_open(old.key) {
            return Ok(Swapped::Held);
        }
        // The mount shows the same note under the same number, so that nothing that holds its entry loses it.
        let number = notebook.node_number(old);
        let (mut carried, mut guard) = (None, None);
        let written = place(Replace::IfUnchanged(*old), &mut |new| {
            // Until the rename nobody opens it; who opened it meanwhile must not be left with a dead inode.
            guard = Some(self.workbench.stop_writes(number));
            if self.is_open(old.key) {
                return false;
            }
            notebook.carry_number(new, number);
            carried = Some(new.key);
            true
        });
        drop(guard);
        match written {
            Ok(_) => {
                notebook.nodes.release(old.key);
                Ok(Swapped::Written)
            }
            Err(error) => {
                if let Some(key) = carried {
                    notebook.nodes.release(key);
                }
                match error.errno() {
                    libc::ESTALE | libc::ENOENT => Ok(Swapped::Changed),
                    // It was opened meanwhile. Or the folder cannot be written, or the file belongs to somebody else who
                    // lets us write to it: a new inode is refused, its bytes are not.
                    libc::EBUSY | libc::EACCES | libc::EPERM => Ok(Swapped::Held),
                    _ => Err(self.failed(notebook, error)),
                }
            }
        }
    }

    /// Replaces a file's bytes on its inode.
    pub(super) fn replace_in_place(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        current: &Current,
        bytes: &[u8],
    ) -> Result<Outcome, EngineError> {
        let edit = Edit { path, stat: &current.stat, old: &current.bytes, new: bytes };
        let number = notebook.node_number(&current.stat);
        let stop_writes = || self.workbench.stop_writes(number);
        let written = |stat: &StoreStat| self.core.each_mount(|mount| mount.rewritten(number, stat));
        match edit_in_place(&notebook.dir, &notebook.codex, &edit, stop_writes, written) {
            Ok(()) => Ok(Outcome::Written),
            Err(InPlaceError::Changed) => Ok(Outcome::Changed),
            Err(InPlaceError::Store(error)) if error.is_not_found() => Ok(Outcome::Changed),
            Err(InPlaceError::Store(error)) => Err(self.failed(notebook, error)),
        }
    }

    /// Says that a path was written.
    pub(in crate::engine) fn note_written(&self, notebook: &Notebook, path: &NotePath, by: &Requester) {
        self.note_settled(Change {
            notebook: notebook.number,
            op: ChangeOp::Written,
            path: path.clone(),
            by: by.clone(),
        });
    }

    /// The error of a write in a notebook.
    pub(super) fn failed(&self, notebook: &Notebook, error: StoreError) -> EngineError {
        self.heed(notebook, &error);
        refused(error)
    }

    /// Refuses every change of a workspace that was opened read only.
    pub(in crate::engine) fn check_writable(&self) -> Result<(), EngineError> {
        if self.is_read_only() {
            return Err(EngineError::ReadOnly(format!("the workspace {} is open read only", self.path().display())));
        }
        Ok(())
    }
}

/// The refusal after [`ATTEMPTS`].
pub(super) fn keeps_changing(notebook: &Notebook, path: &NotePath) -> EngineError {
    EngineError::Conflict(format!(
        "{} keeps changing while it is edited; nothing was written, try again when whatever writes to it is done",
        notebook.dir.shown(path).display()
    ))
}

/// A read only store is a refusal with a name of its own.
pub(super) fn refused(error: StoreError) -> EngineError {
    if error.errno() == libc::EROFS { EngineError::ReadOnly(error.to_string()) } else { error.into() }
}
