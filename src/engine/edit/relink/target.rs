//! What to write for a link so that it leads to a file, in the way in which it led to it before. Pure.

use std::fmt::Write;

use crate::index::notebook::{NOTE_EXTENSIONS, join_target};
use crate::index::parse::LinkKind;
use crate::types::NotePath;

/// How a link was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    /// Its target.
    pub(super) target: &'a str,
    pub(super) kind: LinkKind,
    /// The note that it stood in.
    pub(super) note_was: &'a NotePath,
    /// Where it led.
    pub(super) was: &'a NotePath,
}

impl Way<'_> {
    /// Whether a Markdown link that was relative, as other programs read it, is so no more from the note `from` to `to`:
    /// Codex may find the file by its name still.
    pub(super) fn is_lost(&self, from: &NotePath, to: &NotePath) -> bool {
        let is_plain = matches!(self.kind, LinkKind::Markdown | LinkKind::Image) && !self.target.starts_with('/');
        is_plain
            && is_relative(self, self.target)
            && !is_relative(&Way { note_was: from, was: to, ..*self }, self.target)
    }
}

/// The target for a link in the note `from` that is to lead to `to`, as it is written in the text: the first of the
/// possible ones that does. `None` where there is none, or its kind of link cannot hold it.
pub(super) fn written_for(
    way: &Way<'_>,
    from: &NotePath,
    to: &NotePath,
    is_bracketed: bool,
    leads_there: &mut dyn FnMut(&str) -> bool,
) -> Option<String> {
    let to = shown_name(way, to.to_str()?);
    let from = from.to_str()?;
    let relative = relative(from.rsplit_once('/').map_or("", |(folder, _)| folder), &to);
    let name = to.rsplit('/').next().unwrap_or(&to).to_owned();
    let from_root = format!("/{to}");
    let is_wiki = matches!(way.kind, LinkKind::Wiki | LinkKind::Embed);
    let mut candidates = match way.target {
        target if target.starts_with('/') => vec![from_root.clone()],
        // Other programs know a bare name in a Markdown link as a file beside the note alone.
        target if !target.contains('/') && is_wiki => vec![name],
        target if is_relative(way, target) => vec![relative.clone()],
        _ => vec![to.clone()],
    };
    candidates.extend([to, relative, from_root]);
    let target = candidates.into_iter().find(|target| leads_there(target))?;
    match (is_wiki, is_bracketed) {
        (true, _) => (!target.contains(['[', ']', '|', '#', '\n'])).then_some(target),
        (false, is_bracketed) => Some(encoded(&target, is_bracketed)),
    }
}

/// The path without what the link left out at the end.
fn shown_name(way: &Way<'_>, to: &str) -> String {
    let was = way.was.name().to_string_lossy().to_lowercase();
    let target = way.target.rsplit('/').next().unwrap_or_default().to_lowercase();
    if target == was {
        return to.to_owned();
    }
    let short = NOTE_EXTENSIONS.iter().find_map(|extension| to.strip_suffix(extension));
    short.filter(|short| !short.is_empty() && !short.ends_with('/')).unwrap_or(to).to_owned()
}

/// Whether the target led there from the note's folder, and not from the notebook's root.
fn is_relative(way: &Way<'_>, target: &str) -> bool {
    let (Some(note), Some(was)) = (way.note_was.to_str(), way.was.to_str()) else { return true };
    let folder = note.rsplit_once('/').map_or("", |(folder, _)| folder);
    join_target(folder, target)
        .is_some_and(|path| path == was || was.strip_prefix(&path).is_some_and(|rest| NOTE_EXTENSIONS.contains(&rest)))
}

/// `to` as seen from `folder`.
fn relative(folder: &str, to: &str) -> String {
    let here: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let there: Vec<&str> = to.split('/').collect();
    let shared = here.iter().zip(&there[..there.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", here.len() - shared);
    up.chain(there[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// As a Markdown link holds it; between `<` and `>` blanks may stand.
fn encoded(target: &str, is_bracketed: bool) -> String {
    let mut text = String::with_capacity(target.len());
    for c in target.chars() {
        let is_special = match c {
            '%' | '<' | '>' | '#' | '?' | '\\' | ':' => true,
            '(' | ')' | ' ' => !is_bracketed,
            c => c.is_ascii_control(),
        };
        if is_special {
            let _ = write!(text, "%{:02X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_from_folder_to_file() {
        for (folder, to, expected) in [
            ("", "a.md", "a.md"),
            ("x", "x/a.md", "a.md"),
            ("x", "a.md", "../a.md"),
            ("x/y", "x/z/a.md", "../z/a.md"),
            ("a.md", "a.md", "../a.md"),
        ] {
            assert_eq!(relative(folder, to), expected, "{folder} {to}");
        }
    }

    #[test]
    fn what_a_markdown_link_cannot_hold_is_encoded() {
        assert_eq!(encoded("a (1)/50% #2?.md", false), "a%20%281%29/50%25%20%232%3F.md");
        assert_eq!(encoded("a (1)/ü.md", true), "a (1)/ü.md");
        assert_eq!(encoded("a:b.md", false), "a%3Ab.md");
    }
}
