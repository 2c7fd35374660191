//! What undoes a commit: for every file it changed the version before it, merged with what was made of the file
//! since, at the place where the file is now.

use std::collections::HashSet;
use std::sync::Arc;

use git2::{Odb, Oid, Repository};

use super::batch::Recorded;
use super::compare::{self, FileChange};
use super::edits::{Content, Edits};
use super::error::{HistoryError, Step};
use super::merge::{MergeConflict, merge_text};
use super::message::CommitText;
use super::read;
use super::trail;
use super::tree::{EXECUTABLE, Entry, SYMLINK, commit_id};
use crate::types::NotePath;

/// The changes that undo `commits` (newest first) on top of `head`, in the order in which they are to be made.
pub(super) fn reverse(repo: &Repository, head: Oid, commits: &[Oid]) -> Step<Vec<Recorded>> {
    let odb = repo.odb()?;
    let tree = CommitText::read(&odb, head)?.tree;
    let mut undoing = Undoing {
        repo,
        odb: &odb,
        edits: Edits::new(&odb, Some(tree)),
        made: Vec::new(),
        conflicts: Vec::new(),
        since: Vec::new(),
    };
    for &commit in commits {
        undoing.since = since(&odb, head, commit)?;
        undoing.undo(commit)?;
    }
    if undoing.conflicts.is_empty() {
        return Ok(undoing.made);
    }
    Err(HistoryError::Conflict(format!("cannot undo: {}", undoing.conflicts.join("; "))).into())
}

/// The commits from `commit` to `head`, both included, oldest first.
fn since(odb: &Odb<'_>, head: Oid, commit: Oid) -> Step<Vec<Oid>> {
    let mut chain = Vec::new();
    let mut next = Some(head);
    while let Some(id) = next {
        chain.push(id);
        if id == commit {
            chain.reverse();
            return Ok(chain);
        }
        next = CommitText::read(odb, id)?.parent;
    }
    Err(read::no_commit(commit_id(commit)).into())
}

struct Undoing<'r> {
    repo: &'r Repository,
    odb: &'r Odb<'r>,
    /// The head with all that was undone so far.
    edits: Edits<'r>,
    made: Vec<Recorded>,
    conflicts: Vec<String>,
    /// The commit that is being undone and all later ones.
    since: Vec<Oid>,
}

/// What one commit's undoing consists of. Removals come first, since they make room.
#[derive(Default)]
struct Plan {
    /// Where the commit put something that goes again.
    vacated: HashSet<NotePath>,
    removals: Vec<NotePath>,
    moves: Vec<(NotePath, NotePath)>,
    writes: Vec<Write>,
}

/// Path, mode and contents.
type Write = (NotePath, u32, Arc<[u8]>);

impl Undoing<'_> {
    fn undo(&mut self, commit: Oid) -> Step<()> {
        let mut plan = Plan::default();
        let changes = compare::changes(self.repo, &CommitText::read(self.odb, commit)?)?;
        plan.vacated = changes.iter().filter(|change| change.is_arrival()).filter_map(FileChange::new_path).collect();
        for change in changes {
            match change {
                FileChange { old: Some(old), new: Some(new) } => self.plan_back(&mut plan, old, &new)?,
                FileChange { old: None, new: Some(new) } => self.plan_removal(&mut plan, &new)?,
                FileChange { old: Some(old), new: None } => self.plan_return(&mut plan, old)?,
                FileChange { old: None, new: None } => {}
            }
        }
        self.carry_out(plan)
    }

    /// The commit made the file: it goes, unless it was edited since.
    fn plan_removal(&mut self, plan: &mut Plan, new: &(NotePath, Entry)) -> Step<()> {
        let Some((path, now)) = self.now(&new.0)? else { return Ok(()) };
        if now.is(new.1)? {
            plan.removals.push(path);
        } else {
            self.refuse(&path, "was edited since it was made");
        }
        Ok(())
    }

    /// The commit removed the file: it returns, unless another stands in its place.
    fn plan_return(&mut self, plan: &mut Plan, (path, old): (NotePath, Entry)) -> Step<()> {
        match self.edits.get(&path)? {
            Some(now) if now.is(old)? => {}
            Some(now) if !now.is_folder() && !plan.vacated.contains(&path) => self.refuse(&path, "exists again"),
            // What the same commit put here, a file or a folder, goes first.
            _ => plan.writes.push((path, old.mode, read::blob(self.odb, old.id)?)),
        }
        Ok(())
    }

    /// The commit edited or moved the file: the earlier version, with later edits merged in, at its earlier place.
    fn plan_back(&mut self, plan: &mut Plan, old: (NotePath, Entry), new: &(NotePath, Entry)) -> Step<()> {
        let Some((path, now)) = self.now(&new.0)? else {
            self.refuse(&new.0, "was removed since");
            return Ok(());
        };
        let target = match (old.0 == new.0, path == new.0) {
            (true, _) => path.clone(),
            (false, true) => old.0,
            (false, false) if path == old.0 => path.clone(),
            (false, false) => {
                self.refuse(&new.0, &format!("was moved to {path} since"));
                return Ok(());
            }
        };
        if target != path {
            plan.moves.push((path.clone(), target.clone()));
        }
        if old.1 == new.1 || now.is(old.1)? {
            return Ok(());
        }
        let (now_mode, now_bytes) = self.bytes(&now)?;
        let mode = if old.1.mode == new.1.mode { now_mode } else { old.1.mode };
        let (base, earlier) = (read::blob(self.odb, new.1.id)?, read::blob(self.odb, old.1.id)?);
        let is_link = [now_mode, old.1.mode, new.1.mode].contains(&SYMLINK);
        let merged = if is_link && now_bytes != base && base != earlier {
            Err(MergeConflict::Binary)
        } else {
            merge_text(&base, &now_bytes, &earlier)
        };
        match merged {
            Ok(bytes) => plan.writes.push((target, mode, bytes.into())),
            Err(conflict) => self.refuse(&path, &format!("was edited since, and {conflict}")),
        }
        Ok(())
    }

    fn carry_out(&mut self, mut plan: Plan) -> Step<()> {
        for path in plan.removals {
            self.make(Recorded::Removed { path })?;
        }
        self.move_back(plan.moves, &mut plan.writes)?;
        for (path, mode, bytes) in plan.writes {
            if self.has_no_room(&path)? {
                self.refuse(&path, "cannot return: its place is taken");
            } else if mode == SYMLINK {
                self.make(Recorded::Symlink { path, target: bytes.to_vec() })?;
            } else {
                self.make(Recorded::Written { path, bytes, executable: mode == EXECUTABLE })?;
            }
        }
        Ok(())
    }

    fn move_back(&mut self, mut moves: Vec<(NotePath, NotePath)>, writes: &mut Vec<Write>) -> Step<()> {
        while !moves.is_empty() {
            // A move whose target is yet to move away waits; where all wait, they go in a circle.
            let is_in_the_way =
                |from: &NotePath, to: &NotePath| from.strip_prefix(to).is_some() || to.strip_prefix(from).is_some();
            let free = moves.iter().position(|(_, to)| !moves.iter().any(|(from, _)| is_in_the_way(from, to)));
            let (from, to) = moves.swap_remove(free.unwrap_or(0));
            if free.is_none() {
                // One of a circle is written anew, which makes room for the others.
                let content = self.edits.get(&from)?.map(|content| self.bytes(&content)).transpose()?;
                self.make(Recorded::Removed { path: from })?;
                if let Some((mode, bytes)) = content.filter(|_| !writes.iter().any(|write| write.0 == to)) {
                    writes.push((to, mode, bytes));
                }
            } else if self.edits.get(&to)?.is_some_and(|content| !content.is_folder()) || self.has_no_room(&to)? {
                self.refuse(&to, "exists again");
            } else {
                self.make(Recorded::Moved { from, to })?;
            }
        }
        Ok(())
    }

    fn make(&mut self, change: Recorded) -> Step<()> {
        self.edits.apply(&change)?;
        self.made.push(change);
        Ok(())
    }

    fn refuse(&mut self, path: &NotePath, why: &str) {
        self.conflicts.push(format!("{path} {why}"));
    }

    /// Where the file that stood at `path` after the commit is now, and what it holds.
    fn now(&mut self, path: &NotePath) -> Step<Option<(NotePath, Content)>> {
        let is_file = |content: &Content| !content.is_folder();
        if let Some(content) = self.edits.get(path)?.filter(is_file) {
            return Ok(Some((path.clone(), content)));
        }
        let Some(mut path) = trail::follow_forward(self.repo, path, &self.since)? else { return Ok(None) };
        for change in &self.made {
            if let Recorded::Moved { from, to } = change
                && let Some(rest) = path.strip_prefix(from)
            {
                path = rest.below(to);
            }
        }
        Ok(self.edits.get(&path)?.filter(is_file).map(|content| (path, content)))
    }

    /// Whether no file can stand at `path`: a folder with files does, or a file is where a folder would be needed.
    fn has_no_room(&mut self, path: &NotePath) -> Step<bool> {
        if self.edits.get(path)?.is_some_and(|content| content.is_folder()) && self.edits.has_files(path)? {
            return Ok(true);
        }
        let mut folder = path.parent();
        while !folder.is_root() {
            if self.edits.get(&folder)?.is_some_and(|content| !content.is_folder()) {
                return Ok(true);
            }
            folder = folder.parent();
        }
        Ok(false)
    }

    fn bytes(&self, content: &Content) -> Step<(u32, Arc<[u8]>)> {
        match content {
            Content::Kept(entry) => Ok((entry.mode, read::blob(self.odb, entry.id)?)),
            Content::Bytes(mode, bytes) => Ok((*mode, Arc::clone(bytes))),
            Content::Folder => Ok((SYMLINK, [].into())),
        }
    }
}
