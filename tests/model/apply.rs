//! What operations do to the real tree, and to contents by any name.

use super::contents::Contents;
use super::op::{At, Op, Save, Via};
use super::world::{File, World, dir_of, is_page};

/// What must come of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It succeeds.
    Done,
    /// It is refused with this number.
    Refused(i32),
    /// It means nothing in this state (its note is not in that folder): it is left out.
    Skipped,
}

pub(super) const ENOENT: Expected = Expected::Refused(2);
pub(super) const EEXIST: Expected = Expected::Refused(17);
pub(super) const ENOTDIR: Expected = Expected::Refused(20);
pub(super) const EISDIR: Expected = Expected::Refused(21);
pub(super) const EINVAL: Expected = Expected::Refused(22);
pub(super) const EPERM: Expected = Expected::Refused(1);
pub(super) const EROFS: Expected = Expected::Refused(30);
pub(super) const ENOTEMPTY: Expected = Expected::Refused(39);

impl World {
    /// Does an operation.
    pub fn apply(&mut self, op: &Op) -> Expected {
        if self.is_saving(op) {
            return Expected::Skipped;
        }
        let expected = match *op {
            Op::Write { at, via, how, what } => self.write(at, via, how, what),
            Op::StoreWrite { at, how, what } => self.write(at, Via::Real, how, what),
            Op::Append { at, via, text } => self.change(at, via, |bytes| bytes.extend(appended(text))),
            Op::StoreAppend { at, text } => self.change(at, Via::Real, |bytes| bytes.extend(appended(text))),
            Op::Truncate { at, via, part } => self.change(at, via, |bytes| bytes.truncate(cut(bytes.len(), part))),
            Op::Rename { from, to } => self.rename(from, to),
            Op::StoreRename { from, to } => self.renumbered(from, to, Self::rename),
            Op::RenameNew { from, to } => {
                if self.names.contains_key(from) && self.names.contains_key(to) {
                    EEXIST
                } else {
                    self.rename(from, to)
                }
            }
            Op::Exchange { a, b } => self.exchange(a, b),
            Op::Unlink { at } | Op::StoreUnlink { at } => self.unlink(at),
            Op::Link { from, to } => self.link(from, to),
            Op::MakeDir { at } | Op::StoreMakeDir { at } => self.make_dir(at),
            Op::RemoveDir { at } => self.remove_dir(at),
            Op::RenameDir { from, to } => self.rename_dir(from, to),
            Op::StoreRenameDir { from, to } => self.renumbered(from, to, Self::rename_dir),
            Op::StoreRemoveDir { at } => self.remove_all(at),
            _ => self.apply_synthetic(op),
        };
        self.forget_filled();
        if expected == Expected::Done && self.has_linked_sidecar() {
            return Expected::Skipped;
        }
        expected
    }

    fn write(&mut self, at: At, via: Via, how: Save, what: Contents) -> Expected {
        let bytes = what.render(&self.sequence);
        match via {
            Via::Real if !self.dirs.contains(dir_of(at)) => ENOENT,
            Via::Real => {
                match self.file_mut(at).filter(|_| how == Save::InPlace) {
                    Some(file) => (file.bytes, file.edited) = (bytes, None),
                    None => self.put(at, bytes),
                }
                Expected::Done
            }
            Via::Tag(tag) if how == Save::Recreate => {
                let tag = tag.to_lowercase();
                let keeps = !is_page(at) || what.tags.iter().any(|kept| kept.to_lowercase() == tag);
                if !keeps || self.shown_in(at, via).is_none() {
                    return Expected::Skipped;
                }
                if !is_page(at) {
                    // The sidecars lose the tag, and it is added again.
                    self.retag(at, &[&tag], &[]);
                    self.retag(at, &[], &[&tag]);
                }
                self.perhaps.insert(tag);
                self.saving.insert(at.to_owned());
                self.change(at, via, |old| *old = bytes)
            }
            Via::Both(..) | Via::Group(_) if how == Save::Recreate => Expected::Skipped,
            _ => self.change(at, via, |old| *old = bytes),
        }
    }

    /// Changes contents where they are, by any name of the note.
    fn change(&mut self, at: At, via: Via, change: impl FnOnce(&mut Vec<u8>)) -> Expected {
        if via != Via::Real && self.shown_in(at, via).is_none() {
            return Expected::Skipped;
        }
        let Some(file) = self.file_mut(at) else { return ENOENT };
        if file.edited.is_some() {
            return Expected::Skipped;
        }
        change(&mut file.bytes);
        Expected::Done
    }

    /// A new file under a name.
    pub(super) fn put(&mut self, path: &str, bytes: Vec<u8>) {
        self.next += 1;
        self.files.insert(self.next, File { bytes, ..File::default() });
        self.names.insert(path.to_owned(), self.next);
    }

    fn rename(&mut self, from: &str, to: &str) -> Expected {
        if !self.dirs.contains(dir_of(to)) {
            return ENOENT;
        }
        let Some(&id) = self.names.get(from) else { return ENOENT };
        if self.would_part(from, to) {
            return Expected::Skipped;
        }
        // rename(2) of two names of one file does nothing.
        if self.names.get(to) != Some(&id) {
            self.names.remove(from);
            self.names.insert(to.to_owned(), id);
        }
        Expected::Done
    }

    /// Whether a file would have names in two notebooks then. mount.md promises nothing of such: what is written by one
    /// name is taken in under the others of the same notebook.
    fn would_part(&self, from: &str, to: &str) -> bool {
        from.split('/').next() != to.split('/').next() && self.names_of(from) > 1
    }

    /// Whether a file is a sidecar by one of several names: mount.md promises nothing of such, and Codex, which has no
    /// rows of sidecars, does not find the name when the file is written by another.
    fn has_linked_sidecar(&self) -> bool {
        self.names.keys().any(|path| self.names_of(path) > 1 && !self.is_note(path))
    }

    /// A rename in the store. Where it leads to another notebook, that one numbers the files anew: only through a mount
    /// does a file keep its number then.
    fn renumbered(&mut self, from: At, to: At, rename: impl Fn(&mut Self, &str, &str) -> Expected) -> Expected {
        let is_other = from.split('/').next() != to.split('/').next();
        let moved: Vec<u32> =
            self.names.iter().filter(|(path, _)| *path == from || dir_of(path) == from).map(|(_, id)| *id).collect();
        if is_other && moved.iter().any(|id| self.names.values().filter(|other| *other == id).count() > 1) {
            return Expected::Skipped;
        }
        let expected = rename(self, from, to);
        if is_other && expected == Expected::Done {
            for old in moved {
                self.next += 1;
                let new = self.next;
                self.names.values_mut().filter(|id| **id == old).for_each(|id| *id = new);
                self.files.remove(&old).map(|file| self.files.insert(new, file));
            }
        }
        expected
    }

    fn exchange(&mut self, a: &str, b: &str) -> Expected {
        let (Some(&first), Some(&second)) = (self.names.get(a), self.names.get(b)) else { return ENOENT };
        if self.would_part(a, b) || self.would_part(b, a) {
            return Expected::Skipped;
        }
        self.names.insert(a.to_owned(), second);
        self.names.insert(b.to_owned(), first);
        Expected::Done
    }

    fn unlink(&mut self, at: &str) -> Expected {
        if self.names.remove(at).is_some() { Expected::Done } else { ENOENT }
    }

    fn link(&mut self, from: &str, to: &str) -> Expected {
        // A file with names in two notebooks is not in this model, see `would_part`.
        if from.split('/').next() != to.split('/').next() {
            return Expected::Skipped;
        }
        let Some(&id) = self.names.get(from) else { return ENOENT };
        if !self.dirs.contains(dir_of(to)) {
            return ENOENT;
        }
        if self.names.contains_key(to) {
            return EEXIST;
        }
        self.names.insert(to.to_owned(), id);
        Expected::Done
    }

    fn make_dir(&mut self, at: &str) -> Expected {
        if self.dirs.insert(at.to_owned()) { Expected::Done } else { EEXIST }
    }

    fn is_empty(&self, dir: &str) -> bool {
        !self.names.keys().chain(&self.dirs).any(|path| dir_of(path) == dir)
    }

    fn remove_dir(&mut self, at: &str) -> Expected {
        if !self.dirs.contains(at) {
            return ENOENT;
        }
        if !self.is_empty(at) {
            return ENOTEMPTY;
        }
        self.dirs.remove(at);
        Expected::Done
    }

    fn rename_dir(&mut self, from: &str, to: &str) -> Expected {
        if !self.dirs.contains(from) {
            return ENOENT;
        }
        if from == to {
            return Expected::Done;
        }
        if self.dirs.contains(to) && !self.is_empty(to) {
            return ENOTEMPTY;
        }
        let inside: Vec<(String, u32)> =
            self.names.iter().filter(|(path, _)| dir_of(path) == from).map(|(path, id)| (path.clone(), *id)).collect();
        if from.split('/').next() != to.split('/').next() && inside.iter().any(|(path, _)| self.names_of(path) > 1) {
            return Expected::Skipped;
        }
        for (path, id) in inside {
            self.names.remove(&path);
            self.names.insert(path.replacen(from, to, 1), id);
        }
        self.dirs.remove(from);
        self.dirs.insert(to.to_owned());
        Expected::Done
    }

    fn remove_all(&mut self, at: &str) -> Expected {
        if !self.dirs.remove(at) {
            return ENOENT;
        }
        self.names.retain(|path, _| dir_of(path) != at);
        Expected::Done
    }
}

/// What [`Op::Append`] writes.
pub fn appended(text: u8) -> Vec<u8> {
    format!("More {text}.\n").into_bytes()
}

/// Where [`Op::Truncate`] cuts.
pub fn cut(len: usize, part: u8) -> usize {
    len * usize::from(part) / 255
}
