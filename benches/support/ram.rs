//! An ext4 in memory: the store of benchmarks whose figure is a ratio, so that no disk hides what FUSE costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::namespace::is_root;
use super::{Outcome, process};

/// A mounted ext4 whose image is a file of a tmpfs. Dropping it unmounts; the kernel then frees image and device.
#[derive(Debug)]
pub struct RamDisk {
    path: PathBuf,
}

impl RamDisk {
    /// Makes one of so many GiB (taken as they are written) at an empty directory.
    pub fn new(path: &Path, gib: u64) -> Outcome<Self> {
        if !is_root() {
            return Err("a disk in memory needs root".into());
        }
        let image = PathBuf::from(format!("/dev/shm/codex-bench-{}.ext4", std::process::id()));
        fs::create_dir_all(path)?;
        let made = make(&image, path, gib);
        // Mounted or not: the loop device holds what it needs.
        let _ = fs::remove_file(&image);
        made.map(|()| Self { path: path.to_owned() })
    }

    /// A new empty directory on it.
    pub fn dir(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.path.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }
}

fn make(image: &Path, path: &Path, gib: u64) -> Outcome<()> {
    fs::File::create(image)?.set_len(gib << 30)?;
    // Nothing is left to be initialised in the background.
    let options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
    process::run(Command::new("mkfs.ext4").args(["-q", "-F", "-E", options]).arg(image))?;
    process::run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(path))
}

impl Drop for RamDisk {
    fn drop(&mut self) {
        let _ = process::run(Command::new("umount").arg("-l").arg(&self.path));
    }
}
