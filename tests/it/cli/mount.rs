//! mount, umount, and commands beside a running engine.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Bench, run};

/// Unmounts whatever a failed test leaves.
pub struct Mounted<'a> {
    bench: &'a Bench,
    at: &'static str,
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        run(self.bench.command(&self.bench.path("")).args(["umount", self.at]));
    }
}

pub fn mount<'a>(bench: &'a Bench, at: &'static str, flags: &[&str]) -> Mounted<'a> {
    // A dead daemon's mountpoint is there, and says that it is not.
    let _ = std::fs::create_dir(bench.path(at));
    let said = bench.cdx(&[&["mount", "ws", at, "--background"], flags].concat()).done();
    assert!(said.contains("is mounted at") && said.lines().count() == 1, "{said}");
    Mounted { bench, at }
}

pub fn names(folder: PathBuf) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// README: "cdx mount ~/journal ~/mnt --background".
/// README: "$ cdx umount ~/mnt".
#[test]
fn a_mount_in_the_background_shows_tags_and_takes_commands() {
    let bench = Bench::lab();
    let mounted = mount(&bench, "mnt", &[]);
    assert_eq!(names(bench.path("mnt")), ["lab", "tags", "views"]);
    assert_eq!(names(bench.path("mnt/tags/experiment/gpu")), ["a.md"]);
    // Commands ask the engine that runs, from the store, from the mount and from a tag folder.
    bench.cdx_in("ws", &["tag", "add", "keep", "lab/plan.md"]).done();
    assert_eq!(names(bench.path("mnt/tags/keep")), ["plan.md"]);
    bench.cdx_in("mnt/lab", &["set", "plan.md", "status=draft"]).done();
    assert!(bench.read("mnt/lab/plan.md").contains("status: draft"));
    bench.cdx_in("mnt/tags/keep", &["set", "plan.md", "status=final"]).done();
    assert!(bench.read("ws/lab/plan.md").contains("status: final"));
    assert_eq!(bench.cdx_in("mnt", &["query", "status:final", "-0"]).done(), "lab/plan.md\0");
    let status = bench.cdx_in("ws", &["status", "--json"]).json();
    assert_eq!(status["workspaces"][0]["running"], true);
    assert!(status["workspaces"][0]["mounts"][0]["mountpoint"].as_str().unwrap().ends_with("/mnt"));
    drop(mounted);
    assert!(names(bench.path("mnt")).is_empty());
    assert_eq!(bench.cdx_in("ws", &["status", "--json"]).json()["workspaces"][0]["running"], false);
}

#[test]
fn a_second_mount_is_made_by_the_running_engine_and_the_last_one_ends_it() {
    let bench = Bench::lab();
    let first = mount(&bench, "one", &[]);
    let second = mount(&bench, "two", &["--read-only"]);
    assert_eq!(names(bench.path("two/lab")), ["plan.md", "runs"]);
    assert!(std::fs::write(bench.path("two/lab/x.md"), "x").is_err());
    drop(first);
    assert_eq!(names(bench.path("two/lab")), ["plan.md", "runs"]);
    drop(second);
    assert_eq!(bench.cdx_in("ws", &["status", "--json"]).json()["workspaces"][0]["running"], false);
}

#[test]
fn a_first_mount_that_only_reads_shows_tags_and_takes_no_writes() {
    let bench = Bench::lab();
    std::fs::remove_file(bench.path("ws/lab/.codex/notebook.db")).unwrap();
    let _mounted = mount(&bench, "mnt", &["--read-only"]);
    assert_eq!(names(bench.path("mnt/tags/experiment/gpu")), ["a.md"]);
    let refused = std::fs::remove_file(bench.path("mnt/tags/experiment/gpu/a.md")).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn an_unmount_by_others_ends_the_engine_too() {
    let bench = Bench::lab();
    let _mounted = mount(&bench, "mnt", &[]);
    cdx::fs::detach(&bench.path("mnt")).unwrap();
    let began = Instant::now();
    while bench.cdx_in("ws", &["status", "--json"]).json()["workspaces"][0]["running"] == true {
        assert!(began.elapsed() < Duration::from_secs(20), "it does not end");
    }
    bench.cdx_in("ws", &["set", "lab/plan.md", "status=free"]).done();
}

#[test]
fn bad_mountpoints_are_refused_in_words() {
    let bench = Bench::lab();
    bench.write("full/file", "x");
    bench.write("file", "x");
    for (mountpoint, code, says) in [
        ("missing", 4, "mkdir -p"),
        ("full", 3, "not empty"),
        ("file", 2, "not a directory"),
        ("ws/lab", 2, "inside the workspace"),
    ] {
        for flags in [&[][..], &["--background"]] {
            let said = bench.cdx(&[&["mount", "ws", mountpoint], flags].concat()).failed(code);
            assert!(said.contains(says), "{mountpoint}: {said}");
        }
    }
    let _mounted = mount(&bench, "mnt", &[]);
    assert!(bench.cdx(&["mount", "ws", "mnt"]).failed(3).contains("cdx umount"));
    bench.cdx(&["mount", "nope", "mnt"]).failed(4);
}

#[test]
fn a_stale_mountpoint_of_a_dead_daemon_is_cleaned_up() {
    let bench = Bench::lab();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    let mut child = foreground(&bench);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(std::fs::read_dir(bench.path("mnt")).is_err());
    let _mounted = mount(&bench, "mnt", &[]);
    assert_eq!(names(bench.path("mnt/lab")), ["plan.md", "runs"]);
}

#[test]
fn sigterm_unmounts_even_while_a_file_is_open() {
    let bench = Bench::lab();
    std::fs::create_dir(bench.path("mnt")).unwrap();
    let mut child = foreground(&bench);
    let open = std::fs::File::open(bench.path("mnt/lab/plan.md")).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    drop(open);
    assert!(names(bench.path("mnt")).is_empty());
}

/// A mount in the foreground, once it has said that it is ready.
fn foreground(bench: &Bench) -> std::process::Child {
    use std::io::BufRead;
    let mut command = bench.command(&bench.path(""));
    let mut child = command.args(["mount", "ws", "mnt"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("is mounted at"), "{line}");
    child
}

/// README: "A store that was never indexed is indexed while it is mounted: who lists a tag first waits for it, five
/// seconds at the most, and then sees what there is; `cdx status` says how far it is."
#[test]
fn a_store_that_was_never_indexed_is_whole_for_its_first_reader() {
    let bench = Bench::lab();
    for n in 0..500 {
        bench.write(&format!("ws/lab/many/{n:03}.md"), &format!("---\ntags: [many, t{}]\n---\n\nText {n}.\n", n % 10));
    }
    std::fs::remove_file(bench.path("ws/lab/.codex/notebook.db")).unwrap();
    let _mounted = mount(&bench, "mnt", &[]);
    assert_eq!(names(bench.path("mnt/tags/many")).len(), 500);
    assert_eq!(names(bench.path("mnt/tags")).len(), 12);
    assert_eq!(names(bench.path("mnt/.codex/search/tag:t3")).len(), 50);
    assert!(bench.cdx_in("ws", &["status"]).done().contains("complete, "));
}

#[test]
fn what_changed_while_nothing_ran_is_there_when_a_mount_has_said_that_it_is_ready() {
    let bench = Bench::lab();
    for round in 0..5 {
        let tag = format!("offline{round}");
        bench.write("ws/lab/plan.md", &format!("---\ntags: [{tag}]\n---\n"));
        bench.write(&format!("ws/lab/new{round}.md"), &format!("---\ntags: [{tag}]\n---\n"));
        let _mounted = mount(&bench, "mnt", &[]);
        assert_eq!(names(bench.path("mnt/tags").join(&tag)), [format!("new{round}.md"), "plan.md".to_owned()]);
    }
}
