//! Saves that remove an entry and create it again (cp --remove-destination, install, tar x, some editors). The note
//! keeps its tag even where what is written into it does not say so: until the writer is done the entry stays
//! visible, and then gets the tag again if the new contents lack it.

use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::inner::Inner;
use super::{Caller, Place};
use crate::index::parse::edit::MetaEdit;
use crate::sys::StoreStat;
use crate::types::{FileKey, TagName};

/// The writer is done when the file was the same for so long.
const QUIET: Duration = Duration::from_secs(1);
/// A writer that is never quiet is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
struct Save {
    place: Place,
    name: OsString,
    file: FileKey,
    tag: TagName,
    by: Caller,
    began: Instant,
    /// As last seen, and since when it is so.
    seen: Option<StoreStat>,
    since: Instant,
}

/// Saves under way.
#[derive(Debug, Default)]
pub(super) struct Saves(Mutex<Vec<Save>>);

impl Saves {
    /// The note that an entry is being saved to.
    pub(super) fn find(&self, place: &Place, name: &OsStr) -> Option<FileKey> {
        self.0.lock().iter().find(|save| save.place == *place && save.name == name).map(|save| save.file)
    }

    /// Entries of a place.
    pub(super) fn list(&self, place: &Place) -> Vec<(OsString, FileKey)> {
        let saves = self.0.lock();
        saves.iter().filter(|save| save.place == *place).map(|save| (save.name.clone(), save.file)).collect()
    }

    /// The entry is removed again: nothing is to be kept. Whether it was one.
    pub(super) fn forget(&self, place: &Place, name: &OsStr) -> Option<FileKey> {
        let mut saves = self.0.lock();
        let at = saves.iter().position(|save| save.place == *place && save.name == name)?;
        Some(saves.swap_remove(at).file)
    }
}

impl Inner {
    /// A note is about to be written anew through an entry that was removed a moment ago.
    pub(super) fn begin_save(&self, (place, name): (&Place, &OsStr), tag: &TagName, file: FileKey, by: Caller) {
        let now = Instant::now();
        let (place, name, tag) = (place.clone(), name.to_owned(), tag.clone());
        self.saves.0.lock().push(Save { place, name, file, tag, by, began: now, seen: None, since: now });
    }

    /// Ends the saves whose writers are done; with `all`, every one.
    pub(super) fn end_saves(&self, all: bool) {
        let mut done = Vec::new();
        self.saves.0.lock().retain_mut(|save| {
            let stays = !all && !self.is_done(save);
            if !stays {
                done.push(save.clone());
            }
            stays
        });
        for save in done {
            if let Err(refused) = self.end_save(&save) {
                self.errors.record(save.by, "saving", &refused);
            }
        }
    }

    /// Ends the save of one entry now.
    pub(super) fn end_save_of(&self, place: &Place, name: &OsStr) {
        let save = {
            let mut saves = self.saves.0.lock();
            let at = saves.iter().position(|save| save.place == *place && save.name == name);
            at.map(|at| saves.swap_remove(at))
        };
        if let Some(Err(refused)) = save.as_ref().map(|save| self.end_save(save)) {
            tracing::warn!(entry = %place.shown_entry(name), reason = %refused.reason, "a saved note lost its tag");
        }
    }

    fn is_done(&self, save: &mut Save) -> bool {
        let now = self
            .catalog()
            .file(save.file)
            .and_then(|file| self.engine.notebook(save.file.notebook)?.dir.stat(&file.path).ok());
        if now != save.seen {
            (save.seen, save.since) = (now, Instant::now());
        }
        save.since.elapsed() >= QUIET || save.began.elapsed() >= PATIENCE
    }

    fn end_save(&self, save: &Save) -> super::Answer<()> {
        self.caught_up()?;
        let Some(file) = self.catalog().file(save.file) else { return Ok(()) };
        if !file.has_tag(&save.tag) {
            self.edit(&file, vec![MetaEdit::AddTag(save.tag.clone())], save.by)?;
        }
        self.caches.drop_entry(&save.place, &save.name);
        Ok(())
    }
}
