//! Exit codes and messages: what happened, to what, what to do.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::{Bench, run};

#[test]
fn outside_of_any_workspace_the_ways_in_are_named() {
    let bench = Bench::lab();
    let said = bench.cdx(&["tags"]).failed(4);
    assert!(said.contains("-w") && said.contains("there are ws") && said.contains("cdx init"), "{said}");
    let said = bench.cdx(&["tags", "-w", "nope"]).failed(4);
    assert!(said.contains("no workspace `nope`") && said.contains("ws"), "{said}");
    let said = bench.cdx(&["tags", "-w", "home"]).failed(4);
    assert!(said.contains("cdx init home"), "{said}");
}

#[test]
fn a_configured_workspace_is_used_outside_of_any() {
    let bench = Bench::lab();
    let ran = run(bench.command(&bench.path("")).args(["tags"]).env("CODEX_WORKSPACE", "ws"));
    assert!(ran.done().contains("experiment"));
}

#[test]
fn commands_at_the_same_time_wait_for_each_other() {
    let bench = Bench::lab();
    let children: Vec<_> = (0..6)
        .map(|n| {
            let mut command = bench.command(&bench.path("ws"));
            command.args(["set", "lab/plan.md", &format!("k{n}=1")]).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = bench.read("ws/lab/plan.md");
    assert!((0..6).all(|n| text.contains(&format!("k{n}: 1"))), "{text}");
}

/// README: "2 usage".
#[test]
fn usage_errors_are_2() {
    let bench = Bench::lab();
    for args in [
        &["frobnicate"][..],
        &["query"],
        &["query", "a", "--format", "xml"],
        &["query", "a", "--limit", "0"],
        &["set", "lab/plan.md", "status"],
        &["set", "lab/plan.md"],
        &["tag", "add", "x"],
        &["show", "../outside.md"],
        &["log", "/etc/passwd"],
        &["init", "--owner", "x"],
    ] {
        let ran = bench.cdx_in("ws", args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}: {ran:?}");
        assert!(!ran.err.is_empty());
    }
}

/// README: "4 not found".
#[test]
fn what_is_not_there_is_4() {
    let bench = Bench::lab();
    for args in [
        &["set", "lab/none.md", "a=1"][..],
        &["tag", "add", "x", "lab/none.md"],
        &["links", "none/a.md"],
        &["tags", "none"],
        &["umount", "ws"],
    ] {
        let ran = bench.cdx_in("ws", args);
        assert_eq!(ran.code, 4, "{args:?}: {ran:?}");
        assert!(ran.err.starts_with("cdx: ") && ran.err.lines().count() == 1, "{ran:?}");
    }
}

#[test]
fn a_broken_configuration_is_said_before_anything_is_done() {
    let bench = Bench::empty();
    bench.write("home/config.toml", "listen = 8765\n");
    assert!(bench.cdx(&["init", "ws"]).failed(2).contains("`listen` must be text"));
    assert!(!bench.path("ws/.codex").exists());
}

#[test]
fn a_reader_that_goes_away_ends_the_command_silently() {
    let bench = Bench::lab();
    for n in 0..3000 {
        bench.write(&format!("ws/lab/many/{n:04}.md"), "---\ntitle: A note with a rather long title\n---\n");
    }
    let mut command = bench.command(&bench.path("ws"));
    let mut child = command
        .args(["query", "path:many/**", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
}

#[test]
fn output_has_no_colour_where_nobody_sees_it() {
    let bench = Bench::lab();
    for args in [&["tags"][..], &["query", "tag:experiment"], &["search", "learning"], &["log"], &["doctor"]] {
        let ran = bench.cdx_in("ws", args);
        assert!(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn a_full_disk_under_the_output_is_no_success() {
    let bench = Bench::lab();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = bench.command(&bench.path("ws")).args(["tags"]).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(5));
}
