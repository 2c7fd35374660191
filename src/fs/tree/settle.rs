//! What becomes of a file that was made in a folder: the contents of an entry that it is renamed over, a tag (or a
//! property) of the note of the same name and bytes, or a new note in the inbox. Never nothing.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, RenameFlags};

use super::inner::Inner;
use super::names::is_temporary;
use super::scratch::{Held, TMP, left_behind};
use super::{Answer, Caller, Place, Refused};
use crate::engine::catalog::{CatalogFile, names, now_ns};
use crate::engine::{Change, ChangeOp, Notebook};
use crate::index::parse::edit::{MetaEdit, edit_frontmatter};
use crate::index::parse::has_frontmatter;
use crate::sys::{FaultPoint, Replace, StoreStat, pass};
use crate::types::{FileKey, NotePath};

/// The folder of a notebook that takes in new files without a place.
const INBOX: &str = "inbox";

impl Inner {
    /// The notebook that takes in new notes: the one named in the settings, else the only one.
    pub(super) fn inbox(&self) -> Option<Arc<Notebook>> {
        if let Some(name) = &self.engine.settings().inbox {
            return self.engine.notebook_named(name);
        }
        let mut notebooks = self.engine.notebooks().into_iter();
        let only = notebooks.next()?;
        notebooks.next().is_none().then_some(only)
    }

    /// A handle was flushed: what says the same as a note of its name becomes the note's entry at once.
    pub(super) fn settle_if_known(&self, id: u64) {
        let Some(held) = self.scratches.claim(id) else { return };
        let is_done = !is_temporary(&held.name) && self.becomes_entry(&held);
        if is_done {
            self.drop_scratch(id);
        } else {
            self.scratches.release(id, true);
        }
    }

    /// Nothing more is to be expected of the file.
    pub(super) fn settle(&self, id: u64) {
        let Some(held) = self.scratches.claim(id) else { return };
        if self.becomes_entry(&held) || held.saves.is_some_and(|note| self.becomes_contents(&held, note)) {
            return self.drop_scratch(id);
        }
        match self.becomes_note(&held) {
            Ok(()) => {
                self.scratches.remove(id);
                self.caches.drop_entry(&held.place, &held.name);
            }
            Err(refused) => {
                self.errors.record(held.by, "settling a new file", &refused);
                tracing::warn!(file = %held.place.shown_entry(&held.name), reason = %refused.reason, "a new file stays where it was made");
                self.scratches.release(id, false);
            }
        }
    }

    /// Whether a note of the file's name has the same bytes, and is in the folder now.
    fn becomes_entry(&self, held: &Held) -> bool {
        let place = (&held.place, &*held.name);
        let same = self.named(&held.name).into_iter().find(|note| self.has_same_bytes(held, note));
        same.is_some_and(|note| self.add(note.key, place, held.by).is_ok())
    }

    /// Whether it is the new contents of a note now, which is in the folder again. Where that fails it is a new note.
    fn becomes_contents(&self, held: &Held, note: FileKey) -> bool {
        let save = || {
            let file = self.writable_note(note, held.by)?;
            self.engine.keep_before_removal(note.notebook, &file.path);
            self.write_through(held, &file, held.by)?;
            self.caches.drop_contents(file.node);
            self.caught_up()?;
            let file = self.file(note)?;
            match held.place.tag() {
                Some(tag) if !file.has_tag(tag) => self.edit(&file, vec![MetaEdit::AddTag(tag.clone())], held.by),
                _ => Ok(()),
            }
        };
        save().inspect_err(|refused| self.errors.record(held.by, "saving", refused)).is_ok()
    }

    fn has_same_bytes(&self, held: &Held, note: &CatalogFile) -> bool {
        let Some(notebook) = self.engine.notebook(note.key.notebook) else { return false };
        let own =
            NotePath::new(held.scratch.name.as_bytes()).ok().and_then(|name| held.scratch.dir.open_file(&name).ok());
        let (Some(mut own), Ok(mut other)) = (own, notebook.dir.open_file(&note.path)) else { return false };
        let size = |file| StoreStat::of(file).map(|stat| stat.size);
        if size(&own).ok() != size(&other).ok() {
            return false;
        }
        let (mut a, mut b) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        loop {
            let (Some(read), Some(same)) = (fill(&mut own, &mut a), fill(&mut other, &mut b)) else { return false };
            if a[..read] != b[..same] {
                return false;
            }
            if read == 0 {
                return true;
            }
        }
    }

    /// The file becomes a note of the inbox, and gets what makes it a member of the folder.
    fn becomes_note(&self, held: &Held) -> Answer<()> {
        let notebook = self.notebook(held.scratch.notebook)?;
        pass(FaultPoint::ScratchSettles);
        tag_before(held);
        let path = into_inbox(&notebook, (&*held.scratch.dir, &held.scratch.name), &held.name)?;
        if let (Ok(dir), name) = (notebook.dir.open_dir(&path.parent()), path.name()) {
            // Until the index knows the note, the folder goes on showing the file, where it is now.
            self.scratches.moved(held.scratch.id, Arc::new(dir), name.to_owned());
        }
        let by = self.requester(held.by);
        self.engine.note(Change { notebook: notebook.number, op: ChangeOp::Written, path: path.clone(), by });
        // The note is safe; that it could not be made a member is told, and nothing more to be done.
        if let Err(refused) = self.make_member(&notebook, &path, held) {
            self.errors.record(held.by, "settling a new file", &refused);
        }
        Ok(())
    }

    fn make_member(&self, notebook: &Notebook, path: &NotePath, held: &Held) -> Answer<()> {
        self.caught_up()?;
        let key = self.catalog().by_path(notebook.number, path).ok_or_else(Refused::not_found)?;
        let file = self.file(key)?;
        let edits = self.additions(&held.place, &file)?;
        self.edit(&file, edits, held.by)?;
        self.caught_up()
    }

    /// The contents of an entry are replaced by those of a file that was made for it. The note stays the same note.
    pub(super) fn save_through(&self, id: u64, note: FileKey, caller: Caller) -> Answer<()> {
        let file = self.writable_note(note, caller)?;
        let held = self.scratches.claim(id).ok_or_else(|| Refused::new(libc::EBUSY, "the file is being taken in"))?;
        let saved = self.write_through(&held, &file, caller);
        if saved.is_err() {
            self.scratches.release(id, true);
            return saved;
        }
        self.drop_scratch(id);
        self.caches.drop_contents(file.node);
        Ok(())
    }

    fn write_through(&self, held: &Held, file: &CatalogFile, caller: Caller) -> Answer<()> {
        let name = NotePath::new(held.scratch.name.as_bytes()).map_err(|_| Refused::not_found())?;
        let (bytes, _) = held.scratch.dir.read(&name, u64::MAX)?;
        Ok(self.engine.write_contents(file.key, &bytes, &self.requester(caller))?)
    }

    /// What a crash left in the notebooks' `.codex/tmp` goes to their inboxes.
    pub(super) fn recover(&self) {
        if self.read_only {
            return;
        }
        for notebook in self.engine.notebooks() {
            if let Err(refused) = self.recover_notebook(&notebook) {
                tracing::warn!(notebook = %notebook.name(), reason = %refused.reason, "files left by a crash could not be taken in");
            }
        }
    }

    fn recover_notebook(&self, notebook: &Notebook) -> Answer<()> {
        let tmp = NotePath::new(TMP).map_err(|_| Refused::not_found())?;
        let entries = match notebook.codex.list(&tmp) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let Some(name) = left_behind(&entry.name) else { continue };
            let dir = self.tmp_dir(notebook)?;
            let is_empty = StoreStat::at(&*dir, &entry.name).is_ok_and(|stat| stat.size == 0);
            if is_empty && is_temporary(name) {
                let _ = rustix::fs::unlinkat(&*dir, &entry.name, AtFlags::empty());
                continue;
            }
            let path = into_inbox(notebook, (&*dir, &entry.name), name)?;
            let by = self.engine.default_requester();
            self.engine.note(Change { notebook: notebook.number, op: ChangeOp::Written, path, by });
        }
        Ok(())
    }
}

/// A file that says its tags itself has the folder's before it is anyone's to see. What cannot be edited now is told
/// of when the note is made a member.
fn tag_before(held: &Held) {
    let (Some(tag), Some(name)) = (held.place.tag(), held.name.to_str().filter(|name| has_frontmatter(name))) else {
        return;
    };
    let Ok(path) = NotePath::new(held.scratch.name.as_bytes()) else { return };
    let Ok((bytes, _)) = held.scratch.dir.read(&path, u64::MAX) else { return };
    if let Ok(edited) = edit_frontmatter(name, &bytes, &[MetaEdit::AddTag(tag.clone())])
        && edited != bytes
        && let Err(error) = held.scratch.dir.write_durably(&path, &edited, Replace::KeepAttributes)
    {
        tracing::warn!(file = %held.place.shown_entry(&held.name), %error, "a new note will get its tag a moment late");
    }
}

/// Moves a file to `inbox/NAME`, or where that is taken to `inbox/NAME~xxxxxx`.
fn into_inbox(notebook: &Notebook, from: (&crate::sys::Dir, &OsString), name: &OsStr) -> Answer<NotePath> {
    let inbox = NotePath::new(INBOX).map_err(|_| Refused::not_found())?;
    notebook.dir.make_dirs(&inbox)?;
    let folder = notebook.dir.open_dir(&inbox)?;
    let mut target = name.to_owned();
    for attempt in 0..64_u64 {
        match rustix::fs::renameat_with(from.0, from.1, &folder, &target, RenameFlags::NOREPLACE) {
            Ok(()) => {
                let _ = rustix::fs::fsync(&folder);
                return inbox.join(target.as_bytes()).map_err(|error| Refused::new(libc::EINVAL, error.to_string()));
            }
            Err(rustix::io::Errno::EXIST) => {
                let seed = format!("{}/{attempt}", now_ns());
                target = names::qualified(name, names::path_digest(&seed, name.as_bytes()), names::DIGITS);
            }
            Err(errno) => {
                let error = std::io::Error::from(errno);
                return Err(Refused::new(errno.raw_os_error(), format!("cannot move it to {INBOX}/: {error}")));
            }
        }
    }
    Err(Refused::new(libc::EEXIST, format!("{INBOX}/ has too many files of this name")))
}

/// Reads until the buffer is full or the file ends; `None` on an error.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Option<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(done)
}

impl Inner {
    /// Whether files may be made in a place, and where they are held: the inbox notebook where they may become notes.
    pub(super) fn scratch_home(&self, place: &Place, name: &OsStr) -> Answer<Arc<Notebook>> {
        let shows_entries = matches!(place, Place::Tag(_) | Place::View(_) | Place::Group(..) | Place::ByValue(..));
        if shows_entries && (is_temporary(name) || self.is_beside_an_entry(place, name)?) {
            let any = || self.engine.notebooks().into_iter().next();
            return self.inbox().or_else(any).ok_or_else(|| Refused::meaningless("the workspace has no notebook"));
        }
        self.takes_new_notes(place)?;
        self.inbox().ok_or_else(|| {
            Refused::meaningless(
                "no notebook takes in new notes: name one as `inbox` in workspace.yaml, or make the note in a notebook",
            )
        })
    }

    /// Programs that save by renaming make a file whose name begins with the entry's.
    fn is_beside_an_entry(&self, place: &Place, name: &OsStr) -> Answer<bool> {
        let Some(folder) = self.notes(place)? else { return Ok(false) };
        let bytes = name.as_bytes();
        let ends = (1..bytes.len()).filter(|&at| b".-_~#".contains(&bytes[at]));
        Ok(ends.rev().any(|end| folder.find(OsStr::from_bytes(&bytes[..end])).is_some()))
    }
}
