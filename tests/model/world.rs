//! The state: files with their names and contents, tags, the columns of the view; and what each folder shows.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::Meta;
use super::op::{Op, Via};

/// The group of notes without a status.
pub const NONE: &str = "_none";

/// A file of the store: one inode, whatever names it has.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Its bytes, as last seen where Codex has edited them.
    pub bytes: Vec<u8>,
    /// What it must say now, where Codex has edited it since.
    pub edited: Option<Meta>,
}

/// The name of a note in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Its own.
    Bare(String),
    /// `stem~xxxxxx.ext`, since its own is ambiguous there.
    Qualified,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The note's path.
    pub path: String,
    /// Its name there.
    pub shown: Shown,
}

/// The folders, notes and tags of one sequence. Paths and tags are those of the alphabet, lower case.
#[derive(Clone, Debug)]
pub struct World {
    /// What the sequence is called: part of the names of its folders and tags.
    pub sequence: String,
    /// Folders of the real tree.
    pub dirs: BTreeSet<String>,
    /// Files of the real tree by path.
    pub names: BTreeMap<String, u32>,
    pub(super) files: BTreeMap<u32, File>,
    pub(super) next: u32,
    pub(super) declared: BTreeSet<String>,
    /// Tags that were emptied through their own folders: shown though no note bears them.
    pub(super) staying: BTreeSet<String>,
    /// Tags of which mount.md does not say whether they are still shown though no note bears them.
    pub(super) perhaps: BTreeSet<String>,
    /// Notes that were saved by removing their entry and making it anew: for a second or more they keep that tag
    /// whatever is written into them, so that nothing else is done to them.
    pub(super) saving: BTreeSet<String>,
    /// Columns that the view always shows.
    pub columns: BTreeSet<String>,
    /// The most names in synthetic folders that any note had by one of its paths: counts fall late, each by itself.
    most_synthetic: usize,
    /// The greatest link count that any file may have shown.
    most_links: u64,
    /// Names (folder, name) of refused renames: for 2 s this process cannot make them.
    pub(super) refused: BTreeSet<(String, String)>,
}

impl World {
    /// Two empty folders, one in each notebook, and a view with three columns.
    pub fn new(sequence: &str) -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        Self {
            sequence: sequence.to_owned(),
            dirs: set(&["lab", "home"]),
            names: BTreeMap::new(),
            files: BTreeMap::new(),
            next: 0,
            declared: BTreeSet::new(),
            staying: BTreeSet::new(),
            perhaps: BTreeSet::new(),
            saving: BTreeSet::new(),
            columns: set(&["todo", "doing", "done"]),
            most_synthetic: 0,
            most_links: 0,
            refused: BTreeSet::new(),
        }
    }

    // ---- files ----

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(self.names.get(path)?)
    }

    pub(super) fn file_mut(&mut self, path: &str) -> Option<&mut File> {
        self.files.get_mut(self.names.get(path)?)
    }

    /// Takes in the bytes that Codex has written to a file.
    pub fn adopt(&mut self, path: &str, bytes: Vec<u8>) {
        if let Some(file) = self.file_mut(path) {
            (file.bytes, file.edited) = (bytes, None);
        }
    }

    /// How many names a file has.
    pub fn names_of(&self, path: &str) -> usize {
        self.names.get(path).map_or(0, |id| self.names.values().filter(|other| *other == id).count())
    }

    /// The paths of all files that have rows of their own: all but sidecars.
    pub fn notes(&self) -> impl Iterator<Item = &String> {
        self.names.keys().filter(|path| self.is_note(path))
    }

    /// Whether a file is no sidecar.
    pub fn is_note(&self, path: &str) -> bool {
        let has = |path: &String| self.names.contains_key(path);
        has(&path.to_owned()) && !subjects_of(path).iter().any(has)
    }

    /// What one file says by itself.
    fn own(&self, path: &str) -> Meta {
        let Some(file) = self.file(path) else { return Meta::default() };
        let name = name_of(path);
        file.edited.clone().unwrap_or_else(|| self.without_prefix(Meta::read(name, &file.bytes)))
    }

    /// What a file says, with the tags of the alphabet.
    pub fn read(&self, path: &str, bytes: &[u8]) -> Meta {
        self.without_prefix(Meta::read(name_of(path), bytes))
    }

    fn without_prefix(&self, meta: Meta) -> Meta {
        let strip = |tag: &String| tag.strip_prefix(&self.sequence).unwrap_or(tag).to_owned();
        Meta { tags: meta.tags.iter().map(strip).collect(), ..meta }
    }

    /// What the sources of a note's metadata are: itself if it is a page, and its sidecars; later ones win.
    pub(super) fn sources(&self, path: &str) -> Vec<(String, Meta)> {
        let own = is_page(path).then(|| path.to_owned());
        let sidecars = sidecars_of(path).into_iter().filter(|sidecar| self.names.contains_key(sidecar));
        own.into_iter().chain(sidecars).map(|source| (source.clone(), self.own(&source))).collect()
    }

    /// What a note says.
    pub fn meta(&self, path: &str) -> Meta {
        let mut meta = Meta::default();
        for (_, source) in self.sources(path) {
            meta.tags.extend(source.tags);
            if !source.status.is_empty() || source.is_list {
                (meta.status, meta.is_list) = (source.status, source.is_list);
            }
            meta.board = source.board.or(meta.board);
        }
        meta
    }

    // ---- tags ----

    fn borne(&self) -> BTreeSet<String> {
        self.notes().flat_map(|path| self.meta(path).tags).flat_map(|tag| with_parents(&tag)).collect()
    }

    /// Tags that must have folders.
    pub fn required_tags(&self) -> BTreeSet<String> {
        let kept = self.declared.iter().chain(&self.staying).flat_map(|tag| with_parents(tag));
        self.borne().into_iter().chain(kept).collect()
    }

    /// Tags that have folders.
    pub fn tags(&self) -> BTreeSet<String> {
        self.required_tags().into_iter().chain(self.perhaps.iter().flat_map(|tag| with_parents(tag))).collect()
    }

    /// Takes in which of the tags that may have folders have.
    ///
    /// # Errors
    /// A tag that has one and must not, or must and has none.
    pub fn observe_tags(&mut self, seen: &BTreeSet<String>) -> Result<(), String> {
        let required = self.required_tags();
        if let Some(tag) = required.iter().find(|tag| !seen.contains(*tag)) {
            return Err(format!("the tag {tag} has no folder"));
        }
        let known = self.tags();
        if let Some(tag) = seen.iter().find(|tag| !known.contains(*tag)) {
            return Err(format!("the tag {tag} has a folder"));
        }
        self.perhaps.extend(seen.difference(&required).cloned());
        self.perhaps.retain(|tag| seen.contains(tag));
        Ok(())
    }

    /// Tags directly below one, or at the top.
    pub fn children(&self, of: Option<&str>) -> BTreeSet<String> {
        self.tags().into_iter().filter(|tag| parent_tag(tag) == of).collect()
    }

    /// What the folder of a tag shows besides child tags.
    pub fn tag_folder(&self, tag: &str) -> Vec<Entry> {
        let members = self.notes().filter(|path| self.meta(path).tags.contains(tag));
        let children = self.children(Some(tag));
        let taken: BTreeSet<&str> = children.iter().filter_map(|child| child.rsplit('/').next()).collect();
        shown(members, &taken)
    }

    /// What `tags/a/+b` (or `-b`) shows.
    pub fn operator_folder(&self, a: &str, is_in: bool, b: &str) -> Vec<Entry> {
        let members = self.notes().filter(|path| {
            let tags = self.meta(path).tags;
            tags.contains(a) && tags.contains(b) == is_in
        });
        let children = self.children(Some(b));
        let taken: BTreeSet<&str> = children.iter().filter_map(|child| child.rsplit('/').next()).collect();
        shown(members, &taken)
    }

    /// Tags that were emptied by an operation other than one in their own folder go; those emptied in it stay.
    pub(super) fn forget_filled(&mut self) {
        let borne = self.borne();
        let filled: Vec<String> = self.staying.iter().filter(|tag| borne.contains(*tag)).cloned().collect();
        for tag in filled {
            self.staying.remove(&tag);
            self.perhaps.insert(tag);
        }
    }

    /// All that lingers may be gone: the workspace was opened anew.
    pub fn restarted(&mut self) {
        let staying = std::mem::take(&mut self.staying);
        self.perhaps.extend(staying);
        self.refused.clear();
        self.saving.clear();
    }

    /// Whether an operation concerns a note that is being saved.
    pub(super) fn is_saving(&self, op: &Op) -> bool {
        let paths = op.paths();
        self.saving.iter().any(|saving| {
            let id = self.names.get(saving);
            let is_it = |path: &&str| {
                saving.starts_with(*path)
                    || self.names.get(*path) == id
                    || sidecars_of(saving).iter().any(|sidecar| sidecar == path)
            };
            // By its bare name it is found where another note's could be meant.
            let is_meant = |path: &&str| name_of(path) == name_of(saving);
            let goes_by_name = matches!(op, Op::Tag { .. } | Op::Retag { .. });
            (goes_by_name && paths.iter().any(is_meant))
                || paths.iter().any(is_it)
                || matches!(op, Op::RenameTag { .. })
        })
    }

    /// Whether an entry that is being saved may still bear its bare name in folders where that is ambiguous by now.
    pub fn may_be_bare(&self, path: &str) -> bool {
        self.saving.iter().any(|saving| name_of(saving) == name_of(path))
    }

    // ---- the view ----

    /// Whether the view shows a note.
    pub fn is_card(&self, path: &str) -> bool {
        path.starts_with("lab/") && self.is_note(path) && self.meta(path).board.as_ref() == Some(&self.sequence)
    }

    /// The groups that a note is in, if the view shows it.
    pub fn groups_of(&self, path: &str) -> BTreeSet<String> {
        let status = self.meta(path).status;
        if status.is_empty() { BTreeSet::from([NONE.to_owned()]) } else { status }
    }

    /// The groups of the view.
    pub fn groups(&self) -> BTreeSet<String> {
        let cards = self.notes().filter(|path| self.is_card(path));
        cards.flat_map(|path| self.groups_of(path)).chain(self.columns.iter().cloned()).collect()
    }

    /// What a group shows.
    pub fn group(&self, group: &str) -> Vec<Entry> {
        let members = self.notes().filter(|path| self.is_card(path) && self.groups_of(path).contains(group));
        shown(members, &BTreeSet::new())
    }

    /// All notes.
    pub fn all(&self) -> Vec<Entry> {
        shown(self.notes(), &BTreeSet::new())
    }

    /// What a search for all notes of the view shows.
    pub fn search(&self) -> Vec<Entry> {
        let members = self.notes().filter(|path| self.meta(path).board.as_ref() == Some(&self.sequence));
        shown(members, &BTreeSet::new())
    }

    // ---- places ----

    /// The entries of the folder by which a note is reached; `None` for its own place.
    pub fn folder(&self, via: Via) -> Option<Vec<Entry>> {
        match via {
            Via::Real => None,
            Via::Tag(tag) => Some(self.tag_folder(&tag.to_lowercase())),
            Via::Both(a, b) => Some(self.operator_folder(&a.to_lowercase(), true, &b.to_lowercase())),
            Via::Group(group) => Some(self.group(group)),
        }
    }

    /// The name of a note in such a folder, if it is there.
    pub fn shown_in(&self, path: &str, via: Via) -> Option<Shown> {
        self.folder(via)?.into_iter().find(|entry| entry.path == path).map(|entry| entry.shown)
    }

    /// Least and greatest link count that a file may show. Counts fall a second late: `is_late` says that the second
    /// is over.
    pub fn link_bounds(&mut self, path: &str, is_late: bool) -> (u64, u64) {
        let id = self.names.get(path).copied();
        let same: Vec<&String> =
            self.names.iter().filter(|(_, other)| **other == id.unwrap_or(0)).map(|(path, _)| path).collect();
        let count = |path: &String| {
            if self.is_note(path) { self.meta(path).tags.len() + usize::from(self.is_card(path)) } else { 0 }
        };
        let (names, all) = (same.len(), same.iter().map(|path| count(path)).sum::<usize>());
        let own = if self.is_note(path) { self.meta(path).tags.len() } else { 0 };
        self.most_synthetic = self.most_synthetic.max(same.iter().map(|path| count(path)).max().unwrap_or(0));
        // A note that moves from one tag to another, or out of the view, may have both for a moment.
        self.most_links = self.most_links.max((names * (2 + self.most_synthetic)) as u64);
        if is_late {
            return ((names + all) as u64, (names + all) as u64);
        }
        ((names + own) as u64, self.most_links)
    }
}

/// The entries of a folder: those whose names are taken, or shared, are qualified.
fn shown<'a>(members: impl Iterator<Item = &'a String>, taken: &BTreeSet<&str>) -> Vec<Entry> {
    let paths: Vec<&String> = members.collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    paths.iter().for_each(|path| *counts.entry(name_of(path)).or_default() += 1);
    let entry = |path: &&String| {
        let name = name_of(path);
        let is_taken = counts[name] > 1 || taken.contains(name.to_lowercase().as_str());
        let shown = if is_taken { Shown::Qualified } else { Shown::Bare(name.to_owned()) };
        Entry { path: (*path).clone(), shown }
    };
    paths.iter().map(entry).collect()
}

/// The last component of a path.
pub fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The folder of a path.
pub fn dir_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// Whether a file has frontmatter of its own.
pub fn is_page(path: &str) -> bool {
    path.ends_with(".md")
}

/// Where a note's sidecars may be, in the order of merging.
pub fn sidecars_of(path: &str) -> [String; 2] {
    [format!("{}/.{}.json", dir_of(path), name_of(path)), format!("{path}.md")]
}

/// What a file would be the sidecar of.
pub fn subjects_of(path: &str) -> Vec<String> {
    let name = name_of(path);
    let json = name.strip_prefix('.').and_then(|name| name.strip_suffix(".json"));
    let page = name.strip_suffix(".md");
    json.into_iter().chain(page).map(|name| format!("{}/{name}", dir_of(path))).collect()
}

/// The tag above one.
pub fn parent_tag(tag: &str) -> Option<&str> {
    tag.rsplit_once('/').map(|(parent, _)| parent)
}

/// A tag and all above it.
pub fn with_parents(tag: &str) -> Vec<String> {
    let mut tags = vec![tag.to_owned()];
    let mut at = tag;
    while let Some(parent) = parent_tag(at) {
        tags.push(parent.to_owned());
        at = parent;
    }
    tags
}

/// Whether a name is that of a JSON sidecar.
pub fn is_sidecar_name(path: &str) -> bool {
    name_of(path).starts_with('.')
}
