//! `make reliability`: the long forms of the tests of reliability, as one table with counts and seeds.
//!
//! Each row is a test of the integration binary with another length. Arguments choose rows by name; `--short` takes the
//! lengths that CI has; `--seed N` repeats what a table printed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is what it is for")]

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// A row of targets.md §6.
struct Row {
    name: &'static str,
    target: &'static str,
    /// The tests that it runs.
    tests: &'static str,
    /// Its length: variables of its environment.
    long: &'static [(&'static str, &'static str)],
    /// The variable of its seed.
    seed: Option<&'static str>,
    /// What the line of its result begins with.
    says: &'static str,
}

const ROWS: [Row; 7] = [
    Row {
        name: "crash",
        target: "1,000 times kill -9 under load: nothing acknowledged lost, cdx check clean",
        tests: "crash::nothing_acknowledged_is_lost_by_kill_9",
        long: &[("CDX_CRASH_LOOPS", "1000")],
        seed: Some("CDX_CRASH_SEED"),
        says: "crash: ",
    },
    Row {
        name: "points",
        target: "a crash at each step of a change: the same",
        tests: "crash::points::",
        long: &[],
        seed: Some("CDX_CRASH_SEED"),
        says: "crash points: ",
    },
    Row {
        name: "pjdfstest",
        target: "every case that the store's filesystem passes",
        tests: "fs::suites::every_case_of_pjdfstest",
        long: &[],
        seed: None,
        says: "test result",
    },
    Row {
        name: "fsx",
        target: "1,000,000 operations with mmap, real and tag paths: no difference",
        tests: "fs::suites::fsx",
        long: &[("CDX_FSX_OPERATIONS", "1000000")],
        seed: Some("CDX_FSX_SEED"),
        says: "fsx: ",
    },
    Row {
        name: "model",
        target: "10,000 random sequences against the model: 0 differences",
        tests: "fs::model::",
        long: &[("CDX_MODEL_SEQUENCES", "10000")],
        seed: Some("CDX_MODEL_SEED"),
        says: "test result",
    },
    Row {
        name: "faults",
        target: "failing disk, full disk, read-only store, no descriptors, panic: clear error, nothing lost, recovers",
        tests: "crash::faults::",
        long: &[],
        seed: None,
        says: "test result",
    },
    Row {
        name: "reads",
        target: "100,000 checks of read your writes: 0 stale",
        tests: "fs::read_your_writes::",
        long: &[("CDX_READ_CHECKS", "100000")],
        seed: Some("CDX_READ_SEED"),
        says: "read your writes: ",
    },
];

/// What the command line asks for.
#[derive(Default)]
struct Asked {
    names: Vec<String>,
    is_short: bool,
    seed: Option<String>,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--short" => asked.is_short = true,
                "--seed" => asked.seed = arguments.next(),
                name => asked.names.push(name.to_owned()),
            }
        }
        asked
    }
}

fn main() -> ExitCode {
    let asked = Asked::read();
    if let Some(unknown) = asked.names.iter().find(|name| !ROWS.iter().any(|row| row.name == **name)) {
        let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
        eprintln!("no row {unknown}; there are {}", names.join(", "));
        return ExitCode::from(2);
    }
    let chosen = ROWS.iter().filter(|row| asked.names.is_empty() || asked.names.iter().any(|name| name == row.name));
    let lines: Vec<(bool, String)> = chosen.map(|row| run(row, &asked)).collect();
    println!("\n| row | target | met | result | s |\n|---|---|---|---|---|");
    for (_, line) in &lines {
        println!("{line}");
    }
    ExitCode::from(u8::from(!lines.iter().all(|(is_met, _)| *is_met)))
}

/// Runs a row; whether it is met, and its line of the table.
fn run(row: &Row, asked: &Asked) -> (bool, String) {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "test",
        "--locked",
        "--quiet",
        "--test",
        "it",
        "--",
        row.tests,
        "--nocapture",
        "--test-threads",
        "1",
    ]);
    if !asked.is_short {
        command.envs(row.long.iter().copied());
    }
    if let (Some(variable), Some(seed)) = (row.seed, &asked.seed) {
        command.env(variable, seed);
    }
    eprintln!("{} …", row.name);
    let output = command.stdin(Stdio::null()).output();
    let (is_met, said) = match output {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            let last = text.lines().rev().find(|line| line.contains(row.says)).unwrap_or("nothing was said");
            let (is_met, last) = (output.status.success(), last[last.find(row.says).unwrap_or(0)..].to_owned());
            if !is_met {
                eprintln!("{text}");
            }
            (is_met, last)
        }
        Err(error) => (false, error.to_string()),
    };
    let met = if is_met { "yes" } else { "no" };
    let line = format!("| {} | {} | {met} | {said} | {:.0} |", row.name, row.target, began.elapsed().as_secs_f64());
    (is_met, line)
}
