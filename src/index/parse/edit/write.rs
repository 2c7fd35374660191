//! One step, done to the text of a mapping by replacing as few bytes as it takes.

use std::ops::Range;

use super::plan::Step;
use super::render::{self, Syntax};
use crate::index::parse::spans::{self, Entry, Item, Node, Shape, Style};
use crate::types::{Properties, Value};

/// A mapping's text with what is needed to write in it.
#[derive(Clone, Copy)]
pub(super) struct Page<'a> {
    pub(super) text: &'a str,
    pub(super) syntax: Syntax,
    /// `\n` or `\r\n`.
    pub(super) eol: &'a str,
}

/// A replacement; several of one step do not overlap.
type Patch = (Range<usize>, String);

/// The text after the step; `None` if it is not written in a way that this can edit.
pub(super) fn write(page: Page<'_>, step: &Step) -> Option<String> {
    let root = spans::scan(page.text).ok()?;
    let patches = match (step, &root) {
        (Step::Set { path, value }, None) => page.append(path, value)?,
        (_, None) => return None,
        (Step::Set { path, value }, Some(root)) => page.set(root, path, value)?,
        (Step::Remove { path }, Some(root)) => page.remove(root, path)?,
        (Step::Splice { path, at, out, into }, Some(root)) => {
            let entry = find(root, path)?;
            page.splice(entry, *at..at + out, into)?
        }
    };
    Some(patched(page.text, patches))
}

/// The text with the whole top-level key of `path` written anew: the form to fall back to.
pub(super) fn rewrite_key(page: Page<'_>, key: &str, value: Option<&Value>) -> Option<String> {
    let root = spans::scan(page.text).ok()??;
    let Shape::BlockMap(map) = &root.shape else { return None };
    let entry = map.entries.iter().find(|entry| entry.key == key)?;
    let lines = value.map_or_else(String::new, |value| render::entry_lines(key, value, map.indent, page.eol));
    Some(patched(page.text, vec![(entry.extent.clone(), lines)]))
}

/// Applies replacements. Lines put after a last line that has no end give it one and end without.
fn patched(text: &str, mut patches: Vec<Patch>) -> String {
    patches.sort_by_key(|(range, _)| (range.start, range.end));
    let mut result = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for (range, new) in patches {
        result.push_str(&text[at..range.start]);
        let is_new_line = range.is_empty() && range.start == text.len() && new.ends_with('\n');
        if is_new_line && !result.is_empty() && !result.ends_with('\n') {
            let eol = if new.ends_with("\r\n") { "\r\n" } else { "\n" };
            result.push_str(eol);
            result.push_str(&new[..new.len() - eol.len()]);
        } else {
            result.push_str(&new);
        }
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

/// The entry that a path leads to.
fn find<'a>(root: &'a Node, path: &[String]) -> Option<&'a Entry> {
    let (first, rest) = path.split_first()?;
    let entry = entries(root)?.iter().find(|entry| entry.key == *first)?;
    if rest.is_empty() { Some(entry) } else { find(&entry.value, rest) }
}

fn entries(node: &Node) -> Option<&[Entry]> {
    match &node.shape {
        Shape::BlockMap(map) => Some(&map.entries),
        Shape::FlowMap(entries) => Some(entries),
        _ => None,
    }
}

/// The value that makes the keys of `path`, one in the other.
fn nested(path: &[String], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |inner, key| {
        let mut map = Properties::new();
        map.insert(key.clone(), inner);
        Value::Object(map)
    })
}

impl Page<'_> {
    fn append(self, path: &[String], value: &Value) -> Option<Vec<Patch>> {
        let (key, rest) = path.split_first()?;
        let end = self.text.len();
        Some(vec![(end..end, render::entry_lines(key, &nested(rest, value), 0, self.eol))])
    }

    fn set(self, root: &Node, path: &[String], value: &Value) -> Option<Vec<Patch>> {
        let mut node = root;
        for (depth, key) in path.iter().enumerate() {
            let below = &path[depth + 1..];
            let Some(entry) = entries(node)?.iter().find(|entry| entry.key == *key) else {
                return self.insert(node, key, &nested(below, value));
            };
            if below.is_empty() || matches!(entry.value.shape, Shape::Null | Shape::Scalar(_)) {
                return self.replace(node, entry, &nested(below, value));
            }
            node = &entry.value;
        }
        None
    }

    /// Puts a new key after the last one of a mapping.
    fn insert(self, node: &Node, key: &str, value: &Value) -> Option<Vec<Patch>> {
        match &node.shape {
            Shape::BlockMap(map) => {
                let end = map.entries.last()?.extent.end;
                Some(vec![(end..end, render::entry_lines(key, value, map.indent, self.eol))])
            }
            Shape::FlowMap(entries) => {
                let pair = self.syntax.pair(key, value);
                let spans: Vec<Range<usize>> = entries.iter().map(|entry| entry.extent.clone()).collect();
                Some(vec![self.flow_append(&node.span, &spans, &pair)])
            }
            _ => None,
        }
    }

    /// Puts `new` behind the last of what is in brackets, in the way the others are set.
    fn flow_append(self, brackets: &Range<usize>, inside: &[Range<usize>], new: &str) -> Patch {
        let Some(last) = inside.last() else {
            let is_document =
                self.syntax == Syntax::Json && brackets.start == self.text.len() - self.text.trim_start().len();
            let new = if is_document { format!("{{{0}  {new}{0}}}", self.eol) } else { self.bracketed(brackets, new) };
            return (brackets.clone(), new);
        };
        let gap = match inside {
            [.., before, last] => self.text[before.end..last.start].trim_start().strip_prefix(',').unwrap_or(" "),
            _ => &self.text[brackets.start + 1..last.start],
        };
        let is_tight = inside.len() < 2 && gap.is_empty();
        let gap = if is_tight || !gap.trim().is_empty() { " " } else { gap };
        (last.end..last.end, format!(",{gap}{new}"))
    }

    fn bracketed(self, brackets: &Range<usize>, inner: &str) -> String {
        let text = &self.text[brackets.clone()];
        format!("{}{inner}{}", &text[..1], &text[text.len() - 1..])
    }

    /// Puts a value in the place of an entry's value.
    fn replace(self, map: &Node, entry: &Entry, value: &Value) -> Option<Vec<Patch>> {
        let old = &entry.value;
        let indent = match &map.shape {
            Shape::BlockMap(map) => Some(map.indent),
            _ => None,
        };
        let style = match old.shape {
            Shape::Scalar(style) => style,
            _ => Style::Plain,
        };
        let inline = self.syntax.inline(value, indent.is_none(), style);
        let Some(indent) = indent else {
            return Some(match (entry.after_colon, &old.shape) {
                (Some(at), Shape::Null) => vec![(at..at, format!(" {inline}"))],
                (None, _) => vec![(entry.extent.end..entry.extent.end, format!(": {inline}"))],
                (Some(_), _) => vec![(old.span.clone(), inline)],
            });
        };
        let after_colon = entry.after_colon?;
        let is_one_line = !self.text[after_colon..old.span.end].contains('\n');
        let is_block = matches!(old.shape, Shape::BlockScalar | Shape::BlockList(_) | Shape::BlockMap(_));
        let stays_flow = matches!(old.shape, Shape::FlowList(_) | Shape::FlowMap(_)) && is_one_line;
        if is_one_line && !is_block && (render::fits_line(value) || stays_flow) {
            let gap = if old.span.start == after_colon { " " } else { "" };
            return Some(vec![(old.span.clone(), format!("{gap}{inline}"))]);
        }
        let comment = self.comment_of(entry, after_colon, is_one_line);
        let written = render::after_colon(value, indent, self.eol);
        let (first, rest) = written.split_once(self.eol)?;
        Some(vec![(after_colon..entry.extent.end, format!("{first}{comment}{}{rest}", self.eol))])
    }

    /// The comment in the line of a key, with the blank before it.
    fn comment_of(self, entry: &Entry, after_colon: usize, is_one_line: bool) -> String {
        let from = match entry.value.shape {
            Shape::BlockList(_) | Shape::BlockMap(_) | Shape::Null => after_colon,
            _ if is_one_line => entry.value.span.end,
            _ => return String::new(),
        };
        let line = self.text[from..entry.extent.end].lines().next().unwrap_or_default().trim();
        if line.starts_with('#') { format!(" {line}") } else { String::new() }
    }

    fn remove(self, root: &Node, path: &[String]) -> Option<Vec<Patch>> {
        let (key, above) = path.split_last()?;
        let map = if above.is_empty() { root } else { &find(root, above)?.value };
        let all = entries(map)?;
        let at = all.iter().position(|entry| entry.key == *key)?;
        if let Shape::FlowMap(_) = map.shape {
            let spans: Vec<Range<usize>> = all.iter().map(|entry| entry.extent.clone()).collect();
            return Some(vec![self.flow_removal(&map.span, &spans, at..at + 1)]);
        }
        if all.len() > 1 || above.is_empty() {
            return Some(vec![(all[at].extent.clone(), String::new())]);
        }
        // The last key of a mapping goes: an empty mapping stays, not a null.
        self.set(root, above, &Value::Object(Properties::new()))
    }

    fn flow_removal(self, brackets: &Range<usize>, inside: &[Range<usize>], gone: Range<usize>) -> Patch {
        match (gone.start.checked_sub(1).map(|i| &inside[i]), inside.get(gone.end)) {
            (Some(before), _) => (before.end..inside[gone.end - 1].end, String::new()),
            (None, Some(after)) => (inside[gone.start].start..after.start, String::new()),
            (None, None) => (brackets.clone(), self.bracketed(brackets, "")),
        }
    }

    fn splice(self, entry: &Entry, gone: Range<usize>, into: &[Value]) -> Option<Vec<Patch>> {
        match &entry.value.shape {
            Shape::BlockList(items) => self.splice_lines(entry, items, gone, into),
            Shape::FlowList(items) => self.splice_flow(&entry.value.span, items, gone, into),
            _ => None,
        }
    }

    fn splice_lines(self, entry: &Entry, items: &[Item], gone: Range<usize>, into: &[Value]) -> Option<Vec<Patch>> {
        let replaced = gone.len().min(into.len());
        let indent = items.first()?.indent;
        let mut patches = Vec::new();
        for (item, value) in items.get(gone.clone())?.iter().zip(into) {
            patches.push(match item.value.shape {
                Shape::Scalar(style) => (item.value.span.clone(), self.syntax.inline(value, false, style)),
                _ => (item.extent.clone(), render::item_line(value, indent, self.eol)),
            });
        }
        let left_over = &items[gone.start + replaced..gone.end];
        patches.extend(left_over.iter().map(|item| (item.extent.clone(), String::new())));
        if into.is_empty() && gone.len() == items.len() {
            let after_colon = entry.after_colon?;
            patches.push((after_colon..after_colon, " []".to_owned()));
        }
        let lines: String = into[replaced..].iter().map(|value| render::item_line(value, indent, self.eol)).collect();
        if !lines.is_empty() {
            let place = match (gone.start + replaced).checked_sub(1) {
                Some(before) => items[before].extent.end,
                None => items[0].extent.start,
            };
            patches.push((place..place, lines));
        }
        Some(patches)
    }

    fn splice_flow(
        self,
        brackets: &Range<usize>,
        items: &[Node],
        gone: Range<usize>,
        into: &[Value],
    ) -> Option<Vec<Patch>> {
        let spans: Vec<Range<usize>> = items.iter().map(|item| item.span.clone()).collect();
        let replaced = gone.len().min(into.len());
        let mut patches = Vec::new();
        for (item, value) in items.get(gone.clone())?.iter().zip(into) {
            let style = if let Shape::Scalar(style) = item.shape { style } else { Style::Plain };
            patches.push((item.span.clone(), self.syntax.inline(value, true, style)));
        }
        if gone.len() > replaced {
            patches.push(self.flow_removal(brackets, &spans, gone.start + replaced..gone.end));
        }
        let new: Vec<String> =
            into[replaced..].iter().map(|value| self.syntax.inline(value, true, Style::Plain)).collect();
        match (new.is_empty(), spans.get(..gone.start + replaced)?) {
            (true, _) => {}
            (false, []) if items.is_empty() => {
                patches.push((brackets.clone(), self.bracketed(brackets, &new.join(", "))));
            }
            (false, []) => patches.push((spans[0].start..spans[0].start, format!("{}, ", new.join(", ")))),
            (false, before) => {
                let mut patch = self.flow_append(brackets, before, &new[0]);
                patch.1.extend(new[1..].iter().map(|item| format!(", {item}")));
                patches.push(patch);
            }
        }
        Some(patches)
    }
}
