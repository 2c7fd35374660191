//! Which of the files of a batch are files that the index knows under another path.

use std::collections::{BTreeSet, HashMap};

use super::batch::Verdict;
use crate::index::notebook::RowChange;
use crate::types::{ContentHash, NotePath, StoreKey};

/// A row goes from one verdict's path to another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A file younger than this that takes another's place is a save through a temporary file, not a move: the note that
/// was there stays the same note.
const YOUNG_NS: i64 = 10_000_000_000;

/// Finds the moves: first by the store's identity of a file, then, for what is gone and new, by contents.
pub(super) fn find(verdicts: &[Verdict]) -> Vec<Move> {
    let mut left: HashMap<StoreKey, usize> = HashMap::new();
    for (at, verdict) in verdicts.iter().enumerate() {
        if let Some(row) = &verdict.row
            && verdict.wanted.as_ref().is_none_or(|wanted| wanted.stat.key != row.store)
        {
            left.insert(row.store, at);
        }
    }
    if left.is_empty() {
        return Vec::new();
    }
    let clock_ns = i64::try_from(crate::sys::now().as_nanosecond()).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for (to, verdict) in verdicts.iter().enumerate() {
        let Some(wanted) = &verdict.wanted else { continue };
        if verdict.row.as_ref().is_some_and(|row| row.store == wanted.stat.key) {
            continue;
        }
        let Some(&from) = left.get(&wanted.stat.key) else { continue };
        let Some(left_row) = &verdicts[from].row else { continue };
        let is_same = left_row.store.btime_ns != 0
            || (left_row.size, left_row.mtime_ns) == (wanted.stat.size, wanted.stat.mtime_ns);
        let replaces = verdict.row.is_some()
            && verdicts[from].wanted.is_none()
            && wanted.stat.key.btime_ns != 0
            && clock_ns.saturating_sub(wanted.stat.key.btime_ns) < YOUNG_NS;
        if is_same && !replaces {
            found.push(Move { from, to });
            left.remove(&wanted.stat.key);
        }
    }
    find_by_contents(verdicts, &mut found);
    found
}

/// A copy to another filesystem and back, or a tool that moves by copying: gone here, new there, the same bytes.
fn find_by_contents(verdicts: &[Verdict], moves: &mut Vec<Move>) {
    let taken: BTreeSet<usize> = moves.iter().flat_map(|one| [one.from, one.to]).collect();
    let mut gone: HashMap<ContentHash, Vec<usize>> = HashMap::new();
    for (at, verdict) in verdicts.iter().enumerate() {
        if let (None, Some(row)) = (&verdict.wanted, &verdict.row)
            && !taken.contains(&at)
            && row.size > 0
            && let Some(hash) = row.hash
        {
            gone.entry(hash).or_default().push(at);
        }
    }
    for (to, verdict) in verdicts.iter().enumerate() {
        if let (None, Some(record)) = (&verdict.row, &verdict.record)
            && !taken.contains(&to)
            && let Some(hash) = record.hash
            // Where several are alike, nothing tells which of them it was.
            && let Some(&[from]) = gone.get(&hash).map(Vec::as_slice)
        {
            gone.remove(&hash);
            moves.push(Move { from, to });
        }
    }
}

/// The moves as changes of rows. Where one takes the place that another leaves (an exchange, a cycle), all go by way
/// of names that no file bears.
pub(super) fn row_changes(verdicts: &[Verdict], moves: &[Move]) -> Vec<RowChange> {
    let sources: BTreeSet<usize> = moves.iter().map(|one| one.from).collect();
    let path = |at: usize| verdicts[at].path.clone();
    if !moves.iter().any(|one| sources.contains(&one.to)) {
        return moves.iter().map(|one| RowChange::Renamed(path(one.from), path(one.to))).collect();
    }
    let between = |n: usize| NotePath::new(format!(".codex/moving-{n}")).unwrap_or_default();
    let away = moves.iter().enumerate().map(|(n, one)| RowChange::Renamed(path(one.from), between(n)));
    let back = moves.iter().enumerate().map(|(n, one)| RowChange::Renamed(between(n), path(one.to)));
    away.chain(back).collect()
}
