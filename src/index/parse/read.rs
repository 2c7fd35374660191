//! A file and its sidecars, merged.

use std::borrow::Cow;

use super::tags::{scalar_text, tags_in};
use super::{Frontmatter, ParsedNote, Problem, Sidecar, TagOrigin};
use super::{embedded, has_frontmatter, is_binary, markdown, sidecar, split, values};
use crate::types::{Properties, TagName, Value};

/// How much of a text that is no Markdown is found by full text search, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// Reads a file with its sidecars. `bytes` may be the head of a large file only.
#[must_use]
pub fn parse(name: &str, content_type: &str, bytes: &[u8], sidecars: &[Sidecar<'_>]) -> ParsedNote {
    let mut merge = Merge { properties: embedded::embedded(content_type, bytes), ..Merge::default() };
    let mut heading = None;
    if has_frontmatter(name) && !is_binary(name, bytes) {
        heading = merge.markdown(name, bytes);
    } else if has_frontmatter(name) {
        merge.note.problems.push(binary(name));
    } else if !is_binary(name, bytes) && !is_binary_content(content_type) {
        merge.note.body = lossy(&bytes[..bytes.len().min(TEXT_MAX)]).into_owned();
    }
    let mut ordered: Vec<&Sidecar<'_>> = sidecars.iter().collect();
    ordered.sort_by_key(|sidecar| (sidecar.kind, sidecar.name.starts_with(&format!(".{name}."))));
    for sidecar in ordered {
        merge.sidecar(sidecar);
    }
    merge.finish(name, heading)
}

/// The text of a file, as [`parse`] has it where its metadata can be read; these are not looked into, which is most of
/// what parsing costs.
#[must_use]
pub fn text_of<'b>(name: &str, content_type: &str, bytes: &'b [u8]) -> Cow<'b, str> {
    if is_binary(name, bytes) {
        return Cow::Borrowed("");
    }
    if has_frontmatter(name) {
        return match split(bytes) {
            Frontmatter::None { body } | Frontmatter::Block { body, .. } => lossy(&bytes[body..]),
            Frontmatter::TooLong => lossy(bytes),
        };
    }
    if is_binary_content(content_type) { Cow::Borrowed("") } else { lossy(&bytes[..bytes.len().min(TEXT_MAX)]) }
}

/// Contents that magic numbers tell to be binary though the first bytes have no NUL.
fn is_binary_content(content_type: &str) -> bool {
    matches!(content_type, "application/octet-stream" | "application/pdf" | "application/gzip" | "application/zip")
        || content_type.starts_with("image/") && content_type != "image/svg+xml"
}

/// What a program wrote over a note, say: neither text nor metadata are looked for in it.
pub(super) fn binary(name: &str) -> Problem {
    let message = "it is binary in spite of its name, so nothing in it is indexed; rename it, or bring the text back \
                   (`cdx log` shows its versions)";
    Problem { file: name.to_owned(), line: 1, column: 1, message: message.to_owned() }
}

fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(super::frontmatter::BOM).unwrap_or(bytes);
    // Nearly every text is UTF-8, which is told faster than where it is not.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[derive(Default)]
struct Merge {
    note: ParsedNote,
    properties: Properties,
}

impl Merge {
    /// Takes the file's own frontmatter, text and links; returns its first heading.
    fn markdown(&mut self, name: &str, bytes: &[u8]) -> Option<String> {
        let (body, text) = match split(bytes) {
            Frontmatter::None { body } => (body, body),
            Frontmatter::TooLong => {
                self.note.problems.push(values::too_long(name));
                self.note.body = lossy(bytes).into_owned();
                return None;
            }
            Frontmatter::Block { inner, body, .. } => {
                let read = sidecar::utf8(name, &bytes[inner], 1).and_then(|yaml| values::yaml_mapping(name, yaml, 1));
                match read {
                    Ok(map) => {
                        self.take(map, TagOrigin::Frontmatter);
                        (body, body)
                    }
                    // What cannot be read is found as text at least.
                    Err(problem) => {
                        self.note.problems.push(problem);
                        (body, 0)
                    }
                }
            }
        };
        self.note.body = lossy(&bytes[text..]).into_owned();
        let outline = markdown::outline(&offset_preserving(&bytes[body..]), body);
        self.note.links = outline.links;
        outline.heading
    }

    fn sidecar(&mut self, sidecar: &Sidecar<'_>) {
        match sidecar::read(sidecar) {
            Ok(contents) => {
                self.take(contents.properties, TagOrigin::Sidecar);
                if !contents.text.trim().is_empty() {
                    self.note.body.push_str(if self.note.body.is_empty() { "" } else { "\n" });
                    self.note.body.push_str(&contents.text);
                }
            }
            Err(problem) => self.note.problems.push(problem),
        }
    }

    /// Takes one source's keys over those of the sources before it; tags are the union of all.
    fn take(&mut self, map: Properties, origin: TagOrigin) {
        for (key, value) in map {
            if key == "tags" {
                self.take_tags(&value, origin);
            } else {
                self.properties.insert(key, value);
            }
        }
    }

    fn take_tags(&mut self, value: &Value, origin: TagOrigin) {
        for tag in tags_in(value) {
            match tag {
                Ok(tag) if self.has_tag(&tag, origin) => {}
                Ok(tag) => self.note.tags.push((tag, origin)),
                Err(text) if self.note.illegal_tags.contains(&text) => {}
                Err(text) => self.note.illegal_tags.push(text),
            }
        }
    }

    fn has_tag(&self, tag: &TagName, origin: TagOrigin) -> bool {
        self.note.tags.iter().any(|(known, from)| known == tag && *from == origin)
    }

    fn finish(mut self, name: &str, heading: Option<String>) -> ParsedNote {
        let title = self.known_text(name, "title").filter(|title| !title.trim().is_empty());
        let title = title.or(heading).map(|title| title.trim().to_owned());
        self.note.title = title.unwrap_or_else(|| stem(name).to_owned());
        self.note.description = self.known_text(name, "description");
        self.note.file_type = self.known_text(name, "type");
        // Both stay properties: queries compare them like any other date.
        let date = |key| self.properties.get(key).and_then(Value::as_str).filter(|text| is_iso_date(text));
        self.note.created = date("created").or_else(|| date("date")).map(str::to_owned);
        self.note.properties = self.properties;
        self.note
    }

    /// Takes a known key out of the properties, as text. A list or mapping is told and left a property.
    fn known_text(&mut self, name: &str, key: &str) -> Option<String> {
        let value = self.properties.get(key)?;
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            let message = format!("`{key}` is a list or mapping; write a text");
            self.note.problems.push(Problem { file: name.to_owned(), line: 1, column: 1, message });
            return None;
        }
        self.properties.shift_remove(key).as_ref().and_then(scalar_text)
    }
}

/// The text with as many bytes as the file has, so that ranges in it are ranges in the file.
fn offset_preserving(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    Cow::Owned(text)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map(|(stem, _)| stem).filter(|stem| !stem.is_empty()).unwrap_or(name)
}

/// `2026-11-21`, alone or followed by `T` or a blank and a time.
fn is_iso_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((date, rest)) = bytes.split_at_checked(10) else { return false };
    let two = |at: usize| (date[at] - b'0') * 10 + (date[at + 1] - b'0');
    let shaped = date.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    let follows = match rest {
        [] => true,
        [b'T' | b't' | b' ', hour, ..] => hour.is_ascii_digit(),
        _ => false,
    };
    shaped && follows && (1..=12).contains(&two(5)) && (1..=31).contains(&two(8))
}
