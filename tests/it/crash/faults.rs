//! Faults of the machine below a real daemon: a clear error for the caller, nothing lost, the real tree goes on being
//! served, and all is well once the cause is gone.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use cdx::engine::Command as Ask;

use super::daemon::{Daemon, Site};
use super::verify::agreement;
use crate::support::run::sh_ok;
use crate::support::{errno, eventually, ls, note, read, write};

/// How soon all is well after the cause is gone.
const RECOVERS: Duration = Duration::from_secs(15);

/// A daemon over a note `lab/a.md`, which does what [`Site::ask_for`] says.
fn start(site: &Site) -> Daemon {
    write(site.ws().join("lab/a.md"), note("tags: [x]\nn: 1", "text"));
    site.ask_for("");
    let mut daemon = Daemon::start_with(site, &[site.faults()]);
    daemon.wait_until_ready(site);
    assert_eq!(ls(site.mnt().join("tags/x")), ["a.md"]);
    site.ask("ada", &Ask::Flush).unwrap();
    daemon
}

fn set(site: &Site, n: u64) -> Result<(), String> {
    let values = vec![("n".to_owned(), serde_json::Value::from(n))];
    site.ask("ada", &Ask::Set { file: "lab/a.md".to_owned(), values }).map(drop)
}

fn problems(site: &Site) -> String {
    site.ask("ada", &Ask::Status).unwrap()["problems"].to_string()
}

/// It is read only, says so everywhere, serves what is there, and takes writes once the fault is gone.
fn check_read_only_until_well(site: &Site, why: &str) {
    let at = |path: &str| site.mnt().join(path);
    assert!(problems(site).contains("read only"), "{}", problems(site));
    assert_eq!(errno(std::fs::write(at("lab/new.md"), "x")), libc::EROFS);
    assert!(read(at(".codex/last-error")).contains(why), "{}", read(at(".codex/last-error")));
    assert_eq!(errno(std::fs::remove_file(at("lab/a.md"))), libc::EROFS);
    assert!(set(site, 9).unwrap_err().contains("read only"));
    assert_eq!(read(at("lab/a.md")), read(site.ws().join("lab/a.md")));
    assert_eq!(ls(at("tags/x")), ["a.md"]);
    site.ask_for("");
    eventually(RECOVERS, "it takes writes again", || std::fs::write(at("lab/new.md"), "# new\n").is_ok());
    set(site, 3).unwrap();
    assert!(read(at("lab/a.md")).contains("n: 3"));
    eventually(RECOVERS, "nothing is said to be wrong", || problems(site) == "[]");
    agreement(site).unwrap();
}

#[test]
fn a_flush_of_an_edit_that_fails_makes_the_notebook_read_only_until_the_disk_is_well() {
    let site = Site::new();
    let _daemon = start(&site);
    for point in ["sync-temporary", "sync-folder"] {
        let before = read(site.ws().join("lab/a.md"));
        site.ask_for(&format!("{point} eio"));
        let refused = set(&site, 2).unwrap_err();
        assert!(refused.contains("fsync"), "{refused}");
        let now = read(site.ws().join("lab/a.md"));
        assert!(now == before || now.contains("n: 2"), "{now}");
        check_read_only_until_well(&site, "fsync");
    }
}

#[test]
fn a_flush_of_an_edit_in_place_that_fails_keeps_its_journal() {
    let site = Site::new();
    let _daemon = start(&site);
    let handle = std::fs::OpenOptions::new().append(true).open(site.mnt().join("lab/a.md")).unwrap();
    site.ask_for("sync-in-place eio");
    assert!(set(&site, 2).unwrap_err().contains("fsync"));
    // Of what a power cut leaves of the note nobody knows.
    assert_eq!(ls(site.ws().join("lab/.codex/tmp")).iter().filter(|name| name.starts_with("undo-")).count(), 1);
    assert!(problems(&site).contains("read only"));
    drop(handle);
    site.ask_for("");
    eventually(RECOVERS, "it takes writes again", || set(&site, 3).is_ok());
    agreement(&site).unwrap();
}

#[test]
fn a_flush_of_the_history_that_fails_makes_the_notebook_read_only_until_the_disk_is_well() {
    let site = Site::new();
    let _daemon = start(&site);
    write(site.mnt().join("lab/b.md"), "# b\n");
    site.ask_for("sync-pack eio\nsync-temporary eio");
    let refused = site.ask("ada", &Ask::Flush).unwrap_err();
    assert!(refused.contains("history"), "{refused}");
    check_read_only_until_well(&site, "fsync");
    site.ask("ada", &Ask::Flush).unwrap();
}

/// The next engine would believe the attributes of contents that the disk may never have taken.
#[test]
fn an_end_after_a_failed_flush_is_not_called_orderly() {
    let site = Site::new();
    let mut daemon = start(&site);
    let lock = || read(site.ws().join(".codex/engine.lock"));
    site.ask_for("sync-temporary eio");
    set(&site, 2).unwrap_err();
    daemon.terminate();
    assert!(daemon.has_ended_within(Duration::from_secs(20)), "it does not end");
    assert!(!lock().starts_with("ended"), "{}", lock());
    site.ask_for("");
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    daemon.terminate();
    assert!(daemon.has_ended_within(Duration::from_secs(20)), "it does not end");
    assert!(lock().starts_with("ended"), "{}", lock());
}

#[test]
fn a_panic_in_one_request_is_that_requests_alone() {
    let site = Site::new();
    let _daemon = start(&site);
    site.ask_for("request panic 0 1");
    assert_eq!(errno(std::fs::read_dir(site.mnt().join("tags/x/no-such-tag"))), libc::EIO);
    assert_eq!(errno(std::fs::read_dir(site.mnt().join("tags/no-such-tag"))), libc::ENOENT);
    assert_eq!(ls(site.mnt().join("tags/x")), ["a.md"]);
    site.ask_for("index-inside panic 0 1");
    write(site.mnt().join("lab/b.md"), note("tags: [x]", "b"));
    eventually(RECOVERS, "the index takes in what waited", || {
        std::fs::read_dir(site.mnt().join("tags/x")).is_ok_and(|entries| entries.count() == 2)
    });
    agreement(&site).unwrap();
}

#[test]
fn sigterm_records_and_unmounts_while_a_file_is_open_and_written() {
    let site = Site::new();
    let mut daemon = start(&site);
    let mut handle = std::fs::OpenOptions::new().append(true).open(site.mnt().join("lab/a.md")).unwrap();
    handle.write_all(b"the last word\n").unwrap();
    daemon.terminate();
    assert!(daemon.has_ended_within(Duration::from_secs(20)), "it does not end");
    assert_eq!(daemon.signal(), None);
    assert!(ls(site.mnt()).is_empty());
    let git = format!("GIT_DIR={} git show main:a.md", site.ws().join("lab/.codex/history.git").display());
    assert!(sh_ok("/", &git).ends_with("the last word\n"));
}

/// A filesystem of a few megabytes, gone with the test.
struct Small<'a>(&'a Path);

impl Drop for Small<'_> {
    fn drop(&mut self) {
        let _ = rustix::mount::unmount(self.0, rustix::mount::UnmountFlags::DETACH);
    }
}

#[test]
fn a_full_disk_is_said_and_costs_nothing() {
    if !rustix::process::geteuid().is_root() {
        return; // Only root mounts a small disk; `make test` runs it as root.
    }
    let site = Site::new();
    sh_ok("/", &format!("mount -t tmpfs -o size=24m none {}", site.ws().display()));
    let ws = site.ws();
    let _small = Small(&ws);
    cdx::engine::Engine::init(&ws, &["lab".to_owned()]).unwrap();
    let daemon = start(&site);
    let big = site.mnt().join("lab/big.bin");
    let mut file = std::fs::File::create(&big).unwrap();
    let full = loop {
        if let Err(error) = file.write_all(&[7; 8192]) {
            break error;
        }
    };
    assert_eq!(full.raw_os_error(), Some(libc::ENOSPC));
    let before = read(site.mnt().join("lab/a.md"));
    let refused = set(&site, 123_456_789).unwrap_err();
    assert!(refused.contains("No space left") || refused.contains("disk is full"), "{refused}");
    // What was there is there, is served, and nothing is read only.
    assert_eq!(read(site.mnt().join("lab/a.md")), before);
    assert_eq!(read(ws.join("lab/a.md")), before);
    assert!(!problems(&site).contains("read only"), "{}", problems(&site));
    drop(file);
    std::fs::remove_file(&big).unwrap();
    let began = Instant::now();
    eventually(RECOVERS, "edits are taken again", || set(&site, 2).is_ok());
    eventually(RECOVERS, "files, index and history agree", || agreement(&site).is_ok());
    assert!(began.elapsed() < RECOVERS * 2);
    drop(daemon);
}
