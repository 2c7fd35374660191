//! What `fs_bench.py` measures against each other: the store itself, the peers, and Codex mounted in several ways.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::support::daemon::{As, Daemon};
use crate::support::host::KeptMemory;
use crate::support::lab::Lab;
use crate::support::process::{ENGINE_CORE, pin_this_thread};
use crate::support::ram::RamDisk;
use crate::support::time::percentile;
use crate::support::{Outcome, namespace, process, say};

/// The mounts, each over a store of its own.
pub struct Columns {
    // Dropped in this order: daemons before the disk under them.
    /// Codex, by name.
    pub codex: HashMap<&'static str, Daemon>,
    peers: Vec<Daemon>,
    /// What could not be mounted, and why.
    pub missing: Vec<(&'static str, String)>,
    dirs: HashMap<&'static str, PathBuf>,
    /// Of the column that is watched.
    _watcher: RecommendedWatcher,
    _memory: KeptMemory,
    /// The store below the plain Codex.
    pub store: PathBuf,
    disk: RamDisk,
}

impl Columns {
    /// Mounts everything. A peer or a way of mounting that fails is left out.
    pub fn mount(lab: &Lab) -> Outcome<Self> {
        let disk = RamDisk::new(&lab.scratch("real-tree")?, lab.pick(3, 8))?;
        let (mut watcher, watched) = (watcher()?, disk.dir("watched")?);
        watcher.watch(&watched, RecursiveMode::Recursive)?;
        let mut columns = Self {
            codex: HashMap::new(),
            peers: Vec::new(),
            missing: Vec::new(),
            dirs: HashMap::from([("watched", watched)]),
            _watcher: watcher,
            _memory: KeptMemory::hold(),
            store: disk.dir("cdx")?,
            disk,
        };
        for name in ["native", "again"] {
            columns.dirs.insert(name, columns.disk.dir(name)?);
        }
        for name in ["bindfs", "mergerfs"] {
            let (below, at) = (columns.disk.dir(&format!("{name}-below"))?, columns.disk.dir(name)?);
            match Daemon::peer(name, &below, &at) {
                Ok(daemon) => {
                    columns.dirs.insert(name, at);
                    columns.peers.push(daemon);
                }
                Err(error) => columns.leave_out(name, error.as_ref()),
            }
        }
        for (name, user, options) in [
            ("cdx", As::Root, &[][..]),
            ("noxattr", As::Root, &["--no-xattr"]),
            ("user", As::Nobody, &["--allow-other"]),
        ] {
            if let Err(error) = columns.add_codex(lab, name, user, options) {
                columns.leave_out(name, error.as_ref());
            }
        }
        Ok(columns)
    }

    fn leave_out(&mut self, name: &'static str, error: &dyn std::error::Error) {
        say(&format!("   without {name}: {error}"));
        self.missing.push((name, error.to_string()));
    }

    fn add_codex(&mut self, lab: &Lab, name: &'static str, user: As, options: &[&str]) -> Outcome<()> {
        let (store, at) = (self.disk.dir(name)?, self.disk.dir(&format!("{name}-mnt"))?);
        lab.workspace(&store)?;
        if user == As::Nobody {
            namespace::let_users_mount(&self.disk.dir("users")?)?;
            let home = store.with_extension("home");
            process::run(Command::new("cp").arg("-r").arg(lab.home()).arg(&home))?;
            process::run(Command::new("chown").args(["-R", "nobody:nogroup"]).args([&store, &home, &at]))?;
        }
        let daemon = Daemon::codex(lab, &store, &at, user, options)?;
        daemon.pin_apart()?;
        self.dirs.insert(name, at.join("lab"));
        self.codex.insert(name, daemon);
        Ok(())
    }
}

/// Tells of what happens in a folder, to nobody: what it costs the store to be watched, as every store of Codex is.
fn watcher() -> notify::Result<RecommendedWatcher> {
    let mut is_pinned = false;
    notify::recommended_watcher(move |_event| {
        if !std::mem::replace(&mut is_pinned, true) {
            pin_this_thread(ENGINE_CORE);
        }
    })
}

/// One call of the script.
pub struct Measurement<'a> {
    /// What its figures are kept as.
    pub name: &'a str,
    /// `seq,rand,…`
    pub groups: &'a str,
    /// Columns; the first is what the others are divided by. Those that are missing are left out.
    pub columns: &'a [&'static str],
    /// How often.
    pub rounds: usize,
}

/// What it measured: test, column, seconds.
pub struct Figures {
    tests: HashMap<String, HashMap<String, Vec<f64>>>,
    base: &'static str,
    /// What the script complained of.
    pub complaints: Vec<String>,
}

impl Figures {
    /// Nothing was measured.
    pub fn none(base: &'static str, reason: &str) -> Self {
        Self { tests: HashMap::new(), base, complaints: vec![reason.to_owned()] }
    }

    /// Median of a column divided by the median of the first.
    pub fn ratio(&self, test: &str, column: &str) -> Option<f64> {
        let by_column = self.tests.get(test)?;
        let native = percentile(by_column.get(self.base)?, 0.5);
        let value = percentile(by_column.get(column)?, 0.5);
        (native > 0.0).then(|| value / native)
    }

    /// The tests that it knows.
    pub fn tests(&self) -> impl Iterator<Item = &String> {
        self.tests.keys().filter(|test| !test.contains('#'))
    }
}

/// Runs the script, pinned to the clients' core.
pub fn measure(lab: &Lab, columns: &Columns, what: &Measurement<'_>) -> Outcome<Figures> {
    say(&format!("   fs_bench.py {} over {}", what.groups, what.columns.join(", ")));
    let json = lab.kept.join(format!("fs_bench-{}.json", what.name));
    let log = lab.kept.join(format!("fs_bench-{}.log", what.name));
    let mut command = process::on_client_core("python3");
    command.arg(lab.script("fs_bench.py")?).args(["--groups", what.groups]).arg("--json").arg(&json);
    command.args(["--reps", &what.rounds.to_string(), "--files", &files(lab).to_string()]);
    command.args(["--mib", lab.pick("64", "1024"), "--rand-s", lab.pick("0.3", "2")]);
    command.arg("--tar").arg(source_tar(lab)?).arg("--crate").arg(small_crate(lab)?);
    for name in what.columns {
        if let Some(dir) = columns.dirs.get(name) {
            command.arg(format!("{name}={}", dir.display()));
        }
    }
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?).status()?;
    let said = fs::read_to_string(&log)?;
    if !status.success() {
        return Err(format!("fs_bench.py: {status}: {}", said.lines().last().unwrap_or_default()).into());
    }
    let complaints: Vec<String> = said.lines().filter_map(|line| line.strip_prefix("!! ")).map(str::to_owned).collect();
    for complaint in &complaints {
        say(&format!("   {complaint}"));
    }
    let tests: HashMap<String, HashMap<String, Vec<f64>>> = match serde_json::from_slice(&fs::read(&json)?)? {
        Value::Object(map) => serde_json::from_value(Value::Object(map))?,
        other => return Err(format!("fs_bench.py wrote {other}").into()),
    };
    Ok(Figures { tests, base: what.columns.first().copied().unwrap_or_default(), complaints })
}

/// How many files the script makes.
pub fn files(lab: &Lab) -> usize {
    lab.pick(1000, 10_000)
}

/// About 1,500 source files, 12 MB: crates of the registry that this program is built from.
fn source_tar(lab: &Lab) -> Outcome<PathBuf> {
    let tar = lab.sources.join("../target/bench/sources.tar");
    if tar.is_file() {
        return Ok(tar);
    }
    let home = std::env::var_os("CARGO_HOME")
        .map_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"), PathBuf::from);
    let mut crates = Vec::new();
    for registry in fs::read_dir(home.join("registry/src"))? {
        for entry in fs::read_dir(registry?.path())? {
            crates.push(entry?.path());
        }
    }
    crates.sort();
    let (mut count, mut bytes, mut chosen) = (0, 0, Vec::new());
    for path in crates {
        let (more_files, more_bytes) = size_of(&path)?;
        // Many middling crates are more like a source tree than one with a giant generated file.
        if more_bytes < 1 << 20 && count + more_files <= 1600 && bytes + more_bytes <= 13 << 20 {
            count += more_files;
            bytes += more_bytes;
            chosen.push(path);
        }
    }
    let mut command = Command::new("tar");
    // Its owner is the one who mounts without root: whoever unpacks it as root gives the files away.
    command.args(["--owner=nobody", "--group=nogroup", "-cf"]).arg(&tar);
    for path in &chosen {
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name()) {
            command.arg("-C").arg(parent).arg(name);
        }
    }
    process::run(&mut command)?;
    Ok(tar)
}

fn size_of(path: &Path) -> Outcome<(u64, u64)> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_dir() {
        return Ok((1, about.len()));
    }
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(path)? {
        let (more_files, more_bytes) = size_of(&entry?.path())?;
        files += more_files;
        bytes += more_bytes;
    }
    Ok((files, bytes))
}

/// A crate of a few modules without dependencies.
fn small_crate(lab: &Lab) -> Outcome<PathBuf> {
    let path = lab.sources.join("../target/bench/small-crate");
    fs::create_dir_all(path.join("src"))?;
    // A workspace of its own: it may lie below another.
    fs::write(
        path.join("Cargo.toml"),
        "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
    )?;
    let mut main = String::new();
    for number in 0..20 {
        main.push_str(&format!("mod part{number};\n"));
        let mut part = format!("pub fn sum(n: u64) -> u64 {{ (0..n).map(|x| x * {number}).sum() }}\n");
        for function in 0..20 {
            part.push_str(&format!("pub fn text{function}(n: u64) -> String {{ format!(\"{{n}} {function}\") }}\n"));
        }
        fs::write(path.join(format!("src/part{number}.rs")), part)?;
    }
    main.push_str("fn main() {\n");
    for number in 0..20 {
        main.push_str(&format!("    println!(\"{{}} {{}}\", part{number}::sum(9), part{number}::text1(3));\n"));
    }
    main.push_str("}\n");
    fs::write(path.join("src/main.rs"), main)?;
    Ok(path)
}
