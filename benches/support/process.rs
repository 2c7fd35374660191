//! Other programs, and what the kernel says of a process: memory, time on a processor, threads on cores.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::Outcome;

/// The core of clients and FUSE threads.
pub const CLIENT_CORE: usize = 0;
/// The core of everything else.
pub const ENGINE_CORE: usize = 1;

/// Runs a program to its end; what it wrote to stderr where it failed.
pub fn run(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let program = || command_line(command);
    let output = output.map_err(|error| format!("{}: {error}", program()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}: {}", command_line(command), output.status, gist(&said)).into())
}

/// Runs a program; its standard output.
pub fn output(command: &mut Command) -> Outcome<String> {
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("{}: {error}", command_line(command)))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The beginning and the end of a complaint: some programs say first what is wrong, some last.
fn gist(said: &str) -> String {
    let words: Vec<char> = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
    match (words.get(..200), words.len().checked_sub(200).and_then(|from| words.get(from..))) {
        (Some(head), Some(tail)) if words.len() > 400 => {
            format!("{} … {}", head.iter().collect::<String>(), tail.iter().collect::<String>())
        }
        _ => words.iter().collect(),
    }
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// A program that runs on the client's core.
pub fn on_client_core(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

/// A field of `/proc/PID/status` in MiB: `VmRSS`, `VmHWM`.
pub fn memory_mib(pid: u32, field: &str) -> Outcome<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib: f64 = line.and_then(|line| line.split_whitespace().next()).ok_or("no such field")?.parse()?;
    Ok(kib / 1024.0)
}

/// A thread of a process.
#[derive(Debug)]
pub struct Thread {
    /// Its id.
    pub id: i32,
    /// Its name, at most 15 bytes.
    pub name: String,
}

impl Thread {
    /// Whether it serves requests of the kernel.
    pub fn is_fuse(&self) -> bool {
        self.name.starts_with("fuser") || self.name == "fs-worker"
    }
}

/// The threads of a process.
pub fn threads(pid: u32) -> Outcome<Vec<Thread>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))? {
        let path = entry?.path();
        let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        // A thread may end between the listing and the look.
        if let (Some(id), Ok(name)) = (id, fs::read_to_string(path.join("comm"))) {
            found.push(Thread { id, name: name.trim().to_owned() });
        }
    }
    Ok(found)
}

/// Puts threads on cores: `core_of` says which.
pub fn pin(pid: u32, core_of: impl Fn(&Thread) -> usize) -> Outcome<()> {
    for thread in threads(pid)? {
        let mut cores = CpuSet::new();
        cores.set(core_of(&thread));
        // One that has ended meanwhile needs no core.
        let _ = sched_setaffinity(Pid::from_raw(thread.id), &cores);
    }
    Ok(())
}

/// Puts the calling thread on a core.
pub fn pin_this_thread(core: usize) {
    let mut cores = CpuSet::new();
    cores.set(core);
    let _ = sched_setaffinity(None, &cores);
}

/// Seconds on a processor, of the threads of a process that `of` chooses and that are alive.
pub fn cpu_seconds(pid: u32, of: impl Fn(&Thread) -> bool) -> Outcome<f64> {
    let mut nanoseconds = 0_f64;
    for thread in threads(pid)?.iter().filter(|thread| of(thread)) {
        let path = format!("/proc/{pid}/task/{}/schedstat", thread.id);
        let Ok(text) = fs::read_to_string(path) else { continue };
        nanoseconds += text.split_whitespace().next().unwrap_or("0").parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}

/// Bytes of all files at and below a path.
pub fn disk_bytes(path: &Path) -> Outcome<u64> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_dir() {
        return Ok(about.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += disk_bytes(&entry?.path())?;
    }
    Ok(bytes)
}
