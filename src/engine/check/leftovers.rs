//! What ended processes left: temporary files beside notes, journals of edits in place.

use super::walk::Files;
use super::{Findings, Kind};
use crate::engine::Notebook;
use crate::engine::edit::{JOURNAL_PREFIX, SET_ASIDE_PREFIX, tmp};
use crate::types::NotePath;

/// Younger ones may be in use.
const AGE_NS: i64 = 600 * 1_000_000_000;

/// Prefix that tells `.codex/…` apart from a path of the notebook.
const CODEX: &str = ".codex/";

/// Names them.
pub(super) fn find(notebook: &Notebook, files: &Files, findings: &mut Findings) {
    let now = i64::try_from(crate::sys::now().as_nanosecond()).unwrap_or(i64::MAX);
    for (path, stat) in &files.temporary {
        if now.saturating_sub(stat.ctime_ns) > AGE_NS {
            findings.note(
                Kind::Leftover,
                path,
                "a temporary file of a cdx that ended; `cdx check --repair` removes it",
            );
        }
    }
    for entry in notebook.codex.list(&tmp()).unwrap_or_default() {
        let Ok(path) = tmp().join(entry.name.as_encoded_bytes()) else { continue };
        let name = entry.name.to_string_lossy();
        let Ok(stat) = notebook.codex.stat(&path) else { continue };
        if now.saturating_sub(stat.ctime_ns) <= AGE_NS {
            continue;
        }
        let shown = format!("{CODEX}{path}");
        if name.starts_with(SET_ASIDE_PREFIX) {
            let message = "the bytes before and after an edit that a crash interrupted; the note was written to since: \
                           look whether it is as it should be, then `cdx check --repair` removes them";
            findings.note(Kind::Leftover, shown, message);
        } else if name.starts_with(JOURNAL_PREFIX) {
            findings.note(
                Kind::Leftover,
                shown,
                "the journal of an edit that was done; `cdx check --repair` removes it",
            );
        }
    }
}

/// Removes one; whether it is gone.
pub(super) fn remove(notebook: &Notebook, path: &str) -> bool {
    let (dir, path) = match path.strip_prefix(CODEX) {
        Some(path) => (&notebook.codex, path),
        None => (&notebook.dir, path),
    };
    NotePath::new(path).is_ok_and(|path| dir.remove_file(&path).is_ok())
}
