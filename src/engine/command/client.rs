//! Asks the engine of a workspace that another process runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::socket::{NAME, Reply, Request, connect};
use super::{Command, ErrorReply};
use crate::engine::workspace::Holder;
use crate::engine::{EngineError, Requester};
use crate::sys::{IoContext, StoreError};

/// How long an engine may take to say that it is there: that needs no lock and no disk.
const GREETING: Duration = Duration::from_secs(5);

/// How long a command may take: a rebuilt index or a check of a large workspace.
const COMMAND: Duration = Duration::from_secs(3600);

/// Longest reply that is taken, in bytes.
const LONGEST: u64 = 1 << 30;

/// Asks the engine that runs over a workspace, through its control socket; `None` where none runs.
///
/// # Errors
/// The command's, of the same kind as the engine had it; [`EngineError::Held`] where an engine holds the workspace
/// and does not answer.
pub fn ask_running(workspace: &Path, command: &Command, by: &Requester) -> Result<Option<Value>, EngineError> {
    let stream = match connect(&workspace.join(".codex")) {
        Ok(stream) => stream,
        // Nobody listens: no engine ever ran here, it stopped, or it died and left its socket.
        Err(error) if error.is_not_found() || error.errno() == libc::ECONNREFUSED => return Ok(None),
        Err(error) if matches!(error.errno(), libc::EACCES | libc::EPERM) => {
            return Err(EngineError::Denied(format!(
                "an engine of another user runs over {}; ask it through its mount or its server",
                workspace.display()
            )));
        }
        Err(error) => return Err(error.into()),
    };
    let greeting = exchange(&stream, &Request::Ping { ping: true }, GREETING, workspace);
    match greeting {
        Ok(Some(_)) => {}
        Ok(None) => return Ok(None),
        Err(error) => return Err(silent(workspace, &error)),
    }
    let request = Request::Command { command: command.clone(), actor: Some(by.actor.clone()) };
    match exchange(&stream, &request, COMMAND, workspace).map_err(|error| silent(workspace, &error))? {
        Some(Reply::Ok(value)) => Ok(Some(value)),
        Some(Reply::Error(reply)) => Err(error_of(reply)),
        None => {
            Err(EngineError::Held(format!("the engine of {} ended before it answered; ask again", workspace.display())))
        }
    }
}

/// Sends a request and reads the reply; `None` where the other side hung up.
fn exchange(
    stream: &UnixStream,
    request: &Request,
    within: Duration,
    workspace: &Path,
) -> Result<Option<Reply>, StoreError> {
    let exchanged = (|| -> std::io::Result<Option<Reply>> {
        stream.set_read_timeout(Some(within))?;
        stream.set_write_timeout(Some(GREETING))?;
        let mut bytes = serde_json::to_vec(request)?;
        bytes.push(b'\n');
        match (&mut &*stream).write_all(&bytes) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(None),
            other => other?,
        }
        let mut line = Vec::new();
        match BufReader::new(stream).take(LONGEST).read_until(b'\n', &mut line) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(None),
            other => other?,
        };
        if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
    })();
    exchanged.context("ask", workspace.join(".codex").join(NAME))
}

fn silent(workspace: &Path, error: &StoreError) -> EngineError {
    let shown = workspace.display();
    let timed_out = matches!(error.errno(), libc::EAGAIN | libc::ETIMEDOUT);
    let why = if timed_out { String::new() } else { format!(" ({})", error.source) };
    EngineError::Held(match Holder::of(workspace) {
        Some(Holder { pid, command }) => format!(
            "the engine of {shown}, process {pid} (`{command}`), does not answer{why}; wait and try again, or end it with \
             `kill {pid}` (`kill -9 {pid}` if need be: what was saved is in the files)"
        ),
        None => format!("the engine of {shown} does not answer{why}; wait and try again, or end its process"),
    })
}

/// The engine's error again, of the same kind.
fn error_of(reply: ErrorReply) -> EngineError {
    let ErrorReply { kind, message, exit } = reply;
    match (&*kind, exit) {
        ("not_found", _) | (_, 4) => EngineError::NotFound(message),
        ("exists", _) => EngineError::Exists(message),
        ("not_empty", _) => EngineError::NotEmpty(message),
        ("meaningless", _) => EngineError::Meaningless(message),
        ("denied", _) => EngineError::Denied(message),
        ("read_only", _) => EngineError::ReadOnly(message),
        ("conflict" | "metadata", _) => EngineError::Conflict(message),
        ("held", _) => EngineError::Held(message),
        ("broken", _) => EngineError::Broken(message),
        ("closed", _) => EngineError::Closed,
        ("behind", _) => EngineError::Behind(crate::engine::Behind { reason: message }),
        (_, 2) => EngineError::Invalid(message),
        (_, 3) => EngineError::Denied(message),
        _ => EngineError::Store(StoreError {
            action: "do that in the running engine",
            path: NAME.into(),
            source: std::io::Error::other(message),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Actor;
    use std::os::unix::net::UnixListener;

    #[test]
    fn no_engine_a_left_socket_and_a_silent_engine_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let by = Requester { actor: Actor::User("ada".into()), gesture: None };
        let ask = || ask_running(folder.path(), &Command::Flush, &by);
        assert!(ask().unwrap().is_none());
        let dir = crate::sys::Dir::open(folder.path()).unwrap();
        dir.make_dirs(&crate::types::NotePath::new(".codex").unwrap()).unwrap();
        assert!(ask().unwrap().is_none());
        let listener = UnixListener::bind(folder.path().join(".codex").join(NAME)).unwrap();
        let started = std::time::Instant::now();
        assert!(matches!(ask(), Err(EngineError::Held(_))));
        assert!(started.elapsed() < GREETING * 2);
        drop(listener);
        assert!(ask().unwrap().is_none());
    }

    #[test]
    fn errors_come_back_as_they_went() {
        for error in [
            EngineError::NotFound("n".into()),
            EngineError::Exists("e".into()),
            EngineError::Conflict("c".into()),
            EngineError::Invalid("i".into()),
            EngineError::ReadOnly("r".into()),
        ] {
            let back = error_of(ErrorReply::from(&error));
            assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(&error));
            assert_eq!(back.to_string(), error.to_string());
        }
    }
}
