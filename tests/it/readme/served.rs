//! The session with curl that README.md shows, typed again: on a sample made today, at whatever port is free.

use std::path::Path;
use std::time::{Duration, Instant};

use super::shell::{Shell, steps, without_digits};
use crate::cli::demo::Sample;

/// Whether two outputs say the same but for names, which bear other dates each day, and numbers.
fn is_as_shown(said: &str, shown: &str) -> bool {
    let lines = |text: &str| text.lines().map(without_digits).collect::<Vec<_>>();
    let (said, shown) = (lines(said), lines(shown));
    let is_name = |line: &String| line.contains("runs/");
    said.len() == shown.len() && said.iter().zip(&shown).all(|(a, b)| a == b || (is_name(a) && is_name(b)))
}

/// README: "`cdx serve` serves every workspace of a home over HTTP: notes, queries, search, history, and a WebSocket that
/// tells of each change."
#[test]
fn the_session_with_curl_runs_as_shown() {
    let sample = Sample::start();
    let address = sample.address();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let steps = steps(&readme, "$ PATH=$PWD/.tools/python/bin");
    assert!(steps.len() > 15);
    let mut shell = Shell::start(&sample.bench().path(""), &sample.bench().path("home"));
    for step in steps {
        let command = step.command.replace("127.0.0.1:8765", &address);
        let began = Instant::now();
        loop {
            let (said, code) = shell.line(&command);
            if code == 0 && is_as_shown(&said, &step.shown) {
                break;
            }
            // What changed is in the mount at once; that it is told of may come a moment later.
            let waits = command.starts_with("grep ") && began.elapsed() < Duration::from_secs(5);
            assert!(waits, "`{command}` said ({code}):\n{said}\nnot:\n{}", step.shown);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    // What was found over HTTP is what the command line finds.
    let (total, _) = shell.line("curl -s \"$api/query?workspace_id=demo&q=tag:experiment\" -H \"$as\" | jq .total");
    let found = sample.bench().cdx_in("demo/store", &["query", "tag:experiment", "-0"]).done();
    assert_eq!(total, found.split_terminator('\0').count().to_string());
    assert_eq!(sample.bench().read("demo/mnt/lab/plan.md"), sample.bench().read("demo/store/lab/plan.md"));
}
