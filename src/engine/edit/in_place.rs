//! Edits on the same inode: the old bytes are journalled first, and put back if a crash interrupts the edit.
//!
//! The journal `tmp/undo-…` of a notebook's `.codex` holds one line of JSON ([`Entry`]), the old bytes and the new.
//! It is there from before the first byte is written until the last one is on disk.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::sys::{Dir, FaultPoint, InPlace, Replace, StoreError, StoreStat, pass};
use crate::types::NotePath;

/// Prefix of the journals in `.codex/tmp`.
pub(in crate::engine) const JOURNAL_PREFIX: &str = "undo-";

/// Prefix of journals that could not be put back: their files were changed since by somebody else.
pub(in crate::engine) const SET_ASIDE_PREFIX: &str = "old-";

/// Makes journal names unique within the process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// First line of a journal.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// Path in the notebook, if it is UTF-8; else its bytes.
    path: PathBytes,
    dev: u64,
    ino: u64,
    old_len: u64,
    new_len: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum PathBytes {
    Text(String),
    Bytes(Vec<u8>),
}

/// Why an edit in place did not happen.
#[derive(Debug)]
pub(super) enum InPlaceError {
    /// The file is no longer what was read.
    Changed,
    /// The store failed; the old bytes are there or will be put back.
    Store(StoreError),
}

impl From<StoreError> for InPlaceError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Old and new bytes of an edit, and the attributes that the old ones were read with.
pub(super) struct Edit<'a> {
    pub(super) path: &'a NotePath,
    pub(super) stat: &'a StoreStat,
    pub(super) old: &'a [u8],
    pub(super) new: &'a [u8],
}

/// Replaces a file's bytes on its inode. `stop_writes` is called after the journal is durable and keeps other
/// writers of this process away until its result is dropped; `written` before that, with the attributes that the file
/// has by the edit.
pub(super) fn edit_in_place<G>(
    notebook: &Dir,
    codex: &Dir,
    edit: &Edit<'_>,
    stop_writes: impl FnOnce() -> G,
    written: impl FnOnce(&StoreStat),
) -> Result<(), InPlaceError> {
    let file = notebook.open_in_place(edit.path)?;
    let journal = write_journal(codex, edit)?;
    pass(FaultPoint::InPlaceJournalled);
    let guard = stop_writes();
    let result = overwrite_if_unchanged(&file, edit);
    if let Err(InPlaceError::Store(_)) = &result {
        // Half written, perhaps: put the old bytes back at once rather than at the next start.
        file.overwrite(edit.old).and_then(|()| file.sync())?;
    }
    if let (Ok(()), Ok(stat)) = (&result, file.stat()) {
        written(&stat);
    }
    drop(guard);
    pass(FaultPoint::InPlaceWritten);
    if result.is_ok() {
        // Of a flush that failed nobody knows what reached the disk: the journal stays, for the start after a power cut.
        file.sync()?;
    }
    if let Err(error) = remove_journal(codex, &journal) {
        // The next start finds the bytes whole, the old or the new ones, and removes it.
        tracing::warn!(path = %edit.path, %error, "the journal of an edit in place could not be removed");
    }
    result
}

fn overwrite_if_unchanged(file: &InPlace, edit: &Edit<'_>) -> Result<(), InPlaceError> {
    if !file.stat()?.is_unchanged_from(edit.stat) {
        return Err(InPlaceError::Changed);
    }
    file.overwrite(edit.new)?;
    Ok(())
}

fn write_journal(codex: &Dir, edit: &Edit<'_>) -> Result<NotePath, StoreError> {
    let entry = Entry {
        path: edit
            .path
            .to_str()
            .map_or_else(|| PathBytes::Bytes(edit.path.as_bytes().to_vec()), |text| PathBytes::Text(text.to_owned())),
        dev: edit.stat.key.dev,
        ino: edit.stat.key.ino,
        old_len: edit.old.len() as u64,
        new_len: edit.new.len() as u64,
    };
    let mut bytes = serde_json::to_vec(&entry).expect("plain fields always serialise");
    bytes.push(b'\n');
    bytes.extend_from_slice(edit.old);
    bytes.extend_from_slice(edit.new);
    let folder = tmp();
    codex.make_dirs(&folder)?;
    let name = format!("{JOURNAL_PREFIX}{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let path = folder.join(&name).expect("digits and dashes are one component");
    match codex.write_durably(&path, &bytes, Replace::Never) {
        Ok(_) => Ok(path),
        // The name of a process that had this id before, whose journal was kept: take the next number.
        Err(error) if error.errno() == libc::EEXIST => write_journal(codex, edit),
        Err(error) => Err(error),
    }
}

fn remove_journal(codex: &Dir, journal: &NotePath) -> Result<(), StoreError> {
    codex.remove_file(journal)?;
    // Else a power cut could bring the journal back, and with it the old bytes over an edit that was reported done.
    codex.sync(&tmp())
}

/// `.codex/tmp`.
pub(in crate::engine) fn tmp() -> NotePath {
    NotePath::new("tmp").expect("a plain name")
}

/// Puts back the old bytes of edits in place that a crash interrupted, before a notebook is scanned.
/// A file that somebody else has written to since is left alone, and its journal set aside for `cdx check` to name.
///
/// # Errors
/// The store's: a file whose bytes could not be put back keeps its journal.
pub(in crate::engine) fn recover_in_place_edits(notebook: &Dir, codex: &Dir) -> Result<(), StoreError> {
    let entries = match codex.list(&tmp()) {
        Ok(entries) => entries,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let Some(rest) = entry.name.to_str().and_then(|name| name.strip_prefix(JOURNAL_PREFIX)) else { continue };
        let Ok(journal) = tmp().join(entry.name.as_encoded_bytes()) else { continue };
        let (bytes, _) = codex.read(&journal, u64::MAX)?;
        if put_back(notebook, &bytes)? {
            remove_journal(codex, &journal)?;
        } else {
            let aside = tmp().join(format!("{SET_ASIDE_PREFIX}{rest}")).unwrap_or_else(|_| journal.clone());
            codex.rename(&journal, &aside)?;
        }
    }
    Ok(())
}

/// `false` where the file holds what neither the old bytes, the new ones nor a mixture of them explains.
fn put_back(notebook: &Dir, journal: &[u8]) -> Result<bool, StoreError> {
    let Some((path, entry, old, new)) = read_journal(journal) else { return Ok(false) };
    let file = match notebook.open_in_place(&path) {
        Ok(file) => file,
        // The file is gone: whoever removed it removed the edit as well.
        Err(error) if error.is_not_found() => return Ok(true),
        Err(error) => return Err(error),
    };
    // A file that was renamed over it is another one, whole by itself. (The device number may differ after a boot.)
    if file.stat()?.key.ino != entry.ino {
        return Ok(true);
    }
    let now = file.read(u64::MAX)?;
    if now == old || now == new {
        return Ok(true);
    }
    if !is_mixture(&now, old, new) {
        return Ok(false);
    }
    file.overwrite(old)?;
    file.sync()?;
    tracing::warn!(path = %path, "put back the bytes before an edit that a crash interrupted");
    Ok(true)
}

fn read_journal(journal: &[u8]) -> Option<(NotePath, Entry, &[u8], &[u8])> {
    let line = journal.iter().position(|&b| b == b'\n')?;
    let entry: Entry = serde_json::from_slice(&journal[..line]).ok()?;
    let path = match &entry.path {
        PathBytes::Text(text) => NotePath::new(text).ok()?,
        PathBytes::Bytes(bytes) => NotePath::new(bytes).ok()?,
    };
    let rest = &journal[line + 1..];
    let (old, new) = rest.split_at_checked(usize::try_from(entry.old_len).ok()?)?;
    (new.len() as u64 == entry.new_len).then_some((path, entry, old, new))
}

/// Whether each byte is the old or the new one at its place (or a hole that a power cut left), and nothing is longer.
fn is_mixture(now: &[u8], old: &[u8], new: &[u8]) -> bool {
    now.len() <= old.len().max(new.len())
        && now.iter().enumerate().all(|(at, byte)| old.get(at) == Some(byte) || new.get(at) == Some(byte) || *byte == 0)
}

/// What a crash in the middle of an edit leaves.
#[cfg(test)]
pub(super) fn leave_journal(codex: &Dir, path: &NotePath, stat: &StoreStat, old: &[u8], new: &[u8]) {
    write_journal(codex, &Edit { path, stat, old, new }).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Store {
        _folder: tempfile::TempDir,
        notebook: Dir,
        codex: Dir,
    }

    fn store() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let notebook = Dir::open(folder.path()).unwrap();
        notebook.make_dirs(&NotePath::new(".codex").unwrap()).unwrap();
        let codex = notebook.open_dir(&NotePath::new(".codex").unwrap()).unwrap();
        Store { _folder: folder, notebook, codex }
    }

    fn note() -> NotePath {
        NotePath::new("a.md").unwrap()
    }

    #[test]
    fn an_edit_keeps_the_inode_and_leaves_no_journal() {
        let s = store();
        let stat = s.notebook.write_durably(&note(), b"old", Replace::Never).unwrap();
        let edit = Edit { path: &note(), stat: &s.notebook.stat(&note()).unwrap(), old: b"old", new: b"newer" };
        edit_in_place(&s.notebook, &s.codex, &edit, || (), |_| ()).unwrap();
        let (bytes, now) = s.notebook.read(&note(), 100).unwrap();
        assert_eq!((bytes.as_slice(), now.key), (&b"newer"[..], stat.key));
        assert!(s.codex.list(&tmp()).unwrap().is_empty());
    }

    #[test]
    fn an_edit_of_a_file_that_changed_meanwhile_writes_nothing() {
        let s = store();
        s.notebook.write_durably(&note(), b"old", Replace::Never).unwrap();
        let stat = s.notebook.stat(&note()).unwrap();
        s.notebook.open_in_place(&note()).unwrap().overwrite(b"appended").unwrap();
        let edit = Edit { path: &note(), stat: &stat, old: b"old", new: b"new" };
        assert!(matches!(edit_in_place(&s.notebook, &s.codex, &edit, || (), |_| ()), Err(InPlaceError::Changed)));
        assert_eq!(s.notebook.read(&note(), 100).unwrap().0, b"appended");
        assert!(s.codex.list(&tmp()).unwrap().is_empty());
    }

    /// A crash leaves the journal and `found` in the file; what a start makes of it, and whether it sets it aside.
    fn check_recovery(old: &[u8], new: &[u8], found: &[u8], expected: &[u8], aside: usize) {
        let s = store();
        s.notebook.write_durably(&note(), old, Replace::Never).unwrap();
        let stat = s.notebook.stat(&note()).unwrap();
        write_journal(&s.codex, &Edit { path: &note(), stat: &stat, old, new }).unwrap();
        s.notebook.open_in_place(&note()).unwrap().overwrite(found).unwrap();
        recover_in_place_edits(&s.notebook, &s.codex).unwrap();
        assert_eq!(s.notebook.read(&note(), 100).unwrap().0, expected);
        assert_eq!(s.codex.list(&tmp()).unwrap().len(), aside);
    }

    #[test]
    fn after_a_crash_the_old_bytes_are_put_back_unless_the_edit_was_complete_or_others_wrote() {
        check_recovery(b"old old old", b"new new new!", b"old old old", b"old old old", 0);
        check_recovery(b"old old old", b"new new new!", b"new new new!", b"new new new!", 0);
        check_recovery(b"old old old", b"new new new!", b"new nld old", b"old old old", 0);
        check_recovery(b"old old old", b"new new new!", b"new new new", b"old old old", 0);
        check_recovery(b"a long old text", b"short", b"shortg old text", b"a long old text", 0);
        check_recovery(b"old old old", b"new new new!", b"written by an editor", b"written by an editor", 1);
    }

    #[test]
    fn a_file_that_was_replaced_after_the_crash_is_left_alone() {
        let s = store();
        s.notebook.write_durably(&note(), b"old", Replace::Never).unwrap();
        let stat = s.notebook.stat(&note()).unwrap();
        write_journal(&s.codex, &Edit { path: &note(), stat: &stat, old: b"old", new: b"new" }).unwrap();
        s.notebook.write_durably(&note(), b"ned", Replace::KeepAttributes).unwrap();
        recover_in_place_edits(&s.notebook, &s.codex).unwrap();
        assert_eq!(s.notebook.read(&note(), 100).unwrap().0, b"ned");
        assert!(s.codex.list(&tmp()).unwrap().is_empty());
    }
}
