//! Whether files, index and history say the same, and mending where they do not.
//! It knows nothing of the command line that prints what it finds.

mod derived;
mod history;
mod index;
mod leftovers;
mod mend;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub(super) use walk::is_temporary;

use super::history_thread::Recording;
use super::{Engine, EngineError, Notebook, Requester};
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
    /// What a repair did that is not one finding's: what it set aside and where, what it could not save.
    pub actions: Vec<String>,
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
    /// A folder of the workspace could not be opened as a notebook.
    NotOpened,
    /// The journal of the workspace is damaged.
    JournalDamaged,
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
    /// A row says something else than the file and its sidecars: title, properties, links, full text.
    RowDiffers,
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
                | Self::RowDiffers
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
    /// makes damaged databases and histories anew, records what the history lacks, removes what ended processes left.
    /// What is damaged is set aside, not removed.
    ///
    /// # Errors
    /// The store's, where a notebook cannot be looked at at all.
    pub fn check(&self, repair: bool) -> Result<CheckReply, EngineError> {
        if repair {
            self.check_writable()?;
        }
        let mut reply = CheckReply { clean: true, ..CheckReply::default() };
        reply.differences = self.check_workspace(repair, &mut reply.actions);
        for notebook in self.notebooks() {
            let mut found = self.examine(&notebook)?;
            if !found.differences.is_empty() {
                // What was written while we looked is no difference: it stands the second time or it is gone.
                let again = keys(&self.examine(&notebook)?.differences);
                found.differences.retain(|finding| again.contains(&key(finding)));
            }
            if repair {
                self.repair(&notebook, &mut found, &mut reply.actions)?;
            }
            reply.differences.append(&mut found.differences);
            reply.notes.append(&mut found.notes);
        }
        reply.clean = reply.differences.iter().all(|finding| finding.repaired);
        Ok(reply)
    }

    /// What concerns all of it: its journal, folders that are no notebooks because they could not be opened.
    fn check_workspace(&self, repair: bool, actions: &mut Vec<String>) -> Vec<Finding> {
        let mut findings = Findings::default();
        let damage = self.core.journal_db.lock().integrity();
        let damage = damage.map_or_else(|error| Some(error.to_string()), |found| found.into_iter().next());
        findings.differences.extend(damage.map(|reason| findings.of(Kind::JournalDamaged, "", reason)));
        for (name, reason) in self.broken_notebooks() {
            let of_notebook = Findings { notebook: name, ..Findings::default() };
            findings.differences.push(of_notebook.of(Kind::NotOpened, "", reason));
        }
        for finding in findings.differences.iter_mut().filter(|_| repair) {
            let mended = match finding.kind {
                Kind::JournalDamaged => self.mend_journal(),
                _ => self.mend_notebook(&finding.notebook),
            };
            match mended {
                Ok(mut done) => {
                    actions.append(&mut done);
                    finding.repaired = true;
                }
                Err(error) => finding.message = error.to_string(),
            }
        }
        findings.differences
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
        derived::compare(notebook, &files, &mut findings);
        history::compare(self, notebook, &files, &mut findings);
        leftovers::find(notebook, &files, &mut findings);
        Ok(findings)
    }

    fn repair(
        &self,
        notebook: &Arc<Notebook>,
        found: &mut Findings,
        actions: &mut Vec<String>,
    ) -> Result<(), EngineError> {
        let has = |wanted: &dyn Fn(Kind) -> bool| found.differences.iter().any(|finding| wanted(finding.kind));
        let mut notebook = Arc::clone(notebook);
        if has(&|kind| kind == Kind::HistoryDamaged) {
            actions.append(&mut self.mend_history(&notebook)?);
            notebook = self.core.named(notebook.name().as_str())?;
        }
        if has(&Kind::is_of_index) {
            actions.extend(self.core.rebuild_index(notebook.name().as_str())?);
            notebook = self.core.named(notebook.name().as_str())?;
        }
        if !found.differences.is_empty() {
            self.wait_for_scans();
            self.record_differences(&notebook)?;
            let left = self.examine(&notebook)?.differences;
            let left_keys = keys(&left);
            // What is left is said as it is by now.
            found.differences.retain(|finding| !left_keys.contains(&key(finding)));
            found.differences.iter_mut().for_each(|finding| finding.repaired = true);
            found.differences.extend(left);
        }
        for finding in found.notes.iter_mut().filter(|finding| finding.kind == Kind::Leftover) {
            finding.repaired = leftovers::remove(&notebook, &finding.path);
        }
        Ok(())
    }

    /// Records what the history's newest commit lacks, whatever the index says.
    fn record_differences(&self, notebook: &Arc<Notebook>) -> Result<(), EngineError> {
        let by = Requester { actor: Actor::Codex, gesture: Some(super::edit::new_gesture()) };
        for finding in self.examine(notebook)?.differences {
            let Ok(path) = NotePath::new(&finding.path) else { continue };
            let recording = match finding.kind {
                Kind::NotRecorded => Recording::Written(path),
                Kind::RecordedButGone => Recording::Removed(path),
                _ => continue,
            };
            self.core.history.push(notebook.number, recording, by.clone());
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
