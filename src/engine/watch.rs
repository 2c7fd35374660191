//! Which folders are watched, and what each watch stands for. The events themselves are [`super::watcher`]'s.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use parking_lot::Mutex;

use super::Notebook;
use super::core::Core;
use super::doctor::WatchLimit;
use crate::sys::{Dir, FolderEvents, WatchId};
use crate::types::{NotePath, NotebookNumber};

/// What a watched folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The workspace itself: its notebooks come and go.
    Workspace,
    /// The workspace's `.codex`: its settings.
    Settings,
    /// A folder of a notebook.
    Folder(NotebookNumber, NotePath),
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<WatchId, Place>,
    ids: BTreeMap<(NotebookNumber, NotePath), WatchId>,
    refused: BTreeSet<(NotebookNumber, NotePath)>,
    /// Events were lost and what they may have told is not scanned yet: with the loss that it was.
    behind: BTreeMap<NotebookNumber, Loss>,
    last_loss: Loss,
    /// What the mounts were told last.
    told: Option<bool>,
    /// Why a folder was refused last.
    refusal: String,
    /// Why no event will come any more.
    dead: Option<String>,
}

/// How the watching stands.
pub(super) struct Report {
    /// Folders that are watched.
    pub(super) folders: usize,
    /// Folders that are not, and should be.
    pub(super) refused: usize,
    /// How often events were lost.
    pub(super) losses: u64,
    /// What the last loss may have hidden is not scanned yet.
    pub(super) is_behind: bool,
    /// No event will come any more.
    pub(super) is_dead: bool,
    /// What is wrong, of the same moment.
    pub(super) problem: Option<String>,
}

/// Which of the losses of events, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Loss(u64);

/// See the module.
#[derive(Debug)]
pub(super) struct Watches {
    pub(super) events: FolderEvents,
    state: Mutex<State>,
}

impl Watches {
    /// None yet.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self { events: FolderEvents::new()?, state: Mutex::default() })
    }

    /// Watches the workspace's own folders.
    pub(super) fn add_workspace(&self, root: &Dir, codex: &Dir) -> std::io::Result<()> {
        let (root, codex) = (self.events.watch(root)?, self.events.watch(codex)?);
        let mut state = self.state.lock();
        state.places.insert(root, Place::Workspace);
        state.places.insert(codex, Place::Settings);
        Ok(())
    }

    /// Watches a folder; where the system refuses, the notebook is walked every few seconds instead. Whether it is watched
    /// now and was not before.
    pub(super) fn add(&self, number: NotebookNumber, path: &NotePath, dir: &Dir) -> bool {
        let key = (number, path.clone());
        match self.events.watch(dir) {
            Ok(id) => {
                let mut state = self.state.lock();
                state.refused.remove(&key);
                // The same folder under another name: what the old one says would be wrong.
                let place = Place::Folder(number, path.clone());
                let before = state.places.insert(id, place);
                let is_new = before.is_none();
                if let Some(Place::Folder(was, old)) = before
                    && (was, &old) != (number, path)
                {
                    state.ids.remove(&(was, old));
                }
                state.ids.insert(key, id);
                is_new
            }
            // It went before it could be watched.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => {
                if self.state.lock().refused.contains(&key) {
                    return false;
                }
                let refusal = refusal(&error);
                let mut state = self.state.lock();
                if state.refused.is_empty() {
                    tracing::warn!("{refusal}");
                }
                state.refused.insert(key);
                state.refusal = refusal;
                false
            }
        }
    }

    /// What a watch stands for.
    pub(super) fn place(&self, id: WatchId) -> Option<Place> {
        self.state.lock().places.get(&id).cloned()
    }

    /// A watch has ended by itself.
    pub(super) fn drop_id(&self, id: WatchId) {
        let mut state = self.state.lock();
        if let Some(Place::Folder(number, path)) = state.places.remove(&id)
            && state.ids.get(&(number, path.clone())) == Some(&id)
        {
            state.ids.remove(&(number, path));
        }
    }

    /// A folder was renamed: its watches and those below it stand for other paths now.
    pub(super) fn rebase(&self, number: NotebookNumber, old: &NotePath, new: &NotePath) {
        let mut state = self.state.lock();
        for ((_, path), id) in below(&state.ids, number, old) {
            if let Some(rest) = path.strip_prefix(old) {
                let path_now = rest.below(new);
                state.ids.remove(&(number, path));
                state.ids.insert((number, path_now.clone()), id);
                state.places.insert(id, Place::Folder(number, path_now));
            }
        }
    }

    /// A folder is no longer part of the notebook.
    pub(super) fn drop_below(&self, number: NotebookNumber, folder: &NotePath) {
        let mut state = self.state.lock();
        for (key, id) in below(&state.ids, number, folder) {
            state.ids.remove(&key);
            state.places.remove(&id);
            self.events.unwatch(id);
        }
        state.refused.retain(|(other, path)| *other != number || path.strip_prefix(folder).is_none());
    }

    /// The notebook is closed.
    pub(super) fn forget(&self, number: NotebookNumber) {
        self.drop_below(number, &NotePath::root());
        self.state.lock().behind.remove(&number);
    }

    /// Events were lost: nothing is known until the notebooks have been scanned.
    pub(super) fn lose(&self, numbers: impl Iterator<Item = NotebookNumber>) {
        let mut state = self.state.lock();
        state.last_loss.0 += 1;
        let loss = state.last_loss;
        state.behind.extend(numbers.map(|number| (number, loss)));
    }

    /// The last loss so far: a scan makes up for what was lost before it began.
    pub(super) fn last_loss(&self) -> Loss {
        self.state.lock().last_loss
    }

    /// The notebook has been scanned as a whole, from a time on when `before` was the last loss.
    pub(super) fn caught_up(&self, number: NotebookNumber, before: Loss) {
        let mut state = self.state.lock();
        if state.behind.get(&number).is_some_and(|loss| *loss <= before) {
            state.behind.remove(&number);
        }
    }

    /// Forgets folders that are not there any more: what would have told of their end was lost, or they were never
    /// watched.
    pub(super) fn forget_absent(&self, notebook: &Notebook) {
        let number = notebook.number;
        let known: Vec<NotePath> = {
            let state = self.state.lock();
            let watched = state.ids.range((number, NotePath::root())..).map(|(key, _)| key);
            let watched = watched.take_while(|(other, _)| *other == number);
            watched
                .chain(state.refused.iter().filter(|(other, _)| *other == number))
                .map(|(_, path)| path.clone())
                .collect()
        };
        let is_absent = |path: &NotePath| match notebook.dir.stat(path) {
            Ok(stat) => !stat.is_dir(),
            Err(error) => error.is_not_found(),
        };
        for path in known.iter().filter(|path| is_absent(path)) {
            self.drop_below(number, path);
        }
    }

    /// No event will come any more.
    pub(super) fn die(&self, why: String) {
        tracing::warn!("{why}");
        self.state.lock().dead = Some(why);
    }

    /// Events come again, for now of the workspace's own folders alone.
    pub(super) fn begin_anew(&self, root: &Dir, codex: &Dir) -> std::io::Result<()> {
        self.events.begin_anew()?;
        {
            let mut state = self.state.lock();
            state.places.clear();
            state.ids.clear();
            state.refused.clear();
            state.dead = None;
        }
        self.add_workspace(root, codex)
    }

    /// Whether every folder of the notebook is watched.
    pub(super) fn holds_all(&self, number: NotebookNumber) -> bool {
        let state = self.state.lock();
        state.dead.is_none() && !state.refused.iter().any(|(other, _)| *other == number)
    }

    /// Whether every change of the store is sure to be heard of at once.
    pub(super) fn is_whole(&self) -> bool {
        let state = self.state.lock();
        state.dead.is_none() && state.refused.is_empty() && state.behind.is_empty()
    }

    /// Tells the mounts whether they may cache for long. Where they may not any more, what the kernel was given to hold
    /// for long is taken back.
    pub(super) fn tell_mounts(&self, core: &Core) {
        let whole = self.is_whole();
        let before = self.state.lock().told.replace(whole);
        core.each_mount(|mount| {
            mount.set_watching(whole);
            if !whole && before != Some(false) {
                mount.forget_all();
            }
        });
    }

    /// How the watching stands.
    pub(super) fn report(&self) -> Report {
        let state = self.state.lock();
        Report {
            folders: state.places.len(),
            refused: state.refused.len(),
            losses: state.last_loss.0,
            is_behind: !state.behind.is_empty(),
            is_dead: state.dead.is_some(),
            problem: state.dead.clone().or_else(|| (!state.refused.is_empty()).then(|| state.refusal.clone())),
        }
    }
}

/// What problems of watches are filed under.
pub(super) const WATCHES: &str = "watcher";

fn below(
    ids: &BTreeMap<(NotebookNumber, NotePath), WatchId>,
    number: NotebookNumber,
    folder: &NotePath,
) -> Vec<((NotebookNumber, NotePath), WatchId)> {
    ids.range((number, folder.clone())..)
        .take_while(|((other, path), _)| {
            // `a-b` sorts between `a` and `a/b`, but all of them begin with `a`.
            *other == number && path.as_bytes().starts_with(folder.as_bytes())
        })
        .filter(|((_, path), _)| path.strip_prefix(folder).is_some())
        .map(|(key, id)| (key.clone(), *id))
        .collect()
}

fn refusal(error: &std::io::Error) -> String {
    if error.raw_os_error() == Some(libc::ENOSPC) {
        let command =
            WatchLimit::look().map_or_else(String::new, |limit| format!("; raise it with `{}`", limit.raise(0)));
        return format!(
            "the system's limit of watched folders is reached: the rest is looked at every few seconds{command}"
        );
    }
    format!("some folders cannot be watched ({error}): they are looked at every few seconds")
}
