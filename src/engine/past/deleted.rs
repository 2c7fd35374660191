//! Files that the history has and the notebook has no more.

use std::collections::HashSet;

use crate::engine::{Engine, EngineError, Notebook};
use crate::history::LogFilter;
use crate::types::{CommitId, Instant, NotePath};

/// A file that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// Where it was.
    pub path: NotePath,
    /// The newest commit that has it.
    pub commit: CommitId,
    /// When the history took note of its removal.
    pub time: Instant,
    /// Who removed it, as commits name them.
    pub author: String,
    /// What else was done in the same commit.
    pub message: String,
}

/// Commits that are looked through, newest first: each is compared with the one before it.
const COMMITS: usize = 2_000;

/// So many commits are read at once: mostly the newest have what is wanted.
const STEP: usize = 200;

impl Engine {
    /// The files that were removed last and are not there now, newest first, at most `limit`.
    ///
    /// # Errors
    /// The history's.
    pub fn deleted(&self, notebook: &Notebook, limit: usize) -> Result<Vec<Deleted>, EngineError> {
        let (mut found, mut seen) = (Vec::new(), HashSet::new());
        for skip in (0..COMMITS).step_by(STEP) {
            let commits = notebook.history.log_where(&LogFilter::default(), skip, STEP)?;
            let is_last = commits.len() < STEP;
            for commit in commits {
                let mut parent = None;
                for (kind, path) in &commit.changes {
                    // Of a path that was removed several times, only the last counts; one that is there is not gone.
                    if !seen.insert(path.clone()) || *kind != 'D' || notebook.dir.stat(path).is_ok() {
                        continue;
                    }
                    if parent.is_none() {
                        parent = notebook.history.parent(commit.id)?;
                    }
                    let Some(before) = parent else { continue };
                    found.push(Deleted {
                        path: path.clone(),
                        commit: before,
                        time: commit.time,
                        author: commit.actor.author_name(),
                        message: commit.summary.clone(),
                    });
                    if found.len() == limit {
                        return Ok(found);
                    }
                }
            }
            if is_last {
                break;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::edit::scratch::{Workspace, ada, path};

    #[test]
    fn files_that_are_gone_are_listed_with_a_commit_that_has_them() {
        let w = Workspace::holding(&[("lab/a.md", "a"), ("lab/b.md", "b"), ("lab/c.md", "c")]);
        let lab = w.notebook("lab");
        w.engine.flush_history().unwrap();
        for name in ["a.md", "b.md"] {
            w.engine.delete_file(&lab, &path(name), &ada()).unwrap();
            w.engine.flush_history().unwrap();
        }
        w.engine.move_file(&lab, &path("c.md"), &path("d.md"), &ada()).unwrap();
        w.engine.flush_history().unwrap();
        let deleted = w.engine.deleted(&lab, 9).unwrap();
        let names: Vec<String> = deleted.iter().map(|file| file.path.to_string()).collect();
        assert_eq!(names, ["b.md", "a.md"]);
        assert_eq!((w.engine.deleted(&lab, 1).unwrap().len(), deleted[0].author.as_str()), (1, "ada"));
        let commit = deleted[1].commit.to_string();
        w.engine.restore(&lab, &path("a.md"), Some(&commit), &ada()).unwrap();
        assert_eq!(w.read("lab/a.md").as_deref(), Some("a"));
        assert_eq!(w.engine.deleted(&lab, 9).unwrap().len(), 1);
    }
}
