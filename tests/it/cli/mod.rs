//! The program itself: arguments, output, exit codes.

mod bad_input;
mod basics;
pub mod demo;
mod errors;
mod handover;
mod history;
pub mod mount;
mod notes;
mod operations;
mod serve;
mod surroundings;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A home and a workspace of its own, and a directory to be in.
pub struct Bench {
    folder: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Its stdout, where it was done.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Its stderr, where it ended with `code` and printed no result.
    #[track_caller]
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        self.err
    }

    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.done()).unwrap()
    }
}

impl Bench {
    /// An empty directory, and a home that is not there yet.
    pub fn empty() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.path("ws")).unwrap();
        bench
    }

    /// A workspace `ws` with the notebook `lab` and three notes.
    pub fn lab() -> Self {
        let bench = Self::empty();
        bench.write(
            "ws/lab/runs/a.md",
            "---\ntitle: First run\ntags: [experiment/gpu]\nstatus: done\nloss: 0.08\n---\n\nThe learning rate was high.\nSee [[plan]].\n",
        );
        bench.write(
            "ws/lab/runs/b.md",
            "---\ntitle: Second run\ntags: [experiment]\nstatus: doing\nloss: 0.5\n---\n\nAdam, again.\n",
        );
        bench.write("ws/lab/plan.md", "# Plan\n\nRate the learning of the network.\n");
        bench.cdx(&["init", "ws"]).done();
        bench
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn read(&self, below: &str) -> String {
        std::fs::read_to_string(self.path(below)).unwrap()
    }

    /// Runs cdx in the directory of the bench.
    pub fn cdx(&self, args: &[&str]) -> Ran {
        self.cdx_in("", args)
    }

    /// Runs cdx in a directory below the bench's.
    pub fn cdx_in(&self, below: &str, args: &[&str]) -> Ran {
        run(self.command(&self.path(below)).args(args))
    }

    /// The program with arguments, to be started as a test likes.
    pub fn program(&self, args: &[&str]) -> Command {
        let mut command = self.command(&self.path(""));
        command.args(args);
        command
    }

    fn command(&self, cwd: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cdx"));
        command.current_dir(cwd).stdin(Stdio::null());
        for name in ["COLUMNS", "CODEX_LISTEN", "CODEX_LOG", "CODEX_WORKSPACE", "SECRET_KEY", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.env("CODEX_HOME", self.path("home")).env("CODEX_USER", "ada");
        command
    }
}

fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The first words of lines.
fn first_words(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.split_whitespace().next()).collect()
}
