//! A workspace in a scratch folder, its tree, and paths as the mount would resolve them.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::*;
use crate::engine::{Change, ChangeOp, EngineOptions};
use crate::sys::Replace;
use crate::types::{Actor, NotePath};

/// What the tree asked the kernel to drop.
#[derive(Debug, Default)]
pub(super) struct Kernel {
    pub(super) entries: Mutex<Vec<(Place, OsString)>>,
    pub(super) attributes: Mutex<Vec<NodeNumber>>,
    pub(super) contents: Mutex<Vec<NodeNumber>>,
}

impl KernelCaches for Kernel {
    fn drop_entry(&self, place: &Place, name: &OsStr) {
        self.entries.lock().push((place.clone(), name.to_owned()));
    }
    fn drop_attributes(&self, node: NodeNumber) {
        self.attributes.lock().push(node);
    }
    fn drop_contents(&self, node: NodeNumber) {
        self.contents.lock().push(node);
    }
}

pub(super) struct Lab {
    pub(super) tree: Option<Tree>,
    pub(super) engine: Arc<Engine>,
    pub(super) kernel: Arc<Kernel>,
    pub(super) folder: tempfile::TempDir,
}

/// Root, in process 77.
pub(super) const ME: Caller = Caller { uid: 0, gid: 0, pid: 77 };
/// Somebody who owns nothing here.
pub(super) const OTHER: Caller = Caller { uid: 65_533, gid: 65_533, pid: u32::MAX };

impl Drop for Lab {
    fn drop(&mut self) {
        self.tree = None;
        self.engine.close();
    }
}

fn options() -> EngineOptions {
    EngineOptions {
        actor: Actor::User("ada".into()),
        watch: false,
        serve: false,
        wait_for_scan: true,
        read_only: false,
    }
}

impl Lab {
    /// A workspace with the notebook `lab` that has these files.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Engine::init(folder.path(), &["lab".to_owned()]).unwrap();
        let engine = Engine::open(folder.path(), options()).unwrap();
        let kernel = Arc::new(Kernel::default());
        let tree = Some(Tree::new(Arc::clone(&engine), Arc::clone(&kernel) as _, false));
        let lab = Self { tree, engine, kernel, folder };
        for (path, text) in files {
            lab.write(path, text);
        }
        lab
    }

    pub(super) fn tree(&self) -> &Tree {
        self.tree.as_ref().unwrap()
    }

    /// The workspace opened again, after `between`.
    pub(super) fn reopened(mut self, between: impl FnOnce(&Path)) -> Self {
        self.tree = None;
        self.engine.close();
        between(self.folder.path());
        let engine = Engine::open(self.folder.path(), options()).unwrap();
        self.tree = Some(Tree::new(Arc::clone(&engine), Arc::clone(&self.kernel) as _, false));
        self.engine = engine;
        self
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        self.write_in("lab", path, text);
    }

    pub(super) fn write_in(&self, notebook: &str, path: &str, text: &str) {
        let notebook = self.engine.notebook_named(notebook).unwrap();
        let path = NotePath::new(path).unwrap();
        notebook.dir.make_dirs(&path.parent()).unwrap();
        notebook.dir.write_durably(&path, text.as_bytes(), Replace::KeepAttributes).unwrap();
        let by = self.engine.default_requester();
        self.engine.note(Change { notebook: notebook.number, op: ChangeOp::Written, path, by });
    }

    /// A file of the notebook `lab`, as text.
    pub(super) fn read(&self, path: &str) -> String {
        let notebook = self.engine.notebook_named("lab").unwrap();
        let (bytes, _) = notebook.dir.read(&NotePath::new(path).unwrap(), u64::MAX).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.engine.notebook_named("lab").unwrap().dir.stat(&NotePath::new(path).unwrap()).is_ok()
    }

    pub(super) fn key(&self, path: &str) -> FileKey {
        self.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
        let notebook = self.engine.notebook_named("lab").unwrap();
        self.engine.catalog().by_path(notebook.number, &NotePath::new(path).unwrap()).unwrap()
    }

    /// The file's path in its notebook.
    pub(super) fn path(&self, key: FileKey) -> String {
        self.engine.catalog().file(key).unwrap().path.to_string()
    }

    /// What a path below the mount's root is.
    pub(super) fn find_as(&self, path: &str, caller: Caller) -> Answer<Found> {
        let mut place = Place::Root;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let found = self.tree().lookup(&place, OsStr::new(part), caller)?;
            match found {
                Found::Dir(below) if parts.peek().is_some() => place = below,
                found => return Ok(found),
            }
        }
        Ok(Found::Dir(place))
    }

    pub(super) fn find(&self, path: &str) -> Answer<Found> {
        self.find_as(path, ME)
    }

    /// errno of a lookup, 0 if there is something.
    pub(super) fn lookup_errno(&self, path: &str) -> i32 {
        self.find(path).err().map_or(0, |refused| refused.errno)
    }

    pub(super) fn place(&self, path: &str) -> Place {
        if path.is_empty() {
            return Place::Root;
        }
        match self.find(path) {
            Ok(Found::Dir(place)) => place,
            other => panic!("{path} is no place: {other:?}"),
        }
    }

    /// Directory and name of a path.
    pub(super) fn at<'a>(&self, path: &'a str) -> (Place, &'a OsStr) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        (self.place(folder), OsStr::new(name))
    }

    /// The names that a directory lists, folders with a `/`.
    pub(super) fn ls(&self, path: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .tree()
            .list(&self.place(path), ME)
            .unwrap()
            .into_iter()
            .map(|entry| {
                let is_dir = matches!(entry.found, Found::Dir(_) | Found::Notebook(_));
                format!("{}{}", entry.name.to_str().unwrap(), if is_dir { "/" } else { "" })
            })
            .collect();
        names.sort();
        names
    }

    pub(super) fn text(&self, path: &str) -> String {
        match self.find(path).unwrap() {
            Found::Text(file) => String::from_utf8(self.tree().text(&file).to_vec()).unwrap(),
            Found::PastFile(past) => {
                let history = &self.engine.notebook(past.notebook).unwrap().history;
                String::from_utf8(history.blob(past.blob).unwrap().to_vec()).unwrap()
            }
            other => panic!("{path} is no text: {other:?}"),
        }
    }

    // ---- operations, by path; errno where they are refused ----

    pub(super) fn ln(&self, note: &str, to: &str) -> Result<(), i32> {
        let (place, name) = self.at(to);
        self.tree().link(self.key(note), (&place, name), ME).map_err(|refused| refused.errno)
    }

    pub(super) fn ln_s(&self, target: &str, to: &str) -> Result<(), i32> {
        let (place, name) = self.at(to);
        self.tree().symlink(&place, name, OsStr::new(target), ME).map_err(|refused| refused.errno)
    }

    pub(super) fn rm(&self, path: &str) -> Result<(), i32> {
        let (place, name) = self.at(path);
        self.tree().unlink(&place, name, ME).map_err(|refused| refused.errno)
    }

    pub(super) fn rmdir(&self, path: &str) -> Result<(), i32> {
        let (place, name) = self.at(path);
        self.tree().rmdir(&place, name, ME).map_err(|refused| refused.errno)
    }

    pub(super) fn mkdir(&self, path: &str) -> Result<(), i32> {
        let (place, name) = self.at(path);
        self.tree().mkdir(&place, name, ME).map(|_| ()).map_err(|refused| refused.errno)
    }

    pub(super) fn mv(&self, from: &str, to: &str) -> Result<(), i32> {
        let ((old, old_name), (new, new_name)) = (self.at(from), self.at(to));
        self.tree().rename((&old, old_name), (&new, new_name), false, ME).map_err(|refused| refused.errno)
    }

    /// `mv lab/note to`.
    pub(super) fn mv_in(&self, note: &str, to: &str) -> Result<(), i32> {
        let (place, name) = self.at(to);
        let own = note.rsplit('/').next().unwrap();
        self.tree().rename_into(self.key(note), OsStr::new(own), (&place, name), ME).map_err(|refused| refused.errno)
    }

    /// Creates a file and writes it, without closing it.
    pub(super) fn create(&self, path: &str, text: &str) -> Result<Created, i32> {
        let (place, name) = self.at(path);
        let created = self.tree().create(&place, name, 0o644, ME).map_err(|refused| refused.errno)?;
        match &created {
            Created::Scratch(scratch) => {
                self.tree().scratch_opened(scratch.id);
                self.fill(scratch, text);
            }
            Created::Note(file) => {
                let path = self.path(*file);
                self.write(&path, text);
            }
        }
        Ok(created)
    }

    #[expect(clippy::unused_self, reason = "reads as what the laboratory does")]
    pub(super) fn fill(&self, scratch: &Scratch, text: &str) {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::WRONLY | OFlags::TRUNC;
        let file = rustix::fs::openat(&*scratch.dir, &scratch.name, flags, Mode::empty()).unwrap();
        rustix::io::write(file, text.as_bytes()).unwrap();
    }

    pub(super) fn close(&self, created: &Created) {
        if let Created::Scratch(scratch) = created {
            self.tree().scratch_flushed(scratch.id);
            self.tree().scratch_released(scratch.id, true);
        }
    }

    /// `cp`.
    pub(super) fn cp(&self, path: &str, text: &str) -> Result<(), i32> {
        let created = self.create(path, text)?;
        self.close(&created);
        Ok(())
    }

    /// Waits until files that are being made have become what they become.
    pub(super) fn settled(&self) {
        self.tree().settle_all();
        self.engine.barrier(std::time::Duration::from_secs(5)).unwrap();
    }

    pub(super) fn note_at(&self, path: &str) -> String {
        match self.find(path).unwrap() {
            Found::Note(key) => self.path(key),
            other => panic!("{path} is no note: {other:?}"),
        }
    }

    pub(super) fn last_error(&self) -> String {
        self.text(".codex/last-error")
    }
}

/// A note with tags.
pub(super) fn tagged(tags: &str) -> String {
    format!("---\ntags: [{tags}]\n---\n# Title\n\nbody\n")
}
