//! The workspace's trash as people see it: notebooks that were retired, and files that no history holds.

use std::sync::Arc;

use super::{Change, ChangeOp, Engine, EngineError, Notebook, Requester, edit};
use crate::types::{Instant, NotePath};

/// Something in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashEntry {
    /// Its name there; nothing else in the trash bears it.
    pub id: String,
    /// What it is.
    pub what: TrashedThing,
    /// When it was put there.
    pub at: Instant,
}

/// What is in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrashedThing {
    /// A notebook with its history.
    Notebook {
        /// What its folder was called.
        name: String,
    },
    /// A file.
    File {
        /// The notebook that it was in, by name.
        notebook: String,
        /// Where it was.
        path: NotePath,
    },
}

impl Engine {
    /// What is in the trash, newest first.
    ///
    /// # Errors
    /// The store's.
    pub fn trash(&self) -> Result<Vec<TrashEntry>, EngineError> {
        let mut found = Vec::new();
        for (name, stamp) in self.core.trash()? {
            let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &stamp).ok();
            let Some(at) = time.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok()) else { continue };
            let id = format!("{name}-{stamp}");
            found.push(TrashEntry { id, what: TrashedThing::Notebook { name }, at: at.timestamp() });
        }
        for file in edit::list_trash(self.codex_dir())? {
            let at = Instant::from_second(file.at).unwrap_or_default();
            let what = TrashedThing::File { notebook: file.notebook, path: file.path };
            found.push(TrashEntry { id: file.entry, what, at });
        }
        found.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        Ok(found)
    }

    /// Brings something back from the trash, to where it was.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for none of the id, or a file whose notebook is gone; [`EngineError::Exists`] where
    /// something bears its name now.
    pub fn restore_trashed(&self, id: &str, by: &Requester) -> Result<TrashEntry, EngineError> {
        self.check_writable()?;
        let missing = || EngineError::NotFound(format!("there is no `{id}` in the trash"));
        let entry = self.trash()?.into_iter().find(|entry| entry.id == id).ok_or_else(missing)?;
        match &entry.what {
            TrashedThing::Notebook { name } => {
                let stamp = id.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('-'));
                tracing::info!(name, actor = %by.actor.author_name(), "notebook restored");
                self.core.restore_notebook(name, stamp)?;
            }
            TrashedThing::File { notebook, path } => {
                let home = self.notebook_named(notebook).ok_or_else(|| {
                    EngineError::NotFound(format!("the notebook `{notebook}` of {path} is gone; restore that first"))
                })?;
                self.put_back(&home, id, by)?;
            }
        }
        Ok(entry)
    }

    fn put_back(&self, notebook: &Arc<Notebook>, id: &str, by: &Requester) -> Result<(), EngineError> {
        let missing = || EngineError::NotFound(format!("there is no `{id}` in the trash"));
        let file = edit::list_trash(self.codex_dir())?.into_iter().find(|file| file.entry == id).ok_or_else(missing)?;
        match edit::put_back_from_trash(self.codex_dir(), &file, notebook) {
            Err(error) if error.errno() == libc::EEXIST => {
                return Err(EngineError::Exists(format!("there is another {} by now; move it away first", file.path)));
            }
            other => other?,
        }
        let by = edit::with_gesture(by);
        self.note_settled(Change { notebook: notebook.number, op: ChangeOp::Written, path: file.path, by });
        Ok(())
    }
}
