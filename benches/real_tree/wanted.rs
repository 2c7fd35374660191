//! The rows of targets.md §1: which measurement of `fs_bench.py` each is, and what was promised.

/// A way in which Codex is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mounted {
    /// By root, as `cdx mount` does it.
    Plain,
    /// By root with `--no-xattr`.
    NoXattr,
    /// By an ordinary user: without passthrough.
    ByUser,
}

/// A row.
#[derive(Debug)]
pub struct Wanted {
    /// As the table shows it.
    pub name: &'static str,
    /// As `fs_bench.py` calls it; `{k}` is the number of files in thousands, `{t}` a tenth of it.
    pub test: &'static str,
    /// Times native, at most.
    pub most: f64,
    /// Of which mount.
    pub of: Mounted,
}

const fn row(name: &'static str, test: &'static str, most: f64) -> Wanted {
    Wanted { name, test, most, of: Mounted::Plain }
}

const fn no_xattr(name: &'static str, test: &'static str, most: f64) -> Wanted {
    Wanted { name, test, most, of: Mounted::NoXattr }
}

const fn by_user(name: &'static str, test: &'static str, most: f64) -> Wanted {
    Wanted { name, test, most, of: Mounted::ByUser }
}

/// All of them, in the order of the table.
pub const ROWS: [Wanted; 36] = [
    row("sequential write 1 MiB, buffered", "seq write 1M buffered", 1.2),
    row("sequential read 1 MiB, buffered", "seq read 1M (re-open, backing warm)", 1.2),
    by_user("sequential write 1 MiB, buffered, without passthrough", "seq write 1M buffered", 3.2),
    by_user("sequential read 1 MiB, buffered, without passthrough", "seq read 1M (re-open, backing warm)", 2.0),
    row("random 4 KiB read", "rand read 4k", 1.2),
    row("random 4 KiB write", "rand write 4k buffered", 1.2),
    by_user("random 4 KiB read, without passthrough", "rand read 4k", 1.4),
    by_user("random 4 KiB write, without passthrough", "rand write 4k buffered", 1.6),
    row("random write, fsync every 32", "rand write 4k fsync/32", 1.3),
    row("create files of 2 KB", "create {k} x 2KB", 3.7),
    row("stat warm", "stat {k} warm", 1.2),
    row("stat missing names, first", "stat {k} missing names, first", 3.2),
    row("stat missing names, again", "stat {k} missing names, again", 1.2),
    row("open+read+close warm", "open+read+close {k} warm", 5.0),
    row("open+read+close cold", "open+read+close {k} cold all", 2.2),
    row("write temporary + rename", "write-temp+rename {t}", 3.1),
    row("ls -l warm", "ls -l {k} warm", 3.7),
    row("ls -l cold dentries", "ls -l {k} cold dentries", 3.7),
    no_xattr("ls -l warm, --no-xattr", "ls -l {k} warm", 1.0),
    no_xattr("ls -l cold dentries, --no-xattr", "ls -l {k} cold dentries", 1.5),
    row("ls -f warm", "ls -f {k} warm", 1.1),
    row("find warm", "find tree {k} warm", 1.1),
    row("find cold dentries", "find tree {k} cold dentries", 2.2),
    row("rm -rf", "rm -rf {k}", 2.6),
    row("grep -r warm", "grep -r tree {k} warm", 5.0),
    row("git add", "git add 10k", 2.4),
    row("git commit", "git commit", 2.8),
    row("git status warm", "git status warm", 1.1),
    row("git status cold", "git status cold dentries", 2.6),
    row("tar x of a source tree", "tar xf source tree", 4.8),
    row("tar c of a source tree", "tar cf - (read back)", 3.6),
    row("cp -r of a source tree", "cp -r tree", 4.0),
    row("cargo build of a small crate", "cargo build (clean)", 1.1),
    row("cargo build, nothing changed", "cargo build (no-op)", f64::INFINITY),
    row("cargo build, one file changed", "cargo build (one file changed)", f64::INFINITY),
    row("sequential rewrite 1 MiB + fsync", "seq rewrite 1M + fsync", f64::INFINITY),
];

impl Wanted {
    /// The key of its measurement in the script's JSON.
    pub fn key(&self, files: usize) -> String {
        self.test.replace("{k}", &format!("{}k", files / 1000)).replace("{t}", &(files / 10).to_string())
    }

    /// The column of its measurement.
    pub fn column(&self) -> &'static str {
        match self.of {
            Mounted::Plain => "cdx",
            Mounted::NoXattr => "noxattr",
            Mounted::ByUser => "user",
        }
    }
}
