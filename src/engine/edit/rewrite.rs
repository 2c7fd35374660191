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
        if !matches!(replaced, Ok(Outcome::Written)) {
            self.core.history.retract(notebook.number, path);
        }
        replaced
    }

    fn replace_foretold(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        current: &Current,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<Outcome, EngineError> {
        notebook.check_trusted()?;
        let dir = &notebook.dir;
        if !dir.may_write(path)? {
            return Err(EngineError::Denied(format!(
                "{} cannot be written by the user that runs cdx; change its mode or owner first",
                dir.shown(path).display()
            )));
        }
        if self.is_open(current.stat.key) {
            // What was written through a handle and not reported yet is its writer's, not this edit's.
            self.core.each_mount(|mount| mount.look_again());
        }
        self.core.keep_before_edit(notebook, path, by);
        if current.stat.nlink > 1 || self.is_open(current.stat.key) {
            return self.replace_in_place(notebook, path, current, bytes);
        }
        // The mount shows the same note under the same number, so that nothing that holds its entry loses it.
        let number = notebook.node_number(&current.stat);
        let (mut carried, mut guard) = (None, None);
        let written = dir.write_durably_with(path, bytes, Replace::IfUnchanged(current.stat), |new| {
            // Until the rename nobody opens it; who opened it meanwhile must not be left with a dead inode.
            guard = Some(self.workbench.stop_writes(number));
            if self.is_open(current.stat.key) {
                return false;
            }
            notebook.carry_number(new, number);
            carried = Some(new.key);
            true
        });
        drop(guard);
        match written {
            Ok(_) => {
                notebook.nodes.release(current.stat.key);
                Ok(Outcome::Written)
            }
            Err(error) => {
                if let Some(key) = carried {
                    notebook.nodes.release(key);
                }
                match error.errno() {
                    libc::ESTALE | libc::ENOENT => Ok(Outcome::Changed),
                    // It was opened meanwhile. Or the folder cannot be written, or the file belongs to somebody else who
                    // lets us write to it: a new inode is refused, its bytes are not.
                    libc::EBUSY | libc::EACCES | libc::EPERM => self.replace_in_place(notebook, path, current, bytes),
                    _ => Err(self.failed(notebook, error)),
                }
            }
        }
    }

    fn replace_in_place(
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
