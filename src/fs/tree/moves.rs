//! Renames within the synthetic tree.

use std::ffi::OsStr;

use super::change::tag_below;
use super::inner::Inner;
use super::membership::check_name;
use super::{Answer, Caller, Found, Place, Refused, Scratch};
use crate::types::{FileKey, TagName};

/// A place and a name in it.
type At<'a> = (&'a Place, &'a OsStr);

impl Inner {
    pub(super) fn rename(&self, from: At<'_>, to: At<'_>, no_replace: bool, caller: Caller) -> Answer<()> {
        self.writable()?;
        self.end_save_of(from.0, from.1);
        let moved = self.lookup(from.0, from.1, caller)?;
        let target = match self.lookup(to.0, to.1, caller) {
            Ok(found) => Some(found),
            Err(refused) if refused.errno == libc::ENOENT => None,
            Err(refused) => return Err(refused),
        };
        if no_replace && target.is_some() {
            return Err(Refused::new(libc::EEXIST, "there is an entry of this name"));
        }
        match moved {
            Found::Scratch(scratch) => self.rename_scratch(&scratch, to, target, caller),
            Found::Note(file) => self.rename_note(file, from, to, target, caller),
            Found::Notebook(number) => self.rename_notebook(number, from, to, target.as_ref(), caller),
            Found::Dir(Place::Tag(path)) if path.operators.is_empty() => {
                self.rename_tag(&path.base, to, target.as_ref(), caller)
            }
            Found::Dir(Place::Tag(_)) => Err(Refused::meaningless("an intersection has no name of its own to change")),
            Found::Dir(Place::Past { .. } | Place::At(_) | Place::History(_))
            | Found::PastFile(_)
            | Found::Symlink(_) => Err(Refused::read_only("the past is only read: copy out of it what you want back")),
            Found::Dir(_) | Found::Text(_) | Found::Broken => {
                Err(Refused::meaningless("this is generated; its name follows from what it shows"))
            }
        }
    }

    /// A file that is being made: over an entry it is a save, else it gets another name.
    fn rename_scratch(&self, scratch: &Scratch, to: At<'_>, target: Option<Found>, caller: Caller) -> Answer<()> {
        match target {
            Some(Found::Note(note)) => {
                self.save_through(scratch.id, note, caller)?;
                self.caches.drop_entry(to.0, to.1);
                return Ok(());
            }
            Some(Found::Scratch(other)) if other.id == scratch.id => return Ok(()),
            Some(Found::Scratch(other)) => self.drop_scratch(other.id),
            Some(Found::Dir(_) | Found::Notebook(_)) => {
                return Err(Refused::new(libc::EISDIR, "there is a folder of this name"));
            }
            Some(_) => return Err(Refused::meaningless("a generated file cannot be replaced")),
            None => {
                self.scratch_home(to.0, to.1)?;
            }
        }
        self.scratches.rename(scratch.id, to.0, to.1);
        // A copy made under another name first (rsync) is known by its bytes at once.
        self.settle_if_known(scratch.id);
        Ok(())
    }

    fn rename_note(&self, key: FileKey, from: At<'_>, to: At<'_>, target: Option<Found>, caller: Caller) -> Answer<()> {
        let file = self.writable_note(key, caller)?;
        if from.0 == to.0 {
            return Err(Refused::meaningless(format!(
                "an entry bears the note's own name `{}`; rename the note in its notebook",
                file.name().display()
            )));
        }
        self.takes_new_notes(to.0)?;
        check_name(&file, to.1, Some(from.1))?;
        match target {
            Some(Found::Note(other)) if other != key => {
                return Err(Refused::new(
                    libc::EEXIST,
                    "another note has this name there; nothing is replaced silently",
                ));
            }
            Some(Found::Dir(_)) => return Err(Refused::new(libc::EISDIR, "there is a folder of this name")),
            Some(Found::Scratch(scratch)) => self.drop_scratch(scratch.id),
            Some(_) | None => {}
        }
        let edits = self.transfers(from.0, to.0, &file)?;
        if let Some(tag) = from.0.tag() {
            self.catalog().keep_if_emptied(tag);
        }
        self.edit(&file, edits, caller)?;
        self.caches.drop_entry(from.0, from.1);
        self.caches.drop_entry(to.0, to.1);
        Ok(())
    }

    fn rename_notebook(
        &self,
        number: crate::types::NotebookNumber,
        from: At<'_>,
        to: At<'_>,
        target: Option<&Found>,
        caller: Caller,
    ) -> Answer<()> {
        if *from.0 != Place::Root || *to.0 != Place::Root {
            return Err(Refused::meaningless("a notebook stays at the top of the mount"));
        }
        if target.is_some() {
            return Err(Refused::new(libc::EEXIST, "there is a notebook (or a folder of the mount) of this name"));
        }
        let name = to.1.to_str().ok_or_else(|| Refused::new(libc::EINVAL, "a notebook's name is UTF-8 text"))?;
        let old = self.notebook(number)?.name();
        Ok(self.engine.rename_notebook(old.as_str(), name, &self.requester(caller))?)
    }

    fn rename_tag(&self, from: &TagName, to: At<'_>, target: Option<&Found>, caller: Caller) -> Answer<()> {
        let renamed = match to.0 {
            Place::Tags => tag_below(None, to.1)?,
            Place::Tag(path) if path.operators.is_empty() => tag_below(Some(&path.base), to.1)?,
            _ => return Err(Refused::meaningless("the folder of a tag stays below `tags`")),
        };
        if renamed != *from && renamed.is_within(from) {
            return Err(Refused::new(
                libc::EINVAL,
                format!("`{renamed}` is below `{from}`: a tag cannot be moved into itself"),
            ));
        }
        if renamed != *from && target.is_some() {
            return Err(Refused::new(
                libc::EEXIST,
                format!("there is `{renamed}` already; `cdx tag rename --merge` makes two tags one"),
            ));
        }
        self.engine.rename_tag(from, &renamed, false, &self.requester(caller))?;
        self.caught_up()?;
        self.catalog().show_tag_as(&renamed);
        Ok(())
    }
}
