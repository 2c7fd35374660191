//! Folders made, and what their `.metadata` says.

use super::contents::check_place;
use super::note::{NewNote, NoteText, Save};
use super::rewrite::refused;
use crate::engine::{Change, ChangeOp, Engine, EngineError, Notebook, Requester};
use crate::index::parse::edit::MetaEdit;
use crate::types::NotePath;

/// The file in a folder that describes it.
const METADATA: &str = ".metadata";

impl Engine {
    /// Makes a folder, and those above it where they are missing.
    ///
    /// # Errors
    /// [`EngineError::Exists`] where something is there; the store's.
    pub fn create_folder(&self, notebook: &Notebook, path: &NotePath, by: &Requester) -> Result<(), EngineError> {
        self.check_writable()?;
        check_place(path)?;
        notebook.check_trusted()?;
        let _lock = self.workbench.lock_file(notebook.number, path);
        if notebook.dir.stat(path).is_ok() {
            return Err(EngineError::Exists(format!("{path} is there already in {}", notebook.name())));
        }
        notebook.dir.make_dirs(path).map_err(refused)?;
        notebook.dir.sync(&path.parent())?;
        let change = Change { notebook: notebook.number, op: ChangeOp::Written, path: path.clone(), by: by.clone() };
        self.note_settled(change);
        Ok(())
    }

    /// What a folder says of itself; `None` where it says nothing.
    ///
    /// # Errors
    /// The store's.
    pub fn folder_metadata(&self, notebook: &Notebook, folder: &NotePath) -> Result<Option<NoteText>, EngineError> {
        match self.read_note(notebook, &metadata_of(folder)?) {
            Ok(note) => Ok(Some(note)),
            Err(EngineError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes what a folder says of itself.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] where there is no such folder; an edit that does not fit; the store's.
    pub fn describe_folder(
        &self,
        notebook: &Notebook,
        folder: &NotePath,
        save: &Save,
        by: &Requester,
    ) -> Result<(), EngineError> {
        let metadata = metadata_of(folder)?;
        if !notebook.dir.stat(folder).is_ok_and(|stat| stat.is_dir()) {
            return Err(EngineError::NotFound(format!("no folder {folder} in {}", notebook.name())));
        }
        match self.save_note(notebook, &metadata, save, None, by) {
            Err(EngineError::NotFound(_)) if save.edits.iter().all(|edit| matches!(edit, MetaEdit::Unset { .. })) => {
                Ok(())
            }
            Err(EngineError::NotFound(_)) => {
                self.create_note(notebook, &metadata, NewNote { bytes: b"", edits: &save.edits }, by)
            }
            other => other.map(drop),
        }
    }
}

fn metadata_of(folder: &NotePath) -> Result<NotePath, EngineError> {
    folder.join(METADATA).map_err(|error| EngineError::Invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::edit::property_edits;
    use crate::engine::edit::scratch::{Workspace, ada, path};

    #[test]
    fn a_folder_is_made_described_and_moved_with_its_description() {
        let w = Workspace::new();
        let lab = w.notebook("lab");
        w.engine.create_folder(&lab, &path("runs/2026"), &ada()).unwrap();
        let again = w.engine.create_folder(&lab, &path("runs/2026"), &ada());
        assert!(matches!(again, Err(EngineError::Exists(_))));
        assert_eq!(w.engine.folder_metadata(&lab, &path("runs")).unwrap(), None);
        let save = |json: &str| Save {
            edits: property_edits(&serde_json::from_str(json).unwrap()).unwrap(),
            ..Save::default()
        };
        let describe = |json: &str| w.engine.describe_folder(&lab, &path("runs"), &save(json), &ada());
        describe(r#"{"title": "Runs", "owner": "ada"}"#).unwrap();
        describe(r#"{"owner": null, "colour": "blue"}"#).unwrap();
        let note = w.engine.folder_metadata(&lab, &path("runs")).unwrap().unwrap();
        assert_eq!((note.parsed.title.as_str(), note.parsed.properties.len()), ("Runs", 1));
        let nowhere = w.engine.describe_folder(&lab, &path("nowhere"), &save("{}"), &ada());
        assert!(matches!(nowhere, Err(EngineError::NotFound(_))));
        w.engine.move_file(&lab, &path("runs"), &path("old/runs"), &ada()).unwrap();
        assert!(w.read("lab/old/runs/.metadata").unwrap().contains("blue"));
        w.assert_clean();
    }

    #[test]
    fn a_folder_that_moves_before_its_files_were_recorded_is_recorded_where_it_is() {
        for round in 0..20 {
            let w = Workspace::holding(&[("lab/runs/a.md", "a"), ("lab/runs/deep/b.md", "b")]);
            w.engine.move_file(&w.notebook("lab"), &path("runs"), &path("old/runs"), &ada()).unwrap();
            if round % 2 == 1 {
                w.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
            }
            w.assert_clean();
        }
    }
}
