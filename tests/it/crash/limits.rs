//! Too few descriptors, a clock that jumps, a watcher that dies: a clear error, nothing lost, and well again by itself.

use std::process::Command;
use std::time::Duration;

use cdx::engine::Command as Ask;

use super::daemon::{Daemon, Site};
use super::verify::agreement;
use crate::support::run::sh_ok;
use crate::support::{eventually, ls, note, read, write};

const RECOVERS: Duration = Duration::from_secs(20);

fn site() -> Site {
    let site = Site::new();
    write(site.ws().join("lab/a.md"), note("tags: [x]\nn: 1", "text"));
    site.ask_for("");
    site
}

fn start(site: &Site) -> Daemon {
    let mut daemon = Daemon::start_with(site, &[site.faults()]);
    daemon.wait_until_ready(site);
    daemon
}

fn set(site: &Site, n: u64) -> Result<(), String> {
    let values = vec![("n".to_owned(), serde_json::Value::from(n))];
    site.ask("ada", &Ask::Set { file: "lab/a.md".to_owned(), values }).map(drop)
}

fn problems(site: &Site) -> String {
    site.ask("ada", &Ask::Status).unwrap()["problems"].to_string()
}

fn limit(daemon: &Daemon, descriptors: u64) {
    let limit = format!("--nofile={descriptors}:{descriptors}");
    let done = Command::new("prlimit").args(["--pid", &daemon.pid().to_string(), &limit]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_daemon_without_descriptors_says_so_and_goes_on_once_there_are_some() {
    let site = site();
    let daemon = start(&site);
    site.ask("ada", &Ask::Flush).unwrap();
    for n in 0..80 {
        write(site.mnt().join(format!("lab/n{n}.md")), note("tags: [x]", &format!("{n}")));
    }
    let at = |n: usize| site.mnt().join(format!("lab/n{n}.md"));
    assert_eq!(ls(site.mnt().join("tags/x")).len(), 81);
    let used = std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count() as u64;
    limit(&daemon, used + 20);
    let mut open = Vec::new();
    let refused = (0..80).find_map(|n| match std::fs::OpenOptions::new().append(true).open(at(n)) {
        Ok(file) => {
            open.push(file);
            None
        }
        Err(error) => error.raw_os_error(),
    });
    assert!(matches!(refused, Some(libc::EMFILE | libc::ENFILE)), "{refused:?} after {} files", open.len());
    // What is open is written to; what needs a descriptor of its own is refused, and nothing is half done.
    for file in &mut open {
        std::io::Write::write_all(file, b"more\n").unwrap();
    }
    let before = read(site.ws().join("lab/a.md"));
    if let Err(refused) = set(&site, 2) {
        assert!(refused.contains("Too many open files"), "{refused}");
        assert_eq!(read(site.ws().join("lab/a.md")), before);
    }
    let _ = site.ask("ada", &Ask::Flush);
    drop(open);
    eventually(RECOVERS, "edits are taken again", || set(&site, 3).is_ok());
    eventually(RECOVERS, "a flush is done", || site.ask("ada", &Ask::Flush).is_ok());
    let waited = std::time::Instant::now();
    loop {
        let wrong = problems(&site);
        if wrong == "[]" {
            break;
        }
        assert!(waited.elapsed() < RECOVERS, "still said to be wrong: {wrong}");
        std::thread::sleep(Duration::from_millis(20));
    }
    eventually(RECOVERS, "files, index and history agree", || agreement(&site).is_ok());
    assert_eq!(ls(site.mnt().join("tags/x")).len(), 81);
    assert!(read(at(0)).ends_with("more\n"));
}

#[test]
fn a_start_with_too_few_descriptors_says_so_or_works() {
    let site = site();
    for descriptors in [12, 20, 28, 36, 48, 64, 96] {
        let script = format!("ulimit -n {descriptors}; exec \"$0\" mount ws mnt");
        let mut command = Command::new("bash");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_cdx")]);
        let mut daemon = Daemon::of(&site, command);
        if daemon.try_until_ready().is_ok() {
            match std::fs::read_to_string(site.mnt().join("lab/a.md")) {
                Ok(text) => assert!(text.contains("text"), "{descriptors}: {text}"),
                Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{descriptors}: {error}"),
            }
            daemon.terminate();
        }
        assert!(daemon.has_ended_within(Duration::from_secs(20)), "{descriptors}: it does not end");
        assert!(daemon.signal().is_none(), "{descriptors}: it was ended by a signal: {}", site.log());
    }
    let _daemon = start(&site);
    assert_eq!(ls(site.mnt().join("tags/x")), ["a.md"]);
    agreement(&site).unwrap();
}

/// Contents that are in the history in some version of the file.
fn has_version(site: &Site, path: &str, words: &str) -> bool {
    let git = site.ws().join("lab/.codex/history.git");
    sh_ok("/", &format!("GIT_DIR={} git log -p --format= main -- {path}", git.display())).contains(words)
}

#[test]
fn a_clock_that_jumps_loses_nothing() {
    const YEAR: i64 = 365 * 86_400;
    let site = site();
    let mut daemon = start(&site);
    write(site.mnt().join("lab/blob.bin"), [0; 100]);
    for (n, shift) in [(2, 0), (3, 10 * YEAR), (4, -10 * YEAR), (5, 3600), (6, -3600), (7, 40 * YEAR), (8, 0)] {
        site.ask_for(&format!("clock {shift}"));
        let name = format!("lab/j{n}.md");
        write(site.mnt().join(&name), note("tags: [x]", &format!("jump {n}")));
        set(&site, n).unwrap();
        site.ask("ada", &Ask::Flush).unwrap();
        assert!(has_version(&site, &format!("j{n}.md"), &format!("jump {n}")), "{shift}");
        assert!(has_version(&site, "a.md", &format!("n: {n}")), "{shift}");
        // Taken back, and found among the versions.
        set(&site, 100 + n).unwrap();
        site.ask("ada", &Ask::Undo { count: 1, anyone: false }).unwrap();
        assert!(read(site.mnt().join("lab/a.md")).contains(&format!("n: {n}\n")), "{shift}");
        site.ask("ada", &Ask::Flush).unwrap();
        agreement(&site).unwrap_or_else(|wrong| panic!("{shift}: {wrong}"));
        // What changes while nothing runs is recorded at the next start, whatever the clock was then.
        daemon.terminate();
        assert!(daemon.has_ended_within(Duration::from_secs(20)));
        write(site.ws().join(format!("lab/.k{n}.json")), "{}");
        write(site.ws().join(format!("lab/k{n}.md")), note("tags: [x]", &format!("meanwhile {n}")));
        std::os::unix::fs::symlink(format!("k{n}.md"), site.ws().join(format!("lab/l{n}"))).unwrap();
        daemon = start(&site);
        site.ask("ada", &Ask::Flush).unwrap();
        eventually(RECOVERS, "it is recorded", || {
            ["k", "l"].iter().all(|kind| {
                let name = if *kind == "k" { format!("k{n}.md") } else { format!("l{n}") };
                has_version(&site, &name, if *kind == "k" { "meanwhile" } else { "k" })
            })
        });
        agreement(&site).unwrap_or_else(|wrong| panic!("after a start, {shift}: {wrong}"));
    }
    assert_eq!(ls(site.mnt().join("tags/x")).len(), 1 + 7 + 7);
}

#[test]
fn a_watcher_that_dies_is_begun_anew() {
    let site = site();
    let _daemon = start(&site);
    for (n, action) in ["eio", "panic", "eio"].iter().enumerate() {
        site.ask_for(&format!("watch-read {action}"));
        write(site.ws().join(format!("lab/s{n}.md")), note(&format!("tags: [s{n}]"), "behind the mount"));
        eventually(RECOVERS, "it is said", || problems(&site).contains("the watcher failed"));
        // It is looked at instead.
        eventually(RECOVERS, "it is seen all the same", || site.mnt().join(format!("tags/s{n}")).exists());
        site.ask_for("");
        eventually(RECOVERS, "it watches again", || {
            let status = site.ask("ada", &Ask::Status).unwrap();
            status["watcher"]["state"] == "watching" && status["problems"] == serde_json::json!([])
        });
        // In old folders and in new ones, and at once: it does not poll.
        for path in [format!("t{n}.md"), format!("d{n}/t{n}.md")] {
            let at = site.ws().join("lab").join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            write(at, note(&format!("tags: [t{n}]"), "behind the mount"));
        }
        eventually(Duration::from_secs(5), "events are told", || {
            std::fs::read_dir(site.mnt().join(format!("tags/t{n}"))).is_ok_and(|entries| entries.count() == 2)
        });
    }
    agreement(&site).unwrap();
}
