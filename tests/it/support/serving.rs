//! `cdx serve` as a program, with what it says and logs.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::cli::Bench;

/// A server that goes with the test.
pub struct Serving {
    child: Child,
    /// Lines up to the one that says where it listens.
    pub said: Vec<String>,
    log: PathBuf,
}

impl Serving {
    pub fn start(bench: &Bench, arguments: &[&str]) -> Self {
        Self::start_with(bench, arguments, &[])
    }

    /// With variables of the environment.
    pub fn start_with(bench: &Bench, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = bench.path("server.log");
        let stderr = std::fs::File::create(&log).expect("a log");
        let mut command = bench.program(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("cdx");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut said = Vec::new();
        for line in stdout.lines().map_while(Result::ok) {
            said.push(line);
            if said.last().is_some_and(|line| line.starts_with("listening on ")) {
                break;
            }
        }
        Self { child, said, log }
    }

    /// Where it listens, as `http://127.0.0.1:1234`.
    #[track_caller]
    pub fn url(&self) -> &str {
        let line = self.said.last().and_then(|line| line.strip_prefix("listening on "));
        line.unwrap_or_else(|| panic!("{:?}\n{}", self.said, self.log()))
    }

    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        let url = self.url();
        let address = url.split_once("://").and_then(|(_, address)| address.parse().ok());
        address.unwrap_or_else(|| panic!("{url}"))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asks it to end, and waits until it has, well; its log.
    #[track_caller]
    pub fn end(mut self) -> String {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a server that runs");
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "{status}: {}", self.log());
        self.log()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
