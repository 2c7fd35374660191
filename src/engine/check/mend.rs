//! Mending what is damaged as a whole: what can be read is taken over, and the damaged is set aside where it was.

use std::collections::HashMap;
use std::sync::Arc;

use crate::engine::{Engine, EngineError, Notebook};
use crate::history::{History, Salvaged, blob_id};
use crate::sys::{Dir, FileKind};
use crate::types::{CommitId, NotePath, NotebookName};

impl Engine {
    /// Makes a notebook's history anew; what was done, in words.
    pub(super) fn mend_history(&self, notebook: &Arc<Notebook>) -> Result<Vec<String>, EngineError> {
        let name = notebook.name();
        let done = {
            let _changing = self.core.changing_notebooks.lock();
            self.core.close_notebook(notebook.number);
            let _nobody_writes = notebook.history.retire();
            self.salvage(&name, &notebook.dir)?
        };
        self.core.follow_folders()?;
        self.wait_for_scans();
        Ok(done)
    }

    /// Opens a folder that could not be opened, with its history made anew if that is what was in the way.
    pub(super) fn mend_notebook(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let parsed = NotebookName::new(name).map_err(|error| EngineError::Invalid(error.to_string()))?;
        let attempt = || {
            let _changing = self.core.changing_notebooks.lock();
            self.core.open_found(name)
        };
        let done = match attempt() {
            Ok(()) => vec![format!("the notebook {name} could be opened by now")],
            Err(EngineError::History(_)) => {
                let dir = self.core.root.open_dir(&super::super::notebooks::folder_of(name)?)?;
                let done = self.salvage(&parsed, &dir)?;
                attempt()?;
                done
            }
            Err(error) => return Err(error),
        };
        self.core.problems.clear(&format!("notebook {name}"));
        self.wait_for_scans();
        Ok(done)
    }

    /// The journal is set aside, and another begun.
    pub(super) fn mend_journal(&self) -> Result<Vec<String>, EngineError> {
        let mut journal = self.core.journal_db.lock();
        let aside = journal.replace()?;
        // Numbers that are handed out from now on are in no block of the new one.
        journal.set_reserved(crate::types::Seq(self.core.queue.next().0 + (1 << 20)))?;
        drop(journal);
        self.core.problems.clear("journal");
        Ok(vec![format!(
            "the journal of the workspace was damaged: it is kept as {}, and a new one was begun; who changed what before \
             is in the histories",
            aside.display()
        )])
    }

    fn salvage(&self, name: &NotebookName, dir: &Dir) -> Result<Vec<String>, EngineError> {
        let path = self.core.path.join(name.as_str()).join(".codex/history.git");
        let files = files_by_blob(dir);
        let bytes = |id: CommitId| match files.get(&id)? {
            (path, FileKind::Symlink) => dir.read_symlink(path).ok(),
            (path, _) => dir.read(path, u64::MAX).ok().map(|(bytes, _)| bytes),
        };
        let Salvaged { aside, commits, lost } = History::salvage(&path, &bytes)?;
        let what_is_lost = match lost {
            0 => "nothing that could be named is lost".to_owned(),
            1 => "one recorded version of a file or folder is lost".to_owned(),
            n => format!("{n} recorded versions of files and folders are lost"),
        };
        Ok(vec![format!(
            "the history of {name} was damaged: it is kept as {}, and a new one has the {commits} commits that could be \
             read; {what_is_lost}",
            aside.display()
        )])
    }
}

/// Where the contents of the files can be had that git calls by these ids.
fn files_by_blob(dir: &Dir) -> HashMap<CommitId, (NotePath, FileKind)> {
    let mut files = HashMap::new();
    let mut folders = vec![NotePath::root()];
    while let Some(folder) = folders.pop() {
        // What cannot be read gives nothing.
        for entry in dir.list(&folder).unwrap_or_default() {
            let Ok(path) = folder.join(entry.name.as_encoded_bytes()) else { continue };
            let Ok(stat) = dir.stat(&path) else { continue };
            let bytes = match stat.kind {
                FileKind::Directory if entry.name == ".codex" || entry.name == ".git" => continue,
                FileKind::Directory => {
                    folders.push(path);
                    continue;
                }
                FileKind::Symlink => dir.read_symlink(&path).ok(),
                FileKind::File if stat.size <= BLOB_MAX => dir.read(&path, BLOB_MAX).ok().map(|(bytes, _)| bytes),
                _ => None,
            };
            if let Some(id) = bytes.and_then(|bytes| blob_id(&bytes)) {
                files.insert(id, (path, stat.kind));
            }
        }
    }
    files
}

/// Larger files are not looked at for what the history lost, in bytes.
const BLOB_MAX: u64 = 64 << 20;
