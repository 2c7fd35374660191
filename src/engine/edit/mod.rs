//! Changes of notes that Codex makes itself: metadata, contents, tags. Atomic, durable, journalled.
//! It knows nothing of who asked: mount, command line or web.

use super::{Engine, EngineError, Requester};
use crate::index::parse::edit::MetaEdit;
use crate::sys::{Dir, StoreError};
use crate::types::{FileKey, NotePath, NotebookNumber, TagName};

/// What edits and commands keep between calls.
#[derive(Debug, Default)]
pub(super) struct Workbench {}

impl Workbench {
    /// Stops serving the control socket.
    pub(super) fn close(&self) {
        let _ = self;
    }
}

/// Puts back the old bytes of edits in place that a crash interrupted, before a notebook is scanned.
///
/// # Errors
/// The store's: a file whose bytes could not be put back keeps its journal.
pub(super) fn recover_in_place_edits(notebook: &Dir, codex: &Dir) -> Result<(), StoreError> {
    let _ = (notebook, codex);
    Ok(())
}

impl Engine {
    /// Edits the metadata of notes: frontmatter or sidecar, only the lines concerned. The change is noted and
    /// durable when it returns. One gesture for all.
    ///
    /// # Errors
    /// The first note that cannot be edited; those before it are edited, and named in the error.
    pub fn edit_metadata(&self, edits: &[(FileKey, Vec<MetaEdit>)], by: &Requester) -> Result<(), EngineError> {
        let _ = (edits, by);
        todo!()
    }

    /// Renames a tag and those below it in every note, sidecar and `.cdx`: one gesture.
    ///
    /// # Errors
    /// [`EngineError::Exists`] if `to` is there and `merge` is false; [`EngineError::NotFound`] if `from` is not.
    pub fn rename_tag(&self, from: &TagName, to: &TagName, merge: bool, by: &Requester) -> Result<usize, EngineError> {
        let _ = (from, to, merge, by);
        todo!()
    }

    /// Declares a tag that has no notes yet, in workspace.yaml.
    ///
    /// # Errors
    /// [`EngineError::Exists`]; workspace.yaml cannot be written.
    pub fn declare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = (tag, by);
        todo!()
    }

    /// Removes a tag that has no notes and no children.
    ///
    /// # Errors
    /// [`EngineError::NotEmpty`], [`EngineError::NotFound`].
    pub fn undeclare_tag(&self, tag: &TagName, by: &Requester) -> Result<(), EngineError> {
        let _ = (tag, by);
        todo!()
    }

    /// Replaces a note's contents: atomically, or in place while a handle of it is open or it has several links.
    ///
    /// # Errors
    /// The store's.
    pub fn write_contents(&self, file: FileKey, bytes: &[u8], by: &Requester) -> Result<(), EngineError> {
        let _ = (file, bytes, by);
        todo!()
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
        let _ = (notebook, path, bytes, by);
        todo!()
    }

    /// Adds or removes an empty column of a view's definition.
    ///
    /// # Errors
    /// If the definition cannot be edited.
    pub fn edit_view_column(&self, view: FileKey, group: &str, add: bool, by: &Requester) -> Result<(), EngineError> {
        let _ = (view, group, add, by);
        todo!()
    }
}
