//! A workspace for tests: two notebooks in a temporary folder, an engine over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::{Engine, EngineOptions, Notebook, Requester};
use crate::sys::{Dir, Replace};
use crate::types::{Actor, FileKey, NotePath, TagName};

/// See the module.
pub(in crate::engine) struct Workspace {
    folder: tempfile::TempDir,
    pub(in crate::engine) engine: Arc<Engine>,
}

impl Workspace {
    /// With the notebooks `lab` and `home`.
    pub(in crate::engine) fn new() -> Self {
        Self::with(|_| ())
    }

    /// With these files, as `notebook/path`, before the engine is opened.
    pub(in crate::engine) fn holding(files: &[(&str, &str)]) -> Self {
        Self::with(|root| {
            for (file, text) in files {
                let path = path(file);
                root.make_dirs(&path.parent()).unwrap();
                root.write_durably(&path, text.as_bytes(), Replace::Never).unwrap();
            }
        })
    }

    fn with(fill: impl FnOnce(&Dir)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Engine::init(folder.path(), &["lab".to_owned(), "home".to_owned()]).unwrap();
        fill(&Dir::open(folder.path()).unwrap());
        let engine = open(folder.path(), false);
        Self { folder, engine }
    }

    /// Closes the engine and opens another over the same folder.
    pub(in crate::engine) fn reopen(mut self, serve: bool) -> Self {
        let path = self.path();
        self.engine.close();
        self.engine = open(&path, serve);
        self
    }

    pub(in crate::engine) fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(in crate::engine) fn notebook(&self, name: &str) -> Arc<Notebook> {
        self.engine.notebook_named(name).unwrap()
    }

    /// Makes a file through the engine.
    pub(in crate::engine) fn create(&self, file: &str, bytes: impl AsRef<[u8]>) {
        let (notebook, path) = self.engine.place_of(file).unwrap();
        self.engine.create_file(notebook.number, &path, bytes.as_ref(), &ada()).unwrap();
    }

    /// Replaces a file's contents through the engine.
    pub(in crate::engine) fn write(&self, file: &str, text: &str) {
        let (notebook, path) = self.engine.place_of(file).unwrap();
        self.engine.write_contents_at(&notebook, &path, None, text.as_bytes(), &ada()).unwrap();
    }

    /// What the store has.
    pub(in crate::engine) fn read(&self, file: &str) -> Option<String> {
        let (notebook, path) = self.engine.place_of(file).unwrap();
        let bytes = notebook.dir.read(&path, u64::MAX).ok()?.0;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(in crate::engine) fn key(&self, file: &str) -> FileKey {
        self.engine.key_of(file).unwrap().2
    }

    /// The tags that the maps have of a file.
    pub(in crate::engine) fn tags(&self, file: &str) -> Vec<String> {
        let key = self.key(file);
        let mut tags: Vec<String> =
            self.engine.catalog().file(key).unwrap().tags.iter().map(ToString::to_string).collect();
        tags.sort_unstable();
        tags
    }

    /// Fails the test if files, index and history differ.
    pub(in crate::engine) fn assert_clean(&self) {
        let reply = self.engine.check(false).unwrap();
        assert!(reply.clean, "{:#?}", reply.differences);
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.engine.close();
    }
}

fn open(path: &Path, serve: bool) -> Arc<Engine> {
    let options = EngineOptions {
        actor: Actor::User("ada".to_owned()),
        watch: false,
        serve,
        wait_for_scan: true,
        read_only: false,
    };
    Engine::open(path, options).unwrap()
}

pub(in crate::engine) fn ada() -> Requester {
    Requester { actor: Actor::User("ada".to_owned()), gesture: None }
}

pub(in crate::engine) fn path(text: &str) -> NotePath {
    NotePath::new(text).unwrap()
}

pub(in crate::engine) fn tag(text: &str) -> TagName {
    TagName::new(text).unwrap()
}
