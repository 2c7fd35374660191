//! `.codex/at` and `.codex/history`: notebooks and files as they were. Everything here is only read.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;

use parking_lot::Mutex;

use super::inner::Inner;
use super::list::listed;
use super::names::{When, is_version_name, parse_when, version_name};
use super::{Answer, Found, Listed, PastFile, Place, Refused};
use crate::engine::Notebook;
use crate::history::{PastEntry, PastKind, Version};
use crate::types::{CommitId, Instant, NotePath, NotebookNumber};

/// More versions of one file than this are not shown.
const VERSIONS: usize = 10_000;

/// The versions of the file that was looked at last: a listing asks for each of them.
#[derive(Debug, Default)]
pub(super) struct VersionCache(Mutex<Option<FileVersions>>);

/// Of a file, as of a head of the history.
type FileVersions = (NotebookNumber, NotePath, CommitId, Arc<Vec<Version>>);

fn nanoseconds(time: Instant) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

impl Inner {
    // ---- at ----

    pub(super) fn lookup_at_root(&self, name: &OsStr) -> Answer<Found> {
        let time = name.to_str().ok_or_else(Refused::not_found)?;
        let when = self.when(time)?;
        let is_known = |notebook: &Arc<Notebook>| commit_at(notebook, &when).is_ok_and(|commit| commit.is_some());
        if matches!(when, When::Commit(_)) && !self.engine.notebooks().iter().any(is_known) {
            return Err(Refused::new(libc::ENOENT, format!("no history has a commit that begins with {time}")));
        }
        Ok(Found::Dir(Place::At(time.to_owned())))
    }

    fn when(&self, time: &str) -> Answer<When> {
        let zone = self.engine.settings().timezone.clone();
        parse_when(time, &zone, Instant::now()).ok_or_else(|| {
            Refused::new(
                libc::ENOENT,
                format!("`{time}` is no time: use 2026-11-21, 2026-11-21T14:30, yesterday or a commit's first digits"),
            )
        })
    }

    pub(super) fn lookup_at(&self, time: &str, name: &OsStr) -> Answer<Found> {
        let notebook =
            name.to_str().and_then(|name| self.engine.notebook_named(name)).ok_or_else(Refused::not_found)?;
        let commit = commit_at(&notebook, &self.when(time)?)?.ok_or_else(Refused::not_found)?;
        Ok(Found::Dir(past(time, notebook.number, commit, NotePath::root())))
    }

    pub(super) fn list_at(&self, time: &str) -> Answer<Vec<Listed>> {
        let when = self.when(time)?;
        let mut entries = Vec::new();
        for notebook in self.engine.notebooks() {
            if let Some(commit) = commit_at(&notebook, &when)? {
                let place = past(time, notebook.number, commit, NotePath::root());
                entries.push(listed(notebook.name().as_str(), Found::Dir(place)));
            }
        }
        Ok(entries)
    }

    pub(super) fn lookup_past(
        &self,
        time: &str,
        notebook: NotebookNumber,
        commit: CommitId,
        folder: &NotePath,
        name: &OsStr,
    ) -> Answer<Found> {
        let path = folder.join(name.as_bytes()).map_err(|_| Refused::not_found())?;
        let history = &self.notebook(notebook)?.history;
        let entry = history.entry(commit, &path)?.ok_or_else(Refused::not_found)?;
        let time_ns = self.commit_ns(notebook, commit)?;
        self.past_entry(time, notebook, commit, path, (&entry, time_ns))
    }

    fn past_entry(
        &self,
        time: &str,
        notebook: NotebookNumber,
        commit: CommitId,
        path: NotePath,
        (entry, time_ns): (&PastEntry, i64),
    ) -> Answer<Found> {
        Ok(match entry.kind {
            PastKind::Folder => Found::Dir(past(time, notebook, commit, path)),
            PastKind::File { executable } => {
                Found::PastFile(PastFile { notebook, blob: entry.id, time_ns, executable })
            }
            PastKind::Symlink => Found::Symlink(self.notebook(notebook)?.history.blob(entry.id)?.to_vec()),
        })
    }

    pub(super) fn list_past(
        &self,
        time: &str,
        notebook: NotebookNumber,
        commit: CommitId,
        folder: &NotePath,
    ) -> Answer<Vec<Listed>> {
        let time_ns = self.commit_ns(notebook, commit)?;
        let mut entries = Vec::new();
        for entry in self.notebook(notebook)?.history.list(commit, folder)? {
            let Ok(path) = folder.join(&entry.name) else { continue };
            let found = self.past_entry(time, notebook, commit, path, (&entry, time_ns))?;
            entries.push(listed(std::ffi::OsString::from_vec(entry.name.clone()), found));
        }
        Ok(entries)
    }

    pub(super) fn commit_ns(&self, notebook: NotebookNumber, commit: CommitId) -> Answer<i64> {
        Ok(nanoseconds(self.notebook(notebook)?.history.commit(commit)?.time))
    }

    // ---- history ----

    pub(super) fn lookup_history_root(&self, name: &OsStr) -> Answer<Found> {
        let notebook =
            name.to_str().and_then(|name| self.engine.notebook_named(name)).ok_or_else(Refused::not_found)?;
        Ok(Found::Dir(Place::History(Some((notebook.number, NotePath::root())))))
    }

    pub(super) fn list_history_root(&self) -> Vec<Listed> {
        let folder = |notebook: &Arc<Notebook>| {
            listed(notebook.name().as_str(), Found::Dir(Place::History(Some((notebook.number, NotePath::root())))))
        };
        self.engine.notebooks().iter().map(folder).collect()
    }

    /// A version of the file at `path`, else what is or was below the folder at `path`.
    pub(super) fn lookup_history(&self, notebook: NotebookNumber, path: &NotePath, name: &OsStr) -> Answer<Found> {
        if is_version_name(name) && !path.is_root() {
            let versions = self.versions_of(notebook, path)?;
            let version = versions
                .iter()
                .find(|version| version_name(version.commit.time, version.commit.id, version.path.name()) == name);
            if let Some(found) = version.map(|version| self.version(notebook, version)).transpose()?.flatten() {
                return Ok(found);
            }
        }
        let below = path.join(name.as_bytes()).map_err(|_| Refused::not_found())?;
        let history = &self.notebook(notebook)?.history;
        let stands = history.head()?.map(|head| history.entry(head, &below)).transpose()?.flatten().is_some();
        if !stands && history.log(Some(&below), 1)?.is_empty() {
            return Err(Refused::not_found());
        }
        Ok(Found::Dir(Place::History(Some((notebook, below)))))
    }

    pub(super) fn list_history(&self, notebook: NotebookNumber, path: &NotePath) -> Answer<Vec<Listed>> {
        let history = &self.notebook(notebook)?.history;
        let mut entries = Vec::new();
        let head = history.head()?;
        let standing = head.map(|head| Ok::<_, Refused>((head, history.entry(head, path)?))).transpose()?;
        let is_folder = path.is_root()
            || standing.as_ref().is_some_and(|(_, entry)| entry.as_ref().is_some_and(|e| e.kind == PastKind::Folder));
        if let (true, Some((head, _))) = (is_folder, standing) {
            for entry in history.list(head, path)? {
                let Ok(below) = path.join(&entry.name) else { continue };
                let found = Found::Dir(Place::History(Some((notebook, below))));
                entries.push(listed(std::ffi::OsString::from_vec(entry.name), found));
            }
        }
        if !path.is_root() && !is_folder {
            for version in self.versions_of(notebook, path)?.iter() {
                let name = version_name(version.commit.time, version.commit.id, version.path.name());
                entries.extend(self.version(notebook, version)?.map(|found| listed(name, found)));
            }
        }
        Ok(entries)
    }

    fn version(&self, notebook: NotebookNumber, version: &Version) -> Answer<Option<Found>> {
        let history = &self.notebook(notebook)?.history;
        let Some(blob) = version.blob else { return Ok(None) };
        let kind = history.entry(version.commit.id, &version.path)?.map(|entry| entry.kind);
        if kind == Some(PastKind::Symlink) {
            return Ok(Some(Found::Symlink(history.blob(blob)?.to_vec())));
        }
        let executable = kind == Some(PastKind::File { executable: true });
        let time_ns = nanoseconds(version.commit.time);
        Ok(Some(Found::PastFile(PastFile { notebook, blob, time_ns, executable })))
    }

    fn versions_of(&self, number: NotebookNumber, path: &NotePath) -> Answer<Arc<Vec<Version>>> {
        let notebook = self.notebook(number)?;
        let Some(head) = notebook.history.head()? else { return Ok(Arc::default()) };
        if let Some((cached_number, cached_path, cached_head, versions)) = &*self.versions.0.lock()
            && (*cached_number, cached_path, *cached_head) == (number, path, head)
        {
            return Ok(Arc::clone(versions));
        }
        let versions = Arc::new(notebook.history.versions(path, VERSIONS)?);
        *self.versions.0.lock() = Some((number, path.clone(), head, Arc::clone(&versions)));
        Ok(versions)
    }

    pub(super) fn history_changed_ns(&self, notebook: NotebookNumber, path: &NotePath) -> Answer<i64> {
        let history = &self.notebook(notebook)?.history;
        let path = if path.is_root() { None } else { Some(path) };
        Ok(history.log(path, 1)?.first().map_or(0, |commit| nanoseconds(commit.time)))
    }
}

fn past(time: &str, notebook: NotebookNumber, commit: CommitId, path: NotePath) -> Place {
    Place::Past { time: time.to_owned(), notebook, commit, path }
}

/// The commit that a time means in a notebook, if it has one.
fn commit_at(notebook: &Notebook, when: &When) -> Answer<Option<CommitId>> {
    match when {
        When::At(time) => Ok(notebook.history.at_time(*time)?),
        When::Commit(prefix) => match notebook.history.resolve(prefix) {
            Ok(commit) => Ok(Some(commit)),
            Err(crate::history::HistoryError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}
