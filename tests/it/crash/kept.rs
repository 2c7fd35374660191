//! A version of a note that was unlinked or replaced before it was recorded: acknowledged once, so it can be brought back
//! whatever becomes of the daemon. And what a killed daemon leaves beside notes goes.

use std::time::Duration;

use cdx::engine::Command as Ask;

use super::daemon::{Daemon, Site};
use super::verify::agreement;
use crate::support::run::sh_ok;
use crate::support::{eventually, ls, note, read, write};

/// The texts of a file's versions, oldest first.
fn versions(site: &Site, path: &str) -> Vec<String> {
    let git = site.ws().join("lab/.codex/history.git");
    let script = format!(
        "export GIT_DIR={}; for c in $(git rev-list --reverse main -- {path}); do git show $c:{path} 2> /dev/null | \
         tail -n 1 || true; done",
        git.display()
    );
    sh_ok("/", &script).lines().map(str::to_owned).collect()
}

fn next(site: &Site, mut daemon: Daemon) -> Daemon {
    daemon.kill();
    assert!(daemon.ends_within(Duration::from_secs(20), site));
    let mut daemon = Daemon::start(site);
    daemon.wait_until_ready(site);
    site.ask("ada", &Ask::Flush).unwrap();
    daemon
}

#[test]
fn a_version_that_went_before_it_was_recorded_outlives_a_kill() {
    let site = Site::new();
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    let at = |path: &str| site.mnt().join("lab").join(path);
    write(at("old.md"), "recorded\n");
    site.ask("ada", &Ask::Flush).unwrap();
    // Unlinked; replaced by an editor; edited by somebody else in two goes; a link, a script, and one in a folder.
    write(at("gone.md"), "gone\n");
    std::fs::remove_file(at("gone.md")).unwrap();
    write(at("saved.md"), "first\n");
    for text in ["second\n", "third\n"] {
        write(at("saved.md.tmp"), text);
        std::fs::rename(at("saved.md.tmp"), at("saved.md")).unwrap();
    }
    write(at("old.md"), "unrecorded\n");
    std::fs::remove_file(at("old.md")).unwrap();
    std::fs::create_dir(at("sub")).unwrap();
    write(at("sub/deep.md"), "deep\n");
    std::fs::remove_dir_all(at("sub")).unwrap();
    write(at("set.md"), note("n: 1", "by ada"));
    let values = vec![("n".to_owned(), serde_json::Value::from(2))];
    site.ask("grace", &Ask::Set { file: "lab/set.md".to_owned(), values }).unwrap();
    let daemon = next(&site, daemon);
    assert_eq!(versions(&site, "gone.md"), ["gone"]);
    assert_eq!(versions(&site, "saved.md"), ["first", "second", "third"]);
    assert_eq!(versions(&site, "old.md"), ["recorded", "unrecorded"]);
    assert_eq!(versions(&site, "sub/deep.md"), ["deep"]);
    assert_eq!(versions(&site, "set.md").len(), 2);
    assert!(!at("gone.md").exists() && !at("old.md").exists() && !at("sub").exists());
    agreement(&site).unwrap();
    // Recorded once, and brought back.
    let daemon = next(&site, daemon);
    assert_eq!(versions(&site, "saved.md"), ["first", "second", "third"]);
    site.ask("ada", &Ask::Restore { file: "lab/gone.md".to_owned(), revision: None }).unwrap();
    assert_eq!(read(at("gone.md")), "gone\n");
    let kept = || ls(site.ws().join("lab/.codex/tmp")).into_iter().filter(|name| name.starts_with("kept-")).count();
    eventually(Duration::from_secs(5), "nothing is left of it", || kept() == 0);
    drop(daemon);
}

/// In a notebook that was never recorded, too.
#[test]
fn a_version_that_went_before_anything_was_recorded_outlives_a_kill() {
    let site = Site::new();
    let mut daemon = Daemon::start_with(&site, &[site.faults()]);
    site.ask_for("take-stock eio");
    daemon.wait_until_ready(&site);
    write(site.mnt().join("lab/gone.md"), "gone\n");
    std::fs::remove_file(site.mnt().join("lab/gone.md")).unwrap();
    write(site.mnt().join("lab/saved.md"), "one\n");
    write(site.mnt().join("lab/.saved.md.swp"), "two\n");
    std::fs::rename(site.mnt().join("lab/.saved.md.swp"), site.mnt().join("lab/saved.md")).unwrap();
    let _daemon = next(&site, daemon);
    assert_eq!(versions(&site, "gone.md"), ["gone"]);
    assert_eq!(versions(&site, "saved.md").last().map(String::as_str), Some("two"));
    assert!(versions(&site, "saved.md").contains(&"one".to_owned()), "{:?}", versions(&site, "saved.md"));
    agreement(&site).unwrap();
}

#[test]
fn temporary_files_of_a_killed_daemon_go_at_the_next_start_and_a_users_stay() {
    let site = Site::new();
    std::fs::create_dir_all(site.ws().join("lab/sub")).unwrap();
    write(site.ws().join("lab/sub/a.md"), note("n: 1", "text"));
    let set = |site: &Site, n: u64| {
        let values = vec![("n".to_owned(), serde_json::Value::from(n))];
        site.ask("ada", &Ask::Set { file: "lab/sub/a.md".to_owned(), values })
    };
    let left = || sh_ok(site.ws(), "find . -name '.codex-*' -o -name 'history.git/*.tmp' | sort");
    site.ask_for("atomic-written abort");
    let mut daemon = Daemon::start_with(&site, &[site.faults()]);
    // It dies by its first atomic write, whichever that is.
    if daemon.try_until_ready().is_ok() {
        set(&site, 2).unwrap_err();
    }
    assert!(daemon.ends_within(Duration::from_secs(20), &site));
    assert!(left().contains(".tmp"), "the test leaves one: {}", left());
    // Of another form, of a process that lives, of no regular file.
    let own = std::process::id();
    let others = [".codex-notes.tmp".to_owned(), format!(".codex-{own}-7.tmp"), ".codex-12-x.tmp".to_owned()];
    for name in &others {
        write(site.ws().join("lab/sub").join(name), "a user's");
    }
    std::fs::create_dir(site.ws().join("lab/sub/.codex-999999999-1.tmp")).unwrap();
    site.ask_for("");
    let mut daemon = Daemon::start(&site);
    daemon.wait_until_ready(&site);
    let expected = others.len() + 1;
    eventually(Duration::from_secs(10), "only the others are left", || left().lines().count() == expected);
    for name in &others {
        assert_eq!(read(site.ws().join("lab/sub").join(name)), "a user's");
    }
    set(&site, 3).unwrap();
}
