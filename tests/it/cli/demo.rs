//! The first thing a newcomer runs.

use super::Bench;

#[test]
fn the_sample_is_whole_searchable_and_has_a_past() {
    let bench = Bench::empty();
    let said = bench.cdx(&["demo", "try", "--no-mount"]).done();
    assert!(said.contains("in 3 notebooks") && said.contains("cdx query"), "{said}");
    let cdx = |args: &[&str]| bench.cdx_in("try/store", args);
    assert!(cdx(&["tags"]).done().contains("experiment/gpu"));
    assert!(cdx(&["search", "learning", "rate"]).done().contains("lab/"));
    assert!(cdx(&["query", "lab/todo.cdx"]).done().contains("doing ("));
    assert!(!cdx(&["query", "tag:experiment loss<0.05 sort:loss", "--format", "paths"]).done().is_empty());
    assert_ne!(cdx(&["show", "lab/plan.md@yesterday"]).done(), bench.read("try/store/lab/plan.md"));
    let log = cdx(&["log", "protocols/microscope/beads.md", "--json"]).json();
    assert!(log["commits"].as_array().unwrap().len() >= 3, "renames are followed: {log}");
    let check = cdx(&["check", "--json"]);
    assert_eq!(check.code, 0, "{check:?}");
    assert_eq!(check.json()["clean"], true);
    // Again: what is there is taken.
    assert!(bench.cdx(&["demo", "try", "--no-mount"]).done().contains("there already"));
}

#[test]
fn it_is_mounted_in_the_background_and_stopped() {
    let bench = Bench::empty();
    let said = bench.cdx(&["demo"]).done();
    assert!(said.contains("demo/mnt/tags/experiment/gpu") && said.contains(" demo --stop"), "{said}");
    let list = |below: &str| std::fs::read_dir(bench.path(below)).unwrap().count();
    assert!(list("demo/mnt/tags/experiment/gpu") > 20);
    let read = |below: &str| bench.read(&format!("demo/mnt/{below}/plan.md"));
    assert_ne!(read("lab"), read(".codex/at/yesterday/lab"));
    bench.cdx(&["demo"]).done();
    bench.cdx(&["demo", "--stop"]).done();
    // Complete when it returns, also where the files changed meanwhile.
    bench.write("demo/store/lab/meanwhile.md", "---\ntags: [meanwhile]\n---\n");
    bench.cdx(&["demo"]).done();
    let status: serde_json::Value = serde_json::from_str(&bench.read("demo/mnt/.codex/status.json")).unwrap();
    assert_eq!((&status["complete"], list("demo/mnt/tags/meanwhile")), (&true.into(), 1));
    bench.cdx(&["demo", "--stop"]).done();
    assert_eq!(list("demo/mnt"), 0);
    assert!(bench.cdx(&["demo", "--stop"]).err.contains("no demo is running"));
}

#[test]
fn a_directory_that_holds_something_else_is_left_alone() {
    let bench = Bench::empty();
    bench.write("demo/store/mine.txt", "mine");
    assert!(bench.cdx(&["demo"]).failed(3).contains("name another directory"));
    assert_eq!(bench.read("demo/store/mine.txt"), "mine");
}
