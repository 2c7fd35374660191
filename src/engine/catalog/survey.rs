//! What palettes and lists ask of some notebooks alone: files by a piece of their path, tags with counts.

use std::collections::BTreeMap;

use super::{Catalog, CatalogFile};
use crate::types::{FileKey, NotebookNumber, TagName};

/// How well a file fits what was typed; the least is best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    NameBegins,
    WordOfNameBegins,
    InName,
    InPath,
}

impl Catalog {
    /// The files of these notebooks whose paths hold every word of `text`, best first: those whose name begins with the
    /// first word, then those that have it elsewhere in the name, then the others; the shorter path before the longer.
    #[must_use]
    pub fn files_like(&self, notebooks: &[NotebookNumber], text: &str, limit: usize) -> Vec<FileKey> {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let state = self.state.read();
        let files = notebooks.iter().flat_map(|number| state.files_of(*number));
        let mut found: Vec<(Fit, usize, &CatalogFile)> =
            files.filter_map(|file| Some((fit_of(file, &words)?, file.path.as_bytes().len(), &**file))).collect();
        let order = |a: &(Fit, usize, &CatalogFile), b: &(Fit, usize, &CatalogFile)| {
            (a.0, a.1, &a.2.path, a.2.key).cmp(&(b.0, b.1, &b.2.path, b.2.key))
        };
        if found.len() > limit {
            found.select_nth_unstable_by(limit, order);
            found.truncate(limit);
        }
        found.sort_unstable_by(order);
        found.into_iter().map(|(_, _, file)| file.key).collect()
    }

    /// The tags that files of these notebooks bear, as first seen, with how many bear exactly each; in order.
    #[must_use]
    pub fn tag_counts_in(&self, notebooks: &[NotebookNumber]) -> Vec<(TagName, usize)> {
        let state = self.state.read();
        let mut counts: BTreeMap<&TagName, usize> = BTreeMap::new();
        for tag in notebooks.iter().flat_map(|number| state.files_of(*number)).flat_map(|file| &file.tags) {
            *counts.entry(tag).or_default() += 1;
        }
        let shown = |tag: &TagName| state.tags.shown(tag).unwrap_or_else(|| tag.clone());
        counts.into_iter().map(|(tag, count)| (shown(tag), count)).collect()
    }
}

fn fit_of(file: &CatalogFile, words: &[String]) -> Option<Fit> {
    let path = file.path.as_bytes();
    let folded: Vec<u8>;
    let path = if path.is_ascii() {
        path
    } else {
        folded = String::from_utf8_lossy(path).to_lowercase().into_bytes();
        &folded
    };
    if !words.iter().all(|word| position(path, word.as_bytes()).is_some()) {
        return None;
    }
    let Some(first) = words.first() else { return Some(Fit::InPath) };
    let name_start = path.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let name = &path[name_start..];
    Some(match position(name, first.as_bytes()) {
        Some(0) => Fit::NameBegins,
        Some(at) if !name[at - 1].is_ascii_alphanumeric() => Fit::WordOfNameBegins,
        Some(_) => Fit::InName,
        None => Fit::InPath,
    })
}

/// Where a text in lower case stands, without regard to the case of ASCII.
fn position(text: &[u8], lower: &[u8]) -> Option<usize> {
    let Some((first, rest)) = lower.split_first() else { return Some(0) };
    let last = text.len().checked_sub(lower.len())?;
    (0..=last).find(|&at| {
        text[at].to_ascii_lowercase() == *first && text[at + 1..at + lower.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_without_regard_to_case() {
        for (text, lower, expected) in [
            ("Runs/Adam.md", "adam", Some(5)),
            ("Runs/Adam.md", "sgd", None),
            ("a", "ab", None),
            ("aab", "ab", Some(1)),
            ("", "", Some(0)),
        ] {
            assert_eq!(position(text.as_bytes(), lower.as_bytes()), expected, "{text} {lower}");
        }
    }
}
