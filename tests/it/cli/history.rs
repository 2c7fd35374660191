//! log, diff, show, restore, undo, flush, index, check.

use super::Bench;

/// A workspace whose first state is recorded.
fn recorded() -> Bench {
    let bench = Bench::lab();
    bench.cdx_in("ws", &["flush"]).done();
    bench
}

#[test]
fn a_change_is_logged_shown_compared_and_taken_back() {
    let bench = recorded();
    let before = bench.read("ws/lab/plan.md");
    bench.cdx_in("ws", &["set", "lab/plan.md", "status=draft"]).done();
    let after = bench.read("ws/lab/plan.md");
    assert_ne!(after, before);
    bench.cdx_in("ws", &["flush"]).done();

    let log = bench.cdx_in("ws/lab", &["log", "plan.md", "--json"]).json();
    let commits = log["commits"].as_array().unwrap();
    assert_eq!(commits.len(), 2, "{log}");
    assert_eq!(commits[0]["actor"], "ada");
    let first = commits[1]["id"].as_str().unwrap();
    assert_eq!(bench.cdx_in("ws", &["show", &format!("lab/plan.md@{}", &first[..10])]).done(), before);
    let diff = bench.cdx_in("ws", &["diff", &format!("lab/plan.md@{first}")]).done();
    assert!(diff.contains("+status: draft"), "{diff}");
    assert!(bench.cdx_in("ws", &["log", "-n", "1"]).done().contains("plan.md"));
    assert!(bench.cdx_in("ws", &["log", "."]).done().contains("M plan.md"));

    bench.cdx_in("ws", &["undo"]).done();
    assert_eq!(bench.read("ws/lab/plan.md"), before);
    bench.cdx_in("ws", &["restore", &format!("lab/plan.md@{}", commits[0]["id"].as_str().unwrap())]).done();
    assert_eq!(bench.read("ws/lab/plan.md"), after);
}

#[test]
fn a_deleted_file_comes_back() {
    let bench = recorded();
    let text = bench.read("ws/lab/runs/a.md");
    std::fs::remove_file(bench.path("ws/lab/runs/a.md")).unwrap();
    bench.cdx_in("ws", &["flush"]).done();
    bench.cdx_in("ws", &["restore", "lab/runs/a.md"]).done();
    assert_eq!(bench.read("ws/lab/runs/a.md"), text);
}

#[test]
fn undo_takes_a_tag_rename_back_in_one_go() {
    let bench = recorded();
    let texts = || (bench.read("ws/lab/runs/a.md"), bench.read("ws/lab/runs/b.md"));
    let before = texts();
    bench.cdx_in("ws", &["tag", "rename", "experiment", "trial"]).done();
    assert_ne!(texts(), before);
    bench.cdx_in("ws", &["undo"]).done();
    assert_eq!(texts(), before);
}

#[test]
fn binary_files_are_shown_byte_for_byte() {
    let bench = Bench::lab();
    let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
    std::fs::write(bench.path("ws/lab/x.bin"), &bytes).unwrap();
    bench.cdx_in("ws", &["flush"]).done();
    let output = bench.command(&bench.path("ws")).args(["show", "lab/x.bin"]).output().unwrap();
    assert_eq!(output.stdout, bytes);
}

#[test]
fn index_and_check_agree_with_the_files() {
    let bench = recorded();
    assert_eq!(bench.cdx_in("ws", &["index", "--rebuild", "--json"]).json()["files"], 3);
    assert_eq!(bench.cdx_in("ws", &["check", "--json"]).json()["clean"], true);
    std::fs::remove_file(bench.path("ws/lab/.codex/notebook.db")).unwrap();
    assert_eq!(bench.cdx_in("ws", &["index", "--json"]).json()["files"], 3);
    assert_eq!(bench.cdx_in("ws", &["query", "loss<0.1", "--format", "paths"]).done(), "lab/runs/a.md\n");
}

#[test]
fn a_revision_that_is_none_is_not_found() {
    let bench = recorded();
    bench.cdx_in("ws", &["show", "lab/plan.md@0123abcd"]).failed(4);
    bench.cdx_in("ws", &["show", "lab/none.md"]).failed(4);
    bench.cdx_in("ws", &["undo", "0"]).failed(2);
}
