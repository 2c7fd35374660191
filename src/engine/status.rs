//! What the engine is doing, in JSON.

use serde_json::{Value, json};

use super::watch::{Report, WATCHES, Watches};
use super::{Engine, Notebook};

impl Engine {
    /// What the daemon is doing, as `.codex/status.json` shows it.
    #[must_use]
    pub fn status(&self) -> Value {
        let core = &self.core;
        let (waiting, noted, broken) = core.queue.report();
        let (unrecorded, oldest, failure) = core.history.report();
        let notebooks = self.notebooks();
        let is_complete = notebooks.iter().all(|notebook| core.scans.progress(notebook.number).is_complete);
        let gone = core.why_store_is_gone().map(|reason| ("store".to_owned(), reason));
        let watching = core.watches.as_ref().map(Watches::report);
        let unwatched = watching.as_ref().and_then(|watching| watching.problem.clone());
        let unwatched = unwatched.map(|reason| (WATCHES.to_owned(), reason));
        let problems: Vec<Value> = (gone.into_iter().chain(unwatched).chain(core.problems.all()))
            .map(|(what, reason)| json!({"what": what, "reason": reason}))
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "workspace": self.path(),
            "uptime_s": core.started.elapsed().as_secs(),
            "complete": is_complete && broken.is_none(),
            "index": {"waiting": waiting, "noted": noted, "broken": broken},
            "history": {"waiting": unrecorded, "oldest_s": oldest.map(|oldest| oldest.as_secs()), "failure": failure},
            "watcher": watching.as_ref().map_or_else(|| json!({"state": "off"}), watcher_status),
            "mounts": self.mount_count(),
            "notebooks": notebooks.iter().map(|notebook| self.notebook_status(notebook)).collect::<Vec<_>>(),
            "problems": problems,
        })
    }

    fn notebook_status(&self, notebook: &Notebook) -> Value {
        let progress = self.core.scans.progress(notebook.number);
        json!({
            "name": notebook.name(),
            "number": notebook.number,
            "files": self.core.catalog.file_count(notebook.number),
            "nodes": notebook.nodes.len(),
            "complete": progress.is_complete,
            "scanning": progress.is_running,
            "met": progress.met,
            "expected": progress.expected,
            "scanned_s_ago": progress.last.map(|last| last.elapsed().as_secs()),
            "polled": progress.polled_every.is_some(),
            "polled_every_s": progress.polled_every.map(|every| every.as_secs_f64()),
        })
    }
}

fn watcher_status(watching: &Report) -> Value {
    let Report { folders, refused, losses, is_behind, is_dead, problem: _ } = *watching;
    let state = match (is_dead, is_behind, refused) {
        (true, ..) => "dead",
        (_, true, _) => "rescanning",
        (_, _, 0) => "watching",
        _ => "polling",
    };
    json!({"state": state, "folders": folders, "unwatched": refused, "losses": losses})
}
