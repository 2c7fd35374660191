//! The workspace's trash for files that no history holds: `.codex/trash/.files/<time>-<n>-<notebook>/<path>`.
//! Kept for 30 days, at most 2 GiB; the oldest go first.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::rewrite::refused;
use crate::engine::{EngineError, Notebook};
use crate::sys::{Dir, Replace, StoreError};
use crate::types::NotePath;

/// Hidden, so that no retired notebook in the trash bears its name.
const FOLDER: &str = "trash/.files";

/// How long a file stays, in seconds.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// How much it holds at most, in bytes.
const CAPACITY: u64 = 2 << 30;

/// Tells apart what went to the trash within one second.
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// Moves a file there; [`tidy`] makes room afterwards.
pub(super) fn put(codex: &Path, notebook: &Notebook, path: &NotePath) -> Result<(), EngineError> {
    let codex = Dir::open(codex)?;
    let now = crate::sys::now().as_second();
    let counter = COUNTER.fetch_add(1, Ordering::Relaxed);
    let entry = folder()
        .join(format!("{now:012}-{}-{counter}-{}", std::process::id(), notebook.name()))
        .map_err(|error| EngineError::Invalid(format!("{path} cannot go to the trash: {error}")))?;
    let place = path.below(&entry);
    codex.make_dirs(&place.parent()).map_err(refused)?;
    match notebook.dir.rename_into(path, &codex, &place, || ()) {
        Ok(()) => {}
        Err(error) if error.errno() == libc::EXDEV => {
            let (bytes, _) = notebook.dir.read(path, u64::MAX)?;
            codex.write_durably(&place, &bytes, Replace::Never).map_err(refused)?;
            notebook.dir.remove_file(path).map_err(refused)?;
        }
        Err(error) => return Err(refused(error)),
    }
    Ok(())
}

/// Removes what is too old or too much.
pub(super) fn tidy(codex: &Path) {
    // A clock that was set forward would empty it.
    let now = crate::sys::is_clock_steady().then(|| crate::sys::now().as_second());
    let tidied = Dir::open(codex).and_then(|codex| make_room(&codex, now));
    if let Err(error) = tidied {
        tracing::warn!(%error, "the trash could not be tidied");
    }
}

/// The newest file of a path in the trash: its bytes.
pub(in crate::engine) fn find(codex: &Path, notebook: &str, path: &NotePath) -> Result<Option<Vec<u8>>, StoreError> {
    let codex = Dir::open(codex)?;
    for entry in entries(&codex)?.iter().rev() {
        let of_notebook = entry.name().to_str().and_then(|name| name.splitn(4, '-').nth(3)) == Some(notebook);
        let place = path.below(entry);
        if of_notebook && codex.stat(&place).is_ok_and(|stat| stat.is_file()) {
            return codex.read(&place, u64::MAX).map(|(bytes, _)| Some(bytes));
        }
    }
    Ok(None)
}

/// A file in the trash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Trashed {
    /// The name of its entry.
    pub(in crate::engine) entry: String,
    /// The notebook that it was in, by name.
    pub(in crate::engine) notebook: String,
    /// Where it was.
    pub(in crate::engine) path: NotePath,
    /// When it was put there, in seconds.
    pub(in crate::engine) at: i64,
}

/// All files in the trash, oldest first.
pub(in crate::engine) fn list(codex: &Dir) -> Result<Vec<Trashed>, StoreError> {
    let mut found = Vec::new();
    for entry in entries(codex)? {
        let Some(name) = entry.name().to_str() else { continue };
        let mut parts = name.splitn(4, '-');
        let at = parts.next().and_then(|at| at.parse().ok());
        if let (Some(at), Some(notebook), Some(path)) = (at, parts.nth(2), only_file(codex, &entry)?) {
            found.push(Trashed { entry: name.to_owned(), notebook: notebook.to_owned(), path, at });
        }
    }
    Ok(found)
}

/// Moves a file of the trash back to where it was.
///
/// # Errors
/// EEXIST where there is another now.
pub(in crate::engine) fn put_back(codex: &Dir, file: &Trashed, notebook: &Notebook) -> Result<(), StoreError> {
    let entry = folder().join(&file.entry).unwrap_or_else(|_| folder());
    let place = file.path.below(&entry);
    notebook.dir.make_dirs(&file.path.parent())?;
    match codex.rename_into(&place, &notebook.dir, &file.path, || ()) {
        Err(error) if error.errno() == libc::EXDEV => {
            let (bytes, _) = codex.read(&place, u64::MAX)?;
            notebook.dir.write_durably(&file.path, &bytes, Replace::Never)?;
        }
        other => other?,
    }
    remove(codex, &entry)
}

/// The file of an entry, below it.
fn only_file(codex: &Dir, entry: &NotePath) -> Result<Option<NotePath>, StoreError> {
    let mut at = entry.clone();
    loop {
        let stat = codex.stat(&at)?;
        if !stat.is_dir() {
            return Ok(at.strip_prefix(entry));
        }
        let first = codex.list(&at)?.into_iter().next();
        let Some(next) = first.and_then(|first| at.join(first.name.as_encoded_bytes()).ok()) else { return Ok(None) };
        at = next;
    }
}

/// Entries, oldest first: their names begin with the time.
fn entries(codex: &Dir) -> Result<Vec<NotePath>, StoreError> {
    let mut entries: Vec<NotePath> = match codex.list(&folder()) {
        Ok(found) => found.iter().filter_map(|entry| folder().join(entry.name.as_encoded_bytes()).ok()).collect(),
        Err(error) if error.is_not_found() => Vec::new(),
        Err(error) => return Err(error),
    };
    entries.sort();
    Ok(entries)
}

/// Removes what is too old, as far as the time is known, and, oldest first, what is too much; never the newest.
fn make_room(codex: &Dir, now: Option<i64>) -> Result<(), StoreError> {
    let mut entries = entries(codex)?;
    let Some(newest) = entries.pop() else { return Ok(()) };
    let mut held = size(codex, &newest)?;
    for entry in entries.iter().rev() {
        held = held.saturating_add(size(codex, entry)?);
        let put_at = entry.name().to_str().and_then(|name| name.split('-').next()?.parse::<i64>().ok());
        let is_old = put_at.zip(now).is_some_and(|(at, now)| at < now - KEPT_SECONDS);
        if held > CAPACITY || is_old {
            remove(codex, entry)?;
        }
    }
    Ok(())
}

/// Bytes of all files at or below a path.
fn size(dir: &Dir, path: &NotePath) -> Result<u64, StoreError> {
    let stat = dir.stat(path)?;
    if !stat.is_dir() {
        return Ok(stat.size);
    }
    let mut sum = 0u64;
    for entry in dir.list(path)? {
        if let Ok(child) = path.join(entry.name.as_encoded_bytes()) {
            sum = sum.saturating_add(size(dir, &child)?);
        }
    }
    Ok(sum)
}

fn remove(dir: &Dir, path: &NotePath) -> Result<(), StoreError> {
    if !dir.stat(path)?.is_dir() {
        return dir.remove_file(path);
    }
    for entry in dir.list(path)? {
        if let Ok(child) = path.join(entry.name.as_encoded_bytes()) {
            remove(dir, &child)?;
        }
    }
    dir.remove_folder(path)
}

fn folder() -> NotePath {
    NotePath::new(FOLDER).expect("two plain names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_or_too_much_goes_and_the_newest_stays() {
        let root = tempfile::tempdir().unwrap();
        let codex = Dir::open(root.path()).unwrap();
        let now = 1_800_000_000;
        for (name, age) in [("0-lab", KEPT_SECONDS + 9), ("1-lab", 60), ("2-lab", 0)] {
            let entry = folder().join(format!("{:012}-1-{name}", now - age)).unwrap();
            let file = NotePath::new("a/b.bin").unwrap().below(&entry);
            codex.make_dirs(&file.parent()).unwrap();
            codex.write_durably(&file, name.as_bytes(), Replace::Never).unwrap();
        }
        make_room(&codex, None).unwrap();
        assert_eq!(entries(&codex).unwrap().len(), 3, "whoever does not know the time knows nothing old");
        make_room(&codex, Some(now)).unwrap();
        assert_eq!(entries(&codex).unwrap().len(), 2);
        let path = NotePath::new("a/b.bin").unwrap();
        assert_eq!(find(root.path(), "lab", &path).unwrap().unwrap(), b"2-lab");
        assert_eq!(find(root.path(), "other", &path).unwrap(), None);
    }
}
