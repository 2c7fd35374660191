//! The server, over real sockets on the loopback.

mod accounts;
pub mod client;
mod description;
mod files;
mod folders;
mod idle;
mod lab;
mod matrix;
mod mounted;
mod mounts;
mod notebooks;
mod past;
mod paths;
mod plugins;
mod query;
mod rules;
mod schemathesis;
mod search;
mod search_lines;
mod sockets;
mod tags;
mod tasks;
mod ui;
mod upload;
mod workspaces;

use std::path::PathBuf;
use std::sync::Arc;

use cdx::api::{Host, Server, ServerOptions};
use cdx::config::{Config, Flags, ServerConfig};
use cdx::engine::Engine;
use cdx::index::system::{Enrolment, NewAccount, SystemDb};
use cdx::types::UserId;
use client::{Ask, Reply};
use serde_json::{Value, json};

/// The password of everybody in these tests.
pub const PASSWORD: &str = "correct horse battery";

/// A server with a home of its own.
pub struct Api {
    home: tempfile::TempDir,
    server: Option<Server>,
    host: Arc<dyn Host>,
    /// What is kept of [`PASSWORD`]; made once, since that is slow by design.
    hash: String,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub token: String,
}

/// Mounts nothing.
#[derive(Debug)]
struct Nothing;

impl Host for Nothing {
    fn opened(&self, _: &Arc<Engine>) {}
    fn closing(&self, _: &Arc<Engine>) {}
}

impl Api {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// With other settings.
    pub fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::start_on(Arc::new(Nothing), change)
    }

    /// With somebody who hears of engines.
    pub fn start_on(host: Arc<dyn Host>, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let home = tempfile::Builder::new().prefix("cdx-api-").tempdir().expect("a scratch folder");
        let hash = cdx::access::hash_password(PASSWORD).expect("a hash");
        let mut api = Self { home, server: None, host, hash };
        api.start_again(change);
        api
    }

    /// Ends the server and starts another on the same home.
    pub fn start_again(&mut self, change: impl FnOnce(&mut ServerConfig)) {
        self.stop();
        let flags = Flags { home: Some(self.home()), listen: Some("127.0.0.1:0".to_owned()), ..Flags::default() };
        let mut config = Config::load(&flags, |_| None).and_then(|config| config.server()).expect("settings");
        change(&mut config);
        let options = ServerOptions {
            config,
            home: self.home(),
            secret_key: None,
            user: "root".to_owned(),
            host: Arc::clone(&self.host),
        };
        self.server = Some(Server::start(options).expect("a server"));
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }

    pub fn home(&self) -> PathBuf {
        self.home.path().canonicalize().expect("a home")
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a server that runs")
    }

    /// The system database, as another program has it open.
    pub fn db(&self) -> SystemDb {
        SystemDb::open(&self.home()).expect("a database")
    }

    #[track_caller]
    pub fn send(&self, ask: &Ask) -> Reply {
        ask.send(self.server().address())
    }

    #[track_caller]
    pub fn get(&self, path: &str, who: &Person) -> Reply {
        self.send(&Ask::new("GET", path).bearer(&who.token))
    }

    #[track_caller]
    pub fn call(&self, method: &str, path: &str, who: &Person, body: &Value) -> Reply {
        self.send(&Ask::new(method, path).bearer(&who.token).json(body))
    }

    #[track_caller]
    pub fn sign_in(&self, name: &str, password: &str) -> Reply {
        self.send(&Ask::new("POST", "/api/v1/users/token").json(&json!({"username": name, "password": password})))
    }

    /// Makes an account behind the server's back, without its slow hashing.
    pub fn account(&self, name: &str) -> UserId {
        let email = format!("{name}@lab.example");
        let new = NewAccount { username: name, email: Some(&email), hash: &self.hash, workspace: None };
        let by = Enrolment::Operator { server_owner: false, local: "root" };
        self.db().create_account(&new, &by).expect("an account").id
    }

    /// Somebody new, signed in.
    #[track_caller]
    pub fn person(&self, name: &str) -> Person {
        let id = self.account(name).0;
        self.signed_in(name, id)
    }

    #[track_caller]
    pub fn signed_in(&self, name: &str, id: i64) -> Person {
        let tokens = self.sign_in(name, PASSWORD).expect(200);
        Person { id, name: name.to_owned(), token: tokens["access_token"].as_str().expect("a token").to_owned() }
    }

    /// A workspace of somebody, with the notebook `runs`; its JSON.
    #[track_caller]
    pub fn workspace(&self, name: &str, owner: &Person) -> Value {
        let made = self.call("POST", "/api/v1/workspaces", owner, &json!({"name": name})).expect(201);
        let notebooks = format!("/api/v1/workspaces/{}/notebooks", made["id"]);
        self.call("POST", &notebooks, owner, &json!({"name": "runs"})).expect(201);
        made
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop();
    }
}
