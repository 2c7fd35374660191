//! stress-ng's filesystem classes on a real daemon's mount, 8 writers at a time: no error, and neither memory nor descriptors
//! that grow. `CDX_STRESS_SECONDS` lengthens it: so long in all.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::cli::Bench;
use crate::cli::mount::mount;
use crate::support::random::setting;
use crate::support::run::limited;

/// Classes that run at a time, a worker each.
const WRITERS: usize = 8;

/// Those of its classes `filesystem` and `io` that work in a folder they are given and need no other filesystem, device or
/// module, with what they need to be told so that they fit on a small machine.
const CLASSES: [(&str, &[&str]); 24] = [
    ("access", &[]),
    ("chdir", &["--chdir-dirs", "256"]),
    ("chmod", &[]),
    ("copy-file", &["--copy-file-bytes", "128M"]),
    ("dentry", &["--dentries", "512"]),
    ("dir", &["--dir-dirs", "256"]),
    ("dirdeep", &["--dirdeep-inodes", "2000"]),
    ("dirmany", &["--dirmany-bytes", "4K"]),
    ("dup", &[]),
    ("fallocate", &["--fallocate-bytes", "8M"]),
    ("fcntl", &[]),
    ("fiemap", &["--fiemap-bytes", "4M"]),
    ("filename", &["--filename-opts", "posix"]),
    ("flock", &[]),
    ("fstat", &[]),
    ("getdent", &[]),
    ("hdd", &["--hdd-bytes", "8M"]),
    ("link", &[]),
    ("locka", &[]),
    ("lockofd", &[]),
    ("rename", &[]),
    ("seek", &["--seek-size", "4M"]),
    ("symlink", &[]),
    ("utime", &[]),
];

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// Memory in KiB, without what it shares with files.
    memory_kib: u64,
    /// Without those of packs of the history, of which there are some hundred before they are folded.
    descriptors: usize,
    packs: usize,
}

fn held(pid: u64) -> Held {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).expect("a daemon that runs");
    let pages: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let memory_kib = (pages[1] - pages[2]) * rustix::param::page_size() as u64 / 1024;
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("a daemon that runs");
    let (packs, others): (Vec<_>, Vec<_>) = descriptors
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .partition(|path| path.to_string_lossy().contains("/objects/pack/"));
    Held { memory_kib, descriptors: others.len(), packs: packs.len() }
}

/// Waits until the daemon has done what was asked of it. What it holds because the kernel remembers folders is no growth:
/// root has the kernel forget them, and for others it is bounded.
fn rested(bench: &Bench, pid: u64) -> Held {
    bench.cdx_in("ws", &["flush"]).done();
    let _ = std::fs::write("/proc/sys/vm/drop_caches", "2");
    let began = Instant::now();
    let mut least = held(pid);
    // Caches for a moment, and descriptors of folders that were just looked at, go by themselves.
    while began.elapsed() < Duration::from_secs(4) {
        std::thread::sleep(Duration::from_millis(200));
        let now = held(pid);
        least.memory_kib = least.memory_kib.min(now.memory_kib);
        least.descriptors = least.descriptors.min(now.descriptors);
    }
    least
}

/// Runs all of them, for a part of the time each; what failed, in words.
fn round(at: &Path, seconds: u64) -> String {
    let each = (seconds * WRITERS as u64).div_ceil(CLASSES.len() as u64).max(2);
    let mut failed = String::new();
    for classes in CLASSES.chunks(WRITERS) {
        let mut command = Command::new("stress-ng");
        for (class, options) in classes {
            command.args([&format!("--{class}"), "1"]).args(*options);
        }
        command
            .args(["--timeout", &format!("{each}s"), "--no-rand-seed", "--oomable", "--verify", "--temp-path"])
            .arg(at);
        let said = limited(command, Duration::from_secs(120 + each));
        if said.code != 0 {
            let names: Vec<&str> = classes.iter().map(|(class, _)| *class).collect();
            let _ = writeln!(failed, "{names:?}: exit code {}: {}{}", said.code, said.out, said.err);
        }
    }
    failed
}

#[test]
fn the_filesystem_classes_of_stress_ng_find_no_error_and_nothing_grows() {
    let version = Command::new("stress-ng").arg("--version").output();
    assert!(version.is_ok(), "stress-ng is not installed; `make test` does it");
    let seconds = setting("CDX_STRESS_SECONDS", 15);
    let bench = Bench::lab();
    let mounted = mount(&bench, "mnt", &[]);
    let at = bench.path("mnt/lab/stress");
    std::fs::create_dir(&at).unwrap();
    let status: serde_json::Value = serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap();
    let pid = status["pid"].as_u64().unwrap();
    let began = Instant::now();
    // The first time caches fill, and the history of all that it makes begins.
    let mut failed = round(&at, seconds / 3);
    let before = rested(&bench, pid);
    failed += &round(&at, seconds * 2 / 3);
    let after = rested(&bench, pid);
    assert_eq!(failed, "");
    let grown = |was: u64, is: u64| is.saturating_sub(was);
    let said = format!("{before:?} became {after:?} in {:.0} s", began.elapsed().as_secs_f64());
    // A cache that is bounded may be fuller; what leaks grows with the operations, of which there are millions.
    assert!(grown(before.memory_kib, after.memory_kib) < (24 << 10) + before.memory_kib / 4, "memory grows: {said}");
    assert!(after.packs < 1000, "packs are not folded: {said}");
    let folders = if rustix::process::geteuid().is_root() { 64 } else { 4096 };
    assert!(grown(before.descriptors as u64, after.descriptors as u64) < folders, "descriptors grow: {said}");
    println!("stress-ng: {} classes, {WRITERS} at a time, no error; {said}", CLASSES.len());
    std::fs::remove_dir_all(&at).unwrap();
    bench.cdx_in("ws", &["check"]).done();
    drop(mounted);
}
