//! Looking at the store: what is at a path, which files are its sidecars, and what the index should hold of it.
//! It reads the store and the index and changes neither.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;

use crate::index::notebook::IndexedStat;
use crate::index::parse::{self, SidecarKind};
use crate::sys::{StoreError, StoreStat};
use crate::types::NotePath;

use super::Notebook;

/// What is at a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum There {
    /// Something, with these attributes.
    Present(StoreStat),
    /// Nothing.
    Absent,
    /// It cannot be told (no permission, a failing disk): nothing may be concluded from it.
    Unknown,
}

impl There {
    /// Its attributes, if it is a regular file.
    pub(super) fn file(&self) -> Option<&StoreStat> {
        match self {
            Self::Present(stat) if stat.is_file() => Some(stat),
            _ => None,
        }
    }
}

/// A sidecar of a file that is there.
#[derive(Clone, Debug)]
pub(super) struct SidecarFile {
    pub(super) path: NotePath,
    pub(super) name: String,
    pub(super) kind: SidecarKind,
    pub(super) stat: StoreStat,
}

/// A file that the index should have a row of.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) stat: StoreStat,
    /// In the order in which they are merged.
    pub(super) sidecars: Vec<SidecarFile>,
    pub(super) mark: i64,
}

impl Wanted {
    /// A file with its sidecars.
    pub(super) fn new(stat: StoreStat, sidecars: Vec<SidecarFile>) -> Self {
        let newest = sidecars.iter().map(|sidecar| sidecar.stat.mtime_ns).max();
        let mark = newest.map_or(0, |newest| {
            sidecars.iter().fold(newest, |mark, sidecar| mark ^ i64::try_from(sidecar.stat.size).unwrap_or(i64::MAX))
        });
        Self { stat, sidecars, mark }
    }

    /// Attributes of all that a row is made of.
    pub(super) fn stats(&self) -> impl Iterator<Item = &StoreStat> {
        std::iter::once(&self.stat).chain(self.sidecars.iter().map(|sidecar| &sidecar.stat))
    }

    /// Whether a row says just this.
    pub(super) fn is_as(&self, row: &IndexedStat) -> bool {
        (row.store, row.size, row.mtime_ns, row.ctime_ns, row.sidecar_mark)
            == (self.stat.key, self.stat.size, self.stat.mtime_ns, self.stat.ctime_ns, self.mark)
    }
}

/// Folders with more paths to look at than this are listed once instead.
const DENSE: usize = 24;

/// A look at one notebook, for the length of a batch: each path is asked for once.
pub(super) struct Looker<'a> {
    pub(super) notebook: &'a Notebook,
    seen: HashMap<NotePath, There>,
    listed: HashMap<NotePath, HashSet<OsString>>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(notebook: &'a Notebook) -> Self {
        Self { notebook, seen: HashMap::new(), listed: HashMap::new() }
    }

    /// Lists the folders that many of the paths are in, so that names that are not there cost nothing.
    pub(super) fn expect<'p>(&mut self, paths: impl Iterator<Item = &'p NotePath>) {
        let mut counts: HashMap<NotePath, usize> = HashMap::new();
        for path in paths {
            *counts.entry(path.parent()).or_default() += 1;
        }
        for (folder, _) in counts.into_iter().filter(|(_, count)| *count > DENSE) {
            if let Ok(entries) = self.notebook.dir.list(&folder) {
                self.listed.insert(folder, entries.into_iter().map(|entry| entry.name).collect());
            }
        }
    }

    /// What is at a path.
    pub(super) fn at(&mut self, path: &NotePath) -> There {
        if let Some(there) = self.seen.get(path) {
            return *there;
        }
        let there = match self.notebook.dir.stat(path) {
            Ok(stat) => There::Present(stat),
            Err(error) if error.is_not_found() || error.errno() == libc::ELOOP => There::Absent,
            Err(_) => There::Unknown,
        };
        self.seen.insert(path.clone(), there);
        there
    }

    /// As [`Looker::at`], for names that are only guessed.
    fn guess(&mut self, folder: &NotePath, name: &str) -> Option<(NotePath, StoreStat)> {
        if let Some(names) = self.listed.get(folder)
            && !names.contains(std::ffi::OsStr::new(name))
        {
            return None;
        }
        let path = folder.join(name).ok()?;
        let stat = *self.at(&path).file()?;
        Some((path, stat))
    }

    /// The files that `path` describes, if it is a sidecar.
    pub(super) fn subjects(&mut self, path: &NotePath) -> Vec<NotePath> {
        let folder = path.parent();
        let names = path.name().to_str().map(parse::sidecar_subjects).unwrap_or_default();
        names.iter().filter_map(|name| self.guess(&folder, name)).map(|(path, _)| path).collect()
    }

    /// The files that would be sidecars of `path`.
    pub(super) fn sidecars(&mut self, path: &NotePath) -> Vec<SidecarFile> {
        let folder = path.parent();
        let names = path.name().to_str().map(parse::sidecar_names).unwrap_or_default();
        let mut found = Vec::new();
        for (name, kind) in names {
            if let Some((path, stat)) = self.guess(&folder, &name) {
                found.push(SidecarFile { path, name, kind, stat });
            }
        }
        found
    }

    /// What the index should hold of a path: a row, none, or what it has (`Err`) where it cannot be told.
    pub(super) fn wanted(&mut self, path: &NotePath) -> Result<Option<Wanted>, StoreError> {
        let stat = match self.at(path) {
            There::Present(stat) => stat,
            There::Absent => return Ok(None),
            There::Unknown => {
                let stat = self.notebook.dir.stat(path)?;
                self.seen.insert(path.clone(), There::Present(stat));
                stat
            }
        };
        if !stat.is_file() {
            return Ok(None);
        }
        if !has_row(path) || !self.subjects(path).is_empty() {
            return Ok(None);
        }
        Ok(Some(Wanted::new(stat, self.sidecars(path))))
    }
}

/// Whether a file of this path can have a row: the index takes only names that are text, and a folder's `.metadata`
/// belongs to the folder.
pub(super) fn has_row(path: &NotePath) -> bool {
    path.to_str().is_some() && path.name() != ".metadata"
}
