//! A shell that a session of README.md is typed into: what one line sets, the next one has.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Stands before the exit code of each line.
const MARK: &str = "=== typed:";

/// How long a line may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of a session, and what README.md shows below it.
pub struct Step {
    pub command: String,
    pub shown: String,
}

/// The session of README.md whose block begins so.
pub fn steps(readme: &str, begins: &str) -> Vec<Step> {
    let session = readme.split("```console\n").find(|block| block.starts_with(begins)).expect("the session");
    let session = session.split("```").next().unwrap_or_default();
    let parts = format!("\n{session}");
    let steps = parts.split("\n$ ").skip(1).map(|part| {
        let (command, shown) = part.split_once('\n').unwrap_or((part, ""));
        Step { command: command.to_owned(), shown: shown.trim_end().to_owned() }
    });
    steps.collect()
}

/// Where the program under test and those of `.tools` come first.
pub fn path_of_programs() -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_cdx")).parent().expect("a folder").display().to_string();
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools/python/bin").display().to_string();
    format!("{programs}:{python}:{}", std::env::var("PATH").unwrap_or_default())
}

/// Dates and numbers differ from day to day.
pub fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// One shell, for all lines of a session.
pub struct Shell {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Shell {
    /// In a folder, as someone whose home is `home`.
    pub fn start(folder: &Path, home: &Path) -> Self {
        let mut command = Command::new("bash");
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env("PATH", path_of_programs()).env("CODEX_HOME", home).env("LC_ALL", "C.UTF-8");
        let mut child = command.spawn().expect("bash");
        let (mut stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        writeln!(stdin, "exec 2>&1").expect("a shell that listens");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self { child, stdin, lines }
    }

    /// Types a line; what it says, and its exit code.
    #[track_caller]
    pub fn line(&mut self, line: &str) -> (String, i32) {
        // Standard input is the session's: no program of a line is to read on.
        writeln!(self.stdin, "{{ {line}\n}} </dev/null; printf '\\n{MARK} %s\\n' $?").expect("a shell that listens");
        let mut said = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.starts_with(MARK) => {
                    let code = line[MARK.len()..].trim().parse().expect("a code");
                    return (said.trim_end().to_owned(), code);
                }
                Ok(line) => {
                    said.push_str(&line);
                    said.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => panic!("`{line}` takes longer than {PATIENCE:?}: {said}"),
                Err(RecvTimeoutError::Disconnected) => panic!("`{line}` ended the shell: {said}"),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
