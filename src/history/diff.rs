//! Unified diffs as git prints them.

use git2::{DiffFormat, DiffOptions, Patch, Repository};

use super::error::Step;
use super::read;
use super::tree;
use crate::types::{CommitId, NotePath};

/// Of `path` between two commits.
pub(super) fn between(repo: &Repository, from: Option<CommitId>, to: CommitId, path: &NotePath) -> Step<String> {
    let odb = repo.odb()?;
    let old = from.map(|id| read::tree_of(&odb, id)).transpose()?.map(|id| repo.find_tree(id)).transpose()?;
    let new = repo.find_tree(read::tree_of(&odb, to)?)?;
    let mut options = DiffOptions::new();
    options.ignore_submodules(true);
    if !path.is_root() {
        // A name with `*` or `[` is a name.
        options.disable_pathspec_match(true).pathspec(path.as_bytes());
    }
    let mut diff = repo.diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))?;
    diff.find_similar(None)?;
    let mut text = Vec::new();
    diff.print(DiffFormat::Patch, |_, _, line| {
        append(&mut text, &line);
        true
    })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Of the recorded version of `path` against `bytes`.
pub(super) fn against(repo: &Repository, commit: CommitId, path: &NotePath, bytes: &[u8]) -> Step<String> {
    let odb = repo.odb()?;
    let entry = tree::entry_at(&odb, read::tree_of(&odb, commit)?, path)?;
    let recorded = match entry.filter(|entry| !entry.is_folder()) {
        Some(entry) => read::blob(&odb, entry.id)?,
        None => [].into(),
    };
    let name = Some(path.as_path());
    let mut difference = Patch::from_buffers(&recorded, name, bytes, name, None)?;
    let mut text = Vec::new();
    difference.print(&mut |_, _, line| {
        append(&mut text, &line);
        true
    })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn append(text: &mut Vec<u8>, line: &git2::DiffLine<'_>) {
    if matches!(line.origin(), '+' | '-' | ' ') {
        text.push(u8::try_from(line.origin()).unwrap_or(b' '));
    }
    text.extend_from_slice(line.content());
}
