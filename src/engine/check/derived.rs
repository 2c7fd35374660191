//! What the index says of each file against what it would say if it were made now: properties, links, full text word by
//! word. A scratch index is made of the files, a part of them at a time.

use std::collections::HashMap;

use super::walk::Files;
use super::{Findings, Kind};
use crate::engine::Notebook;
use crate::engine::look::{Looker, has_row};
use crate::engine::read::read_record;
use crate::index::notebook::{Derived, IndexError, NotebookDb, RowChange};
use crate::sys::{ScratchFolder, StoreError};
use crate::types::NotePath;

/// Files of which one scratch index is made.
const PART: usize = 1000;

/// Notebooks with more files have their full text looked at by SQLite's own check alone: word by word it would take
/// minutes. `cdx index --rebuild` makes it anew.
const TEXT_MAX: usize = 20_000;

/// Compares. Files that other checks have something to say of are left to them.
pub(super) fn compare(notebook: &Notebook, files: &Files, findings: &mut Findings) {
    let with_text = files.all.len() <= TEXT_MAX;
    let index = notebook.reader.derived(with_text);
    let index = match index {
        Ok(index) => index,
        Err(error) => return super::index::damaged(&error, findings),
    };
    let is_told = |path: &NotePath| {
        let shown = path.to_string();
        findings.differences.iter().any(|finding| finding.path == shown)
    };
    let has_told = !findings.differences.is_empty();
    let due: Vec<&NotePath> = files
        .all
        .iter()
        .filter(|(path, stat)| stat.is_file() && has_row(path) && !files.sidecars.contains(*path))
        .map(|(path, _)| path)
        .filter(|path| path.to_str().is_some_and(|path| index.contains_key(path)) && !(has_told && is_told(path)))
        .collect();
    for part in due.chunks(PART) {
        match afresh(notebook, part, with_text) {
            Ok(fresh) => compare_part(part, &index, &fresh, findings),
            Err(error) => {
                return findings.note(Kind::Unreadable, "", format!("no scratch index could be made: {error}"));
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What an index of these files says that is made now. What cannot be read is not in it.
fn afresh(notebook: &Notebook, part: &[&NotePath], with_text: bool) -> Result<HashMap<String, Derived>, Failure> {
    let scratch = ScratchFolder::new()?;
    let (mut db, _) = NotebookDb::open(&scratch.path().join("notebook.db"))?;
    let mut looker = Looker::new(notebook);
    looker.expect(part.iter().copied());
    let record = |path: &&NotePath| {
        let wanted = looker.wanted(path).ok()??;
        let record = read_record(notebook, path, &wanted).ok()?;
        Some(RowChange::Upsert(Box::new(record)))
    };
    let changes: Vec<RowChange> = part.iter().filter_map(record).collect();
    db.apply(&changes)?;
    Ok(db.reader()?.derived(with_text)?)
}

fn compare_part(
    part: &[&NotePath],
    index: &HashMap<String, Derived>,
    fresh: &HashMap<String, Derived>,
    findings: &mut Findings,
) {
    for path in part {
        let of = |all: &HashMap<String, Derived>| path.to_str().and_then(|path| all.get(path)).copied();
        // Gone or unreadable since it was listed.
        let (Some(index), Some(fresh)) = (of(index), of(fresh)) else { continue };
        // One whose text waits to be read again has none to compare.
        let text_differs = index.text != fresh.text && index.text != 0;
        let parts = [
            (index.row != fresh.row, "title or other fields"),
            (index.tags != fresh.tags, "tags"),
            (index.properties != fresh.properties, "properties"),
            (index.links != fresh.links, "links"),
            (index.problems != fresh.problems, "problems"),
            (index.name != fresh.name, "name"),
            (text_differs, "full text"),
        ];
        let differing: Vec<&str> = parts.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect();
        if !differing.is_empty() {
            let message = format!("the index has other {} than the file", differing.join(", "));
            findings.differ(Kind::RowDiffers, path, message);
        }
    }
}
