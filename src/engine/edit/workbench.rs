//! What edits and commands keep between calls: locks, words for gestures, the control socket.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use parking_lot::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::engine::Engine;
use crate::engine::command::ControlSocket;
use crate::types::{GestureId, NodeNumber, NotePath, NotebookNumber};

/// Locks are shared out by hash: two files seldom meet, and nothing has to be cleaned up.
const SHARDS: usize = 64;

/// So many gestures are described at most; a description is read within a minute.
const DESCRIBED: usize = 1024;

/// What edits and commands keep between calls.
pub(in crate::engine) struct Workbench {
    /// Held while a note's metadata or contents are read, edited and replaced.
    files: [Mutex<()>; SHARDS],
    /// Held for reading while a mount opens or writes a file, for writing while an edit replaces its bytes or inode.
    bytes: [RwLock<()>; SHARDS],
    hashes: RandomState,
    gestures: Mutex<VecDeque<(GestureId, GestureWords)>>,
    pub(in crate::engine) socket: Mutex<Option<ControlSocket>>,
}

/// What the commits of a gesture say besides the list of operations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GestureWords {
    /// First line of the message.
    pub summary: Option<String>,
    /// The gestures that it undoes.
    pub undoes: Vec<GestureId>,
}

/// While it lives, no edit replaces the file's bytes or inode.
#[derive(Debug)]
#[must_use]
pub struct WriteGuard<'a> {
    _lock: RwLockReadGuard<'a, ()>,
}

impl Default for Workbench {
    fn default() -> Self {
        Self {
            files: std::array::from_fn(|_| Mutex::new(())),
            bytes: std::array::from_fn(|_| RwLock::new(())),
            hashes: RandomState::new(),
            gestures: Mutex::default(),
            socket: Mutex::default(),
        }
    }
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Workbench {
    /// Stops serving the control socket.
    pub(in crate::engine) fn close(&self) {
        drop(self.socket.lock().take());
    }

    /// Waits until nobody else edits the note.
    pub(super) fn lock_file(&self, notebook: NotebookNumber, path: &NotePath) -> MutexGuard<'_, ()> {
        self.files[self.shard(&(notebook, path))].lock()
    }

    /// Waits until nobody edits either note; both in one order, so that two moves never wait for each other.
    pub(super) fn lock_two(
        &self,
        notebook: NotebookNumber,
        one: &NotePath,
        two: &NotePath,
    ) -> (MutexGuard<'_, ()>, Option<MutexGuard<'_, ()>>) {
        let (a, b) = (self.shard(&(notebook, one)), self.shard(&(notebook, two)));
        let first = self.files[a.min(b)].lock();
        (first, (a != b).then(|| self.files[a.max(b)].lock()))
    }

    /// Keeps mounts from opening and writing a file.
    pub(super) fn stop_writes(&self, node: NodeNumber) -> RwLockWriteGuard<'_, ()> {
        self.bytes[self.shard(&node)].write()
    }

    /// What was said of a gesture.
    pub(in crate::engine) fn words_of(&self, gesture: &GestureId) -> GestureWords {
        let gestures = self.gestures.lock();
        gestures.iter().rev().find(|(id, _)| id == gesture).map(|(_, words)| words.clone()).unwrap_or_default()
    }

    /// Says what the commits of a gesture are to say; before its first change is noted.
    pub(in crate::engine) fn describe(&self, gesture: &GestureId, words: GestureWords) {
        let mut gestures = self.gestures.lock();
        gestures.retain(|(id, _)| id != gesture);
        if gestures.len() >= DESCRIBED {
            gestures.pop_front();
        }
        gestures.push_back((gesture.clone(), words));
    }

    fn shard(&self, key: &impl std::hash::Hash) -> usize {
        usize::try_from(self.hashes.hash_one(key) % SHARDS as u64).unwrap_or(0)
    }
}

impl Engine {
    /// Keeps edits away from a file while it lives. A mount holds it around each write that the daemon performs, so
    /// that no edit overwrites bytes that it has not seen; and around each open until [`Engine::is_open`] is true of
    /// it, so that no handle is left to an inode that an edit has replaced. Never two at a time by one thread.
    pub fn write_guard(&self, node: NodeNumber) -> WriteGuard<'_> {
        let bench = &self.workbench;
        WriteGuard { _lock: bench.bytes[bench.shard(&node)].read() }
    }

    /// Says what the commits of a gesture are to say besides the list of operations; before its first change.
    pub fn describe_gesture(&self, gesture: &GestureId, words: GestureWords) {
        self.workbench.describe(gesture, words);
    }
}
