//! The events of all open workspaces in one order, and the last of each to be heard once more. A workspace's events begin
//! with its engine: what was before, or while it was closed, nobody can tell.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::event::{About, Event, FileChange, IndexingState, text_of};
use crate::types::{NotebookId, WorkspaceId};

/// Events that a socket may be behind by; one that is further behind has to read everything anew.
const BEHIND_MAX: usize = 8192;

/// Events of a workspace that can be heard once more.
const KEPT: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Feed {
    state: Mutex<State>,
    sender: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug)]
struct State {
    newest: u64,
    logs: HashMap<WorkspaceId, Log>,
}

/// The last events of a workspace.
#[derive(Debug)]
struct Log {
    /// What came up to here is not in it.
    before: u64,
    events: VecDeque<Arc<Event>>,
}

/// What came after some event.
#[derive(Debug)]
pub(crate) enum Missed {
    /// In order.
    Events(Vec<Arc<Event>>),
    /// More than is known of.
    Unknown,
}

impl Feed {
    /// Its numbers begin above those of any server that ran before: with the time in microseconds, of which no server
    /// has as many events. They stay exact in programs that hold numbers as floats.
    pub(crate) fn new() -> Self {
        let newest = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or(1);
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        Self { state: Mutex::new(State { newest, logs: HashMap::new() }), sender }
    }

    /// A workspace was opened: its events follow.
    pub(crate) fn begin(&self, workspace: WorkspaceId) {
        let mut state = self.state.lock();
        let before = state.next();
        state.logs.insert(workspace, Log { before, events: VecDeque::new() });
    }

    /// A workspace was closed: nothing more is heard of it.
    pub(crate) fn end(&self, workspace: WorkspaceId) {
        self.state.lock().logs.remove(&workspace);
    }

    /// Events of a workspace were lost: whoever hears of it reads everything anew.
    pub(crate) fn lose(&self, workspace: WorkspaceId) {
        self.begin(workspace);
        self.tell(workspace, About::Gap, None);
    }

    /// A file has changed.
    pub(crate) fn changed(&self, workspace: WorkspaceId, change: FileChange) {
        self.publish(workspace, About::File(Box::new(change)));
    }

    /// The result of a view has changed.
    pub(super) fn view_changed(&self, workspace: WorkspaceId, key: super::views::ViewKey) {
        self.publish(workspace, About::View(key));
    }

    /// The index of a notebook goes on. It has no number: who missed it asks how far it is.
    pub(super) fn indexing(&self, workspace: WorkspaceId, state: IndexingState) {
        self.tell(workspace, About::Indexing(state.notebook_id), Some(&state));
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Events from now on, and the number of the newest before them.
    pub(super) fn listen(&self) -> (broadcast::Receiver<Arc<Event>>, u64) {
        let state = self.state.lock();
        (self.sender.subscribe(), state.newest)
    }

    /// The number of the newest event.
    pub(super) fn newest(&self) -> u64 {
        self.state.lock().newest
    }

    /// What a workspace's events were after `since`, up to `until`.
    pub(super) fn missed(&self, workspace: WorkspaceId, since: u64, until: u64) -> Missed {
        let state = self.state.lock();
        match state.logs.get(&workspace) {
            Some(log) if (log.before..=state.newest).contains(&since) => {
                let from = log.events.partition_point(|event| event.seq <= since);
                let events = log.events.range(from..).take_while(|event| event.seq <= until);
                Missed::Events(events.cloned().collect())
            }
            _ => Missed::Unknown,
        }
    }

    /// The changes of files that are still known, newest first.
    pub(crate) fn recent(&self, workspace: WorkspaceId, of: impl Fn(NotebookId) -> bool) -> Vec<FileChange> {
        let state = self.state.lock();
        let events = state.logs.get(&workspace).into_iter().flat_map(|log| log.events.iter().rev());
        let changes = events.filter_map(|event| match &event.about {
            About::File(change) if of(change.notebook_id) => Some(FileChange::clone(change)),
            _ => None,
        });
        changes.collect()
    }

    /// One with a number, kept to be heard once more.
    fn publish(&self, workspace: WorkspaceId, about: About) {
        let mut state = self.state.lock();
        let seq = state.next();
        let text = text_of(workspace, &about, None, seq);
        let event = Arc::new(Event { seq, workspace, about, text });
        if let Some(log) = state.logs.get_mut(&workspace) {
            log.events.push_back(Arc::clone(&event));
            if log.events.len() > KEPT
                && let Some(oldest) = log.events.pop_front()
            {
                log.before = oldest.seq;
            }
        }
        // In the order of the numbers, hence under the lock. Nobody listens: nothing is missed.
        let _ = self.sender.send(event);
    }

    /// One that is of the moment.
    fn tell(&self, workspace: WorkspaceId, about: About, indexing: Option<&IndexingState>) {
        let state = self.state.lock();
        let seq = state.newest;
        let text = text_of(workspace, &about, indexing, seq);
        let _ = self.sender.send(Arc::new(Event { seq, workspace, about, text }));
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::ChangeKind;
    use super::*;

    fn change(path: &str) -> FileChange {
        FileChange {
            notebook_id: NotebookId(1),
            event_type: ChangeKind::Modified,
            path: path.to_owned(),
            old_path: None,
            file_id: 1,
            reference: "1:1".to_owned(),
            actor: "ada".to_owned(),
            timestamp: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn paths(missed: &Missed) -> Option<Vec<String>> {
        let Missed::Events(events) = missed else { return None };
        let path = |event: &Arc<Event>| match &event.about {
            About::File(change) => change.path.clone(),
            other => format!("{other:?}"),
        };
        Some(events.iter().map(path).collect())
    }

    const LAB: WorkspaceId = WorkspaceId(1);
    const OTHER: WorkspaceId = WorkspaceId(2);

    #[test]
    fn what_was_missed_is_known_since_the_beginning_and_nothing_before() {
        let feed = Feed::new();
        let earlier = feed.newest();
        assert!(paths(&feed.missed(LAB, earlier, u64::MAX)).is_none());
        feed.begin(LAB);
        let began = feed.newest();
        for path in ["a", "b", "c"] {
            feed.changed(LAB, change(path));
            feed.changed(OTHER, change("elsewhere"));
        }
        let newest = feed.newest();
        assert_eq!(paths(&feed.missed(LAB, began, newest)).unwrap(), ["a", "b", "c"]);
        assert_eq!(paths(&feed.missed(LAB, began + 1, newest)).unwrap(), ["b", "c"]);
        assert_eq!(paths(&feed.missed(LAB, began + 1, began + 4)).unwrap(), ["b"]);
        assert_eq!(paths(&feed.missed(LAB, newest, newest)).unwrap(), [""; 0]);
        for unknown in [earlier, newest + 1, 0] {
            assert!(paths(&feed.missed(LAB, unknown, newest)).is_none(), "{unknown}");
        }
        // Closed and opened again: what happened meanwhile, nobody saw.
        feed.end(LAB);
        feed.begin(LAB);
        assert!(paths(&feed.missed(LAB, newest, u64::MAX)).is_none());
    }

    #[test]
    fn what_is_too_old_is_unknown() {
        let feed = Feed::new();
        feed.begin(LAB);
        let began = feed.newest();
        for number in 0..=KEPT {
            feed.changed(LAB, change(&number.to_string()));
        }
        assert!(paths(&feed.missed(LAB, began, u64::MAX)).is_none());
        assert_eq!(paths(&feed.missed(LAB, began + 1, u64::MAX)).unwrap().len(), KEPT);
    }

    #[test]
    fn numbers_are_exact_as_floats() {
        assert!(Feed::new().newest() < 1 << 53);
    }
}
