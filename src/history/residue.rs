//! What a crash or a power cut leaves in the repository, cleared when it is opened.
//! Only for the engine that holds the workspace's lock: nobody else writes meanwhile.

use std::ffi::OsStr;

use git2::{Odb, Oid, Repository};

use super::error::{HistoryError, Step, optional};
use super::message::CommitText;
use super::repository::{BRANCH, inside};
use super::salvage::has_objects;
use super::tree::{Tree, header};
use crate::sys::{Dir, FileKind, StoreError, flush_together};
use crate::types::NotePath;

/// Removes stale locks and unfinished packs, and sets empty objects aside in `quarantine/`.
pub(super) fn clear(dir: &Dir) -> Result<(), HistoryError> {
    for name in ["HEAD.lock", "config.lock", "packed-refs.lock", "index.lock", "shallow.lock", "gc.pid"] {
        remove_if_there(dir, &inside(name))?;
    }
    clear_locks(dir, &inside("refs"))?;
    clear_incoming(dir)?;
    clear_packs(dir)?;
    set_empty_objects_aside(dir)?;
    // A pack that was renamed into place just before a kill may be in the cache only; what is recorded on top
    // of it must not outlive it.
    Ok(dir.sync(&inside("objects/pack"))?)
}

fn clear_locks(dir: &Dir, folder: &NotePath) -> Result<(), HistoryError> {
    for entry in dir.list(folder)? {
        let Ok(path) = folder.join(entry.name.as_encoded_bytes()) else { continue };
        if is_folder(dir, &path, entry.kind)? {
            clear_locks(dir, &path)?;
        } else if has_suffix(&entry.name, ".lock") {
            tracing::warn!(path = %dir.shown(&path).display(), "removed a stale lock");
            dir.remove_file(&path)?;
        }
    }
    Ok(())
}

/// Temporary files of libgit2 and of git, indexes whose pack is gone, and packs whose index is: a folding that was
/// interrupted leaves those behind.
fn clear_packs(dir: &Dir) -> Result<(), HistoryError> {
    let folder = inside("objects/pack");
    let entries = dir.list(&folder)?;
    for entry in &entries {
        let name = entry.name.as_encoded_bytes();
        let is_temporary = name.starts_with(b"pack_git2_") || name.starts_with(b"tmp_") || name.starts_with(b".tmp-");
        let Ok(path) = folder.join(name) else { continue };
        let is_lonely = |own: &[u8], other: &[u8]| {
            let other = name.strip_suffix(own).map(|stem| [stem, other].concat());
            other.is_some_and(|other| !entries.iter().any(|entry| entry.name.as_encoded_bytes() == other))
        };
        if is_temporary || is_lonely(b".idx", b".pack") || has_suffix(&entry.name, ".lock") {
            tracing::warn!(path = %dir.shown(&path).display(), "removed an unfinished pack");
            dir.remove_file(&path)?;
        } else if is_lonely(b".pack", b".idx")
            && let Err(error) = index_again(dir, &path)
        {
            tracing::warn!(path = %dir.shown(&path).display(), %error, "a pack cannot be indexed");
            set_aside(dir, &path, name)?;
        }
    }
    Ok(())
}

fn clear_incoming(dir: &Dir) -> Result<(), HistoryError> {
    for entry in dir.list(&inside("incoming"))? {
        if let Ok(path) = inside("incoming").join(entry.name.as_encoded_bytes()) {
            dir.remove_file(&path)?;
        }
    }
    Ok(())
}

/// Makes the index of a pack, if it is whole (its objects may refer to other packs). What it holds is most likely in another
/// pack by now; the next folding finds that out.
///
/// libgit2 makes a copy of the pack beside the index, unflushed: in the pack's own folder it would take the pack's place.
fn index_again(dir: &Dir, pack: &NotePath) -> Result<(), Box<dyn std::error::Error>> {
    let mut indexer = git2::Indexer::new(None, &dir.path().join("incoming"), 0o444, false)?;
    std::io::copy(&mut dir.open_file(pack)?, &mut indexer)?;
    indexer.commit()?;
    let made = dir.list(&inside("incoming"))?.into_iter().find(|entry| has_suffix(&entry.name, ".idx"));
    let made = made.ok_or("libgit2 made no index")?;
    let made = inside("incoming").join(made.name.as_encoded_bytes())?;
    let name = pack.name().to_string_lossy().replace(".pack", ".idx");
    flush_together(vec![dir.open_file(&made)?.into()], dir)?;
    dir.rename(&made, &inside("objects/pack").join(&name)?)?;
    Ok(clear_incoming(dir)?)
}

/// We write packs only; but a foreign program may have left loose objects, which a power cut empties.
fn set_empty_objects_aside(dir: &Dir) -> Result<(), HistoryError> {
    let objects = inside("objects");
    for fan in dir.list(&objects)? {
        let name = fan.name.as_encoded_bytes();
        if name.len() != 2 || !name.iter().all(u8::is_ascii_hexdigit) {
            continue;
        }
        let Ok(folder) = objects.join(name) else { continue };
        if !is_folder(dir, &folder, fan.kind)? {
            continue;
        }
        for object in dir.list(&folder)? {
            let Ok(path) = folder.join(object.name.as_encoded_bytes()) else { continue };
            if dir.stat(&path)?.size == 0 {
                set_aside(dir, &path, &[name, object.name.as_encoded_bytes()].concat())?;
            }
        }
    }
    Ok(())
}

fn set_aside(dir: &Dir, path: &NotePath, name: &[u8]) -> Result<(), HistoryError> {
    tracing::warn!(path = %dir.shown(path).display(), "set a damaged file aside");
    let folder = inside("quarantine");
    dir.make_dirs(&folder)?;
    let to = folder.join(name).unwrap_or_else(|_| inside("quarantine/unnamed"));
    Ok(dir.rename(path, &to)?)
}

fn is_folder(dir: &Dir, path: &NotePath, kind: Option<FileKind>) -> Result<bool, StoreError> {
    match kind {
        Some(kind) => Ok(kind == FileKind::Directory),
        None => Ok(dir.stat(path)?.is_dir()),
    }
}

fn has_suffix(name: &OsStr, suffix: &str) -> bool {
    name.as_encoded_bytes().ends_with(suffix.as_bytes())
}

fn remove_if_there(dir: &Dir, path: &NotePath) -> Result<(), StoreError> {
    match dir.remove_file(path) {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// Makes sure that the branch names a commit whose tree can be read. Where it does not (an empty or torn file,
/// an object that is gone), the newest commit that can be read takes its place.
pub(super) fn check_head(repo: &Repository, dir: &Dir) -> Step<()> {
    let odb = repo.odb()?;
    let broken = match optional(repo.refname_to_id(BRANCH)) {
        Ok(None) if dir.stat(&inside(BRANCH)).is_err() && !has_objects(dir) => return Ok(()),
        Ok(None) => "the branch is missing or unreadable".to_owned(),
        Ok(Some(head)) => match readable(&odb, head) {
            Ok(()) => return Ok(()),
            Err(error) => error.message().to_owned(),
        },
        Err(error) => error.message().to_owned(),
    };
    let newest = newest_readable(&odb)?;
    tracing::error!(repository = %dir.path().display(), broken, ?newest, "the head is damaged; the newest commit takes its place");
    if dir.stat(&inside(BRANCH)).is_ok() {
        set_aside(dir, &inside(BRANCH), b"main")?;
    }
    let Some(newest) = newest else {
        if dir.stat(&inside(BRANCH)).is_err() && !has_commits(&odb)? {
            return Ok(());
        }
        let problem = format!("its head is damaged ({broken}) and no commit can be read; move it away");
        return Err(HistoryError::Damaged { repository: dir.path().display().to_string(), problem }.into());
    };
    repo.reference(BRANCH, newest, true, "mended")?;
    Ok(())
}

fn readable(odb: &Odb<'_>, commit: Oid) -> Result<(), git2::Error> {
    let commit = CommitText::read(odb, commit)?;
    Tree::read(odb, commit.tree).map(drop)
}

/// Of the commits that are nobody's parent, the one with the latest time.
fn newest_readable(odb: &Odb<'_>) -> Result<Option<Oid>, git2::Error> {
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })?;
    let mut commits: Vec<(i64, Oid, Option<Oid>)> = Vec::new();
    for id in ids {
        if matches!(header(odb, id), Ok((_, git2::ObjectType::Commit)))
            && let Ok(commit) = CommitText::read(odb, id)
        {
            commits.push((commit.seconds, id, commit.parent));
        }
    }
    let parents: std::collections::HashSet<Oid> = commits.iter().filter_map(|commit| commit.2).collect();
    commits.sort_by_key(|commit| (!parents.contains(&commit.1), commit.0));
    Ok(commits.into_iter().rev().map(|commit| commit.1).find(|&id| readable(odb, id).is_ok()))
}

/// Whether anything in the repository is a commit, or cannot be told.
fn has_commits(odb: &Odb<'_>) -> Result<bool, git2::Error> {
    let mut ids = Vec::new();
    odb.foreach(|id| {
        ids.push(*id);
        true
    })?;
    Ok(ids.into_iter().any(|id| header(odb, id).map_or(true, |(_, kind)| kind == git2::ObjectType::Commit)))
}
