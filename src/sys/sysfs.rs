//! Settings of the kernel.

/// Writes a setting, where this process may; a setting that is not there or not ours is left alone.
pub fn write_sysfs(path: &str, value: &str) {
    use std::io::Write;
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open(path) {
        let _ = file.write_all(value.as_bytes());
    }
}
