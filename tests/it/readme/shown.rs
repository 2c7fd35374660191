//! Folders of the mount whose words no other test quotes.

use crate::cli::Bench;
use crate::support::{Mounted, errno, ls, note, read, write};

/// README: "the newest 100 notes; those without tags".
#[test]
fn recent_has_the_newest_hundred_and_untagged_those_without_tags() {
    let m = Mounted::with(&[]);
    for n in 0..110 {
        let path = m.lab(&format!("n{n:03}.md"));
        write(&path, if n % 2 == 0 { note("tags: [x]", "even") } else { "odd\n".to_owned() });
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000 + n);
        std::fs::File::open(&path).unwrap().set_modified(modified).unwrap();
    }
    let newest: Vec<String> = (10..110).map(|n| format!("n{n:03}.md")).collect();
    assert_eq!(ls(m.at(".codex/recent")), newest);
    let odd: Vec<String> = (0..110).filter(|n| n % 2 == 1).map(|n| format!("n{n:03}.md")).collect();
    assert_eq!(ls(m.at(".codex/untagged")), odd);
}

/// README: "what the daemon is doing; why your last operation was refused".
#[test]
fn the_daemon_says_what_it_does_and_why_it_refused() {
    let m = Mounted::with(&[("a.md", &note("tags: [x]", "a"))]);
    let status: serde_json::Value = serde_json::from_str(&read(m.at(".codex/status.json"))).unwrap();
    assert_eq!((&status["complete"], &status["notebooks"][0]["name"]), (&true.into(), &"lab".into()));
    assert_eq!((&status["problems"], &status["mounts"]), (&serde_json::json!([]), &1.into()));
    assert_eq!(errno(std::fs::rename(m.at("tags/x/a.md"), m.at("tags/x/b.md"))), libc::EPERM);
    let said = m.last_error();
    assert!(said.contains("tags/x") && said.contains("rename"), "{said}");
}

/// README: "Exit codes: 0 done, 1 it did not hold (`check`, a search without a hit), 2 usage, 3 refused, 4 not found, 5
/// something is broken."
#[test]
fn exit_codes() {
    let bench = Bench::lab();
    for (args, code) in [
        (&["tags"][..], 0),
        (&["search", "nowhere to be found"], 1),
        (&["query", "(tag:x"], 2),
        (&["init", "ws/lab"], 3),
        (&["tags", "none"], 4),
    ] {
        let cwd = if args[0] == "init" { "" } else { "ws" };
        assert_eq!(bench.cdx_in(cwd, args).code, code, "{args:?}");
    }
    // What the history says differs from the files, which only a check notices.
    let lab = bench.path("ws/lab/.codex/history.git/objects/pack");
    bench.cdx_in("ws", &["flush"]).done();
    for pack in std::fs::read_dir(&lab).unwrap().map(|entry| entry.unwrap().path()) {
        if pack.extension().is_some_and(|extension| extension == "pack") {
            let mut bytes = std::fs::read(&pack).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            std::fs::remove_file(&pack).unwrap();
            std::fs::write(&pack, bytes).unwrap();
        }
    }
    let check = bench.cdx_in("ws", &["check"]);
    assert!(matches!(check.code, 1 | 5) && !(check.out.is_empty() && check.err.is_empty()), "{check:?}");
    let broken = Bench::lab();
    std::fs::remove_dir_all(broken.path("ws/lab/.codex/history.git")).unwrap();
    broken.write("ws/lab/.codex/history.git", "no repository");
    assert_eq!(broken.cdx_in("ws", &["set", "lab/plan.md", "a=1"]).code, 5);
}
