//! Commands of the command line and the control socket: what can be asked, and how it is done.
//! It knows nothing of terminals, mounts or HTTP.

mod client;
mod metadata;
mod notebooks;
mod past;
mod read;
mod reply;
mod request;
mod socket;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::{Engine, EngineError, MountRequest, Notebook, Requester};
use crate::types::{FileKey, NodeNumber, NotePath};

pub use client::ask_running;
pub use reply::{ErrorReply, exit_code};
pub use request::Command;
pub use socket::ControlSocket;
pub(super) use socket::serve;

impl Engine {
    /// Performs a command of the control socket or the command line; the reply is its JSON.
    ///
    /// # Errors
    /// The command's.
    pub fn perform(&self, command: &Command, by: &Requester) -> Result<Value, EngineError> {
        match command {
            Command::Status => Ok(self.status()),
            Command::Query { line, view, limit, offset, snippets } => {
                let page = read::Page { limit: *limit, offset: *offset, snippets: *snippets };
                reply::json(&self.run_line_or_view(line, view.as_deref(), &page)?)
            }
            Command::Tags { tag } => self.tags_reply(tag.as_deref()),
            Command::Links { file } => reply::json(&self.links_reply(file)?),
            Command::TagAdd { tag, files } => reply::json(&self.tag_files(tag, files, true, by)?),
            Command::TagRemove { tag, files } => reply::json(&self.tag_files(tag, files, false, by)?),
            Command::TagRename { from, to, merge, dry_run } => {
                reply::json(&self.rename_tag_reply(from, to, (*merge, *dry_run), by)?)
            }
            Command::Set { file, values } => reply::json(&self.set_properties(file, values, by)?),
            Command::Unset { file, keys } => reply::json(&self.unset_properties(file, keys, by)?),
            Command::Log { file, limit } => reply::json(&self.log_of(file.as_deref(), *limit)?),
            Command::Diff { file, from, to } => reply::json(&self.diff_of(file, from.as_deref(), to.as_deref())?),
            Command::Show { file, revision } => reply::json(&self.show_of(file, revision.as_deref())?),
            Command::Restore { file, revision } => reply::json(&self.restore_of(file, revision.as_deref(), by)?),
            Command::Undo { count, anyone } => reply::json(&self.undo(*count, *anyone, by)?),
            Command::Flush => {
                self.flush_history()?;
                Ok(serde_json::json!({}))
            }
            Command::Index { rebuild } => {
                if *rebuild {
                    self.notebooks().iter().for_each(|notebook| notebook.give_up_disks());
                }
                self.rescan(None, *rebuild)?;
                let indexed = |notebook: &Arc<Notebook>| notebook.reader.stats().map(|rows| rows.len());
                let files = self.notebooks().iter().map(indexed).sum::<Result<usize, _>>()?;
                Ok(serde_json::json!({ "files": files }))
            }
            Command::Check { repair } => reply::json(&self.check(*repair)?),
            Command::NotebookList
            | Command::NotebookAdd { .. }
            | Command::NotebookAdopt { .. }
            | Command::NotebookRename { .. }
            | Command::NotebookRemove { .. }
            | Command::NotebookRestore { .. } => self.perform_on_notebooks(command, by),
            Command::Locate { node } => self.locate(*node),
            Command::Mount { .. } | Command::Unmount { .. } => self.perform_on_mounts(command),
        }
    }

    /// Mounts and unmounts by whoever can, since the engine knows nothing of FUSE.
    fn perform_on_mounts(&self, command: &Command) -> Result<Value, EngineError> {
        let mounter = self.mounter().ok_or_else(|| {
            EngineError::Meaningless("this process serves no mounts; start one with `cdx mount`".to_owned())
        })?;
        match command {
            Command::Mount { mountpoint, read_only, allow_other, no_xattr } => {
                let request = MountRequest { read_only: *read_only, allow_other: *allow_other, no_xattr: *no_xattr };
                mounter.mount(Path::new(mountpoint), request)?;
                Ok(serde_json::json!({ "mountpoint": mountpoint }))
            }
            Command::Unmount { mountpoint } => {
                self.flush_history()?;
                mounter.unmount(Path::new(mountpoint))?;
                // Whoever asked waits for the end of the engine, where that is to come.
                let ends = mounter.ends_with_its_mounts() && mounter.mounts().is_empty();
                Ok(serde_json::json!({ "mountpoint": mountpoint, "ends": ends }))
            }
            _ => Err(EngineError::Meaningless("no command for mounts".to_owned())),
        }
    }

    fn locate(&self, node: u64) -> Result<Value, EngineError> {
        let file = self.catalog().by_node(NodeNumber(node)).and_then(|key| self.file_of(key).ok());
        let (notebook, entry) =
            file.ok_or_else(|| EngineError::NotFound(format!("no note is shown under the inode number {node}")))?;
        Ok(serde_json::json!({ "file": format!("{}/{}", notebook.name(), entry.path) }))
    }

    /// The notebook and path of `notebook/path`; the root of the notebook for its name alone.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] without such a notebook; [`EngineError::Invalid`] for a path that leaves it.
    pub fn place_of(&self, file: &str) -> Result<(Arc<Notebook>, NotePath), EngineError> {
        let file = file.trim_start_matches("./").trim_end_matches('/');
        let (name, path) = file.split_once('/').unwrap_or((file, ""));
        let notebook =
            self.notebook_named(name).ok_or_else(|| match self.core.problems.of(&format!("notebook {name}")) {
                Some(reason) => EngineError::Broken(format!("the notebook `{name}` cannot be opened: {reason}")),
                None => EngineError::NotFound(format!("no notebook `{name}` in {}", self.path().display())),
            })?;
        let path = NotePath::new(path).map_err(|error| EngineError::Invalid(format!("`{file}`: {error}")))?;
        Ok((notebook, path))
    }

    /// The indexed file at `notebook/path`, once the index has caught up.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] where nothing is indexed at the path.
    pub fn key_of(&self, file: &str) -> Result<(Arc<Notebook>, NotePath, FileKey), EngineError> {
        let (notebook, path) = self.place_of(file)?;
        self.barrier(read::BARRIER)?;
        match self.catalog().by_path(notebook.number, &path) {
            Some(key) => Ok((notebook, path, key)),
            None => Err(EngineError::NotFound(format!("no note at {}/{path}", notebook.name()))),
        }
    }
}
