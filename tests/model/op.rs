//! What can be done to a mounted workspace, written so that a failing sequence can be pasted into a test.
//!
//! Paths and tags are those of a small alphabet; each sequence has folders and tags of its own: the driver writes
//! `lab/d/a.md` as `lab/SEQUENCE/d/a.md` and the tag `x/c` as `SEQUENCEx/c`.

use super::contents::Contents;

/// A path of the alphabet, as `lab/d/a.md`.
pub type At = &'static str;

/// A tag of the alphabet, as `x/c`.
pub type Tag = &'static str;

/// A column of the view, as `todo`.
pub type Column = &'static str;

/// How a program puts new contents under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// Opens, truncates, writes.
    InPlace,
    /// Writes a temporary file and renames it over the name.
    Rename,
    /// Removes the name and creates it anew.
    Recreate,
}

/// By which of its names a note is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// In its notebook.
    Real,
    /// In the folder of a tag.
    Tag(Tag),
    /// In `tags/A/+B`.
    Both(Tag, Tag),
    /// In a group of the view.
    Group(Column),
}

/// How a note is put into a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagging {
    /// `ln note folder/`
    Ln,
    /// `ln -s note folder/`
    LnS,
    /// `mv note folder/`
    Mv,
    /// `cp note folder/`
    Cp,
}

/// Where an operation that must be refused is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// `tags/A/+B`.
    Both(Tag, Tag),
    /// A group of the view.
    Group(Column),
    /// The view.
    View,
    /// `.codex/search/…`, of all notes of the view.
    Search,
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    // ---- the real tree, and contents by any name ----
    /// New contents; a note that is not there is made.
    Write { at: At, via: Via, how: Save, what: Contents },
    /// Text at the end.
    Append { at: At, via: Via, text: u8 },
    /// Cut to so many 255ths of its length.
    Truncate { at: At, via: Via, part: u8 },
    /// `rename(2)` of a file.
    Rename { from: At, to: At },
    /// `renameat2(2)` of a file, only if the new name is free.
    RenameNew { from: At, to: At },
    /// `renameat2(2)` with both names kept.
    Exchange { a: At, b: At },
    /// `unlink(2)`
    Unlink { at: At },
    /// `link(2)` within the real tree.
    Link { from: At, to: At },
    /// `mkdir(2)`
    MakeDir { at: At },
    /// `rmdir(2)`
    RemoveDir { at: At },
    /// `rename(2)` of a folder.
    RenameDir { from: At, to: At },

    // ---- tags ----
    /// A note is put into a tag's folder.
    Tag { at: At, tag: Tag, how: Tagging },
    /// `rm` of an entry.
    Untag { at: At, tag: Tag },
    /// `mv` of an entry to another tag's folder.
    Retag { at: At, from: Tag, to: Tag },
    /// `mkdir` of a tag.
    MakeTag { tag: Tag },
    /// `rmdir` of a tag.
    RemoveTag { tag: Tag },
    /// `mv` of a tag's folder.
    RenameTag { from: Tag, to: Tag },

    // ---- the view ----
    /// `mv` of an entry to another group.
    MoveCard { at: At, from: Column, to: Column },
    /// `ln` of a note into a group.
    LinkCard { at: At, to: Column },
    /// `mkdir` of a group.
    MakeColumn { column: Column },
    /// `rmdir` of a group.
    RemoveColumn { column: Column },

    // ---- what must be refused ----
    /// `rm` of an entry where that means nothing.
    RefusedRemove { at: At, from: Fold },
    /// `mv` of an entry into a notebook, then `cp` to the same name as `mv` does where it is refused.
    RefusedMoveOut { at: At, tag: Tag },
    /// `ln` and `mv` under another name than the note's.
    RefusedOtherName { at: At, tag: Tag },
    /// Two entries (or an entry and a note) exchanged.
    RefusedExchange { at: At, tag: Tag },
    /// `ln -s` of something that is no note.
    RefusedOutside { tag: Tag },
    /// A folder of a notebook moved into a tag's folder, and a tag's folder into a notebook.
    RefusedFolder { dir: At, tag: Tag },
    /// `mkdir` where folders mean nothing.
    RefusedMakeDir { into: Fold },
    /// A new note where none can be made.
    RefusedCreate { into: Fold },

    // ---- behind the mount's back ----
    /// New contents in the store.
    StoreWrite { at: At, how: Save, what: Contents },
    /// Text at the end of the store's file.
    StoreAppend { at: At, text: u8 },
    /// `unlink(2)` in the store.
    StoreUnlink { at: At },
    /// `rename(2)` of a file in the store.
    StoreRename { from: At, to: At },
    /// `mkdir(2)` in the store.
    StoreMakeDir { at: At },
    /// `rename(2)` of a folder in the store.
    StoreRenameDir { from: At, to: At },
    /// `rm -r` of a folder in the store.
    StoreRemoveDir { at: At },
}

impl Op {
    /// Whether it happens in the store, so that the mount shows it a moment later.
    pub fn is_behind_the_mount(&self) -> bool {
        matches!(
            self,
            Self::StoreWrite { .. }
                | Self::StoreAppend { .. }
                | Self::StoreUnlink { .. }
                | Self::StoreRename { .. }
                | Self::StoreMakeDir { .. }
                | Self::StoreRenameDir { .. }
                | Self::StoreRemoveDir { .. }
        )
    }

    /// The paths that it names.
    pub fn paths(&self) -> Vec<At> {
        match *self {
            Self::Write { at, .. }
            | Self::Append { at, .. }
            | Self::Truncate { at, .. }
            | Self::Unlink { at }
            | Self::MakeDir { at }
            | Self::RemoveDir { at }
            | Self::Tag { at, .. }
            | Self::Untag { at, .. }
            | Self::Retag { at, .. }
            | Self::MoveCard { at, .. }
            | Self::LinkCard { at, .. }
            | Self::RefusedRemove { at, .. }
            | Self::RefusedMoveOut { at, .. }
            | Self::RefusedOtherName { at, .. }
            | Self::RefusedExchange { at, .. }
            | Self::StoreWrite { at, .. }
            | Self::StoreAppend { at, .. }
            | Self::StoreUnlink { at }
            | Self::StoreMakeDir { at }
            | Self::StoreRemoveDir { at } => vec![at],
            Self::Rename { from, to }
            | Self::RenameNew { from, to }
            | Self::Link { from, to }
            | Self::RenameDir { from, to }
            | Self::StoreRename { from, to }
            | Self::StoreRenameDir { from, to } => vec![from, to],
            Self::Exchange { a, b } => vec![a, b],
            Self::RefusedFolder { dir, .. } => vec![dir],
            Self::MakeTag { .. }
            | Self::RemoveTag { .. }
            | Self::RenameTag { .. }
            | Self::MakeColumn { .. }
            | Self::RemoveColumn { .. }
            | Self::RefusedOutside { .. }
            | Self::RefusedMakeDir { .. }
            | Self::RefusedCreate { .. } => Vec::new(),
        }
    }

    /// Whether its effect may come a second late: files that `cp` made settle after their last close.
    pub fn settles_later(&self) -> bool {
        matches!(self, Self::Tag { how: Tagging::Cp, .. })
    }
}
