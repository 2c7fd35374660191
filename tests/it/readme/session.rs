//! The session that README.md shows, typed again: on a sample made today, whose names bear other dates.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::shell::{path_of_programs, steps, without_digits};
use crate::cli::demo::Sample;
use crate::cli::mount::names;
use crate::support::run::{Said, limited};

impl Sample {
    /// Types a command, as README.md has it, in the folder that holds `demo`.
    fn type_in(&self, line: &str) -> Said {
        let mut command = Command::new("bash");
        command.args(["-c", line]).current_dir(self.bench().path(""));
        command.env("PATH", path_of_programs());
        command.env("CODEX_HOME", self.bench().path("home")).env("CODEX_USER", "ada").env("LC_ALL", "C.UTF-8");
        limited(command, Duration::from_secs(60))
    }
}

/// README: "open them in any editor, and move entries between them to retag a note or to change its status."
/// README: "Changes within five seconds of one another are one *gesture*".
#[test]
fn the_session_of_the_readme_runs_as_shown() {
    let sample = Sample::start();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let first = names(sample.path("mnt/tags/experiment")).remove(1);
    let doing = names(sample.path("mnt/views/todo.cdx/doing"));
    let has_past = |name: &&String| sample.path(&format!("mnt/.codex/at/yesterday/lab/runs/{name}")).exists();
    let moved = doing.iter().find(has_past).expect("a run that was being done yesterday").clone();
    let steps = steps(&readme, "$ ls demo/mnt/tags/");
    assert!(steps.len() > 15);
    for step in steps {
        let command = step.command.replace("2026-10-26-care-drosophila-fp16.md", &first);
        let command = command.replace("2026-11-21-care-drosophila-batch-64.md", &moved);
        let is_refused = step.shown.starts_with("ls: cannot access");
        let is_diff = command.starts_with("diff ");
        // Names and figures of runs are another day's; what bears none is as shown.
        let is_same = !step.shown.contains("2026") && !step.shown.contains("owner:");
        let began = Instant::now();
        loop {
            let said = sample.type_in(&command);
            let text = format!("{}{}", said.out, said.err);
            let is_as_shown = !is_same || without_digits(text.trim_end()) == without_digits(&step.shown);
            if is_as_shown && (said.code == 0) != (is_refused || is_diff) {
                break;
            }
            // A new file becomes a note a second after its last close.
            let reads = ["cat ", "ls ", "diff "].iter().any(|reader| command.starts_with(reader));
            assert!(
                reads && began.elapsed() < Duration::from_secs(5),
                "`{command}` said:\n{said:?}\nnot:\n{}",
                step.shown
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// README: "the notebook as it was: `yesterday`, `2026-11-20`, `2026-11-20T14:30`, a commit".
#[test]
fn the_past_is_named_by_day_minute_and_commit() {
    let sample = Sample::start();
    let read = |time: &str| std::fs::read_to_string(sample.path(&format!("mnt/.codex/at/{time}/lab/plan.md")));
    let yesterday = sample.type_in("date -u -d yesterday +%F").out.trim().to_owned();
    let then = read("yesterday").unwrap();
    assert_eq!(read(&yesterday).unwrap(), then);
    assert_eq!(read(&format!("{yesterday}T23:59")).unwrap(), then);
    assert_ne!(std::fs::read_to_string(sample.path("mnt/lab/plan.md")).unwrap(), then);
    let log = sample.bench().cdx_in("demo/store", &["log", "lab/plan.md", "--json"]).json();
    let commits = log["commits"].as_array().unwrap();
    let (newest, oldest) = (commits[0]["id"].as_str().unwrap(), commits[commits.len() - 1]["id"].as_str().unwrap());
    assert_eq!(read(newest).unwrap(), std::fs::read_to_string(sample.path("mnt/lab/plan.md")).unwrap());
    assert_ne!(read(&oldest[..8]).unwrap(), then);
    assert!(read("1999-01-01").is_err());
}
