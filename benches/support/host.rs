//! What a virtual machine's host does meanwhile, and how a benchmark keeps out of its way.

use std::fs;
use std::path::PathBuf;

use super::say;

/// How long memory must have been free before this kernel gives it back to its host.
const MIN_FREE_MS: &str = "/sys/module/page_reporting/parameters/min_free_ms";

/// While it lives, free memory stays with this machine. Else the kernel gives it back to the host, and whoever next
/// writes a gibibyte of new pages waits for the host to find them again: a second and a half, ten times what the write
/// takes, for whichever filesystem happens to be next.
#[derive(Debug)]
pub struct KeptMemory(Option<(PathBuf, String)>);

impl KeptMemory {
    /// Holds on to it, where the machine gives memory back and lets this process decide.
    pub fn hold() -> Self {
        let path = PathBuf::from(MIN_FREE_MS);
        let Ok(before) = fs::read_to_string(&path) else { return Self(None) };
        // The most that it takes.
        match fs::write(&path, "100000") {
            Ok(()) => Self(Some((path, before))),
            Err(error) => {
                say(&format!("   free memory goes back to the host meanwhile ({}: {error})", path.display()));
                Self(None)
            }
        }
    }
}

impl Drop for KeptMemory {
    fn drop(&mut self) {
        if let Some((path, before)) = &self.0 {
            let _ = fs::write(path, before.trim());
        }
    }
}
