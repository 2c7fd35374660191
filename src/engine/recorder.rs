//! From pending changes to commits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::core::Core;
use super::events::EngineEvent;
use super::history_thread::{Kept, Pending, Recording};
use super::walk::Present;
use super::workspace::{self, note_path};
use super::{EngineError, Notebook, Requester, edit};
use crate::history::{Batch, History, PastKind, Recorded};
use crate::index::parse;
use crate::sys::{FileKind, StoreStat};
use crate::types::{Actor, CommitId, GestureId, NotePath};

/// The gestures of one round: what one actor changed in it, over all notebooks.
#[derive(Debug, Default)]
pub(super) struct Gestures(HashMap<Actor, GestureId>);

impl Gestures {
    fn of(&mut self, by: &Requester) -> GestureId {
        by.gesture.clone().unwrap_or_else(|| self.0.entry(by.actor.clone()).or_insert_with(edit::new_gesture).clone())
    }
}

/// A commit holds so many bytes at most, so that the first of a large notebook does not hold all of it in memory; the
/// rest follows in further commits of the same gesture.
const COMMIT_BYTES: usize = 16 << 20;
const COMMIT_CHANGES: usize = 20_000;

/// A file that no row stands for may have been changed so long before the newest commit and not be in it.
const STOCK_SLACK_NS: i128 = 120 * 1_000_000_000;

/// See the module.
pub(super) struct Recorder<'a> {
    core: &'a Arc<Core>,
}

/// Contents as they were read for a commit.
pub(super) struct Loaded {
    pub(super) recorded: Recorded,
    pub(super) stat: StoreStat,
    pub(super) size: usize,
}

/// Changes that make one commit.
struct Group {
    by: Requester,
    gesture: GestureId,
    changes: Vec<Recording>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(core: &'a Arc<Core>) -> Self {
        Self { core }
    }

    /// Records what waits of a notebook.
    pub(super) fn record(
        &self,
        notebook: &Notebook,
        pending: &Pending,
        gestures: &mut Gestures,
    ) -> Result<(), EngineError> {
        self.record_kept(notebook, &pending.kept, gestures)?;
        for group in groups(&pending.changes, gestures) {
            self.record_group(notebook, group, None)?;
        }
        Ok(())
    }

    /// What was kept before it went comes first. Of several versions of a file, each is a commit of its own.
    fn record_kept(&self, notebook: &Notebook, kept: &[Kept], gestures: &mut Gestures) -> Result<(), EngineError> {
        let mut rest: Vec<&Kept> = kept.iter().collect();
        while let Some(first) = rest.first() {
            let by = first.by.clone();
            let mut paths = HashSet::new();
            let (now, later): (Vec<&Kept>, Vec<&Kept>) =
                rest.into_iter().partition(|one| one.by_same(&by) && paths.insert(path_of(&one.recorded).cloned()));
            rest = later;
            let gesture = gestures.of(&by);
            for chunk in now.chunks(COMMIT_CHANGES) {
                let changes = chunk.iter().map(|one| one.recorded.clone()).collect();
                self.commit(notebook, changes, &by, &gesture, None)?;
            }
        }
        Ok(())
    }

    /// Records workspace.yaml in the workspace's own history.
    pub(super) fn record_settings(&self) -> Result<(), EngineError> {
        let path = note_path(workspace::FILE);
        let bytes = match self.core.codex.read(&path, 1 << 20) {
            Ok((bytes, _)) => bytes,
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let history = History::open(&self.core.path.join(".codex/history.git"))?;
        let batch = Batch {
            changes: vec![Recorded::Written { path, bytes: bytes.into(), executable: false }],
            actor: self.core.options.actor.clone(),
            time: jiff::Timestamp::now(),
            summary: None,
            gesture: edit::new_gesture(),
            undoes: Vec::new(),
        };
        history.record(&batch)?;
        Ok(())
    }

    fn record_group(&self, notebook: &Notebook, group: Group, summary: Option<&str>) -> Result<(), EngineError> {
        let mut changes = Vec::new();
        let mut marks = Vec::new();
        let mut bytes = 0;
        for recording in group.changes {
            match recording {
                Recording::Removed(path) => changes.push(Recorded::Removed { path }),
                Recording::Moved(from, to) => changes.push(Recorded::Moved { from, to }),
                Recording::Written(path) => {
                    let Some(loaded) = load(self.core, notebook, &path) else { continue };
                    bytes += loaded.size;
                    marks.push((path, loaded.stat));
                    changes.push(loaded.recorded);
                }
            }
            if bytes > COMMIT_BYTES || changes.len() >= COMMIT_CHANGES {
                bytes = 0;
                let commit = self.commit(notebook, std::mem::take(&mut changes), &group.by, &group.gesture, summary)?;
                self.mark(notebook, std::mem::take(&mut marks), commit);
            }
        }
        let commit = self.commit(notebook, changes, &group.by, &group.gesture, summary)?;
        self.mark(notebook, marks, commit);
        Ok(())
    }

    fn commit(
        &self,
        notebook: &Notebook,
        changes: Vec<Recorded>,
        by: &Requester,
        gesture: &GestureId,
        summary: Option<&str>,
    ) -> Result<Option<CommitId>, EngineError> {
        if changes.is_empty() {
            return Ok(None);
        }
        let words = self.core.workbench.words_of(gesture);
        let batch = Batch {
            changes,
            actor: by.actor.clone(),
            time: jiff::Timestamp::now(),
            summary: summary.map(str::to_owned).or(words.summary),
            gesture: gesture.clone(),
            undoes: words.undoes,
        };
        if let Some(commit) = notebook.history.record(&batch)? {
            self.core.subscribers.send(&EngineEvent::Committed { notebook: notebook.number, commit });
            return Ok(Some(commit));
        }
        // Nothing differed: the newest commit holds it all.
        Ok(notebook.history.head()?)
    }

    /// Tells the index which contents the history has.
    fn mark(&self, notebook: &Notebook, written: Vec<(NotePath, StoreStat)>, commit: Option<CommitId>) {
        let Some(commit) = commit else { return };
        let marks: Vec<_> = written.into_iter().map(|(path, stat)| (path, stat, commit)).collect();
        let number = notebook.number;
        if !marks.is_empty() {
            self.core.queue.push_task(Box::new(move |thread| thread.mark_committed(number, &marks)));
        }
    }

    /// Records what changed while nobody looked, after a crash or between two runs; and all of a notebook that has no
    /// history yet.
    pub(super) fn take_stock(&self, notebook: &Notebook, present: &[Present]) -> Result<(), EngineError> {
        let gesture = edit::new_gesture();
        let Some(head) = notebook.history.head()? else {
            let changes = present.iter().map(|file| Recording::Written(file.path.clone())).collect();
            let by = Requester { actor: Actor::Codex, gesture: None };
            return self.record_group(notebook, Group { by, gesture, changes }, Some("adopt notebook"));
        };
        let recorded: BTreeMap<NotePath, PastKind> =
            notebook.history.files(head)?.into_iter().map(|(path, kind, _)| (path, kind)).collect();
        let unrecorded: HashSet<NotePath> = notebook.reader.unrecorded()?.into_iter().collect();
        let newest = notebook.history.commit(head)?.time.as_nanosecond() - STOCK_SLACK_NS;
        let mut changes = Vec::new();
        for file in present {
            let is_due = !recorded.contains_key(&file.path)
                || if file.has_row { unrecorded.contains(&file.path) } else { i128::from(file.ctime_ns) > newest };
            if is_due {
                changes.push(Recording::Written(file.path.clone()));
            }
        }
        let met: HashSet<&NotePath> = present.iter().map(|file| &file.path).collect();
        for path in recorded.keys().filter(|path| !met.contains(path)) {
            // What is there but ignored by now stays recorded as it is.
            if notebook.dir.stat(path).is_err_and(|error| error.is_not_found()) && self.core.is_in_place(notebook) {
                changes.push(Recording::Removed(path.clone()));
            }
        }
        self.record_group(notebook, Group { by: super::batch::unknown(), gesture, changes }, None)
    }
}

impl Group {
    /// Whether it moves or removes what is at a path: a write of it that came later must stay later.
    fn moves(&self, path: &NotePath) -> bool {
        let concerns = |place: &NotePath| path.strip_prefix(place).is_some();
        self.changes.iter().any(|change| match change {
            Recording::Written(_) => false,
            Recording::Removed(gone) => concerns(gone),
            Recording::Moved(from, to) => concerns(from) || concerns(to),
        })
    }
}

impl Kept {
    fn by_same(&self, by: &Requester) -> bool {
        (&self.by.actor, &self.by.gesture) == (&by.actor, &by.gesture)
    }
}

fn path_of(recorded: &Recorded) -> Option<&NotePath> {
    match recorded {
        Recorded::Written { path, .. } | Recorded::Symlink { path, .. } => Some(path),
        Recorded::Removed { .. } | Recorded::Moved { .. } => None,
    }
}

/// Groups changes by who made them in which gesture, in order. Of several writes of a path the last counts, and belongs
/// to who made it. A write may join an earlier group; a removal or move depends on what came before it and may not.
fn groups(changes: &[(Recording, Requester)], gestures: &mut Gestures) -> Vec<Group> {
    let mut last_write: HashMap<&NotePath, usize> = HashMap::new();
    for (at, (recording, _)) in changes.iter().enumerate() {
        if let Recording::Written(path) = recording {
            last_write.insert(path, at);
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (at, (recording, by)) in changes.iter().enumerate() {
        let is_superseded = match recording {
            Recording::Written(path) => last_write.get(path).is_some_and(|last| *last > at),
            Recording::Removed(path) => last_write.get(path).is_some_and(|last| *last > at),
            Recording::Moved(..) => false,
        };
        if is_superseded {
            continue;
        }
        let gesture = gestures.of(by);
        let is_same = |group: &Group| group.by.actor == by.actor && group.gesture == gesture;
        let joins = match recording {
            Recording::Written(path) => {
                groups.iter().rposition(is_same).filter(|at| !groups[at + 1..].iter().any(|group| group.moves(path)))
            }
            Recording::Removed(_) | Recording::Moved(..) => {
                groups.len().checked_sub(1).filter(|last| is_same(&groups[*last]))
            }
        };
        match joins {
            Some(at) => groups[at].changes.push(recording.clone()),
            None => groups.push(Group { by: by.clone(), gesture, changes: vec![recording.clone()] }),
        }
    }
    groups
}

/// The contents of a file as they would be recorded; `None` where there is none, or none that is recorded.
pub(super) fn load(core: &Core, notebook: &Notebook, path: &NotePath) -> Option<Loaded> {
    let stat = notebook.dir.stat(path).ok()?;
    load_known(core, notebook, path, &stat)
}

/// As [`load`], where a moment ago it had these attributes.
pub(super) fn load_known(core: &Core, notebook: &Notebook, path: &NotePath, stat: &StoreStat) -> Option<Loaded> {
    match stat.kind {
        FileKind::Symlink => {
            let target = notebook.dir.read_symlink(path).ok()?;
            let size = target.len();
            Some(Loaded { recorded: Recorded::Symlink { path: path.clone(), target }, stat: *stat, size })
        }
        FileKind::File => {
            let settings = Arc::clone(&core.settings.read());
            let (text_max, binary_max) = (settings.history_text_max, settings.history_binary_max);
            if stat.size > text_max.max(binary_max) {
                return None;
            }
            let (bytes, stat) = notebook.dir.read(path, text_max.max(binary_max) + 1).ok()?;
            let head = &bytes[..bytes.len().min(8192)];
            let is_binary = parse::is_binary(&path.name().to_string_lossy(), head);
            let size = bytes.len();
            if size as u64 > if is_binary { binary_max } else { text_max } {
                return None;
            }
            let executable = stat.perm & 0o100 != 0;
            let recorded = Recorded::Written { path: path.clone(), bytes: bytes.into(), executable };
            Some(Loaded { recorded, stat, size })
        }
        FileKind::Directory | FileKind::Fifo | FileKind::Socket | FileKind::CharDevice | FileKind::BlockDevice => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_after_a_move_is_recorded_after_it() {
        let path = |text: &str| NotePath::new(text).unwrap();
        let by = |text: &str| Requester { actor: Actor::User(text.to_owned()), gesture: None };
        let changes = [
            (Recording::Written(path("other.md")), by("a")),
            (Recording::Moved(path("c.md"), path("b.md")), by("bb")),
            (Recording::Written(path("b.md")), by("a")),
            (Recording::Written(path("more.md")), by("a")),
        ];
        let shown: Vec<String> = groups(&changes, &mut Gestures::default())
            .iter()
            .flat_map(|group| group.changes.iter().map(|change| format!("{change:?}")))
            .collect();
        let at = |text: &str| shown.iter().position(|change| change.contains(text)).unwrap();
        let moved = at("Moved");
        let written = shown.iter().position(|change| change.starts_with("Written") && change.contains("b.md")).unwrap();
        assert!(written > moved, "{shown:?}");
    }
}
