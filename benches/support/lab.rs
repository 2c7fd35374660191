//! Where everything is: the program under test, the shared scripts, scratch room, what machine this is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::corpus::Corpus;
use super::{Outcome, process, say};

/// The bench and its places.
#[derive(Debug)]
pub struct Lab {
    /// A thousand notes and few rounds: tries the harness itself, its figures say little.
    pub is_quick: bool,
    /// The program under test.
    pub cdx: PathBuf,
    /// What earlier groups measured.
    pub kept: PathBuf,
    /// `benches/`.
    pub sources: PathBuf,
    target: PathBuf,
    shared: PathBuf,
}

impl Lab {
    /// Looks everything up.
    pub fn new(is_quick: bool) -> Outcome<Self> {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let target = checkout.join("target/bench");
        let kept = if is_quick { target.join("quick") } else { target.clone() };
        fs::create_dir_all(&kept)?;
        let shared = std::env::var_os("CODEX_BENCH_SCRIPTS").map(PathBuf::from);
        Ok(Self {
            is_quick,
            cdx: PathBuf::from(env!("CARGO_BIN_EXE_cdx")),
            kept,
            sources: checkout.join("benches"),
            target,
            shared: shared.unwrap_or_else(|| checkout.join("../shared/bench")),
        })
    }

    /// One of two numbers.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// A shared script.
    pub fn script(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.shared.join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(format!("{} is missing; name its folder in CODEX_BENCH_SCRIPTS", path.display()).into())
    }

    /// A new empty directory on the disk; what an earlier run left there is removed.
    pub fn scratch(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.target.join("scratch").join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// The corpus of so many notes; made once, then kept.
    pub fn corpus(&self, notes: usize) -> Outcome<Corpus> {
        let path = self.target.join(format!("corpora/{notes}"));
        let manifest = self.target.join(format!("corpora/{notes}.manifest.json"));
        if !manifest.is_file() {
            say(&format!("   making a corpus of {notes} notes"));
            if path.exists() {
                fs::remove_dir_all(&path)?;
            }
            let script = self.script("make_corpus.py")?;
            let notes = notes.to_string();
            process::run(Command::new("python3").arg(script).args(["--files", &notes, "--out"]).arg(&path))?;
        }
        Corpus::open(path, &manifest)
    }

    /// A command of the program under test, with a home of its own.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.cdx);
        command.env("CODEX_HOME", self.home());
        command
    }

    /// `$CODEX_HOME` of this benchmark.
    pub fn home(&self) -> PathBuf {
        self.target.join("home")
    }

    /// Makes a workspace with an empty notebook `lab`; the notebook's folder.
    pub fn workspace(&self, store: &Path) -> Outcome<PathBuf> {
        fs::create_dir_all(store)?;
        process::run(self.command().arg("init").arg(store).args(["--notebook", "lab"]))?;
        Ok(store.join("lab"))
    }
}

/// The machine, in lines of Markdown.
pub fn machine() -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory: f64 = field(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let tool = |program: &str, arguments: &[&str]| {
        let said = process::output(Command::new(program).args(arguments)).unwrap_or_default();
        said.trim().to_owned()
    };
    let load = read("/proc/loadavg");
    vec![
        format!("{} × {}, {:.0} GiB", cores, field(&read("/proc/cpuinfo"), "model name"), memory / 1024.0 / 1024.0),
        format!("Linux {}, {}", read("/proc/sys/kernel/osrelease").trim(), tool("rustc", &["--version"])),
        format!("commit {}", tool("git", &["describe", "--always", "--dirty"])),
        format!("load at the end {}", load.split_whitespace().take(3).collect::<Vec<_>>().join(", ")),
    ]
}
