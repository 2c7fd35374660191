//! A real daemon over a real workspace: started, killed, started again over what it left.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cdx::engine::command::ask_running;
use cdx::engine::{Command as Ask, Requester};
use cdx::types::Actor;
use rustix::mount::UnmountFlags;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::disk::{Disk, Image};

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

    /// Puts an empty workspace on a disk of its own; all of that is there for good.
    pub fn on_disk(&self) -> Disk {
        let disk = Disk::mount(&self.ws(), Image::new());
        cdx::engine::Engine::init(&self.ws(), &["lab".to_owned()]).expect("a workspace");
        for folder in ["lab", ".codex", ""] {
            let folder = std::fs::File::open(self.ws().join(folder));
            folder.and_then(|folder| folder.sync_all()).expect("a folder that can be flushed");
        }
        disk
    }

    /// The store.
    pub fn ws(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    /// The mountpoint.
    pub fn mnt(&self) -> PathBuf {
        self.folder.path().join("mnt")
    }

    /// Has daemons that were started with [`Site::faults`] do this, one `POINT ACTION [SKIP [TIMES]]` a line.
    pub fn ask_for(&self, faults: &str) {
        let file = self.folder.path().join("faults");
        let new = file.with_extension("new");
        std::fs::write(&new, faults).and_then(|()| std::fs::rename(&new, &file)).expect("a file of faults");
    }

    /// What a daemon's environment is to hold for that.
    pub fn faults(&self) -> (&'static str, String) {
        ("CODEX_FAULTS", self.folder.path().join("faults").display().to_string())
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
        self.at_home(command.args(args));
        command
    }

    fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["CODEX_LISTEN", "CODEX_WORKSPACE", "SECRET_KEY", "XDG_DATA_HOME"] {
            command.env_remove(name);
        }
        command.env("CODEX_HOME", self.folder.path().join("home")).env("CODEX_USER", "ada")
    }

    /// What daemons have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
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
    ended: Option<ExitStatus>,
    mnt: PathBuf,
}

impl Daemon {
    /// Starts `cdx mount` in the foreground, over whatever the last one left. It ends with the calling thread.
    pub fn start(site: &Site) -> Self {
        Self::start_with(site, &[])
    }

    /// The same, with variables in its environment.
    pub fn start_with(site: &Site, env: &[(&str, String)]) -> Self {
        let mut command = site.cdx(&["mount", "ws", "mnt"]);
        command.envs(env.iter().cloned());
        Self::of(site, command)
    }

    /// The daemon that a command becomes; in the site's folder and home.
    pub fn of(site: &Site, mut command: Command) -> Self {
        site.at_home(&mut command).stdout(Stdio::piped());
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
        Self { child, said, ended: None, mnt: site.mnt() }
    }

    /// Waits until it has said that it is mounted.
    pub fn wait_until_ready(&mut self, site: &Site) {
        if let Err(why) = self.try_until_ready() {
            let log = site.log();
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

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The signal that ended it.
    pub fn signal(&self) -> Option<i32> {
        self.ended.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status))
    }

    /// The same. One that is dead but for a thread which waits in the kernel for a caller of its own mount is freed as `cdx
    /// mount` and `cdx umount` free it.
    pub fn ends_within(&mut self, time: Duration, site: &Site) -> bool {
        let began = Instant::now();
        while !self.has_ended_within(Duration::from_secs(1)) {
            if cdx::engine::is_dying(&site.ws()) {
                cdx::fs::abort(&site.mnt());
            }
            if began.elapsed() > time {
                return false;
            }
        }
        true
    }

    /// What its threads do, for a message.
    pub fn threads(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let lines = tasks.into_iter().flatten().map_while(Result::ok).map(|task| {
            let part = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            format!("{} {}", part("stat").trim(), part("stack").replace('\n', " "))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a child that can be asked");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Whether it has ended within a time.
    pub fn has_ended_within(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        while self.ended.is_none() {
            self.ended = self.child.try_wait().expect("a child of ours");
            if self.ended.is_none() {
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
        if self.ended.is_none() {
            self.kill();
            if !self.has_ended_within(Duration::from_secs(3)) {
                cdx::fs::abort(&self.mnt);
                self.has_ended_within(Duration::from_secs(10));
            }
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
    #[allow(clippy::print_stderr, reason = "nobody is left to tell but who reads the log")]
    pub fn over(mnt: PathBuf, limit: Duration, what: String) -> Self {
        let (sender, signs) = channel();
        std::thread::spawn(move || {
            loop {
                match signs.recv_timeout(limit) {
                    Ok(()) => {}
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                        eprintln!("{what}: nothing happens for {limit:?}; the mount is aborted and the test ended");
                        // The store may be a disk that this process serves.
                        for mount in [mnt.clone(), mnt.with_file_name("ws")] {
                            let _ = rustix::mount::unmount(&mount, UnmountFlags::FORCE);
                            let _ = rustix::mount::unmount(&mount, UnmountFlags::DETACH);
                        }
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
