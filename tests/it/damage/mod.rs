//! Whatever is damaged below `.codex`, the notes stay as they are, a check names it, a repair mends what can be mended
//! and says what it did, and a second check finds nothing.

mod kinds;
mod random;
mod start;

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::{Bench, Ran};
use crate::support::run::{Said, sh};

/// Notes of the workspace that is damaged.
const NOTES: usize = 60;

/// A workspace with a notebook `lab`: notes with tags and links, a sidecar, a view, three commits.
fn workspace() -> Bench {
    let bench = Bench::empty();
    for n in 1..=NOTES {
        let text =
            format!("---\ntitle: N {n}\ntags: [t{}, all]\nloss: 0.{n}\n---\nalpha beta {n}, see [[n1]]\n", n % 5);
        bench.write(&format!("ws/lab/sub/n{n}.md"), &text);
    }
    bench.write("ws/lab/p.png", "png");
    bench.write("ws/lab/.p.png.json", "{\"tags\": [\"pic\"]}");
    bench.write("ws/lab/view.cdx", "---\nquery: tag:all\n---\n");
    bench.cdx(&["init", "ws"]).done();
    bench.cdx_in("ws", &["flush"]).done();
    bench.write("ws/lab/sub/n1.md", "---\ntitle: N 1\ntags: [t1, all]\n---\nsecond version\n");
    bench.cdx_in("ws", &["flush"]).done();
    bench.cdx_in("ws", &["set", "lab/sub/n2.md", "status=done"]).done();
    bench.cdx_in("ws", &["flush"]).done();
    bench
}

/// Every note, byte for byte.
fn notes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == ".codex") {
            continue;
        }
        if path.is_dir() {
            found.extend(notes(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

/// Damages it; in the folder of the workspace, with `$C` for the notebook's `.codex` and `$H` for its history.
#[track_caller]
fn damage(bench: &Bench, script: &str) {
    let said: Said = sh(bench.path("ws"), &format!("C=lab/.codex; H=$C/history.git; {script}"));
    assert_eq!(said.code, 0, "{script}: {}{}", said.out, said.err);
}

/// All that a command said.
fn all(ran: &Ran) -> String {
    format!("{}{}", ran.out, ran.err)
}

/// The notes are what they were, found by queries and recorded, in databases and a repository that are whole.
#[track_caller]
fn is_well(bench: &Bench, before: &BTreeMap<String, Vec<u8>>, what: &str) {
    let again = bench.cdx_in("ws", &["check"]);
    assert_eq!(again.code, 0, "{what}: a second check: {}", all(&again));
    assert_eq!(notes(&bench.path("ws/lab")), *before, "{what}: the notes themselves");
    let found = bench.cdx_in("ws", &["query", "tag:all", "--format", "paths"]).done();
    assert_eq!(found.lines().count(), NOTES, "{what}: {found}");
    assert!(!bench.cdx_in("ws", &["search", "second version"]).done().is_empty(), "{what}");
    let fsck = sh(bench.path("ws/lab/.codex/history.git"), "git fsck --full --no-dangling 2>&1");
    assert_eq!((fsck.code, &*fsck.out), (0, ""), "{what}: git fsck");
    let shown = bench.cdx_in("ws", &["show", "lab/sub/n2.md"]).done();
    assert!(shown.contains("status: done"), "{what}: {shown}");
}
