//! A server with somebody, a workspace `lab` of theirs and the notebook `runs` in it.

use std::path::PathBuf;
use std::time::Duration;

use cdx::config::ServerConfig;
use cdx::engine::command::ask_running;
use cdx::engine::{Command, Requester};
use cdx::types::Actor;
use serde_json::{Value, json};

use super::client::{Ask, Reply};
use super::{Api, Person};
use crate::support::eventually;

pub struct Lab {
    pub api: Api,
    pub ada: Person,
    /// The notebook's address.
    pub at: String,
    /// Its folder.
    pub root: PathBuf,
}

impl Lab {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::of(Api::start_with(|config| {
            config.requests_per_second = 0;
            change(config);
        }))
    }

    pub fn of(api: Api) -> Self {
        let ada = api.person("ada");
        let lab = api.workspace("lab", &ada);
        let at = format!("/api/v1/workspaces/{}/notebooks/runs", lab["id"]);
        let root = PathBuf::from(lab["path"].as_str().expect("a path")).join("runs");
        Self { api, ada, at, root }
    }

    #[track_caller]
    pub fn get(&self, rest: &str) -> Reply {
        self.api.get(&format!("{}{rest}", self.at), &self.ada)
    }

    #[track_caller]
    pub fn call(&self, method: &str, rest: &str, body: &Value) -> Reply {
        self.api.call(method, &format!("{}{rest}", self.at), &self.ada, body)
    }

    /// A request of hers that is to be completed.
    pub fn ask(&self, method: &str, rest: &str) -> Ask {
        Ask::new(method, &format!("{}{rest}", self.at)).bearer(&self.ada.token)
    }

    /// Makes a file; its object.
    #[track_caller]
    pub fn make(&self, path: &str, content: &str) -> Value {
        self.call("POST", "/files/", &json!({"path": path, "content": content})).expect(201)
    }

    #[track_caller]
    pub fn flush(&self) {
        // The history's quiet moment, at once.
        let engine = self.root.parent().expect("a workspace");
        let by = Requester { actor: Actor::User("ada".to_owned()), gesture: None };
        let asked = ask_running(engine, &Command::Flush, &by);
        assert!(matches!(asked, Ok(Some(_))), "{asked:?}");
    }

    /// The object of a file that came into the store behind the server's back.
    #[track_caller]
    pub fn until_found(&self, path: &str) -> Value {
        let at = format!("/files/path/{path}");
        eventually(Duration::from_secs(10), path, || self.get(&at).status == 200);
        self.get(&at).expect(200)
    }

    /// What the store has.
    pub fn read(&self, path: &str) -> Option<String> {
        let bytes = std::fs::read(self.root.join(path)).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
