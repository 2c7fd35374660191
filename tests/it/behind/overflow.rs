//! More events than the kernel keeps: the daemon is stopped while they come, as on a machine that has no time for it.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::Bench;
use crate::cli::mount::{mount, names};
use crate::support::eventually;

/// A daemon that does nothing until it is let go on.
struct Stopped(rustix::process::Pid);

impl Stopped {
    fn daemon(bench: &Bench) -> Self {
        let number = status(bench)["pid"].as_i64().unwrap();
        let pid = rustix::process::Pid::from_raw(i32::try_from(number).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::CONT);
    }
}

fn status(bench: &Bench) -> Value {
    serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap()
}

/// So many files make three events each: more than `fs.inotify.max_queued_events` as it is shipped.
fn files() -> usize {
    let limit: usize =
        std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    limit / 3 + 2000
}

/// Folders that are there before: in one that is made while nobody looks, nothing is watched.
const FOLDERS: usize = 5;

fn folders(bench: &Bench, tag: &str) {
    for n in 0..FOLDERS {
        std::fs::create_dir_all(bench.path(&format!("ws/lab/{tag}/d{n}"))).unwrap();
    }
}

fn make(bench: &Bench, tag: &str, count: usize) {
    for n in 0..count {
        let folder = bench.path(&format!("ws/lab/{tag}/d{}", n % FOLDERS));
        std::fs::write(folder.join(format!("{tag}{n:05}.md")), format!("---\ntags: [{tag}]\n---\nn {n}\n")).unwrap();
    }
}

fn shown(bench: &Bench, tag: &str) -> usize {
    let at = bench.path(&format!("mnt/tags/{tag}"));
    if at.exists() { names(at).len() } else { 0 }
}

#[test]
fn events_that_the_kernel_dropped_are_made_up_for() {
    let bench = Bench::lab();
    folders(&bench, "first");
    for n in 0..20 {
        bench.write(&format!("ws/lab/was/w{n}.md"), "---\ntags: [was]\n---\n");
    }
    let mounted = mount(&bench, "mnt", &[]);
    eventually(Duration::from_secs(20), "it is indexed", || shown(&bench, "was") == 20);
    let ino = std::fs::metadata(bench.path("mnt/lab/was/w0.md")).unwrap().ino();
    let stopped = Stopped::daemon(&bench);
    make(&bench, "first", files());
    // Lost with the rest: a folder that was renamed, one that went, contents that changed, a note that moved.
    std::fs::rename(bench.path("ws/lab/was"), bench.path("ws/lab/is")).unwrap();
    bench.write("ws/lab/plan.md", "---\ntags: [replaced]\n---\n");
    std::fs::remove_dir_all(bench.path("ws/lab/runs")).unwrap();
    let began = Instant::now();
    drop(stopped);
    let whole =
        || shown(&bench, "first") == files() && shown(&bench, "replaced") == 1 && shown(&bench, "experiment") == 0;
    eventually(Duration::from_secs(120), "everything is seen", whole);
    eprintln!("{} files after an overflow: seen after {:?}", files(), began.elapsed());
    assert!(status(&bench)["watcher"]["losses"].as_u64().unwrap() >= 1, "{}", status(&bench)["watcher"]);
    eventually(Duration::from_secs(60), "it watches again", || status(&bench)["watcher"]["state"] == "watching");
    assert_eq!(std::fs::metadata(bench.path("mnt/lab/is/w0.md")).unwrap().ino(), ino, "the note is the same");
    assert!(bench.read("mnt/lab/plan.md").contains("replaced"));
    assert!(!bench.path("mnt/lab/runs").exists());
    // The renamed folder is watched by its new name, and what is gone is not counted as watched.
    bench.write("ws/lab/is/late.md", "---\ntags: [late]\n---\n");
    eventually(Duration::from_secs(5), "its events arrive", || shown(&bench, "late") == 1);
    // Those, `first`, `is` and the notebook; the workspace and its settings.
    assert_eq!(status(&bench)["watcher"]["folders"].as_u64(), Some(FOLDERS as u64 + 3 + 2));
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
    drop(mounted);
}

#[test]
fn an_overflow_while_the_rescan_of_another_runs_loses_nothing() {
    let bench = Bench::lab();
    folders(&bench, "first");
    folders(&bench, "second");
    let mounted = mount(&bench, "mnt", &[]);
    let stopped = Stopped::daemon(&bench);
    make(&bench, "first", files());
    drop(stopped);
    // The rescan has begun, and is nowhere near its end.
    std::thread::sleep(Duration::from_millis(60));
    let stopped = Stopped::daemon(&bench);
    make(&bench, "second", files());
    std::fs::rename(bench.path("ws/lab/first/d0"), bench.path("ws/lab/moved")).unwrap();
    std::fs::write(bench.path("ws/lab/moved/first00000.md"), "---\ntags: [edited]\n---\n").unwrap();
    drop(stopped);
    let whole =
        || shown(&bench, "first") == files() - 1 && shown(&bench, "second") == files() && shown(&bench, "edited") == 1;
    eventually(Duration::from_secs(150), "everything is seen", whole);
    eventually(Duration::from_secs(60), "it watches again", || status(&bench)["watcher"]["state"] == "watching");
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
    drop(mounted);
}
