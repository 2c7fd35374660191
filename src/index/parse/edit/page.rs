//! A file whose metadata is edited: what is before it, the metadata's text, what is after it.

use super::plan::{Step, plan};
use super::render::Syntax;
use super::write::{Page, rewrite_key, write};
use super::{EditError, MetaEdit, sidecar_text};
use crate::index::parse::frontmatter::line_end;
use crate::index::parse::read::binary;
use crate::index::parse::{Frontmatter, is_binary, sidecar, split, values};
use crate::types::{Properties, Value};

/// The file. After each step its metadata is read again and compared with what was meant.
pub(super) struct Document<'a> {
    name: &'a str,
    bytes: &'a [u8],
    /// Where the metadata stands in `bytes`.
    range: std::ops::Range<usize>,
    /// What is put around it if it has to be made: a block of frontmatter where there is none.
    is_new: bool,
    inner: String,
    map: Properties,
    syntax: Syntax,
    eol: &'static str,
}

impl<'a> Document<'a> {
    pub(super) fn of_frontmatter(name: &'a str, bytes: &'a [u8]) -> Result<Self, EditError> {
        if is_binary(name, bytes) {
            return Err(EditError::Unreadable(binary(name)));
        }
        let eol = eol_of(bytes);
        let (range, is_new) = match split(bytes) {
            Frontmatter::TooLong => return Err(EditError::Unreadable(values::too_long(name))),
            Frontmatter::None { body } => (body..body, true),
            Frontmatter::Block { inner, .. } => (inner, false),
        };
        let inner = sidecar::utf8(name, &bytes[range.clone()], 1).map_err(EditError::Unreadable)?.to_owned();
        let map = values::yaml_mapping(name, &inner, 1).map_err(EditError::Unreadable)?;
        Ok(Self { name, bytes, range, is_new, inner, map, syntax: Syntax::Yaml, eol })
    }

    pub(super) fn of_json(name: &'a str, bytes: &'a [u8]) -> Result<Self, EditError> {
        let text = sidecar_text(name, bytes)?;
        let (text, is_blank) = if text.trim().is_empty() { ("{}\n", true) } else { (text, false) };
        let map = values::json_object(name, text).map_err(EditError::Unreadable)?;
        let start = if is_blank { 0 } else { bytes.len() - text.len() };
        let range = start..bytes.len();
        Ok(Self {
            name,
            bytes,
            range,
            is_new: false,
            inner: text.to_owned(),
            map,
            syntax: Syntax::Json,
            eol: eol_of(bytes),
        })
    }

    pub(super) fn of_yaml(name: &'a str, bytes: &'a [u8]) -> Result<Self, EditError> {
        let text = sidecar_text(name, bytes)?;
        let map = values::yaml_mapping(name, text, 0).map_err(EditError::Unreadable)?;
        let range = yaml_document(bytes, bytes.len() - text.len());
        let inner = String::from_utf8_lossy(&bytes[range.clone()]).into_owned();
        Ok(Self { name, bytes, range, is_new: false, inner, map, syntax: Syntax::Yaml, eol: eol_of(bytes) })
    }

    /// What it says now.
    pub(super) fn map(&self) -> &Properties {
        &self.map
    }

    pub(super) fn edit(&mut self, edit: &MetaEdit) -> Result<(), EditError> {
        plan(&self.map, edit)?.iter().try_for_each(|step| self.step(step))
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), EditError> {
        let mut meant = self.map.clone();
        step.apply(&mut meant);
        let page = Page { text: &self.inner, syntax: self.syntax, eol: self.eol };
        let key = step.path().first().map(String::as_str).unwrap_or_default();
        let holds = |text: &String| self.reads(text).is_some_and(|map| map == meant);
        let text = write(page, step)
            .filter(holds)
            .or_else(|| rewrite_key(page, key, meant.get(key)).filter(holds))
            .ok_or_else(|| refuse(step))?;
        self.inner = text;
        self.map = meant;
        Ok(())
    }

    /// What a text in the metadata's place would say.
    fn reads(&self, text: &str) -> Option<Properties> {
        if self.syntax == Syntax::Json {
            return values::json_object(self.name, text).ok();
        }
        // A line that would end the block must not come in with a value.
        let is_split = has_fence(text) && !has_fence(&self.inner);
        if is_split { None } else { values::yaml_mapping(self.name, text, 0).ok() }
    }

    /// The whole file.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let (before, after) = (&self.bytes[..self.range.start], &self.bytes[self.range.end..]);
        // Nothing was put into a block that is not there, or blank JSON.
        if self.inner.as_bytes() == &self.bytes[self.range.clone()]
            || self.map.is_empty() && self.bytes.trim_ascii().is_empty()
        {
            return self.bytes.to_vec();
        }
        let fence = if self.is_new { format!("---{}", self.eol) } else { String::new() };
        [before, fence.as_bytes(), self.inner.as_bytes(), fence.as_bytes(), after].concat()
    }
}

fn has_fence(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("---") || line.starts_with("..."))
}

/// Why a step was not done.
pub(super) fn refuse(step: &Step) -> EditError {
    let reason = "is written in a way that cannot be edited without touching the rest; edit it in an editor";
    EditError::Misfit { key: step.path().join("."), reason: reason.to_owned() }
}

/// The line ending of the first line.
fn eol_of(bytes: &[u8]) -> &'static str {
    if bytes[..line_end(bytes, 0)].ends_with(b"\r\n") { "\r\n" } else { "\n" }
}

/// Where the lines of a YAML file's only document stand: behind `%` lines and `---`, before `...`.
fn yaml_document(bytes: &[u8], start: usize) -> std::ops::Range<usize> {
    let mut begin = start;
    let mut at = start;
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let line = &bytes[at..end];
        if line.starts_with(b"...") && line[3..].trim_ascii().is_empty() {
            return begin..at;
        }
        if line.starts_with(b"---") && line[3..].trim_ascii().is_empty() {
            begin = end;
        }
        at = end;
    }
    begin..bytes.len()
}

/// A value at a path, if all keys on the way are mappings.
pub(super) fn value_at<'m>(map: &'m Properties, path: &[&str]) -> Option<&'m Value> {
    let (first, rest) = path.split_first()?;
    let value = map.get(*first)?;
    if rest.is_empty() { Some(value) } else { value_at(value.as_object()?, rest) }
}
