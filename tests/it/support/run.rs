//! Running programs, with a time limit: a hung mount must fail a test, not the machine.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What a program said and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code; 128 + signal where it was ended by one.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a shell script in a folder, 60 s at most.
#[track_caller]
pub fn sh(dir: impl AsRef<Path>, script: &str) -> Said {
    let mut command = Command::new("bash");
    command.args(["-euc", script]).current_dir(dir);
    limited(command, Duration::from_secs(60))
}

/// Runs a shell script that must succeed; its output.
#[track_caller]
pub fn sh_ok(dir: impl AsRef<Path>, script: &str) -> String {
    let said = sh(dir, script);
    assert_eq!(said.code, 0, "`{script}` failed: {}{}", said.out, said.err);
    said.out
}

/// Whether a program is on the PATH.
pub fn has(program: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {program}")]).output().is_ok_and(|o| o.status.success())
}

/// Runs a command with a time limit.
#[track_caller]
pub fn limited(mut command: Command, limit: Duration) -> Said {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program that starts");
    let pid = child.id();
    let (out, err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let reader = |mut from: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (out, err) = (reader(Box::new(out)), reader(Box::new(err)));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child of ours") {
            break status;
        }
        if start.elapsed() > limit {
            let _ = child.kill();
            panic!("process {pid} ran longer than {limit:?}: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let code =
        status.code().unwrap_or_else(|| 128 + std::os::unix::process::ExitStatusExt::signal(&status).unwrap_or(0));
    Said { code, out: out.join().unwrap_or_default(), err: err.join().unwrap_or_default() }
}

/// The output of a command that has ended.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
