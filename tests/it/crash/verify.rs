//! What has to hold after a start: acknowledged bytes there, nothing invented, files = index = history, repositories
//! and databases whole.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cdx::engine::Command as Ask;

use super::daemon::Site;
use super::ledger::{World, difference};
use super::load::{Worker, tag_of};
use crate::support::run::limited;

/// How long what was made in a tag's folder may take to become a note.
const BECOMES: Duration = Duration::from_secs(10);

/// All of it; what does not hold, in words.
pub fn verify(site: &Site, workers: &mut [Worker]) -> Result<(), String> {
    until_complete(site)?;
    for worker in &mut *workers {
        let name = worker.name();
        let found = files(&site.ws().join("lab").join(&name));
        let shown = files(&site.mnt().join("lab").join(&name));
        if let Some(difference) = difference(&found, &shown) {
            return Err(format!("{name}: the mount shows other files than the store has: {difference}"));
        }
        worker.ledger.adopt(found).map_err(|difference| format!("{name}: {difference}"))?;
        tags(site, worker)?;
    }
    somewhere(site, workers)?;
    agreement(site)?;
    for history in ["lab/.codex/history.git", ".codex/history.git"] {
        git(&site.ws().join(history), &["fsck", "--full", "--strict"])?;
    }
    for flushed in workers.iter().filter_map(|worker| worker.ledger.flushed.as_ref()) {
        is_recorded(site, flushed)?;
    }
    database(&site.ws().join(".codex/journal.db"))?;
    database(&site.ws().join("lab/.codex/notebook.db"))
}

/// What a flush was acknowledged for stays recorded.
pub fn is_recorded(site: &Site, commit: &str) -> Result<(), String> {
    git(&site.ws().join("lab/.codex/history.git"), &["merge-base", "--is-ancestor", commit, "main"])
}

/// Until what changed while nothing ran has been taken in: listings may lack it before, and `status.json` says so.
fn until_complete(site: &Site) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let status = site.ask("ada", &Ask::Status)?;
        if status["complete"] == true {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(30) {
            return Err(format!("it does not become complete: {status:#}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Files against index against history, as `cdx check` sees it.
pub fn agreement(site: &Site) -> Result<(), String> {
    let reply = site.ask("ada", &Ask::Check { repair: false })?;
    if reply["clean"] == true { Ok(()) } else { Err(format!("cdx check: {reply:#}")) }
}

fn tags(site: &Site, worker: &Worker) -> Result<(), String> {
    // What is saved under a temporary name is nobody's note yet.
    let notes = worker.ledger.world.iter().filter(|(path, _)| path.ends_with(".md"));
    for tag in notes.filter_map(|(_, text)| tag_of(text)) {
        let bears =
            |(path, text): &(&String, &Arc<Vec<u8>>)| path.ends_with(".md") && tag_of(text).as_ref() == Some(&tag);
        let mut expected: Vec<&String> = worker.ledger.world.iter().filter(bears).map(|(path, _)| path).collect();
        expected.sort();
        let folder = site.mnt().join("tags").join(&tag);
        let names = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut found: Vec<String> =
            names.map_while(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        found.sort();
        if !found.iter().eq(expected.iter().copied()) {
            return Err(format!("tags/{tag} lists {found:?} instead of {expected:?}"));
        }
    }
    Ok(())
}

fn somewhere(site: &Site, workers: &[Worker]) -> Result<(), String> {
    let began = Instant::now();
    loop {
        let inbox = files(&site.ws().join("lab/inbox"));
        let is_there = |text: &Arc<Vec<u8>>| inbox.values().any(|bytes| bytes == text);
        let missing = workers.iter().flat_map(|worker| &worker.ledger.somewhere).find(|text| !is_there(text));
        let Some(missing) = missing else { return Ok(()) };
        if began.elapsed() > BECOMES {
            let text = String::from_utf8_lossy(missing);
            return Err(format!("a note made in a tag's folder is gone: {text}; the inbox has {:?}", inbox.keys()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// All files below a folder, without temporary ones of an edit that was cut off.
pub fn files(folder: &Path) -> World {
    let mut found = World::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries.map_while(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with(".codex-") {
            // What cannot be read is to be seen where it is compared.
            let bytes = std::fs::read(entry.path()).unwrap_or_else(|error| error.to_string().into_bytes());
            found.insert(name, Arc::new(bytes));
        }
    }
    found
}

/// Git, which loses sight of packs that the engine folds meanwhile: what is wrong stays wrong.
fn git(repository: &Path, args: &[&str]) -> Result<(), String> {
    let outcome = git_once(repository, args);
    if outcome.is_ok() {
        return Ok(());
    }
    std::thread::sleep(Duration::from_secs(2));
    git_once(repository, args)
}

fn git_once(repository: &Path, args: &[&str]) -> Result<(), String> {
    let mut command = Command::new("git");
    command.args(args).env_clear().env("GIT_DIR", repository).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    let said = limited(command, Duration::from_secs(120));
    if said.code == 0 { Ok(()) } else { Err(format!("git {args:?} in {}: {said:?}", repository.display())) }
}

fn database(path: &Path) -> Result<(), String> {
    let failed = |error: rusqlite::Error| format!("{}: {error}", path.display());
    let connection = rusqlite::Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(20)).map_err(failed)?;
    let said: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(failed)?;
    if said == "ok" { Ok(()) } else { Err(format!("{}: {said}", path.display())) }
}
