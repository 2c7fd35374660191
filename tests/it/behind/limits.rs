//! A system that lets a user watch fewer folders than the workspace has: the rest is looked at, and it is said.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::cli::Bench;
use crate::support::{eventually, ls, read};

/// A daemon in a user namespace of its own, where the limit of watches can be set without harm to others.
struct Limited {
    child: Child,
    mnt: PathBuf,
}

impl Limited {
    /// `None` where this machine permits no such namespace.
    fn mount(bench: &Bench, watches: u32) -> Option<Self> {
        let may = Command::new("unshare").args(["-Urm", "true"]).output().is_ok_and(|output| output.status.success());
        if !may {
            return None;
        }
        std::fs::create_dir_all(bench.path("mnt")).unwrap();
        let script = format!("echo {watches} > /proc/sys/user/max_inotify_watches; exec \"$@\"");
        let mut command = Command::new("unshare");
        command.args(["-Urm", "sh", "-ec", &script, "sh", env!("CARGO_BIN_EXE_cdx"), "mount", "ws", "mnt"]);
        command.current_dir(bench.path("")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("CODEX_HOME", bench.path("home")).env("CODEX_USER", "ada").env_remove("CODEX_WORKSPACE");
        let child = command.spawn().unwrap();
        let mnt = PathBuf::from(format!("/proc/{}/root{}", child.id(), bench.path("mnt").display()));
        let limited = Self { child, mnt };
        eventually(Duration::from_secs(20), "it is mounted", || limited.mnt.join("tags").exists());
        Some(limited)
    }

    fn status(&self) -> Value {
        serde_json::from_str(&read(self.mnt.join(".codex/status.json"))).unwrap()
    }

    fn set_limit(&self, watches: u32) {
        let script = format!("echo {watches} > /proc/sys/user/max_inotify_watches");
        let pid = self.child.id().to_string();
        let done = Command::new("nsenter").args(["-U", "-t", &pid, "sh", "-ec", &script]).status().unwrap();
        assert!(done.success());
    }

    fn shown(&self, tag: &str) -> usize {
        let at = self.mnt.join("tags").join(tag);
        if at.exists() { ls(at).len() } else { 0 }
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let began = std::time::Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if began.elapsed() > Duration::from_secs(20) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn where_watches_run_out_the_rest_is_looked_at_and_it_is_said() {
    let bench = Bench::lab();
    for n in 0..40 {
        bench.write(&format!("ws/lab/d{n}/n.md"), &format!("---\ntags: [t{n}]\n---\nv0\n"));
    }
    let Some(limited) = Limited::mount(&bench, 20) else { return };
    eventually(Duration::from_secs(20), "all is indexed", || (0..40).all(|n| limited.shown(&format!("t{n}")) == 1));
    eventually(Duration::from_secs(10), "it polls", || limited.status()["watcher"]["state"] == "polling");
    let status = limited.status();
    let unwatched = status["watcher"]["unwatched"].as_u64().unwrap();
    assert!(unwatched >= 20, "{status}");
    assert!(status["notebooks"][0]["polled_every_s"].as_f64().unwrap() >= 2.0, "{status}");
    let said = status["problems"].to_string();
    assert!(said.contains("user.max_inotify_watches=") && said.contains("sysctl --system"), "{said}");
    let doctor = bench.cdx_in("ws", &["doctor"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.out.contains(&format!("{unwatched} folders of the workspace are not watched")), "{}", doctor.out);
    // Whichever folders they are: contents, attributes, tags and new files are seen all the same.
    for n in 0..40 {
        assert_eq!(read(limited.mnt.join(format!("lab/d{n}/n.md"))).lines().last(), Some("v0"));
        let text = format!("---\ntags: [u{n}]\n---\nlonger than before\n");
        bench.write(&format!("ws/lab/d{n}/n.md"), &text);
        bench.write(&format!("ws/lab/d{n}/new.md"), &format!("---\ntags: [new{n}]\n---\n"));
    }
    let fresh = || {
        (0..40).all(|n| {
            let path = limited.mnt.join(format!("lab/d{n}/n.md"));
            let is_long = std::fs::metadata(&path).unwrap().size() > 20;
            is_long && read(&path).ends_with("before\n") && limited.mnt.join(format!("lab/d{n}/new.md")).exists()
        })
    };
    // A second is how long the kernel holds to what it knows.
    eventually(Duration::from_secs(3), "contents are fresh", fresh);
    let tagged = || (0..40).all(|n| limited.shown(&format!("u{n}")) == 1 && limited.shown(&format!("new{n}")) == 1);
    eventually(Duration::from_secs(15), "and so are tags", tagged);
    // The limit is raised: everything is watched, and nothing is said any more.
    limited.set_limit(10_000);
    eventually(Duration::from_secs(20), "it watches", || limited.status()["watcher"]["state"] == "watching");
    assert_eq!(limited.status()["problems"].to_string(), "[]");
    drop(limited);
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
}

/// The limit was reached by a folder that was made later: only scans of whole notebooks began to poll.
#[test]
fn watches_that_run_out_while_it_runs_make_it_look_too() {
    let bench = Bench::lab();
    let Some(limited) = Limited::mount(&bench, 30) else { return };
    eventually(Duration::from_secs(20), "it watches", || limited.status()["watcher"]["state"] == "watching");
    for n in 0..60 {
        bench.write(&format!("ws/lab/d{n}/n.md"), &format!("---\ntags: [t{n}]\n---\n"));
    }
    eventually(Duration::from_secs(20), "all came", || (0..60).all(|n| limited.shown(&format!("t{n}")) == 1));
    eventually(Duration::from_secs(10), "it polls", || limited.status()["watcher"]["state"] == "polling");
    for n in 0..60 {
        bench.write(&format!("ws/lab/d{n}/n.md"), &format!("---\ntags: [u{n}]\n---\n"));
    }
    eventually(Duration::from_secs(15), "all changed", || (0..60).all(|n| limited.shown(&format!("u{n}")) == 1));
    // What could not be watched goes: nothing is left to look at.
    for n in 0..60 {
        std::fs::remove_dir_all(bench.path(&format!("ws/lab/d{n}"))).unwrap();
    }
    eventually(Duration::from_secs(20), "it watches again", || limited.status()["watcher"]["state"] == "watching");
    assert_eq!(limited.status()["problems"].to_string(), "[]");
}
