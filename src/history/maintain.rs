//! Folding packs: one a commit is too many to search after some hours.
//!
//! Small packs are folded geometrically, so that a byte is rewritten a logarithmic number of times. The `git`
//! program does it best (it finds deltas against earlier versions); without it libgit2's pack builder does.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use git2::{Oid, Repository};

use super::error::{HistoryError, Step};
use super::repository::inside;
use crate::sys::{Dir, FaultPoint, ScratchFolder, end_with_parent, pass};
use crate::types::NotePath;

/// Packs and loose objects that are left alone.
const PACKS_MAX: usize = 50;
const LOOSE_MAX: usize = 500;

/// After so long the program is taken for hung.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a folding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// There was nothing to do.
    Nothing,
    /// Packs were replaced: open handles see old ones.
    Packs,
}

/// Whether there are enough packs or loose objects for a folding.
pub(super) fn is_due(dir: &Dir) -> Result<bool, HistoryError> {
    if packs(dir)?.len() > PACKS_MAX {
        return Ok(true);
    }
    let mut loose = 0;
    for fan in dir.list(&inside("objects"))?.into_iter().filter(|fan| fan.name.len() == 2) {
        if let Ok(folder) = inside("objects").join(fan.name.as_encoded_bytes()) {
            loose += dir.list(&folder)?.len();
        }
    }
    Ok(loose > LOOSE_MAX)
}

/// With the git program; `None` if there is none. What the new pack replaces is there still: git would remove it before
/// the new one's name is on disk.
pub(super) fn with_program(path: &Path) -> Result<Option<Folded>, HistoryError> {
    git(path, &["repack", "--geometric=2", "-q"])
}

/// Removes loose objects that packs hold, which are there for good.
pub(super) fn prune_loose(path: &Path) -> Result<(), HistoryError> {
    git(path, &["prune-packed", "-q"]).map(drop)
}

fn git(path: &Path, args: &[&str]) -> Result<Option<Folded>, HistoryError> {
    let damaged = |problem: String| HistoryError::Damaged { repository: path.display().to_string(), problem };
    let mut command = Command::new("git");
    command
        .args(["-c", "core.hooksPath=/dev/null", "-c", "pack.threads=1", "-c", "pack.writeReverseIndex=false"])
        .args(args)
        .current_dir(path)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|value| ("PATH", value)))
        .env("GIT_DIR", ".")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = match end_with_parent(&mut command).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(damaged(format!("cannot start git to fold packs: {error}"))),
    };
    // Niceness is a courtesy; a kernel that refuses it changes nothing.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::setpriority_process(Some(pid), 10);
    }
    pass(FaultPoint::FoldRuns);
    match wait(child, PATIENCE) {
        Ok(None) => Ok(Some(Folded::Packs)),
        Ok(Some(complaint)) => Err(damaged(format!("git {} failed: {complaint}", args[0]))),
        Err(error) => Err(damaged(format!("git {} did not run to its end: {error}", args[0]))),
    }
}

/// Waits for the end; what the program complained of if it failed.
fn wait(mut child: Child, patience: Duration) -> std::io::Result<Option<String>> {
    let deadline = Instant::now() + patience;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::new(std::io::ErrorKind::TimedOut, "it took too long and was stopped"));
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    // `-q` says little: it fits the pipe, and is read after the end.
    let mut complaint = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = std::io::Read::read_to_string(&mut stderr, &mut complaint);
    }
    Ok((!status.success()).then(|| format!("{status}: {}", complaint.trim())))
}

/// In process: the small packs become one.
pub(super) fn in_process(repo: &Repository, dir: &Dir) -> Step<Folded> {
    let mut packs = packs(dir)?;
    packs.sort_by_key(|pack| pack.1);
    let folded = geometric(&packs.iter().map(|pack| pack.1).collect::<Vec<_>>());
    if folded < 2 {
        return Ok(Folded::Nothing);
    }
    packs.truncate(folded);
    pass(FaultPoint::FoldRuns);
    let mut ids: Vec<Oid> = Vec::new();
    for (stem, _) in &packs {
        ids.extend(pack_ids(dir, stem)?);
    }
    ids.sort_unstable();
    ids.dedup();
    write_pack(repo, dir.path(), &ids)?;
    remove_replaced(dir, &packs)?;
    Ok(Folded::Packs)
}

/// Removes those of `old` whose objects are all in packs that came since, once these are there for good.
pub(super) fn remove_replaced(dir: &Dir, old: &[(String, u64)]) -> Step<()> {
    let folder = inside("objects/pack");
    dir.sync(&folder)?;
    pass(FaultPoint::FoldPacked);
    let mut there = HashSet::new();
    for (stem, _) in packs(dir)?.iter().filter(|pack| !old.contains(pack)) {
        there.extend(pack_ids(dir, stem)?);
    }
    for (stem, _) in old {
        let is_replaced = !there.is_empty() && pack_ids(dir, stem)?.iter().all(|id| there.contains(id));
        // The index first: a pack without one is nothing to git, an index without a pack is damage.
        for suffix in [".idx", ".rev", ".bitmap", ".pack"].iter().filter(|_| is_replaced) {
            match dir.remove_file(&inside(&format!("objects/pack/{stem}{suffix}"))) {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
    }
    Ok(dir.sync(&folder)?)
}

/// `PackBuilder::write` is the one way of libgit2's that heeds the configuration's fsync: `Odb::packwriter` needs a
/// process-wide switch.
fn write_pack(repo: &Repository, path: &Path, ids: &[Oid]) -> Result<(), git2::Error> {
    let mut pack = repo.packbuilder()?;
    pack.set_threads(1);
    for &id in ids {
        pack.insert_object(id, None)?;
    }
    pack.write(&path.join("objects/pack"), 0o444)
}

/// How many of the smallest (sizes ascending) have to be folded so that each that is left is at least twice as
/// large as all before it together.
fn geometric(sizes: &[u64]) -> usize {
    let mut folded = 0;
    let mut sum = 0;
    for (index, &size) in sizes.iter().enumerate() {
        if index > 0 && size < 2 * sum {
            folded = index + 1;
        }
        sum += size;
    }
    folded
}

/// Packs that cannot be read from end to end: what of them is not recorded any more, or is in another pack too, no
/// commit tells.
pub(super) fn damaged_packs(dir: &Dir) -> Step<Vec<String>> {
    let scratch = ScratchFolder::new()?;
    let mut damaged = Vec::new();
    for (stem, _) in packs(dir)? {
        let read = (|| -> Result<(), Box<dyn std::error::Error>> {
            let mut indexer = git2::Indexer::new(None, scratch.path(), 0o644, false)?;
            std::io::copy(&mut dir.open_file(&inside(&format!("objects/pack/{stem}.pack")))?, &mut indexer)?;
            indexer.commit()?;
            Ok(())
        })();
        if let Err(error) = read {
            damaged.push(format!("{stem}.pack: {error}"));
        } else if pack_ids(dir, &stem).is_err() {
            damaged.push(format!("{stem}.idx is damaged"));
        }
    }
    Ok(damaged)
}

/// Names (`pack-…`) and sizes of the packs.
pub(super) fn packs(dir: &Dir) -> Result<Vec<(String, u64)>, HistoryError> {
    let folder = inside("objects/pack");
    let mut packs = Vec::new();
    for entry in dir.list(&folder)? {
        if let Some(stem) = entry.name.to_str().and_then(|name| name.strip_suffix(".pack")) {
            match dir.stat(&folder.join(entry.name.as_encoded_bytes()).unwrap_or_else(|_| NotePath::root())) {
                Ok(stat) => packs.push((stem.to_owned(), stat.size)),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(packs)
}

/// The ids that a pack's index lists (version 2: eight bytes of header, 256 running counts, the ids).
pub(super) fn pack_ids(dir: &Dir, stem: &str) -> Step<Vec<Oid>> {
    const IDS: usize = 8 + 256 * 4;
    let (bytes, _) = dir.read(&inside(&format!("objects/pack/{stem}.idx")), u64::MAX)?;
    let count = bytes.get(IDS - 4..IDS).and_then(|count| count.try_into().ok()).map(u32::from_be_bytes);
    let ids = count.and_then(|count| bytes.get(IDS..IDS + 20 * count as usize));
    match ids {
        Some(ids) if bytes.starts_with(b"\xfftOc\0\0\0\x02") => {
            Ok(ids.chunks_exact(20).map(Oid::from_bytes).collect::<Result<_, _>>()?)
        }
        _ => Err(git2::Error::from_str(&format!("the index of {stem} is damaged")).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_are_folded_until_each_is_twice_the_rest() {
        for (sizes, expected) in [
            (&[][..], 0),
            (&[5], 0),
            (&[1, 2, 6, 18], 0),
            (&[1, 1, 10], 2),
            (&[1, 1, 1, 1, 7], 5),
            (&[1, 1, 1, 1, 8], 4),
        ] {
            assert_eq!(geometric(sizes), expected, "{sizes:?}");
        }
    }

    #[test]
    fn a_program_that_hangs_is_stopped() {
        let child = Command::new("sleep").arg("60").stderr(Stdio::piped()).spawn().unwrap();
        let error = wait(child, Duration::from_millis(50)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    }
}
