//! A password that somebody types, or that a program pipes in; never an argument, which every process could read.

use std::io::{BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::error::CliError;

/// Asks for a new password: twice on a terminal, else one line of stdin.
pub(super) fn ask_new() -> Result<String, CliError> {
    let first = ask("Password: ")?;
    if !(8..=128).contains(&first.chars().count()) {
        return Err(CliError::Usage("a password has 8 to 128 characters".to_owned()));
    }
    if std::io::stdin().is_terminal() && ask("Again: ")? != first {
        return Err(CliError::Usage("the two passwords differ".to_owned()));
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<String, CliError> {
    let broken = |error: std::io::Error| CliError::Broken(format!("cannot read the password: {error}"));
    let stdin = std::io::stdin();
    let _silent = if stdin.is_terminal() {
        let mut stderr = std::io::stderr();
        write!(stderr, "{prompt}").and_then(|()| stderr.flush()).map_err(broken)?;
        Silence::begin()
    } else {
        None
    };
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(broken)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// The terminal shows nothing of what is typed, until it is dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> Option<Self> {
        let before = tcgetattr(std::io::stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent).ok()?;
        Some(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
        super::output::tell("");
    }
}
