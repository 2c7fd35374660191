//! A real daemon over a real workspace: started, killed, started again over what it left.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cdx::engine::command::ask_running;
use cdx::engine::{Command as Ask, Requester};
use cdx::types::Actor;
use rustix::mount::UnmountFlags;
use serde_json::Value;
use tempfile::TempDir;

/// How long a daemon may take to be ready, in a debug build on a busy machine.
const READY: Duration = Duration::from_secs(60);

/// A workspace `ws` with the notebook `lab`, and a mountpoint `mnt`.
pub struct Site {
    folder: TempDir,
}

impl Site {
    /// A new one, without any file.
    pub fn new() -> Self {
        let site = Self { folder: tempfile::Builder::new().prefix("cdx-crash-").tempdir().expect("a scratch folder") };
        std::fs::create_dir_all(site.mnt()).expect("a mountpoint");
        cdx::engine::Engine::init(&site.ws(), &["lab".to_owned()]).expect("a workspace");
        site
    }

    /// The store.
    pub fn ws(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    /// The mountpoint.
    pub fn mnt(&self) -> PathBuf {
        self.folder.path().join("mnt")
    }

    /// Copies the workspace to where `CDX_CRASH_KEEP` says, for a look at it; where it is, in words.
    pub fn keep_if_asked(&self) -> String {
        let Some(to) = std::env::var_os("CDX_CRASH_KEEP") else { return String::new() };
        let copied = Command::new("cp").arg("-a").arg(self.folder.path()).arg(&to).status();
        format!("; the workspace is in {} ({copied:?})", Path::new(&to).display())
    }

    /// A command of cdx, in this site's own home.
    pub fn cdx(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cdx"));
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["CODEX_LISTEN", "CODEX_WORKSPACE", "SECRET_KEY", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.env("CODEX_HOME", self.folder.path().join("home")).env("CODEX_USER", "ada");
        command
    }

    /// Asks the engine that runs, as `who`; an error where none does.
    pub fn ask(&self, who: &str, command: &Ask) -> Result<Value, String> {
        let by = Requester { actor: Actor::User(who.to_owned()), gesture: None };
        match ask_running(&self.ws(), command, &by) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err("no engine runs".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        unmount(&self.mnt());
    }
}

/// A daemon that was started.
pub struct Daemon {
    child: Child,
    said: Receiver<String>,
    is_reaped: bool,
}

impl Daemon {
    /// Starts `cdx mount` in the foreground, over whatever the last one left. It ends with the calling thread.
    pub fn start(site: &Site) -> Self {
        Self::start_with(site, &[])
    }

    /// The same, with variables in its environment.
    pub fn start_with(site: &Site, env: &[(&str, &str)]) -> Self {
        let mut command = site.cdx(&["mount", "ws", "mnt"]);
        command.envs(env.iter().copied()).stdout(Stdio::piped());
        let log = std::fs::OpenOptions::new().append(true).create(true).open(site.folder.path().join("log"));
        command.stderr(Stdio::from(log.expect("a log")));
        let mut child = cdx::sys::end_with_parent(&mut command).spawn().expect("cdx starts");
        let out = child.stdout.take().expect("piped");
        let (sender, said) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, said, is_reaped: false }
    }

    /// Waits until it has said that it is mounted.
    pub fn wait_until_ready(&mut self, site: &Site) {
        if let Err(why) = self.try_until_ready() {
            let log = std::fs::read_to_string(site.folder.path().join("log")).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            panic!("the daemon is not ready: {why}; its log, newest first:\n{}", tail.join("\n"));
        }
    }

    /// The same, for one that may die meanwhile.
    pub fn try_until_ready(&mut self) -> Result<(), String> {
        match self.said.recv_timeout(READY) {
            Ok(line) if line.contains("is mounted at") => Ok(()),
            Ok(line) => Err(format!("it said {line:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Whether it has ended within a time.
    pub fn has_ended_within(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        while !self.is_reaped {
            self.is_reaped = self.child.try_wait().expect("a child of ours").is_some();
            if !self.is_reaped {
                if began.elapsed() > time {
                    return false;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        true
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill();
            self.has_ended_within(Duration::from_secs(10));
        }
    }
}

/// Takes away what is mounted there, however it got there; nobody is left to answer.
pub fn unmount(mnt: &Path) {
    while let Err(rustix::io::Errno::NOTCONN) = rustix::fs::statvfs(mnt) {
        if cdx::fs::detach(mnt).is_err() {
            return;
        }
    }
}

/// Ends the process, and what it waits for, if a loop takes far too long: a thread that waits for a mount which nobody
/// answers cannot be ended in any other way.
pub struct Watchdog(std::sync::mpsc::Sender<()>);

impl Watchdog {
    /// Expects a sign of life every `limit`.
    pub fn over(mnt: PathBuf, limit: Duration, what: String) -> Self {
        let (sender, signs) = channel();
        std::thread::spawn(move || {
            loop {
                match signs.recv_timeout(limit) {
                    Ok(()) => {}
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                        eprintln!("{what}: nothing happens for {limit:?}; the mount is aborted and the test ended");
                        let _ = rustix::mount::unmount(&mnt, UnmountFlags::FORCE);
                        let _ = rustix::mount::unmount(&mnt, UnmountFlags::DETACH);
                        std::process::abort();
                    }
                }
            }
        });
        Self(sender)
    }

    /// A sign of life.
    pub fn alive(&self) {
        let _ = self.0.send(());
    }
}
