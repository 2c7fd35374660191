//! Whether files, index and history say the same, and mending where they do not.
//! It knows nothing of the command line that prints what it finds.

mod history;
mod index;
mod leftovers;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{Change, ChangeOp, Engine, EngineError, Notebook, Requester};
use crate::types::{Actor, NotePath};

/// How long the check waits for the index to catch up.
const BARRIER: Duration = Duration::from_secs(60);

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckReply {
    /// Whether files, index and history agree; after a repair, whether they do now.
    pub clean: bool,
    /// Where they do not agree, or did not before the repair.
    pub differences: Vec<Finding>,
    /// What its author should know and only they can mend: broken frontmatter, illegal tags, sidecars left alone.
    /// They make no check fail.
    pub notes: Vec<Finding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: Kind,
    /// In which notebook.
    pub notebook: String,
    /// Where in it; empty where it concerns all of it.
    pub path: String,
    /// What is wrong, in words.
    pub message: String,
    /// Whether it was mended.
    pub repaired: bool,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The index does not take in changes.
    IndexBehind,
    /// A file has no row.
    NotIndexed,
    /// A row has no file.
    RowWithoutFile,
    /// A row says other attributes than the file has.
    Stale,
    /// A row says another hash than the contents have.
    HashDiffers,
    /// A row says other tags than the file and its sidecars.
    TagsDiffer,
    /// The maps in memory say something else than the index.
    MapsDiffer,
    /// The database is damaged.
    IndexDamaged,
    /// The history's newest commit does not hold the file as it is.
    NotRecorded,
    /// The history's newest commit holds a file that is gone.
    RecordedButGone,
    /// The history cannot be read whole.
    HistoryDamaged,
    /// A file or folder cannot be read.
    Unreadable,
    /// The disk that is mounted on a folder is not mounted.
    Away,
    /// A name that is not UTF-8: recorded, never indexed.
    NameNotUtf8,
    /// Frontmatter or a sidecar cannot be read, or a tag is no legal one.
    Metadata,
    /// The definition of a view cannot be used, or has a key that means nothing.
    View,
    /// A sidecar of a file that is not there.
    OrphanSidecar,
    /// A temporary file that an ended process left.
    Leftover,
}

impl Kind {
    /// Whether index or history are mended by looking at the files again.
    fn is_of_index(self) -> bool {
        matches!(
            self,
            Self::IndexBehind
                | Self::NotIndexed
                | Self::RowWithoutFile
                | Self::Stale
                | Self::HashDiffers
                | Self::TagsDiffer
                | Self::MapsDiffer
                | Self::IndexDamaged
        )
    }
}

/// What one notebook's parts report to.
#[derive(Debug, Default)]
struct Findings {
    notebook: String,
    differences: Vec<Finding>,
    notes: Vec<Finding>,
}

impl Findings {
    fn of(&self, kind: Kind, path: impl std::fmt::Display, message: impl Into<String>) -> Finding {
        let notebook = self.notebook.clone();
        Finding { kind, notebook, path: path.to_string(), message: message.into(), repaired: false }
    }

    fn differ(&mut self, kind: Kind, path: impl std::fmt::Display, message: impl Into<String>) {
        self.differences.push(self.of(kind, path, message));
    }

    fn note(&mut self, kind: Kind, path: impl std::fmt::Display, message: impl Into<String>) {
        self.notes.push(self.of(kind, path, message));
    }
}

impl Engine {
    /// Compares files, index and history of every notebook; with `repair` mends what differs: looks at files again,
    /// makes damaged databases anew, records what the history lacks, removes what ended processes left.
    ///
    /// # Errors
    /// The store's, where a notebook cannot be looked at at all.
    pub fn check(&self, repair: bool) -> Result<CheckReply, EngineError> {
        let mut reply = CheckReply { clean: true, ..CheckReply::default() };
        for notebook in self.notebooks() {
            let mut found = self.examine(&notebook)?;
            if !found.differences.is_empty() {
                // What was written while we looked is no difference: it stands the second time or it is gone.
                let again = keys(&self.examine(&notebook)?.differences);
                found.differences.retain(|finding| again.contains(&key(finding)));
            }
            if repair {
                self.repair(&notebook, &mut found)?;
            }
            reply.clean &= found.differences.iter().all(|finding| finding.repaired);
            reply.differences.append(&mut found.differences);
            reply.notes.append(&mut found.notes);
        }
        Ok(reply)
    }

    fn examine(&self, notebook: &Arc<Notebook>) -> Result<Findings, EngineError> {
        let mut findings = Findings { notebook: notebook.name().to_string(), ..Findings::default() };
        if let Err(behind) = self.barrier(BARRIER) {
            findings.differ(Kind::IndexBehind, "", behind.to_string());
        }
        if !self.is_read_only()
            && let Err(error) = self.flush_history()
        {
            findings.differ(Kind::HistoryDamaged, "", error.to_string());
        }
        let files = walk::files(self, notebook, &mut findings)?;
        index::compare(self, notebook, &files, &mut findings);
        history::compare(self, notebook, &files, &mut findings);
        leftovers::find(notebook, &files, &mut findings);
        Ok(findings)
    }

    fn repair(&self, notebook: &Arc<Notebook>, found: &mut Findings) -> Result<(), EngineError> {
        self.check_writable()?;
        if found.differences.iter().any(|finding| finding.kind.is_of_index()) {
            self.rescan(Some(notebook.number), true)?;
        }
        let by = Requester { actor: Actor::Codex, gesture: Some(super::edit::new_gesture()) };
        for finding in &found.differences {
            let op = match finding.kind {
                Kind::NotRecorded => ChangeOp::Written,
                Kind::RecordedButGone => ChangeOp::Removed,
                _ => continue,
            };
            let Ok(path) = NotePath::new(&finding.path) else { continue };
            self.note(Change { notebook: notebook.number, op, path, by: by.clone() });
        }
        if !found.differences.is_empty() {
            let left = keys(&self.examine(notebook)?.differences);
            for finding in &mut found.differences {
                finding.repaired = !left.contains(&key(finding));
            }
        }
        for finding in found.notes.iter_mut().filter(|finding| finding.kind == Kind::Leftover) {
            finding.repaired = leftovers::remove(notebook, &finding.path);
        }
        Ok(())
    }
}

type Key = (Kind, String);

fn key(finding: &Finding) -> Key {
    (finding.kind, finding.path.clone())
}

fn keys(findings: &[Finding]) -> BTreeSet<Key> {
    findings.iter().map(key).collect()
}
