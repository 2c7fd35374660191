//! The control socket `.codex/engine.sock`: one JSON request and one JSON reply a line, any number a connection.
//!
//! Request: `{"command": {"command": "flush"}, "actor": {"kind": "user", "name": "ada"}}`; without `actor` the
//! engine's own user acts. Reply: `{"ok": …}` or `{"error": {"kind", "message", "exit"}}`. `{"ping": true}` is
//! answered at once with `{"ok": {"pid": …}}`, however busy the engine is.
//! Only the engine's user and root are served: the kernel says who calls.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Command, ErrorReply};
use crate::engine::{Engine, EngineError, Requester};
use crate::sys::{Dir, IoContext, StoreError, connect_to, is_of_same_user, listen_privately};
use crate::types::{Actor, NotePath};

/// Name of the socket in `.codex`.
pub(super) const NAME: &str = "engine.sock";

/// Longest request, in bytes: a search line, or the names of many files.
const LONGEST: u64 = 16 << 20;

/// So many connections at most; each is a thread.
const CONNECTIONS: usize = 64;

/// A request.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Request {
    /// Whether anyone is there.
    Ping {
        /// Always true.
        ping: bool,
    },
    /// A command.
    Command {
        /// Which.
        command: Command,
        /// Who acts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<Actor>,
    },
}

/// A reply.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// What the command says.
    Ok(Value),
    /// Why it failed.
    Error(ErrorReply),
}

/// The socket, served until it is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: Arc<UnixListener>,
    stopped: Arc<AtomicBool>,
    codex: PathBuf,
    thread: Option<JoinHandle<()>>,
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Ends the wait for the next connection; where that does not, a connection does.
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
        let _ = connect(&self.codex);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Ok(dir) = Dir::open(&self.codex) {
            let _ = dir.remove_file(&name());
        }
    }
}

/// Serves the control socket `.codex/engine.sock` until [`Engine::close`]. The caller holds the workspace's lock,
/// so that a socket which is there already is one that a dead engine left.
///
/// # Errors
/// If it cannot be bound.
pub(in crate::engine) fn serve(engine: &Arc<Engine>) -> Result<(), EngineError> {
    let socket = listen(engine.codex_path(), Arc::downgrade(engine))?;
    *engine.workbench.socket.lock() = Some(socket);
    Ok(())
}

fn listen(codex: PathBuf, engine: Weak<Engine>) -> Result<ControlSocket, StoreError> {
    let listener = Arc::new(listen_privately(&Dir::open(&codex)?, &name())?);
    let stopped = Arc::new(AtomicBool::new(false));
    let accepting = Accepting { listener: Arc::clone(&listener), stopped: Arc::clone(&stopped), engine };
    let thread = std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || accepting.run())
        .context("serve the control socket", codex.join(NAME))?;
    Ok(ControlSocket { listener, stopped, codex, thread: Some(thread) })
}

/// Connects to the socket in a workspace's `.codex`.
pub(super) fn connect(codex: &Path) -> Result<UnixStream, StoreError> {
    connect_to(&Dir::open(codex)?, &name())
}

fn name() -> NotePath {
    NotePath::new(NAME).expect("a plain name")
}

/// The thread that waits for connections.
struct Accepting {
    listener: Arc<UnixListener>,
    stopped: Arc<AtomicBool>,
    engine: Weak<Engine>,
}

impl Accepting {
    fn run(&self) {
        let open = Arc::new(AtomicUsize::new(0));
        loop {
            let accepted = self.listener.accept();
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // EMFILE, for one: wait for others to go rather than spin.
                    tracing::warn!(%error, "cannot accept a connection on the control socket");
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    continue;
                }
            };
            if !is_of_same_user(&stream) || open.load(Ordering::Acquire) >= CONNECTIONS {
                continue;
            }
            let counted = Counted::new(&open);
            let engine = Weak::clone(&self.engine);
            let spawned = std::thread::Builder::new().name("control-conn".to_owned()).spawn(move || {
                let _counted = counted;
                if let Err(error) = converse(&stream, &engine) {
                    tracing::debug!(%error, "a connection of the control socket ended");
                }
            });
            if let Err(error) = spawned {
                tracing::warn!(%error, "no thread for a connection of the control socket");
            }
        }
    }
}

/// Counts a connection as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers requests until the other side has no more.
fn converse(stream: &UnixStream, engine: &Weak<Engine>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut reader).take(LONGEST + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        let is_too_long = line.len() as u64 > LONGEST;
        let reply = if is_too_long { refuse("the request is longer than 16 MiB") } else { answer(&line, engine) };
        let mut bytes = serde_json::to_vec(&reply)?;
        bytes.push(b'\n');
        (&mut &*stream).write_all(&bytes)?;
        if is_too_long {
            return Ok(());
        }
    }
}

fn answer(line: &[u8], engine: &Weak<Engine>) -> Reply {
    let request: Request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return refuse(&format!("no request of this version: {error}")),
    };
    let (command, actor) = match request {
        Request::Ping { .. } => return Reply::Ok(serde_json::json!({ "pid": std::process::id() })),
        Request::Command { command, actor } => (command, actor),
    };
    let Some(engine) = engine.upgrade() else { return Reply::Error(ErrorReply::from(&EngineError::Closed)) };
    let own = engine.default_requester();
    let by = Requester { actor: actor.unwrap_or(own.actor), gesture: None };
    // A panic in one command is that command's failure, not the end of the mounts.
    let performed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| engine.perform(&command, &by)));
    match performed {
        Ok(Ok(value)) => Reply::Ok(value),
        Ok(Err(error)) => Reply::Error(ErrorReply::from(&error)),
        Err(_) => Reply::Error(ErrorReply {
            kind: "broken".to_owned(),
            message: "cdx failed at this command; the log says where, please report it".to_owned(),
            exit: 5,
        }),
    }
}

fn refuse(message: &str) -> Reply {
    Reply::Error(ErrorReply { kind: "invalid".to_owned(), message: message.to_owned(), exit: 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(stream: &UnixStream, request: &str) -> String {
        (&mut &*stream).write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line
    }

    #[test]
    fn a_socket_answers_refuses_what_it_does_not_know_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let codex = folder.path().to_owned();
        let socket = listen(codex.clone(), Weak::new()).unwrap();
        let dir = Dir::open(&codex).unwrap();
        assert_eq!(dir.stat(&name()).unwrap().perm, 0o600);
        let stream = connect(&codex).unwrap();
        assert!(ask(&stream, r#"{"ping":true}"#).contains("pid"));
        assert!(ask(&stream, "nonsense").contains(r#""exit":2"#));
        assert!(ask(&stream, r#"{"command":{"command":"flush"}}"#).contains(r#""kind":"closed""#));
        drop(socket);
        assert!(dir.stat(&name()).is_err());
        assert!(connect(&codex).is_err());
    }
}
