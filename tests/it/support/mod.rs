//! What tests stand on: a workspace in a scratch folder, and a real mount of it that always goes away.

pub mod disk;
pub mod random;
pub mod run;
pub mod serving;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cdx::engine::{Engine, EngineOptions};
use cdx::fs::{MountOptions, MountedFs};
use cdx::types::Actor;
use tempfile::TempDir;

/// A workspace in a scratch folder, mounted in this process.
pub struct Mounted {
    folder: TempDir,
    engine: Option<Arc<Engine>>,
    mounts: Vec<MountedFs>,
}

/// A note with frontmatter.
pub fn note(frontmatter: &str, body: &str) -> String {
    format!("---\n{frontmatter}\n---\n\n{body}\n")
}

impl Mounted {
    /// A workspace with one notebook `lab` that holds `files`, mounted.
    pub fn with(files: &[(&str, &str)]) -> Self {
        Self::of(&["lab"], files, &MountOptions::default())
    }

    /// A workspace with these notebooks; paths of files begin with a notebook's name unless it is `lab` alone.
    pub fn of(notebooks: &[&str], files: &[(&str, &str)], options: &MountOptions) -> Self {
        let folder = tempfile::Builder::new().prefix("cdx-it-").tempdir().expect("a scratch folder");
        for notebook in notebooks {
            std::fs::create_dir_all(folder.path().join("store").join(notebook)).expect("a notebook's folder");
        }
        let mut mounted = Self { folder, engine: None, mounts: Vec::new() };
        for (path, text) in files {
            let path = if notebooks == ["lab"] { format!("lab/{path}") } else { (*path).to_owned() };
            let path = mounted.store().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        mounted.open();
        mounted.mount(options);
        mounted
    }

    fn open(&mut self) {
        let options = EngineOptions {
            actor: Actor::User("tester".to_owned()),
            watch: true,
            serve: false,
            wait_for_scan: true,
            read_only: false,
        };
        Engine::init(&self.store(), &[]).expect("a workspace");
        self.engine = Some(Engine::open(&self.store(), options).expect("an engine"));
    }

    fn mount(&mut self, options: &MountOptions) {
        let at = self.folder.path().join(format!("mnt{}", self.mounts.len()));
        std::fs::create_dir_all(&at).expect("a mountpoint");
        self.mounts.push(cdx::fs::mount(self.engine(), &at, options).expect("a mount"));
    }

    /// One more mount of the same workspace; its path.
    pub fn mount_again(&mut self, options: &MountOptions) -> PathBuf {
        self.mount(options);
        self.mounts[self.mounts.len() - 1].mountpoint().to_owned()
    }

    /// Unmounts, closes the engine and starts both anew.
    pub fn restart(&mut self) {
        self.stop();
        self.open();
        self.mount(&MountOptions::default());
    }

    fn stop(&mut self) {
        for mount in self.mounts.drain(..) {
            let _ = mount.unmount();
        }
        if let Some(engine) = self.engine.take() {
            engine.close();
        }
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        self.engine.as_ref().expect("an engine that runs")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// The mountpoint.
    pub fn mnt(&self) -> PathBuf {
        self.mounts[0].mountpoint().to_owned()
    }

    /// A path in the mount.
    pub fn at(&self, path: &str) -> PathBuf {
        self.mnt().join(path)
    }

    /// A path in the notebook `lab` of the mount.
    pub fn lab(&self, path: &str) -> PathBuf {
        self.mnt().join("lab").join(path)
    }

    /// A path in the notebook `lab` of the store.
    pub fn store_lab(&self, path: &str) -> PathBuf {
        self.store().join("lab").join(path)
    }

    /// The first mount.
    pub fn fs(&self) -> &MountedFs {
        &self.mounts[0]
    }

    /// Waits until the index has taken in all that happened through mounts.
    pub fn settle(&self) {
        self.engine().barrier(Duration::from_secs(5)).expect("an index that keeps up");
    }

    /// Why the last operation was refused.
    pub fn last_error(&self) -> String {
        read(self.at(".codex/last-error"))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The text of a file.
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Writes a file.
#[track_caller]
pub fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
    let path = path.as_ref();
    std::fs::write(path, text).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
}

/// The names in a directory, sorted.
#[track_caller]
pub fn ls(path: impl AsRef<Path>) -> Vec<String> {
    let path = path.as_ref();
    let mut names: Vec<String> = std::fs::read_dir(path)
        .unwrap_or_else(|error| panic!("list {}: {error}", path.display()))
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The error number of a failed operation.
#[track_caller]
pub fn errno<T: std::fmt::Debug>(result: std::io::Result<T>) -> i32 {
    result.expect_err("a refusal").raw_os_error().expect("an error number")
}

/// Tries until it holds, at most `within`; panics with the last reason.
#[track_caller]
pub fn eventually(within: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < within, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
