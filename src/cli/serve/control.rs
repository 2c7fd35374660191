//! The socket `server.sock` of a home: what other commands of the same user ask a server over that home. One JSON request
//! and one JSON reply a connection, one connection at a time. Whoever reaches no server here does without one.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cli::error::CliError;
use crate::sys::{Dir, IoContext, connect_to, is_of_same_user, listen_privately};
use crate::types::NotePath;

/// Its name in the home.
const NAME: &str = "server.sock";

/// How long the other side may take to say what it wants, and a server that it is there.
const GREETING: Duration = Duration::from_secs(5);

/// How long a workspace may take to be opened.
const OPENING: Duration = Duration::from_secs(120);

/// Bytes of a request or a reply.
const LONGEST: u64 = 64 << 10;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Request {
    /// Who is there?
    About,
    /// A workspace is to be open, so that its own socket takes commands.
    Open { workspace: String },
    /// The server is to end, as by ^C.
    End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    About(About),
    Done,
    Refused(String),
}

/// A server, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    /// Its process.
    pub(crate) pid: u32,
    /// Where it is reached.
    pub(crate) url: String,
}

/// What opens a workspace of a directory; why it cannot.
type Opener = Box<dyn Fn(&str) -> Result<(), String> + Send>;

/// The socket, served until it is dropped.
#[derive(Debug)]
pub(super) struct Control {
    home: PathBuf,
    listener: Arc<UnixListener>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Control {
    /// Serves the socket; `None` where another server over this home has it.
    pub(super) fn listen(home: &Path, about: About, open: Opener) -> Result<Option<Self>, CliError> {
        if self::about(home).is_some() {
            return Ok(None);
        }
        let listener = Arc::new(listen_privately(&Dir::open(home)?, &name())?);
        let stopped = Arc::new(AtomicBool::new(false));
        let answering = Answering { listener: Arc::clone(&listener), stopped: Arc::clone(&stopped), about, open };
        let thread = std::thread::Builder::new().name("server-control".to_owned()).spawn(move || answering.run());
        let thread = thread.context("serve the control socket", home.join(NAME))?;
        Ok(Some(Self { home: home.to_owned(), listener, stopped, thread: Some(thread) }))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Ends the wait for the next connection; where that does not, a connection does.
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
        let Ok(dir) = Dir::open(&self.home) else { return };
        let _ = connect_to(&dir, &name());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = dir.remove_file(&name());
    }
}

/// The thread that answers.
struct Answering {
    listener: Arc<UnixListener>,
    stopped: Arc<AtomicBool>,
    about: About,
    open: Opener,
}

impl Answering {
    fn run(self) {
        loop {
            let accepted = self.listener.accept();
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            match accepted {
                Ok((stream, _)) if is_of_same_user(&stream) => {
                    if let Err(error) = self.converse(&stream) {
                        tracing::debug!(%error, "a connection of the server's socket ended");
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    // EMFILE, for one: wait for others to go rather than spin.
                    tracing::warn!(%error, "cannot accept a connection on the server's socket");
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn converse(&self, stream: &UnixStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(GREETING))?;
        stream.set_write_timeout(Some(GREETING))?;
        let reply = match read_line(stream)? {
            None => return Ok(()),
            Some(Request::About) => Reply::About(self.about.clone()),
            Some(Request::Open { workspace }) => match (self.open)(&workspace) {
                Ok(()) => Reply::Done,
                Err(why) => Reply::Refused(why),
            },
            Some(Request::End) => {
                rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
                Reply::Done
            }
        };
        write_line(stream, &reply)
    }
}

/// The server over a home, if one answers.
pub(crate) fn about(home: &Path) -> Option<About> {
    match ask(home, &Request::About, GREETING)? {
        Reply::About(about) => Some(about),
        Reply::Done | Reply::Refused(_) => None,
    }
}

/// Lets the server over a home open a workspace, if one is there and can.
pub(crate) fn open(home: &Path, workspace: &Path) -> bool {
    let Some(workspace) = workspace.to_str() else { return false };
    match ask(home, &Request::Open { workspace: workspace.to_owned() }, OPENING) {
        Some(Reply::Done) => true,
        Some(Reply::Refused(why)) => {
            tracing::debug!(why, "the server does not open the workspace");
            false
        }
        Some(Reply::About(_)) | None => false,
    }
}

/// Tells the server over a home to end; whether one was there. It ends a while later.
pub(crate) fn end(home: &Path) -> bool {
    matches!(ask(home, &Request::End, GREETING), Some(Reply::Done))
}

fn ask(home: &Path, request: &Request, within: Duration) -> Option<Reply> {
    let stream = connect_to(&Dir::open(home).ok()?, &name()).ok()?;
    stream.set_read_timeout(Some(within)).ok()?;
    stream.set_write_timeout(Some(GREETING)).ok()?;
    write_line(&stream, request).ok()?;
    read_line(&stream).ok()?
}

fn write_line(stream: &UnixStream, message: &impl Serialize) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(message)?;
    bytes.push(b'\n');
    (&mut &*stream).write_all(&bytes)
}

/// `None` where the other side hung up.
fn read_line<T: serde::de::DeserializeOwned>(stream: &UnixStream) -> std::io::Result<Option<T>> {
    let mut line = Vec::new();
    BufReader::new(stream).take(LONGEST).read_until(b'\n', &mut line)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(serde_json::from_slice(&line)?)) }
}

fn name() -> NotePath {
    NotePath::new(NAME).expect("a plain name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(home: &Path) -> Option<Control> {
        let about = About { pid: 1, url: "http://127.0.0.1:1".to_owned() };
        let open = |workspace: &str| if workspace == "/ws" { Ok(()) } else { Err("no such workspace".to_owned()) };
        Control::listen(home, about, Box::new(open)).unwrap()
    }

    #[test]
    fn a_server_says_who_it_is_opens_workspaces_and_is_the_only_one() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(about(home.path()), None);
        assert!(!open(home.path(), Path::new("/ws")));
        let first = server(home.path()).expect("the first");
        assert_eq!(about(home.path()).map(|about| about.pid), Some(1));
        assert!(open(home.path(), Path::new("/ws")));
        assert!(!open(home.path(), Path::new("/other")));
        assert!(server(home.path()).is_none());
        drop(first);
        assert_eq!(about(home.path()), None);
        assert!(!end(home.path()));
    }

    #[test]
    fn what_is_no_request_ends_its_connection_and_no_other() {
        let home = tempfile::tempdir().unwrap();
        let _server = server(home.path());
        let stream = connect_to(&Dir::open(home.path()).unwrap(), &name()).unwrap();
        (&mut &stream).write_all(b"nonsense\n").unwrap();
        assert_eq!((&mut &stream).read(&mut [0; 8]).unwrap(), 0);
        assert!(about(home.path()).is_some());
    }
}
