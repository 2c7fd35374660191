//! A repository made anew from what can still be read of a damaged one. The damaged one is kept aside as it was.
//!
//! Packs that are whole are taken over with an index made anew; of the others, object by object, what has the bytes
//! that it is named after. A commit whose tree lost files keeps the rest; one whose parent is lost follows the newest
//! that is older. Where nothing before a commit was lost it keeps its id.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, OdbObject, Oid};

use super::error::{HistoryError, Step};
use super::maintain;
use super::message::CommitText;
use super::read::sound;
use super::repository::{BRANCH, Handles, inside};
use super::tree::{self, Tree, header};
use crate::sys::{Dir, IoContext};
use crate::types::{CommitId, NotePath};

/// What became of a damaged repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged {
    /// Where the damaged one is now.
    pub aside: PathBuf,
    /// Commits that are in the new one.
    pub commits: usize,
    /// Recorded versions of files that no commit has any more.
    pub lost: usize,
}

/// Where the bytes of a blob may be had from besides: the files as they are now.
pub(super) type Known<'a> = &'a dyn Fn(CommitId) -> Option<Vec<u8>>;

/// Makes the repository at `path` anew.
pub(super) fn salvage(path: &Path, known: Known<'_>) -> Result<Salvaged, HistoryError> {
    let aside = set_aside(path)?;
    let handles = Handles::open(path)?;
    let (commits, lost) = handles.with("take over what can be read", |repo| {
        take_packs(&aside, path);
        let objects = |folder: &Path| folder.join("objects").to_string_lossy().into_owned();
        let old = Odb::new()?;
        if aside.join("objects").is_dir() {
            old.add_disk_alternate(&objects(&aside))?;
        }
        let readable = Readable { odbs: [repo.odb()?, old] };
        let commits = readable.commits(&[path, &aside]);
        let mut keeper = Keeper { readable: &readable, known, trees: HashMap::new(), lost: HashSet::new() };
        let (newest, commits) = keeper.keep_commits(&commits)?;
        if let Some(newest) = newest {
            repo.reference(BRANCH, newest, true, "salvaged")?;
        }
        Ok((commits, keeper.lost.len()))
    })?;
    let dir = Dir::open(path)?;
    rustix::fs::syncfs(&dir).context("sync", path)?;
    handles.forget();
    Ok(Salvaged { aside, commits, lost })
}

fn set_aside(path: &Path) -> Result<PathBuf, HistoryError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(path.to_owned());
    };
    let dir = Dir::open(folder)?;
    let child = |name: String| NotePath::new(name).unwrap_or_default();
    let mut number = 1_u64;
    while dir.stat(&child(format!("{name}.damaged-{number}"))).is_ok() {
        number += 1;
    }
    let aside = format!("{name}.damaged-{number}");
    match dir.rename(&child(name.to_owned()), &child(aside.clone())) {
        Err(error) if !error.is_not_found() => return Err(error.into()),
        _ => {}
    }
    Ok(folder.join(aside))
}

/// Packs that can be read from end to end; whatever else there is of the old ones' is not relied upon.
fn take_packs(aside: &Path, path: &Path) {
    let Ok(old) = Dir::open(aside.join("objects/pack")) else { return };
    for entry in old.list(&NotePath::root()).unwrap_or_default() {
        let name = entry.name.as_encoded_bytes();
        let Ok(pack) = NotePath::new(name) else { continue };
        if !name.ends_with(b".pack") {
            continue;
        }
        let taken = (|| -> Result<(), Box<dyn std::error::Error>> {
            let mut indexer = git2::Indexer::new(None, &path.join("objects/pack"), 0o444, false)?;
            std::io::copy(&mut old.open_file(&pack)?, &mut indexer)?;
            let name = indexer.commit()?;
            rename_pack(path, &name, &old.shown(&pack))?;
            Ok(())
        })();
        if let Err(error) = taken {
            tracing::warn!(pack = %old.shown(&pack).display(), %error, "a pack is damaged: its objects are read one by one");
        }
    }
}

/// libgit2 shares a pack that is open, and the index that it was opened with, by the path: as long as somebody reads the
/// damaged repository no pack of the new one may bear a name of the old one's. Git asks for no more than forty digits.
fn rename_pack(repository: &Path, name: &str, from: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let new = Oid::hash_object(ObjectType::Blob, from.as_os_str().as_encoded_bytes())?;
    let dir = Dir::open(repository)?;
    // The index last: it is what git goes by.
    for extension in ["pack", "idx"] {
        let file = |name: &str| inside(&format!("objects/pack/pack-{name}.{extension}"));
        dir.rename(&file(name), &file(&new.to_string()))?;
    }
    Ok(())
}

/// What can be read: from the new repository, to which whole packs were taken over, else from the damaged one. Each by
/// itself, since in one database of both a damaged copy hides the whole one.
struct Readable<'a> {
    odbs: [Odb<'a>; 2],
}

impl<'a> Readable<'a> {
    fn taken_over(&self) -> &Odb<'a> {
        &self.odbs[0]
    }

    /// Where the object has the bytes that it is named after.
    fn odb_of(&self, id: Oid) -> Result<&Odb<'a>, git2::Error> {
        let [new, old] = &self.odbs;
        sound(new, id).map(|_| new).or_else(|_| sound(old, id).map(|_| old))
    }

    fn object(&self, id: Oid) -> Result<OdbObject<'_>, git2::Error> {
        let [new, old] = &self.odbs;
        sound(new, id).or_else(|_| sound(old, id))
    }

    /// All commits, each with its first parent and its time.
    fn commits(&self, repositories: &[&Path]) -> HashMap<Oid, CommitText> {
        let mut ids = HashSet::new();
        for odb in &self.odbs {
            // A damaged index ends the listing, of packs behind it too: each pack is asked by itself besides.
            let _ = odb.foreach(|id| {
                ids.insert(*id);
                true
            });
        }
        for repository in repositories {
            let Ok(dir) = Dir::open(repository) else { continue };
            for (stem, _) in maintain::packs(&dir).unwrap_or_default() {
                ids.extend(maintain::pack_ids(&dir, &stem).unwrap_or_default());
            }
        }
        let is_commit = |id: &Oid| self.odbs.iter().any(|odb| matches!(header(odb, *id), Ok((_, ObjectType::Commit))));
        let read = |id: Oid| self.odb_of(id).and_then(|odb| CommitText::read(odb, id)).ok().map(|commit| (id, commit));
        ids.into_iter().filter(is_commit).filter_map(read).collect()
    }
}

/// Oldest first: chains of parents, the one with the newest tip last.
fn in_order(commits: &HashMap<Oid, CommitText>) -> Vec<Oid> {
    let parents: HashSet<Oid> = commits.values().filter_map(|commit| commit.parent).collect();
    let mut tips: Vec<(i64, Oid)> =
        commits.iter().filter(|(id, _)| !parents.contains(*id)).map(|(id, commit)| (commit.seconds, *id)).collect();
    tips.sort_unstable();
    let (mut order, mut seen) = (Vec::new(), HashSet::new());
    for (_, tip) in tips {
        let mut chain = Vec::new();
        let mut next = Some(tip);
        while let Some((id, commit)) = next.and_then(|id| Some((id, commits.get(&id)?))) {
            if !seen.insert(id) {
                break;
            }
            chain.push(id);
            next = commit.parent;
        }
        order.extend(chain.into_iter().rev());
    }
    order
}

struct Keeper<'a> {
    readable: &'a Readable<'a>,
    known: Known<'a>,
    /// What each tree became; `None`: nothing of it can be read.
    trees: HashMap<Oid, Option<Oid>>,
    lost: HashSet<Oid>,
}

impl Keeper<'_> {
    /// The newest commit of the new repository, and how many there are.
    fn keep_commits(&mut self, commits: &HashMap<Oid, CommitText>) -> Step<(Option<Oid>, usize)> {
        let mut became: HashMap<Oid, Oid> = HashMap::new();
        let (mut newest, mut kept) = (None, 0);
        for id in in_order(commits) {
            let commit = &commits[&id];
            let parent = commit.parent.and_then(|parent| became.get(&parent).copied()).or(newest);
            let Some(tree) = self.keep_tree(commit.tree)? else {
                // Whoever follows it follows what it followed.
                became.extend(parent.map(|parent| (id, parent)));
                continue;
            };
            let object = self.readable.object(id)?;
            let text = rewritten(object.data(), tree, parent);
            let now = self.readable.taken_over().write(ObjectType::Commit, &text)?;
            became.insert(id, now);
            newest = Some(now);
            kept += 1;
        }
        Ok((newest, kept))
    }

    fn keep_tree(&mut self, id: Oid) -> Step<Option<Oid>> {
        if let Some(became) = self.trees.get(&id) {
            return Ok(*became);
        }
        let read = self.readable.odb_of(id).and_then(|odb| Tree::read(odb, id));
        let Ok(old) = read else {
            self.trees.insert(id, None);
            self.lost.insert(id);
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for (name, entry) in old.entries() {
            let now = match entry.mode {
                tree::SUBMODULE => Some(entry.id),
                tree::FOLDER => self.keep_tree(entry.id)?,
                _ => self.keep_blob(entry.id)?,
            };
            if let Some(now) = now {
                bytes.extend(format!("{:o} ", entry.mode).bytes());
                bytes.extend([name, b"\0", now.as_bytes()].concat());
            }
        }
        let now = self.readable.taken_over().write(ObjectType::Tree, &bytes)?;
        self.trees.insert(id, Some(now));
        Ok(Some(now))
    }

    fn keep_blob(&mut self, id: Oid) -> Step<Option<Oid>> {
        if self.lost.contains(&id) {
            return Ok(None);
        }
        if self.readable.taken_over().exists(id) {
            return Ok(Some(id));
        }
        let bytes = match self.readable.object(id) {
            Ok(object) => Some(object.data().to_vec()),
            Err(_) => (self.known)(tree::commit_id(id)),
        };
        let now = bytes.map(|bytes| self.readable.taken_over().write(ObjectType::Blob, &bytes)).transpose()?;
        if now != Some(id) {
            self.lost.insert(id);
            return Ok(None);
        }
        Ok(now)
    }
}

/// The commit with another tree and parent; the same bytes where these are as they were.
fn rewritten(commit: &[u8], tree: Oid, parent: Option<Oid>) -> Vec<u8> {
    let text = commit
        .split(|byte| *byte == b'\n')
        .skip_while(|line| line.starts_with(b"tree ") || line.starts_with(b"parent "));
    let parent = parent.map_or_else(String::new, |parent| format!("parent {parent}\n"));
    let mut now = format!("tree {tree}\n{parent}").into_bytes();
    now.extend(text.collect::<Vec<_>>().join(&b'\n'));
    now
}

/// Whether there is anything in the repository that a branch could name.
pub(super) fn has_objects(dir: &Dir) -> bool {
    let packs = dir.list(&inside("objects/pack")).unwrap_or_default();
    packs.iter().any(|entry| entry.name.as_encoded_bytes().ends_with(b".pack"))
}
