//! A process that goes on after its command has returned: the same program, started anew and detached. It says over its
//! stdout, a pipe to the command, that it is ready or why it is not; after that only its log speaks.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cli::error::{CliError, Code, Outcome};
use crate::config::Config;
use crate::sys::paths;

/// What is started in the background.
#[derive(Debug)]
pub(crate) struct Detached<'a> {
    /// The settings that it is to go by.
    pub(crate) config: &'a Config,
    /// Its command and arguments; one of them tells it that it is detached.
    pub(crate) arguments: Vec<OsString>,
    /// Where its log goes.
    pub(crate) log: PathBuf,
}

impl Detached<'_> {
    /// Starts the process and waits until it is ready; the line that it says then.
    pub(crate) fn start(self) -> Result<String, CliError> {
        let broken = |what: &str, error: std::io::Error| CliError::Broken(format!("cannot {what}: {error}"));
        let program = std::env::current_exe().map_err(|error| broken("find the cdx program", error))?;
        // A store that cannot be written is mounted all the same, without a log.
        let stderr = paths::open_log(&self.log).map_or_else(|_| Stdio::null(), Stdio::from);
        let mut command = Command::new(program);
        command.args(self.arguments);
        // The user and the log filter may come from a config.toml that a later edit changes; they are settled here.
        command.env("CODEX_USER", &self.config.user).env("CODEX_LOG", &self.config.log);
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
                self.log.display()
            ))),
        }
    }
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
pub(crate) fn announce(line: &str) {
    say(&format!("ready {line}"));
    // Fails where we lead a session already; then there is no terminal to let go of.
    let _ = rustix::process::setsid();
}

/// In the background: a failure before it was ready is the command's to print.
pub(crate) fn report(result: Result<Outcome, CliError>) -> Result<Outcome, CliError> {
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
