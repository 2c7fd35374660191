//! A move that takes the links along: in other notes those that lead to what moves, and in what moves those that are
//! relative to where it was. Where each leads is the index's word, before and after.

mod target;

use std::collections::BTreeSet;
use std::time::Duration;

use self::target::{Way, written_for};
use super::with_gesture;
use crate::engine::read::PARSED_MAX;
use crate::engine::{Engine, EngineError, Notebook, Requester};
use crate::index::notebook::is_internal;
use crate::index::parse::{ParsedLink, content_type, parse};
use crate::types::NotePath;

/// How long the index may take to learn of the move.
const BARRIER: Duration = Duration::from_secs(30);

/// A note whose links may have to be rewritten, as it was before the move.
struct Linking {
    was: NotePath,
    is: NotePath,
    /// The targets of its links, and where each led then.
    links: Vec<(String, Option<NotePath>)>,
}

/// A link of which one end moved.
struct Astray {
    /// Which of the note's links.
    position: usize,
    /// Where it led.
    was: NotePath,
    /// Where that is now.
    is: NotePath,
    /// Whether it leads there still.
    is_right: bool,
}

impl Engine {
    /// Moves a file with its sidecars, or a folder, as [`Engine::move_file`], and rewrites the links that would lead
    /// elsewhere then: one gesture. Returns the notes that were rewritten. One that cannot be is left as it is and named
    /// in the log.
    ///
    /// # Errors
    /// As [`Engine::move_file`]; the index's.
    pub fn move_with_links(
        &self,
        notebook: &Notebook,
        from: &NotePath,
        to: &NotePath,
        by: &Requester,
    ) -> Result<Vec<NotePath>, EngineError> {
        let by = with_gesture(by);
        self.barrier(BARRIER)?;
        let moved = |path: &NotePath| path.strip_prefix(from).map(|rest| rest.below(to));
        let linking = notes_with_links(notebook, from, moved)?;
        self.move_file(notebook, from, to, &by)?;
        self.barrier(BARRIER)?;
        let mut rewritten = Vec::new();
        for note in linking {
            let astray = astray(notebook, &note, moved)?;
            match self.rewrite_links(notebook, &note, &astray, &by) {
                Ok(true) => rewritten.push(note.is),
                Ok(false) => {}
                Err(error) => tracing::warn!(path = %note.is, %error, "the links of a note were not rewritten"),
            }
        }
        Ok(rewritten)
    }

    /// Whether anything was rewritten.
    fn rewrite_links(
        &self,
        notebook: &Notebook,
        note: &Linking,
        astray: &[Astray],
        by: &Requester,
    ) -> Result<bool, EngineError> {
        if astray.is_empty() {
            return Ok(false);
        }
        let is_changed = std::cell::Cell::new(false);
        self.change_contents(notebook, &note.is, by, |current| {
            let bytes = rewritten(notebook, note, astray, &current.bytes);
            is_changed.set(bytes.is_some());
            Ok(bytes.unwrap_or_else(|| current.bytes.clone()))
        })?;
        Ok(is_changed.get())
    }
}

/// The notes that link to what is at or below `from`, and those that move themselves.
fn notes_with_links(
    notebook: &Notebook,
    from: &NotePath,
    moved: impl Fn(&NotePath) -> Option<NotePath>,
) -> Result<Vec<Linking>, EngineError> {
    let mut paths = BTreeSet::new();
    for row in notebook.reader.stats_below(from)? {
        paths.extend(notebook.reader.links(&row.path)?.incoming);
        paths.insert(row.path);
    }
    let mut linking = Vec::new();
    for was in paths {
        let links = notebook.reader.links(&was)?.outgoing;
        if !links.is_empty() {
            linking.push(Linking { is: moved(&was).unwrap_or_else(|| was.clone()), was, links });
        }
    }
    Ok(linking)
}

/// The links of a note that led somewhere and of which an end moved.
fn astray(
    notebook: &Notebook,
    note: &Linking,
    moved: impl Fn(&NotePath) -> Option<NotePath>,
) -> Result<Vec<Astray>, EngineError> {
    let now = notebook.reader.links(&note.is)?.outgoing;
    let is_same = now.len() == note.links.len() && now.iter().zip(&note.links).all(|(now, was)| now.0 == was.0);
    if !is_same {
        // It was edited meanwhile: its links are what whoever did so wants them to be.
        return Ok(Vec::new());
    }
    let pairs = note.links.iter().zip(now).enumerate();
    let astray = pairs.filter_map(|(position, ((_, was), (_, leads)))| {
        let was = was.clone()?;
        let is = moved(&was).unwrap_or_else(|| was.clone());
        let is_right = leads.as_ref() == Some(&is);
        let has_moved = was != is || note.was != note.is;
        (has_moved || !is_right).then_some(Astray { position, was, is, is_right })
    });
    Ok(astray.collect())
}

/// The contents with other targets; `None` where no target can be written for any of the links.
fn rewritten(notebook: &Notebook, note: &Linking, astray: &[Astray], bytes: &[u8]) -> Option<Vec<u8>> {
    let links = links_of(&note.is, bytes);
    if !links.iter().map(|link| &link.target).eq(note.links.iter().map(|(target, _)| target)) {
        return None;
    }
    let mut edits = Vec::new();
    for link in astray {
        let at = &links[link.position];
        let way = Way { target: &at.target, kind: at.kind, note_was: &note.was, was: &link.was };
        if link.is_right && !way.is_lost(&note.is, &link.is) {
            continue;
        }
        let mut leads_there = |target: &str| {
            let found = notebook.reader.link_target(&note.is, target);
            found.is_ok_and(|found| found.as_ref() == Some(&link.is))
        };
        let is_bracketed = at.range.start > 0 && bytes[at.range.start - 1] == b'<';
        if let Some(text) = written_for(&way, &note.is, &link.is, is_bracketed, &mut leads_there) {
            edits.push((at.range.clone(), text));
        }
    }
    if edits.is_empty() {
        return None;
    }
    let mut new = bytes.to_vec();
    // From the last to the first, so that the ranges before stay what they are.
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, text) in edits {
        new.splice(range, text.into_bytes());
    }
    // Nothing else may read as a link now, and none may have ceased to be one.
    let is_sound = links_of(&note.is, &new).len() == links.len();
    is_sound.then_some(new)
}

/// The links that the index has of a text, in its order.
fn links_of(path: &NotePath, bytes: &[u8]) -> Vec<ParsedLink> {
    let name = path.name().to_string_lossy();
    let head = &bytes[..bytes.len().min(usize::try_from(PARSED_MAX).unwrap_or(usize::MAX))];
    let parsed = parse(&name, content_type(&name, &head[..head.len().min(8192)]), head, &[]);
    parsed.links.into_iter().filter(|link| is_internal(&link.target)).collect()
}

#[cfg(test)]
mod tests {
    use crate::engine::edit::scratch::{Workspace, ada, path};

    /// Moves `from` to `to`; what each of these notes says then.
    fn check(files: &[(&str, &str)], (from, to): (&str, &str), expected: &[(&str, &str)]) {
        let named: Vec<(String, &str)> = files.iter().map(|(name, text)| (format!("lab/{name}"), *text)).collect();
        let held: Vec<(&str, &str)> = named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        let w = Workspace::holding(&held);
        w.engine.flush_history().unwrap();
        let rewritten = w.engine.move_with_links(&w.notebook("lab"), &path(from), &path(to), &ada()).unwrap();
        let mut changed = Vec::new();
        for (name, text) in expected {
            assert_eq!(w.read(&format!("lab/{name}")).as_deref(), Some(*text), "{name}");
            changed.push((*name).to_owned());
        }
        changed.sort();
        let mut rewritten: Vec<String> = rewritten.iter().map(ToString::to_string).collect();
        rewritten.sort();
        assert_eq!(rewritten, changed);
        w.assert_clean();
    }

    #[test]
    fn links_to_a_note_follow_it_in_the_way_they_were_written() {
        let text =
            "[a](notes/old.md) [b](/notes/old.md#h) [c](<notes/old.md> \"t\") [[old]] [[notes/old|x]] ![[old#h]]\n";
        check(
            &[("notes/old.md", "# Old\n"), ("index.md", text)],
            ("notes/old.md", "archive/new name.md"),
            &[(
                "index.md",
                "[a](archive/new%20name.md) [b](/archive/new%20name.md#h) [c](<archive/new name.md> \"t\") \
                 [[new name]] [[archive/new name|x]] ![[new name#h]]\n",
            )],
        );
    }

    #[test]
    fn links_that_lead_there_still_are_left_alone() {
        check(
            &[("a/plan.md", ""), ("index.md", "[[plan]] `[[plan]]` [x](other.md)\n")],
            ("a/plan.md", "b/plan.md"),
            &[],
        );
    }

    #[test]
    fn what_a_moved_note_links_to_stays_what_it_was() {
        check(
            &[("runs/a.md", "![p](a.png) [up](../index.md) [[index]]\n"), ("runs/a.png", "x"), ("index.md", "")],
            ("runs/a.md", "old/2026/a.md"),
            &[("old/2026/a.md", "![p](../../runs/a.png) [up](../../index.md) [[index]]\n")],
        );
    }

    #[test]
    fn a_folder_takes_the_links_into_it_along_and_keeps_those_within() {
        check(
            &[
                ("runs/a.md", "[b](b.md) [i](../index.md)\n"),
                ("runs/b.md", "[[a]]\n"),
                ("index.md", "[a](runs/a.md)\n\n[ref]: runs/b.md\n[see][ref]\n"),
            ],
            ("runs", "deep/er/runs"),
            &[
                ("deep/er/runs/a.md", "[b](b.md) [i](../../../index.md)\n"),
                ("index.md", "[a](deep/er/runs/a.md)\n\n[ref]: deep/er/runs/b.md\n[see][ref]\n"),
            ],
        );
    }

    #[test]
    fn a_name_that_is_no_longer_the_only_one_is_written_with_its_folder() {
        check(
            &[("a/one.md", ""), ("b/two.md", ""), ("index.md", "[[one]]\n")],
            ("a/one.md", "a/two.md"),
            &[("index.md", "[[a/two]]\n")],
        );
    }

    #[test]
    fn a_move_with_links_is_undone_as_one() {
        let w = Workspace::holding(&[("lab/a.md", ""), ("lab/index.md", "[[a]]\n")]);
        w.engine.flush_history().unwrap();
        w.engine.move_with_links(&w.notebook("lab"), &path("a.md"), &path("b.md"), &ada()).unwrap();
        assert_eq!(w.read("lab/index.md").as_deref(), Some("[[b]]\n"));
        w.engine.flush_history().unwrap();
        w.engine.undo(1, false, &ada()).unwrap();
        assert_eq!((w.read("lab/index.md").as_deref(), w.read("lab/b.md")), (Some("[[a]]\n"), None));
        assert_eq!(w.read("lab/a.md").as_deref(), Some(""));
    }
}
