//! A workspace has one engine: what a server and `cdx mount` do where the other one has it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Bench;
use super::mount::{mount, names};
use super::serve::with_password;
use crate::api::client::Ask;
use crate::support::serving::Serving;

/// Of the process that a mount belongs to.
fn pid(bench: &Bench, mountpoint: &str) -> Value {
    let status: Value = serde_json::from_str(&bench.read(&format!("{mountpoint}/.codex/status.json"))).unwrap();
    status["pid"].clone()
}

/// A home with an account; a token of it.
fn account(bench: &Bench) -> String {
    with_password(bench.program(&["user", "add", "ada"]), "correct horse");
    bench.cdx(&["token", "new", "ada", "--name", "ci", "--scope", "write"]).done().trim().to_owned()
}

/// README: "A workspace has one engine." README: "cdx mount journal ~/other --background".
/// README: "`cdx mount` with a server running asks that for the mount, and `cdx umount` leaves the server running."
#[test]
fn a_server_mounts_what_cdx_mount_asks_for_and_outlives_it() {
    let bench = Bench::lab();
    let token = account(&bench);
    let serving = Serving::start(&bench, &[]);
    for round in 0..2 {
        // At first the server has not opened the workspace: nobody has asked for it.
        let mounted = mount(&bench, "mnt", &[]);
        assert_eq!(pid(&bench, "mnt"), serving.id(), "round {round}");
        let second = mount(&bench, "two", &["--read-only"]);
        assert_eq!(names(bench.path("two/lab")), ["plan.md", "runs"]);
        assert!(std::fs::write(bench.path("two/lab/x.md"), "x").is_err());
        drop(second);
        let began = Instant::now();
        drop(mounted);
        assert!(began.elapsed() < Duration::from_secs(5), "it waits for an end that is not to come");
        assert!(names(bench.path("mnt")).is_empty() && names(bench.path("two")).is_empty());
        let files = Ask::new("GET", "/api/v1/workspaces/ws/notebooks/lab/files").bearer(&token);
        assert_eq!(files.send(serving.address()).expect(200)["pagination"]["total"], 3);
    }
    let _mounted = mount(&bench, "mnt", &[]);
    serving.end();
    assert!(names(bench.path("mnt")).is_empty(), "mounts end with the server");
}

/// README: "A workspace that is mounted by `cdx mount` already is not served: `cdx serve` says which process has it and
/// what ends that, serves the others, and answers 503 for this one."
#[test]
fn what_a_mount_has_already_is_named_answered_503_and_served_once_it_is_free() {
    let bench = Bench::lab();
    bench.write("other/notes/a.md", "# A\n");
    bench.cdx(&["init", "other"]).done();
    let token = account(&bench);
    let mounted = mount(&bench, "mnt", &[]);
    let holder = pid(&bench, "mnt").to_string();
    let serving = Serving::start(&bench, &[]);
    let said = bench.read("server.log");
    let mountpoint = bench.path("mnt").canonicalize().unwrap();
    assert!(said.contains(&format!("`cdx umount {}`", mountpoint.display())), "{said}");
    assert!(said.contains(&format!("process {holder} (`")) && said.contains("`ws`"), "{said}");
    assert!(!said.contains("`other`"), "{said}");
    let get =
        |path: &str| Ask::new("GET", &format!("/api/v1/workspaces/{path}")).bearer(&token).send(serving.address());
    assert_eq!(get("other/notebooks/notes/files").expect(200)["pagination"]["total"], 1);
    let refused = get("ws/notebooks/lab/files").expect(503);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("in use by another process") && !detail.contains('/'), "{refused}");
    assert_eq!(get("").expect(200).as_array().unwrap().len(), 2, "it is listed all the same");
    // What is to be mounted at once cannot be.
    let began = Instant::now();
    std::fs::create_dir(bench.path("late")).unwrap();
    let late = format!("ws={}", bench.path("late").display());
    let said = bench.cdx(&["serve", "--listen", "127.0.0.1:0", "--mount", &late]).failed(3);
    assert!(said.contains(&holder) && said.contains("cdx umount"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    drop(mounted);
    assert_eq!(get("ws/notebooks/lab/files").expect(200)["pagination"]["total"], 3);
    serving.end();
}

#[test]
fn a_second_server_of_one_home_says_that_there_is_another() {
    let bench = Bench::lab();
    let first = Serving::start(&bench, &[]);
    let second = Serving::start(&bench, &[]);
    assert!(bench.read("server.log").contains("another server runs over"));
    second.end();
    let _mounted = mount(&bench, "mnt", &[]);
    assert_eq!(pid(&bench, "mnt"), first.id());
    let taken = first.address().to_string();
    let said = bench.cdx(&["serve", "--listen", &taken]).failed(5);
    assert!(said.contains(&taken) && said.contains("--listen"), "{said}");
}

#[test]
fn a_server_that_was_killed_leaves_nothing_in_the_way_of_a_mount() {
    let bench = Bench::lab();
    let serving = Serving::start(&bench, &[]);
    let mounted = mount(&bench, "mnt", &[]);
    let killed = pid(&bench, "mnt");
    drop(serving);
    std::mem::forget(mounted);
    let _mounted = mount(&bench, "mnt", &[]);
    assert_ne!(pid(&bench, "mnt"), killed);
    assert_eq!(names(bench.path("mnt/lab")), ["plan.md", "runs"]);
}
