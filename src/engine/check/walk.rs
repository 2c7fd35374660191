//! The files of a notebook, as the store has them.

use std::collections::{BTreeMap, HashSet};

use super::{Findings, Kind};
use crate::engine::{Engine, EngineError, Notebook};
use crate::index::parse::sidecar_subjects;
use crate::sys::{StoreStat, maker_of_temporary};
use crate::types::NotePath;

/// What is not ignored in a notebook.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Regular files, and symbolic links and others, by path.
    pub(super) all: BTreeMap<NotePath, StoreStat>,
    /// Which of them describe another file.
    pub(super) sidecars: HashSet<NotePath>,
    /// Temporary files of Codex's own, beside the notes that they were to become.
    pub(super) temporary: Vec<(NotePath, StoreStat)>,
    /// Folders that could not be read: nothing may be concluded from what was not found there.
    pub(super) unreadable: Vec<NotePath>,
}

impl Files {
    /// Whether a path is in a folder that could not be read.
    pub(super) fn is_unknown(&self, path: &NotePath) -> bool {
        self.unreadable.iter().any(|folder| path.strip_prefix(folder).is_some())
    }
}

/// Walks a notebook.
pub(super) fn files(engine: &Engine, notebook: &Notebook, findings: &mut Findings) -> Result<Files, EngineError> {
    let mut files = Files::default();
    // Not to be able to read the root is an error: an unmounted drive is no empty notebook.
    notebook.dir.list(&NotePath::root())?;
    for disk in notebook.disks_away() {
        let message = "the disk that was mounted here is not; what it held is kept in index and history";
        findings.note(Kind::Away, &disk, message);
        files.unreadable.push(disk);
    }
    let mut folders = vec![NotePath::root()];
    while let Some(folder) = folders.pop() {
        walk_folder(engine, notebook, &folder, &mut folders, &mut files, findings);
    }
    Ok(files)
}

fn walk_folder(
    engine: &Engine,
    notebook: &Notebook,
    folder: &NotePath,
    folders: &mut Vec<NotePath>,
    files: &mut Files,
    findings: &mut Findings,
) {
    let (entries, opened) = match (notebook.dir.list(folder), notebook.dir.open_dir(folder)) {
        (Ok(entries), Ok(opened)) => (entries, opened),
        (Err(error), _) | (_, Err(error)) => {
            if !error.is_not_found() {
                findings.note(Kind::Unreadable, folder, error.to_string());
                files.unreadable.push(folder.clone());
            }
            return;
        }
    };
    let mut regular: HashSet<String> = HashSet::new();
    let mut found = Vec::new();
    for entry in entries {
        let Ok(path) = folder.join(entry.name.as_encoded_bytes()) else { continue };
        // Gone since it was listed.
        let Ok(stat) = StoreStat::at(&opened, &entry.name) else { continue };
        if is_temporary(&path) {
            files.temporary.push((path, stat));
            continue;
        }
        if engine.is_ignored(notebook.number, &path, stat.is_dir()) {
            continue;
        }
        if stat.is_dir() {
            folders.push(path);
            continue;
        }
        if path.to_str().is_none() {
            findings.note(
                Kind::NameNotUtf8,
                &path,
                "its name is not UTF-8: it is recorded, but not indexed; rename it to have it found",
            );
        }
        if let (true, Some(name)) = (stat.is_file(), entry.name.to_str()) {
            regular.insert(name.to_owned());
        }
        found.push((path, stat));
    }
    for (path, stat) in found {
        if let Some(name) = path.name().to_str() {
            let subjects = sidecar_subjects(name);
            if stat.is_file() && subjects.iter().any(|subject| regular.contains(subject)) {
                files.sidecars.insert(path.clone());
            } else if let (true, Some(subject)) = (stat.is_file(), orphaned(name, &subjects)) {
                let message =
                    format!("it describes `{subject}`, which is not there; move it back beside its file, or remove it");
                findings.note(Kind::OrphanSidecar, &path, message);
            }
        }
        files.all.insert(path, stat);
    }
}

/// The file that a hidden sidecar describes: `a.png` of `.a.png.json`. Other hidden files, such as `.eslintrc.json`,
/// describe nothing with an extension.
fn orphaned<'a>(name: &str, subjects: &'a [String]) -> Option<&'a String> {
    let hidden = name.strip_prefix('.')?;
    subjects.iter().find(|subject| hidden.starts_with(subject.as_str()) && subject.contains('.'))
}

/// A temporary file of [`crate::sys::Dir::stage`].
pub(in crate::engine) fn is_temporary(path: &NotePath) -> bool {
    maker_of_temporary(path.name()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_and_orphans_are_told_by_their_names() {
        let is = |name: &str| is_temporary(&NotePath::new(name).unwrap());
        assert!(is("a/.codex-12-3.tmp") && !is(".codex-notes.tmp") && !is("a.tmp") && !is(".codex-1-2-3.tmp"));
        let subject = |name: &str| orphaned(name, &sidecar_subjects(name)).cloned();
        assert_eq!(subject(".a.png.json").as_deref(), Some("a.png"));
        assert_eq!(subject(".eslintrc.json"), None);
        assert_eq!(subject("a.png.json"), None);
    }
}
