//! What operations in the folders of tags and of the view do.

use super::apply::{EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EROFS, Expected};
use super::contents::Meta;
use super::op::{At, Fold, Op, Tagging, Via};
use super::world::{NONE, Shown, World, is_page, name_of, parent_tag, sidecars_of, with_parents};

impl World {
    pub(super) fn apply_synthetic(&mut self, op: &Op) -> Expected {
        match *op {
            Op::Tag { at, tag, how } => self.tag(at, &tag.to_lowercase(), how),
            Op::Untag { at, tag } => self.untag(at, tag),
            Op::Retag { at, from, to } => self.move_entry(at, from, to),
            Op::MakeTag { tag } => self.make_tag(&tag.to_lowercase()),
            Op::RemoveTag { tag } => self.remove_tag(&tag.to_lowercase()),
            Op::RenameTag { from, to } => self.rename_tag(&from.to_lowercase(), &to.to_lowercase()),
            Op::MoveCard { at, from, to } => self.move_card(at, from, to),
            Op::LinkCard { at, to } => self.link_card(at, to),
            Op::MakeColumn { column } => self.make_column(column),
            Op::RemoveColumn { column } => self.remove_column(column),
            Op::RefusedRemove { at, from } => self.refused_remove(at, from),
            Op::RefusedMoveOut { at, tag } => self.if_shown(at, Via::Tag(tag), EPERM),
            Op::RefusedOtherName { at, tag } => {
                if self.is_note(at) && self.has_tag(tag) {
                    EPERM
                } else {
                    Expected::Skipped
                }
            }
            Op::RefusedExchange { at, tag } => {
                let id = self.names.get(at).copied();
                let folder = self.tag_folder(&tag.to_lowercase());
                let has_other = folder.iter().any(|entry| self.names.get(&entry.path).copied() != id);
                if has_other { self.if_shown(at, Via::Tag(tag), EINVAL) } else { Expected::Skipped }
            }
            Op::RefusedOutside { tag } => {
                if self.has_tag(tag) {
                    EINVAL
                } else {
                    Expected::Skipped
                }
            }
            Op::RefusedFolder { dir, tag } => {
                if self.dirs.contains(dir) && self.has_tag(tag) {
                    EPERM
                } else {
                    Expected::Skipped
                }
            }
            Op::RefusedMakeDir { into } | Op::RefusedCreate { into } => self.refused_make(op, into),
            _ => Expected::Skipped,
        }
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.tags().contains(&tag.to_lowercase())
    }

    fn if_shown(&self, at: At, via: Via, expected: Expected) -> Expected {
        if self.shown_in(at, via).is_some() { expected } else { Expected::Skipped }
    }

    // ---- tags ----

    /// Adds tags to and removes them from the sources of a note, as Codex edits them.
    pub(super) fn retag(&mut self, path: &str, remove: &[&str], add: &[&str]) {
        for (source, mut meta) in self.sources(path) {
            let before = meta.tags.clone();
            meta.tags.retain(|tag| !remove.contains(&tag.as_str()));
            if meta.tags != before {
                self.edited(&source, meta);
            }
        }
        for tag in add {
            if !self.meta(path).tags.contains(*tag) {
                let (source, mut meta) = self.usual_source(path);
                meta.tags.insert((*tag).to_owned());
                self.edited(&source, meta);
            }
        }
    }

    /// Where new metadata goes; a sidecar that is not there is made.
    fn usual_source(&mut self, path: &str) -> (String, Meta) {
        let [json, page] = sidecars_of(path);
        let has = |path: &String| self.names.contains_key(path);
        let source = match is_page(path) {
            true => path.to_owned(),
            false if !has(&json) && has(&page) => page,
            false => json,
        };
        if !self.names.contains_key(&source) {
            self.put(&source, Vec::new());
        }
        let meta = self.sources(path).into_iter().find(|(name, _)| *name == source).map(|(_, meta)| meta);
        (source, meta.unwrap_or_default())
    }

    fn edited(&mut self, source: &str, meta: Meta) {
        if let Some(file) = self.file_mut(source) {
            file.edited = Some(meta);
        }
    }

    /// A tag was (perhaps) emptied through its own folder: it and those above it stay.
    fn stays(&mut self, tag: &str) {
        self.staying.extend(with_parents(tag));
    }

    fn tag(&mut self, at: At, tag: &str, how: Tagging) -> Expected {
        let name = name_of(at).to_owned();
        if !self.is_note(at) || name.starts_with('.') || !self.has_tag(tag) {
            return Expected::Skipped;
        }
        // link(2) tells only the inode: which of several names of one file is meant, it cannot say.
        let same = |path: &&String| name_of(path) == name && self.names.get(*path) == self.names.get(at);
        if !is_page(at) && self.notes().filter(same).count() > 1 {
            return Expected::Skipped;
        }
        if self.meta(at).tags.contains(tag) {
            return match how {
                Tagging::Ln | Tagging::LnS => EEXIST,
                Tagging::Mv if self.tags().contains(&format!("{tag}/{}", name.to_lowercase())) => EISDIR,
                Tagging::Mv => Expected::Done,
                Tagging::Cp => Expected::Skipped,
            };
        }
        if let Some(expected) = self.taken(tag, &name, how == Tagging::Mv) {
            return if how == Tagging::Cp { Expected::Skipped } else { expected };
        }
        if self.refused.contains(&(tag.to_owned(), name.clone())) && how != Tagging::Mv
            || (how == Tagging::Cp && !self.is_known_by_bytes(at))
        {
            return Expected::Skipped;
        }
        self.retag(at, &[], &[tag]);
        Expected::Done
    }

    /// What is answered where a name is another entry's, or a child tag's.
    fn taken(&mut self, tag: &str, name: &str, is_rename: bool) -> Option<Expected> {
        if self.tags().contains(&format!("{tag}/{}", name.to_lowercase())) {
            return Some(if is_rename { EISDIR } else { EEXIST });
        }
        let is_taken = self.tag_folder(tag).iter().any(|entry| entry.shown == Shown::Bare(name.to_owned()));
        if is_taken && is_rename {
            self.refused.insert((tag.to_owned(), name.to_owned()));
        }
        is_taken.then_some(EEXIST)
    }

    /// Whether a copy is known by its name and bytes to be of this note.
    fn is_known_by_bytes(&self, at: At) -> bool {
        let Some(file) = self.file(at) else { return false };
        let has_mark = String::from_utf8_lossy(&file.bytes).contains(&format!("{}.", self.sequence));
        let same =
            |path: &&String| name_of(path) == name_of(at) && self.file(path).is_some_and(|f| f.bytes == file.bytes);
        has_mark && self.notes().filter(same).count() == 1
    }

    fn untag(&mut self, at: At, tag: &str) -> Expected {
        let tag = tag.to_lowercase();
        if !self.tag_folder(&tag).iter().any(|entry| entry.path == at) {
            return Expected::Skipped;
        }
        self.retag(at, &[&tag], &[]);
        self.stays(&tag);
        Expected::Done
    }

    fn move_entry(&mut self, at: At, from: &str, to: &str) -> Expected {
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let shown = |folder: &[super::Entry]| folder.iter().find(|e| e.path == at).map(|e| e.shown.clone());
        let Some(name) = shown(&self.tag_folder(&from)) else { return Expected::Skipped };
        if from == to || !self.tags().contains(&to) {
            return Expected::Skipped;
        }
        let bare = match &name {
            Shown::Bare(name) => name.to_lowercase(),
            Shown::Qualified => String::new(),
        };
        if self.tags().contains(&format!("{to}/{bare}")) {
            // The kernel itself refuses to replace a folder that the entry is in.
            return if is_within(&from, &format!("{to}/{bare}")) { ENOTEMPTY } else { EISDIR };
        }
        if self.meta(at).tags.contains(&to) {
            let there = shown(&self.tag_folder(&to));
            // Two names of one file: rename(2) does nothing. An ambiguous bare name is not there, however.
            let resolves = name == Shown::Qualified || there == Some(name);
            if resolves {
                return Expected::Done;
            }
        } else if let Shown::Bare(name) = &name
            && let Some(expected) = self.taken(&to, name, true)
        {
            return expected;
        }
        self.retag(at, &[&from], &[&to]);
        self.stays(&from);
        Expected::Done
    }

    fn make_tag(&mut self, tag: &str) -> Expected {
        let parent = parent_tag(tag);
        if parent.is_some_and(|parent| !self.has_tag(parent)) {
            return ENOENT;
        }
        let name = name_of(tag);
        let is_entry = parent.is_some_and(|parent| {
            self.tag_folder(parent).iter().any(|entry| entry.shown == Shown::Bare(name.to_owned()))
        });
        if self.has_tag(tag) || is_entry {
            return EEXIST;
        }
        if self.refused.contains(&(parent.unwrap_or_default().to_owned(), name.to_owned())) {
            return Expected::Skipped;
        }
        self.declared.insert(tag.to_owned());
        Expected::Done
    }

    fn remove_tag(&mut self, tag: &str) -> Expected {
        if !self.has_tag(tag) {
            return ENOENT;
        }
        if !self.children(Some(tag)).is_empty() || !self.tag_folder(tag).is_empty() {
            return ENOTEMPTY;
        }
        for tags in [&mut self.declared, &mut self.staying, &mut self.perhaps] {
            tags.remove(tag);
        }
        // Whether a tag stays that was only above it is not said.
        self.perhaps.extend(parent_tag(tag).map(str::to_owned));
        Expected::Done
    }

    fn rename_tag(&mut self, from: &str, to: &str) -> Expected {
        if !self.has_tag(from) || parent_tag(to).is_some_and(|parent| !self.has_tag(parent)) {
            return ENOENT;
        }
        if from == to {
            return Expected::Done;
        }
        if is_within(to, from) {
            return EINVAL;
        }
        if is_within(from, to) {
            return ENOTEMPTY;
        }
        if self.has_tag(to) {
            self.refused.insert((parent_tag(to).unwrap_or_default().to_owned(), name_of(to).to_owned()));
            return EEXIST;
        }
        let name = Shown::Bare(name_of(to).to_owned());
        if parent_tag(to).is_some_and(|parent| self.tag_folder(parent).iter().any(|entry| entry.shown == name)) {
            return ENOTDIR;
        }
        self.rebase(from, to);
        Expected::Done
    }

    fn rebase(&mut self, from: &str, to: &str) {
        let rebased = |tag: &String| is_within(tag, from).then(|| format!("{to}{}", &tag[from.len()..]));
        let notes: Vec<String> = self.notes().cloned().collect();
        for path in notes {
            for (source, meta) in self.sources(&path) {
                if meta.tags.iter().any(|tag| is_within(tag, from)) {
                    let tags = meta.tags.iter().map(|tag| rebased(tag).unwrap_or_else(|| tag.clone())).collect();
                    self.edited(&source, Meta { tags, ..meta });
                }
            }
        }
        self.declared = self.declared.iter().map(|tag| rebased(tag).unwrap_or_else(|| tag.clone())).collect();
        let lingering: Vec<String> = self.staying.iter().chain(&self.perhaps).cloned().collect();
        for tag in lingering {
            if let Some(new) = rebased(&tag) {
                self.staying.remove(&tag);
                self.perhaps.remove(&tag);
                self.perhaps.insert(new);
            }
        }
        self.perhaps.insert(to.to_owned());
        self.perhaps.extend(parent_tag(from).map(str::to_owned));
    }

    // ---- the view ----

    fn move_card(&mut self, at: At, from: &str, to: &str) -> Expected {
        let place = |world: &Self, group: &str| {
            world.group(group).into_iter().find(|entry| entry.path == at).map(|entry| entry.shown)
        };
        let Some(name) = place(self, from) else { return Expected::Skipped };
        let status = self.meta(at).status;
        if from == to || (to != NONE && !self.groups().contains(to)) || (to == NONE && status.len() > 1) {
            return Expected::Skipped;
        }
        if let Some(there) = place(self, to) {
            if name == Shown::Qualified || there == name {
                return Expected::Done;
            }
        } else if self.is_in_group(to, &name) {
            return self.refuse_card(to, &name);
        }
        let mut status = status;
        status.remove(from);
        if to != NONE {
            status.insert(to.to_owned());
        }
        self.set_status(at, status);
        Expected::Done
    }

    fn is_in_group(&self, group: &str, name: &Shown) -> bool {
        matches!(name, Shown::Bare(_)) && self.group(group).iter().any(|entry| entry.shown == *name)
    }

    fn refuse_card(&mut self, group: &str, name: &Shown) -> Expected {
        if let Shown::Bare(name) = name {
            self.refused.insert((format!("group {group}"), name.clone()));
        }
        EEXIST
    }

    fn set_status(&mut self, path: &str, status: std::collections::BTreeSet<String>) {
        let has_some = |(_, meta): &(String, Meta)| !meta.status.is_empty() || meta.is_list;
        let mut holding: Vec<(String, Meta)> = self.sources(path).into_iter().filter(has_some).collect();
        if status.is_empty() {
            // What one source no longer says, another must not say either.
            for (source, meta) in holding {
                self.edited(&source, Meta { status: status.clone(), ..meta });
            }
            return;
        }
        let (source, meta) = holding.pop().unwrap_or_else(|| self.usual_source(path));
        self.edited(&source, Meta { status, ..meta });
    }

    fn link_card(&mut self, at: At, to: &str) -> Expected {
        let name = Shown::Bare(name_of(at).to_owned());
        let meta = self.meta(at);
        if !self.is_note(at)
            || name_of(at).starts_with('.')
            || !self.groups().contains(to)
            || meta.is_list
            || to == NONE
        {
            return Expected::Skipped;
        }
        if !is_page(at) && self.names_of(at) > 1 {
            return Expected::Skipped;
        }
        if self.group(to).iter().any(|entry| entry.path == at) || self.is_in_group(to, &name) {
            return EEXIST;
        }
        if self.refused.contains(&(format!("group {to}"), name_of(at).to_owned())) {
            return Expected::Skipped;
        }
        if !self.is_card(at) {
            return EPERM;
        }
        self.set_status(at, [to.to_owned()].into());
        Expected::Done
    }

    fn make_column(&mut self, column: &str) -> Expected {
        if self.groups().contains(column) {
            return EEXIST;
        }
        self.columns.insert(column.to_owned());
        Expected::Done
    }

    fn remove_column(&mut self, column: &str) -> Expected {
        if !self.groups().contains(column) {
            return ENOENT;
        }
        if !self.group(column).is_empty() {
            return ENOTEMPTY;
        }
        self.columns.remove(column);
        Expected::Done
    }

    // ---- refusals ----

    fn refused_remove(&self, at: At, from: Fold) -> Expected {
        match from {
            Fold::View => Expected::Skipped,
            Fold::Both(a, b) => self.if_shown(at, Via::Both(a, b), EPERM),
            Fold::Group(group) => self.if_shown(at, Via::Group(group), EPERM),
            Fold::Search => {
                if self.search().iter().any(|entry| entry.path == at) {
                    EROFS
                } else {
                    Expected::Skipped
                }
            }
        }
    }

    fn refused_make(&self, op: &Op, into: Fold) -> Expected {
        let is_file = matches!(op, Op::RefusedCreate { .. });
        match into {
            Fold::Both(a, b) if self.has_tag(a) && self.has_tag(b) => EPERM,
            Fold::View if is_file => EPERM,
            Fold::Group(group) if !is_file && self.groups().contains(group) => EPERM,
            Fold::Search => EROFS,
            _ => Expected::Skipped,
        }
    }
}

/// Whether a tag is another, or below it.
fn is_within(tag: &str, other: &str) -> bool {
    tag.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
