//! From pending changes to commits.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::core::Core;
use super::events::EngineEvent;
use super::history_thread::{Pending, Recording};
use super::walk::Present;
use super::workspace::{self, note_path};
use super::{EngineError, Notebook, Requester, edit};
use crate::history::{Batch, History, PastKind, Recorded, blob_id};
use crate::index::notebook::RowChange;
use crate::index::parse;
use crate::sys::{FaultPoint, FileKind, StoreStat, pass};
use crate::types::{Actor, CommitId, ContentHash, GestureId, NotePath, NotebookNumber};

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

/// A version that was recorded before a kill is among so many of the newest.
const VERSIONS: usize = 64;

/// So long a file that was missed may turn up at another place.
const MISSED_FOR: Duration = Duration::from_secs(180);

/// See the module.
pub(super) struct Recorder<'a> {
    core: &'a Arc<Core>,
    /// What was to be recorded of late and was not there: a folder above it may have been moved, which comes later.
    missed: RefCell<VecDeque<(Instant, NotebookNumber, NotePath)>>,
}

/// Contents as they were read for a commit.
pub(super) struct Loaded {
    pub(super) recorded: Recorded,
    pub(super) size: usize,
}

/// Contents that the index is to know as recorded.
struct Mark {
    path: NotePath,
    hash: ContentHash,
    blob: CommitId,
}

/// Changes that make one commit.
struct Group {
    by: Requester,
    gesture: GestureId,
    changes: Vec<Recording>,
    /// Of which paths it has a version,
    versions: HashSet<NotePath>,
    /// and what it moves or removes.
    places: HashSet<NotePath>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(core: &'a Arc<Core>) -> Self {
        Self { core, missed: RefCell::default() }
    }

    fn miss(&self, notebook: &Notebook, path: NotePath) {
        let mut missed = self.missed.borrow_mut();
        let now = Instant::now();
        while missed.front().is_some_and(|(since, ..)| now - *since > MISSED_FOR) {
            missed.pop_front();
        }
        missed.push_back((now, notebook.number, path));
    }

    /// What was missed at or below a place that turns out to have moved, at its new paths.
    fn missed_below(&self, notebook: &Notebook, (from, to): (&NotePath, &NotePath)) -> Vec<NotePath> {
        let mut missed = self.missed.borrow_mut();
        let (below, rest): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut *missed)
            .into_iter()
            .partition(|(_, number, path)| *number == notebook.number && path.strip_prefix(from).is_some());
        *missed = rest;
        below.into_iter().filter_map(|(_, _, path)| Some(path.strip_prefix(from)?.below(to))).collect()
    }

    /// Records what waits of a notebook.
    pub(super) fn record(
        &self,
        notebook: &Notebook,
        pending: &Pending,
        gestures: &mut Gestures,
    ) -> Result<(), EngineError> {
        for group in groups(&pending.changes, gestures) {
            self.record_group(notebook, group, None, gestures)?;
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
            time: crate::sys::now(),
            summary: None,
            gesture: edit::new_gesture(),
            undoes: Vec::new(),
        };
        history.record(&batch)?;
        Ok(())
    }

    fn record_group(
        &self,
        notebook: &Notebook,
        group: Group,
        summary: Option<&str>,
        gestures: &mut Gestures,
    ) -> Result<(), EngineError> {
        let mut changes = Vec::new();
        let mut marks = Vec::new();
        let mut bytes = 0;
        let mut rest: VecDeque<Recording> = group.changes.into();
        while let Some(recording) = rest.pop_front() {
            match recording {
                Recording::Removed(path) => changes.push(Recorded::Removed { path }),
                Recording::Moved(from, to) => {
                    for path in self.missed_below(notebook, (&from, &to)) {
                        rest.push_front(Recording::Written(path));
                    }
                    changes.push(Recorded::Moved { from, to });
                }
                Recording::Kept(kept) => {
                    bytes += size_of(&kept);
                    changes.push(kept);
                }
                Recording::Written(path) => {
                    let loaded = load(self.core, notebook, &path);
                    // An edit that came since the round began kept what it replaced: that is what was written.
                    if let Some(kept) = self.core.history.take_kept(notebook.number, &path) {
                        if is_same(&kept.1, &group.by) {
                            bytes += size_of(&kept.0);
                            changes.push(kept.0);
                        } else {
                            self.commit_kept(notebook, kept, gestures)?;
                        }
                    } else if let Some(loaded) = loaded {
                        bytes += loaded.size;
                        marks.extend(Mark::of(&loaded.recorded));
                        changes.push(loaded.recorded);
                    } else {
                        self.miss(notebook, path);
                    }
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
            time: crate::sys::now(),
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
    fn mark(&self, notebook: &Notebook, written: Vec<Mark>, commit: Option<CommitId>) {
        let Some(commit) = commit else { return };
        let marks: Vec<_> = written.into_iter().map(|mark| mark.since(commit)).collect();
        let number = notebook.number;
        if !marks.is_empty() {
            self.core.queue.push_task(Box::new(move |thread| thread.mark_committed(number, &marks)));
        }
    }

    /// A version that somebody else wrote since the round began.
    fn commit_kept(
        &self,
        notebook: &Notebook,
        (kept, by): (Recorded, Requester),
        gestures: &mut Gestures,
    ) -> Result<(), EngineError> {
        let gesture = gestures.of(&by);
        let recorded = self.commit(notebook, vec![kept.clone()], &by, &gesture, None);
        if recorded.is_err() {
            self.core.history.keep_again(notebook.number, (kept, by));
        }
        recorded.map(drop)
    }

    /// Records what changed while nobody looked, after a crash or between two runs; and all of a notebook that has no
    /// history yet, as it was before `waiting` changes.
    pub(super) fn take_stock(
        &self,
        notebook: &Notebook,
        present: &[Present],
        waiting: &[(Recording, Requester)],
    ) -> Result<(), EngineError> {
        pass(FaultPoint::TakeStock);
        let gesture = edit::new_gesture();
        let Some(head) = notebook.history.head()? else {
            let mut kept: HashMap<&NotePath, &Recording> = HashMap::new();
            for (change, _) in waiting {
                if let Some(path) = change.kept() {
                    kept.entry(path).or_insert(change);
                }
            }
            let found = |path: &NotePath| {
                kept.get(path).map_or_else(|| Recording::Written(path.clone()), |kept| (*kept).clone())
            };
            let changes = present.iter().map(|file| found(&file.path)).collect();
            let by = Requester { actor: Actor::Codex, gesture: None };
            let group = Group::of_writes(by, gesture, changes);
            return self.record_group(notebook, group, Some("adopt notebook"), &mut Gestures::default());
        };
        let recorded: BTreeMap<NotePath, (PastKind, CommitId)> =
            notebook.history.files(head)?.into_iter().map(|(path, kind, blob)| (path, (kind, blob))).collect();
        let blobs: HashMap<NotePath, CommitId> = notebook.reader.recorded_blobs()?.into_iter().collect();
        let newest = notebook.history.commit(head)?.time.as_nanosecond() - STOCK_SLACK_NS;
        // A clock that was set back since tells nothing of what came before the commit.
        let newest = if newest > crate::sys::now().as_nanosecond() { i128::MIN } else { newest };
        let mut changes = Vec::new();
        for file in present {
            let is_recorded = recorded.get(&file.path).is_some_and(|(kind, blob)| {
                if !file.has_row {
                    return i128::from(file.ctime_ns) <= newest;
                }
                let is_same_kind = *kind == PastKind::File { executable: file.is_executable };
                is_same_kind && blobs.get(&file.path) == Some(blob)
            });
            if !is_recorded {
                changes.push(Recording::Written(file.path.clone()));
            }
        }
        let met: HashSet<&NotePath> = present.iter().map(|file| &file.path).collect();
        for path in recorded.keys().filter(|path| !met.contains(path)) {
            // What is there but ignored by now stays recorded as it is.
            if notebook.dir.stat(path).is_err_and(|error| error.is_not_found())
                && self.core.is_in_place(notebook)
                && !notebook.is_away(path)
            {
                changes.push(Recording::Removed(path.clone()));
            }
        }
        let group = Group::of_writes(super::batch::unknown(), gesture, changes);
        self.record_group(notebook, group, None, &mut Gestures::default())
    }
}

impl Mark {
    /// `None` for what has no contents.
    fn of(recorded: &Recorded) -> Option<Self> {
        let Recorded::Written { path, bytes, .. } = recorded else { return None };
        let blob = blob_id(bytes)?;
        Some(Self { path: path.clone(), hash: ContentHash(Sha256::digest(bytes).into()), blob })
    }

    fn since(self, commit: CommitId) -> RowChange {
        let Self { path, hash, blob } = self;
        RowChange::Committed { path, hash, commit, blob }
    }
}

impl Group {
    fn new(by: Requester, gesture: GestureId) -> Self {
        Self { by, gesture, changes: Vec::new(), versions: HashSet::new(), places: HashSet::new() }
    }

    fn of_writes(by: Requester, gesture: GestureId, changes: Vec<Recording>) -> Self {
        Self { changes, ..Self::new(by, gesture) }
    }

    fn push(&mut self, recording: Recording) {
        self.versions.extend(recording.version_of().cloned());
        match &recording {
            Recording::Removed(gone) => drop(self.places.insert(gone.clone())),
            Recording::Moved(from, to) => self.places.extend([from.clone(), to.clone()]),
            Recording::Written(_) | Recording::Kept(_) => {}
        }
        self.changes.push(recording);
    }

    /// Whether a version of a path that came later must stay later: this moves what is there, or has a version of it.
    fn precedes(&self, path: &NotePath) -> bool {
        let mut place = path.clone();
        while !place.is_root() {
            if self.places.contains(&place) {
                return true;
            }
            place = place.parent();
        }
        self.versions.contains(path)
    }

    /// Whether a removal or move must stay later: it takes away of what this has a version that was kept.
    fn has_kept(&self, taken: &Recording) -> bool {
        self.changes.iter().filter_map(Recording::kept).any(|kept| taken.moves(kept))
    }
}

fn is_same(one: &Requester, other: &Requester) -> bool {
    (&one.actor, &one.gesture) == (&other.actor, &other.gesture)
}

/// Bytes of contents that were kept.
fn size_of(recorded: &Recorded) -> usize {
    match recorded {
        Recorded::Written { bytes, .. } => bytes.len(),
        Recorded::Symlink { target, .. } => target.len(),
        Recorded::Removed { .. } | Recorded::Moved { .. } => 0,
    }
}

/// Groups changes by who made them in which gesture, in order. Of several writes of a path the last counts, and belongs
/// to who made it; versions that were kept each count. A version joins the earliest group that it can: none of its path,
/// and no move of it, may come to be after it. A removal or move depends on what came before it, and may join the last.
fn groups(changes: &[(Recording, Requester)], gestures: &mut Gestures) -> Vec<Group> {
    let mut last_version: HashMap<&NotePath, usize> = HashMap::new();
    for (at, (recording, _)) in changes.iter().enumerate() {
        if let Some(path) = recording.version_of() {
            last_version.insert(path, at);
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for (at, (recording, by)) in changes.iter().enumerate() {
        let is_superseded = match recording {
            Recording::Written(path) | Recording::Removed(path) => {
                last_version.get(path).is_some_and(|last| *last > at)
            }
            Recording::Moved(..) | Recording::Kept(_) => false,
        };
        if is_superseded {
            continue;
        }
        let gesture = gestures.of(by);
        let is_same = |group: &Group| group.by.actor == by.actor && group.gesture == gesture;
        let joins = if let Some(path) = recording.version_of() {
            let mut earliest = None;
            for (at, group) in groups.iter().enumerate().rev() {
                if is_same(group) && !group.versions.contains(path) {
                    earliest = Some(at);
                }
                if group.precedes(path) {
                    break;
                }
            }
            earliest
        } else {
            let last = groups.len().checked_sub(1);
            last.filter(|last| is_same(&groups[*last]) && !groups[*last].has_kept(recording))
        };
        if let Some(at) = joins {
            groups[at].push(recording.clone());
        } else {
            let mut group = Group::new(by.clone(), gesture);
            group.push(recording.clone());
            groups.push(group);
        }
    }
    groups
}

/// Whose contents these are.
pub(super) fn path_of(recorded: &Recorded) -> Option<&NotePath> {
    match recorded {
        Recorded::Written { path, .. } | Recorded::Symlink { path, .. } => Some(path),
        Recorded::Removed { .. } | Recorded::Moved { .. } => None,
    }
}

/// Whether the history has such a version of the file already.
pub(super) fn is_recorded(notebook: &Notebook, recorded: &Recorded) -> bool {
    let blob = match recorded {
        Recorded::Written { bytes, .. } => blob_id(bytes),
        Recorded::Symlink { target, .. } => blob_id(target),
        Recorded::Removed { .. } | Recorded::Moved { .. } => None,
    };
    let versions = path_of(recorded).map(|path| notebook.history.versions(path, VERSIONS));
    blob.is_some() && versions.is_some_and(|found| found.is_ok_and(|all| all.iter().any(|one| one.blob == blob)))
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
            Some(Loaded { recorded: Recorded::Symlink { path: path.clone(), target }, size })
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
            Some(Loaded { recorded, size })
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
