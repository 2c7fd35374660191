//! After a transaction: maps, mounts and subscribers learn what changed, in this order, before readers are let through.

use std::sync::Arc;
use std::time::Instant;

use super::catalog::CatalogFile;
use super::core::Core;
use super::events::EngineEvent;
use super::index_thread::IndexedNotebook;
use super::{AppliedChange, AppliedKind};
use crate::index::notebook::{Applied, IndexedFile};
use crate::types::{FileId, FileKey, NodeNumber, NotebookNumber};

/// Tells everyone what a transaction did.
pub(super) fn announce(core: &Core, open: &mut IndexedNotebook, applied: &[Applied]) {
    if applied.is_empty() {
        return;
    }
    let number = open.notebook.number;
    let before = |id: FileId| core.catalog.file(FileKey { notebook: number, id });
    let was: Vec<Option<Arc<CatalogFile>>> = applied
        .iter()
        .map(|one| match one {
            Applied::Added(_) => None,
            Applied::Changed { file, .. } => before(file.id),
            Applied::Removed { id, .. } => before(*id),
        })
        .collect();
    let now = Instant::now();
    for (one, was) in applied.iter().zip(&was) {
        if let (Applied::Removed { id, path }, Some(was)) = (one, was) {
            open.graves.dig(path.clone(), *id, was.store, was.node, now);
        }
    }
    core.catalog.apply(number, applied);
    let changes: Arc<[AppliedChange]> =
        applied.iter().zip(&was).map(|(one, was)| change(number, one, was.as_deref())).collect();
    core.each_mount(|mount| mount.applied(&changes));
    let (_, seq, _) = core.queue.report();
    core.subscribers.send(&EngineEvent::Applied { notebook: number, seq, changes });
}

fn change(notebook: NotebookNumber, applied: &Applied, was: Option<&CatalogFile>) -> AppliedChange {
    match applied {
        Applied::Added(file) => AppliedChange {
            notebook,
            kind: AppliedKind::Added,
            path: file.path.clone(),
            node: file.node,
            links_changed: !file.tags.is_empty(),
        },
        Applied::Changed { file, old_path } => AppliedChange {
            notebook,
            kind: AppliedKind::Changed(old_path.clone()),
            path: file.path.clone(),
            node: file.node,
            links_changed: was.is_none_or(|was| !has_same_tags(was, file)) || file.path != *old_path,
        },
        Applied::Removed { path, .. } => AppliedChange {
            notebook,
            kind: AppliedKind::Removed,
            path: path.clone(),
            node: was.map_or(NodeNumber(0), |was| was.node),
            links_changed: true,
        },
    }
}

fn has_same_tags(was: &CatalogFile, file: &IndexedFile) -> bool {
    was.tags.len() == file.tags.len() && file.tags.iter().all(|tag| was.tags.contains(tag))
}
