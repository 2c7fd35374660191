//! What reading a file yields: plain values. Knows nothing of formats.

use crate::types::{Properties, TagName};

/// What a file says of itself: frontmatter, sidecars, embedded metadata, links, text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedNote {
    /// `title`, else the first heading, else the file's stem.
    pub title: String,
    /// `description`.
    pub description: Option<String>,
    /// `type`.
    pub file_type: Option<String>,
    /// `created` or `date` where it is a date: ISO 8601 as written.
    pub created: Option<String>,
    /// Legal tags with where each came from; one tag may come from several sources.
    pub tags: Vec<(TagName, TagOrigin)>,
    /// What stands as a tag and is no legal one.
    pub illegal_tags: Vec<String>,
    /// Every key but the known ones, merged from all sources.
    pub properties: Properties,
    /// Links out of the note, in order.
    pub links: Vec<ParsedLink>,
    /// What full text search finds besides title, path and tags.
    pub body: String,
    /// What could not be read; the note is indexed with its text and no properties.
    pub problems: Vec<Problem>,
}

/// Where a tag came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TagOrigin {
    /// The file's own frontmatter.
    Frontmatter,
    /// One of its sidecars.
    Sidecar,
}

/// A link as it stands in the text, not yet resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedLink {
    /// What it points to, percent-decoded, without heading and alias.
    pub target: String,
    /// `#heading`, without the `#`.
    pub heading: Option<String>,
    /// Markdown link, image or wikilink.
    pub kind: LinkKind,
    /// Byte range of the target in the file as written (encoded, without heading), for rewriting after a
    /// rename. For a reference link it is in the definition, `[ref]: target`, which counts once.
    pub range: std::ops::Range<usize>,
}

/// Kinds of links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// `[text](target)`.
    Markdown,
    /// `![text](target)`.
    Image,
    /// `[[target#heading|alias]]`.
    Wiki,
    /// `![[target]]`.
    Embed,
}

/// A part of a file that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Problem {
    /// Name of the file it stands in: the note itself or a sidecar.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    /// A problem that stands behind the bytes `before` of its file.
    pub(super) fn after(file: &str, before: &[u8], message: String) -> Self {
        let lines = before.split(|&b| b == b'\n');
        let last = before.rsplit(|&b| b == b'\n').next().unwrap_or_default();
        let column = 1 + String::from_utf8_lossy(last).chars().count();
        Self { file: file.to_owned(), line: lines.count(), column, message }
    }
}

/// Kinds of sidecars, in the order in which they are merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SidecarKind {
    /// `X.json`, `.X.json`.
    Json,
    /// `X.yaml`, `X.yml`, `.X.yaml`.
    Yaml,
    /// `X.xml`, `.X.xml`.
    Xml,
    /// `X.md`, `.X.md`.
    Markdown,
}

/// A sidecar's name and bytes.
#[derive(Clone, Debug)]
pub struct Sidecar<'a> {
    /// Its file name.
    pub name: &'a str,
    /// What it is.
    pub kind: SidecarKind,
    /// Its contents.
    pub bytes: &'a [u8],
}
