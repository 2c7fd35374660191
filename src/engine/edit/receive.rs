//! Files that arrive in parts: kept out of sight until the last part is there, then placed in one step.

use super::contents::check_place;
use super::in_place::tmp;
use super::rewrite::{ATTEMPTS, LARGEST, Outcome, Swapped, keeps_changing, read, refused};
use crate::engine::check::is_temporary;
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::sys::{Dir, Replace, Staged, StoreError, StoreStat};
use crate::types::NotePath;

/// What became of a file that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// It is new.
    Made,
    /// It took the place of one that was there, with its id and history.
    Replaced,
}

impl Engine {
    /// Begins a file that arrives in parts. It stands in `.codex/tmp` until [`Engine::place_upload`]; dropped before, it
    /// is gone.
    ///
    /// # Errors
    /// The store's; a read-only workspace.
    pub fn begin_upload(&self, notebook: &Notebook) -> Result<Staged, EngineError> {
        self.check_writable()?;
        notebook.check_trusted()?;
        notebook.codex.make_dirs(&tmp()).map_err(refused)?;
        notebook.codex.stage(&tmp(), notebook.codex.shown(&tmp())).map_err(refused)
    }

    /// Makes what has arrived the file at `path`, over one that is there where `overwrite` says so. Folders on the way
    /// are made.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; the store's. Then nothing at `path` has changed.
    pub fn place_upload(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        mut staged: Staged,
        overwrite: bool,
        by: &Requester,
    ) -> Result<Arrived, EngineError> {
        self.check_writable()?;
        check_place(path)?;
        let _lock = self.workbench.lock_file(notebook.number, path);
        for _ in 0..ATTEMPTS {
            let arrived = match notebook.dir.stat(path) {
                Ok(stat) if overwrite && stat.is_file() => {
                    let overwritten = self.overwrite_with(notebook, path, &stat, &mut staged, by);
                    match self.retract_unless_written(notebook, path, overwritten)? {
                        Outcome::Written => Arrived::Replaced,
                        Outcome::Changed => continue,
                    }
                }
                Ok(_) => return Err(is_there(notebook, path)),
                Err(error) if error.is_not_found() => {
                    notebook.check_trusted()?;
                    notebook.dir.make_dirs(&path.parent()).map_err(refused)?;
                    self.core.history.foretell(notebook.number, path, by);
                    if let Err(error) = place_new(notebook, path, &mut staged) {
                        self.core.history.retract(notebook.number, path);
                        match error.errno() {
                            // Somebody was faster.
                            libc::EEXIST => continue,
                            _ => return Err(self.failed(notebook, error)),
                        }
                    }
                    Arrived::Made
                }
                Err(error) => return Err(error.into()),
            };
            self.note_written(notebook, path, by);
            return Ok(arrived);
        }
        Err(keeps_changing(notebook, path))
    }

    fn overwrite_with(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        old: &StoreStat,
        staged: &mut Staged,
        by: &Requester,
    ) -> Result<Outcome, EngineError> {
        let swapped = self.swap(notebook, path, old, by, |replace, before_rename| {
            place(notebook, path, staged, replace, before_rename)
        })?;
        match swapped {
            Swapped::Written => Ok(Outcome::Written),
            Swapped::Changed => Ok(Outcome::Changed),
            Swapped::Held if staged.len() > LARGEST => Err(EngineError::Conflict(format!(
                "{path} is open in a program or has several links, and what is to replace it is larger than {} MiB; \
                 close it first, or give the new one another name",
                LARGEST >> 20
            ))),
            Swapped::Held => {
                let Some(current) = read(&notebook.dir, path)? else { return Ok(Outcome::Changed) };
                let mut bytes = Vec::new();
                staged.read_back(|part| {
                    bytes.extend_from_slice(part);
                    Ok(())
                })?;
                self.replace_in_place(notebook, path, &current, &bytes)
            }
        }
    }
}

fn place_new(notebook: &Notebook, path: &NotePath, staged: &mut Staged) -> Result<StoreStat, StoreError> {
    staged.take_group_of(&notebook.dir, &path.parent())?;
    // Its number is known before it can be listed: its inode may be that of a dead file.
    place(notebook, path, staged, Replace::Never, &mut |new| {
        notebook.nodes.number_unasked(new.key);
        true
    })
}

/// Places it; where the folder is on another disk than `.codex`, a copy of it.
fn place(
    notebook: &Notebook,
    path: &NotePath,
    staged: &mut Staged,
    replace: Replace,
    before_rename: &mut dyn FnMut(&StoreStat) -> bool,
) -> Result<StoreStat, StoreError> {
    match staged.place(&notebook.dir, path, replace, |new| before_rename(new)) {
        Err(error) if error.errno() == libc::EXDEV => {
            let mut copy = notebook.dir.stage(&path.parent(), notebook.dir.shown(path))?;
            staged.read_back(|part| copy.append(part))?;
            copy.place(&notebook.dir, path, replace, |new| before_rename(new))
        }
        other => other,
    }
}

fn is_there(notebook: &Notebook, path: &NotePath) -> EngineError {
    EngineError::Exists(format!("{path} is there already in {}", notebook.name()))
}

/// Removes what a process that ended had begun to take in, before a notebook is opened.
///
/// # Errors
/// The store's.
pub(in crate::engine) fn clear_uploads(codex: &Dir) -> Result<(), StoreError> {
    let entries = match codex.list(&tmp()) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    let paths = entries.iter().filter_map(|entry| tmp().join(entry.name.as_encoded_bytes()).ok());
    paths.filter(is_temporary).try_for_each(|path| codex.remove_file(&path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::edit::scratch::{Workspace, ada, path};

    fn arrive(w: &Workspace, file: &str, bytes: &[u8], overwrite: bool) -> Result<Arrived, EngineError> {
        let notebook = w.notebook("lab");
        let mut staged = w.engine.begin_upload(&notebook).unwrap();
        for part in bytes.chunks(3) {
            staged.append(part).unwrap();
        }
        w.engine.place_upload(&notebook, &path(file), staged, overwrite, &ada())
    }

    fn left_over(w: &Workspace) -> usize {
        let entries = w.notebook("lab").codex.list(&tmp()).unwrap();
        entries.iter().filter(|entry| crate::sys::maker_of_temporary(&entry.name).is_some()).count()
    }

    #[test]
    fn what_arrives_is_made_and_replaces_only_where_it_may() {
        let w = Workspace::new();
        assert_eq!(arrive(&w, "new/a.md", b"---\ntags: [x]\n---\n", false).unwrap(), Arrived::Made);
        let key = w.key("lab/new/a.md");
        assert_eq!(w.tags("lab/new/a.md"), ["x"]);
        assert!(matches!(arrive(&w, "new/a.md", b"other", false), Err(EngineError::Exists(_))));
        assert!(matches!(arrive(&w, "new", b"other", true), Err(EngineError::Exists(_))));
        assert_eq!(arrive(&w, "new/a.md", b"other", true).unwrap(), Arrived::Replaced);
        assert_eq!((w.read("lab/new/a.md").as_deref(), w.key("lab/new/a.md")), (Some("other"), key));
        assert!(matches!(arrive(&w, ".codex/x", b"", false), Err(EngineError::Denied(_))));
        assert_eq!(left_over(&w), 0);
        w.assert_clean();
    }

    #[test]
    fn a_file_with_several_links_is_replaced_on_its_inode() {
        let w = Workspace::holding(&[("lab/a.bin", "old")]);
        let (lab, linked) = (w.path().join("lab/a.bin"), w.path().join("lab/b.bin"));
        rustix::fs::link(&lab, &linked).unwrap();
        arrive(&w, "a.bin", b"a longer one", true).unwrap();
        assert_eq!(w.read("lab/b.bin").as_deref(), Some("a longer one"));
        assert_eq!(left_over(&w), 0);
    }

    #[test]
    fn a_folder_that_hands_on_its_group_does_so_to_what_arrives() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let w = Workspace::holding(&[("lab/shared/a.md", "")]);
        let shared = w.path().join("lab/shared");
        // Who may give files to no other group has one group alone, and nothing to see here.
        let _ = std::os::unix::fs::chown(&shared, None, Some(12_345));
        let gid = shared.metadata().unwrap().gid();
        let mode = std::fs::Permissions::from_mode(0o2775);
        std::fs::set_permissions(&shared, mode).unwrap();
        arrive(&w, "shared/b.md", b"x", false).unwrap();
        assert_eq!(shared.join("b.md").metadata().unwrap().gid(), gid);
    }

    #[test]
    fn what_a_dead_process_had_begun_goes_at_the_next_start() {
        let w = Workspace::new();
        let staged = w.engine.begin_upload(&w.notebook("lab")).unwrap();
        std::mem::forget(staged);
        assert_eq!(left_over(&w), 1);
        let w = w.reopen(false);
        assert_eq!(left_over(&w), 0);
    }
}
