//! What is kept: acknowledged bytes, versions, and the index, which can be thrown away.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cli::Bench;
use crate::cli::mount::mount;

/// The daemon of the mount `mnt`.
fn daemon(bench: &Bench) -> rustix::process::Pid {
    let status: serde_json::Value = serde_json::from_str(&bench.read("mnt/.codex/status.json")).unwrap();
    let number = status["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok());
    number.and_then(rustix::process::Pid::from_raw).expect("a process id")
}

/// Writes notes through the mount and tags every fifth, until the mount is dead; the acknowledged ones.
fn write_until_dead(lab: &Path, tag: &Path, round: usize, stop: &AtomicBool) -> Vec<(String, bool)> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let name = format!("r{round}n{n}.md");
        if stop.load(Ordering::Relaxed) || std::fs::write(lab.join(&name), format!("# {name}\n\nkept\n")).is_err() {
            break;
        }
        let is_tagged = n % 5 == 0 && std::fs::hard_link(lab.join(&name), tag.join(&name)).is_ok();
        acknowledged.push((name, is_tagged));
    }
    acknowledged
}

/// README: "Nothing acknowledged is ever lost."
#[test]
fn what_was_acknowledged_survives_kill_9_of_the_daemon() {
    let bench = Bench::lab();
    let mut kept = Vec::new();
    for round in 0..5 {
        let mounted = mount(&bench, "mnt", &[]);
        let (lab, tag) = (bench.path("mnt/lab"), bench.path("mnt/tags/kept"));
        std::fs::create_dir_all(&tag).unwrap();
        let stop = AtomicBool::new(false);
        let acknowledged = std::thread::scope(|scope| {
            let writer = scope.spawn(|| write_until_dead(&lab, &tag, round, &stop));
            std::thread::sleep(Duration::from_millis(150 + 90 * round as u64));
            rustix::process::kill_process(daemon(&bench), rustix::process::Signal::KILL).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            stop.store(true, Ordering::Relaxed);
            // Where a thread of the daemon waits in the kernel for the writer, who waits for it, this frees both.
            drop(mounted);
            writer.join().unwrap()
        });
        assert!(acknowledged.len() > 3, "round {round}: {acknowledged:?}");
        kept.extend(acknowledged);
        for (name, is_tagged) in &kept {
            let text = bench.read(&format!("ws/lab/{name}"));
            // A tag whose answer the death cut off may be there or not.
            assert!(text.contains("\nkept\n") && (!is_tagged || text.contains("tags: [kept]")), "{name}: {text}");
        }
        let check = bench.cdx_in("ws", &["check"]);
        assert_eq!(check.code, 0, "round {round}: {check:?}");
    }
    let tagged = kept.iter().filter(|(_, is_tagged)| *is_tagged).count();
    let found = bench.cdx_in("ws", &["query", "tag:kept", "-0"]).done();
    assert!(found.split_terminator('\0').count() >= tagged);
}

/// README: "`notebook.db` holds nothing that is not in the files; delete it and it is made anew."
#[test]
fn an_index_that_was_deleted_is_made_anew() {
    let bench = Bench::lab();
    let all = || {
        let asked = [&["tags"][..], &["query", "tag:experiment sort:loss", "--format", "csv"], &["search", "learning"]];
        asked.map(|args| bench.cdx_in("ws", args).done()).join("\n")
    };
    let before = all();
    for file in ["notebook.db", "notebook.db-wal", "notebook.db-shm"] {
        let _ = std::fs::remove_file(bench.path("ws/lab/.codex").join(file));
    }
    assert_eq!(all(), before);
    assert_eq!(bench.cdx_in("ws", &["check"]).code, 0);
}

/// README: "It records text files up to 16 MiB and binary files up to 1 MiB". README: "`cdx flush` records at once".
/// README: "Larger files are found like any other, but what the history does not hold it cannot bring back."
#[test]
fn history_holds_files_up_to_their_limits_and_says_what_it_does_not_hold() {
    let bench = Bench::lab();
    let text = |size: usize| "words of a note\n".repeat(size / 16 + 1).as_bytes()[..size].to_vec();
    let binary = |size: usize| (0..=255).cycle().take(size).collect::<Vec<u8>>();
    for (name, bytes) in [
        ("text.txt", text(16 << 20)),
        ("longer.txt", text((16 << 20) + 1)),
        ("blob.bin", binary(1 << 20)),
        ("larger.bin", binary((1 << 20) + 1)),
    ] {
        std::fs::write(bench.path("ws/lab").join(name), bytes).unwrap();
    }
    bench.cdx_in("ws", &["flush"]).done();
    let history = bench.path("ws/lab/.codex/history.git");
    let listed = Command::new("git").arg("-C").arg(&history).args(["ls-tree", "--name-only", "main"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let held: Vec<&str> = listed.lines().filter(|name| name.ends_with(".txt") || name.ends_with(".bin")).collect();
    assert_eq!(held, ["blob.bin", "text.txt"]);
    for name in ["longer.txt", "larger.bin"] {
        let found = bench.cdx_in("ws", &["query", &format!("name:{name} size>1M"), "--format", "paths"]).done();
        assert_eq!(found, format!("lab/{name}\n"));
        std::fs::remove_file(bench.path("ws/lab").join(name)).unwrap();
        let said = bench.cdx_in("ws", &["restore", &format!("lab/{name}")]).failed(4);
        assert!(said.contains(name), "{said}");
    }
    std::fs::remove_file(bench.path("ws/lab/text.txt")).unwrap();
    bench.cdx_in("ws", &["restore", "lab/text.txt"]).done();
    assert!(std::fs::read(bench.path("ws/lab/text.txt")).unwrap() == text(16 << 20));
}
