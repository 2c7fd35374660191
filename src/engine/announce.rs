//! After a transaction: maps, mounts and subscribers learn what changed, in this order, before readers are let through.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::catalog::CatalogFile;
use super::core::Core;
use super::events::EngineEvent;
use super::index_thread::IndexedNotebook;
use super::{AppliedChange, AppliedKind};
use crate::index::notebook::{Applied, IndexedFile};
use crate::types::{Actor, FileId, FileKey, NodeNumber, NotePath, NotebookNumber};

/// Who made the changes of a batch, as far as somebody reported them.
#[derive(Debug)]
pub(super) struct Authors {
    of: BTreeMap<NotePath, Actor>,
    others: Actor,
}

impl Authors {
    /// Whoever reported a path is its author; what nobody reported is by `others`.
    pub(super) fn new(reported: impl IntoIterator<Item = (NotePath, Actor)>, others: Actor) -> Self {
        Self { of: reported.into_iter().collect(), others }
    }

    /// Who reported a path, or a folder that it is in.
    fn of(&self, path: &NotePath) -> Actor {
        let mut at = path.clone();
        while !at.is_root() && !self.of.is_empty() {
            if let Some(actor) = self.of.get(&at) {
                return actor.clone();
            }
            at = at.parent();
        }
        self.others.clone()
    }
}

/// Tells everyone what a transaction did.
pub(super) fn announce(core: &Core, open: &mut IndexedNotebook, applied: &[Applied], authors: &Authors) {
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
        applied.iter().zip(&was).map(|(one, was)| change((number, authors), one, was.as_deref())).collect();
    core.each_mount(|mount| mount.applied(&changes));
    let (_, seq, _) = core.queue.report();
    core.subscribers.send(&EngineEvent::Applied { notebook: number, seq, changes });
}

fn change(
    (notebook, authors): (NotebookNumber, &Authors),
    applied: &Applied,
    was: Option<&CatalogFile>,
) -> AppliedChange {
    match applied {
        Applied::Added(file) => AppliedChange {
            notebook,
            kind: AppliedKind::Added,
            path: file.path.clone(),
            file: file.id,
            actor: authors.of(&file.path),
            node: file.node,
            links_changed: !file.tags.is_empty(),
        },
        Applied::Changed { file, old_path } => AppliedChange {
            notebook,
            kind: AppliedKind::Changed(old_path.clone()),
            path: file.path.clone(),
            file: file.id,
            actor: authors.of(&file.path),
            node: file.node,
            links_changed: was.is_none_or(|was| !has_same_tags(was, file)) || file.path != *old_path,
        },
        Applied::Removed { id, path } => AppliedChange {
            notebook,
            kind: AppliedKind::Removed,
            path: path.clone(),
            file: *id,
            actor: authors.of(path),
            node: was.map_or(NodeNumber(0), |was| was.node),
            links_changed: true,
        },
    }
}

fn has_same_tags(was: &CatalogFile, file: &IndexedFile) -> bool {
    was.tags.len() == file.tags.len() && file.tags.iter().all(|tag| was.tags.contains(tag))
}
