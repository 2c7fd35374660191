//! The members of one synthetic folder, with the names that they bear there.
//! Changed one member at a time; a listing is made when somebody asks and kept until a member changes.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::file::{ByName, CatalogFile, NameKey};
use super::names::{self, Qualified};
use crate::types::{FileId, FileKey, NodeNumber, NotebookNumber};

/// A member of a synthetic folder: the name that it bears there, and the note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The note's own file name, qualified (`stem~xxxxxx.ext`) where two members would bear the same.
    pub name: OsString,
    /// Which note.
    pub file: FileKey,
    /// Its number in the mount.
    pub node: NodeNumber,
}

/// The members of a folder: listed in order, looked up by name at a cost that does not depend on their number.
#[derive(Debug)]
pub struct Folder {
    state: RwLock<State>,
    listing: Mutex<Option<(u64, Arc<[Member]>)>>,
}

#[derive(Debug)]
struct State {
    entries: BTreeSet<ByName>,
    /// Members in the order of a result, where their names are numbered.
    numbered: Option<Vec<Arc<CatalogFile>>>,
    /// Names that child tags bear here, folded; notes of such a name are shown qualified.
    reserved: HashSet<Box<str>>,
    changed_ns: i64,
    generation: u64,
}

/// Every change of any folder has a number of its own.
static GENERATION: AtomicU64 = AtomicU64::new(1);

/// Least and greatest key, as bounds.
const LEAST: FileKey = FileKey { notebook: NotebookNumber(0), id: FileId(i64::MIN) };
const GREATEST: FileKey = FileKey { notebook: NotebookNumber(u16::MAX), id: FileId(i64::MAX) };

impl Default for Folder {
    fn default() -> Self {
        Self::new([])
    }
}

impl Folder {
    /// A folder of these files, in the order of their names.
    pub fn new(files: impl IntoIterator<Item = Arc<CatalogFile>>) -> Self {
        Self::with_state(files.into_iter().map(ByName).collect(), None)
    }

    /// A folder whose names bear their position: `001 name`.
    #[must_use]
    pub fn numbered(files: Vec<Arc<CatalogFile>>) -> Self {
        Self::with_state(BTreeSet::new(), Some(files))
    }

    fn with_state(entries: BTreeSet<ByName>, numbered: Option<Vec<Arc<CatalogFile>>>) -> Self {
        let (changed_ns, generation) = (now_ns(), GENERATION.fetch_add(1, Ordering::Relaxed));
        let state = State { entries, numbered, reserved: HashSet::new(), changed_ns, generation };
        Self { state: RwLock::new(state), listing: Mutex::new(None) }
    }

    /// Its members, in order.
    #[must_use]
    pub fn members(&self) -> Arc<[Member]> {
        let state = self.state.read();
        let mut listing = self.listing.lock();
        if let Some((generation, members)) = &*listing
            && *generation == state.generation
        {
            return Arc::clone(members);
        }
        let members: Arc<[Member]> = state.list().into();
        *listing = Some((state.generation, Arc::clone(&members)));
        members
    }

    /// The member that bears a name.
    #[must_use]
    pub fn lookup(&self, name: &OsStr) -> Option<Member> {
        self.find(name).map(|file| Member { name: name.to_owned(), file: file.key, node: file.node })
    }

    /// The file that bears a name.
    #[must_use]
    pub fn find(&self, name: &OsStr) -> Option<Arc<CatalogFile>> {
        self.state.read().find(name)
    }

    /// The name that a note bears in it. Looks at every member: use [`Folder::shown_name`] where the file is at hand.
    #[must_use]
    pub fn name_of(&self, file: FileKey) -> Option<OsString> {
        self.members().iter().find(|member| member.file == file).map(|member| member.name.clone())
    }

    /// The name that a file bears in it.
    #[must_use]
    pub fn shown_name(&self, file: &CatalogFile) -> Option<OsString> {
        let state = self.state.read();
        if state.numbered.is_some() {
            drop(state);
            return self.name_of(file.key);
        }
        let key: (&[u8], u64, FileKey) = (file.comparable_name(), file.digest(), file.key);
        let entry = state.entries.get(&key as &dyn NameKey)?;
        Some(state.shown_name(entry))
    }

    /// Whether a file is one of its members.
    #[must_use]
    pub fn contains(&self, file: &CatalogFile) -> bool {
        let state = self.state.read();
        let key: (&[u8], u64, FileKey) = (file.comparable_name(), file.digest(), file.key);
        match &state.numbered {
            Some(files) => files.iter().any(|member| member.key == file.key),
            None => state.entries.contains(&key as &dyn NameKey),
        }
    }

    /// All files in it, in order.
    #[must_use]
    pub fn files(&self) -> Vec<Arc<CatalogFile>> {
        let state = self.state.read();
        match &state.numbered {
            Some(files) => files.clone(),
            None => state.entries.iter().map(|entry| Arc::clone(&entry.0)).collect(),
        }
    }

    /// How many members it has.
    #[must_use]
    pub fn len(&self) -> usize {
        let state = self.state.read();
        state.numbered.as_ref().map_or(state.entries.len(), Vec::len)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When its members last changed, nanoseconds since the epoch. Never falls.
    #[must_use]
    pub fn changed_ns(&self) -> i64 {
        self.state.read().changed_ns
    }

    /// Says that it changed no earlier than this.
    pub(crate) fn set_changed_ns(&self, changed_ns: i64) {
        let mut state = self.state.write();
        state.changed_ns = state.changed_ns.max(changed_ns);
    }

    /// A number that differs after every change of its entries.
    pub(crate) fn generation(&self) -> u64 {
        self.state.read().generation
    }

    /// Puts a file in the place of another (or of what it was before) at once.
    pub(crate) fn exchange(&self, old: &CatalogFile, file: Arc<CatalogFile>) {
        let mut state = self.state.write();
        let key: (&[u8], u64, FileKey) = (old.comparable_name(), old.digest(), old.key);
        state.entries.remove(&key as &dyn NameKey);
        let has_other_name = old.comparable_name() != file.comparable_name() || old.digest() != file.digest();
        state.entries.insert(ByName(file));
        if has_other_name {
            state.touch();
        } else {
            // Only its number differs: a listing has to be made anew, but the folder has not changed.
            state.generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds a file. Not for numbered folders.
    pub(crate) fn insert(&self, file: Arc<CatalogFile>) {
        let mut state = self.state.write();
        if state.entries.replace(ByName(file)).is_none() {
            state.touch();
        }
    }

    /// Adds files that are in order.
    pub(super) fn insert_all(&self, files: Vec<ByName>) {
        if files.is_empty() {
            return;
        }
        let mut state = self.state.write();
        let mut files: BTreeSet<ByName> = files.into_iter().collect();
        state.entries.append(&mut files);
        state.touch();
    }

    /// Replaces what it holds of a file that is shown as before.
    pub(crate) fn refresh(&self, file: Arc<CatalogFile>) {
        self.state.write().entries.replace(ByName(file));
    }

    /// Takes a file out; whether it was in it.
    pub(crate) fn remove(&self, file: &CatalogFile) -> bool {
        let mut state = self.state.write();
        let key: (&[u8], u64, FileKey) = (file.comparable_name(), file.digest(), file.key);
        let removed = state.entries.remove(&key as &dyn NameKey);
        if removed {
            state.touch();
        }
        removed
    }

    /// A child tag takes (or gives back) a name, folded.
    pub(crate) fn reserve(&self, name: &str, taken: bool) {
        let mut state = self.state.write();
        let changed = if taken { state.reserved.insert(name.into()) } else { state.reserved.remove(name) };
        if changed {
            state.touch();
        }
    }

    /// The files that bear exactly this name (before any qualification).
    pub(crate) fn named(&self, name: &OsStr) -> Vec<Arc<CatalogFile>> {
        let name = names::comparable(name);
        self.state.read().range(&name, 0, u64::MAX).map(|entry| Arc::clone(&entry.0)).collect()
    }
}

impl State {
    fn touch(&mut self) {
        self.changed_ns = now_ns().max(self.changed_ns + 1);
        self.generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    /// Entries of a name whose digests are within bounds.
    fn range(&self, name: &[u8], least: u64, greatest: u64) -> impl DoubleEndedIterator<Item = &ByName> {
        let (least, greatest) = ((name, least, LEAST), (name, greatest, GREATEST));
        let bounds: (Bound<&dyn NameKey>, Bound<&dyn NameKey>) = (Bound::Included(&least), Bound::Included(&greatest));
        self.entries.range::<dyn NameKey, _>(bounds)
    }

    fn is_reserved(&self, name: &OsStr) -> bool {
        !self.reserved.is_empty() && names::folded(name).is_some_and(|name| self.reserved.contains(&*name))
    }

    fn find(&self, name: &OsStr) -> Option<Arc<CatalogFile>> {
        if let Some(files) = &self.numbered {
            let file = files.get(names::position(name)?.checked_sub(1)?)?;
            return (names::numbered(names::position(name)?, files.len(), file.name()) == name)
                .then(|| Arc::clone(file));
        }
        let bare = names::comparable(name);
        let mut same = self.range(&bare, 0, u64::MAX);
        if let (Some(only), None) = (same.next(), same.next())
            && !self.is_reserved(name)
        {
            return Some(Arc::clone(&only.0));
        }
        self.find_qualified(&Qualified::parse(OsStr::from_bytes(&bare))?)
    }

    fn find_qualified(&self, name: &Qualified) -> Option<Arc<CatalogFile>> {
        let bare = name.bare();
        let mut found = self.range(&bare, name.least, name.greatest);
        if let Some(first) = found.next() {
            return found.next().is_none().then(|| Arc::clone(&first.0));
        }
        if !name.may_be_cut {
            return None;
        }
        let least = (&*name.stem, 0, LEAST);
        let bounds: (Bound<&dyn NameKey>, Bound<&dyn NameKey>) = (Bound::Included(&least), Bound::Unbounded);
        let mut cut = self
            .entries
            .range::<dyn NameKey, _>(bounds)
            .take_while(|entry| entry.0.comparable_name().starts_with(&name.stem))
            .filter(|entry| (name.least..=name.greatest).contains(&entry.0.digest()))
            .filter(|entry| entry.0.comparable_name().ends_with(&name.extension));
        let first = cut.next()?;
        cut.next().is_none().then(|| Arc::clone(&first.0))
    }

    /// The name of an entry between its neighbours.
    fn name_between(&self, before: Option<&ByName>, entry: &ByName, after: Option<&ByName>) -> OsString {
        let same = |other: &&ByName| other.0.comparable_name() == entry.0.comparable_name();
        let digits = [before, after].into_iter().flatten().filter(same);
        let digits = digits.map(|other| names::digits_apart(entry.0.digest(), other.0.digest())).max();
        match digits {
            Some(digits) => names::qualified(entry.0.name(), entry.0.digest(), digits),
            None if self.is_reserved(entry.0.name()) => entry.0.qualified_name(),
            None => entry.0.name().to_owned(),
        }
    }

    fn shown_name(&self, entry: &ByName) -> OsString {
        let (name, digest) = (entry.0.comparable_name(), entry.0.digest());
        let before = self.range(name, 0, digest).rev().find(|other| *other < entry);
        let after = self.range(name, digest, u64::MAX).find(|other| *other > entry);
        self.name_between(before, entry, after)
    }

    fn list(&self) -> Vec<Member> {
        let member = |name, file: &CatalogFile| Member { name, file: file.key, node: file.node };
        if let Some(files) = &self.numbered {
            let number =
                |(i, file): (usize, &Arc<CatalogFile>)| member(names::numbered(i + 1, files.len(), file.name()), file);
            return files.iter().enumerate().map(number).collect();
        }
        let mut members = Vec::with_capacity(self.entries.len());
        let (mut before, mut entries) = (None, self.entries.iter().peekable());
        while let Some(entry) = entries.next() {
            members.push(member(self.name_between(before, entry, entries.peek().copied()), &entry.0));
            before = Some(entry);
        }
        members
    }
}

/// Nanoseconds since the epoch.
pub(crate) fn now_ns() -> i64 {
    i64::try_from(crate::sys::now().as_nanosecond()).unwrap_or(i64::MAX)
}
