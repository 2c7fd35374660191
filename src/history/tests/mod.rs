//! Tests of the whole module against real repositories, with the git program as the judge.

mod model;
mod reading;
mod recording;
mod residue;
mod salvaging;
mod undoing;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::types::{Actor, CommitId, GestureId, Instant, NotePath};

/// A history in a scratch folder, whose commits are a minute apart.
struct Scratch {
    folder: tempfile::TempDir,
    history: History,
    minutes: std::cell::Cell<i64>,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(&folder.path().join("history.git")).unwrap();
        Self { folder, history, minutes: std::cell::Cell::new(0) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("history.git")
    }

    fn reopen(self) -> Self {
        let Self { folder, history, minutes } = self;
        drop(history);
        let history = History::open(&folder.path().join("history.git")).unwrap();
        Self { folder, history, minutes }
    }

    fn record(&self, changes: Vec<Recorded>) -> Option<CommitId> {
        let id = format!("g{}", self.minutes.get() + 1);
        self.record_as(Actor::User("ada".into()), &id, &[], changes)
    }

    fn record_as(&self, actor: Actor, gesture: &str, undoes: &[&str], changes: Vec<Recorded>) -> Option<CommitId> {
        self.minutes.set(self.minutes.get() + 1);
        let undoes = undoes.iter().map(|id| GestureId((*id).into())).collect();
        let gesture = GestureId(gesture.into());
        let batch = Batch { changes, actor, time: minute(self.minutes.get()), summary: None, gesture, undoes };
        self.history.record(&batch).unwrap()
    }

    /// `path=contents` of all files of the head, in order of path.
    fn files(&self) -> Vec<String> {
        let Some(head) = self.history.head().unwrap() else { return Vec::new() };
        let mut files: Vec<String> = self.history.files(head).unwrap().iter().map(|file| self.shown(file)).collect();
        files.sort();
        files
    }

    fn shown(&self, (path, kind, blob): &(NotePath, PastKind, CommitId)) -> String {
        let sign = match kind {
            PastKind::File { executable: true } => "*",
            PastKind::Symlink => "@",
            _ => "",
        };
        let bytes = self.history.blob(*blob).unwrap();
        format!("{path}{sign}={}", String::from_utf8_lossy(&bytes))
    }

    fn fsck(&self) {
        assert_eq!(git(&self.path(), &["fsck", "--full", "--strict"]), "");
    }
}

fn minute(minutes: i64) -> Instant {
    Instant::from_second(1_700_000_000 + 60 * minutes).unwrap()
}

/// What the git program says, both of its outputs.
fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("--git-dir")
        .arg(repository)
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {text}");
    text
}

fn path(text: &str) -> NotePath {
    NotePath::new(text).unwrap()
}

fn write(at: &str, text: &str) -> Recorded {
    Recorded::Written { path: path(at), bytes: text.as_bytes().into(), executable: false }
}

fn script(at: &str, text: &str) -> Recorded {
    Recorded::Written { path: path(at), bytes: text.as_bytes().into(), executable: true }
}

fn link(at: &str, target: &str) -> Recorded {
    Recorded::Symlink { path: path(at), target: target.into() }
}

fn remove(at: &str) -> Recorded {
    Recorded::Removed { path: path(at) }
}

fn rename(from: &str, to: &str) -> Recorded {
    Recorded::Moved { from: path(from), to: path(to) }
}
