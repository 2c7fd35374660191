//! Filesystem daemons under test: Codex and its peers, each a child that ends with the benchmark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::lab::Lab;
use super::process::{self, CLIENT_CORE, ENGINE_CORE};
use super::{Outcome, say};

/// So long no thread came: all are there.
const THREADS_REST: Duration = Duration::from_millis(200);

/// How long a daemon may take to mount or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon that serves a mount.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// Where it is mounted.
    pub mountpoint: PathBuf,
    /// From its start until it was mounted.
    pub mounted_after: Duration,
}

/// As whom Codex is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// Root, whose file data the kernel passes through.
    Root,
    /// `nobody`, whose data goes through the daemon.
    Nobody,
}

impl Daemon {
    /// Mounts a workspace with the program under test.
    pub fn codex(lab: &Lab, store: &Path, mountpoint: &Path, user: As, options: &[&str]) -> Outcome<Self> {
        let mut command = end_with_us();
        if user == As::Nobody {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        }
        command.arg(&lab.cdx).arg("mount").arg(store).arg(mountpoint).args(options);
        let home = if user == As::Nobody { store.with_extension("home") } else { lab.home() };
        command.env("CODEX_HOME", &home).env("HOME", &home);
        Self::start(command, mountpoint)
    }

    /// Mounts a peer: `bindfs` or `mergerfs` with their own defaults, on the client's core.
    pub fn peer(program: &str, source: &Path, mountpoint: &Path) -> Outcome<Self> {
        let mut command = end_with_us();
        command.arg(program).arg("-f");
        if program == "mergerfs" {
            // It refuses to create files on a disk with less than 4 GiB left.
            command.args(["-o", "minfreespace=1M"]);
        }
        command.arg(source).arg(mountpoint);
        let daemon = Self::start(command, mountpoint)?;
        process::pin(daemon.id(), |_| CLIENT_CORE)?;
        Ok(daemon)
    }

    fn start(mut command: Command, mountpoint: &Path) -> Outcome<Self> {
        fs::create_dir_all(mountpoint)?;
        let began = Instant::now();
        // A file: a pipe that nobody reads would stop a daemon that complains a lot.
        let log = fs::File::create(mountpoint.with_extension("log"))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?;
        let mut daemon = Self { child, mountpoint: fs::canonicalize(mountpoint)?, mounted_after: Duration::ZERO };
        while !is_mounted(&daemon.mountpoint) {
            if let Some(status) = daemon.child.try_wait()? {
                return Err(format!("{command:?} ended with {status}: {}", daemon.complaint()).into());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{command:?} did not mount within {} s", PATIENCE.as_secs()).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        daemon.mounted_after = began.elapsed();
        Ok(daemon)
    }

    fn complaint(&self) -> String {
        fs::read_to_string(self.mountpoint.with_extension("log")).unwrap_or_default()
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Threads that serve the kernel go to the client's core, the engine's to the other.
    pub fn pin_apart(&self) -> Outcome<()> {
        self.wait_for_threads()?;
        process::pin(self.id(), |thread| if thread.is_fuse() { CLIENT_CORE } else { ENGINE_CORE })
    }

    /// Waits until the threads that serve the kernel are there: it is mounted before, and a thread that comes later is put
    /// on the core of the one that starts it.
    fn wait_for_threads(&self) -> Outcome<()> {
        let began = Instant::now();
        let (mut before, mut since) = (0, began);
        while before == 0 || since.elapsed() < THREADS_REST {
            if began.elapsed() > PATIENCE {
                return Err(format!("pid {}: no threads that serve {}", self.id(), self.mountpoint.display()).into());
            }
            std::thread::sleep(Duration::from_millis(10));
            // A first request is served.
            fs::metadata(&self.mountpoint)?;
            let threads = process::threads(self.id())?.iter().filter(|thread| thread.is_fuse()).count();
            if threads != before {
                (before, since) = (threads, Instant::now());
            }
        }
        Ok(())
    }

    /// Waits until Codex has indexed all that it serves.
    pub fn wait_until_indexed(&self) -> Outcome<()> {
        let (status, began) = (self.mountpoint.join(".codex/status.json"), Instant::now());
        loop {
            let says: serde_json::Value = serde_json::from_slice(&fs::read(&status)?)?;
            if says["complete"] == true && says["index"]["waiting"] == 0 {
                return Ok(());
            }
            if began.elapsed() > 5 * PATIENCE {
                return Err(format!("not indexed within {} s: {says}", 5 * PATIENCE.as_secs()).into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All threads go to the client's core.
    pub fn pin_together(&self) -> Outcome<()> {
        self.wait_for_threads()?;
        process::pin(self.id(), |_| CLIENT_CORE)
    }

    /// Waits until it has ended.
    fn end(&mut self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            say(&format!("   {} had to be killed", self.mountpoint.display()));
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if is_mounted(&self.mountpoint) {
            let _ = process::run(Command::new("umount").arg("-l").arg(&self.mountpoint));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.end();
    }
}

/// A command prefix: the child gets a SIGTERM when this process dies.
fn end_with_us() -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]);
    command
}

fn is_mounted(path: &Path) -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    table.lines().any(|line| line.split(' ').nth(4).is_some_and(|at| Path::new(at) == path))
}
