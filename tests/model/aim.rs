//! Random operations: drafts that choose their targets when it is their turn, from what is there then.

use proptest::prelude::*;

use super::contents::{Contents, Form};
use super::op::{At, Column, Fold, Op, Save, Tag, Tagging, Via};
use super::world::{World, dir_of, is_page, is_sidecar_name, name_of};

const DIRS: [At; 5] = ["lab", "lab/d", "lab/e", "home", "home/d"];
const FOLDERS: [At; 3] = ["lab/d", "lab/e", "home/d"];
const TAGS: [Tag; 7] = ["x", "y", "z", "x/c", "x/b.md", "y/d", "X"];
const COLUMNS: [Column; 6] = ["todo", "doing", "done", "review", "in/out", "_none"];

/// All paths of notes in the alphabet.
const PATHS: [At; 25] = [
    "lab/a.md",
    "lab/b.md",
    "lab/c.md",
    "lab/p.png",
    "lab/c",
    "lab/d/a.md",
    "lab/d/b.md",
    "lab/d/c.md",
    "lab/d/p.png",
    "lab/d/c",
    "lab/e/a.md",
    "lab/e/b.md",
    "lab/e/c.md",
    "lab/e/p.png",
    "lab/e/c",
    "home/a.md",
    "home/b.md",
    "home/c.md",
    "home/p.png",
    "home/c",
    "home/d/a.md",
    "home/d/b.md",
    "home/d/c.md",
    "home/d/p.png",
    "home/d/c",
];

/// Their sidecars that sequences write themselves.
const SIDECARS: [At; 10] = [
    "lab/.p.png.json",
    "lab/.c.json",
    "lab/d/.p.png.json",
    "lab/d/.c.json",
    "lab/e/.p.png.json",
    "lab/e/.c.json",
    "home/.p.png.json",
    "home/.c.json",
    "home/d/.p.png.json",
    "home/d/.c.json",
];

const TAG_SETS: [&[Tag]; 12] = [
    &[],
    &["x"],
    &["x"],
    &["y"],
    &["x", "y"],
    &["x/c"],
    &["X"],
    &["y", "x/b.md"],
    &["z", "x/c"],
    &["x", "y", "z"],
    &["y/d"],
    &["z"],
];
const STATUSES: [&[Column]; 8] =
    [&[], &["todo"], &["done"], &["doing"], &["todo", "doing"], &["in/out"], &["todo"], &["review"]];

/// Kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Create,
    Overwrite,
    Append,
    Truncate,
    Rename,
    RenameNew,
    Exchange,
    Unlink,
    Link,
    Sidecar,
    MakeDir,
    RemoveDir,
    RenameDir,
    Tag,
    Untag,
    Retag,
    MakeTag,
    RemoveTag,
    RenameTag,
    MoveCard,
    LinkCard,
    MakeColumn,
    RemoveColumn,
    Refused,
    StoreWrite,
    StoreMove,
    StoreUnlink,
    StoreDir,
}

/// An operation whose targets are not chosen yet.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    kind: Kind,
    picks: [u8; 6],
}

/// Sequences of drafts.
pub fn drafts(length: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Draft>> {
    prop::collection::vec(draft(), length)
}

fn draft() -> impl Strategy<Value = Draft> {
    let kinds = prop_oneof![
        12 => Just(Kind::Create),
        12 => Just(Kind::Overwrite),
        4 => Just(Kind::Append),
        2 => Just(Kind::Truncate),
        7 => Just(Kind::Rename),
        2 => Just(Kind::RenameNew),
        3 => Just(Kind::Exchange),
        4 => Just(Kind::Unlink),
        3 => Just(Kind::Link),
        2 => Just(Kind::Sidecar),
        2 => Just(Kind::MakeDir),
        1 => Just(Kind::RemoveDir),
        3 => Just(Kind::RenameDir),
        12 => Just(Kind::Tag),
        6 => Just(Kind::Untag),
        6 => Just(Kind::Retag),
        4 => Just(Kind::MakeTag),
        3 => Just(Kind::RemoveTag),
        4 => Just(Kind::RenameTag),
        6 => Just(Kind::MoveCard),
        3 => Just(Kind::LinkCard),
        2 => Just(Kind::MakeColumn),
        2 => Just(Kind::RemoveColumn),
        5 => Just(Kind::Refused),
        3 => Just(Kind::StoreWrite),
        2 => Just(Kind::StoreMove),
        2 => Just(Kind::StoreUnlink),
        2 => Just(Kind::StoreDir),
    ];
    (kinds, any::<[u8; 6]>()).prop_map(|(kind, picks)| Draft { kind, picks })
}

fn pick<T: Copy>(from: &[T], by: u8) -> Option<T> {
    (!from.is_empty()).then(|| from[usize::from(by) % from.len()])
}

/// One of a list that is never empty.
fn one<T: Copy>(from: &[T], by: u8) -> T {
    from[usize::from(by) % from.len()]
}

impl Draft {
    /// The operation, with targets that are there where it needs any.
    pub fn aim(&self, world: &World) -> Op {
        self.aimed(world).unwrap_or_else(|| self.create(world))
    }

    fn aimed(&self, world: &World) -> Option<Op> {
        let [a, b, c, d, ..] = self.picks;
        let targets = Targets { world };
        Some(match self.kind {
            Kind::Create => self.create(world),
            Kind::Overwrite => self.overwrite(world)?,
            Kind::Append => {
                let at = targets.note(a)?;
                Op::Append { at, via: targets.via(at, c), text: b }
            }
            Kind::Truncate => {
                let at = targets.note(a)?;
                Op::Truncate { at, via: targets.via(at, c), part: b }
            }
            Kind::Rename => Op::Rename { from: targets.file(a)?, to: targets.name_for(targets.file(a)?, b) },
            Kind::RenameNew => Op::RenameNew { from: targets.file(a)?, to: targets.name_for(targets.file(a)?, b) },
            Kind::Exchange => Op::Exchange { a: targets.note(a)?, b: targets.note(b)? },
            Kind::Unlink => Op::Unlink { at: targets.file(a)? },
            Kind::Link => Op::Link { from: targets.note(a)?, to: targets.path(b) },
            Kind::Sidecar => Op::Write {
                at: one(&SIDECARS, a),
                via: Via::Real,
                how: one(&[Save::InPlace, Save::Rename, Save::Recreate], b),
                what: Contents { form: Form::Sidecar, ..self.contents(PATHS[0]) },
            },
            Kind::MakeDir => Op::MakeDir { at: one(&FOLDERS, a) },
            Kind::RemoveDir => Op::RemoveDir { at: one(&FOLDERS, a) },
            Kind::RenameDir => Op::RenameDir { from: targets.dir(a)?, to: one(&FOLDERS, b) },
            Kind::Tag => {
                let how = one(&[Tagging::Ln, Tagging::Ln, Tagging::LnS, Tagging::Mv, Tagging::Mv, Tagging::Cp], c);
                Op::Tag { at: targets.note(a)?, tag: targets.tag(b)?, how }
            }
            Kind::Untag => {
                let (at, tag) = targets.entry(a)?;
                Op::Untag { at, tag }
            }
            Kind::Retag => {
                let (at, from) = targets.entry(a)?;
                Op::Retag { at, from, to: targets.tag(b)? }
            }
            Kind::MakeTag => Op::MakeTag { tag: one(&TAGS, a) },
            Kind::RemoveTag => Op::RemoveTag { tag: targets.tag(a)? },
            Kind::RenameTag => Op::RenameTag { from: targets.tag(a)?, to: one(&TAGS[..6], b) },
            Kind::MoveCard => {
                let (at, from) = targets.card(a)?;
                Op::MoveCard { at, from, to: one(&COLUMNS, b) }
            }
            Kind::LinkCard => Op::LinkCard { at: targets.note(a)?, to: one(&COLUMNS[..5], b) },
            Kind::MakeColumn => Op::MakeColumn { column: one(&COLUMNS[..5], a) },
            Kind::RemoveColumn => Op::RemoveColumn { column: one(&COLUMNS[..5], a) },
            Kind::Refused => self.refused(world)?,
            Kind::StoreWrite if a % 3 == 0 => Op::StoreAppend { at: targets.note(b)?, text: c },
            Kind::StoreWrite => {
                let at = if a % 3 == 1 { targets.note(b)? } else { targets.path(b) };
                let how = one(&[Save::InPlace, Save::Rename, Save::Recreate], d);
                Op::StoreWrite { at, how, what: self.contents(at) }
            }
            Kind::StoreMove => Op::StoreRename { from: targets.file(a)?, to: targets.name_for(targets.file(a)?, b) },
            Kind::StoreUnlink => Op::StoreUnlink { at: targets.file(a)? },
            Kind::StoreDir => match a % 3 {
                0 => Op::StoreMakeDir { at: one(&FOLDERS, b) },
                1 => Op::StoreRenameDir { from: targets.dir(b)?, to: one(&FOLDERS, c) },
                _ => Op::StoreRemoveDir { at: targets.dir(b)? },
            },
        })
    }

    fn create(&self, world: &World) -> Op {
        let at = Targets { world }.path(self.picks[0]);
        let how = one(&[Save::InPlace, Save::InPlace, Save::Rename, Save::Recreate], self.picks[1]);
        Op::Write { at, via: Via::Real, how, what: self.contents(at) }
    }

    fn overwrite(&self, world: &World) -> Option<Op> {
        let targets = Targets { world };
        let at = targets.note(self.picks[0])?;
        let via = targets.via(at, self.picks[1]);
        let how = one(&[Save::InPlace, Save::Rename, Save::Recreate], self.picks[2]);
        let what = self.contents(at);
        // A save by removing and making anew must say the tag again: mount.md leaves open what else it would mean.
        let what = match via {
            Via::Tag(tag) if how == Save::Recreate && is_page(at) => {
                let fitting = TAG_SETS.iter().position(|set| set.contains(&tag)).unwrap_or_default();
                let form = if what.form == Form::Bare { Form::Flow } else { what.form };
                Contents { form, tags: TAG_SETS[fitting], ..what }
            }
            _ => what,
        };
        Some(Op::Write { at, via, how, what })
    }

    fn contents(&self, at: At) -> Contents {
        let [.., d, e, f] = self.picks;
        let forms = [Form::Flow, Form::Flow, Form::Block, Form::Line, Form::Crlf, Form::Bare];
        Contents {
            form: if is_page(at) { one(&forms, d) } else { Form::Bare },
            tags: one(&TAG_SETS, e),
            status: one(&STATUSES, f),
            card: d % 4 != 3,
            text: f ^ e,
        }
    }

    fn refused(&self, world: &World) -> Option<Op> {
        let [a, b, c, ..] = self.picks;
        let targets = Targets { world };
        let both = Fold::Both(targets.tag(b)?, targets.tag(c)?);
        Some(match a % 9 {
            0 => {
                let (at, from) = targets.card(b)?;
                let from = if c % 2 == 0 { Fold::Group(from) } else { Fold::Search };
                Op::RefusedRemove { at, from }
            }
            1 => {
                let (at, tag) = targets.entry(b)?;
                let other = world.meta(at).tags.into_iter().filter_map(|tag| known(&TAGS, &tag)).next_back()?;
                Op::RefusedRemove { at, from: Fold::Both(tag, other) }
            }
            2 => {
                let (at, tag) = targets.entry(b)?;
                Op::RefusedMoveOut { at, tag }
            }
            3 => Op::RefusedOtherName { at: targets.note(b)?, tag: targets.tag(c)? },
            4 => {
                let (at, tag) = targets.entry(b)?;
                Op::RefusedExchange { at, tag }
            }
            5 => Op::RefusedOutside { tag: targets.tag(b)? },
            6 => Op::RefusedFolder { dir: targets.dir(b)?, tag: targets.tag(c)? },
            7 => Op::RefusedMakeDir { into: one(&[both, Fold::Group("todo"), Fold::Search], c) },
            _ => Op::RefusedCreate { into: one(&[both, Fold::View, Fold::Search], c) },
        })
    }
}

/// The text of the alphabet that is equal.
fn known(alphabet: &[&'static str], text: &str) -> Option<&'static str> {
    alphabet.iter().find(|known| **known == text).copied()
}

/// What is there to choose from.
struct Targets<'a> {
    world: &'a World,
}

impl Targets<'_> {
    fn notes(&self) -> Vec<At> {
        PATHS.iter().filter(|path| self.world.names.contains_key(**path)).copied().collect()
    }

    fn note(&self, by: u8) -> Option<At> {
        pick(&self.notes(), by)
    }

    /// A file, now and then a sidecar.
    fn file(&self, by: u8) -> Option<At> {
        let sidecars: Vec<At> = SIDECARS.iter().filter(|path| self.world.names.contains_key(**path)).copied().collect();
        if by % 5 == 0 { pick(&sidecars, by / 5).or_else(|| self.note(by)) } else { self.note(by) }
    }

    /// A path in a folder that is there.
    fn path(&self, by: u8) -> At {
        let paths: Vec<At> = PATHS.iter().filter(|path| self.world.dirs.contains(dir_of(path))).copied().collect();
        one(&paths, by)
    }

    /// A path that a file may be renamed to: sidecars stay sidecars.
    fn name_for(&self, from: At, by: u8) -> At {
        if !is_sidecar_name(from) {
            return self.path(by);
        }
        let fitting: Vec<At> = SIDECARS.iter().filter(|path| name_of(path) == name_of(from)).copied().collect();
        one(&fitting, by)
    }

    /// A folder that is there.
    fn dir(&self, by: u8) -> Option<At> {
        let dirs: Vec<At> =
            DIRS.iter().filter(|dir| FOLDERS.contains(dir) && self.world.dirs.contains(**dir)).copied().collect();
        pick(&dirs, by)
    }

    /// A tag that is there.
    fn tag(&self, by: u8) -> Option<Tag> {
        let tags = self.world.tags();
        pick(&TAGS.iter().filter(|tag| tags.contains(&tag.to_lowercase())).copied().collect::<Vec<_>>(), by)
    }

    /// A note in a tag's folder.
    fn entry(&self, by: u8) -> Option<(At, Tag)> {
        let entries: Vec<(At, Tag)> = self
            .notes()
            .into_iter()
            .flat_map(|at| self.world.meta(at).tags.into_iter().filter_map(move |tag| Some((at, known(&TAGS, &tag)?))))
            .collect();
        pick(&entries, by)
    }

    /// A note in a group of the view.
    fn card(&self, by: u8) -> Option<(At, Column)> {
        let groups =
            |at: At| self.world.groups_of(at).into_iter().filter_map(move |group| Some((at, known(&COLUMNS, &group)?)));
        let cards: Vec<(At, Column)> =
            self.notes().into_iter().filter(|at| self.world.is_card(at)).flat_map(groups).collect();
        pick(&cards, by)
    }

    /// One of the names of a note: its own, or one in a folder that shows it.
    fn via(&self, at: At, by: u8) -> Via {
        let tags: Vec<Tag> = self.world.meta(at).tags.iter().filter_map(|tag| known(&TAGS, tag)).collect();
        let mut ways = vec![Via::Real, Via::Real];
        ways.extend(tags.iter().map(|tag| Via::Tag(tag)));
        if let [first, .., last] = tags[..] {
            ways.push(Via::Both(first, last));
        }
        if self.world.is_card(at) {
            ways.extend(self.world.groups_of(at).iter().filter_map(|group| known(&COLUMNS, group)).map(Via::Group));
        }
        one(&ways, by)
    }
}
