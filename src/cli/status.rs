//! `cdx status`: workspaces, mounts, and what their engines are doing.

use clap::Args;
use serde_json::{Value, json};

use super::error::{CliError, Outcome};
use super::output::{Cell, Output, Style, Table, count};
use super::session::Session;
use super::{Context, mounts, reply, site};
use crate::engine::Command;
use crate::index::system::SystemDb;

/// Shows workspaces and mounts, what is pending, and problems
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cdx status                  all workspaces
  cdx status -w lab --json    one of them")]
pub(crate) struct Status {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(crate) fn run(self, context: &mut Context) -> Result<Outcome, CliError> {
        let mut all = Vec::new();
        for (name, session) in sessions(context)? {
            all.push(describe(&name, &session));
        }
        if self.json {
            context.out.json(&json!({ "workspaces": all }))?;
            return Ok(Outcome::Done);
        }
        for workspace in &all {
            print(&mut context.out, workspace)?;
        }
        if all.is_empty() {
            super::output::tell("no workspace yet; `cdx init DIR` makes one, `cdx demo` a sample");
        }
        Ok(Outcome::Done)
    }
}

/// The workspace that `-w` names or that holds the current directory; else all that are registered.
fn sessions(context: &Context) -> Result<Vec<(String, Session)>, CliError> {
    let rows = if site::has_system_db(&context.config) {
        SystemDb::open(&context.config.home)?.workspaces()?
    } else {
        Vec::new()
    };
    let name_of = |session: &Session| {
        let path = &session.site.workspace;
        let row = rows.iter().find(|row| row.path == *path);
        row.map_or_else(|| path.display().to_string(), |row| row.name.clone())
    };
    match context.session() {
        Ok(session) => return Ok(vec![(name_of(&session), session)]),
        Err(CliError::NotFound(_)) if context.workspace.is_none() => {}
        Err(error) => return Err(error),
    }
    let found = rows.iter().filter_map(|row| {
        let session = Session::find(&context.config, Some(&row.path.to_string_lossy())).ok()?;
        Some((row.name.clone(), session))
    });
    Ok(found.collect())
}

fn describe(name: &str, session: &Session) -> Value {
    let mounts: Vec<Value> = mounts::of(&session.site.workspace)
        .iter()
        .map(|mount| json!({ "mountpoint": mount.mountpoint, "read_only": mount.read_only }))
        .collect();
    let mut about = json!({ "name": name, "path": session.site.workspace, "mounts": mounts });
    // Only a running engine is asked: telling the state must not start a scan of every workspace.
    let (running, answer) = match session.ask_running(&Command::Status) {
        Ok(Some(status)) => (true, Some(("engine", status))),
        Ok(None) => (false, None),
        Err(error) => (true, Some(("error", error.to_string().into()))),
    };
    about["running"] = running.into();
    if let Some((key, value)) = answer {
        about[key] = value;
    }
    about
}

fn print(out: &mut Output, workspace: &Value) -> Result<(), CliError> {
    let name = out.styled(reply::text(workspace, "name"), Style::Bold);
    out.line(format!("{name}  {}", reply::text(workspace, "path")))?;
    for mount in reply::list(workspace, "mounts") {
        let read_only = mount.get("read_only") == Some(&Value::Bool(true));
        let how = if read_only { " (read only)" } else { "" };
        out.line(format!("  mounted at {}{how}", reply::text(mount, "mountpoint")))?;
    }
    match workspace.get("engine") {
        Some(engine) => print_engine(out, engine)?,
        None if workspace.get("error").is_some() => {
            let error = out.styled(reply::text(workspace, "error"), Style::Bad);
            out.line(format!("  {error}"))?;
        }
        None => out.line("  no engine is running")?,
    }
    out.line("")
}

/// The state that `.codex/status.json` of a mount shows, in words.
fn print_engine(out: &mut Output, engine: &Value) -> Result<(), CliError> {
    let mut table = Table::default();
    let mut row =
        |what: &str, state: String| table.push([Cell::new(format!("  {what}")).style(Style::Dim), Cell::new(state)]);
    let running = format!("running for {}", duration(reply::number(engine, "uptime_s")));
    row(
        "engine",
        format!("pid {}, version {}, {running}", reply::number(engine, "pid"), reply::text(engine, "version")),
    );
    let waiting = |part: &str| engine.get(part).map_or(0, |part| reply::number(part, "waiting"));
    row("index", format!("{}, {}", completeness(engine), count(waiting("index"), "change waits", "changes wait")));
    row("history", count(waiting("history"), "change waits", "changes wait"));
    if let Some(watcher) = engine.get("watcher") {
        let folders = count(reply::number(watcher, "folders"), "folder", "folders");
        row("watcher", format!("{} {folders}", reply::text(watcher, "state")));
    }
    let notebooks = reply::list(engine, "notebooks").iter().map(|notebook| {
        format!("{} ({})", reply::text(notebook, "name"), count(reply::number(notebook, "files"), "file", "files"))
    });
    row("notebooks", notebooks.collect::<Vec<_>>().join(", "));
    out.table(&table)?;
    for problem in reply::list(engine, "problems") {
        let (what, reason) = (reply::text(problem, "what"), reply::text(problem, "reason"));
        let about = if reason.starts_with(what) { String::new() } else { format!("{what}: ") };
        let problem = format!("{about}{reason}");
        let problem = out.styled(&super::output::printable(&problem), Style::Bad);
        out.line(format!("  {problem}"))?;
    }
    Ok(())
}

/// Whether the index has all that there is, and how far it is if not.
fn completeness(engine: &Value) -> String {
    let of_notebooks = |key: &str| -> u64 {
        let scanned = |notebook: &&Value| notebook.get("scanning") == Some(&Value::Bool(true));
        reply::list(engine, "notebooks").iter().filter(scanned).map(|notebook| reply::number(notebook, key)).sum()
    };
    let (met, expected) = (of_notebooks("met"), of_notebooks("expected"));
    match engine.get("complete") {
        Some(Value::Bool(true)) => "complete".to_owned(),
        _ if expected > 0 => format!("not complete yet ({} of {expected} files and folders)", met.min(expected)),
        _ => "not complete yet".to_owned(),
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_the_index_is() {
        let engine = |complete: bool, scanning: bool, expected: Option<u64>| {
            let notebook = json!({"scanning": scanning, "met": 30, "expected": expected});
            completeness(&json!({"complete": complete, "notebooks": [notebook, {"scanning": false, "met": 7}]}))
        };
        assert_eq!(engine(true, false, None), "complete");
        assert_eq!(engine(false, true, Some(120)), "not complete yet (30 of 120 files and folders)");
        assert_eq!(engine(false, true, None), "not complete yet");
        assert_eq!(engine(false, false, Some(120)), "not complete yet");
    }
}
