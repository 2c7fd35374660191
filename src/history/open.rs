//! [`History`]: one notebook's repository, for any number of threads.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use git2::{Odb, Oid};
use parking_lot::{Mutex, MutexGuard};

use super::batch::{Batch, CommitInfo, PastEntry, PastKind, Recorded, Version};
use super::chain::Chain;
use super::error::{Fault, HistoryError, Step};
use super::log::{self, LogFilter};
use super::maintain::{self, Folded};
use super::repository::{Handles, head};
use super::salvage::{self, Salvaged};
use super::tree::{self, commit_id};
use super::{diff, gestures, read, record, trail, undo};
use crate::sys::Dir;
use crate::types::{Actor, CommitId, GestureId, Instant, NotePath};

/// Commits that may wait for a quiet moment to be folded.
const UNFOLDED_MAX: u32 = 200;

/// A notebook's history, open. Reading is safe from any thread; recording takes turns.
pub struct History {
    handles: Handles,
    chain: Chain,
    /// Held while a commit is made.
    recording: Mutex<()>,
    /// Held while packs are folded.
    folding: Mutex<()>,
    /// Commits since packs were folded, each of them a pack.
    unfolded: AtomicU32,
    /// A flush failed: the kernel may have dropped the bytes and call them clean, so that the next flush proves
    /// nothing.
    is_flush_broken: AtomicBool,
    /// Another is made in its place.
    is_retired: AtomicBool,
}

/// Nobody writes to the repository while this is there, and by the history that gave it nobody ever will.
#[must_use]
pub struct Retired<'a> {
    _nobody_records: MutexGuard<'a, ()>,
    _nobody_folds: MutexGuard<'a, ()>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("path", &self.handles.path()).finish_non_exhaustive()
    }
}

impl History {
    /// Opens (or makes) the bare repository at `path` (`<notebook>/.codex/history.git`).
    /// Empty objects that a power cut left are set aside; stale lock files are removed.
    /// The caller holds the workspace's lock: nobody else records meanwhile.
    ///
    /// # Errors
    /// If it is there and no repository, or damaged beyond that.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        Handles::open(path).map(Self::over)
    }

    fn over(handles: Handles) -> Self {
        Self {
            handles,
            chain: Chain::default(),
            recording: Mutex::default(),
            folding: Mutex::default(),
            unfolded: AtomicU32::new(0),
            is_flush_broken: AtomicBool::new(false),
            is_retired: AtomicBool::new(false),
        }
    }

    /// Makes the repository at `path` anew from what can be read of it, which is kept aside. `known` gives the bytes of
    /// blobs that are lost there, where the caller has them. Nobody may have it open.
    ///
    /// # Errors
    /// The store's.
    pub fn salvage(path: &Path, known: &dyn Fn(CommitId) -> Option<Vec<u8>>) -> Result<Salvaged, HistoryError> {
        salvage::salvage(path, known)
    }

    /// Opens the repository at `path` for reading alone: nothing is made or mended. `None` where there is none.
    ///
    /// # Errors
    /// If it is no repository.
    pub fn open_for_reading(path: &Path) -> Result<Option<Self>, HistoryError> {
        Ok(Handles::open_for_reading(path)?.map(Self::over))
    }

    /// Records a batch as one commit: one fsynced pack, then the ref. Returns `None` where nothing differs from
    /// what is recorded already. Paths that git cannot hold ([`super::is_recordable`]) are left out.
    ///
    /// # Errors
    /// libgit2's; then nothing was recorded. After a failed flush nothing is recorded until
    /// [`History::trust_again`] says so.
    pub fn record(&self, batch: &Batch) -> Result<Option<CommitId>, HistoryError> {
        let _turn = self.recording.lock();
        if self.is_flush_broken.load(Ordering::Relaxed) {
            return Err(self.damaged("a flush to disk failed, so nothing is recorded; see `cdx status`"));
        }
        if self.is_retired.load(Ordering::Relaxed) {
            return Err(self.damaged("it is made anew, and recorded in from then on"));
        }
        let attempt = || self.handles.with("record a commit", |repo| record::record(repo, self.handles.path(), batch));
        let recorded = match attempt() {
            // Somebody pushed meanwhile: once more, upon that.
            Err(HistoryError::Git { source, .. }) if source.code() == git2::ErrorCode::Modified => attempt(),
            other => other,
        };
        if let Err(HistoryError::Store(error)) = &recorded
            && error.is_failed_flush()
        {
            self.is_flush_broken.store(true, Ordering::Relaxed);
        }
        let recorded = recorded?;
        if recorded.is_some() {
            self.unfolded.fetch_add(1, Ordering::Relaxed);
        }
        Ok(recorded.map(commit_id))
    }

    /// Ends recording and folding, before another repository takes this one's place: what was under way is waited for,
    /// and what comes later is refused.
    pub fn retire(&self) -> Retired<'_> {
        self.is_retired.store(true, Ordering::Relaxed);
        self.handles.forget();
        Retired { _nobody_records: self.recording.lock(), _nobody_folds: self.folding.lock() }
    }

    fn damaged(&self, problem: &str) -> HistoryError {
        HistoryError::Damaged { repository: self.handles.path().display().to_string(), problem: problem.to_owned() }
    }

    /// Whether so much was recorded that packs are better folded now than in a quiet moment: each costs a descriptor, and
    /// a look at it in every search.
    #[must_use]
    pub fn has_many_packs(&self) -> bool {
        self.unfolded.load(Ordering::Relaxed) > UNFOLDED_MAX
    }

    /// After a failed flush: clears what it left, reads all that the newest commit holds, and records again from then on.
    /// A pack that did not reach the disk is not referred to, and is written anew.
    ///
    /// # Errors
    /// libgit2's; what is damaged. Then nothing is recorded still.
    pub fn trust_again(&self) -> Result<(), HistoryError> {
        let _turn = self.recording.lock();
        if !self.is_flush_broken.load(Ordering::Relaxed) {
            return Ok(());
        }
        super::residue::clear(&Dir::open(self.handles.path())?)?;
        self.handles.forget();
        if let Some(problem) = self.verify()?.into_iter().next() {
            return Err(self.damaged(&problem));
        }
        self.is_flush_broken.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The newest commit.
    ///
    /// # Errors
    /// libgit2's.
    pub fn head(&self) -> Result<Option<CommitId>, HistoryError> {
        self.handles.with("read the head", |repo| Ok(head(repo)?.map(commit_id)))
    }

    /// Commits, newest first; of one file or folder where `path` is given (renames are followed).
    ///
    /// # Errors
    /// libgit2's.
    pub fn log(&self, path: Option<&NotePath>, limit: usize) -> Result<Vec<CommitInfo>, HistoryError> {
        let path = path.cloned().unwrap_or_default();
        self.handles.with("list commits", |repo| {
            let Some(head) = head(repo)? else { return Ok(Vec::new()) };
            let trail = trail::trail(repo, head, &path, limit)?;
            trail.into_iter().map(|footprint| read::commit_info(repo, footprint.commit)).collect()
        })
    }

    /// Commits that a filter lets through, newest first: so many left out, so many at most.
    ///
    /// # Errors
    /// libgit2's.
    pub fn log_where(&self, filter: &LogFilter, skip: usize, limit: usize) -> Result<Vec<CommitInfo>, HistoryError> {
        self.handles.with("list commits", |repo| match head(repo)? {
            Some(head) => log::matching(repo, head, filter, (skip, limit)),
            None => Ok(Vec::new()),
        })
    }

    /// The commit before one; `None` of the first.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn parent(&self, commit: CommitId) -> Result<Option<CommitId>, HistoryError> {
        self.with_odb("read a commit", |odb| {
            read::tree_of(odb, commit)?;
            Ok(super::message::CommitText::read(odb, tree::oid(commit)?)?.parent.map(commit_id))
        })
    }

    /// Versions of one file, newest first, renames followed.
    ///
    /// # Errors
    /// libgit2's.
    pub fn versions(&self, path: &NotePath, limit: usize) -> Result<Vec<Version>, HistoryError> {
        self.handles.with("list versions", |repo| {
            let Some(head) = head(repo)? else { return Ok(Vec::new()) };
            let trail = trail::trail(repo, head, path, limit)?;
            let version = |footprint: trail::Footprint| {
                Ok(Version {
                    commit: read::commit_info(repo, footprint.commit)?,
                    path: footprint.path,
                    blob: footprint.entry.filter(|entry| !entry.is_folder()).map(|entry| commit_id(entry.id)),
                })
            };
            trail.into_iter().map(version).collect()
        })
    }

    /// The commit that a prefix of its id names, if it is unambiguous (at least 4 digits).
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn resolve(&self, prefix: &str) -> Result<CommitId, HistoryError> {
        self.handles.with("find a commit", |repo| read::resolve(repo, prefix))
    }

    /// The newest commit at or before a time. Where the clock was set back, the newest that was made with its
    /// time at or before it.
    ///
    /// # Errors
    /// libgit2's.
    pub fn at_time(&self, time: Instant) -> Result<Option<CommitId>, HistoryError> {
        self.handles.with("find a commit by its time", |repo| {
            let Some(head) = head(repo)? else { return Ok(None) };
            let commits = self.chain.up_to(repo, head)?;
            Ok(commits.iter().rev().find(|(_, seconds)| *seconds <= time.as_second()).map(|(id, _)| commit_id(*id)))
        })
    }

    /// A commit.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn commit(&self, id: CommitId) -> Result<CommitInfo, HistoryError> {
        self.with_odb("read a commit", |odb| read::tree_of(odb, id).map(drop))?;
        self.handles.with("read a commit", |repo| read::commit_info(repo, tree::oid(id)?))
    }

    /// What stood at `path` (root: the whole tree) in a commit.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`] if there is no such commit.
    pub fn entry(&self, commit: CommitId, path: &NotePath) -> Result<Option<PastEntry>, HistoryError> {
        self.with_odb("read a past entry", |odb| read::entry(odb, commit, path))
    }

    /// The entries of a past folder, in git's order.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn list(&self, commit: CommitId, path: &NotePath) -> Result<Vec<PastEntry>, HistoryError> {
        self.with_odb("list a past folder", |odb| read::list(odb, commit, path))
    }

    /// All files of a commit with their blob ids, by path: what `cdx check` compares with the store.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`] if there is no such commit.
    pub fn files(&self, commit: CommitId) -> Result<Vec<(NotePath, PastKind, CommitId)>, HistoryError> {
        self.with_odb("list past files", |odb| read::files(odb, commit))
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn blob(&self, id: CommitId) -> Result<Arc<[u8]>, HistoryError> {
        self.with_odb("read a past file", |odb| read::blob(odb, tree::oid(id)?))
    }

    /// The size of a blob in bytes, from its header.
    ///
    /// # Errors
    /// libgit2's; [`HistoryError::NotFound`].
    pub fn blob_size(&self, id: CommitId) -> Result<u64, HistoryError> {
        let size = self.with_odb("read a past file", |odb| Ok(tree::size(odb, tree::oid(id)?)?))?;
        size.ok_or_else(|| HistoryError::NotFound(format!("no object {id} in this notebook's history")))
    }

    /// The newest gestures of `actor` (of anyone where `None`), newest first, at most `count`, each with its
    /// commits, newest first. Undone ones (named by a later commit's trailer `Codex-Undoes`) and undoing ones are
    /// left out.
    ///
    /// # Errors
    /// libgit2's.
    pub fn gestures(
        &self,
        actor: Option<&Actor>,
        count: usize,
    ) -> Result<Vec<(GestureId, Vec<CommitInfo>)>, HistoryError> {
        self.handles.with("list gestures", |repo| match head(repo)? {
            Some(head) if count > 0 => gestures::newest(repo, head, actor, count),
            _ => Ok(Vec::new()),
        })
    }

    /// The commits of these gestures, newest first: what [`History::reverse_all`] takes.
    ///
    /// # Errors
    /// libgit2's.
    pub fn commits_of(&self, gestures: &[GestureId]) -> Result<Vec<CommitId>, HistoryError> {
        self.handles.with("find gestures", |repo| {
            let Some(head) = head(repo)? else { return Ok(Vec::new()) };
            Ok(gestures::commits_of(repo, head, gestures)?.into_iter().map(commit_id).collect())
        })
    }

    /// What has to be written to undo a commit: for each file that it changed, its contents before it, merged three
    /// ways with what later commits made of it. To be made in this order; where a file returns to the place of a
    /// folder that is empty by then, the empty folder gives way.
    ///
    /// # Errors
    /// [`HistoryError::Conflict`] names the files that do not merge; then nothing is to be written.
    pub fn reverse(&self, commit: CommitId) -> Result<Vec<Recorded>, HistoryError> {
        self.reverse_all(&[commit])
    }

    /// The same for several commits, newest first, each upon the undoing of those before it: all or nothing.
    ///
    /// # Errors
    /// As [`History::reverse`].
    pub fn reverse_all(&self, commits: &[CommitId]) -> Result<Vec<Recorded>, HistoryError> {
        self.handles.with("undo", |repo| {
            let ids: Vec<Oid> = commits.iter().map(|&id| tree::oid(id)).collect::<Result<_, _>>()?;
            match (head(repo)?, commits) {
                (Some(head), _) => undo::reverse(repo, head, &ids),
                (None, []) => Ok(Vec::new()),
                (None, [first, ..]) => Err(read::no_commit(*first).into()),
            }
        })
    }

    /// A unified diff of a path (root: all) between two commits; `None` is the empty tree.
    ///
    /// # Errors
    /// libgit2's.
    pub fn diff(&self, from: Option<CommitId>, to: CommitId, path: &NotePath) -> Result<String, HistoryError> {
        self.handles.with("compare", |repo| diff::between(repo, from, to, path))
    }

    /// A unified diff of a file's recorded version (empty where there is none) against other bytes.
    ///
    /// # Errors
    /// libgit2's.
    pub fn diff_with(&self, commit: CommitId, path: &NotePath, bytes: &[u8]) -> Result<String, HistoryError> {
        self.handles.with("compare", |repo| diff::against(repo, commit, path, bytes))
    }

    /// Folds packs together where there are too many, with the `git` program if it is there, else in process.
    /// For a background thread; recording goes on meanwhile.
    ///
    /// # Errors
    /// libgit2's or git's; then the old packs are there still.
    pub fn maintain(&self) -> Result<(), HistoryError> {
        let Some(_turn) = self.folding.try_lock() else { return Ok(()) };
        if self.is_retired.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.unfolded.store(0, Ordering::Relaxed);
        let dir = Dir::open(self.handles.path())?;
        if !maintain::is_due(&dir)? {
            return Ok(());
        }
        let old = maintain::packs(&dir)?;
        if maintain::with_program(self.handles.path())?.is_none() {
            self.fold_in_process(&dir)?;
        } else {
            self.handles.with("fold packs", |_| maintain::remove_replaced(&dir, &old))?;
            maintain::prune_loose(self.handles.path())?;
        }
        self.handles.forget();
        Ok(())
    }

    pub(super) fn fold_in_process(&self, dir: &Dir) -> Result<Folded, HistoryError> {
        let folded = self.handles.with("fold packs", |repo| maintain::in_process(repo, dir))?;
        self.handles.forget();
        Ok(folded)
    }

    /// Checks that all that is recorded can be read: what is wrong, empty if nothing.
    ///
    /// # Errors
    /// libgit2's.
    pub fn verify(&self) -> Result<Vec<String>, HistoryError> {
        match self.verify_once() {
            Ok(problems) if problems.is_empty() => Ok(problems),
            // Packs that are folded go while others look for them: what is wrong stays wrong while none is.
            Ok(_) | Err(_) => {
                let _turn = self.folding.lock();
                self.handles.forget();
                self.verify_once()
            }
        }
    }

    fn verify_once(&self) -> Result<Vec<String>, HistoryError> {
        self.handles.with("verify", |repo| {
            let mut problems = match head(repo)? {
                Some(head) => read::verify(&repo.odb()?, head),
                None => Vec::new(),
            };
            problems.extend(maintain::damaged_packs(&Dir::open(self.handles.path())?)?);
            Ok(problems)
        })
    }

    fn with_odb<T>(&self, action: &'static str, work: impl Fn(&Odb<'_>) -> Step<T>) -> Result<T, HistoryError> {
        self.handles.with(action, |repo| work(&repo.odb().map_err(Fault::Git)?))
    }
}

/// Git's id of a blob with these bytes, without storing it.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> Option<CommitId> {
    Oid::hash_object(git2::ObjectType::Blob, bytes).ok().map(commit_id)
}
