//! The notes of one result, and the folders that show them: changed one note at a time.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::super::catalog::{Catalog, CatalogFile, Folder, names};
use super::source::{Evaluated, EvaluatedGroup};
use crate::types::FileKey;

/// A group's folder.
#[derive(Clone, Debug)]
pub struct GroupFolder {
    /// Its name.
    pub name: OsString,
    /// The value that its notes have in common (`None`: the property is missing).
    pub value: Option<String>,
    /// Its notes.
    pub folder: Arc<Folder>,
}

/// In which groups a note is; without groups: one, of no value.
type Groups = Box<[Option<Box<str>>]>;

/// The notes of one result.
#[derive(Debug)]
pub(super) struct Members {
    notes: HashMap<FileKey, (Arc<CatalogFile>, Groups)>,
    folders: HashMap<Option<Box<str>>, Arc<Folder>>,
    /// Folders in the order in which they are shown, until a group comes or goes.
    shown: Option<Arc<[GroupFolder]>>,
    /// Differs after groups came or went.
    groups_changed_ns: i64,
    numbered: bool,
    /// Values whose folders are shown even when empty, in order.
    columns: Vec<String>,
    /// Whether the catalog is told which notes are shown.
    counts: bool,
}

impl Members {
    pub(super) fn new(counts: bool) -> Self {
        Self {
            notes: HashMap::new(),
            folders: HashMap::new(),
            shown: None,
            groups_changed_ns: now_ns(),
            numbered: false,
            columns: Vec::new(),
            counts,
        }
    }

    /// How names are made, and which groups are always shown. Whether names are made otherwise than before: then the
    /// order has to be worked out again.
    pub(super) fn set_form(&mut self, numbered: bool, columns: &[String]) -> bool {
        if self.columns != columns {
            self.columns = columns.to_vec();
            self.touch_groups();
        }
        if self.numbered == numbered {
            return false;
        }
        self.folders.clear();
        self.numbered = numbered;
        self.touch_groups();
        let notes: Vec<(Arc<CatalogFile>, Groups)> = self.notes.values().cloned().collect();
        for (file, groups) in &notes {
            for group in groups {
                self.put_into(group.as_deref(), file);
            }
        }
        true
    }

    pub(super) fn contains(&self, file: FileKey) -> bool {
        self.notes.contains_key(&file)
    }

    /// The folder of all notes, where there are no groups.
    pub(super) fn all(&mut self) -> Arc<Folder> {
        Arc::clone(self.folder(None))
    }

    /// When the set of groups last changed, nanoseconds since the epoch.
    pub(super) fn groups_changed_ns(&self) -> i64 {
        self.groups_changed_ns
    }

    /// Takes in a whole result.
    pub(super) fn replace(&mut self, catalog: &Catalog, result: &Evaluated) {
        let flat = [(None, result.files.clone())];
        let groups: &[EvaluatedGroup] = result.groups.as_deref().unwrap_or(&flat);
        let mut memberships: HashMap<FileKey, Vec<Option<Box<str>>>> = HashMap::new();
        for (value, files) in groups {
            for file in files {
                memberships.entry(*file).or_default().push(value.as_deref().map(Into::into));
            }
        }
        let gone: Vec<FileKey> = self.notes.keys().filter(|key| !memberships.contains_key(key)).copied().collect();
        let mut shown = Vec::new();
        for (key, groups) in memberships {
            let was = self.contains(key);
            self.put(catalog, key, groups.into());
            if !was && self.contains(key) {
                shown.push(key);
            }
        }
        for key in &gone {
            self.take_out(*key);
        }
        if self.numbered {
            self.number(catalog, groups);
        }
        if self.counts {
            catalog.shown_by_view(&shown, &gone);
        }
    }

    /// Takes in whether, and in which groups, one note is.
    pub(super) fn set(&mut self, catalog: &Catalog, key: FileKey, result: Option<Evaluated>) {
        let was = self.contains(key);
        let is_in = match result {
            Some(Evaluated { groups: Some(groups), .. }) => {
                let groups: Groups = groups
                    .iter()
                    .filter(|(_, files)| files.contains(&key))
                    .map(|(value, _)| boxed(value.as_deref()))
                    .collect();
                (!groups.is_empty()).then_some(groups)
            }
            Some(Evaluated { files, groups: None }) => files.contains(&key).then(|| Groups::from([None])),
            None => None,
        };
        match is_in {
            Some(groups) => self.put(catalog, key, groups),
            None => self.take_out(key),
        }
        if self.counts && was != self.contains(key) {
            if was { catalog.shown_by_view(&[], &[key]) } else { catalog.shown_by_view(&[key], &[]) }
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, catalog: &Catalog) {
        self.replace(catalog, &Evaluated::default());
    }

    fn put(&mut self, catalog: &Catalog, key: FileKey, groups: Groups) {
        // What the maps do not know yet comes with a change of its own; what they no longer know is gone.
        let Some(file) = catalog.file(key) else { return self.take_out(key) };
        if let Some((old, old_groups)) = self.notes.get(&key) {
            if Arc::ptr_eq(old, &file) && *old_groups == groups {
                return;
            }
            let (old, old_groups) = (Arc::clone(old), old_groups.clone());
            for group in &old_groups {
                match self.folders.get(group).filter(|_| !self.numbered) {
                    Some(folder) if groups.contains(group) && old.is_shown_as(&file) => folder.refresh(file.clone()),
                    Some(folder) if groups.contains(group) => folder.exchange(&old, file.clone()),
                    _ => self.take_from(group.as_deref(), &old),
                }
            }
            for group in groups.iter().filter(|group| !old_groups.contains(group)) {
                self.put_into(group.as_deref(), &file);
            }
        } else {
            for group in &groups {
                self.put_into(group.as_deref(), &file);
            }
        }
        self.notes.insert(key, (file, groups));
    }

    fn take_out(&mut self, key: FileKey) {
        if let Some((file, groups)) = self.notes.remove(&key) {
            for group in &groups {
                self.take_from(group.as_deref(), &file);
            }
        }
    }

    fn put_into(&mut self, group: Option<&str>, file: &Arc<CatalogFile>) {
        if self.numbered {
            return;
        }
        let folder = Arc::clone(self.folder(group));
        if folder.is_empty() {
            self.touch_groups();
        }
        folder.insert(Arc::clone(file));
    }

    fn take_from(&mut self, group: Option<&str>, file: &CatalogFile) {
        let group: Option<Box<str>> = group.map(Into::into);
        let Some(folder) = self.folders.get(&group).filter(|_| !self.numbered) else { return };
        folder.remove(file);
        if folder.is_empty() {
            // The folder of all notes stays: whoever holds it goes on seeing what comes.
            if group.is_some() {
                self.folders.remove(&group);
            }
            self.touch_groups();
        }
    }

    fn folder(&mut self, group: Option<&str>) -> &Arc<Folder> {
        let group: Option<Box<str>> = group.map(Into::into);
        if !self.folders.contains_key(&group) {
            self.touch_groups();
        }
        self.folders.entry(group).or_default()
    }

    /// Makes numbered folders anew where their notes or their order differ.
    fn number(&mut self, catalog: &Catalog, groups: &[EvaluatedGroup]) {
        let mut folders = HashMap::new();
        for (value, files) in groups {
            let files: Vec<Arc<CatalogFile>> = files.iter().filter_map(|key| catalog.file(*key)).collect();
            let old = self.folders.get(&boxed(value.as_deref())).filter(|folder| {
                let old = folder.files();
                old.len() == files.len() && old.iter().zip(&files).all(|(old, file)| old.is_shown_as(file))
            });
            let folder = old.cloned().unwrap_or_else(|| Arc::new(Folder::numbered(files)));
            folders.insert(boxed(value.as_deref()), folder);
        }
        if folders.len() != self.folders.len() || folders.keys().any(|value| !self.folders.contains_key(value)) {
            self.touch_groups();
        }
        self.shown = None;
        self.folders = folders;
    }

    fn touch_groups(&mut self) {
        self.shown = None;
        self.groups_changed_ns = now_ns().max(self.groups_changed_ns + 1);
    }

    /// The folders of the groups: columns first, then the other values in order, notes without one last.
    pub(super) fn groups(&mut self) -> Arc<[GroupFolder]> {
        if let Some(shown) = &self.shown {
            return Arc::clone(shown);
        }
        let mut values: Vec<String> = self
            .folders
            .iter()
            .filter(|(_, folder)| !folder.is_empty())
            .filter_map(|(value, _)| value.as_deref().map(str::to_owned))
            .filter(|value| !self.columns.contains(value))
            .collect();
        values.sort_by(|a, b| compare_values(a, b));
        let columns = self.columns.clone();
        let mut shown: Vec<GroupFolder> = Vec::with_capacity(columns.len() + values.len() + 1);
        for value in columns.into_iter().chain(values).map(Some).chain([None]) {
            let folder = match self.folders.get(&boxed(value.as_deref())) {
                Some(folder) => Arc::clone(folder),
                None if value.is_none() => continue,
                None => Arc::clone(self.folders.entry(boxed(value.as_deref())).or_default()),
            };
            if value.is_some() || !folder.is_empty() {
                shown.push(GroupFolder { name: names::value_name(value.as_deref()), value, folder });
            }
        }
        let shown: Arc<[GroupFolder]> = shown.into();
        self.shown = Some(Arc::clone(&shown));
        shown
    }
}

fn boxed(value: Option<&str>) -> Option<Box<str>> {
    value.map(Into::into)
}

fn now_ns() -> i64 {
    super::super::catalog::now_ns()
}

/// Numbers by size, before everything else; the empty value last.
fn compare_values(a: &str, b: &str) -> std::cmp::Ordering {
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => (a.is_empty(), a).cmp(&(b.is_empty(), b)),
    }
}
