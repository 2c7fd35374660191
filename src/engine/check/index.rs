//! Files against the index, and the index against the maps in memory.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::walk::Files;
use super::{Findings, Kind};
use crate::engine::edit::tags_in_store;
use crate::engine::look::has_row;
use crate::engine::{Engine, Notebook};
use crate::index::notebook::{IndexError, IndexedFile, IndexedStat};
use crate::index::query::parse_view;
use crate::sys::StoreStat;
use crate::types::{ContentHash, FileKey, NotePath, TagName};

/// Longer definitions are refused wherever they are read, in bytes.
const VIEW_MAX: u64 = 1 << 20;

/// Compares a notebook's index with its files.
pub(super) fn compare(engine: &Engine, notebook: &Notebook, files: &Files, findings: &mut Findings) {
    let rows = match notebook.reader.stats() {
        Ok(rows) => rows,
        Err(error) => return damaged(&error, findings),
    };
    let rows: HashMap<&NotePath, &IndexedStat> = rows.iter().map(|row| (&row.path, row)).collect();
    let indexed: HashMap<NotePath, IndexedFile> = match notebook.reader.files() {
        Ok(files) => files.into_iter().map(|file| (file.path.clone(), file)).collect(),
        Err(error) => return damaged(&error, findings),
    };
    let wants_row =
        |path: &NotePath, stat: &StoreStat| stat.is_file() && has_row(path) && !files.sidecars.contains(path);
    for (path, stat) in files.all.iter().filter(|(path, stat)| wants_row(path, stat)) {
        let Some(row) = rows.get(path) else {
            findings.differ(Kind::NotIndexed, path, "the index does not have it");
            continue;
        };
        compare_row(notebook, path, stat, row, findings);
        if let Some(file) = indexed.get(path) {
            compare_tags(notebook, path, file, findings);
            compare_maps(engine, notebook, file, findings);
        }
    }
    for path in rows.keys() {
        if !files.is_unknown(path) && !files.all.get(path).is_some_and(|stat| wants_row(path, stat)) {
            findings.differ(Kind::RowWithoutFile, path, "the index has it, the store does not");
        }
    }
    match notebook.reader.problems() {
        Ok(problems) => {
            for (path, problem) in problems {
                findings.note(Kind::Metadata, path, problem.to_string());
            }
        }
        Err(error) => damaged(&error, findings),
    }
    definitions(engine, notebook, files, findings);
    match integrity(engine, notebook) {
        Ok(found) => {
            for problem in found {
                findings.differ(Kind::IndexDamaged, "", problem);
            }
        }
        Err(error) => damaged(&error, findings),
    }
}

/// What is wrong with the definitions of views: their folders show it too, but nobody may be looking.
fn definitions(engine: &Engine, notebook: &Notebook, files: &Files, findings: &mut Findings) {
    let time = engine.time_context();
    let is_view = |path: &&NotePath| path.to_str().is_some_and(|path| path.ends_with(".cdx"));
    for path in files.all.iter().filter(|(_, stat)| stat.is_file()).map(|(path, _)| path).filter(is_view) {
        let shown = path.to_string();
        let is_known = findings.notes.iter().any(|note| note.kind == Kind::Metadata && note.path == shown);
        let Ok((bytes, _)) = notebook.dir.read(path, VIEW_MAX) else { continue };
        match parse_view(&bytes, &time) {
            Err(_) if is_known => {}
            Err(error) => findings.note(Kind::View, path, error.to_string()),
            Ok(view) => view.warnings.into_iter().for_each(|warning| findings.note(Kind::View, path, warning)),
        }
    }
}

/// Asked of the thread that writes the database: the check of the full text is a write to SQLite.
fn integrity(engine: &Engine, notebook: &Notebook) -> Result<Vec<String>, IndexError> {
    let (answer, answered) = std::sync::mpsc::channel();
    let number = notebook.number;
    let asked = !engine.is_read_only()
        && engine.core.queue.push_task(Box::new(move |thread| drop(answer.send(thread.integrity(number)))));
    match asked.then(|| answered.recv()) {
        Some(Ok(found)) => found,
        // Nobody writes it: what can be checked by reading is.
        _ => notebook.reader.integrity(),
    }
}

pub(super) fn damaged(error: &IndexError, findings: &mut Findings) {
    findings.differ(Kind::IndexDamaged, "", error.to_string());
}

fn compare_row(notebook: &Notebook, path: &NotePath, stat: &StoreStat, row: &IndexedStat, findings: &mut Findings) {
    if (row.store, row.size, row.mtime_ns) != (stat.key, stat.size, stat.mtime_ns) {
        findings.differ(Kind::Stale, path, "the index has other attributes than the file: it changed unnoticed");
        return;
    }
    let Some(expected) = row.hash else { return };
    match hash(notebook, path) {
        Ok(found) if found == expected => {}
        Ok(_) => findings.differ(Kind::HashDiffers, path, "its contents changed, its size and time did not"),
        Err(error) if error.is_not_found() => {}
        Err(error) => findings.note(Kind::Unreadable, path, error.to_string()),
    }
}

fn hash(notebook: &Notebook, path: &NotePath) -> Result<ContentHash, crate::sys::StoreError> {
    use crate::sys::IoContext;
    use std::io::Read;
    let mut file = notebook.dir.open_file(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 256 << 10];
    loop {
        match file.read(&mut chunk).context("read", notebook.dir.shown(path))? {
            0 => return Ok(ContentHash(hasher.finalize().into())),
            n => hasher.update(&chunk[..n]),
        }
    }
}

/// Tags by file and sidecars against tags by index: what queries and folders answer from.
fn compare_tags(notebook: &Notebook, path: &NotePath, file: &IndexedFile, findings: &mut Findings) {
    let Ok(store) = tags_in_store(notebook, path) else { return };
    let (store, index) = (set(&store), set(&file.tags));
    if store != index {
        let message = format!("the file says tags [{}], the index [{}]", shown(&store), shown(&index));
        findings.differ(Kind::TagsDiffer, path, message);
    }
}

fn compare_maps(engine: &Engine, notebook: &Notebook, file: &IndexedFile, findings: &mut Findings) {
    let held = engine.catalog().file(FileKey { notebook: notebook.number, id: file.id });
    let is_same = held
        .as_ref()
        .is_some_and(|held| held.path == file.path && held.store == file.store && set(&held.tags) == set(&file.tags));
    if !is_same {
        findings.differ(Kind::MapsDiffer, &file.path, "the maps in memory say something else than the index");
    }
}

fn set(tags: &[TagName]) -> BTreeSet<&str> {
    tags.iter().map(TagName::key).collect()
}

fn shown(tags: &BTreeSet<&str>) -> String {
    tags.iter().copied().collect::<Vec<_>>().join(", ")
}
