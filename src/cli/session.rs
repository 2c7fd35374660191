//! How a command reaches the engine of its workspace: one that runs already, over its control socket,
//! or an own one for the length of the command.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::CliError;
use super::progress::Progress;
use super::site::{Named, Site};
use crate::config::Config;
use crate::engine::{Command, Engine, EngineError, EngineOptions, Requester, ScanProgress};
use crate::types::Actor;

/// How long a command waits for others that hold the workspace and serve nobody.
const PATIENCE: Duration = Duration::from_secs(20);

const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(30);

/// A workspace and who acts on it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) site: Site,
    pub(crate) actor: Actor,
}

impl Session {
    /// The session of the workspace that `-w` names or that holds the current directory.
    pub(crate) fn find(config: &Config, flag: Option<&str>) -> Result<Self, CliError> {
        Ok(Self { site: Site::find(config, flag)?, actor: Actor::User(config.user.clone()) })
    }

    /// Asks the running engine, else an own one.
    pub(crate) fn ask(&self, command: &Command) -> Result<Value, CliError> {
        let progress = Progress::of(match command {
            Command::Index { .. } => "indexing",
            Command::Check { .. } => "checking",
            _ => "working",
        });
        let began = Instant::now();
        loop {
            progress.watch(of_running(self.clone()));
            match self.ask_running(command) {
                Ok(None) => {}
                Ok(Some(reply)) => return Ok(reply),
                // It is ending: nothing was done.
                Err(CliError::Engine(EngineError::Closed)) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                    continue;
                }
                Err(error) => return Err(error),
            }
            match self.open(own_options(&self.actor)) {
                Ok(engine) => {
                    let watched = Arc::clone(&engine);
                    progress.watch(move || watched.scan_progress());
                    engine.wait_for_scans();
                    let reply = engine.perform(command, &engine.default_requester());
                    drop(progress);
                    engine.close();
                    return Ok(reply?);
                }
                // Another command holds it for its own length, or a daemon is starting or ending.
                Err(CliError::Engine(EngineError::Held(_))) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens an engine that is to last; a command, or a daemon that is ending, is waited for.
    pub(crate) fn open_to_serve(&self, options: &EngineOptions) -> Result<Arc<Engine>, CliError> {
        let began = Instant::now();
        loop {
            match self.open(options.clone()) {
                Err(CliError::Engine(EngineError::Held(_))) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(BETWEEN_ATTEMPTS);
                }
                other => return other,
            }
        }
    }

    /// Asks the engine that runs, if one does.
    pub(crate) fn ask_running(&self, command: &Command) -> Result<Option<Value>, CliError> {
        let by = Requester { actor: self.actor.clone(), gesture: None };
        Ok(crate::engine::command::ask_running(&self.site.workspace, command, &by)?)
    }

    /// Opens an engine; of a store that cannot be written, one that only reads.
    pub(crate) fn open(&self, options: EngineOptions) -> Result<Arc<Engine>, CliError> {
        match Engine::open(&self.site.workspace, options.clone()) {
            Err(EngineError::Store(error)) if matches!(error.errno(), libc::EROFS | libc::EACCES) => {
                Ok(Engine::open(&self.site.workspace, EngineOptions { read_only: true, serve: false, ..options })?)
            }
            other => Ok(other?),
        }
    }

    /// `notebook/path` of a file argument; entries of tag and view folders are looked up by their inode.
    pub(crate) fn file(&self, argument: &str) -> Result<String, CliError> {
        let file = match self.site.file(argument)? {
            Named::File(file) => file,
            Named::Entry(node) => {
                let reply = self.ask(&Command::Locate { node })?;
                super::reply::text(&reply, "file").to_owned()
            }
        };
        if file.is_empty() {
            return Err(CliError::Usage(format!("{argument} is the workspace itself; name a file in it")));
        }
        Ok(file)
    }

    /// [`Session::file`] of each.
    pub(crate) fn files(&self, arguments: &[String]) -> Result<Vec<String>, CliError> {
        arguments.iter().map(|argument| self.file(argument)).collect()
    }
}

/// How far the scans of the engine that runs have come, as it says itself.
fn of_running(session: Session) -> impl Fn() -> Option<ScanProgress> {
    move || {
        let status = session.ask_running(&Command::Status).ok().flatten()?;
        let is_scanned = |notebook: &&Value| notebook.get("scanning") == Some(&Value::Bool(true));
        let running: Vec<&Value> = super::reply::list(&status, "notebooks").iter().filter(is_scanned).collect();
        let expected = |notebook: &&Value| notebook.get("expected").and_then(Value::as_u64);
        (!running.is_empty()).then(|| ScanProgress {
            met: running.iter().map(|notebook| super::reply::number(notebook, "met")).sum(),
            expected: running.iter().map(expected).sum(),
        })
    }
}

/// How an engine is opened for the length of one command, which waits for the start-up scan itself.
pub(crate) fn own_options(actor: &Actor) -> EngineOptions {
    EngineOptions { actor: actor.clone(), watch: false, serve: false, wait_for_scan: false, read_only: false }
}
