//! What every operation of the tree needs: the engine, who may do what, the notes of a place.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::echo::Recently;
use super::errors::LastErrors;
use super::past::VersionCache;
use super::saves::Saves;
use super::scratch::Scratches;
use super::{Answer, Caller, KernelCaches, Place, Refused};
use crate::engine::catalog::{Catalog, CatalogFile, Folder, names};
use crate::engine::views::{GroupFolder, Selected, Selection, ViewFolder};
use crate::engine::{Engine, Notebook, Requester};
use crate::index::parse::edit::MetaEdit;
use crate::sys::{StoreStat, groups_of, login_of};
use crate::types::{Actor, FileKey, NotebookNumber};

/// How long a reader waits for the index (mount.md §4).
const PATIENCE: Duration = Duration::from_secs(5);

/// The synthetic tree of one mount.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) engine: Arc<Engine>,
    pub(super) caches: Arc<dyn KernelCaches>,
    pub(super) read_only: bool,
    pub(super) errors: LastErrors,
    pub(super) recently: Recently,
    pub(super) scratches: Scratches,
    pub(super) saves: Saves,
    pub(super) versions: VersionCache,
    /// The notebooks that the root showed last, and since when.
    pub(super) root: Mutex<(Vec<(NotebookNumber, String)>, i64)>,
}

impl Inner {
    pub(super) fn new(engine: Arc<Engine>, caches: Arc<dyn KernelCaches>, read_only: bool) -> Self {
        Self {
            engine,
            caches,
            read_only,
            errors: LastErrors::default(),
            recently: Recently::default(),
            scratches: Scratches::default(),
            saves: Saves::default(),
            versions: VersionCache::default(),
            root: Mutex::default(),
        }
    }

    pub(super) fn catalog(&self) -> &Catalog {
        self.engine.catalog()
    }

    /// Waits until the index has caught up with what was written before.
    pub(super) fn caught_up(&self) -> Answer<()> {
        Ok(self.engine.barrier(PATIENCE)?)
    }

    /// Who a change is recorded as made by.
    pub(super) fn requester(&self, caller: Caller) -> Requester {
        if caller.uid == rustix::process::geteuid().as_raw() {
            return self.engine.default_requester();
        }
        let name = login_of(caller.uid).unwrap_or_else(|| format!("uid {}", caller.uid));
        Requester { actor: Actor::User(name), gesture: None }
    }

    /// Whether anything can be changed through this mount.
    pub(super) fn writable(&self) -> Answer<()> {
        if self.read_only { Err(Refused::read_only("the workspace is mounted read only")) } else { Ok(()) }
    }

    pub(super) fn notebook(&self, number: NotebookNumber) -> Answer<Arc<Notebook>> {
        self.engine.notebook(number).ok_or_else(Refused::not_found)
    }

    pub(super) fn file(&self, key: FileKey) -> Answer<Arc<CatalogFile>> {
        self.catalog().file(key).ok_or_else(Refused::not_found)
    }

    /// A note that the caller may write, as the store's permission bits say.
    pub(super) fn writable_note(&self, key: FileKey, caller: Caller) -> Answer<Arc<CatalogFile>> {
        self.writable()?;
        let file = self.file(key)?;
        let stat = self.notebook(key.notebook)?.dir.stat(&file.path)?;
        if may_write(caller, &stat) {
            return Ok(file);
        }
        Err(Refused::new(libc::EACCES, format!("you have no permission to write the note {}", self.path_of(&file))))
    }

    /// `notebook/path` of a note.
    pub(super) fn path_of(&self, file: &CatalogFile) -> String {
        match self.engine.notebook(file.key.notebook) {
            Some(notebook) => format!("{}/{}", notebook.name(), file.path),
            None => file.path.to_string(),
        }
    }

    /// Edits a note, and has the kernel ask again for its attributes.
    pub(super) fn edit(&self, file: &CatalogFile, edits: Vec<MetaEdit>, caller: Caller) -> Answer<()> {
        if !edits.is_empty() {
            self.engine.edit_metadata(&[(file.key, edits)], &self.requester(caller))?;
        }
        self.caches.drop_attributes(file.node);
        Ok(())
    }

    // ---- the notes of a place ----

    /// The view of a name in `views`.
    pub(super) fn view(&self, name: &str) -> Answer<ViewFolder> {
        let file = self.catalog().view_files().find(OsStr::new(name)).ok_or_else(Refused::not_found)?;
        self.catalog().views().view(self.catalog(), &*self.engine, file.key).ok_or_else(Refused::not_found)
    }

    /// A group of a view.
    pub(super) fn group(&self, view: &str, group: &OsStr) -> Answer<(ViewFolder, GroupFolder)> {
        let view = self.view(view)?;
        let group = view.group(group).ok_or_else(Refused::not_found)?;
        Ok((view, group))
    }

    /// The notes of a query that is no view's.
    pub(super) fn select(&self, selection: &Selection) -> Answer<Selected> {
        let selected = self.catalog().views().select(self.catalog(), &*self.engine, selection);
        let selected =
            selected.map_err(|error| Refused::new(libc::ENOENT, format!("the query does not parse: {error}")))?;
        match &selected.error {
            Some(error) => Err(Refused::new(libc::EAGAIN, error.clone())),
            None => Ok(selected),
        }
    }

    /// The notes of `.codex/by/KEY/VALUE`, by the value's folder name, with the value.
    pub(super) fn by_value(&self, key: &str, name: &OsStr) -> Answer<GroupFolder> {
        if name == names::NONE {
            let lacking = self.select(&Selection::Lacking(key.to_owned()))?;
            return Ok(GroupFolder { name: name.to_owned(), value: None, folder: lacking.members });
        }
        let having = self.select(&Selection::Having(key.to_owned()))?;
        if let Some(group) = having.groups.iter().find(|group| group.name == name) {
            return Ok(group.clone());
        }
        // Any value is a folder: a note can be moved to one that no note has yet.
        let value = names::named_value(name).ok_or_else(Refused::not_found)?;
        Ok(GroupFolder { name: name.to_owned(), value, folder: Arc::default() })
    }

    /// The notes of a place; `None` where it is none that shows notes.
    pub(super) fn notes(&self, place: &Place) -> Answer<Option<Arc<Folder>>> {
        Ok(Some(match place {
            Place::Tag(path) => self.catalog().tag_folder(path),
            Place::View(name) => self.view(name)?.members,
            Place::Group(view, group) => self.group(view, group)?.1.folder,
            Place::Search(line) => self.select(&Selection::Line(line.clone()))?.members,
            Place::ByValue(key, value) => self.by_value(key, value)?.folder,
            Place::Recent => self.select(&Selection::Recent)?.members,
            Place::Untagged => self.select(&Selection::Untagged)?.members,
            Place::Root
            | Place::Tags
            | Place::Views
            | Place::Codex
            | Place::SearchRoot
            | Place::ByRoot
            | Place::By(_)
            | Place::AtRoot
            | Place::At(_)
            | Place::Past { .. }
            | Place::History(_) => return Ok(None),
        }))
    }

    /// The note that bears a name in a place.
    pub(super) fn note_at(&self, place: &Place, name: &OsStr) -> Answer<Arc<CatalogFile>> {
        self.notes(place)?.and_then(|folder| folder.find(name)).ok_or_else(Refused::not_found)
    }
}

/// Whether the caller may add files to a notebook's top.
pub(super) fn writable_notebook(notebook: &Notebook, caller: Caller) -> Answer<()> {
    let stat = StoreStat::of(notebook.dir.as_fd()).map_err(|errno| {
        Refused::new(errno.raw_os_error(), format!("the notebook {} cannot be read", notebook.name()))
    })?;
    if may_write(caller, &stat) {
        return Ok(());
    }
    Err(Refused::new(libc::EACCES, format!("you have no permission to write in the notebook {}", notebook.name())))
}

/// What the permission bits of the store say (access control lists are the real path's to check).
fn may_write(caller: Caller, stat: &StoreStat) -> bool {
    let bit = if caller.uid == 0 {
        return true;
    } else if caller.uid == stat.uid {
        0o200
    } else if caller.gid == stat.gid || groups_of(caller.pid).contains(&stat.gid) {
        0o020
    } else {
        0o002
    };
    stat.perm & bit != 0
}
