//! A real `cdx serve` over a corpus, a child that ends with the benchmark, and somebody who is signed in to it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::http::Request;
use crate::support::corpus::Corpus;
use crate::support::lab::Lab;
use crate::support::{Outcome, process};

/// Who signs in.
pub const USER: &str = "bench";
/// With what.
pub const PASSWORD: &str = "correct horse battery";
/// Where the notebook is.
pub const NOTEBOOK: &str = "/api/v1/workspaces/bench/notebooks/lab";

/// How long it may take to start, to index or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Of somebody who may read and write.
    pub token: String,
    /// For scratch files.
    pub home: PathBuf,
    /// The notebook's folder.
    pub folder: PathBuf,
}

impl Served {
    /// A workspace `bench` with the notebook `lab`, indexed, served, without a bound on requests.
    pub fn start(lab: &Lab, corpus: &Corpus) -> Outcome<Self> {
        let (store, home) = (lab.scratch("api/bench")?, lab.scratch("api-home")?);
        let cdx = || {
            let mut command = Command::new(&lab.cdx);
            command.env("CODEX_HOME", &home);
            command
        };
        process::run(cdx().arg("init").arg(&store).args(["--name", "bench", "--notebook", "lab"]))?;
        corpus.copy_into(&store.join("lab"))?;
        process::run(cdx().args(["index", "-w"]).arg(&store))?;
        add_user(cdx())?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(&lab.cdx).args(["serve", "--listen", "127.0.0.1:0"]);
        command.env("CODEX_HOME", &home).env("CODEX_REQUESTS_PER_SECOND", "0");
        let log = std::fs::File::create(home.join("server.log"))?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let address = address_of(&mut child, &home)?;
        let mut served = Self { child, address, token: String::new(), folder: store.join("lab"), home };
        let tokens = sign_in().send(address, "")?;
        tokens["access_token"].as_str().ok_or("no access token")?.clone_into(&mut served.token);
        served.wait_until_indexed()?;
        Ok(served)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_indexed(&self) -> Outcome<()> {
        let began = Instant::now();
        loop {
            let state = Request::get(format!("{NOTEBOOK}/indexing-status")).send(self.address, &self.token)?;
            if state["status"] == "completed" {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("not indexed within {} s: {state}", PATIENCE.as_secs()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Seconds on a processor, of all its threads, those that have ended included.
    pub fn cpu_seconds(&self) -> Outcome<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // proc_pid_stat(5): the name may hold anything; utime and stime are the 14th and 15th field.
        let (_, rest) = stat.rsplit_once(')').ok_or("no such process")?;
        let ticks: Vec<f64> = rest.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        #[expect(clippy::cast_precision_loss, reason = "a hundred")]
        let per_second = rustix::param::clock_ticks_per_second() as f64;
        Ok(ticks.iter().sum::<f64>() / per_second)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process(pid, Signal::TERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Signing in, as a request.
pub fn sign_in() -> Request {
    Request::with("POST", "/api/v1/users/token", &json!({"username": USER, "password": PASSWORD}))
}

fn add_user(mut cdx: Command) -> Outcome<()> {
    let mut child = cdx.args(["user", "add", USER]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{PASSWORD}")?;
    }
    if child.wait()?.success() { Ok(()) } else { Err("no account could be made".into()) }
}

fn address_of(child: &mut Child, home: &Path) -> Outcome<SocketAddr> {
    let stdout = child.stdout.take().ok_or("no output")?;
    for line in BufReader::new(stdout).lines() {
        if let Some(address) = line?.strip_prefix("listening on http://") {
            return Ok(address.parse()?);
        }
    }
    let log = std::fs::read_to_string(home.join("server.log")).unwrap_or_default();
    Err(format!("the server ended: {log}").into())
}
