//! Sockets, heard by an independent client: the Python package `websockets`, in the environment that `make need-test`
//! makes.

mod crowd;
mod events;
mod rights;
mod views;

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Api, Person};

/// How long something that is to come may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// So long nothing more comes after what was expected.
const SILENCE: Duration = Duration::from_millis(700);

/// Sockets of one client program.
pub struct Sockets {
    child: Child,
    stdin: ChildStdin,
    reports: Receiver<Value>,
    waiting: HashMap<String, VecDeque<Value>>,
    base: String,
}

/// How a socket is opened.
#[derive(Clone, Debug, Default)]
pub struct Opening<'a> {
    pub path: String,
    pub bearer: Option<&'a str>,
    pub cookie: Option<&'a str>,
    pub origin: Option<&'a str>,
    pub slow: bool,
}

impl Sockets {
    pub fn of(api: &Api) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = root.join(".tools/python/bin/python");
        assert!(python.exists(), "{} is not there; `make python` makes it", python.display());
        let mut child = Command::new(python)
            .arg(root.join("tests/it/api/sockets/client.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a client");
        let (stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (sender, reports) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("a report"));
            }
        });
        let base = format!("ws://{}", api.server().address());
        Self { child, stdin, reports, waiting: HashMap::new(), base }
    }

    fn tell(&mut self, command: &Value) {
        writeln!(self.stdin, "{command}").expect("a client that listens");
    }

    fn order(&self, name: &str, opening: &Opening<'_>) -> Value {
        let mut headers = serde_json::Map::new();
        if let Some(token) = opening.bearer {
            headers.insert("Authorization".to_owned(), json!(format!("Bearer {token}")));
        }
        if let Some(token) = opening.cookie {
            headers.insert("Cookie".to_owned(), json!(format!("access_token={token}")));
        }
        let url = format!("{}{}", self.base, opening.path);
        json!({"do": "open", "name": name, "url": url, "headers": headers, "origin": opening.origin, "slow": opening.slow})
    }

    /// Opens a socket, or the status that refuses it.
    pub fn try_open(&mut self, name: &str, opening: &Opening<'_>) -> Result<(), i64> {
        let order = self.order(name, opening);
        self.tell(&order);
        let report = self.report(name, PATIENCE).expect("an answer to the handshake");
        if report["what"] == "open" { Ok(()) } else { Err(report["status"].as_i64().expect("a status")) }
    }

    /// Opens a socket of a person, past its greeting; the number that this says.
    #[track_caller]
    pub fn open(&mut self, name: &str, path: &str, who: &Person) -> u64 {
        let opening = Opening { path: path.to_owned(), bearer: Some(&who.token), ..Opening::default() };
        self.try_open(name, &opening).unwrap_or_else(|status| panic!("{path}: {status}"));
        let greeting = self.message(name);
        assert_eq!(greeting["type"], "connected", "{greeting}");
        greeting["seq"].as_u64().expect("a number")
    }

    pub fn send(&mut self, name: &str, message: &Value) {
        self.say(name, &message.to_string());
    }

    pub fn say(&mut self, name: &str, text: &str) {
        self.tell(&json!({"do": "send", "name": name, "text": text}));
    }

    pub fn close(&mut self, name: &str) {
        self.tell(&json!({"do": "close", "name": name}));
        self.closed(name);
    }

    /// Subscribes, and the answer to that.
    #[track_caller]
    pub fn subscribe(&mut self, name: &str, what: &Value) -> Value {
        self.send(name, &json!({"subscribe": what}));
        self.until(name, |message| message["type"] == "subscribed" || message["type"] == "error")
    }

    /// The next message.
    #[track_caller]
    pub fn message(&mut self, name: &str) -> Value {
        let report = self.report(name, PATIENCE).unwrap_or_else(|| panic!("{name} hears nothing"));
        assert_eq!(report["what"], "message", "{report}");
        let text = report["text"].as_str().expect("a text");
        serde_json::from_str(text).unwrap_or_else(|_| json!(text))
    }

    /// The first message that is as wanted; those before it are passed over.
    #[track_caller]
    pub fn until(&mut self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let message = self.message(name);
            if is_wanted(&message) {
                return message;
            }
            assert!(began.elapsed() < PATIENCE, "{name} hears other things alone, such as {message}");
        }
    }

    /// The next change of a file at a path.
    #[track_caller]
    pub fn change_of(&mut self, name: &str, path: &str) -> Value {
        self.until(name, |message| message["type"] == "file_change" && message["path"] == path)
    }

    /// All messages of a type that come before nothing more comes.
    pub fn rest(&mut self, name: &str, kind: &str) -> Vec<Value> {
        let mut found = Vec::new();
        while let Some(report) = self.report(name, SILENCE) {
            let text = report["text"].as_str().unwrap_or_default();
            let message: Value = serde_json::from_str(text).unwrap_or_default();
            if message["type"] == kind {
                found.push(message);
            }
        }
        found
    }

    /// The code that a socket was closed with.
    #[track_caller]
    pub fn closed(&mut self, name: &str) -> i64 {
        loop {
            let report = self.report(name, PATIENCE).unwrap_or_else(|| panic!("{name} is not closed"));
            if report["what"] == "closed" {
                return report["code"].as_i64().expect("a code");
            }
        }
    }

    /// What is reported of a socket next.
    fn report(&mut self, name: &str, within: Duration) -> Option<Value> {
        let until = Instant::now() + within;
        loop {
            if let Some(report) = self.waiting.get_mut(name).and_then(VecDeque::pop_front) {
                return Some(report);
            }
            match self.reports.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(report) => {
                    let of = report["name"].as_str().expect("a name").to_owned();
                    self.waiting.entry(of).or_default().push_back(report);
                }
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => panic!("the client has ended"),
            }
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A workspace `lab` of somebody with the notebook `runs`: where its files are, and the notebook's id.
pub fn lab(api: &Api, owner: &Person) -> (std::path::PathBuf, i64) {
    let lab = api.workspace("lab", owner);
    let runs = api.get("/api/v1/workspaces/lab/notebooks/runs", owner).expect(200);
    let path = Path::new(lab["path"].as_str().expect("a path")).join("runs");
    (path, runs["id"].as_i64().expect("an id"))
}
