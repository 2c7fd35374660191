//! The engine over real temporary workspaces.

#![allow(clippy::disallowed_methods, reason = "what happens behind Codex's back is done without its means")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::sys::Replace;
use crate::types::{FileId, FileKey, TagName};

mod behind;
mod history;
mod notebooks;
mod noted;
mod restart;

/// A workspace with the notebook `lab`, open or not.
pub(super) struct Lab {
    folder: tempfile::TempDir,
    engine: Option<Arc<Engine>>,
    watch: bool,
}

impl Lab {
    /// Not watched: what is not noted is found by a scan alone.
    pub(super) fn new() -> Self {
        Self::with(&[], false)
    }

    /// Watched.
    pub(super) fn watched() -> Self {
        Self::with(&[], true)
    }

    /// With these files before it is opened for the first time.
    pub(super) fn with(files: &[(&str, &str)], watch: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Engine::init(&folder.path().join("ws"), &["lab".to_owned()]).unwrap();
        let mut lab = Self { folder, engine: None, watch };
        for (path, text) in files {
            lab.write(path, text);
        }
        lab.open();
        lab
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    pub(super) fn options(&self) -> EngineOptions {
        EngineOptions {
            actor: Actor::User("ada".to_owned()),
            watch: self.watch,
            serve: false,
            wait_for_scan: true,
            read_only: false,
        }
    }

    pub(super) fn open(&mut self) {
        self.engine = Some(Engine::open(&self.root(), self.options()).unwrap());
    }

    pub(super) fn close(&mut self) {
        self.engine.take().unwrap().close();
    }

    pub(super) fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().unwrap()
    }

    pub(super) fn lab(&self) -> Arc<Notebook> {
        self.engine().notebook_named("lab").unwrap()
    }

    /// Writes behind Codex's back; the path is relative to the notebook.
    pub(super) fn write(&self, path: &str, text: &str) {
        let dir = Dir::open(self.root().join("lab")).unwrap();
        let path = at(path);
        dir.make_dirs(&path.parent()).unwrap();
        dir.write_durably(&path, text.as_bytes(), Replace::KeepAttributes).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        Dir::open(self.root().join("lab")).unwrap().rename(&at(from), &at(to)).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        Dir::open(self.root().join("lab")).unwrap().remove_file(&at(path)).unwrap();
    }

    pub(super) fn note(&self, op: ChangeOp, path: &str) {
        let by = self.engine().default_requester();
        self.engine().note(Change { notebook: self.lab().number, op, path: at(path), by });
    }

    /// Writes and says so, as a mount does.
    pub(super) fn save(&self, path: &str, text: &str) {
        self.write(path, text);
        self.note(ChangeOp::Written, path);
    }

    pub(super) fn barrier(&self) {
        self.engine().barrier(Duration::from_secs(20)).unwrap();
    }

    pub(super) fn id(&self, path: &str) -> Option<FileId> {
        self.engine().catalog().by_path(self.lab().number, &at(path)).map(|key| key.id)
    }

    pub(super) fn tags(&self, path: &str) -> Vec<String> {
        let key = FileKey { notebook: self.lab().number, id: self.id(path).unwrap() };
        let file = self.engine().catalog().file(key).unwrap();
        file.tags.iter().map(|tag| tag.as_str().to_owned()).collect()
    }

    /// All rows of the index with what they say, in order.
    pub(super) fn rows(&self) -> Vec<String> {
        let notebook = self.lab();
        let mut rows: Vec<String> = notebook
            .reader
            .files()
            .unwrap()
            .into_iter()
            .map(|file| {
                let row = notebook.reader.by_path(&file.path).unwrap().unwrap();
                format!("{} {:?} {:?} {:?} {:?}", row.path, row.title, row.tags, row.properties, row.hash)
            })
            .collect();
        rows.sort();
        rows
    }

    /// Waits until something is so; a second is the most that a change behind the mount may take.
    pub(super) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < Duration::from_secs(10), "{what}: {:#}", self.engine().status());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

pub(super) fn at(path: &str) -> NotePath {
    NotePath::new(path).unwrap()
}

pub(super) fn note_text(tag: &str, body: &str) -> String {
    format!("---\ntags: [{tag}]\n---\n{body}\n")
}

pub(super) fn tag(name: &str) -> TagName {
    TagName::new(name).unwrap()
}
