//! Whole contents: replaced, made new, and columns of views.

use super::rewrite::{ATTEMPTS, Current, Outcome, keeps_changing, read, refused};
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::history::blob_id;
use crate::index::parse::edit::edit_view_column;
use crate::index::query::{Group, TimeContext, parse_view};
use crate::types::{CommitId, FileKey, NotePath, NotebookNumber};

impl Engine {
    /// Replaces a note's contents: atomically, or in place while a handle of it is open or it has several links.
    ///
    /// # Errors
    /// The store's.
    pub fn write_contents(&self, file: FileKey, bytes: &[u8], by: &Requester) -> Result<(), EngineError> {
        let (notebook, entry) = self.file_of(file)?;
        self.write_contents_at(&notebook, &entry.path, None, bytes, by)
    }

    /// As [`Engine::write_contents`] by path and, with `expected`, only if the contents are those of that blob id
    /// (see [`blob_id`]).
    ///
    /// # Errors
    /// [`EngineError::Conflict`] if they are others; [`EngineError::NotFound`]; the store's.
    pub fn write_contents_at(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        expected: Option<CommitId>,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<(), EngineError> {
        self.change_contents(notebook, path, by, |current| {
            if expected.is_some_and(|expected| blob_id(&current.bytes) != Some(expected)) {
                return Err(EngineError::Conflict(format!(
                    "{path} was changed since it was read; read it again and repeat the edit"
                )));
            }
            Ok(bytes.to_vec())
        })
    }

    /// Makes a new file, durably.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; the store's.
    pub fn create_file(
        &self,
        notebook: NotebookNumber,
        path: &NotePath,
        bytes: &[u8],
        by: &Requester,
    ) -> Result<(), EngineError> {
        self.check_writable()?;
        let notebook =
            self.notebook(notebook).ok_or_else(|| EngineError::NotFound(format!("the notebook of {path} is gone")))?;
        check_place(path)?;
        notebook.check_trusted()?;
        let _lock = self.workbench.lock_file(notebook.number, path);
        notebook.dir.make_dirs(&path.parent()).map_err(refused)?;
        self.core.history.foretell(notebook.number, path, by);
        if let Err(error) = notebook.make_file(path, bytes) {
            self.core.history.retract(notebook.number, path);
            return Err(match error.errno() {
                libc::EEXIST => EngineError::Exists(format!("{path} is there already in {}", notebook.name())),
                _ => self.failed(&notebook, error),
            });
        }
        self.note_written(&notebook, path, by);
        Ok(())
    }

    /// Adds or removes an empty column of a view's definition.
    ///
    /// # Errors
    /// If the definition cannot be edited.
    pub fn edit_view_column(&self, view: FileKey, group: &str, add: bool, by: &Requester) -> Result<(), EngineError> {
        let (notebook, entry) = self.file_of(view)?;
        let path = &entry.path;
        let name = path.to_str().unwrap_or_default();
        let time = self.time_context();
        self.change_contents(&notebook, path, by, |current| {
            let group_by = grouped_by(path, &current.bytes, &time)?;
            Ok(edit_view_column(name, &current.bytes, &group_by, group, add)?)
        })
    }

    /// Reads a file, asks what it is to be, and writes that; again where the file changed meanwhile.
    pub(super) fn change_contents(
        &self,
        notebook: &Notebook,
        path: &NotePath,
        by: &Requester,
        change: impl Fn(&Current) -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        self.check_writable()?;
        check_place(path)?;
        let _lock = self.workbench.lock_file(notebook.number, path);
        for _ in 0..ATTEMPTS {
            let current = read(&notebook.dir, path)?
                .ok_or_else(|| EngineError::NotFound(format!("no file {path} in {}", notebook.name())))?;
            let bytes = change(&current)?;
            if bytes == current.bytes {
                return Ok(());
            }
            if self.replace(notebook, path, &current, &bytes, by)? == Outcome::Written {
                self.note_written(notebook, path, by);
                return Ok(());
            }
        }
        Err(keeps_changing(notebook, path))
    }

    /// What dates are relative to, now.
    #[must_use]
    pub fn time_context(&self) -> TimeContext {
        let settings = self.settings();
        TimeContext { now: crate::sys::now(), zone: settings.timezone.clone(), week_starts: settings.week_starts }
    }
}

/// The property that a view groups by, if writing it can move a note between its groups.
fn grouped_by(path: &NotePath, bytes: &[u8], time: &TimeContext) -> Result<String, EngineError> {
    let view = parse_view(bytes, time).map_err(|error| EngineError::Invalid(format!("{path}: {error}")))?;
    match view.query.group {
        Some(Group::Property(key)) => Ok(key),
        Some(Group::Type) => Ok("type".to_owned()),
        Some(Group::Tag | Group::Folder | Group::Date { .. }) => Err(EngineError::Meaningless(format!(
            "{path} groups by something that is no property, so it has no columns of its own"
        ))),
        None => Err(EngineError::Meaningless(format!("{path} has no groups; give its query a `group_by`"))),
    }
}

/// Refuses paths that are Codex's own or git's.
pub(super) fn check_place(path: &NotePath) -> Result<(), EngineError> {
    if path.is_root() {
        return Err(EngineError::Invalid("a file's path is wanted, this is a notebook's".to_owned()));
    }
    if path.components().any(|part| part == ".codex" || part == ".git") {
        return Err(EngineError::Denied(format!(
            "{path} is no place for notes: .codex and .git are not edited by cdx"
        )));
    }
    Ok(())
}
