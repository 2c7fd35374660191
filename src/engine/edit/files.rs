//! Files removed and moved with their sidecars.

use super::contents::check_place;
use super::gesture::with_gesture;
use super::metadata::sidecars_of;
use super::note::hash_of;
use super::rewrite::{read, refused};
use super::trash;
use crate::engine::{Change, ChangeOp, Engine, EngineError, Notebook, Requester};
use crate::index::parse::{is_binary, sidecar_names};
use crate::sys::StoreStat;
use crate::types::{ContentHash, NotePath};

impl Engine {
    /// Removes a file with its sidecars, or a folder with all in it. What the history holds stays there; what it
    /// does not hold goes to the workspace's trash.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; the store's.
    pub fn delete_file(&self, notebook: &Notebook, path: &NotePath, by: &Requester) -> Result<(), EngineError> {
        self.delete_file_if(notebook, path, None, by)
    }

    /// As [`Engine::delete_file`]; with `expected`, only a file whose contents have one of these hashes.
    ///
    /// # Errors
    /// As there; [`EngineError::Stale`] with the hash that it has.
    pub fn delete_file_if(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        expected: Option<&[ContentHash]>,
        by: &Requester,
    ) -> Result<(), EngineError> {
        self.check_writable()?;
        check_place(path)?;
        let by = with_gesture(by);
        let removed = if stat_of(notebook, path)?.is_dir() {
            self.delete_folder(notebook, path, &by)
        } else {
            self.delete_with_sidecars(notebook, path, expected, &by)
        };
        trash::tidy(&self.codex_path());
        removed
    }

    fn delete_with_sidecars(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        expected: Option<&[ContentHash]>,
        by: &Requester,
    ) -> Result<(), EngineError> {
        let _lock = self.workbench.lock_file(notebook.number, path);
        if let Some(expected) = expected {
            let current = read(&notebook.dir, path)?.map(|current| hash_of(&current.bytes));
            if let Some(current) = current.filter(|hash| !expected.contains(hash)) {
                return Err(EngineError::Stale { path: path.to_string(), current });
            }
        }
        for sidecar in existing_sidecars(notebook, path) {
            self.delete_one(notebook, &sidecar, by)?;
        }
        self.delete_one(notebook, path, by)
    }

    fn delete_folder(&self, notebook: &Notebook, path: &NotePath, by: &Requester) -> Result<(), EngineError> {
        for entry in notebook.dir.list(path)? {
            let Ok(child) = path.join(entry.name.as_encoded_bytes()) else { continue };
            if stat_of(notebook, &child)?.is_dir() {
                self.delete_folder(notebook, &child, by)?;
            } else {
                self.delete_one(notebook, &child, by)?;
            }
        }
        notebook.dir.remove_folder(path).map_err(refused)?;
        self.note_removed(notebook, path, by);
        Ok(())
    }

    fn delete_one(&self, notebook: &Notebook, path: &NotePath, by: &Requester) -> Result<(), EngineError> {
        let stat = stat_of(notebook, path)?;
        if !stat.is_file() || self.is_recordable(notebook, path, &stat) {
            self.keep_before_removal(notebook.number, path);
            notebook.dir.remove_file(path).map_err(refused)?;
        } else {
            trash::put(&self.codex_path(), notebook, path)?;
        }
        self.note_removed(notebook, path, by);
        Ok(())
    }

    /// Moves a file within its notebook, its sidecars with it. Folders on the way are made.
    ///
    /// # Errors
    /// [`EngineError::Exists`] if something is at `to`; [`EngineError::NotFound`]; the store's.
    pub fn move_file(
        &self,
        notebook: &Notebook,
        from: &NotePath,
        to: &NotePath,
        by: &Requester,
    ) -> Result<(), EngineError> {
        self.check_writable()?;
        check_place(from)?;
        check_place(to)?;
        let by = with_gesture(by);
        let stat = stat_of(notebook, from)?;
        let _locks = self.workbench.lock_two(notebook.number, from, to);
        let sidecars = if stat.is_file() { sidecar_moves(notebook, from, to) } else { Vec::new() };
        for (_, target) in &sidecars {
            if notebook.dir.stat(target).is_ok() {
                return Err(EngineError::Exists(format!("{target} is there already and would describe {to}")));
            }
        }
        notebook.dir.make_dirs(&to.parent()).map_err(refused)?;
        self.move_one(notebook, from, to, &by)?;
        for (source, target) in sidecars {
            self.move_one(notebook, &source, &target, &by)?;
        }
        Ok(())
    }

    /// Removes exactly one file, not its sidecars.
    pub(in crate::engine) fn delete_file_alone(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        by: &Requester,
    ) -> Result<(), EngineError> {
        check_place(path)?;
        if stat_of(notebook, path)?.is_dir() {
            return self.delete_folder(notebook, path, by);
        }
        let _lock = self.workbench.lock_file(notebook.number, path);
        self.delete_one(notebook, path, by)
    }

    /// Moves exactly one file, not its sidecars.
    pub(in crate::engine) fn move_file_alone(
        &self,
        notebook: &Notebook,
        from: &NotePath,
        to: &NotePath,
        by: &Requester,
    ) -> Result<(), EngineError> {
        check_place(from)?;
        check_place(to)?;
        let _locks = self.workbench.lock_two(notebook.number, from, to);
        notebook.dir.make_dirs(&to.parent()).map_err(refused)?;
        self.move_one(notebook, from, to, by)
    }

    /// Removes a folder and those above it as long as they are empty.
    pub(in crate::engine) fn remove_empty_folders(&self, notebook: &Notebook, folder: &NotePath, by: &Requester) {
        let mut folder = folder.clone();
        while !folder.is_root() && notebook.dir.remove_folder(&folder).is_ok() {
            self.note_removed(notebook, &folder, by);
            folder = folder.parent();
        }
    }

    fn move_one(&self, notebook: &Notebook, from: &NotePath, to: &NotePath, by: &Requester) -> Result<(), EngineError> {
        let op = ChangeOp::Renamed(from.clone());
        let change = Change { notebook: notebook.number, op, path: to.clone(), by: by.clone() };
        // Before the disk is waited for: the watcher, who sees two names, would be first.
        let renamed = || self.note_settled(change);
        notebook.dir.rename_into(from, &notebook.dir, to, renamed).map_err(|error| match error.errno() {
            libc::EEXIST => EngineError::Exists(format!("{to} is there already in {}", notebook.name())),
            _ => refused(error),
        })
    }

    fn note_removed(&self, notebook: &Notebook, path: &NotePath, by: &Requester) {
        let change = Change { notebook: notebook.number, op: ChangeOp::Removed, path: path.clone(), by: by.clone() };
        self.note_settled(change);
    }

    /// Whether the history takes in a file of this size and kind.
    pub(in crate::engine) fn is_recordable(&self, notebook: &Notebook, path: &NotePath, stat: &StoreStat) -> bool {
        let settings = self.settings();
        if stat.size > settings.history_text_max.max(settings.history_binary_max)
            || self.is_ignored(notebook.number, path, false)
        {
            return false;
        }
        if stat.size <= settings.history_text_max.min(settings.history_binary_max) {
            return true;
        }
        let head = notebook.dir.read(path, 8192).map(|(bytes, _)| bytes).unwrap_or_default();
        let name = path.name().to_string_lossy();
        let limit = if is_binary(&name, &head) { settings.history_binary_max } else { settings.history_text_max };
        stat.size <= limit
    }
}

/// Attributes of what is at a path.
pub(in crate::engine) fn stat_of(notebook: &Notebook, path: &NotePath) -> Result<StoreStat, EngineError> {
    notebook.dir.stat(path).map_err(|error| {
        if error.is_not_found() {
            EngineError::NotFound(format!("no file {path} in {}", notebook.name()))
        } else {
            error.into()
        }
    })
}

/// The sidecars that a file has in the store.
pub(in crate::engine) fn existing_sidecars(notebook: &Notebook, path: &NotePath) -> Vec<NotePath> {
    let is_file = |sidecar: &NotePath| notebook.dir.stat(sidecar).is_ok_and(|stat| stat.is_file());
    sidecars_of(path).into_iter().map(|(sidecar, _)| sidecar).filter(is_file).collect()
}

/// Where each sidecar of `from` goes when it becomes `to`: the name in the same place of the list.
fn sidecar_moves(notebook: &Notebook, from: &NotePath, to: &NotePath) -> Vec<(NotePath, NotePath)> {
    let (Some(old), Some(new)) = (from.name().to_str(), to.name().to_str()) else { return Vec::new() };
    let exists = |path: &NotePath| notebook.dir.stat(path).is_ok_and(|stat| stat.is_file());
    sidecar_names(old)
        .into_iter()
        .zip(sidecar_names(new))
        .filter_map(|((old, _), (new, _))| Some((from.parent().join(old).ok()?, to.parent().join(new).ok()?)))
        .filter(|(old, _)| exists(old))
        .collect()
}
