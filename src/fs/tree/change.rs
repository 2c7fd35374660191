//! Operations that change entries of a place, but for renames.

use std::ffi::OsStr;
use std::sync::Arc;

use super::errors::About;
use super::inner::{Inner, writable_notebook};
use super::lookup::segment;
use super::membership::check_name;
use super::{Answer, Caller, Created, Found, Place, Refused};
use crate::engine::EngineError;
use crate::engine::catalog::{CatalogFile, TagPath, names};
use crate::index::parse::edit::MetaEdit;
use crate::index::query::ast::Group;
use crate::types::{FileKey, TagName};

impl Inner {
    // ---- files ----

    pub(super) fn create(&self, place: &Place, name: &OsStr, mode: u32, caller: Caller) -> Answer<Created> {
        self.writable()?;
        let saved = self.saved_after_removal(place, name);
        let is_apart = saved.as_ref().is_some_and(|file| self.is_read(file));
        if let Some(file) = saved.as_ref().filter(|_| !is_apart)
            && self.save_after_removal(file, (place, name), caller)?
        {
            return Ok(Created::Note(file.key));
        }
        self.caught_up()?;
        let notebook = self.scratch_home(place, name)?;
        writable_notebook(&notebook, caller)?;
        match self.lookup(place, name, caller) {
            // What `+b` means is no entry: a file may bear such a name.
            Ok(Found::Dir(Place::Tag(path))) if !path.operators.is_empty() => {}
            Ok(_) => return Err(Refused::new(libc::EEXIST, "there is an entry of this name")),
            Err(refused) if refused.errno == libc::ENOENT => {}
            Err(refused) => return Err(refused),
        }
        let scratch = self.make_scratch(&notebook, (place, name), mode, caller)?;
        if let Some(file) = saved.filter(|_| is_apart) {
            self.scratches.is_save_of(scratch.id, file.key);
        }
        Ok(Created::Scratch(scratch))
    }

    /// The note that lost this entry a moment ago.
    fn saved_after_removal(&self, place: &Place, name: &OsStr) -> Option<Arc<CatalogFile>> {
        place.tag()?;
        let file = self.recently.take_removed(place, name)?;
        // A note that was renamed since is not meant.
        self.catalog().file(file).filter(|file| check_name(file, name, None).is_ok())
    }

    /// Whether somebody reads the note, or another of its name, perhaps to copy it to this very name: truncating it now
    /// would lose it. What is made is held apart then; if it says the same as a note it becomes the entry of that one,
    /// else it is the note's new contents once it is complete.
    fn is_read(&self, file: &CatalogFile) -> bool {
        let is_open = |other: &CatalogFile| self.engine.is_open(other.store);
        is_open(file) || self.catalog().by_name(file.name()).iter().any(|other| is_open(other))
    }

    /// An entry that was removed a moment ago is created again: a save. The note gets its tag back.
    fn save_after_removal(&self, file: &CatalogFile, at: (&Place, &OsStr), caller: Caller) -> Answer<bool> {
        let Some(tag) = at.0.tag() else { return Ok(false) };
        let file = self.writable_note(file.key, caller)?;
        // It may be read behind the mount, where nothing tells: what is truncated stays in the history.
        self.engine.keep_before_removal(file.key.notebook, &file.path);
        self.edit(&file, vec![MetaEdit::AddTag(tag.clone())], caller)?;
        self.begin_save(at, tag, file.key, caller);
        Ok(true)
    }

    pub(super) fn unlink(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        self.writable()?;
        if let Some(id) = self.scratches.id_of(place, name) {
            self.drop_scratch(id);
            return Ok(());
        }
        if self.notes(place)?.is_none() {
            self.lookup(place, name, caller)?;
            self.takes_new_notes(place)?;
            return Err(Refused::meaningless("nothing can be removed from this folder"));
        }
        let saved = self.saves.forget(place, name);
        let found = match (self.lookup(place, name, caller), saved) {
            (Err(refused), Some(file)) if refused.errno == libc::ENOENT => {
                self.recently.removed(place, name, file);
                return Ok(());
            }
            (found, _) => found?,
        };
        let key = match found {
            Found::Note(key) => key,
            Found::Dir(_) => return Err(Refused::new(libc::EISDIR, "this is a folder: rmdir removes it")),
            _ => return Err(Refused::meaningless("this file is generated; it goes when its reason goes")),
        };
        let edits = self.removals(place)?;
        let file = self.writable_note(key, caller)?;
        if let Some(tag) = place.tag() {
            self.catalog().keep_if_emptied(tag);
        }
        self.edit(&file, edits, caller)?;
        self.recently.removed(place, name, key);
        Ok(())
    }

    /// `ln`, `mv` of a real note, and whatever else makes a note a member under a name.
    pub(super) fn add(&self, file: FileKey, (place, name): (&Place, &OsStr), caller: Caller) -> Answer<()> {
        self.writable()?;
        self.takes_new_notes(place)?;
        self.caught_up()?;
        let file = self.file(file)?;
        check_name(&file, name, None)?;
        if let Some(folder) = self.notes(place)?
            && folder.contains(&file)
        {
            return Err(Refused::new(libc::EEXIST, "the note is in this folder already"));
        }
        let file = self.writable_note(file.key, caller)?;
        let edits = self.additions(place, &file)?;
        self.edit(&file, edits, caller)
    }

    pub(super) fn rename_into(&self, file: FileKey, name: &OsStr, to: (&Place, &OsStr), caller: Caller) -> Answer<()> {
        if name != to.1 {
            self.takes_new_notes(to.0)?;
            check_name(&*self.file(file)?, to.1, None)?;
        }
        match self.lookup(to.0, to.1, caller) {
            Ok(Found::Note(other)) if other != file => {
                return Err(Refused::new(
                    libc::EEXIST,
                    "another note has this name here; nothing is replaced silently",
                ));
            }
            Ok(Found::Dir(_)) => return Err(Refused::new(libc::EISDIR, "there is a folder of this name")),
            // A file that is being made under this name gives way, as to any rename.
            Ok(Found::Scratch(scratch)) => self.drop_scratch(scratch.id),
            Ok(_) | Err(_) => {}
        }
        let added = match self.add(file, to, caller) {
            // It is where it was to go; rename(2) of a file onto itself does nothing.
            Err(refused) if refused.errno == libc::EEXIST => Ok(()),
            other => other,
        };
        self.caches.drop_entry(to.0, to.1);
        added
    }

    pub(super) fn symlink(&self, place: &Place, name: &OsStr, target: &OsStr, caller: Caller) -> Answer<()> {
        self.writable()?;
        self.takes_new_notes(place)?;
        if super::names::is_temporary(name) {
            // Emacs then makes its lock an ordinary file, which is held like any file that is being made.
            return Err(Refused::meaningless("a link in this folder is a note, and no note has a temporary name"));
        }
        self.caught_up()?;
        let file = self.note_meant(target)?;
        self.add(file.key, (place, name), caller)?;
        self.caches.drop_entry(place, name);
        Ok(())
    }

    // ---- folders ----

    pub(super) fn mkdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<Found> {
        self.writable()?;
        match place {
            Place::Root => self.make_notebook(name, caller),
            Place::Tags => self.declare(None, name, caller),
            Place::Tag(path) if path.operators.is_empty() => self.declare(Some(&path.base), name, caller),
            Place::View(view) => self.make_column(view, name, caller),
            Place::Group(..) | Place::ByValue(..) => {
                Err(Refused::meaningless("folders cannot be made here: a note is put into the folder of a value"))
            }
            _ => {
                self.takes_new_notes(place)?;
                Err(Refused::meaningless("no folder can be made here"))
            }
        }
    }

    fn make_notebook(&self, name: &OsStr, caller: Caller) -> Answer<Found> {
        if self.lookup(&Place::Root, name, caller).is_ok() {
            return Err(Refused::new(libc::EEXIST, "there is something of this name"));
        }
        let name = name.to_str().ok_or_else(|| Refused::new(libc::EINVAL, "a notebook's name is UTF-8 text"))?;
        let notebook = self.engine.create_notebook(name, &self.requester(caller))?;
        Ok(Found::Notebook(notebook.number))
    }

    fn declare(&self, below: Option<&TagName>, name: &OsStr, caller: Caller) -> Answer<Found> {
        let tag = tag_below(below, name)?;
        self.caught_up()?;
        self.engine.declare_tag(&tag, &self.requester(caller))?;
        Ok(Found::Dir(Place::Tag(TagPath::plain(tag))))
    }

    fn make_column(&self, view: &str, name: &OsStr, caller: Caller) -> Answer<Found> {
        self.caught_up()?;
        let (folder, value) = self.column(view, name)?;
        if folder.group(name).is_some() {
            return Err(Refused::new(libc::EEXIST, "the view has this group"));
        }
        self.writable_note(folder.file, caller)?;
        self.engine.edit_view_column(folder.file, &value, true, &self.requester(caller))?;
        self.caught_up()?;
        Ok(Found::Dir(Place::Group(view.to_owned(), name.to_owned())))
    }

    /// The view, and the value that a group's folder name stands for.
    fn column(&self, view: &str, name: &OsStr) -> Answer<(crate::engine::views::ViewFolder, String)> {
        let folder = self.view(view)?;
        let by = folder.view.as_ref().and_then(|view| view.query.group.as_ref());
        match by {
            Some(Group::Property(_) | Group::Type) => {}
            Some(Group::Tag | Group::Folder | Group::Date { .. }) | None => {
                return Err(Refused::meaningless("only a view that groups by a property has columns to add or remove"));
            }
        }
        let value = names::named_value(name).flatten().ok_or_else(|| {
            Refused::meaningless(
                "the name stands for no value: write `/` as %2F, `%` as %25, a leading `.` or `_` encoded",
            )
        })?;
        Ok((folder, value))
    }

    pub(super) fn rmdir(&self, place: &Place, name: &OsStr, caller: Caller) -> Answer<()> {
        self.writable()?;
        match (place, self.lookup(place, name, caller)?) {
            (_, Found::Note(_) | Found::Text(_) | Found::Scratch(_) | Found::PastFile(_) | Found::Symlink(_)) => {
                Err(Refused::new(libc::ENOTDIR, "this is no folder"))
            }
            (Place::Root, Found::Notebook(number)) => {
                let name = self.notebook(number)?.name();
                Ok(self.engine.remove_notebook(name.as_str(), true, &self.requester(caller))?)
            }
            (Place::Tags | Place::Tag(_), Found::Dir(Place::Tag(path))) if path.operators.is_empty() => {
                self.remove_tag(&path.base, caller)
            }
            (Place::View(view), Found::Dir(Place::Group(..))) => self.remove_column(view, name, caller),
            (Place::At(_) | Place::AtRoot | Place::Past { .. } | Place::History(_), _) => {
                Err(Refused::read_only("the past is only read"))
            }
            _ => Err(Refused::meaningless("this folder is part of every mount and cannot be removed")),
        }
    }

    fn remove_tag(&self, tag: &TagName, caller: Caller) -> Answer<()> {
        let notes = self.catalog().tag_folder(&TagPath::plain(tag.clone())).len();
        let place = Place::Tag(TagPath::plain(tag.clone()));
        if notes > 0 || !self.catalog().children(Some(tag)).is_empty() || !self.scratches.list(&place).is_empty() {
            return Err(Refused::new(libc::ENOTEMPTY, format!("{notes} notes bear the tag, or it has tags below it")));
        }
        if self.catalog().is_declared(tag) {
            match self.engine.undeclare_tag(tag, &self.requester(caller)) {
                Ok(()) | Err(EngineError::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.catalog().drop_emptied(tag);
        Ok(())
    }

    fn remove_column(&self, view: &str, name: &OsStr, caller: Caller) -> Answer<()> {
        let (_, group) = self.group(view, name)?;
        if !group.folder.is_empty() {
            return Err(Refused::new(libc::ENOTEMPTY, format!("{} notes are in this group", group.folder.len())));
        }
        let (folder, value) = self.column(view, name)?;
        self.writable_note(folder.file, caller)?;
        self.engine.edit_view_column(folder.file, &value, false, &self.requester(caller))?;
        // Read now: should the next definition be bad, this is the last good one.
        self.caught_up()?;
        self.view(view).map(|_| ())
    }
}

/// The tag that a folder of this name would be.
pub(super) fn tag_below(below: Option<&TagName>, name: &OsStr) -> Answer<TagName> {
    let invalid = || {
        Refused::new(
            libc::EINVAL,
            "a tag's name has letters, digits, `_ - .` and spaces between them, and does not begin with `+ - . ~`",
        )
    };
    let segment = segment(name).ok_or_else(invalid)?;
    let tag = match below {
        None => TagName::new(segment),
        Some(above) => above.child(segment),
    };
    tag.map_err(|_| invalid())
}

impl Inner {
    /// Runs an operation on an entry, naming the entry where it is refused.
    pub(super) fn at<T>(&self, place: &Place, name: &OsStr, run: impl FnOnce(&Self) -> Answer<T>) -> Answer<T> {
        run(self).about(place, name)
    }
}
