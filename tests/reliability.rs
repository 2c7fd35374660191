//! `make reliability`: the long forms of the tests of reliability, as one table with counts and seeds, printed and written
//! to `benches/RELIABILITY.md`.
//!
//! Each row is a test of the integration binary with another length. Arguments choose rows by name; `--short` takes the
//! lengths that CI has; `--share N` a part of the full lengths, in percent; `--seed N` repeats what a table printed.
//! The file keeps of each row how it last ended, so that rows can be run one at a time, or several beside each other.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a table is what it is for")]

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// A row of targets.md §6.
struct Row {
    name: &'static str,
    target: &'static str,
    /// The tests that it runs.
    tests: &'static [&'static str],
    /// Its full length: variables of its environment.
    long: &'static [(&'static str, u64)],
    /// The variable of its seed.
    seed: Option<&'static str>,
    /// What the lines of its result begin with.
    says: &'static str,
}

const ROWS: [Row; 13] = [
    Row {
        name: "crash",
        target: "1,000 times kill -9 under load: nothing acknowledged lost, cdx check clean",
        tests: &["crash::nothing_acknowledged_is_lost_by_kill_9"],
        long: &[("CDX_CRASH_LOOPS", 1000)],
        seed: Some("CDX_CRASH_SEED"),
        says: "crash: ",
    },
    Row {
        name: "points",
        target: "a crash at each step of a change: the same",
        tests: &["crash::points::"],
        long: &[],
        seed: Some("CDX_CRASH_SEED"),
        says: "crash points: ",
    },
    Row {
        name: "midway",
        target: "kill -9 midway through a fold or a migration: the same",
        tests: &["crash::midway::"],
        long: &[("CDX_MIDWAY_KILLS", 25)],
        seed: Some("CDX_CRASH_SEED"),
        says: "midway: ",
    },
    Row {
        name: "power",
        target: "500 power cuts, what was not flushed gone or torn: nothing durable lost, cdx check clean",
        tests: &["crash::power::"],
        long: &[("CDX_POWER_CUTS", 500)],
        seed: Some("CDX_POWER_SEED"),
        says: "power: ",
    },
    Row {
        name: "pjdfstest",
        target: "every case that the store's filesystem passes",
        tests: &["fs::suites::every_case_of_pjdfstest"],
        long: &[],
        seed: None,
        says: "pjdfstest: ",
    },
    Row {
        name: "fsx",
        target: "1,000,000 operations with mmap, real and tag paths: no difference",
        tests: &["fs::suites::fsx"],
        long: &[("CDX_FSX_OPERATIONS", 1_000_000)],
        seed: Some("CDX_FSX_SEED"),
        says: "fsx: ",
    },
    Row {
        name: "model",
        target: "10,000 random sequences against the model: 0 differences",
        tests: &["fs::model::"],
        long: &[("CDX_MODEL_SEQUENCES", 10_000)],
        seed: Some("CDX_MODEL_SEED"),
        says: "model: ",
    },
    Row {
        name: "faults",
        target: "full disk, read only, quota, EIO, failed flush, panic, no descriptors, clock jumps, killed watcher: \
                 clear error, nothing lost, recovers",
        tests: &["crash::faults::", "crash::ailing::", "crash::limits::", "crash::kept::"],
        long: &[],
        seed: Some("CDX_CRASH_SEED"),
        says: "test result",
    },
    Row {
        name: "behind",
        target: "lost events, watches that run out, disks that go: nothing taken for removed, recovers",
        tests: &["behind::"],
        long: &[],
        seed: None,
        says: "test result",
    },
    Row {
        name: "damage",
        target: "1,000 seeds of damage below .codex, and each kind of it: mended, no note lost",
        tests: &["damage::"],
        long: &[("CDX_DAMAGE_SEEDS", 1000)],
        seed: Some("CDX_DAMAGE_FROM"),
        says: "damage: ",
    },
    Row {
        name: "stale",
        target: "mounts of killed daemons are taken over, SIGTERM records and unmounts, as root and as a user",
        tests: &["fs::user::", "cli::mount::a_stale", "cli::mount::sigterm", "crash::faults::sigterm"],
        long: &[],
        seed: None,
        says: "test result",
    },
    Row {
        name: "stress",
        target: "stress-ng filesystem classes 10 min, 8 writers: no error, no growth",
        tests: &["fs::stress::"],
        long: &[("CDX_STRESS_SECONDS", 600)],
        seed: None,
        says: "stress-ng: ",
    },
    Row {
        name: "reads",
        target: "100,000 checks of read your writes: 0 stale",
        tests: &["fs::read_your_writes::"],
        long: &[("CDX_READ_CHECKS", 100_000)],
        seed: Some("CDX_READ_SEED"),
        says: "read your writes: ",
    },
];

/// The head of the table.
const HEAD: &str = "| row | target | met | result | length | s | when |\n|---|---|---|---|---|---|---|\n";

/// Where the table goes.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/RELIABILITY.md");

/// What the command line asks for.
struct Asked {
    names: Vec<String>,
    /// Of the full lengths, in percent; `None`: the lengths that CI has.
    share: Option<u64>,
    seed: Option<String>,
}

impl Asked {
    fn read() -> Result<Self, String> {
        let mut asked = Self { names: Vec::new(), share: Some(100), seed: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--short" => asked.share = None,
                "--share" => {
                    let share = arguments.next().and_then(|text| text.trim_end_matches('%').parse().ok());
                    asked.share = Some(share.ok_or("--share takes a number of percent")?);
                }
                "--seed" => asked.seed = arguments.next(),
                name if ROWS.iter().any(|row| row.name == name) => asked.names.push(name.to_owned()),
                unknown => {
                    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
                    return Err(format!("no row {unknown}; there are {}", names.join(", ")));
                }
            }
        }
        Ok(asked)
    }

    fn wants(&self, row: &Row) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == row.name)
    }

    fn length(&self) -> String {
        self.share.map_or_else(|| "short, as CI runs it".to_owned(), |share| format!("{share} % of the full length"))
    }
}

/// What a row came to.
struct Outcome {
    is_met: bool,
    said: String,
    seconds: f64,
}

fn main() -> ExitCode {
    let asked = match Asked::read() {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let mut table = String::from(HEAD);
    let mut is_met = true;
    for row in ROWS.iter().filter(|row| asked.wants(row)) {
        eprintln!("{} …", row.name);
        let Outcome { is_met: met, said, seconds } = run(row, &asked);
        is_met &= met;
        let (met, length, when) = (if met { "yes" } else { "no" }, asked.length(), when());
        let line = format!("| {} | {} | {met} | {said} | {length} | {seconds:.0} | {when} |\n", row.name, row.target);
        table.push_str(&line);
        // What fails with a seed that was asked for is for whoever asked.
        if asked.seed.is_none()
            && let Err(error) = keep(&line)
        {
            eprintln!("{FILE} cannot be written: {error}");
            is_met = false;
        }
    }
    println!("\n{table}");
    ExitCode::from(u8::from(!is_met))
}

/// Puts a line of the table into the file, in the place of the one that it has of the same row.
fn keep(line: &str) -> std::io::Result<()> {
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(FILE)?;
    // Another row may end at the same time.
    file.lock()?;
    let mut before = String::new();
    file.read_to_string(&mut before)?;
    let is_of = |line: &str, row: &Row| line.starts_with(&format!("| {} |", row.name));
    let lines = ROWS.iter().filter_map(|row| {
        let kept = || before.lines().find(|line| is_of(line, row)).map(|line| format!("{line}\n"));
        if is_of(line, row) { Some(line.to_owned()) } else { kept() }
    });
    let page = page(&lines.collect::<String>());
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(page.as_bytes())
}

fn says(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(|_| "?".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The time, and what was tried.
fn when() -> String {
    let (date, commit) = (says("date", &["-u", "+%Y-%m-%d %H:%M UTC"]), says("git", &["rev-parse", "--short", "HEAD"]));
    format!("{date}, {commit}")
}

/// The file: where, and the table.
fn page(rows: &str) -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) >> 20;
    format!(
        "# Reliability, as run\n\nWritten by `make reliability`; the rows are those of the targets, and each names the seed that \
         repeats it (`make reliability ARGS='crash --seed N'`), how long it was, and when and of which commit it ran.\n\n\
         - {} {}, {cpus} CPUs of {}, {memory} GiB of memory, store on {}\n- cdx {}, debug build\n\n{HEAD}{rows}",
        says("uname", &["-s"]),
        says("uname", &["-r"]),
        says("uname", &["-m"]),
        says("stat", &["-f", "-c", "%T", "/tmp"]),
        env!("CARGO_PKG_VERSION"),
    )
}

/// Runs a row.
fn run(row: &Row, asked: &Asked) -> Outcome {
    let began = Instant::now();
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--locked", "--quiet", "--test", "it", "--"]).args(row.tests);
    command.args(["--nocapture", "--test-threads", "1"]);
    if let Some(share) = asked.share {
        command.envs(row.long.iter().map(|(variable, length)| (variable, (length * share).div_ceil(100).to_string())));
    }
    if let (Some(variable), Some(seed)) = (row.seed, &asked.seed) {
        command.env(variable, seed);
    }
    let (is_met, said) = match command.stdin(Stdio::null()).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            if !output.status.success() {
                eprintln!("{text}");
            }
            (output.status.success(), result(row, &text))
        }
        Err(error) => (false, error.to_string()),
    };
    Outcome { is_met, said, seconds: began.elapsed().as_secs_f64() }
}

/// What its tests say in the end.
fn result(row: &Row, text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.find(row.says).map(|at| line[at..].trim_end_matches('.')));
    // What it begins with is no result.
    let results = lines.filter(|line| !line[row.says.len()..].starts_with("seed ")).collect::<Vec<_>>().join("; ");
    let said = if results.is_empty() { "nothing was said".to_owned() } else { results.replace('|', "/") };
    // Of the test harness's own line only the counts tell something.
    match said.strip_prefix("test result: ") {
        Some(counts) => counts.split("; ").take(2).collect::<Vec<_>>().join("; "),
        None => said.clone(),
    }
}
