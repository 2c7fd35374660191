//! A notebook from within, for the length of a request: files looked up, and shown as the API shows them.

use std::time::Duration;

use super::FileOut;
use super::place::{below_root, exact_path};
use crate::api::error::{Answer, ApiError};
use crate::api::extract::{Act, InNotebook};
use crate::engine::{Engine, Notebook, Requester};
use crate::index::notebook::FileRow;
use crate::index::parse::sidecar_subjects;
use crate::types::{FileId, FileKey, NotePath, NotebookId};

/// How long a request waits for the index to take in what was changed before it.
const BARRIER: Duration = Duration::from_secs(10);

/// A notebook that the caller has been let into, on a thread that may wait.
pub(in crate::api::v1) struct Inside<'a> {
    pub(in crate::api::v1) engine: &'a Engine,
    pub(in crate::api::v1) notebook: &'a Notebook,
    pub(in crate::api::v1) by: &'a Requester,
    id: NotebookId,
}

/// Does something in the notebook of a request.
///
/// # Errors
/// The work's; as [`InNotebook::with_notebook`].
pub(in crate::api::v1) async fn inside<A: Act, T: Send + 'static>(
    at: &InNotebook<A>,
    work: impl FnOnce(&Inside<'_>) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let id = at.row.id;
    at.with_notebook(move |engine, notebook, by| work(&Inside { engine, notebook, by, id })).await
}

impl Inside<'_> {
    /// Waits until the index has what was changed before.
    ///
    /// # Errors
    /// 503.
    pub(in crate::api::v1) fn catch_up(&self) -> Answer<()> {
        Ok(self.engine.barrier(BARRIER)?)
    }

    /// Where the file of an id is.
    ///
    /// # Errors
    /// 404.
    pub(in crate::api::v1) fn path_of(&self, id: FileId) -> Answer<NotePath> {
        self.catch_up()?;
        let file = self.engine.catalog().file(FileKey { notebook: self.notebook.number, id });
        file.map(|file| file.path.clone()).ok_or_else(|| ApiError::not_found(format!("no file `{}`", id.0)))
    }

    /// The file at a path as somebody wrote it: letter for letter, else in NFC.
    ///
    /// # Errors
    /// 400; 404.
    pub(in crate::api::v1) fn find(&self, text: &str) -> Answer<NotePath> {
        self.catch_up()?;
        let known = |path: &NotePath| self.engine.catalog().by_path(self.notebook.number, path).is_some();
        let candidates = [exact_path(text)?, below_root(text)?];
        let found = candidates.into_iter().find(known);
        found.ok_or_else(|| ApiError::not_found(format!("no file `{text}`")))
    }

    /// The file of an id.
    ///
    /// # Errors
    /// 404.
    pub(in crate::api::v1) fn show(&self, id: FileId) -> Answer<FileOut> {
        self.catch_up()?;
        let row = self.notebook.reader.by_id(id)?;
        row.map(|row| self.shown(row)).ok_or_else(|| ApiError::not_found(format!("no file `{}`", id.0)))
    }

    /// The file at a path; for a sidecar, the file that it describes.
    ///
    /// # Errors
    /// 404.
    pub(in crate::api::v1) fn show_at(&self, path: &NotePath) -> Answer<FileOut> {
        self.catch_up()?;
        let folder = path.parent();
        let subjects = path.name().to_str().map(sidecar_subjects).unwrap_or_default();
        let described = subjects.into_iter().filter_map(|name| folder.join(name).ok());
        for path in std::iter::once(path.clone()).chain(described) {
            if let Some(row) = self.notebook.reader.by_path(&path)? {
                return Ok(self.shown(row));
            }
        }
        Err(ApiError::not_found(format!("no file `{path}`")))
    }

    /// A row as the API shows it.
    pub(in crate::api::v1) fn shown(&self, row: FileRow) -> FileOut {
        FileOut::of(row, self.id, &self.engine.settings().timezone)
    }

    /// The ids of the file at a path: in the notebook, and as `<notebook id>:<id>`.
    pub(in crate::api::v1) fn ids_of(&self, path: &NotePath) -> Option<(i64, String)> {
        let key = self.engine.catalog().by_path(self.notebook.number, path)?;
        Some((key.id.0, super::object::reference(self.id, key.id)))
    }

    /// The path for a file that is to be made.
    ///
    /// # Errors
    /// 400; 422 for one that would have no row in the index, and so no id.
    pub(in crate::api::v1) fn new_path(&self, field: &str, text: &str) -> Answer<NotePath> {
        let path = self.new_place(field, text, false)?;
        if path.name() == ".metadata" {
            return Err(ApiError::invalid(field, "what describes a folder is set as its properties"));
        }
        Ok(path)
    }

    /// The path for a folder that is to be made.
    ///
    /// # Errors
    /// 400; 422 for one that would not be shown.
    pub(in crate::api::v1) fn new_folder(&self, field: &str, text: &str) -> Answer<NotePath> {
        self.new_place(field, text, true)
    }

    fn new_place(&self, field: &str, text: &str, is_folder: bool) -> Answer<NotePath> {
        let path = below_root(text)?;
        if text.chars().any(char::is_control) {
            return Err(ApiError::invalid(field, "control characters are not expected in names"));
        }
        if self.engine.is_ignored(self.notebook.number, &path, is_folder) {
            return Err(ApiError::invalid(field, "the notebook's ignore rules leave it out"));
        }
        let mut folder = path.parent();
        while !folder.is_root() {
            match self.notebook.dir.stat(&folder) {
                Ok(stat) if stat.is_dir() => break,
                Ok(_) => return Err(ApiError::conflict(format!("`{folder}` is there already, and no folder"))),
                Err(_) => folder = folder.parent(),
            }
        }
        Ok(path)
    }
}
