//! A mount that goes on after its command has returned: the same program, started anew and detached. It says over
//! its stdout, a pipe to the command, that it is ready or why it is not; after that only its log speaks.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Context, How, utf8};
use crate::cli::error::{CliError, Code, Outcome};
use crate::sys::paths;

/// Starts the process in the background and waits until it is ready; the line that it says then.
pub(crate) fn in_background(
    context: &Context,
    workspace: &Path,
    mountpoint: &Path,
    how: How,
) -> Result<String, CliError> {
    let broken = |what: &str, error: std::io::Error| CliError::Broken(format!("cannot {what}: {error}"));
    let program = std::env::current_exe().map_err(|error| broken("find the cdx program", error))?;
    let log = workspace.join(".codex/cdx.log");
    // A store that cannot be written is mounted all the same, without a log.
    let stderr = paths::open_log(&log).map_or_else(|_| Stdio::null(), Stdio::from);
    let mut command = Command::new(program);
    command.arg("mount").args(flags(how)).arg("--detached").arg("--home").arg(&context.config.home);
    command.arg("--").arg(workspace).arg(utf8(mountpoint)?);
    // The user and the log filter may come from a config.toml that a later edit changes; they are settled here.
    command.env("CODEX_USER", &context.config.user).env("CODEX_LOG", &context.config.log);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).current_dir("/");
    let mut child = command.spawn().map_err(|error| broken("start the process in the background", error))?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut said).map_err(|error| broken("hear from the background", error))?;
    }
    match said.trim_end().split_once(' ') {
        Some(("ready", line)) => Ok(line.to_owned()),
        Some((code, message)) => Err(failure(code, message)),
        None => Err(CliError::Broken(format!(
            "the process in the background ended before it was ready; see {}",
            log.display()
        ))),
    }
}

fn flags(how: How) -> Vec<&'static str> {
    [(how.read_only, "--read-only"), (how.allow_other, "--allow-other"), (how.no_xattr, "--no-xattr")]
        .into_iter()
        .filter_map(|(is_set, flag)| is_set.then_some(flag))
        .collect()
}

fn failure(code: &str, message: &str) -> CliError {
    let message = message.to_owned();
    match code.parse::<u8>() {
        Ok(code) if code == Code::Usage as u8 => CliError::Usage(message),
        Ok(code) if code == Code::Refused as u8 => CliError::Refused(message),
        Ok(code) if code == Code::NotFound as u8 => CliError::NotFound(message),
        _ => CliError::Broken(message),
    }
}

/// In the background: says that it is ready, and lets go of the terminal.
pub(super) fn announce(line: &str) {
    say(&format!("ready {line}"));
    // Fails where we lead a session already; then there is no terminal to let go of.
    let _ = rustix::process::setsid();
}

/// In the background: a failure before the mount was ready is the command's to print.
pub(super) fn report(result: Result<Outcome, CliError>) -> Result<Outcome, CliError> {
    if let Err(error) = &result {
        say(&format!("{} {error}", error.code() as u8));
    }
    result
}

/// Over the pipe; nobody is left to hear it where the command has gone.
fn say(line: &str) {
    let mut stdout = std::io::stdout();
    let _ = writeln!(stdout, "{}", line.replace('\n', " ")).and_then(|()| stdout.flush());
}
