//! Files against the newest commit of the history.

use std::collections::HashMap;

use super::walk::Files;
use super::{Findings, Kind};
use crate::engine::{Engine, Notebook};
use crate::history::{HistoryError, PastKind, blob_id};
use crate::sys::{FileKind, StoreStat};
use crate::types::{CommitId, NotePath};

/// Compares a notebook's history with its files.
pub(super) fn compare(engine: &Engine, notebook: &Notebook, files: &Files, findings: &mut Findings) {
    match notebook.history.verify() {
        Ok(found) => {
            for problem in found {
                findings.differ(Kind::HistoryDamaged, "", problem);
            }
        }
        Err(error) => return damaged(&error, findings),
    }
    let recorded: HashMap<NotePath, (PastKind, CommitId)> =
        match notebook.history.head().and_then(|head| head.map_or(Ok(Vec::new()), |head| notebook.history.files(head)))
        {
            Ok(files) => files.into_iter().map(|(path, kind, id)| (path, (kind, id))).collect(),
            Err(error) => return damaged(&error, findings),
        };
    for (path, stat) in &files.all {
        if !matches!(stat.kind, FileKind::File | FileKind::Symlink) || !crate::history::is_recordable(path) {
            continue;
        }
        match recorded.get(path) {
            // What is too large now may have been recorded when it was smaller: that version stays.
            None if stat.is_file() && !engine.is_recordable(notebook, path, stat) => {}
            None => findings.differ(Kind::NotRecorded, path, "the history does not have it"),
            Some((kind, id)) => compare_file(engine, notebook, path, stat, (*kind, *id), findings),
        }
    }
    for path in recorded.keys() {
        if !files.all.contains_key(path) && !files.is_unknown(path) && !engine.is_ignored(notebook.number, path, false)
        {
            findings.differ(Kind::RecordedButGone, path, "the history has it, the store does not");
        }
    }
}

fn damaged(error: &HistoryError, findings: &mut Findings) {
    findings.differ(Kind::HistoryDamaged, "", error.to_string());
}

fn compare_file(
    engine: &Engine,
    notebook: &Notebook,
    path: &NotePath,
    stat: &StoreStat,
    (kind, id): (PastKind, CommitId),
    findings: &mut Findings,
) {
    let bytes = match stat.kind {
        FileKind::Symlink => notebook.dir.read_symlink(path),
        _ if !engine.is_recordable(notebook, path, stat) => return,
        _ => notebook.dir.read(path, u64::MAX).map(|(bytes, _)| bytes),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return,
        Err(error) => return findings.note(Kind::Unreadable, path, error.to_string()),
    };
    let is_same_kind = match kind {
        PastKind::File { executable } => stat.is_file() && executable == (stat.perm & 0o100 != 0),
        PastKind::Symlink => stat.kind == FileKind::Symlink,
        PastKind::Folder => false,
    };
    if !is_same_kind {
        findings.differ(Kind::NotRecorded, path, "the history has it with another mode or kind");
    } else if blob_id(&bytes) != Some(id) {
        findings.differ(Kind::NotRecorded, path, "the history has other contents");
    }
}
