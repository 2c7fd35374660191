//! Gestures reverted, as new commits.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::apply::unrecorded;
use crate::engine::edit::{GestureWords, new_gesture};
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::history::{CommitInfo, HistoryError, Recorded};
use crate::types::{GestureId, Instant};

/// What an undo did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UndoReply {
    /// The gestures that were reverted, newest first.
    pub undone: Vec<Undone>,
}

/// A gesture that was reverted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// Its id.
    pub gesture: GestureId,
    /// When its newest commit was made.
    #[serde(serialize_with = "time")]
    pub time: Instant,
    /// First line of its newest commit's message.
    pub summary: String,
    /// What was written or removed, as `notebook/path`.
    pub files: Vec<String>,
}

fn time<S: serde::Serializer>(time: &Instant, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(time)
}

/// What one actor changed in one go.
#[derive(Clone, Debug)]
pub struct Gesture {
    /// Its id.
    pub id: GestureId,
    /// Its commits, newest first, at least one, each with the notebook that it is in.
    pub commits: Vec<(Arc<Notebook>, CommitInfo)>,
}

/// What has to be changed in one notebook.
type Reversal = (Arc<Notebook>, Vec<Recorded>);

impl Engine {
    /// Reverts the requester's last `count` gestures (anyone's with `anyone`) in all notebooks that they touched, each
    /// as one gesture of its own. What is pending is recorded first.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] where there is nothing to undo; [`EngineError::Conflict`] names the files of a gesture
    /// that were edited since and do not merge: nothing of that gesture is written.
    pub fn undo(&self, count: usize, anyone: bool, by: &Requester) -> Result<UndoReply, EngineError> {
        self.check_writable()?;
        self.flush_history()?;
        let actor = (!anyone).then_some(&by.actor);
        let mut newest: HashMap<GestureId, CommitInfo> = HashMap::new();
        for notebook in self.notebooks() {
            for (gesture, commits) in notebook.history.gestures(actor, count)? {
                for commit in commits {
                    let known = newest.entry(gesture.clone()).or_insert_with(|| commit.clone());
                    if commit.time > known.time {
                        *known = commit;
                    }
                }
            }
        }
        let mut gestures: Vec<(GestureId, CommitInfo)> = newest.into_iter().collect();
        gestures.sort_by(|(a, one), (b, two)| (two.time, b).cmp(&(one.time, a)));
        gestures.truncate(count);
        if gestures.is_empty() {
            let whose = if anyone { "anyone's".to_owned() } else { format!("of {}", by.actor.author_name()) };
            return Err(EngineError::NotFound(format!("there is no gesture {whose} left to undo")));
        }
        let mut reply = UndoReply::default();
        for (gesture, commit) in gestures {
            match self.undo_gesture(&gesture, &commit, by) {
                Ok(files) => {
                    let (time, summary) = (commit.time, commit.summary);
                    reply.undone.push(Undone { gesture, time, summary, files });
                }
                Err(EngineError::Conflict(text)) if !reply.undone.is_empty() => {
                    let done: Vec<&str> = reply.undone.iter().map(|undone| undone.summary.as_str()).collect();
                    let text = format!("{text} (undone before that: {})", done.join("; "));
                    return Err(EngineError::Conflict(text));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(reply)
    }

    /// The newest gestures of all these notebooks, newest first, at most `count`, each with the commits that it made and
    /// the notebooks that they are in. Those that were undone, and those that undid, are left out.
    ///
    /// # Errors
    /// The history's.
    pub fn gestures(&self, notebooks: &[Arc<Notebook>], count: usize) -> Result<Vec<Gesture>, EngineError> {
        let mut found: HashMap<GestureId, Gesture> = HashMap::new();
        for notebook in notebooks {
            for (id, commits) in notebook.history.gestures(None, count)? {
                let gesture = found.entry(id.clone()).or_insert_with(|| Gesture { id, commits: Vec::new() });
                gesture.commits.extend(commits.into_iter().map(|commit| (Arc::clone(notebook), commit)));
            }
        }
        let mut gestures: Vec<Gesture> = found.into_values().filter(|gesture| !gesture.commits.is_empty()).collect();
        for gesture in &mut gestures {
            gesture.commits.sort_by_key(|(_, commit)| std::cmp::Reverse(commit.time));
        }
        gestures.sort_by(|a, b| (b.commits[0].1.time, &b.id).cmp(&(a.commits[0].1.time, &a.id)));
        gestures.truncate(count);
        Ok(gestures)
    }

    /// Reverts one gesture, in all notebooks that it touched. What is pending is recorded first.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for none of the id, [`EngineError::Denied`] for somebody else's (without `anyone`);
    /// [`EngineError::Conflict`] as for [`Engine::undo`].
    pub fn undo_one(&self, gesture: &GestureId, anyone: bool, by: &Requester) -> Result<UndoReply, EngineError> {
        self.check_writable()?;
        self.flush_history()?;
        let mut newest: Option<CommitInfo> = None;
        for notebook in self.notebooks() {
            for id in notebook.history.commits_of(std::slice::from_ref(gesture))? {
                let commit = notebook.history.commit(id)?;
                if !anyone && commit.actor != by.actor {
                    return Err(EngineError::Denied("somebody else made that change".to_owned()));
                }
                if newest.as_ref().is_none_or(|newest| commit.time > newest.time) {
                    newest = Some(commit);
                }
            }
        }
        let commit = newest.ok_or_else(|| EngineError::NotFound(format!("there is no gesture `{}`", gesture.0)))?;
        let files = self.undo_gesture(gesture, &commit, by)?;
        let undone = Undone { gesture: gesture.clone(), time: commit.time, summary: commit.summary, files };
        Ok(UndoReply { undone: vec![undone] })
    }

    fn undo_gesture(
        &self,
        gesture: &GestureId,
        commit: &CommitInfo,
        by: &Requester,
    ) -> Result<Vec<String>, EngineError> {
        let reversals = self.reversals(gesture, &commit.summary)?;
        let own = new_gesture();
        let summary = Some(format!("Undo: {}", commit.summary));
        self.describe_gesture(&own, GestureWords { summary, undoes: vec![gesture.clone()] });
        let by = Requester { actor: by.actor.clone(), gesture: Some(own) };
        let mut files = Vec::new();
        for (notebook, changes) in &reversals {
            let name = notebook.name();
            let touched = self.apply(notebook, changes, &by)?;
            files.extend(touched.iter().map(|path| format!("{name}/{path}")));
        }
        self.flush_history()?;
        Ok(files)
    }

    /// What undoes a gesture in every notebook, or the names of all files that stand against it.
    fn reversals(&self, gesture: &GestureId, summary: &str) -> Result<Vec<Reversal>, EngineError> {
        let (mut reversals, mut conflicts) = (Vec::new(), Vec::new());
        for notebook in self.notebooks() {
            let commits = notebook.history.commits_of(std::slice::from_ref(gesture))?;
            if commits.is_empty() {
                continue;
            }
            match notebook.history.reverse_all(&commits) {
                Ok(changes) => {
                    for path in unrecorded(&notebook, &changes)? {
                        conflicts.push(format!("{path} changes just now"));
                    }
                    reversals.push((notebook, changes));
                }
                Err(HistoryError::Conflict(text)) => conflicts.push(format!("{}: {text}", notebook.name())),
                Err(error) => return Err(error.into()),
            }
        }
        if conflicts.is_empty() {
            return Ok(reversals);
        }
        Err(EngineError::Conflict(format!(
            "\"{summary}\" is not undone, nothing was changed: {}; `cdx restore` brings single files back",
            conflicts.join("; ")
        )))
    }
}
